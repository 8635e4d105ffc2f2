"""Plain text, in Unicode or an old Russian code page."""

from typing import Final

from samovar.domain.document import DocumentKind, Page, ParsedDocument
from samovar.parsers._shared import decode_text, looks_like_text
from samovar.ports.parser import ParserLimits

__all__ = ["KIND", "MEDIA_TYPES", "SUFFIXES", "parse", "recognises"]

KIND: Final[DocumentKind] = "text"
SUFFIXES: Final = (".txt", ".text", ".log")
MEDIA_TYPES: Final = ("text/plain",)

#: Content cannot tell Markdown from plain text: these endings are the one thing taken from a name.
_MARKDOWN_SUFFIXES: Final = (".md", ".markdown")


def recognises(content: bytes, name: str) -> bool:
    """Tell whether this is text that does not call itself Markdown."""
    return not name.lower().endswith(_MARKDOWN_SUFFIXES) and looks_like_text(content)


def parse(content: bytes, name: str, limits: ParserLimits) -> ParsedDocument:
    """Read the text as one page without a number. Raises: FileTypeUnknown, FileEmpty."""
    del limits  # a text has neither pages nor pixels
    page = Page(number=None, text=decode_text(content, name=name), status="text")
    return ParsedDocument(kind=KIND, media_type=MEDIA_TYPES[0], pages=(page,))
