"""Generation parameters: one vocabulary for every backend, every value bounded."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Final, Literal, get_args

from samovar.domain.errors import InvalidParameter

__all__ = [
    "MAX_STOP_SEQUENCES",
    "PARAMETER_RANGES",
    "REASONING_EFFORTS",
    "WHOLE_NUMBERS",
    "GenerationParameters",
    "ReasoningEffort",
    "read_parameters",
]

ReasoningEffort = Literal["none", "low", "medium", "high"]
REASONING_EFFORTS: Final[tuple[ReasoningEffort, ...]] = get_args(ReasoningEffort)

#: Inclusive bounds of every numeric parameter; the interface and the API read them from here.
PARAMETER_RANGES: Final[Mapping[str, tuple[float, float]]] = {
    "temperature": (0.0, 2.0),
    "top_p": (0.0, 1.0),
    "top_k": (0, 1000),
    "min_p": (0.0, 1.0),
    "max_tokens": (1, 131_072),
    "presence_penalty": (-2.0, 2.0),
    "frequency_penalty": (-2.0, 2.0),
    "repeat_penalty": (0.5, 2.0),
    "seed": (0, 2**31 - 1),
}
MAX_STOP_SEQUENCES: Final = 8
_MAX_STOP_LENGTH: Final = 200
#: Grammars are compiled from schemas, and a huge one would hold a backend up for minutes.
_MAX_SCHEMA_CHARACTERS: Final = 32_768
_MAX_SCHEMA_DEPTH: Final = 32
#: Enough of an unknown name to recognise it.
_SHOWN_NAME_LENGTH: Final = 40
WHOLE_NUMBERS: Final = frozenset({"top_k", "max_tokens", "seed"})


@dataclass(frozen=True, slots=True, kw_only=True)
class GenerationParameters:
    """What a chat asks of the sampler; None leaves the backend's own default."""

    temperature: float | None = None
    top_p: float | None = None
    top_k: int | None = None
    min_p: float | None = None
    max_tokens: int | None = None
    presence_penalty: float | None = None
    frequency_penalty: float | None = None
    repeat_penalty: float | None = None
    seed: int | None = None
    stop: tuple[str, ...] = ()
    reasoning_effort: ReasoningEffort | None = None
    json_schema: Mapping[str, object] | None = None

    def chosen(self) -> dict[str, object]:
        """Only the parameters that were set, ready for JSON."""
        values: dict[str, object] = {}
        for field in fields(self):
            value = getattr(self, field.name)
            if value is None or value == ():
                continue
            values[field.name] = list(value) if field.name == "stop" else value
        return values


def read_parameters(values: Mapping[str, object]) -> GenerationParameters:
    """Turn untrusted JSON into bounded parameters.

    Raises: InvalidParameter for an unknown name, a wrong type or a value out of range.
    """
    read: dict[str, object] = {}
    for name, value in values.items():
        if value is None:
            continue
        if name == "stop":
            read["stop"] = _read_stop(value)
        elif name in PARAMETER_RANGES:
            read[name] = _read_number(name, value)
        elif name == "reasoning_effort":
            read[name] = _read_effort(value)
        elif name == "json_schema":
            read[name] = _read_schema(value)
        else:
            raise InvalidParameter(_shown(name), "no such parameter")
    return GenerationParameters(**read)  # type: ignore[arg-type]  # checked name by name above


def _read_number(name: str, value: object) -> float | int:
    low, high = PARAMETER_RANGES[name]
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise InvalidParameter(name, "must be a number")
    # JSON's 1e999 is infinite, and Python's reader also knows NaN: neither is between the bounds.
    if not low <= value <= high:
        raise InvalidParameter(name, f"must be between {_written(low)} and {_written(high)}")
    if name in WHOLE_NUMBERS and value != int(value):
        raise InvalidParameter(name, "must be a whole number")
    return int(value) if name in WHOLE_NUMBERS else float(value)


def _read_stop(value: object) -> tuple[str, ...]:
    sequences = [value] if isinstance(value, str) else value
    if not isinstance(sequences, list | tuple):
        raise InvalidParameter("stop", "must be a text or a list of texts")
    if len(sequences) > MAX_STOP_SEQUENCES:
        raise InvalidParameter("stop", f"takes at most {MAX_STOP_SEQUENCES} sequences")
    kept: list[str] = []
    for sequence in sequences:
        if not isinstance(sequence, str) or not 0 < len(sequence) <= _MAX_STOP_LENGTH or not _is_unicode(sequence):
            raise InvalidParameter("stop", f"each sequence is a text of 1 to {_MAX_STOP_LENGTH} characters")
        kept.append(sequence)
    return tuple(kept)


def _read_effort(value: object) -> ReasoningEffort:
    for effort in REASONING_EFFORTS:
        if value == effort:
            return effort
    raise InvalidParameter("reasoning_effort", f"must be one of {', '.join(REASONING_EFFORTS)}")


def _read_schema(value: object) -> Mapping[str, object]:
    if not isinstance(value, Mapping) or not all(isinstance(key, str) for key in value):
        raise InvalidParameter("json_schema", "must be a JSON Schema, as an object")
    if _depth(value) > _MAX_SCHEMA_DEPTH:
        raise InvalidParameter("json_schema", f"is nested deeper than {_MAX_SCHEMA_DEPTH} levels")
    try:
        length = len(json.dumps(value, ensure_ascii=False))
    except (TypeError, ValueError) as error:
        raise InvalidParameter("json_schema", "must be JSON") from error
    if length > _MAX_SCHEMA_CHARACTERS:
        raise InvalidParameter("json_schema", f"is longer than {_MAX_SCHEMA_CHARACTERS} characters")
    return value


def _depth(value: object) -> int:
    """Levels of nesting, without recursion: the value may be deeper than the stack."""
    deepest = 0
    waiting = [(value, 1)]
    while waiting and deepest <= _MAX_SCHEMA_DEPTH:
        found, depth = waiting.pop()
        deepest = max(deepest, depth)
        if isinstance(found, Mapping):
            waiting.extend((inner, depth + 1) for inner in found.values())
        elif isinstance(found, list | tuple):
            waiting.extend((inner, depth + 1) for inner in found)
    return deepest


def _is_unicode(text: str) -> bool:
    """Whether the text can be stored and sent: JSON can spell half of a character."""
    return not any("\ud800" <= character <= "\udfff" for character in text)


def _shown(name: str) -> str:
    return "".join(character if character.isprintable() else "?" for character in name[:_SHOWN_NAME_LENGTH])


def _written(bound: float) -> str:
    return f"{bound:.0f}" if bound == int(bound) else f"{bound:g}"
