"""What a reader of markup collects before it is written: words with their links, blocks, cells of tables."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final, TypeAlias

from samovar.domain.layout import BlockKind, Link
from samovar.domain.page import Picture
from samovar.parsers._markup.page_writer import MOST_CELLS, PageWriter, Passage, TableCell

__all__ = ["Flow", "Inline", "Table", "write_flow"]

_BLANKS: Final = re.compile(r"[ \t\n\r\f\v\u00a0\u2000-\u200a\u2028\u2029\u202f\u3000]+")
_INVISIBLE: Final = dict.fromkeys((0xAD, 0x200B, 0x2060, 0xFEFF))
_MOST_LINKS: Final = 5000
#: Source: HTML Living Standard, 4.9.11 (2024): no more columns and rows are spanned.
_WIDEST_SPAN: Final = 1000
_TALLEST_SPAN: Final = 65_534
_MOST_COLUMNS: Final = 2000
#: A cell with more than that holds a page, not a value.
_LONGEST_CELL: Final = 4000
_MOST_CELL_BLOCKS: Final = 20


@dataclass(frozen=True, slots=True)
class _TextPiece:
    kind: BlockKind
    level: int | None
    passage: Passage


@dataclass(frozen=True, slots=True)
class _TablePiece:
    cells: list[TableCell]


@dataclass(frozen=True, slots=True)
class _FigurePiece:
    picture: Picture
    alt: str


_Piece: TypeAlias = _TextPiece | _TablePiece | _FigurePiece


class Inline:
    """Words of one block as they come, runs of blanks made one."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self._parts: list[str] = []
        self._length = 0
        self._ends_blank = True
        self._is_as_written = False
        self._links: list[Link] = []
        self._target: str | None = None
        self._link_start = 0

    @property
    def ends_in_word(self) -> bool:
        """Tell whether the last character is part of a word."""
        return not self._ends_blank and self._parts[-1][-1:].isalnum()

    def add(self, text: str) -> None:
        """Add words."""
        if not text.isascii():
            text = text.translate(_INVISIBLE)
        text = _BLANKS.sub(" ", text)
        if self._ends_blank and text.startswith(" "):
            text = text[1:]
        if text:
            self._append(text)
            self._ends_blank = text.endswith(" ")

    def add_as_written(self, text: str) -> None:
        """Add text whose blanks and line ends count."""
        if text:
            self._append(text)
            self._ends_blank, self._is_as_written = False, True

    def break_line(self) -> None:
        """End a line inside the block."""
        if self._parts:
            self._append("\n")
            self._ends_blank = True

    def open_link(self, target: str) -> None:
        """Begin a link; one inside another ends it."""
        self.close_link()
        self._target, self._link_start = target, self._length

    def close_link(self) -> None:
        """End the open link, if there is one."""
        if self._target is not None and self._length > self._link_start and len(self._links) < _MOST_LINKS:
            self._links.append(Link(start=self._link_start, end=self._length, target=self._target))
        self._target = None

    def take(self) -> Passage:
        """Hand over what there is and begin anew; an open link goes on in what follows."""
        target = self._target
        self.close_link()
        joined = "".join(self._parts)
        lead = len(joined) - len(joined.lstrip("\n" if self._is_as_written else " \n"))
        text = joined[lead:].rstrip(" \n")
        links = tuple(_trimmed(self._links, text, lead))
        self._parts, self._links, self._length, self._ends_blank = [], [], 0, True
        self._is_as_written = False
        self._target, self._link_start = target, 0
        return Passage(text, links)

    def _append(self, text: str) -> None:
        self._parts.append(text)
        self._length += len(text)


def _trimmed(links: list[Link], text: str, lead: int) -> Iterator[Link]:
    for link in links:
        start, end = max(0, link.start - lead), min(len(text), link.end - lead)
        while end > start and text[end - 1].isspace():
            end -= 1
        while start < end and text[start].isspace():
            start += 1
        if start < end:
            yield Link(start=start, end=end, target=link.target)


@dataclass(slots=True)
class Flow:
    """Blocks one after the other."""

    pieces: list[_Piece] = field(default_factory=list)

    def add_text(self, kind: BlockKind, passage: Passage, level: int | None = None) -> None:
        """Add a block of text."""
        self.pieces.append(_TextPiece(kind, level, passage))

    def add_figure(self, picture: Picture, alt: str) -> None:
        """Add a picture."""
        self.pieces.append(_FigurePiece(picture, alt))

    def add_table(self, table: "Table") -> None:
        """Add a table, or what stands in it one after the other where it only lays out a page."""
        if not table.holds_values:
            for cell in table.cells:
                self.pieces.extend(cell.flow.pieces)
            return
        self.pieces.append(_TablePiece([cell.joined() for cell in table.cells]))
        for cell in table.cells:
            self.pieces.extend(piece for piece in cell.flow.pieces if isinstance(piece, _FigurePiece))


@dataclass(slots=True, kw_only=True)
class _OpenCell:
    row: int
    column: int
    row_span: int
    column_span: int
    is_header: bool
    flow: Flow = field(default_factory=Flow)

    @property
    def is_value(self) -> bool:
        """Tell whether this is something that a cell of a table holds."""
        texts = [piece for piece in self.flow.pieces if isinstance(piece, _TextPiece)]
        return (
            len(texts) <= _MOST_CELL_BLOCKS
            and not any(piece.kind == "heading" for piece in texts)
            and sum(len(piece.passage.text) for piece in texts) <= _LONGEST_CELL
        )

    def joined(self) -> TableCell:
        """All text of the cell as one passage."""
        text = ""
        links: list[Link] = []
        for piece in self.flow.pieces:
            if isinstance(piece, _TextPiece) and piece.passage.text:
                start = len(text) + 1 if text else 0
                text = f"{text} {piece.passage.text}" if text else piece.passage.text
                links.extend(
                    Link(start=start + link.start, end=start + link.end, target=link.target)
                    for link in piece.passage.links
                )
        return TableCell(
            row=self.row,
            column=self.column,
            passage=Passage(text, tuple(links)),
            row_span=self.row_span,
            column_span=self.column_span,
            is_header=self.is_header,
        )


class Table:
    """A table while it is read: cells take the next free place, as browsers lay them out."""

    def __init__(self, *, is_layout: bool) -> None:
        """Begin; ``is_layout`` is what the markup itself says."""
        self.cells: list[_OpenCell] = []
        self.in_head = False
        self.has_tables = False
        self._is_layout = is_layout
        self._row = -1
        self._column = 0
        self._width = 0
        self._taken: dict[int, int] = {}  # column -> last row that a cell from above reaches

    @property
    def holds_values(self) -> bool:
        """Tell a table of values from one that only lays out a page."""
        if self._is_layout or self.has_tables or self._width < 2:
            return False
        has_header = any(cell.is_header for cell in self.cells)
        return (self._row > 0 or has_header) and all(cell.is_value for cell in self.cells)

    def begin_row(self) -> None:
        """Go on to the next row."""
        self._row += 1
        self._column = 0

    def open_cell(self, *, row_span: int, column_span: int, is_header: bool) -> Flow:
        """Place the next cell and hand over where its content goes."""
        if len(self.cells) > MOST_CELLS:
            return Flow()  # the writer tells that a table has more cells than it may
        if self._row < 0:
            self.begin_row()
        while self._taken.get(self._column, -1) >= self._row:
            self._column += 1
        column_span = max(1, min(column_span, _WIDEST_SPAN, max(1, _MOST_COLUMNS - self._column)))
        row_span = max(1, min(row_span, _TALLEST_SPAN))
        cell = _OpenCell(
            row=self._row,
            column=self._column,
            row_span=row_span,
            column_span=column_span,
            is_header=is_header or self.in_head,
        )
        self.cells.append(cell)
        if row_span > 1:
            for column in range(self._column, self._column + column_span):
                self._taken[column] = self._row + row_span - 1
        self._column += column_span
        self._width = max(self._width, self._column)
        return cell.flow

    def close(self) -> None:
        """Cut spans that reach below the last row, and rows that hold nothing but blanks at the end."""
        for cell in self.cells:
            cell.row_span = min(cell.row_span, self._row - cell.row + 1)


def write_flow(flow: Flow, writer: PageWriter) -> None:
    """Write the blocks and forget them."""
    for piece in flow.pieces:
        match piece:
            case _TextPiece():
                writer.write(piece.kind, piece.passage, piece.level)
            case _TablePiece():
                writer.write_table(piece.cells)
            case _FigurePiece():
                writer.write_figure(piece.picture, piece.alt)
    flow.pieces.clear()
