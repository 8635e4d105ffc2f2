"""PPTX, PPSX and their templates: a page for each slide, in points, its shapes in the order in which they are read.

Source: ECMA-376-1 (2016), PresentationML.
"""

from collections.abc import Iterator
from typing import Final

from samovar.domain.errors import DocumentError, FileDamaged, FileEmpty, FileTooComplex
from samovar.domain.page import DocumentHead, DocumentKind, Page, ParsedPage, ParsedPart
from samovar.parsers._office.container import container_kind
from samovar.parsers._office.package import Package
from samovar.parsers._office.pictures import PictureShelf
from samovar.parsers._office.slides.presentation import Presentation, SlideEntry
from samovar.parsers._office.slides.slide import SlideReader
from samovar.ports.parser import ParserLimits

__all__ = ["KIND", "MEDIA_TYPES", "SUFFIXES", "read", "recognises"]

KIND: Final[DocumentKind] = "pptx"
SUFFIXES: Final = (".pptx", ".pptm", ".ppsx", ".ppsm", ".potx", ".potm")
MEDIA_TYPES: Final = (
    "application/vnd.openxmlformats-officedocument.presentationml.presentation",
    "application/vnd.openxmlformats-officedocument.presentationml.slideshow",
    "application/vnd.openxmlformats-officedocument.presentationml.template",
    "application/vnd.ms-powerpoint.presentation.macroenabled.12",
)


def recognises(content: bytes, name: str) -> bool:
    """Tell by the types named inside whether these are slides of PowerPoint."""
    del name  # names lie
    return container_kind(content) == KIND


def read(content: bytes, name: str, limits: ParserLimits, *, first_page: int = 1) -> Iterator[ParsedPart]:
    """Read slide by slide. Raises: FileDamaged, FileEmpty (no slides), FileEncrypted, FileTooComplex."""
    package = Package(content, name, limits)
    presentation = Presentation(package)
    if not presentation.slides:
        raise FileEmpty(name=name)
    if len(presentation.slides) > limits.pages:
        raise FileTooComplex(name=name, reason="pages")
    properties = package.properties()
    yield DocumentHead(
        kind=KIND,
        media_type=MEDIA_TYPES[0],
        page_count=len(presentation.slides),
        title=properties.title,
        author=properties.author,
    )
    shelf = PictureShelf(name, limits)
    for number, entry in enumerate(presentation.slides, start=1):
        if number >= first_page:
            yield _page(number, entry, presentation, shelf)


def _page(number: int, entry: SlideEntry, presentation: Presentation, shelf: PictureShelf) -> ParsedPage:
    """Read one slide; a damaged one spoils no other."""
    shelf.turn_page()
    try:
        if entry.part is None:
            raise FileDamaged(name=presentation.package.file_name)
        reader = SlideReader(presentation, entry.part, shelf)
        reader.read()
    except DocumentError:
        failed = Page(
            number=number,
            text="",
            status="failed",
            reason="damaged",
            width=presentation.width,
            height=presentation.height,
        )
        return ParsedPage(page=failed)
    return reader.writer.finish(number=number, label=reader.title, width=presentation.width, height=presentation.height)
