"""One slide: its title, its shapes in reading order, the words of its notes, the remarks on it."""

from collections.abc import Iterator
from typing import Final

from samovar.domain.errors import DocumentError
from samovar.domain.layout import BlockKind
from samovar.domain.page import Picture
from samovar.parsers._office.charts import chart_grid, chart_title, diagram_lines
from samovar.parsers._office.elements import Element, local, name
from samovar.parsers._office.inline import Inline
from samovar.parsers._office.pictures import PictureShelf
from samovar.parsers._office.reading_order import reading_order
from samovar.parsers._office.slides.presentation import Presentation
from samovar.parsers._office.slides.shapes import Shape, shapes_of
from samovar.parsers._office.slides.words import inline_of, lines_of
from samovar.parsers._office.writing import Grid, GridCell, PageWriter

__all__ = ["SlideReader"]

_RUNNING: Final[dict[str, BlockKind]] = {"dt": "footer", "ftr": "footer", "sldNum": "footer", "hdr": "header"}
_MOST_CELLS_ACROSS: Final = 1000


class SlideReader:
    """Writes a slide."""

    def __init__(self, presentation: Presentation, part: str, shelf: PictureShelf) -> None:
        self.writer = PageWriter()
        self.title = ""
        self._presentation = presentation
        self._package = presentation.package
        self._part = part
        self._shelf = shelf
        self._sheets = presentation.sheets(part)

    def read(self) -> None:
        """Read everything. Raises: DocumentError for a slide that is damaged."""
        tree = self._package.tree(self._part)
        self.writer.is_hidden = tree.get("show") in ("0", "false")
        shown = [shape for shape in shapes_of(tree, self._sheets) if self._is_shown(shape)]
        titles = [shape for shape in shown if shape.is_title]
        running = [shape for shape in shown if shape.placeholder and shape.placeholder.kind in _RUNNING]
        body = [shape for shape in shown if shape not in titles and shape not in running]
        placed = [(shape.box, shape) for shape in body if shape.box is not None]
        unplaced = [shape for shape in body if shape.box is None]
        for shape in (*titles, *reading_order(placed), *unplaced, *running):
            self._shape(shape)
        self._notes()
        self._comments()

    def _is_shown(self, shape: Shape) -> bool:
        """Leave out shapes that are put out of sight, with a sign, and empty ones."""
        described = shape.element.find(f"./*/{name('p:cNvPr')}")
        if described is not None and described.get("hidden") in ("1", "true"):
            self.writer.is_partly_read = True
            return False
        if local(shape.element) != "sp":
            return True
        has_words = any((found.text or "").strip() for found in shape.element.iter(name("a:t"), name("m:t")))
        return has_words or shape.element.find(f"{name('p:spPr')}/{name('a:blipFill')}") is not None

    def _shape(self, shape: Shape) -> None:
        match local(shape.element):
            case "pic":
                self._picture(shape)
            case "graphicFrame":
                self._frame(shape)
            case _:
                fill = shape.element.find(f"{name('p:spPr')}/{name('a:blipFill')}/{name('a:blip')}")
                if fill is not None:
                    self.writer.figure(self._decoded(fill), alt=_alt(shape.element), box=shape.box)
                self._words(shape)

    def _words(self, shape: Shape) -> None:
        body = shape.element.find(name("p:txBody"))
        if body is None:
            return
        if shape.is_title:
            title = Inline()
            for paragraph in body.iterfind(name("a:p")):
                title.add(inline_of(paragraph, self._package, self._part), between=" ")
            self.title = self.title or " ".join(title.text.split())
            self.writer.block("heading", title, level=1, box=shape.box)
            return
        kind = None if shape.placeholder is None else _RUNNING.get(shape.placeholder.kind)
        for line in lines_of(body, self._styles(shape, body), self._package, self._part):
            if kind is not None:
                self.writer.block(kind, line.text, box=shape.box)
            elif line.level is not None:
                self.writer.block("list_item", line.text, level=line.level, box=shape.box)
            else:
                self.writer.block("paragraph", line.text, box=shape.box)

    def _styles(self, shape: Shape, body: Element) -> list[Element | None]:
        """Where bullets come from: the shape, the shapes that it fills, the master, the presentation."""
        styles = [body.find(name("a:lstStyle"))]
        styles.extend(found.find(f"{name('p:txBody')}/{name('a:lstStyle')}") for found in shape.inherited)
        kind = None if shape.placeholder is None else shape.placeholder.kind
        group = "p:otherStyle" if kind is None or kind in _RUNNING else "p:bodyStyle"
        if self._sheets.master is not None:
            styles.append(self._sheets.master.find(f"{name('p:txStyles')}/{name(group)}"))
        if kind is None:
            styles.append(self._presentation.text_style)
        return styles

    def _picture(self, shape: Shape) -> None:
        blip = next(shape.element.iter(name("a:blip")), None)
        picture = None if blip is None else self._decoded(blip)
        self.writer.figure(picture, alt=_alt(shape.element), box=shape.box)

    def _decoded(self, blip: Element) -> Picture | None:
        found = self._package.relationships(self._part).get(blip.get(name("r:embed"), ""))
        if found is None or found.is_external:
            return None
        try:
            return self._shelf.picture(self._package.read(found.target))
        except DocumentError:
            return None

    def _frame(self, shape: Shape) -> None:
        """A table, a chart, a diagram or an embedded object."""
        table = next(shape.element.iter(name("a:tbl")), None)
        if table is not None:
            self.writer.table(self._grid(table), box=shape.box)
            return
        for element in shape.element.iter(name("c:chart"), name("dgm:relIds"), name("a:blip")):
            if element.tag == name("a:blip"):
                self.writer.figure(self._decoded(element), alt=_alt(shape.element), box=shape.box)
                return
            relationship = element.get(name("r:id" if element.tag == name("c:chart") else "r:dm"), "")
            found = self._package.relationships(self._part).get(relationship)
            tree = self._package.tree_or_none(None if found is None or found.is_external else found.target)
            if tree is None:
                break
            if element.tag == name("c:chart"):
                self.writer.block("caption", chart_title(tree) or _alt(shape.element), box=shape.box)
                self.writer.table(chart_grid(tree), box=shape.box)
            else:
                for line in diagram_lines(tree):
                    self.writer.block("paragraph", line, box=shape.box)
            return
        self.writer.figure(None, alt=_alt(shape.element), box=shape.box)

    def _grid(self, table: Element) -> Grid:
        grid = Grid()
        look = table.find(name("a:tblPr"))
        has_head = look is not None and look.get("firstRow") in ("1", "true")
        for row, tr in enumerate(table.iterfind(name("a:tr"))):
            for column, tc in enumerate(tr.iterfind(name("a:tc"))):
                if tc.get("hMerge") in ("1", "true") or tc.get("vMerge") in ("1", "true"):
                    continue
                content = Inline()
                for paragraph in tc.iter(name("a:p")):
                    content.add(inline_of(paragraph, self._package, self._part), between=" ")
                grid.cells.append(
                    GridCell(
                        row=row,
                        column=column,
                        content=content,
                        row_span=_span(tc.get("rowSpan")),
                        column_span=_span(tc.get("gridSpan")),
                        is_header=has_head and row == 0,
                    )
                )
        return grid

    def _notes(self) -> None:
        """The words of the speaker, as a note behind the slide."""
        part = self._package.first_related(self._part, "notesSlide")
        if part is None:
            return
        tree = self._package.tree_or_none(part)
        if tree is None:
            self.writer.is_partly_read = True
            return
        for shape in tree.iter(name("p:sp")):
            found = shape.find(f"{name('p:nvSpPr')}/{name('p:nvPr')}/{name('p:ph')}")
            if found is None or found.get("type", "body") != "body":
                continue
            whole = Inline()
            for paragraph in shape.iter(name("a:p")):
                whole.add(inline_of(paragraph, self._package, part), between="\n")
            self.writer.block("footnote", whole)

    def _comments(self) -> None:
        parts = self._package.related(self._part, "comments")
        authors = self._presentation.comment_authors() if parts else {}
        for part in parts:
            tree = self._package.tree_or_none(part)
            if tree is None:
                self.writer.is_partly_read = True
                continue
            for author, words in _remarks(tree):
                who = authors.get(author, "")
                self.writer.block("footnote", (f"[{who}] " if who else "") + words)


def _remarks(tree: Element) -> Iterator[tuple[str, str]]:
    """Author and words of each remark, old or new, with its answers."""
    for remark in tree.iter():
        if local(remark) not in ("cm", "reply"):
            continue
        words = [child.text or "" for child in remark if local(child) == "text"]
        for child in remark:
            if local(child) == "txBody":
                words.extend(found.text or "" for found in child.iter(name("a:t")))
        if "".join(words).strip():
            yield remark.get("authorId", ""), " ".join("".join(words).split())


def _alt(element: Element) -> str:
    described = element.find(f"./*/{name('p:cNvPr')}")
    return "" if described is None else str(described.get("descr") or described.get("title") or "")


def _span(text: str | None) -> int:
    return (
        min(_MOST_CELLS_ACROSS, max(1, int(text)))
        if text and text.isascii() and text.isdigit() and len(text) < 6
        else 1
    )
