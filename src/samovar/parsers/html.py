"""HTML pages as browsers, Word and Excel save them; nothing that they point to is fetched."""

from collections.abc import Iterator
from typing import Final

from samovar.domain.errors import FileEmpty
from samovar.domain.page import DocumentHead, DocumentKind, ParsedPart
from samovar.parsers._markup.html_text import PictureFinder, decode_html
from samovar.parsers._markup.markup_reader import read_markup
from samovar.parsers._markup.page_writer import PageWriter
from samovar.parsers._shared.text_kind import text_kind
from samovar.ports.parser import ParserLimits

__all__ = ["KIND", "MEDIA_TYPES", "SUFFIXES", "read", "recognises"]

KIND: Final[DocumentKind] = "html"
SUFFIXES: Final = (".html", ".htm", ".xhtml")
MEDIA_TYPES: Final = ("text/html", "application/xhtml+xml")


def recognises(content: bytes, name: str) -> bool:
    """Tell by the first element; a piece of a page needs several."""
    return text_kind(content, name) == KIND


def read(content: bytes, name: str, limits: ParserLimits, *, first_page: int = 1) -> Iterator[ParsedPart]:
    """Read the page as one without a number. Raises: FileEmpty where a reader would see nothing."""
    del first_page  # there is only one
    writer = PageWriter()
    pictures = PictureFinder(limits)
    head = read_markup(decode_html(content), writer, find_picture=pictures)
    if not writer.has_blocks and not writer.is_full:
        raise FileEmpty(name=name)
    writer.is_full = writer.is_full or pictures.left_out
    yield DocumentHead(kind=KIND, media_type=MEDIA_TYPES[0], page_count=1, title=head.title, author=head.author)
    yield writer.page()
