"""Paragraphs, lists and tables of a DOCX in the order in which they stand."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import Final

from samovar.domain.layout import BlockKind
from samovar.domain.page import OutlineEntry
from samovar.parsers._office.elements import Element, name
from samovar.parsers._office.inline import Inline
from samovar.parsers._office.word.drawings import Charted, Drawn, Floating, Listed, Shown, chosen
from samovar.parsers._office.word.numbering import Numbering
from samovar.parsers._office.word.runs import Line, Runs
from samovar.parsers._office.word.styles import ParagraphStyle, Styles, is_on, value, whole
from samovar.parsers._office.writing import Grid, GridCell, PageWriter

__all__ = ["Story"]

_LONGEST_TITLE: Final = 500
_MOST_ENTRIES: Final = 20_000
_WIDEST_TABLE: Final = 1000


@dataclass(slots=True, kw_only=True)
class _Table:
    """A table while it is read, and what stands in its cells that is no text."""

    grid: Grid = field(default_factory=Grid)
    #: The cell that reaches down in a column of the grid.
    reaching: dict[int, GridCell] = field(default_factory=dict)
    after: list[Element | Floating] = field(default_factory=list)


class Story:
    """Writes blocks; ``kind`` makes every paragraph one of that kind (header, footer)."""

    def __init__(
        self,
        writer: PageWriter,
        runs: Runs,
        styles: Styles,
        numbering: Numbering,
        *,
        kind: BlockKind | None = None,
    ) -> None:
        self.writer = writer
        self.outline: list[OutlineEntry] = []
        self._runs = runs
        self._styles = styles
        self._numbering = numbering
        self._kind = kind
        self._code: list[str] = []
        #: The paragraph before, whose mark was deleted: the next one goes on in the same line.
        self._open: Line | None = None

    def read(self, elements: Iterable[Element]) -> None:
        """Write what stands in the body, a text box or a note."""
        for element in elements:
            self._element(element)
        self._end_code()

    def show(self, floating: Iterable[Floating]) -> None:
        """Write what floats beside a paragraph, behind it."""
        for found in floating:
            match found:
                case Shown():
                    self.writer.figure(found.picture, alt=found.alt)
                case Drawn():
                    self.read(found.content)
                case Charted():
                    self._block("caption", Inline(found.title))
                    self.writer.table(found.grid)
                case Listed():
                    for line in found.lines:
                        self._block("paragraph", Inline(line))

    def _element(self, element: Element) -> None:
        if element.tag == name("w:p"):
            self._paragraph(element)
        elif element.tag == name("w:tbl"):
            self._end_code()
            self._table(element)
        elif element.tag == name("w:altChunk"):
            self.writer.is_partly_read = True
        elif element.tag == name("mc:AlternateContent"):
            branch = chosen(element)
            for child in () if branch is None else branch:
                self._element(child)
        elif element.tag in (name("m:oMathPara"), name("m:oMath")):
            self._block("paragraph", self._runs.read(element).text)
        elif element.tag in _HOLDERS:
            for child in element:
                self._element(child)

    def _paragraph(self, paragraph: Element) -> None:
        properties = paragraph.find(name("w:pPr"))
        line = self._runs.read(paragraph)
        if self._open is not None:
            self._open.text.add(line.text)
            self._open.floating.extend(line.floating)
            line, self._open = self._open, None
        if properties is not None and properties.find(f"{name('w:rPr')}/{name('w:del')}") is not None:
            self._open = line
            return
        style = self._style(properties)
        if style.is_hidden:
            self.writer.is_partly_read |= not line.text.is_blank
            return
        kind, level, text = self._what(properties, style, line.text)
        if kind == "code":
            self._code.append(line.text.raw)
        else:
            self._end_code()
            self._block(kind, text, level=level)
            if kind == "heading" and self._kind is None:
                self._note_heading(text, level or 1)
        self.show(line.floating)

    def _style(self, properties: Element | None) -> ParagraphStyle:
        return self._styles.paragraph(None if properties is None else value(properties.find(name("w:pStyle"))))

    def _what(
        self, properties: Element | None, style: ParagraphStyle, text: Inline
    ) -> tuple[BlockKind, int | None, Inline]:
        """What a paragraph is, its level, and its text with the number that Word puts before it."""
        if text.is_blank:
            return "paragraph", None, text
        outline = None if properties is None else whole(value(properties.find(name("w:outlineLvl"))))
        role, level = style.role, style.level
        if outline is not None and role in ("body", "heading"):
            role, level = ("heading", min(6, outline + 1)) if 0 <= outline <= 8 else ("body", 1)
        marked, item_level = self._marked(properties, style, text)
        match role:
            case "heading" | "title":
                return "heading", level, marked
            case "caption":
                return "caption", None, marked
            case "code":
                return "code", None, marked
            case _:
                return ("paragraph", None, marked) if item_level is None else ("list_item", item_level, marked)

    def _marked(self, properties: Element | None, style: ParagraphStyle, text: Inline) -> tuple[Inline, int | None]:
        """Count the paragraph in its list, and put the mark before the text."""
        own = None if properties is None else properties.find(name("w:numPr"))
        number = None if own is None else value(own.find(name("w:numId")))
        level = None if own is None else whole(value(own.find(name("w:ilvl"))))
        if number is None:
            number = style.number
            if level is None and number is not None:
                tied = None if properties is None else value(properties.find(name("w:pStyle")))
                level = self._numbering.level_of_style(number, tied or "")
                level = style.number_level if level is None else level
        if number in (None, "0"):
            return text, None
        mark = self._numbering.mark(number or "", level or 0)
        if mark is None:
            return text, None
        marked = Inline(f"{mark.text} " if mark.text else "")
        marked.add(text)
        return marked, mark.level

    def _block(self, kind: BlockKind, text: Inline, *, level: int | None = None) -> None:
        if self._kind is not None:
            kind, level = self._kind, None
        self.writer.block(kind, text, level=level)

    def _note_heading(self, text: Inline, level: int) -> None:
        title = " ".join(text.text.split())[:_LONGEST_TITLE]
        if title and len(self.outline) < _MOST_ENTRIES:
            self.outline.append(OutlineEntry(title=title, level=level, page=None))

    def _end_code(self) -> None:
        if self._code:
            self.writer.code(self._code)
            self._code = []

    def _table(self, element: Element) -> None:
        cells = list(islice(_rows_and_cells(element, "w:tc"), 2))
        if len(cells) == 1:
            # A table of one cell is a frame around what stands in it.
            self.read(cells[0])
            return
        table = self._read_table(element)
        if self._kind is None:
            self.writer.table(table.grid)
        else:
            for cell in table.grid.cells:
                self._block(self._kind, cell.content)
        self._after(table.after)

    def _after(self, after: list[Element | Floating]) -> None:
        """Write what stood in the cells: tables in them, pictures, text boxes."""
        for found in after:
            if isinstance(found, Shown | Drawn | Charted | Listed):
                self.show([found])
            else:
                self._table(found)

    def _read_table(self, element: Element) -> _Table:
        table = _Table()
        style = element.find(f"{name('w:tblPr')}/{name('w:tblStyle')}")
        look = element.find(f"{name('w:tblPr')}/{name('w:tblLook')}")
        heads = _first_row_stands_out(look) and self._styles.has_header_row(value(style))
        row = 0
        for tr in _rows_and_cells(element, "w:tr"):
            properties = tr.find(name("w:trPr"))
            if properties is not None and properties.find(name("w:del")) is not None:
                continue
            said = properties is not None and is_on(properties.find(name("w:tblHeader")))
            self._read_row(tr, row, table, is_header=said or (heads and row == 0))
            row += 1
        return table

    def _read_row(self, tr: Element, row: int, table: _Table, *, is_header: bool) -> None:
        column = _skipped(tr)
        continued: GridCell | None = None
        for tc in _rows_and_cells(tr, "w:tc"):
            properties = tc.find(name("w:tcPr"))
            across = whole(value(None if properties is None else properties.find(name("w:gridSpan")))) or 1
            across = min(max(1, across), _WIDEST_TABLE)
            if _merge(properties, "w:hMerge") == "continue" and continued is not None:
                continued.column_span += across
                column += across
                continue
            down = _merge(properties, "w:vMerge")
            above = table.reaching.get(column)
            if down == "continue" and above is not None and above.row + above.row_span == row:
                above.row_span += 1
                column += across
                continue
            cell = GridCell(row=row, column=column, content=self._cell(tc, table), is_header=is_header)
            cell.column_span = across
            table.grid.cells.append(cell)
            table.reaching.pop(column, None)
            if down is not None:
                table.reaching[column] = cell
            continued = cell
            column += across

    def _cell(self, tc: Element, table: _Table) -> Inline:
        """The words of a cell in one line; other things in it are kept for after the table."""
        content = Inline()
        for element in _blocks_in(tc):
            if element.tag == name("w:tbl"):
                table.after.append(element)
                continue
            properties = element.find(name("w:pPr"))
            line = self._runs.read(element)
            style = self._style(properties)
            if not line.text.is_blank and not style.is_hidden:
                marked, _ = self._marked(properties, style, line.text)
                content.add(marked, between=" ")
            table.after.extend(line.floating)
        return content


_HOLDERS: Final = frozenset(
    name(tag)
    for tag in ("w:sdt", "w:sdtContent", "w:customXml", "w:smartTag", "w:ins", "w:moveTo", "w:txbxContent", "w:tc")
)


def _rows_and_cells(element: Element, wanted: str) -> Iterator[Element]:
    """The rows of a table or the cells of a row, also inside content controls, but not inside other tables."""
    for child in element:
        if child.tag == name(wanted):
            yield child
        elif child.tag in _HOLDERS or (wanted == "w:tc" and child.tag == name("w:tr")):
            yield from _rows_and_cells(child, wanted)


def _blocks_in(tc: Element) -> Iterator[Element]:
    for child in tc:
        if child.tag in (name("w:p"), name("w:tbl")):
            yield child
        elif child.tag in _HOLDERS:
            yield from _blocks_in(child)


def _skipped(tr: Element) -> int:
    before = tr.find(f"{name('w:trPr')}/{name('w:gridBefore')}")
    return min(max(0, whole(value(before)) or 0), _WIDEST_TABLE)


def _merge(properties: Element | None, tag: str) -> str | None:
    """``restart``, ``continue`` (what no value means) or None."""
    found = None if properties is None else properties.find(name(tag))
    return None if found is None else value(found) or "continue"


def _first_row_stands_out(look: Element | None) -> bool:
    if look is None:
        return False
    said = look.get(name("w:firstRow"))
    if said is not None:
        return said in ("1", "true", "on")
    try:
        return bool(int(value(look) or "0", 16) & 0x20)
    except ValueError:
        return False
