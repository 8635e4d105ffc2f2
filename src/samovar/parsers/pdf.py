"""PDF through PDFium: pages in reading order with tables, pictures, links and places, and pages as they look."""

from collections.abc import Iterator
from contextlib import closing
from io import BytesIO
from math import sqrt
from typing import Final

import pypdfium2 as pdfium

from samovar.domain.errors import FileDamaged, FileTooComplex
from samovar.domain.layout import Rectangle, Word
from samovar.domain.page import DocumentKind, Figure, Page, ParsedPage, ParsedPart, Picture
from samovar.parsers._pdf.document import Sheet, opened, opened_page, opened_sheet, page_name, read_head
from samovar.parsers._pdf.layout import PageLayout, lay_out
from samovar.parsers._pdf.links import read_links
from samovar.parsers._pdf.pictures import draw_image
from samovar.parsers._pdf.places import boxes_of, words_of
from samovar.ports.lanes import Lane, lanes_for
from samovar.ports.parser import ParserLimits

__all__ = ["KIND", "MEDIA_TYPES", "SUFFIXES", "locate", "read", "read_lane", "recognises", "render_page", "words"]

KIND: Final[DocumentKind] = "pdf"
SUFFIXES: Final = (".pdf",)
MEDIA_TYPES: Final = ("application/pdf",)

_MARK: Final = b"%PDF-"
_HEAD_BYTES: Final = 1024
_TAIL_BYTES: Final = 4096
_NARROWEST_PX: Final = 200
_WIDEST_PX: Final = 2400
#: A page may be as tall as a till receipt, but its picture stays inside this and the pixel limit.
_TALLEST_PX: Final = 8000
_PNG_COMPRESSION: Final = 4


def recognises(content: bytes, name: str) -> bool:
    """Tell by the mark at the start; junk before the mark is allowed only where the end looks like a PDF too."""
    del name  # names lie
    if content[:64].lstrip(b"\xef\xbb\xbf \t\r\n\x00").startswith(_MARK):
        return True
    return _MARK in content[:_HEAD_BYTES] and b"startxref" in content[-_TAIL_BYTES:]


def read(content: bytes, name: str, limits: ParserLimits, *, first_page: int = 1) -> Iterator[ParsedPart]:
    """Read the head, and then page by page.

    A page that cannot be read as text is ``waiting`` for OCR: it has no text layer, or one that is not what is seen
    (hidden, or of fonts that do not name their letters). A page whose hidden text was left out says so by its reason.
    Pictures beyond ``limits.figures`` of the file, or of more than ``limits.pixels``, are left out, and the page is
    ``partly_read``.

    Raises: FileEncrypted, FileDamaged, FileEmpty (no pages at all), FileTooComplex (too many pages).
    """
    return read_lane(content, name, limits, first_page=first_page, lane=Lane(0, 1))


def read_lane(
    content: bytes, name: str, limits: ParserLimits, *, first_page: int = 1, lane: Lane
) -> Iterator[ParsedPart]:
    """Read a share of the pages as ``read`` does; see ``LaneParser``. Pictures are counted in each lane by itself."""
    with opened(content, name) as document:
        count = len(document)
        if count > limits.pages:
            raise FileTooComplex(name=name, reason="pages")
        if lane.number == 0:
            yield read_head(document, MEDIA_TYPES[0])
        share = Lane(lane.number, lanes_for(count - first_page + 1, lane.of))
        figures = limits.figures
        for number in share.pages(first_page, count):
            parsed = _read_page(document, number, limits, figures)
            figures -= len(parsed.figures)
            yield parsed


def render_page(content: bytes, page: int, width_px: int, limits: ParserLimits) -> Picture:
    """Draw one page on white. The width is kept between 200 and 2400 pixels. Raises: FileDamaged, FileEncrypted."""
    with opened(content, page_name(page)) as document, opened_page(document, page) as sheet:
        width, height = _size(sheet)
        scale = _scale(width, height, width_px, limits.pixels)
        try:
            image = sheet.render(scale=scale).to_pil()
        except (pdfium.PdfiumError, ValueError) as error:
            raise FileDamaged(name=page_name(page)) from error
    buffer = BytesIO()
    image.save(buffer, "PNG", compress_level=_PNG_COMPRESSION)
    return Picture(media_type="image/png", content=buffer.getvalue(), width=image.width, height=image.height)


def words(content: bytes, page: int) -> tuple[Word, ...]:
    """Find the box of every word; one divided at the end of a line has two. Raises: FileDamaged, FileEncrypted."""
    with opened(content, page_name(page)) as document, opened_page(document, page) as sheet:
        try:
            with closing(sheet.get_textpage()) as textpage:
                return words_of(lay_out(sheet, textpage))
        except pdfium.PdfiumError as error:
            raise FileDamaged(name=page_name(page)) from error


def locate(content: bytes, page: int, start: int, end: int) -> tuple[Rectangle, ...]:
    """Find the boxes of a stretch of the page's text, one a line, in points from the top left corner.

    Raises: FileDamaged, FileEncrypted.
    """
    with opened(content, page_name(page)) as document, opened_page(document, page) as sheet:
        try:
            with closing(sheet.get_textpage()) as textpage:
                return boxes_of(lay_out(sheet, textpage), start, end)
        except pdfium.PdfiumError as error:
            raise FileDamaged(name=page_name(page)) from error


def _read_page(document: pdfium.PdfDocument, number: int, limits: ParserLimits, figures: int) -> ParsedPage:
    """Read one page; a damaged one is told apart and spoils no other."""
    try:
        with opened_sheet(document, number) as (sheet, textpage):
            layout = lay_out(sheet, textpage)
            drawn = _figures(document, sheet, layout, limits, figures) if layout.images else ()
            links = read_links(document, sheet, layout)
    except pdfium.PdfiumError:
        return ParsedPage(page=Page(number=number, text="", status="failed", reason="damaged"))
    numbers = {figure.number for figure in drawn}
    is_whole = len(drawn) == len(layout.images)
    page = Page(
        number=number,
        text=layout.text,
        status=layout.status,
        reason=layout.reason or (None if is_whole else "partly_read"),
        width=layout.seen.width,
        height=layout.seen.height,
        blocks=layout.blocks
        if is_whole
        else tuple(block for block in layout.blocks if block.figure is None or block.figure in numbers),
        links=links,
    )
    return ParsedPage(page=page, figures=drawn)


def _figures(
    document: pdfium.PdfDocument, sheet: Sheet, layout: PageLayout, limits: ParserLimits, most: int
) -> tuple[Figure, ...]:
    found: list[Figure] = []
    for number, image in enumerate(layout.images, start=1):
        if len(found) >= most:
            break
        picture = draw_image(document, sheet, image, layout.seen, pixels=limits.pixels)
        if picture is not None:
            box = layout.seen.rectangle(layout.seen.place(image.box))
            found.append(Figure(number=number, picture=picture, box=box))
    return tuple(found)


def _size(sheet: pdfium.PdfPage) -> tuple[float, float]:
    """The page as it is seen: crop and rotation are in the figures already. Units: points."""
    width, height = sheet.get_size()
    return max(1.0, width), max(1.0, height)


def _scale(width: float, height: float, width_px: int, pixels: int) -> float:
    """How many pixels a point gets: the wanted width, unless the picture would grow beyond its limits."""
    wanted = min(max(width_px, _NARROWEST_PX), _WIDEST_PX)
    scale = min(wanted / width, _TALLEST_PX / height)
    most = min(pixels, _WIDEST_PX * _TALLEST_PX)
    return min(scale, sqrt(most / (width * height)))
