"""The order in which people read boxes that stand on a page: bands top down, columns in a band from the left."""

from collections.abc import Sequence
from typing import Final, TypeVar

from samovar.domain.layout import Rectangle

__all__ = ["reading_order"]

_Item = TypeVar("_Item")
#: Boxes of text are larger than their words: they may overlap so much (share of the side, points) and still be apart.
_OVERLAP_SHARE: Final = 0.15
_OVERLAP_POINTS: Final = 12.0
_DEEPEST: Final = 30

_Placed = tuple[Rectangle, _Item]


def reading_order(placed: Sequence[tuple[Rectangle, _Item]]) -> list[_Item]:
    """Cut the page by empty bands, then by empty columns, again and again; what cannot be cut goes by its top left.

    Source: recursive X-Y cut, Nagy and Seth 1984.
    """
    return [item for _, item in _ordered(list(placed), 0)]


def _ordered(placed: list[_Placed[_Item]], depth: int) -> list[_Placed[_Item]]:
    if len(placed) < 2 or depth > _DEEPEST:
        return sorted(placed, key=_top_left)
    for is_down in (True, False):
        parts = _cut(placed, is_down=is_down)
        if len(parts) > 1:
            return [one for part in parts for one in _ordered(part, depth + 1)]
    return sorted(placed, key=_top_left)


def _cut(placed: list[_Placed[_Item]], *, is_down: bool) -> list[list[_Placed[_Item]]]:
    spans = sorted(((*_span(box, is_down=is_down), place) for place, (box, _) in enumerate(placed)))
    parts: list[list[_Placed[_Item]]] = []
    reach = float("-inf")
    for start, end, place in spans:
        if start >= reach:
            parts.append([])
        parts[-1].append(placed[place])
        reach = max(reach, end)
    return parts


def _span(box: Rectangle, *, is_down: bool) -> tuple[float, float]:
    start, size = (box.y, box.height) if is_down else (box.x, box.width)
    margin = min(_OVERLAP_SHARE * size, _OVERLAP_POINTS) / 2
    return start + margin, start + size - margin


def _top_left(one: _Placed[_Item]) -> tuple[float, float]:
    return one[0].y, one[0].x
