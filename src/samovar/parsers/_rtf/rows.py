"""Rows of RTF tables put together: RTF has rows with edges, and no tables. Source: RTF 1.9.1, Table Definitions."""

from dataclasses import dataclass, field
from typing import Final

from samovar.parsers._markup.flow import Flow, Table

__all__ = ["Rows"]

_MOST_EDGES: Final = 500
_MOST_ROWS_REACHED: Final = 200


@dataclass(slots=True)
class _CellFormat:
    goes_on_left: bool = False
    goes_on_above: bool = False
    right: int = 0


@dataclass(slots=True)
class _Row:
    formats: list[_CellFormat]
    cells: list[Flow]


@dataclass(slots=True)
class Rows:
    """The rows of the table that is being read; ``cell`` is where text goes."""

    cell: Flow = field(default_factory=Flow)
    _rows: list[_Row] = field(default_factory=list)
    _cells: list[Flow] = field(default_factory=list)
    _formats: list[_CellFormat] = field(default_factory=list)
    _format: _CellFormat = field(default_factory=_CellFormat)

    @property
    def has_any(self) -> bool:
        """Tell whether a cell was ended."""
        return bool(self._rows or self._cells)

    def take_word(self, word: bytes, number: int | None) -> None:
        """Take a word that says how the cells of the next row lie."""
        match word:
            case b"trowd":
                self._formats, self._format = [], _CellFormat()
            case b"clmrg":
                self._format.goes_on_left = True
            case b"clvmrg":
                self._format.goes_on_above = True
            case b"cellx":
                self._format.right = number or 0
                self._formats.append(self._format)
                self._format = _CellFormat()
            case b"row":
                self._end_row()

    def end_cell(self) -> None:
        """End the cell that is being read."""
        self._cells.append(self.cell)
        self.cell = Flow()

    def take_table(self) -> Table | None:
        """Hand over the table and forget it; None where there is none."""
        if self.cell.pieces:
            self.end_cell()
        self._end_row()
        rows, self._rows = self._rows, []
        if not rows:
            return None
        table = Table(is_layout=False)
        edges = sorted({form.right for row in rows for form in row.formats})[:_MOST_EDGES]
        for place in range(len(rows)):
            table.begin_row()
            _place_row(table, rows, place, edges)
        table.close()
        return table

    def _end_row(self) -> None:
        if self._cells:
            self._rows.append(_Row(self._formats, self._cells))
            self._cells = []


def _place_row(table: Table, rows: list[_Row], place: int, edges: list[int]) -> None:
    row = rows[place]
    first = 0
    while first < len(row.cells):
        last = first
        while last + 1 < min(len(row.formats), len(row.cells)) and row.formats[last + 1].goes_on_left:
            last += 1
        has_format = last < len(row.formats)
        if not has_format or place == 0 or not row.formats[first].goes_on_above:
            right = row.formats[last].right if has_format else None
            left = row.formats[first - 1].right if 0 < first <= len(row.formats) else None
            flow = table.open_cell(
                row_span=_rows_reached(rows, place, right),
                column_span=_edges_between(edges, left, right),
                is_header=False,
            )
            for cell in row.cells[first : last + 1]:
                flow.pieces.extend(cell.pieces)
        first = last + 1


def _edges_between(edges: list[int], left: int | None, right: int | None) -> int:
    if right is None:
        return 1
    return max(1, sum((left is None or edge > left) and edge <= right for edge in edges))


def _rows_reached(rows: list[_Row], place: int, right: int | None) -> int:
    """Over how many rows the cell that ends at ``right`` reaches."""
    count = 1
    for below in range(place + 1, min(len(rows), place + _MOST_ROWS_REACHED)):
        if right is None or not any(form.goes_on_above and form.right == right for form in rows[below].formats):
            break
        count += 1
    return count
