"""Plain text, in Unicode or an old code page; a form feed divides pages, as printers have it."""

from collections.abc import Iterator
from typing import Final

from samovar.domain.page import DocumentHead, DocumentKind, Page, ParsedPage, ParsedPart
from samovar.parsers._markup.page_writer import PageWriter
from samovar.parsers._markup.plain import LONGEST_EXAMINED, long_text_blocks, write_plain_text
from samovar.parsers._shared.text import decode_text
from samovar.parsers._shared.text_kind import text_kind
from samovar.ports.parser import ParserLimits

__all__ = ["KIND", "MEDIA_TYPES", "SUFFIXES", "read", "recognises"]

KIND: Final[DocumentKind] = "text"
SUFFIXES: Final = (".txt", ".text", ".log")
MEDIA_TYPES: Final = ("text/plain",)


def recognises(content: bytes, name: str) -> bool:
    """Tell whether this is text of no other kind."""
    return text_kind(content, name) == KIND


def read(content: bytes, name: str, limits: ParserLimits, *, first_page: int = 1) -> Iterator[ParsedPart]:
    """Read the text as one page without a number, or as the pages that form feeds make of it.

    Raises: FileTypeUnknown, FileEmpty.
    """
    text = decode_text(content, name=name, keep_form_feeds=True)
    sheets = _sheets(text, limits.pages)
    yield DocumentHead(kind=KIND, media_type=MEDIA_TYPES[0], page_count=len(sheets))
    for place in range(first_page - 1, len(sheets)):
        yield _read_sheet(sheets[place], place + 1 if len(sheets) > 1 else None)


def _read_sheet(text: str, number: int | None) -> ParsedPage:
    if len(text) > LONGEST_EXAMINED:
        return ParsedPage(page=Page(number=number, text=text, status="text", blocks=tuple(long_text_blocks(text))))
    writer = PageWriter()
    write_plain_text(writer, text)
    return writer.page(number=number)


def _sheets(text: str, most: int) -> list[str]:
    text = text.strip("\f")
    if not 0 < text.count("\f") < most:
        return [text.replace("\f", "\n")]
    return text.split("\f")
