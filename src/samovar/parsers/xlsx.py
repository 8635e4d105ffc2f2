"""XLSX, XLSM and their templates: a page for each sheet, its cells as people see them. Macros are never run.

Source: ECMA-376-1 (2016), SpreadsheetML.
"""

from collections.abc import Iterator
from functools import partial
from typing import Final

from samovar.domain.errors import DocumentError, FileDamaged, FileTooComplex
from samovar.domain.page import DocumentHead, DocumentKind, Page, ParsedPage, ParsedPart
from samovar.parsers._office.container import container_kind
from samovar.parsers._office.inline import Inline
from samovar.parsers._office.package import Package, Relationship
from samovar.parsers._office.pictures import PictureShelf
from samovar.parsers._office.sheets.beside import write_beside, write_comments
from samovar.parsers._office.sheets.sheet import SheetCell, read_sheet
from samovar.parsers._office.sheets.tables import pieces_of
from samovar.parsers._office.sheets.workbook import SheetEntry, Workbook
from samovar.parsers._office.writing import PageWriter
from samovar.ports.parser import ParserLimits

__all__ = ["KIND", "MEDIA_TYPES", "SUFFIXES", "read", "recognises"]

KIND: Final[DocumentKind] = "xlsx"
SUFFIXES: Final = (".xlsx", ".xlsm", ".xltx", ".xltm")
MEDIA_TYPES: Final = (
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.template",
    "application/vnd.ms-excel.sheet.macroenabled.12",
    "application/vnd.ms-excel.template.macroenabled.12",
)


def recognises(content: bytes, name: str) -> bool:
    """Tell by the types named inside whether this is a workbook of Excel."""
    del name  # names lie
    return container_kind(content) == KIND


def read(content: bytes, name: str, limits: ParserLimits, *, first_page: int = 1) -> Iterator[ParsedPart]:
    """Read sheet by sheet. Raises: FileDamaged, FileEncrypted, FileTooComplex."""
    package = Package(content, name, limits)
    workbook = Workbook(package)
    if not workbook.sheets:
        raise FileDamaged(name=name)
    if len(workbook.sheets) > limits.pages:
        raise FileTooComplex(name=name, reason="pages")
    properties = package.properties()
    yield DocumentHead(
        kind=KIND,
        media_type=MEDIA_TYPES[0],
        page_count=len(workbook.sheets),
        title=properties.title,
        author=properties.author,
    )
    shelf = PictureShelf(name, limits)
    for number, entry in enumerate(workbook.sheets, start=1):
        if number >= first_page:
            yield _page(number, entry, workbook, shelf)


def _page(number: int, entry: SheetEntry, workbook: Workbook, shelf: PictureShelf) -> ParsedPage:
    """Read one sheet; a damaged one spoils no other."""
    shelf.turn_page()
    writer = PageWriter()
    writer.is_hidden = entry.is_hidden
    try:
        if entry.part is None:
            raise FileDamaged(name=workbook.package.file_name)
        _write(writer, entry.part, workbook, shelf)
    except DocumentError:
        if not writer.text:
            return ParsedPage(
                page=Page(number=number, text="", status="failed", reason="damaged", label=entry.name[:300] or None)
            )
        writer.is_partly_read = True
    return writer.finish(number=number, label=entry.name)


def _write(writer: PageWriter, part: str, workbook: Workbook, shelf: PictureShelf) -> None:
    content = read_sheet(part, workbook)
    writer.is_partly_read |= content.is_partly_read
    writer.block("header", content.header)
    inline = partial(_linked, links=content.links, relationships=workbook.package.relationships(part))
    for piece in pieces_of(content, inline, most_cells=writer.cells_left):
        if piece.line is not None:
            writer.block("paragraph", piece.line)
        if piece.grid is not None:
            writer.table(piece.grid)
    write_beside(writer, part, content.drawing, workbook.package, shelf)
    write_comments(writer, part, workbook.package)
    writer.block("footer", content.footer)


def _linked(cell: SheetCell, links: dict[tuple[int, int], str], relationships: dict[str, Relationship]) -> Inline:
    """The text of a cell with its link."""
    line = Inline(cell.text)
    found = relationships.get(links.get((cell.row, cell.column), ""))
    if found is not None and found.is_external:
        line.link(0, found.target)
    return line
