"""Tables and their cells, and tables without rules: columns that stand straight under each other."""

from bisect import bisect_right
from collections import Counter
from collections.abc import Callable
from itertools import pairwise
from operator import itemgetter
from typing import Final

from samovar.parsers._pdf.line import Item, Line

__all__ = ["LEAST_ROWS", "NEAR", "Box", "GridCell", "Table", "aligned_table", "column_of", "column_spans"]

#: Edges that are nearer than this are in line. Units: points.
NEAR: Final = 2.5
#: Fewer rows are no table.
LEAST_ROWS: Final = 3
#: Where a few rows lie across columns, so many others tell them: rows of one number of pieces, and of this share.
_USUAL_ROWS: Final = 5
_USUAL_SHARE: Final = 0.8
_USUAL_PIECES: Final = 3

_right_edge = itemgetter(1)


class GridCell:
    """One cell with its lines, from top to bottom; rows and columns are counted from 0."""

    __slots__ = ("column", "column_span", "lines", "row", "row_span")

    def __init__(self, row: int, column: int, row_span: int = 1, column_span: int = 1) -> None:
        self.row = row
        self.column = column
        self.row_span = row_span
        self.column_span = column_span
        self.lines: list[Line] = []


class Box(Item):
    """A place that is taken by something without lines: a picture."""

    __slots__ = ("number",)

    def __init__(self, left: float, top: float, right: float, bottom: float, number: int) -> None:
        super().__init__(left, top, right, bottom)
        self.number = number


class Table(Item):
    """A table with its cells, row by row."""

    __slots__ = ("cells",)

    def __init__(self, left: float, top: float, right: float, bottom: float, cells: list[GridCell]) -> None:
        super().__init__(left, top, right, bottom)
        self.cells = cells


def aligned_table(rows: list[list[Line]], size: float, is_mark: Callable[[Line], bool]) -> Table | None:
    """Make a table of rows whose pieces stand straight under each other, or None where that is not certain.

    A row of fewer pieces, near under another one, continues the cells of that one. Marks of a list, which
    ``is_mark`` knows, are no column.
    """
    if len(rows) < LEAST_ROWS:
        return None
    spans = _certain_columns(rows, size)
    if spans is None:
        return None
    if all(is_mark(piece) for row in rows for piece in row if column_of(piece, spans) == 0):
        return None
    pitches = sorted(row[0].base - above[0].base for above, row in pairwise(rows))
    usual = pitches[len(pitches) // 2]
    cells: list[list[GridCell]] = []
    last = float("-inf")
    for row in rows:
        is_more = bool(cells) and len(row) < len(spans) and row[0].base - last < 0.8 * usual
        if not is_more:
            cells.append([GridCell(len(cells), column) for column in range(len(spans))])
        for piece in row:
            cells[-1][column_of(piece, spans)].lines.append(piece)
        last = row[0].base
    if len(cells) < LEAST_ROWS:
        return None
    pieces = [piece for row in rows for piece in row]
    return Table(
        min(piece.left for piece in pieces),
        min(piece.top for piece in pieces),
        max(piece.right for piece in pieces),
        max(piece.bottom for piece in pieces),
        [cell for row in cells for cell in row],
    )


def _certain_columns(rows: list[list[Line]], size: float) -> list[tuple[float, float]] | None:
    """The columns that all rows leave gutters between, or else all but a few: a long name, a sum at the end."""
    spans = column_spans(rows, size)
    if len(spans) > 1 and _is_certain(rows, spans):
        return spans
    [(pieces, count)] = Counter(map(len, rows)).most_common(1)
    if pieces < _USUAL_PIECES or not max(_USUAL_ROWS, _USUAL_SHARE * len(rows)) <= count < len(rows):
        return None
    usual = [row for row in rows if len(row) == pieces]
    spans = column_spans(usual, size)
    if len(spans) != pieces or not _is_certain(usual, spans):
        return None
    return spans if all(_fits(row, spans) for row in rows) else None


def _fits(row: list[Line], spans: list[tuple[float, float]]) -> bool:
    """Tell whether the pieces of a row stand in columns of their own; one that is all of the row lies across none."""
    places = [column_of(piece, spans) for piece in row]
    is_line = len(row) == 1 and places[0] + 1 < len(spans) and row[0].right > spans[places[0] + 1][0]
    return not is_line and len(set(places)) == len(row) and places[-1] < len(spans)


def column_spans(rows: list[list[Line]], size: float) -> list[tuple[float, float]]:
    """Find the columns that all rows leave gutters between. Shape: left and right edge of each."""
    gutter = 0.5 * size
    spans: list[tuple[float, float]] = []
    edges = sorted([(piece.left, piece.right) for row in rows for piece in row])
    begin, end = edges[0]
    for left, right in edges:
        if left - end >= gutter:
            spans.append((begin, end))
            begin, end = left, right
        elif right > end:
            end = right
    spans.append((begin, end))
    return spans


def column_of(piece: Line, spans: list[tuple[float, float]]) -> int:
    """The number of the column in which a piece of a line stands."""
    return bisect_right(spans, piece.left, key=_right_edge)


def _is_certain(rows: list[list[Line]], spans: list[tuple[float, float]]) -> bool:
    """Certain are most rows full, no code, no two pieces in one column of a row, and columns with a straight edge."""
    full = 0
    for row in rows:
        columns = [column_of(piece, spans) for piece in row]
        if len(set(columns)) < len(columns):
            return False
        full += len(columns) == len(spans)
    if full < LEAST_ROWS or full < 0.5 * len(rows) or all(row[0].face.is_monospaced for row in rows):
        return False
    return all(
        _is_straight([piece for row in rows for piece in row if column_of(piece, spans) == place])
        for place in range(len(spans))
    )


def _is_straight(pieces: list[Line]) -> bool:
    edges = (
        [piece.left for piece in pieces],
        [piece.right for piece in pieces],
        [(piece.left + piece.right) / 2 for piece in pieces],
    )
    return any(
        sum(abs(place - sorted(edge)[len(edge) // 2]) <= NEAR for place in edge) >= 0.7 * len(edge) for edge in edges
    )
