"""Pieces of a page written down as one text, with spans and boxes in the page's units."""

import re
from collections.abc import Callable, Sequence
from typing import Final

from samovar.domain.layout import Block, Cell, Rectangle, Word
from samovar.ocr.lines import Box, ReadWord
from samovar.ocr.pieces import Piece, ReadCell, TablePiece, TextPiece

__all__ = ["Composed", "compose"]

_DIVIDED: Final = re.compile(r"[^\W\d_][-‐¬]$")
_NUMBER: Final = re.compile(r"[\d\s.,%/:()+-]+")
#: Text, blocks and words.
Composed = tuple[str, tuple[Block, ...], tuple[Word, ...]]
_Placer = Callable[[Box], Rectangle]


class _Writer:
    """The text so far and the words in it."""

    def __init__(self, placed: _Placer) -> None:
        self._placed = placed
        self._parts: list[str] = []
        self.length = 0
        self.words: list[Word] = []

    @property
    def text(self) -> str:
        return "".join(self._parts)

    def write(self, text: str) -> None:
        self._parts.append(text)
        self.length += len(text)

    def word(self, word: ReadWord, text: str | None = None) -> None:
        start = self.length
        self.write(word.text if text is None else text)
        if self.length > start:
            place = self._placed(word.box)
            self.words.append(Word(start=start, end=self.length, box=place, confidence=round(word.confidence, 3)))


def compose(pieces: Sequence[Piece], placed: _Placer) -> Composed:
    """Write the pieces down, a blank line between them; ``placed`` turns boxes in pixels into the page's own."""
    writer = _Writer(placed)
    blocks = []
    for piece in pieces:
        if writer.length:
            writer.write("\n\n")
        start = writer.length
        if isinstance(piece, TablePiece):
            cells = _write_table(writer, piece)
            box = placed(piece.box)
            blocks.append(Block(kind="table", start=start, end=writer.length, box=box, cells=cells))
        else:
            _write_lines(writer, piece)
            box = placed(piece.box)
            blocks.append(Block(kind=piece.kind, start=start, end=writer.length, level=piece.level, box=box))
    return writer.text, tuple(blocks), tuple(writer.words)


def _write_lines(writer: _Writer, piece: TextPiece) -> None:
    """Lines follow each other with a blank; a word divided between two lines is whole again."""
    glue = ""
    for place, line in enumerate(piece.lines):
        following = piece.lines[place + 1].words[0].text if place + 1 < len(piece.lines) else ""
        for index, word in enumerate(line.words):
            writer.write(glue)
            glue = " "
            if index == len(line.words) - 1 and _DIVIDED.search(word.text) and following[:1].islower():
                writer.word(word, word.text[:-1])
                glue = ""
            else:
                writer.word(word)


def _write_table(writer: _Writer, piece: TablePiece) -> tuple[Cell, ...]:
    """Cells of a row are divided by a tab, rows by a line end; a cell stands in the first row that it spans."""
    header_rows = _header_rows(piece.cells)
    cells = []
    row = piece.cells[0].row if piece.cells else 0
    for place, cell in enumerate(piece.cells):
        if place:
            writer.write("\n" * (cell.row - row) or "\t")
        row = cell.row
        start = writer.length
        for index, word in enumerate(cell.words):
            if index:
                writer.write(" ")
            writer.word(word)
        cells.append(
            Cell(
                row=cell.row,
                column=cell.column,
                start=start,
                end=writer.length,
                row_span=cell.row_span,
                column_span=cell.column_span,
                is_header=cell.row < header_rows,
            )
        )
    return tuple(cells)


def _header_rows(cells: Sequence[ReadCell]) -> int:
    """How many rows name the columns: those that the cells of the first row take, if none of them is a number."""
    if not cells or max(cell.row + cell.row_span for cell in cells) < 2:
        return 0
    rows = max(cell.row_span for cell in cells if cell.row == 0)
    texts = [" ".join(word.text for word in cell.words) for cell in cells if cell.row < rows]
    named = any(text for text in texts) and not any(_NUMBER.fullmatch(text) for text in texts if text)
    return rows if named else 0
