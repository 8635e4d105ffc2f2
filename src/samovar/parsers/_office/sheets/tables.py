"""The tables that stand on a sheet: stretches of cells with empty rows and columns between them."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from samovar.parsers._office.inline import Inline
from samovar.parsers._office.sheets.sheet import Merge, SheetCell, SheetContent
from samovar.parsers._office.writing import Grid, GridCell

__all__ = ["Piece", "pieces_of"]

#: So many empty columns always part two tables.
_FAR: Final = 20
_FEWEST_ROWS: Final = 3
_FEWEST_COLUMNS: Final = 2
#: A table with more empty places than this for each cell has only the cells that are not empty.
_MOST_EMPTY: Final = 4
_SMALL: Final = 400

_Rows = list[list[SheetCell]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """A line that stands alone (a title, a remark) or a table."""

    line: Inline | None = None
    grid: Grid | None = None


def pieces_of(content: SheetContent, inline: Callable[[SheetCell], Inline], *, most_cells: int) -> Iterator[Piece]:
    """Divide a sheet, top down. A band of rows is divided once more where tables stand side by side."""
    merges = _Merges(content)
    for band in _bands(content, merges):
        for part in _side_by_side(band, merges):
            yield from _pieces(part, content, merges, inline, most_cells)


class _Merges:
    """Which merged cells begin where, and how far they reach."""

    def __init__(self, content: SheetContent) -> None:
        self._starts: dict[tuple[int, int], Merge] = {}
        for merge in content.merges:
            self._starts.setdefault((merge.row, merge.column), merge)
        self.covered: set[tuple[int, int]] = set()
        for merge in self._starts.values():
            self.covered.update(
                (row, cell.column)
                for row in _rows_within(content, merge)
                for cell in content.rows[row]
                if merge.column <= cell.column <= merge.last_column and (row, cell.column) != (merge.row, merge.column)
            )

    def of(self, cell: SheetCell) -> Merge | None:
        """The merge that begins with a cell."""
        return self._starts.get((cell.row, cell.column))


def _rows_within(content: SheetContent, merge: Merge) -> Iterator[int]:
    """The filled rows that a merge touches; a merge of a million rows touches no more than there are."""
    if merge.last_row - merge.row > len(content.rows):
        return (row for row in content.rows if merge.row <= row <= merge.last_row)
    return (row for row in range(merge.row, merge.last_row + 1) if row in content.rows)


def _bands(content: SheetContent, merges: _Merges) -> Iterator[_Rows]:
    """Rows that follow each other without an empty one; a merged cell bridges rows that it covers."""
    band: _Rows = []
    reaches = -1
    for row in sorted(content.rows):
        cells = [cell for cell in content.rows[row] if (row, cell.column) not in merges.covered]
        if band and row > reaches + 1:
            yield band
            band = []
        reaches = max(reaches, row)
        for cell in cells:
            merge = merges.of(cell)
            if merge is not None:
                reaches = max(reaches, merge.last_row)
        if cells:
            band.append(cells)
    if band:
        yield band


def _side_by_side(band: _Rows, merges: _Merges) -> Iterator[_Rows]:
    """Cut where empty columns run through the whole band: far gaps always, near ones only between real tables."""
    used: set[tuple[int, int]] = set()
    for cells in band:
        for cell in cells:
            merge = merges.of(cell)
            used.add((cell.column, cell.column if merge is None else merge.last_column))
    stretches = list(_stretches(sorted(used)))
    start = 0
    for place, (one, following) in enumerate(pairwise(stretches), start=1):
        parts = (stretches[start:place], stretches[place:])
        if following[0] - one[1] > _FAR or all(_is_table(band, part[0][0], part[-1][1]) for part in parts):
            yield _cut(band, stretches[start][0], one[1])
            start = place
    yield _cut(band, stretches[start][0], stretches[-1][1]) if stretches else band


def _stretches(used: list[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """Join stretches of columns that touch each other."""
    joined: tuple[int, int] | None = None
    for first, last in used:
        if joined is not None and first > joined[1] + 1:
            yield joined
            joined = None
        joined = (first, last) if joined is None else (joined[0], max(joined[1], last))
    if joined is not None:
        yield joined


def _is_table(band: _Rows, first: int, last: int) -> bool:
    rows = _cut(band, first, last)
    wide = sum(len(cells) >= _FEWEST_COLUMNS for cells in rows)
    return wide >= _FEWEST_ROWS and sum(map(len, rows)) * 2 >= len(rows) * (last - first + 1)


def _cut(band: _Rows, first: int, last: int) -> _Rows:
    rows = ([cell for cell in cells if first <= cell.column <= last] for cells in band)
    return [cells for cells in rows if cells]


def _pieces(
    rows: _Rows,
    content: SheetContent,
    merges: _Merges,
    inline: Callable[[SheetCell], Inline],
    most_cells: int,
) -> Iterator[Piece]:
    """Lines above the table that stand alone are its title; a band of such lines alone is no table."""
    left = min((cells[0].column for cells in rows), default=0)
    while rows and _stands_alone(rows[0], left) and (len(rows) == 1 or not _is_part(rows, left)):
        yield Piece(line=inline(rows[0][0]))
        rows = rows[1:]
    if rows:
        yield Piece(grid=_grid(rows, content, merges, inline, most_cells))


def _stands_alone(cells: list[SheetCell], left: int) -> bool:
    return len(cells) == 1 and cells[0].is_text and cells[0].column == left


def _is_part(rows: _Rows, left: int) -> bool:
    """A list in one column is a table of one column; a lone line above wider rows is not part of them."""
    return all(_stands_alone(cells, left) or (len(cells) == 1 and cells[0].column == left) for cells in rows)


def _grid(
    rows: _Rows,
    content: SheetContent,
    merges: _Merges,
    inline: Callable[[SheetCell], Inline],
    most_cells: int,
) -> Grid:
    top, left = rows[0][0].row, min(cells[0].column for cells in rows)
    bottom, right = rows[-1][0].row, max(cells[-1].column for cells in rows)
    grid = Grid()
    headed = _headed(rows, content, merges)
    for cells in rows:
        for cell in cells:
            merge = merges.of(cell)
            last_row = cell.row if merge is None else min(merge.last_row, max(bottom, cell.row))
            last_column = cell.column if merge is None else merge.last_column
            grid.cells.append(
                GridCell(
                    row=cell.row - top,
                    column=cell.column - left,
                    content=inline(cell),
                    row_span=last_row - cell.row + 1,
                    column_span=last_column - cell.column + 1,
                    is_header=cell.row in headed,
                )
            )
            if merge is not None:
                right = max(right, last_column)
    area = (bottom - top + 1) * (right - left + 1)
    filled = len(grid.cells)
    if area <= min(most_cells, _MOST_EMPTY * filled + _SMALL):
        grid.fill(height=bottom - top + 1, width=right - left + 1)
        for empty in grid.cells[filled:]:
            empty.is_header = empty.row + top in headed
    return grid


def _headed(rows: _Rows, content: SheetContent, merges: _Merges) -> range:
    """The rows that name columns: the first one, and those that its merged cells reach down to."""
    header = _header_row(rows, content)
    if header is None:
        return range(0)
    reached = [merge.last_row for merge in map(merges.of, rows[0]) if merge is not None]
    return range(header, min(max([header, *reached]), rows[-1][0].row - 1) + 1)


def _header_row(rows: _Rows, content: SheetContent) -> int | None:
    """The first row, where it names columns: the sheet says so, or it is of words above numbers, or stands out."""
    first, rest = rows[0], rows[1:]
    if not rest or len(first) < _FEWEST_COLUMNS or not all(cell.is_text for cell in first):
        return None
    has_numbers = any(not cell.is_text for cells in rest[:50] for cell in cells)
    stands_out = all(cell.is_bold for cell in first) and not all(cell.is_bold for cells in rest[:50] for cell in cells)
    return first[0].row if first[0].row in content.header_rows or has_numbers or stands_out else None
