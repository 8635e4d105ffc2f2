"""Plain text, in Unicode or an old Russian code page."""

from collections.abc import Iterator
from typing import Final

from samovar.domain.page import DocumentHead, DocumentKind, Page, ParsedPage, ParsedPart
from samovar.parsers._shared import decode_text, looks_like_text
from samovar.ports.parser import ParserLimits

__all__ = ["KIND", "MEDIA_TYPES", "SUFFIXES", "read", "recognises"]

KIND: Final[DocumentKind] = "text"
SUFFIXES: Final = (".txt", ".text", ".log")
MEDIA_TYPES: Final = ("text/plain",)

#: Content cannot tell Markdown from plain text: these endings are the one thing taken from a name.
_MARKDOWN_SUFFIXES: Final = (".md", ".markdown")


def recognises(content: bytes, name: str) -> bool:
    """Tell whether this is text that does not call itself Markdown."""
    return not name.lower().endswith(_MARKDOWN_SUFFIXES) and looks_like_text(content)


def read(content: bytes, name: str, limits: ParserLimits, *, first_page: int = 1) -> Iterator[ParsedPart]:
    """Read the text as one page without a number. Raises: FileTypeUnknown, FileEmpty."""
    del limits, first_page  # a text has neither pages nor pixels
    page = Page(number=None, text=decode_text(content, name=name), status="text")
    yield DocumentHead(kind=KIND, media_type=MEDIA_TYPES[0], page_count=1)
    yield ParsedPage(page=page)
