"""Writes the parts of a page as its text and as blocks, which are spans of it."""

from collections.abc import Sequence
from operator import attrgetter
from typing import Final

from samovar.domain.layout import Block, Cell, Rectangle
from samovar.parsers._pdf.columns import rows_of
from samovar.parsers._pdf.flow import Part, merged_row
from samovar.parsers._pdf.frame import Frame
from samovar.parsers._pdf.line import SMALLEST_TYPE, Item, Line
from samovar.parsers._pdf.paragraphs import Paragraph
from samovar.parsers._pdf.tables import Box, Table
from samovar.parsers._pdf.textlayer import TextLayer
from samovar.parsers._pdf.writing import Writer

__all__ = ["write_blocks"]

_BETWEEN: Final = "\n\n"
#: The width of a letter of one-width type, in its size.
_LETTER: Final = 0.6
_DEEPEST_INDENT: Final = 80

_sides = attrgetter("left", "top", "right", "bottom")


def write_blocks(writer: Writer, layer: TextLayer, seen: Frame, parts: Sequence[Part]) -> tuple[Block, ...]:
    """Write parts in order, a blank line between them; pictures are blocks without text."""
    blocks: list[Block] = []
    for part in parts:
        if isinstance(part, Box):
            box = seen.rectangle(seen.place(layer.frame.back((part.left, part.top, part.right, part.bottom))))
            blocks.append(Block(kind="figure", start=writer.length, end=writer.length, box=box, figure=part.number))
            continue
        if writer.length:
            writer.mark(_BETWEEN)
        start = writer.length
        if isinstance(part, Table):
            cells = _write_table(writer, part)
            box = _rectangle(layer, seen, [part])
            blocks.append(Block(kind="table", start=start, end=writer.length, box=box, cells=cells))
            continue
        if part.kind == "code":
            _write_code(writer, part)
        else:
            writer.rows(part.rows, part.breaks)
        box = _rectangle(layer, seen, part.rows)
        blocks.append(Block(kind=part.kind, start=start, end=writer.length, level=part.level, box=box))
    return tuple(blocks)


def _rectangle(layer: TextLayer, seen: Frame, items: Sequence[Item]) -> Rectangle | None:
    if len(items) == 1:
        place = (items[0].left, items[0].top, items[0].right, items[0].bottom)
    else:
        lefts, tops, rights, bottoms = zip(*map(_sides, items), strict=True)
        place = (min(lefts), min(tops), max(rights), max(bottoms))
    if layer.frame.turns != seen.turns:
        place = seen.place(layer.frame.back(place))
    return seen.rectangle(place)


def _write_table(writer: Writer, table: Table) -> tuple[Cell, ...]:
    """Write cells, divided by tabs, and rows, divided by line ends."""
    cells: list[Cell] = []
    row = 0
    is_first = True
    for cell in table.cells:
        if not is_first:
            writer.mark("\t" if cell.row == row else "\n" * (cell.row - row))
        row, is_first = cell.row, False
        start = writer.length
        rows = cell.lines
        if len(rows) == 1:
            writer.line(rows[0])
        elif rows:
            rows = _rows(rows)
            writer.rows(rows, [])
        cells.append(
            Cell(
                row=cell.row,
                column=cell.column,
                start=start,
                end=writer.length,
                row_span=cell.row_span,
                column_span=cell.column_span,
                is_header=row == 0 and bool(rows) and all(line.face.is_bold for line in rows),
            )
        )
    return tuple(cells)


def _rows(pieces: list[Line]) -> list[Line]:
    lines: list[Item] = sorted(pieces, key=lambda line: line.top)
    return [merged_row([item for item in row if isinstance(item, Line)]) for row in rows_of(lines)]


def _write_code(writer: Writer, paragraph: Paragraph) -> None:
    """Write code line by line, with its indents."""
    left = min(row.left for row in paragraph.rows)
    last: Line | None = None
    for row in paragraph.rows:
        if last is not None:
            writer.mark("\n\n" if row.base - last.base > 1.8 * row.size else "\n")
        indent = round((row.left - left) / (_LETTER * max(row.size, SMALLEST_TYPE)))
        if indent > 0:
            writer.mark(" " * min(indent, _DEEPEST_INDENT))
        writer.line(row)
        last = row
