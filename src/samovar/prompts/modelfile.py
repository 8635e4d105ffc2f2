"""An example set as an Ollama Modelfile.

Source: Ollama, Modelfile Reference, 2025, and its reader (``parser/parser.go``, 2026): a value between triple quotes
ends with the first line that ends in triple quotes, nothing can be escaped, and characters that do not print are
dropped.
"""

import unicodedata
from collections.abc import Iterator
from typing import Final

from samovar.domain.errors import InvalidRequest
from samovar.domain.examples import ExampleSet
from samovar.domain.parameters import GenerationParameters

__all__ = ["write_modelfile"]

_QUOTES: Final = '"""'
_LONGEST_MODEL: Final = 200
#: What Ollama calls the parameters; the others have no place in a Modelfile.
_PARAMETERS: Final = {
    "temperature": "temperature",
    "top_p": "top_p",
    "top_k": "top_k",
    "min_p": "min_p",
    "max_tokens": "num_predict",
    "presence_penalty": "presence_penalty",
    "frequency_penalty": "frequency_penalty",
    "repeat_penalty": "repeat_penalty",
    "seed": "seed",
    "stop": "stop",
}
_LINE_ENDS: Final = "\r\v\f\x85\u2028\u2029"


def write_modelfile(
    model: str,
    examples: ExampleSet,
    *,
    system_prompt: str = "",
    parameters: GenerationParameters | None = None,
) -> str:
    """Write the examples as a model of their own: ``FROM`` ``model``, ``SYSTEM``, ``PARAMETER`` and ``MESSAGE`` lines.

    The instruction of the set follows the system prompt. What a Modelfile cannot hold is changed or left out, and a
    comment at the top says so.

    Raises: InvalidRequest when ``model`` is no name that can stand in one line.
    """
    texts = _Texts()
    system = "\n\n".join(part for part in (system_prompt.strip(), examples.instruction.strip()) if part)
    lines = [f"FROM {_model(model)}"]
    if system:
        lines.append(f"SYSTEM {texts.quote(system)}")
    chosen = {} if parameters is None else parameters.chosen()
    for name, value in chosen.items():
        if name in _PARAMETERS:
            values = value if isinstance(value, list) else [value]
            lines.extend(f"PARAMETER {_PARAMETERS[name]} {_parameter(texts, one)}" for one in values)
    for example in examples.examples:
        lines.append(f"MESSAGE user {texts.quote(example.question)}")
        lines.append(f"MESSAGE assistant {texts.quote(example.answer)}")
    left_out = [name for name in chosen if name not in _PARAMETERS]
    return "\n".join((*_comments(texts, left_out), *lines)) + "\n"


def _comments(texts: "_Texts", left_out: list[str]) -> Iterator[str]:
    yield "# Written by Samovar. Use it with: ollama create NAME -f Modelfile"
    if texts.requoted:
        yield f"# In {texts.requoted} texts triple quotes became ''', for a Modelfile cannot hold them there."
    if texts.plainer:
        yield f"# In {texts.plainer} texts characters that Ollama drops were left out, or became a space or a line end."
    if left_out:
        yield f"# Left out, for a Modelfile has no such parameter: {', '.join(left_out)}"


def _model(model: str) -> str:
    name = model.strip()
    if not 0 < len(name) <= _LONGEST_MODEL or not name.isprintable() or '"' in name:
        raise InvalidRequest(reason=f"a model has a name of 1 to {_LONGEST_MODEL} characters, without quotes")
    return name


def _parameter(texts: "_Texts", value: object) -> str:
    return texts.quote(value) if isinstance(value, str) else f"{value}"


class _Texts:
    """Quotes texts, and counts those that had to be changed."""

    def __init__(self) -> None:
        self.requoted = 0
        self.plainer = 0

    def quote(self, text: str) -> str:
        """The text between triple quotes, so that Ollama reads it back and nothing after it as part of it."""
        unified = text.replace("\r\n", "\n")
        plain = "".join(_plain(character) for character in unified)
        self.plainer += plain.replace("\n", "") != unified.replace("\n", "").replace("\r", "")
        # Only the last line may end so: the quotes of Ollama follow it.
        if any(line.rstrip().endswith(_QUOTES) for line in plain.split("\n")[:-1]):
            plain = plain.replace(_QUOTES, "'''")
            self.requoted += 1
        return f"{_QUOTES}{plain}{_QUOTES}"


def _plain(character: str) -> str:
    """What Ollama keeps of a character, or what comes nearest."""
    if character.isprintable() or character in "\n\t":
        return character
    if character in _LINE_ENDS:
        return "\n"
    return " " if unicodedata.category(character) == "Zs" else ""
