"""The cells of one sheet of a workbook, as they are shown. Long sheets are read row by row."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final

from samovar.parsers._office.elements import Element, count_of, local, name, rows_of
from samovar.parsers._office.sheets.number_format import format_number, format_text
from samovar.parsers._office.sheets.workbook import CellFormat, Workbook, rich_text
from samovar.parsers._office.writing import MOST_CELLS

__all__ = ["Merge", "SheetCell", "SheetContent", "place_of", "read_sheet"]

_MOST_MERGES: Final = 50_000
_MOST_LINKS: Final = 20_000
_LONGEST_CELL: Final = 33_000
_ROWS: Final = 1_048_576
_COLUMNS: Final = 16_384
_REFERENCE: Final = re.compile(r"\$?([A-Za-z]{1,3})\$?([0-9]{1,7})")
_PLAIN: Final = CellFormat(code="General", is_bold=False)
_HEADER_CODE: Final = re.compile(r'&"[^"]*"|&K[0-9A-Fa-f]{6}|&[0-9]{1,3}|&[A-Za-z]|&&')
_READ: Final = frozenset(
    name(f"s:{tag}")
    for tag in (
        "row",
        "mergeCell",
        "hyperlink",
        "drawing",
        "legacyDrawing",
        "autoFilter",
        "pane",
        "oddHeader",
        "oddFooter",
    )
)


@dataclass(frozen=True, slots=True, kw_only=True)
class SheetCell:
    """A cell that is not empty; ``row`` and ``column`` are counted from 0."""

    row: int
    column: int
    text: str
    is_text: bool
    is_bold: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Merge:
    """A stretch of cells that is shown as one: from the first row and column to the last ones."""

    row: int
    column: int
    last_row: int
    last_column: int


@dataclass(slots=True, kw_only=True)
class SheetContent:
    """What stands on a sheet; ``rows`` has the cells of each row that is not empty, in order."""

    rows: dict[int, list[SheetCell]] = field(default_factory=dict)
    merges: list[Merge] = field(default_factory=list)
    #: Place of a cell to the relationship of its link.
    links: dict[tuple[int, int], str] = field(default_factory=dict)
    #: The rows that the sheet itself calls headings: of a filter, or frozen at the top.
    header_rows: set[int] = field(default_factory=set)
    header: str = ""
    footer: str = ""
    drawing: str | None = None
    is_partly_read: bool = False


@lru_cache(maxsize=65_536)
def place_of(reference: str) -> tuple[int, int] | None:
    """Turn ``B7`` into row 6, column 1; None for what names no cell."""
    found = _REFERENCE.fullmatch(reference)
    if found is None:
        return None
    row, column = int(found[2]) - 1, _column(found[1])
    return (row, column) if 0 <= row < _ROWS and column < _COLUMNS else None


def read_sheet(part: str, workbook: Workbook) -> SheetContent:
    """Read the sheet. Raises: DocumentError."""
    content = SheetContent()
    reader = _Cells(workbook)
    stream = workbook.package.stream(part)
    row = -1
    for element in rows_of(stream, _READ, file_name=workbook.package.file_name):
        match local(element):
            case "row":
                row = _row_number(element, row)
                if reader.count < MOST_CELLS and row < _ROWS:
                    cells = list(reader.row(element, row))
                    if cells:
                        content.rows[row] = cells
                elif len(element):
                    content.is_partly_read = True
            case "oddHeader":
                content.header = _running(element.text)
            case "oddFooter":
                content.footer = _running(element.text)
            case "drawing":
                content.drawing = element.get(name("r:id"))
            case _:
                _note(element, content)
    content.is_partly_read |= reader.has_left_out
    return content


def _note(element: Element, content: SheetContent) -> None:
    match local(element):
        case "mergeCell" if len(content.merges) < _MOST_MERGES:
            merge = _merge(element.get("ref", ""))
            if merge is not None:
                content.merges.append(merge)
        case "mergeCell":
            content.is_partly_read = True
        case "hyperlink" if len(content.links) < _MOST_LINKS:
            place = place_of(element.get("ref", "").partition(":")[0])
            if place is not None:
                content.links[place] = element.get(name("r:id"), "")
        case "autoFilter":
            place = place_of(element.get("ref", "").partition(":")[0])
            if place is not None:
                content.header_rows.add(place[0])
        case "pane" if element.get("state") in ("frozen", "frozenSplit"):
            rows = count_of(element.get("ySplit", "0").partition(".")[0]) or 0
            content.header_rows.update(range(min(10, rows)))
        case _:
            pass


class _Cells:
    """Writes cells as they are shown."""

    def __init__(self, workbook: Workbook) -> None:
        self._workbook = workbook
        self.count = 0
        self.has_left_out = False

    def row(self, element: Element, row: int) -> Iterator[SheetCell]:
        """The cells of a row that are not empty."""
        column = -1
        for cell in element:
            if cell.tag != _C:
                continue
            column = _cell_column(cell.get("r"), column)
            look = self._look(cell.get("s"))
            text, is_text = self._shown(cell, look)
            text = text.strip()
            if text and column < _COLUMNS:
                self.count += 1
                yield SheetCell(
                    row=row, column=column, text=text[:_LONGEST_CELL], is_text=is_text, is_bold=look.is_bold
                )

    def _look(self, style: str | None) -> CellFormat:
        formats = self._workbook.formats
        place = 0 if style is None else count_of(style)
        return formats[place] if place is not None and place < len(formats) else _PLAIN

    def _shown(self, cell: Element, look: CellFormat) -> tuple[str, bool]:
        """The text of a cell, and whether it is a text and not a number, a date or a truth."""
        kind = cell.get("t", "n")
        value = formula = None
        for child in cell:
            if child.tag == _V:
                value = child.text
            elif child.tag == _F:
                formula = child.text or ""
            elif child.tag == _IS:
                return format_text(rich_text(child), look.code), True
        if value is None or (value == "" and kind != "str"):
            if formula is None:
                return "", True
            # The program that wrote the file did not count: the formula itself is shown.
            self.has_left_out = True
            return f"={formula}", True
        return self._valued(kind, value, look)

    def _valued(self, kind: str, value: str, look: CellFormat) -> tuple[str, bool]:
        match kind:
            case "s":
                return format_text(self._string(value), look.code), True
            case "str":
                return format_text(value, look.code), True
            case "b":
                return self._truth(value), False
            case "e":
                return value, False
            case "d":
                return value.replace("T00:00:00", "").replace("T", " "), False
            case _:
                return self._number(value, look)

    def _string(self, value: str) -> str:
        place = count_of(value)
        if place is not None and place < len(self._workbook.strings):
            return self._workbook.strings[place]
        self.has_left_out = True
        return ""

    def _truth(self, value: str) -> str:
        words = ("ЛОЖЬ", "ИСТИНА") if self._workbook.language == "ru" else ("FALSE", "TRUE")
        return words[value.strip() in ("1", "true")]

    def _number(self, value: str, look: CellFormat) -> tuple[str, bool]:
        try:
            number = float(value)
            if not abs(number) < 1e300:
                return value, False
        except ValueError:
            return value, True
        shown = format_number(number, look.code, language=self._workbook.language, epoch_1904=self._workbook.epoch_1904)
        return shown, False


_C: Final = name("s:c")
_V: Final = name("s:v")
_F: Final = name("s:f")
_IS: Final = name("s:is")


@lru_cache(maxsize=_COLUMNS)
def _column(letters: str) -> int:
    number = 0
    for letter in letters.upper():
        number = number * 26 + ord(letter) - 64
    return number - 1


def _cell_column(reference: str | None, before: int) -> int:
    """The column of a cell; one that does not say stands behind the one before."""
    letters = (reference or "").rstrip("0123456789").replace("$", "")
    return _column(letters) if 0 < len(letters) <= 3 and letters.isascii() and letters.isalpha() else before + 1


def _row_number(element: Element, before: int) -> int:
    said = element.get("r", "")
    return int(said) - 1 if said.isascii() and said.isdigit() and 0 < len(said) <= 8 and int(said) > 0 else before + 1


def _merge(reference: str) -> Merge | None:
    first, _, last = reference.partition(":")
    start, end = place_of(first), place_of(last or first)
    if start is None or end is None or start == end:
        return None
    (row, last_row), (column, last_column) = (sorted(pair) for pair in zip(start, end, strict=True))
    return Merge(row=row, column=column, last_row=last_row, last_column=last_column)


def _running(code: str | None) -> str:
    """The words of a header or footer of printed pages, without its codes for page numbers, dates and fonts."""
    return " ".join(_HEADER_CODE.sub(" ", code or "").split())
