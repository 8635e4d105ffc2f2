"""Rich Text Format, as Word, LibreOffice and many business programs write it."""

from collections.abc import Iterator
from typing import Final

from samovar.domain.errors import FileEmpty
from samovar.domain.page import DocumentHead, DocumentKind, ParsedPart
from samovar.parsers._markup.html_text import PictureFinder
from samovar.parsers._markup.page_writer import PageWriter
from samovar.parsers._rtf.rtf_reader import RtfReader
from samovar.parsers._shared.text_kind import text_kind
from samovar.ports.parser import ParserLimits

__all__ = ["KIND", "MEDIA_TYPES", "SUFFIXES", "read", "recognises"]

KIND: Final[DocumentKind] = "rtf"
SUFFIXES: Final = (".rtf",)
MEDIA_TYPES: Final = ("application/rtf", "text/rtf")


def recognises(content: bytes, name: str) -> bool:
    """Tell by the first word."""
    return text_kind(content, name) == KIND


def read(content: bytes, name: str, limits: ParserLimits, *, first_page: int = 1) -> Iterator[ParsedPart]:
    """Read the text as one page without a number. Raises: FileEmpty where nothing is to be seen."""
    del first_page  # there is only one
    writer = PageWriter()
    pictures = PictureFinder(limits)
    reader = RtfReader(writer, pictures.decode)
    reader.read(content)
    if not writer.has_blocks and not writer.is_full and not pictures.left_out:
        raise FileEmpty(name=name)
    writer.is_full = writer.is_full or pictures.left_out
    yield DocumentHead(kind=KIND, media_type=MEDIA_TYPES[0], page_count=1, title=reader.title, author=reader.author)
    yield writer.page()
