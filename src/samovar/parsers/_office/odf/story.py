"""Paragraphs, lists, tables and frames of OpenDocument in the order in which they stand."""

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Final

from samovar.domain.layout import BlockKind, Rectangle
from samovar.domain.page import OutlineEntry
from samovar.parsers._office.elements import Element, count_of, local, name
from samovar.parsers._office.inline import Inline
from samovar.parsers._office.odf.package import OdfPackage
from samovar.parsers._office.odf.styles import ListLevel, StyleBook, mark_of
from samovar.parsers._office.odf.words import OdfLine, OdfNote, OdfWords
from samovar.parsers._office.writing import MOST_CELLS, Grid, GridCell, PageWriter

__all__ = ["OdfStory", "rows_in"]

_LEFT_OUT: Final = frozenset(
    {"tracked-changes", "forms", "sequence-decls", "variable-decls", "user-field-decls", "dde-connection-decls",
     "soft-page-break", "table-of-content-source", "change", "change-start", "change-end", "title", "desc",
     "glue-point", "event-listeners", "enhanced-geometry", "alphabetical-index-source", "illustration-index-source",
     "creator", "date", "object-index-source", "table-index-source", "bibliography-source", "user-index-source",
     "notes", "contour-polygon"}
)  # fmt: skip
_SHAPES: Final = frozenset(
    {"frame", "custom-shape", "rect", "ellipse", "circle", "line", "polygon", "path", "connector", "caption",
     "regular-polygon", "polyline", "measure", "control"}
)  # fmt: skip
_LONGEST_TITLE: Final = 500
_MOST_ENTRIES: Final = 20_000
_MOST_REPEATED: Final = 1000
_DEEPEST: Final = 200


class OdfStory:
    """Writes blocks; ``kind`` makes every paragraph one of that kind, ``box`` is where the shape stands."""

    def __init__(
        self, writer: PageWriter, package: OdfPackage, styles: StyleBook, *, kind: BlockKind | None = None
    ) -> None:
        self.writer = writer
        self.outline: list[OutlineEntry] = []
        self.notes: list[OdfNote] = []
        self.box: Rectangle | None = None
        self.kind = kind
        self.words = OdfWords(package, styles)
        self._package = package
        self._styles = styles
        self._code: list[str] = []
        #: Counters of lists by id or style, to be gone on with.
        self._counted: dict[str, dict[int, int]] = {}
        self._chapters: dict[int, int] = {}

    def read(self, elements: Iterable[Element]) -> None:
        """Write what stands in the body, a text box or a note."""
        for element in elements:
            self._element(element)
        self._end_code()

    def write_notes(self) -> None:
        """Write the notes that were met, each as one block."""
        for note in self.notes:
            whole_note = Inline(f"{note.mark} " if note.mark else "")
            begun = len(whole_note)
            for place, paragraph in enumerate(note.body.iter(name("text:p"), name("text:h"))):
                whole_note.add(self.words.read(paragraph).text, between="\n" if place else "")
            if len(whole_note) > begun:
                self.writer.block("footnote", whole_note)
        self.notes = []

    def _element(self, element: Element, depth: int = 0) -> None:
        kind = local(element)
        if kind in _LEFT_OUT or depth > _DEEPEST:
            return
        if kind in ("p", "h"):
            self._paragraph(element)
        elif kind == "list":
            self._list(element)
        elif kind == "table":
            self._end_code()
            self._table(element)
        elif kind in _SHAPES:
            self.shape(element)
        elif kind == "section" and element.get(name("text:display")) == "none":
            self.writer.is_partly_read = True
        else:
            for child in element:
                self._element(child, depth + 1)

    def _paragraph(self, element: Element, *, mark: str | None = None, level: int | None = None) -> None:
        line = self.words.read(element)
        self.writer.is_partly_read |= self.words.has_left_out
        style = element.get(name("text:style-name"), "")
        if self._styles.is_hidden("paragraph", style) and not line.text.is_blank:
            self.writer.is_partly_read = True
            return
        kind, of_level, text = self._what(element, style, line.text, mark, level)
        if kind == "code":
            self._code.append(text.raw)
        else:
            self._end_code()
            self.writer.block(self.kind or kind, text, level=None if self.kind else of_level, box=self.box)
            if kind == "heading" and self.kind is None:
                self._note_heading(text, of_level or 1)
        self._beside(line)

    def _what(
        self, element: Element, style: str, text: Inline, mark: str | None, level: int | None
    ) -> tuple[BlockKind, int | None, Inline]:
        role, of_level = self._styles.role(style)
        if local(element) == "h":
            outline = count_of(element.get(name("text:outline-level"))) or 1
            role, of_level = "heading", min(6, outline)
            if mark is None and not text.is_blank:
                mark = self._chapter(element, outline)
        marked = Inline(f"{mark} ") if mark and not text.is_blank else Inline()
        marked.add(text)
        match role:
            case "heading" | "title":
                return "heading", of_level, marked
            case "caption":
                return "caption", None, marked
            case "code":
                return "code", None, text
            case _:
                return ("paragraph", None, marked) if level is None else ("list_item", level, marked)

    def _chapter(self, element: Element, level: int) -> str:
        """The number of a heading, where headings are numbered."""
        at = self._styles.outline.get(level)
        if at is None or not at.form or element.get(name("text:is-list-header")) == "true":
            return ""
        start = count_of(element.get(name("text:start-value")))
        before = self._chapters.get(level)
        self._chapters[level] = start if start is not None else at.start if before is None else before + 1
        for deeper in [place for place in self._chapters if place > level]:
            del self._chapters[deeper]
        return mark_of(self._styles.outline, self._chapters, level)

    def _beside(self, line: OdfLine) -> None:
        self.notes.extend(line.notes)
        for element in line.drawn:
            self._element(element)

    def _note_heading(self, text: Inline, level: int) -> None:
        title = " ".join(text.text.split())[:_LONGEST_TITLE]
        if title and len(self.outline) < _MOST_ENTRIES:
            self.outline.append(OutlineEntry(title=title, level=level, page=None))

    def _end_code(self) -> None:
        if self._code:
            self.writer.code(self._code)
            self._code = []

    def _list(
        self,
        element: Element,
        level: int = 1,
        style: str = "",
        counters: dict[int, int] | None = None,
    ) -> None:
        """Read a list; one inside an item goes on with the style and the counters of the list around it."""
        style = element.get(name("text:style-name")) or style
        if counters is None:
            counters = self._begin_counting(element, style)
        levels = self._styles.lists.get(style, {})
        for item in element:
            is_numbered = local(item) == "list-item"
            start = count_of(item.get(name("text:start-value")))
            is_first = True
            for child in item:
                if local(child) == "list":
                    self._list(child, min(10, level + 1), style, counters)
                elif local(child) in ("p", "h"):
                    mark = _counted(levels, counters, level, start) if is_first and is_numbered else ""
                    is_first = False
                    self._paragraph(child, mark=mark, level=level)
                else:
                    self._element(child)

    def _begin_counting(self, element: Element, style: str) -> dict[int, int]:
        goes_on = element.get(name("text:continue-list"), "")
        counters: dict[int, int] = {}
        if goes_on in self._counted:
            counters = self._counted[goes_on]
        elif element.get(name("text:continue-numbering")) == "true":
            counters = self._counted.get(f"style {style}", counters)
        self._counted[f"style {style}"] = counters
        own = element.get(name("xml:id"), "")
        if own:
            self._counted[own] = counters
        return counters

    def _table(self, element: Element) -> None:
        only = _only_cell(element)
        if only is not None:
            # A table of one cell is a frame around what stands in it.
            self.read(only)
            return
        after: list[Element] = []
        grid = self.grid(element, after)
        if self.kind is None:
            self.writer.table(grid, box=self.box)
        else:
            for cell in grid.cells:
                self.writer.block(self.kind, cell.content)
        for found in after:
            self._element(found)

    def grid(self, element: Element, after: list[Element]) -> Grid:
        """Read the cells of a table; tables and shapes inside cells go to ``after``."""
        grid = Grid()
        row = 0
        for is_header, tr in rows_in(element):
            again = min(_MOST_REPEATED, count_of(tr.get(name("table:number-rows-repeated"))) or 1)
            for _ in range(again):
                if len(grid.cells) >= MOST_CELLS:
                    self.writer.is_partly_read = True
                    return grid
                grid.cells.extend(self._row(tr, row, after, is_header=is_header))
                row += 1
        return grid

    def _row(self, tr: Element, row: int, after: list[Element], *, is_header: bool) -> Iterator[GridCell]:
        column = 0
        for tc in tr:
            if local(tc) not in ("table-cell", "covered-table-cell"):
                continue
            again = min(_MOST_REPEATED, count_of(tc.get(name("table:number-columns-repeated"))) or 1)
            if local(tc) == "table-cell":
                content = self._cell(tc, after)
                for place in range(again):
                    yield GridCell(
                        row=row,
                        column=column + place,
                        content=content,
                        row_span=min(MOST_CELLS, count_of(tc.get(name("table:number-rows-spanned"))) or 1),
                        column_span=min(_MOST_REPEATED, count_of(tc.get(name("table:number-columns-spanned"))) or 1),
                        is_header=is_header,
                    )
            column += again

    def _cell(self, tc: Element, after: list[Element]) -> Inline:
        content = Inline()
        counters: dict[int, int] = {}
        for element in _in_cell(tc):
            if local(element) not in ("p", "h"):
                after.append(element)
                continue
            line = self.words.read(element)
            self.notes.extend(line.notes)
            after.extend(line.drawn)
            if line.text.is_blank:
                continue
            content.add(self._item_mark(element, counters), between=" ")
            content.add(line.text, between=" ")
        return content

    def _item_mark(self, paragraph: Element, counters: dict[int, int]) -> Inline:
        """The mark of a list inside a cell, counted for the cell alone."""
        item = paragraph.getparent()
        if item is None or local(item) != "list-item" or item[0] is not paragraph:
            return Inline()
        lists = list(item.iterancestors(name("text:list")))
        style = next((found.get(name("text:style-name")) for found in lists if found.get(name("text:style-name"))), "")
        levels, level = self._styles.lists.get(style or "", {}), len(lists)
        return Inline(_counted(levels, counters, level, None))

    def shape(self, element: Element) -> None:
        """Write a frame or a drawn shape: a picture, an object, a text box, the words on it."""
        alt = _described(element)
        held = {local(child): child for child in reversed(element)}
        if "object" in held and self._object(held["object"], alt):
            return
        images = [child for child in element if local(child) == "image"]
        if "table" in held:
            self._table(held["table"])
        elif images:
            # Of several images of the same thing the first that can be decoded is shown.
            pictures = (self._package.picture(image) for image in images)
            picture = next((found for found in pictures if found is not None), None)
            self.writer.figure(picture, alt=alt, box=self.box)
        elif any(kind in held for kind in ("object", "object-ole", "plugin")):
            self.writer.figure(None, alt=alt, box=self.box)
        else:
            self.read(element)

    def _object(self, held: Element, alt: str) -> bool:
        """Write a chart inside the file as the table of its values; False for other objects."""
        tree = self._package.object_tree(held.get(name("xlink:href"), ""))
        chart = None if tree is None else next(tree.iter(name("chart:chart")), None)
        if chart is None:
            return False
        title = chart.find(name("chart:title"))
        words = "" if title is None else " ".join("".join(title.itertext()).split())
        self.writer.block("caption", words or alt, box=self.box)
        for table in chart.iter(name("table:table")):
            grid = self.grid(table, [])
            for cell in grid.cells:
                cell.is_header = cell.row == 0
            self.writer.table(grid, box=self.box)
        return True


def _counted(levels: dict[int, ListLevel], counters: dict[int, int], level: int, start: int | None) -> str:
    """Count one item and write its mark; levels below begin anew."""
    at = levels.get(level)
    counters[level] = start if start is not None else counters.get(level, (at.start if at else 1) - 1) + 1
    for deeper in [place for place in counters if place > level]:
        del counters[deeper]
    return mark_of(levels, counters, level)


def rows_in(element: Element) -> Iterator[tuple[bool, Element]]:
    """The rows of a table, and whether each is a heading."""
    for child in element:
        kind = local(child)
        if kind == "table-row":
            yield local(element) == "table-header-rows", child
        elif kind in ("table-header-rows", "table-rows", "table-row-group"):
            yield from rows_in(child)


def _only_cell(element: Element) -> Element | None:
    """The cell of a table that has one."""
    rows = list(islice((row for _, row in rows_in(element)), 2))
    cells = [cell for row in rows for cell in row if local(cell) in ("table-cell", "covered-table-cell")]
    again = [*(row.get(name("table:number-rows-repeated")) for row in rows),
             *(cell.get(name("table:number-columns-repeated")) for cell in cells)]  # fmt: skip
    return cells[0] if len(rows) == len(cells) == 1 and all(said in (None, "1") for said in again) else None


def _in_cell(element: Element) -> Iterator[Element]:
    for child in element:
        kind = local(child)
        if kind in ("p", "h", "table") or kind in _SHAPES:
            yield child
        elif kind not in _LEFT_OUT and kind != "annotation":
            yield from _in_cell(child)


def _described(element: Element) -> str:
    for tag in ("svg:desc", "svg:title"):
        found = element.find(name(tag))
        if found is not None and (found.text or "").strip():
            return str(found.text)
    return ""
