"""The sheets of an ODS: rows are read one by one, repeated ones within bounds."""

from collections.abc import Iterator
from typing import Final

from samovar.parsers._office.elements import Element, children_of, count_of, local, name
from samovar.parsers._office.inline import Inline
from samovar.parsers._office.odf.package import OdfPackage
from samovar.parsers._office.odf.story import OdfStory
from samovar.parsers._office.odf.styles import StyleBook
from samovar.parsers._office.sheets.sheet import Merge, SheetCell, SheetContent
from samovar.parsers._office.writing import MOST_CELLS, PageWriter

__all__ = ["OdfSheet", "sheet_names", "sheets_of"]

_PARENTS: Final = frozenset(
    name(tag)
    for tag in (
        "office:automatic-styles", "office:spreadsheet", "table:table", "table:table-header-rows", "table:table-rows",
        "table:table-row-group",
    )
)  # fmt: skip
_TABLE: Final = name("table:table")
_BOOK: Final = name("office:spreadsheet")
_ROWS: Final = 1_048_576
_COLUMNS: Final = 16_384
_MOST_MERGES: Final = 50_000
_LONGEST_CELL: Final = 33_000


class OdfSheet:
    """What stands on one sheet, and what is beside its cells."""

    def __init__(self, sheet_name: str, package: OdfPackage, styles: StyleBook) -> None:
        self.name = sheet_name
        self.writer = PageWriter()
        self.content = SheetContent()
        #: Cells with links.
        self.inlines: dict[tuple[int, int], Inline] = {}
        self._story = OdfStory(self.writer, package, styles)
        self._shapes: list[OdfStory] = []
        self._beside = PageWriter()
        self._beside_story = OdfStory(self._beside, package, styles)
        self._remarks: list[tuple[str, str]] = []
        self._row = 0
        self._count = 0

    def add(self, element: Element) -> None:
        """Take in a row, or the shapes that lie over the sheet."""
        match local(element):
            case "table-row":
                self._add_row(element, is_header=local(element.getparent()) == "table-header-rows")
            case "shapes":
                self._beside_story.read(element)
            case _:
                pass

    def write_beside(self) -> None:
        """Write the shapes and the remarks behind the cells."""
        self.writer.append(self._beside)
        for place, words in self._remarks:
            self.writer.block("footnote", f"[{place}] {words}")

    def _add_row(self, element: Element, *, is_header: bool) -> None:
        again = count_of(element.get(name("table:number-rows-repeated"))) or 1
        cells = list(self._cells(element))
        first = self._row
        self._row += again
        if not cells or first >= _ROWS:
            return
        for row in range(first, min(self._row, _ROWS)):
            if self._count + len(cells) > MOST_CELLS:
                self.content.is_partly_read = True
                return
            self._count += len(cells)
            self.content.rows[row] = [
                SheetCell(row=row, column=cell.column, text=cell.text, is_text=cell.is_text, is_bold=cell.is_bold)
                for cell in cells
            ]
            if is_header:
                self.content.header_rows.add(row)

    def _cells(self, element: Element) -> Iterator[SheetCell]:
        column = 0
        for tc in element:
            if local(tc) not in ("table-cell", "covered-table-cell"):
                continue
            again = count_of(tc.get(name("table:number-columns-repeated"))) or 1
            if column >= _COLUMNS:
                return
            if local(tc) == "table-cell" and len(tc) + len(tc.attrib) > 0:
                text, is_text = self._cell(tc, column)
                if text:
                    for place in range(column, min(column + again, _COLUMNS)):
                        yield SheetCell(row=self._row, column=place, text=text, is_text=is_text, is_bold=False)
            column += again

    def _cell(self, tc: Element, column: int) -> tuple[str, bool]:
        """The text of a cell, and whether it is a text and not a number."""
        content = Inline()
        for child in tc:
            match local(child):
                case "p":
                    content.add(self._story.words.read(child).text, between="\n")
                case "annotation":
                    words = " ".join(" ".join("".join(p.itertext()) for p in child.iter(name("text:p"))).split())
                    if words:
                        self._remarks.append((f"{_letters(column)}{self._row + 1}", words))
                case "frame" | "custom-shape" | "g" | "rect":
                    self._beside_story.read([child])
                case _:
                    pass
        text, links = content.finished()
        kind = tc.get(name("office:value-type"), "string")
        if not text and kind != "string":
            text = tc.get(name("office:value")) or tc.get(name("office:date-value")) or ""
        formula = tc.get(name("table:formula"))
        if formula and not text and tc.get(name("office:value-type")) is None:
            # The program that wrote the file did not count: the formula itself is shown.
            self.content.is_partly_read = True
            text = "=" + formula.partition("=")[2]
        if links:
            self.inlines[self._row, column] = content
        self._note_merge(tc, column)
        return text[:_LONGEST_CELL], kind == "string"

    def _note_merge(self, tc: Element, column: int) -> None:
        down = count_of(tc.get(name("table:number-rows-spanned"))) or 1
        across = count_of(tc.get(name("table:number-columns-spanned"))) or 1
        if (down, across) == (1, 1):
            return
        if len(self.content.merges) >= _MOST_MERGES:
            self.content.is_partly_read = True
            return
        self.content.merges.append(
            Merge(
                row=self._row,
                column=column,
                last_row=min(_ROWS, self._row + down) - 1,
                last_column=min(_COLUMNS, column + across) - 1,
            )
        )


def sheet_names(package: OdfPackage) -> list[str]:
    """The names of the sheets, in order. Raises: FileDamaged."""
    pieces = children_of(package.content(), _PARENTS, file_name=package.file_name)
    return [
        element.get(name("table:name"), "")
        for element in pieces
        if element.tag == _TABLE and element.getparent().tag == _BOOK
    ]


def sheets_of(package: OdfPackage) -> Iterator[OdfSheet]:
    """Read sheet after sheet. Raises: FileDamaged where the file is cut short."""
    styles = StyleBook()
    styles.learn_all(package.styles())
    sheet: OdfSheet | None = None
    for element in children_of(package.content(), _PARENTS, file_name=package.file_name):
        parent = local(element.getparent())
        if parent == "automatic-styles":
            styles.learn(element)
        elif parent != "spreadsheet":
            if sheet is None:
                sheet = OdfSheet("", package, styles)
            sheet.add(element)
        elif local(element) == "table":
            sheet = sheet or OdfSheet("", package, styles)
            sheet.name = element.get(name("table:name"), "")
            sheet.writer.is_hidden = styles.is_hidden("table", element.get(name("table:style-name"), ""))
            yield sheet
            sheet = None


def _letters(column: int) -> str:
    letters = ""
    column += 1
    while column:
        column, rest = divmod(column - 1, 26)
        letters = chr(65 + rest) + letters
    return letters
