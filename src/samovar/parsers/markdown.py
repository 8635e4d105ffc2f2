"""Markdown, kept as it was written: the marks say what is a heading, and citations quote them."""

from collections.abc import Iterator
from typing import Final

from samovar.domain.page import DocumentHead, DocumentKind, Page, ParsedPage, ParsedPart
from samovar.parsers._markup.marked_blocks import find_blocks, find_links, find_title
from samovar.parsers._shared.text import decode_text
from samovar.parsers._shared.text_kind import MARKDOWN_SUFFIXES, text_kind
from samovar.ports.parser import ParserLimits

__all__ = ["KIND", "MEDIA_TYPES", "SUFFIXES", "read", "recognises"]

KIND: Final[DocumentKind] = "markdown"
SUFFIXES: Final = MARKDOWN_SUFFIXES
MEDIA_TYPES: Final = ("text/markdown",)


def recognises(content: bytes, name: str) -> bool:
    """Tell whether this is text that calls itself Markdown."""
    return text_kind(content, name) == KIND


def read(content: bytes, name: str, limits: ParserLimits, *, first_page: int = 1) -> Iterator[ParsedPart]:
    """Read the text as one page without a number. Raises: FileTypeUnknown, FileEmpty."""
    del limits, first_page  # one page, and its pictures are elsewhere
    text = decode_text(content, name=name)
    blocks = find_blocks(text)
    yield DocumentHead(kind=KIND, media_type=MEDIA_TYPES[0], page_count=1, title=find_title(text, blocks))
    yield ParsedPage(page=Page(number=None, text=text, status="text", blocks=blocks, links=find_links(text, blocks)))
