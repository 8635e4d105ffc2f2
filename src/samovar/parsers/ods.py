"""ODS and OTS: a page for each sheet, its cells as they were shown when the file was saved.

Source: OpenDocument 1.3 (OASIS, 2021), as LibreOffice and Excel write it.
"""

from collections.abc import Iterator
from typing import Final

from samovar.domain.errors import DocumentError, FileDamaged, FileTooComplex
from samovar.domain.page import DocumentHead, DocumentKind, Page, ParsedPage, ParsedPart
from samovar.parsers._office.container import container_kind
from samovar.parsers._office.inline import Inline
from samovar.parsers._office.odf.package import OdfPackage
from samovar.parsers._office.odf.sheets import OdfSheet, sheet_names, sheets_of
from samovar.parsers._office.sheets.tables import pieces_of
from samovar.ports.parser import ParserLimits

__all__ = ["KIND", "MEDIA_TYPES", "SUFFIXES", "read", "recognises"]

KIND: Final[DocumentKind] = "ods"
SUFFIXES: Final = (".ods", ".ots")
MEDIA_TYPES: Final = (
    "application/vnd.oasis.opendocument.spreadsheet",
    "application/vnd.oasis.opendocument.spreadsheet-template",
)


def recognises(content: bytes, name: str) -> bool:
    """Tell by the type named inside whether this is a workbook of OpenDocument."""
    del name  # names lie
    return container_kind(content) == KIND


def read(content: bytes, name: str, limits: ParserLimits, *, first_page: int = 1) -> Iterator[ParsedPart]:
    """Read sheet by sheet. Raises: FileDamaged, FileEncrypted, FileTooComplex."""
    package = OdfPackage(content, name, limits)
    names = sheet_names(package)
    if not names:
        raise FileDamaged(name=name)
    if len(names) > limits.pages:
        raise FileTooComplex(name=name, reason="pages")
    title, author = package.title_and_author()
    yield DocumentHead(kind=KIND, media_type=MEDIA_TYPES[0], page_count=len(names), title=title, author=author)
    read_so_far = 0
    try:
        for number, sheet in enumerate(sheets_of(package), start=1):
            read_so_far = number
            if number >= first_page:
                yield _page(number, sheet)
    except DocumentError:
        # The file ends in the middle: the sheets behind are told of, one by one.
        for number in range(max(read_so_far + 1, first_page), len(names) + 1):
            label = names[number - 1][:300] or None
            yield ParsedPage(page=Page(number=number, text="", status="failed", reason="damaged", label=label))


def _page(number: int, sheet: OdfSheet) -> ParsedPage:
    """Write what was read of a sheet."""
    writer = sheet.writer
    writer.is_partly_read |= sheet.content.is_partly_read
    for piece in pieces_of(
        sheet.content,
        lambda cell: sheet.inlines.get((cell.row, cell.column)) or Inline(cell.text),
        most_cells=writer.cells_left,
    ):
        if piece.line is not None:
            writer.block("paragraph", piece.line)
        if piece.grid is not None:
            writer.table(piece.grid)
    sheet.write_beside()
    return writer.finish(number=number, label=sheet.name)
