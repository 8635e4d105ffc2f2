"""Puts the text of a page together, block by block."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from operator import attrgetter
from typing import Final

from samovar.domain.layout import Block, BlockKind, Cell, Link
from samovar.domain.page import Figure, Page, ParsedPage, Picture
from samovar.parsers._shared import clean_characters

__all__ = ["MOST_CELLS", "PageWriter", "Passage", "TableCell", "is_safe_target"]

#: A page has no more blocks, links, or cells in one table: its codec takes 200,000 of each.
_MOST_BLOCKS: Final = 100_000
_MOST_LINKS: Final = 50_000
MOST_CELLS: Final = 200_000
#: A page written here has no more characters, and no more than so many in a link's target or a picture's words.
_MOST_CHARACTERS: Final = 60_000_000
_LONGEST_TARGET: Final = 2000
_LONGEST_ALT: Final = 2000
_LONGEST_LABEL: Final = 200
#: Tabs that keep the columns of a table with merged cells under each other.
_MOST_FILLERS: Final = 100_000
_SAFE_SCHEMES: Final = ("http://", "https://", "mailto:")
_BETWEEN: Final = "\n\n"


@dataclass(frozen=True, slots=True)
class Passage:
    """A piece of text with its links, whose spans count from the start of the piece."""

    text: str
    links: tuple[Link, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class TableCell:
    """A cell before it has its place in a page's text."""

    row: int
    column: int
    passage: Passage
    row_span: int = 1
    column_span: int = 1
    is_header: bool = False


@dataclass(slots=True)
class PageWriter:
    """Collects blocks. When more comes than a page may hold, the rest is left out and ``is_full`` tells so."""

    is_full: bool = False
    _parts: list[str] = field(default_factory=list)
    _length: int = 0
    _blocks: list[Block] = field(default_factory=list)
    _links: list[Link] = field(default_factory=list)
    _figures: list[Figure] = field(default_factory=list)

    @property
    def has_blocks(self) -> bool:
        """Tell whether anything was written."""
        return bool(self._blocks)

    def write(self, kind: BlockKind, passage: Passage | str, level: int | None = None) -> None:
        """Add a block of text; white space alone adds nothing."""
        if isinstance(passage, str):
            passage = Passage(passage)
        text = passage.text.rstrip()
        if not text.strip() or not self._has_room(len(text)):
            return
        start = self._begin()
        self._append(text, passage.links)
        self._blocks.append(Block(kind=kind, start=start, end=self._length, level=level))

    def write_table(self, cells: Iterable[TableCell]) -> None:
        """Add a table: tabs between the cells of a row, a line end after each row.

        ``cells`` come in order, row by row; cells beyond ``MOST_CELLS`` are left out.
        """
        listed = list(cells)
        if len(listed) > MOST_CELLS:
            del listed[MOST_CELLS:]
            self.is_full = True
        size = sum(len(cell.passage.text) + 1 for cell in listed)
        if not any(cell.passage.text.strip() for cell in listed) or not self._has_room(size):
            return
        start = self._begin()
        placed: list[Cell] = []
        fillers = _MOST_FILLERS
        for place, (_, row) in enumerate(groupby(listed, key=attrgetter("row"))):
            if place:
                self._append("\n")
            column = 0
            for cell in row:
                tabs = max(0, cell.column - column)
                gap = min(tabs, fillers) if tabs > 1 else tabs
                fillers -= max(0, gap - 1)
                self._append("\t" * gap)
                column = cell.column
                placed.append(self._place(cell))
        self._blocks.append(Block(kind="table", start=start, end=self._length, cells=tuple(placed)))

    def write_figure(self, picture: Picture, alt: str = "") -> None:
        """Add a picture at this place; its words come behind it in the text."""
        if not self._has_room(0):
            return
        number = len(self._figures) + 1
        alt = " ".join(clean_characters(alt).split())[:_LONGEST_ALT]
        start = self._begin()
        self._figures.append(Figure(number=number, picture=picture, alt=alt))
        self._blocks.append(Block(kind="figure", start=start, end=self._length, figure=number))

    def page(self, *, number: int | None = None, label: str | None = None) -> ParsedPage:
        """Hand over everything that was written as one page."""
        text = "".join(self._parts)
        has_text = bool(text.strip())
        return ParsedPage(
            page=Page(
                number=number,
                text=text,
                status="text" if has_text else ("picture" if self._figures else "no_text"),
                reason="partly_read" if self.is_full else (None if has_text or self._figures else "empty"),
                label=None if label is None else " ".join(clean_characters(label).split())[:_LONGEST_LABEL] or None,
                blocks=tuple(self._blocks),
                links=tuple(self._links),
            ),
            figures=tuple(self._figures),
        )

    def _has_room(self, characters: int) -> bool:
        if len(self._blocks) >= _MOST_BLOCKS or self._length + characters > _MOST_CHARACTERS:
            self.is_full = True
            return False
        return True

    def _begin(self) -> int:
        if self._length and self._parts[-1] != _BETWEEN:  # a picture takes no characters of its own
            self._append(_BETWEEN)
        return self._length

    def _append(self, text: str, links: Sequence[Link] = ()) -> None:
        if not text:
            return
        for link in links:
            start, end = self._length + link.start, self._length + min(link.end, len(text))
            if start < end and len(self._links) < _MOST_LINKS and is_safe_target(link.target):
                self._links.append(Link(start=start, end=end, target=link.target, page=link.page))
        self._parts.append(clean_characters(text))
        self._length += len(text)

    def _place(self, cell: TableCell) -> Cell:
        text = cell.passage.text
        # Line ends and tabs divide cells and rows; inside a cell they are blanks, one for one.
        if "\n" in text or "\t" in text:
            text = text.replace("\n", " ").replace("\t", " ")
        start = self._length
        self._append(text, cell.passage.links)
        return Cell(
            row=cell.row,
            column=cell.column,
            start=start,
            end=self._length,
            row_span=cell.row_span,
            column_span=cell.column_span,
            is_header=cell.is_header,
        )


def is_safe_target(target: str | None) -> bool:
    """Tell whether an address may be shown as a link: http, https or mailto, no longer than can be kept.

    A link without an address (to a page) is safe.
    """
    if target is None:
        return True
    return len(target) <= _LONGEST_TARGET and target.lower().startswith(_SAFE_SCHEMES) and target.isprintable()
