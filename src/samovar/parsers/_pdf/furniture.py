"""Running heads and page numbers: what stands apart at the top and at the bottom of a page."""

import re
from collections.abc import Sequence
from typing import Final

from samovar.parsers._pdf.contents import Rule
from samovar.parsers._pdf.frame import Frame
from samovar.parsers._pdf.line import Item, Line
from samovar.parsers._pdf.tables import NEAR
from samovar.parsers._pdf.textlayer import TextLayer

__all__ = ["set_apart"]

#: Shares of the page's height in which running heads and page numbers stand, and the latter alone.
_MARGIN: Final = 0.085
_NUMBER_MARGIN: Final = 0.12
#: The free space between them and the text, in sizes of type.
_LEAST_SPACE: Final = 0.9
_LARGEST: Final = 1.1
_MOST_CHARACTERS: Final = 200
#: Pieces of a row stand no higher or lower than this, in sizes of type.
_SAME_ROW: Final = 0.5
#: So many pieces in line with those of the row beside them make a row of a table.
_PIECES: Final = 3
_NUMBER: Final = re.compile(
    r"(?:[-–—·|]\s*)?(?:(?:стр(?:\.|аница)?|с\.|лист|page|p\.?)\s*)?(?:\d{1,5}|[ivxlc]{1,7})"
    r"(?:\s*(?:/|из|of)\s*\d{1,5})?(?:\s*[-–—·|])?",
    re.IGNORECASE,
)


def set_apart(
    layer: TextLayer, lines: Sequence[Line], others: Sequence[Item], rules: Sequence[Rule], body: float
) -> tuple[list[Line], list[Line], list[Line]]:
    """Find the lines at the top and at the bottom that are not part of the text. Shape: heads, text, feet."""
    frame = layer.frame
    margin, number_margin = _MARGIN * frame.height, _NUMBER_MARGIN * frame.height
    high = [line for line in lines if line.bottom <= number_margin]
    number_edge = frame.height - number_margin
    low = [line for line in lines if line.top >= number_edge]
    if not high and not low:
        return [], list(lines), []
    tops = [item.top for item in others]
    bottoms = [item.bottom for item in others]
    level = [place for rule in rules if _is_long(place := frame.place(rule.box), frame)]
    heads: list[Line] = []
    if high:
        most = max(line.bottom for line in high)
        ruled = max((place[1] for place in level if place[1] <= number_margin * 1.2), default=0.0)
        edge = max(margin, ruled)
        heads = [line for line in high if line.bottom <= edge or _is_number(layer, line)]
        if heads:
            heads = _without_rows(heads, _others(lines, heads), body, is_head=True)
            rest = [line.top for line in _others(lines, heads)] + [top for top in tops if top > most]
            heads = _apart(heads, min(rest, default=0.0), body, is_head=True)
    feet: list[Line] = []
    if low:
        ruled = min(
            (place[1] for place in level if place[1] >= frame.height - number_margin * 1.2), default=frame.height
        )
        least = min(frame.height - margin, ruled)
        feet = [line for line in low if line.top >= least or _is_number(layer, line)]
        if feet:
            feet = _without_rows(feet, _others(lines, feet), body, is_head=False)
            rest = [line.bottom for line in _others(lines, feet)] + bottoms
            feet = _apart(feet, max(rest, default=frame.height), body, is_head=False)
    if not heads and not feet:
        return [], list(lines), []
    return heads, _others(lines, [*heads, *feet]), feet


def _without_rows(lines: list[Line], text: list[Line], body: float, *, is_head: bool) -> list[Line]:
    """Leave out what stands in line with the text beside it, piece by piece: the table goes on up to the margin."""
    # Of more lines than ``_apart`` takes characters none will be set apart.
    while _PIECES <= len(lines) <= _MOST_CHARACTERS and text:
        if is_head:
            last, first = max(line.bottom for line in lines), min(line.top for line in text)
            row = [line for line in lines if line.bottom > last - _SAME_ROW * body]
            beside = [line for line in text if line.top < first + _SAME_ROW * body]
        else:
            last, first = min(line.top for line in lines), max(line.bottom for line in text)
            row = [line for line in lines if line.top < last + _SAME_ROW * body]
            beside = [line for line in text if line.bottom > first - _SAME_ROW * body]
        if sum(any(_in_line(piece, other) for other in beside) for piece in row) < _PIECES:
            break
        lines, text = _others(lines, row), row
    return lines


def _in_line(piece: Line, other: Line) -> bool:
    return abs(piece.left - other.left) <= NEAR or abs(piece.right - other.right) <= NEAR


def _others(lines: Sequence[Line], some: Sequence[Line]) -> list[Line]:
    known = {id(line) for line in some}
    return [line for line in lines if id(line) not in known]


def _is_long(place: tuple[float, float, float, float], frame: Frame) -> bool:
    return place[2] - place[0] >= 0.5 * frame.width


def _is_number(layer: TextLayer, line: Line) -> bool:
    return _NUMBER.fullmatch(layer.raw, line.start, line.end) is not None


def _apart(lines: list[Line], edge: float, body: float, *, is_head: bool) -> list[Line]:
    """The lines, if they are small and few and have free space between them and the text at ``edge``."""
    if not lines or edge == 0.0 or sum(line.end - line.start for line in lines) > _MOST_CHARACTERS:
        return []
    if any(line.size > _LARGEST * body for line in lines):
        return []
    space = edge - max(line.bottom for line in lines) if is_head else min(line.top for line in lines) - edge
    return lines if space >= _LEAST_SPACE * body else []
