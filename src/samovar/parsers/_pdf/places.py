"""From the normalised text of a page back to places on it."""

import re
from collections.abc import Iterable
from typing import Final

from samovar.domain.layout import Rectangle, Word
from samovar.parsers._pdf.layout import PageLayout
from samovar.parsers._pdf.library import Box
from samovar.parsers._pdf.writing import Piece

__all__ = ["boxes_of", "words_of"]

_WORD: Final = re.compile(r"\S+")
_MOST_BOXES: Final = 10_000


def boxes_of(layout: PageLayout, start: int, end: int) -> tuple[Rectangle, ...]:
    """The boxes of a stretch of the text, one for each line, in the order of the text."""
    start, end = max(0, start), min(end, len(layout.text))
    pieces = layout.writer.find(start, end) if start < end else []
    boxes = [(piece, box) for piece in pieces[:_MOST_BOXES] if (box := _place(layout, piece)) is not None]
    found = (_rectangle(layout, box) for box in _joined(boxes))
    return tuple(rectangle for rectangle in found if rectangle is not None)


def words_of(layout: PageLayout) -> tuple[Word, ...]:
    """Every word with its box; a word divided at the end of a line is two, each with the part of its letters."""
    found: list[Word] = []
    for match in _WORD.finditer(layout.text):
        for piece in _lines_of(layout.writer.find(*match.span())):
            box = _place(layout, *piece)
            rectangle = _rectangle(layout, box) if box is not None else None
            if rectangle is not None:
                found.append(Word(start=piece[0].start, end=piece[-1].end, box=rectangle))
    return tuple(found)


def _lines_of(pieces: list[Piece]) -> Iterable[list[Piece]]:
    """Pieces of one word by the lines on which they stand."""
    together: list[Piece] = []
    for piece in pieces:
        if together and not _is_one_row(together[-1], piece):
            yield together
            together = []
        together.append(piece)
    if together:
        yield together


def _is_one_row(one: Piece, other: Piece) -> bool:
    if one.line is other.line:
        return True
    common = min(one.line.bottom, other.line.bottom) - max(one.line.top, other.line.top)
    height = min(one.line.bottom - one.line.top, other.line.bottom - other.line.top)
    return common > 0.3 * height and -height < other.line.left - one.line.right < height


def _place(layout: PageLayout, *pieces: Piece) -> Box | None:
    """The place of pieces of one line in the page's own frame, as tall as the line."""
    boxes = [(piece.line, box) for piece in pieces for box in _ink(layout, piece)]
    if not boxes:
        return None
    upright = not pieces[0].line.turned
    return (
        min(box[0] for _, box in boxes),
        min(min(box[1], line.top) if upright else box[1] for line, box in boxes),
        max(box[2] for _, box in boxes),
        max(max(box[3], line.bottom) if upright else box[3] for line, box in boxes),
    )


def _ink(layout: PageLayout, piece: Piece) -> list[Box]:
    return layout.layer.places(piece.first, piece.last)


def _joined(boxes: list[tuple[Piece, Box]]) -> Iterable[Box]:
    """Join neighbours in one row."""
    last: Box | None = None
    before: Piece | None = None
    for piece, box in boxes:
        if last is not None and before is not None and _touch(last, box, piece.line.size):
            last = (min(last[0], box[0]), min(last[1], box[1]), max(last[2], box[2]), max(last[3], box[3]))
        else:
            if last is not None:
                yield last
            last = box
        before = piece
    if last is not None:
        yield last


def _touch(one: Box, other: Box, size: float) -> bool:
    common = min(one[3], other[3]) - max(one[1], other[1])
    height = min(one[3] - one[1], other[3] - other[1])
    return common > 0.5 * height and -size < other[0] - one[2] < 1.5 * size


def _rectangle(layout: PageLayout, box: Box) -> Rectangle | None:
    seen, frame = layout.seen, layout.layer.frame
    return seen.rectangle(box if frame.turns == seen.turns else seen.place(frame.back(box)))
