"""Writes the one text of a page, and the blocks, cells, links and figures that are spans of it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from samovar.domain.layout import Block, BlockKind, Cell, Link, Rectangle
from samovar.domain.page import Figure, Page, PageReason, ParsedPage, Picture
from samovar.parsers._office.inline import Inline
from samovar.parsers._shared import clean_characters

__all__ = ["MOST_CELLS", "MOST_ITEMS", "Grid", "GridCell", "PageWriter"]

#: What the codec of pages takes in one list.
MOST_ITEMS: Final = 200_000
#: The cells of one page.
MOST_CELLS: Final = 200_000
_MOST_LINKS: Final = 50_000
#: A table with more empty places than this for each cell is written without them.
_MOST_EMPTY: Final = 20
_SMALL_TABLE: Final = 2000
_WIDEST: Final = 16_384
_MOST_CHARACTERS: Final = 40_000_000
_LONGEST_ALT: Final = 2000
_LONGEST_LABEL: Final = 300


@dataclass(slots=True, kw_only=True)
class GridCell:
    """A cell on its way into a table."""

    row: int
    column: int
    content: Inline
    row_span: int = 1
    column_span: int = 1
    is_header: bool = False


@dataclass(slots=True, kw_only=True)
class Grid:
    """A table on its way to the page: cells in any order, none on top of another."""

    cells: list[GridCell] = field(default_factory=list)

    @property
    def height(self) -> int:
        """How many rows it has."""
        return max((cell.row + cell.row_span for cell in self.cells), default=0)

    @property
    def width(self) -> int:
        """How many columns it has."""
        return max((cell.column + cell.column_span for cell in self.cells), default=0)

    def fill(self, *, height: int, width: int) -> None:
        """Put empty cells where there are none."""
        taken = {
            (row, column)
            for cell in self.cells
            for row in range(cell.row, cell.row + cell.row_span)
            for column in range(cell.column, cell.column + cell.column_span)
        }
        self.cells.extend(
            GridCell(row=row, column=column, content=Inline())
            for row in range(height)
            for column in range(width)
            if (row, column) not in taken
        )

    @property
    def is_blank(self) -> bool:
        """Tell whether every cell is empty."""
        return all(cell.content.is_blank for cell in self.cells)


class PageWriter:
    """Puts a page together, block after block; a blank line stands between two."""

    def __init__(self) -> None:
        self._pieces: list[str] = []
        self._length = 0
        self._blocks: list[Block] = []
        self._links: list[Link] = []
        self._figures: list[Figure] = []
        self._cells = 0
        #: Whether something was left out, which the page's reason tells of.
        self.is_partly_read = False
        #: Whether its own program does not show the page.
        self.is_hidden = False

    @property
    def is_full(self) -> bool:
        """Tell whether no more may be written."""
        return len(self._blocks) >= MOST_ITEMS or self._length >= _MOST_CHARACTERS

    @property
    def cells_left(self) -> int:
        """How many more cells the page may have."""
        return MOST_CELLS - self._cells

    @property
    def figure_count(self) -> int:
        """How many pictures the page has so far."""
        return len(self._figures)

    def block(
        self, kind: BlockKind, content: Inline | str, *, level: int | None = None, box: Rectangle | None = None
    ) -> None:
        """Write a block of text; one of white space alone is left out."""
        text, links = (content if isinstance(content, Inline) else Inline(content)).finished()
        if not text or self._refuses():
            return
        start = self._begin()
        self._append(text)
        self._note_links(start, links)
        self._blocks.append(Block(kind=kind, start=start, end=self._length, level=level, box=box))

    def code(self, lines: Sequence[str]) -> None:
        """Write lines that keep their white space."""
        text = clean_characters("\n".join(line.rstrip() for line in lines).replace("\r", "\n")).strip("\n")
        if not text.strip() or self._refuses():
            return
        start = self._begin()
        self._append(text)
        self._blocks.append(Block(kind="code", start=start, end=self._length))

    def table(self, grid: Grid, *, box: Rectangle | None = None) -> None:
        """Write a table: cells divided by tabs, rows by line ends; a table without words is left out.

        Where the page would have too many cells the rest of the rows is left out, with a sign.
        """
        if grid.is_blank or self._refuses():
            return
        is_sparse = grid.height * grid.width > _MOST_EMPTY * len(grid.cells) + _SMALL_TABLE
        rows: dict[int, list[GridCell]] = {}
        for cell in grid.cells:
            rows.setdefault(cell.row, []).append(cell)
        start = self._begin()
        written: list[Cell] = []
        for row in sorted(rows) if is_sparse else range(max(rows) + 1):
            in_row = sorted(rows.get(row, ()), key=lambda cell: cell.column)
            if len(in_row) > self.cells_left:
                self.is_partly_read = True
                break
            self._cells += len(in_row)
            if self._length > start or row:
                self._append("\n")
            written.extend(self._written_row(in_row, is_sparse=is_sparse))
        self._blocks.append(Block(kind="table", start=start, end=self._length, box=box, cells=tuple(written)))

    def figure(self, picture: Picture | None, *, alt: str = "", box: Rectangle | None = None) -> None:
        """Write a picture; None is one that cannot be shown: its words stand for it, and the page has a sign."""
        alt = " ".join(clean_characters(alt).split())[:_LONGEST_ALT]
        if self._refuses():
            return
        if picture is None:
            self.is_partly_read = True
            start = self._begin() if alt else self._length
            self._append(alt)
            self._blocks.append(Block(kind="figure", start=start, end=self._length, box=box))
            return
        number = len(self._figures) + 1
        self._figures.append(Figure(number=number, picture=picture, box=box, alt=alt))
        self._blocks.append(Block(kind="figure", start=self._length, end=self._length, box=box, figure=number))

    @property
    def text(self) -> str:
        """What was written so far."""
        return "".join(self._pieces)

    def append(self, other: "PageWriter") -> None:
        """Write everything that was written elsewhere behind what is here."""
        self.is_partly_read |= other.is_partly_read
        if not other._blocks or self._refuses():
            return
        shift = self._begin() if other._length else self._length
        pictures = len(self._figures)
        self._append(other.text)
        for block in other._blocks[: MOST_ITEMS - len(self._blocks)]:
            self._blocks.append(_shifted(block, shift, pictures))
        self._links.extend(
            replace(link, start=link.start + shift, end=link.end + shift)
            for link in other._links[: max(0, _MOST_LINKS - len(self._links))]
        )
        self._figures.extend(replace(figure, number=figure.number + pictures) for figure in other._figures)
        self._cells += other._cells

    def finish(
        self,
        *,
        number: int | None,
        label: str | None = None,
        width: float | None = None,
        height: float | None = None,
    ) -> ParsedPage:
        """The page as it is now."""
        text = self.text
        reason: PageReason | None = "partly_read" if self.is_partly_read else "hidden" if self.is_hidden else None
        if not text and not self.is_partly_read:
            reason = "no_text_layer" if self._figures else "empty"
        return ParsedPage(
            page=Page(
                number=number,
                text=text,
                status="text" if text else "no_text",
                reason=reason,
                label=_label(label),
                width=width,
                height=height,
                blocks=tuple(self._blocks),
                links=tuple(self._links),
            ),
            figures=tuple(self._figures),
        )

    def _refuses(self) -> bool:
        if self.is_full:
            self.is_partly_read = True
            return True
        return False

    def _begin(self) -> int:
        if self._length:
            self._append("\n\n")
        return self._length

    def _append(self, text: str) -> None:
        self._pieces.append(text)
        self._length += len(text)

    def _written_row(self, cells: Iterable[GridCell], *, is_sparse: bool) -> Iterable[Cell]:
        column = -1
        for cell in cells:
            if cell.column <= column:
                continue  # two cells in one place: the file is not true
            column = max(column, 0)
            self._append("\t" * min(cell.column - column, 1 if is_sparse else _WIDEST))
            column = cell.column
            text, links = cell.content.finished(flat=True)
            start = self._length
            self._append(text)
            self._note_links(start, links)
            yield Cell(
                row=cell.row,
                column=cell.column,
                start=start,
                end=self._length,
                row_span=cell.row_span,
                column_span=cell.column_span,
                is_header=cell.is_header,
            )

    def _note_links(self, start: int, links: list[tuple[int, int, str]]) -> None:
        for first, last, target in links[: max(0, _MOST_LINKS - len(self._links))]:
            self._links.append(Link(start=start + first, end=start + last, target=target))


def _shifted(block: Block, shift: int, pictures: int) -> Block:
    return replace(
        block,
        start=block.start + shift,
        end=block.end + shift,
        cells=tuple(replace(cell, start=cell.start + shift, end=cell.end + shift) for cell in block.cells),
        figure=None if block.figure is None else block.figure + pictures,
    )


def _label(label: str | None) -> str | None:
    words = " ".join(clean_characters(label or "").split())[:_LONGEST_LABEL]
    return words or None
