"""What a model says it sees, as records: its JSON is believed in nothing but its words."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, get_args

from samovar.domain.document import Entity, EntityKind
from samovar.domain.image_tasks import MOST_ENTITIES
from samovar.domain.layout import Rectangle

__all__ = ["AnswerInvalidError", "SeenEntities", "read_entities"]

_KINDS: Final[Mapping[str, EntityKind]] = {kind: kind for kind in get_args(EntityKind)}
_FIELDS: Final = frozenset({"kind", "label", "left", "top", "right", "bottom"})
_LONGEST_LABEL: Final = 200
_WHOLE: Final = 1000
_FENCE: Final = "```"


class AnswerInvalidError(ValueError):
    """The answer is not of the schema at all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenEntities:
    """What could be believed, and how many records could not."""

    entities: tuple[Entity, ...]
    refused: int


def read_entities(answer: str, *, width: int, height: int, found_by: str) -> SeenEntities:
    """Read a model's answer to the task ``entities``.

    Boxes come in thousandths and leave in pixels of a picture of ``width`` × ``height``, clamped to it; one without
    an area is left out and its record kept. Raises: AnswerInvalidError when it is no JSON of the schema.
    """
    found = _parse(answer)
    entities = [_read(record, width, height, found_by) for record in found[:MOST_ENTITIES]]
    kept = tuple(entity for entity in entities if entity is not None)
    return SeenEntities(entities=tuple(dict.fromkeys(kept)), refused=len(found) - len(kept))


def _parse(answer: str) -> list[object]:
    text = answer.strip()
    if text.startswith(_FENCE) and text.endswith(_FENCE):
        # Models without schemas like to wrap JSON up.
        text = text.removeprefix(_FENCE).removeprefix("json").removesuffix(_FENCE)
    try:
        whole = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise AnswerInvalidError("no JSON") from error
    if not isinstance(whole, dict) or set(whole) != {"entities"} or not isinstance(whole["entities"], list):
        raise AnswerInvalidError("not of the schema")
    records: list[object] = whole["entities"]
    return records


def _read(record: object, width: int, height: int, found_by: str) -> Entity | None:
    if not isinstance(record, dict) or set(record) != _FIELDS:
        return None
    kind = _KINDS.get(record["kind"]) if isinstance(record["kind"], str) else None
    label = record["label"]
    if kind is None or not isinstance(label, str):
        return None
    shown = "".join(character if character.isprintable() else " " for character in label)
    sides = [record[name] for name in ("left", "top", "right", "bottom")]
    # True and False are whole numbers to Python.
    if not all(type(side) is int for side in sides):
        return None
    return Entity(
        kind=kind,
        label=" ".join(shown.split())[:_LONGEST_LABEL],
        box=_box(sides, width, height),
        confidence=None,
        found_by=found_by,
    )


def _box(sides: list[int], width: int, height: int) -> Rectangle | None:
    left, top, right, bottom = (min(max(side, 0), _WHOLE) for side in sides)
    if left >= right or top >= bottom:
        return None
    return Rectangle(
        x=left * width / _WHOLE,
        y=top * height / _WHOLE,
        width=(right - left) * width / _WHOLE,
        height=(bottom - top) * height / _WHOLE,
    )
