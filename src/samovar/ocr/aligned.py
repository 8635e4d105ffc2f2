"""Tables without ruled lines: rows of short words that stand under each other, with empty strips between them.

Read as a page, such a table loses its lonely digits; so only its grid is found here, and its cells are read anew.
"""

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from statistics import median
from typing import Final

from samovar.ocr.lines import Box, ReadLine, ReadWord, typical_height, union
from samovar.ocr.ruling import Grid, GridCell

__all__ = ["take_aligned"]

#: Lengths are counted in heights of a line. Between words of a row so much room begins a new column.
_STRIP: Final = 1.1
#: So far may rows lie apart.
_ROW_GAP: Final = 2.2
_LEAST_ROWS: Final = 3
#: A table of two columns could be anything that stands side by side: it needs more rows.
_LEAST_ROWS_OF_TWO: Final = 4
#: Columns of prose hold more words in a row than cells do.
_MOST_WORDS: Final = 3.0
#: So many of the cells are filled in a table.
_LEAST_FILLED: Final = 0.6
_SAME_ROW: Final = 0.5
#: Lines of one cell stand closer than rows do, by this share.
_SECOND_LINE: Final = 0.7

_Row = list[ReadWord]
_Strip = tuple[float, float]


def take_aligned(lines: Sequence[ReadLine]) -> tuple[list[ReadLine], list[Grid]]:
    """The lines that are left, and the grids of the tables whose words were taken from them."""
    height = typical_height(lines)
    grids: list[Grid] = []
    taken: set[int] = set()
    rows = _rows([word for line in lines for word in line.words])
    place = 0
    while place < len(rows):
        found = _stretch(rows, place, height)
        if found is None:
            place += 1
            continue
        stretch, strips = found
        grids.append(_grid(stretch, strips, height))
        taken.update(id(word) for row in stretch for word in row)
        place += len(stretch)
    return _without(lines, taken) if taken else list(lines), grids


def _rows(words: Sequence[ReadWord]) -> list[_Row]:
    """Words that stand beside each other, from left to right, whichever block they were read in."""
    rows: list[_Row] = []
    for word in sorted(words, key=lambda word: word.box.middle[1]):
        if rows and _is_beside(word.box, union(other.box for other in rows[-1])):
            rows[-1].append(word)
        else:
            rows.append([word])
    return [sorted(row, key=lambda word: word.box.left) for row in rows]


def _is_beside(box: Box, row: Box) -> bool:
    common = min(box.bottom, row.bottom) - max(box.top, row.top)
    return common > _SAME_ROW * min(box.height, row.height)


def _stretch(rows: list[_Row], first: int, height: float) -> tuple[list[_Row], list[_Strip]] | None:
    """The longest run of rows from ``first`` on that empty strips divide into columns, if it looks like a table."""
    strips = _strips(rows[first], height)
    last = first
    while strips and last + 1 < len(rows):
        gap = min(word.box.top for word in rows[last + 1]) - max(word.box.bottom for word in rows[last])
        narrowed = _narrowed(strips, rows[last + 1], height)
        if gap > _ROW_GAP * height or not narrowed:
            break
        strips = narrowed
        last += 1
    stretch = rows[first : last + 1]
    while stretch and len(_cells(stretch[-1], strips)) < 2:
        stretch = stretch[:-1]
    return (stretch, strips) if strips and _is_table(stretch, strips) else None


def _is_table(stretch: list[_Row], strips: list[_Strip]) -> bool:
    columns = len(strips) + 1
    if len(stretch) < (_LEAST_ROWS_OF_TWO if columns == 2 else _LEAST_ROWS):
        return False
    cells = [cell for row in stretch for cell in _cells(row, strips).values()]
    words = sum(len(cell) for cell in cells) / len(cells)
    return words <= _MOST_WORDS and len(cells) >= _LEAST_FILLED * columns * len(stretch)


def _strips(row: _Row, height: float) -> list[_Strip]:
    """The wide gaps of a row."""
    gaps = ((left.box.right, right.box.left) for left, right in pairwise(row))
    return [(start, end) for start, end in gaps if end - start >= _STRIP * height]


def _narrowed(strips: list[_Strip], row: _Row, height: float) -> list[_Strip]:
    """What the words of one more row leave of the strips; a strip that is cut in two keeps its wider part."""
    left = []
    for strip in strips:
        start, end = strip
        for box in (word.box for word in row):
            if box.left < end and box.right > start:
                start, end = max((start, box.left), (box.right, end), key=lambda part: part[1] - part[0])
        if end - start >= _STRIP * height:
            left.append((start, end))
    return left


def _cells(row: _Row, strips: list[_Strip]) -> dict[int, _Row]:
    cells: dict[int, _Row] = {}
    for word in row:
        column = sum(word.box.middle[0] > (start + end) / 2 for start, end in strips)
        cells.setdefault(column, []).append(word)
    return cells


def _grid(stretch: list[_Row], strips: list[_Strip], height: float) -> Grid:
    """Cells around the words: borders run through the middle of the strips, and half-way between rows."""
    boxes = _boxes(stretch, strips)
    outer = union(boxes)
    margin = height / 2
    xs = [outer.left - margin, *((start + end) / 2 for start, end in strips), outer.right + margin]
    between = ((above.bottom + below.top) / 2 for above, below in pairwise(boxes))
    ys = [outer.top - margin, *between, outer.bottom + margin]
    cells = tuple(
        GridCell(
            row=row,
            column=column,
            row_span=1,
            column_span=1,
            left=xs[column],
            top=ys[row],
            right=xs[column + 1],
            bottom=ys[row + 1],
        )
        for row in range(len(ys) - 1)
        for column in range(len(xs) - 1)
    )
    return Grid(left=xs[0], top=ys[0], right=xs[-1], bottom=ys[-1], cells=cells)


def _boxes(stretch: list[_Row], strips: list[_Strip]) -> list[Box]:
    """The boxes of the rows; a row without a first cell, close under another, is that row's second line."""
    boxes = [union(word.box for word in row) for row in stretch]
    usual = median(below.top - above.bottom for above, below in pairwise(boxes))
    merged = boxes[:1]
    for row, above, below in zip(stretch[1:], boxes, boxes[1:], strict=False):
        if 0 not in _cells(row, strips) and below.top - above.bottom < _SECOND_LINE * usual:
            merged[-1] = union((merged[-1], below))
        else:
            merged.append(below)
    return merged


def _without(lines: Sequence[ReadLine], taken: set[int]) -> list[ReadLine]:
    left = []
    for line in lines:
        words = tuple(word for word in line.words if id(word) not in taken)
        if len(words) == len(line.words):
            left.append(line)
        elif words:
            left.append(replace(line, words=words, box=union(word.box for word in words)))
    return left
