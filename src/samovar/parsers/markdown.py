"""Markdown, kept as it was written: the marks help to cut it at headings."""

from collections.abc import Iterator
from typing import Final

from samovar.domain.page import DocumentHead, DocumentKind, Page, ParsedPage, ParsedPart
from samovar.parsers._shared import decode_text, looks_like_text
from samovar.ports.parser import ParserLimits

__all__ = ["KIND", "MEDIA_TYPES", "SUFFIXES", "read", "recognises"]

KIND: Final[DocumentKind] = "markdown"
SUFFIXES: Final = (".md", ".markdown")
MEDIA_TYPES: Final = ("text/markdown",)


def recognises(content: bytes, name: str) -> bool:
    """Tell whether this is text that calls itself Markdown."""
    return name.lower().endswith(SUFFIXES) and looks_like_text(content)


def read(content: bytes, name: str, limits: ParserLimits, *, first_page: int = 1) -> Iterator[ParsedPart]:
    """Read the text as one page without a number. Raises: FileTypeUnknown, FileEmpty."""
    del limits, first_page  # a text has neither pages nor pixels
    page = Page(number=None, text=decode_text(content, name=name), status="text")
    yield DocumentHead(kind=KIND, media_type=MEDIA_TYPES[0], page_count=1)
    yield ParsedPage(page=page)
