"""ODP and OTP: a page for each slide, in points, its frames in the order in which they are read.

Source: OpenDocument 1.3 (OASIS, 2021), as LibreOffice and PowerPoint write it.
"""

from collections.abc import Iterator
from typing import Final

from samovar.domain.errors import DocumentError, FileEmpty, FileTooComplex
from samovar.domain.page import DocumentHead, DocumentKind, Page, ParsedPage, ParsedPart
from samovar.parsers._office.container import container_kind
from samovar.parsers._office.elements import Element, children_of
from samovar.parsers._office.elements import name as tag
from samovar.parsers._office.odf.package import OdfPackage
from samovar.parsers._office.odf.slide import OdfSlide, page_sizes
from samovar.parsers._office.odf.styles import StyleBook
from samovar.ports.parser import ParserLimits

__all__ = ["KIND", "MEDIA_TYPES", "SUFFIXES", "read", "recognises"]

KIND: Final[DocumentKind] = "odp"
SUFFIXES: Final = (".odp", ".otp")
MEDIA_TYPES: Final = (
    "application/vnd.oasis.opendocument.presentation",
    "application/vnd.oasis.opendocument.presentation-template",
)

_PARENTS: Final = frozenset({tag("office:automatic-styles"), tag("office:presentation")})
_PAGE: Final = tag("draw:page")


def recognises(content: bytes, name: str) -> bool:
    """Tell by the type named inside whether these are slides of OpenDocument."""
    del name  # names lie
    return container_kind(content) == KIND


def read(content: bytes, name: str, limits: ParserLimits, *, first_page: int = 1) -> Iterator[ParsedPart]:
    """Read slide by slide. Raises: FileDamaged, FileEmpty (no slides), FileEncrypted, FileTooComplex."""
    package = OdfPackage(content, name, limits)
    count = sum(element.tag == _PAGE for element in children_of(package.content(), _PARENTS, file_name=name))
    if not count:
        raise FileEmpty(name=name)
    if count > limits.pages:
        raise FileTooComplex(name=name, reason="pages")
    title, author = package.title_and_author()
    yield DocumentHead(kind=KIND, media_type=MEDIA_TYPES[0], page_count=count, title=title, author=author)
    styles = StyleBook()
    common = package.styles()
    styles.learn_all(common)
    sizes = page_sizes(common)
    number = 0
    for element in children_of(package.content(), _PARENTS, file_name=name):
        if element.getparent().tag == tag("office:automatic-styles"):
            styles.learn(element)
        elif element.tag == _PAGE:
            number += 1
            if number >= first_page:
                yield _page(number, element, package, styles, sizes)


def _page(
    number: int, element: Element, package: OdfPackage, styles: StyleBook, sizes: dict[str, tuple[float, float]]
) -> ParsedPage:
    """Read one slide; a damaged one spoils no other."""
    package.shelf.turn_page()
    width, height = sizes.get(element.get(tag("draw:master-page-name"), "")) or (None, None)
    slide = OdfSlide(package, styles)
    try:
        slide.read(element)
    except DocumentError:
        return ParsedPage(
            page=Page(number=number, text="", status="failed", reason="damaged", width=width, height=height)
        )
    return slide.writer.finish(number=number, label=slide.title, width=width, height=height)
