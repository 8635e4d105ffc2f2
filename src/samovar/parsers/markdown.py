"""Markdown, kept as it was written: the marks help to cut it at headings."""

from typing import Final

from samovar.domain.document import DocumentKind, Page, ParsedDocument
from samovar.parsers._shared import decode_text, looks_like_text
from samovar.ports.parser import ParserLimits

__all__ = ["KIND", "MEDIA_TYPES", "SUFFIXES", "parse", "recognises"]

KIND: Final[DocumentKind] = "text"
SUFFIXES: Final = (".md", ".markdown")
MEDIA_TYPES: Final = ("text/markdown",)


def recognises(content: bytes, name: str) -> bool:
    """Tell whether this is text that calls itself Markdown."""
    return name.lower().endswith(SUFFIXES) and looks_like_text(content)


def parse(content: bytes, name: str, limits: ParserLimits) -> ParsedDocument:
    """Read the text as one page without a number. Raises: FileTypeUnknown, FileEmpty."""
    del limits  # a text has neither pages nor pixels
    page = Page(number=None, text=decode_text(content, name=name), status="text")
    return ParsedDocument(kind=KIND, media_type=MEDIA_TYPES[0], pages=(page,))
