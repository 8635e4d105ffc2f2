"""PDF through PDFium: the text of each page with its places, and pictures of pages."""

import re
from collections.abc import Iterator
from contextlib import closing, contextmanager
from ctypes import byref, c_int
from io import BytesIO
from math import sqrt
from typing import Final

import pypdfium2 as pdfium
import pypdfium2.raw as pdfium_c

from samovar.domain.errors import FileDamaged, FileEmpty, FileEncrypted, FileTooComplex
from samovar.domain.layout import Rectangle, Word
from samovar.domain.page import DocumentHead, DocumentKind, Page, PageReason, ParsedPage, ParsedPart, Picture
from samovar.parsers._shared import clean_characters
from samovar.ports.parser import ParserLimits

__all__ = ["KIND", "MEDIA_TYPES", "SUFFIXES", "locate", "read", "recognises", "render_page", "words"]

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
#: PDFium converts places to whole device units only: so many of them in a point.
_UNITS_IN_A_POINT: Final = 100
_LARGEST_DEVICE: Final = 2**30
_PLACES_CHECKED: Final = 16
_MOST_BOXES: Final = 10_000
#: PDFium's own codes (fpdfview.h).
_CODE_PASSWORD: Final = 4
_CODE_SECURITY: Final = 5


def recognises(content: bytes, name: str) -> bool:
    """Tell by the mark at the start; junk before the mark is allowed only where the end looks like a PDF too."""
    del name  # names lie
    if content[:64].lstrip(b"\xef\xbb\xbf \t\r\n\x00").startswith(_MARK):
        return True
    return _MARK in content[:_HEAD_BYTES] and b"startxref" in content[-_TAIL_BYTES:]


def read(content: bytes, name: str, limits: ParserLimits, *, first_page: int = 1) -> Iterator[ParsedPart]:
    """Read the text of every page.

    Raises: FileEncrypted, FileDamaged, FileEmpty (no pages at all), FileTooComplex (too many pages).
    """
    with _opened(content, name) as document:
        count = len(document)
        if count > limits.pages:
            raise FileTooComplex(name=name, reason="pages")
        yield DocumentHead(kind=KIND, media_type=MEDIA_TYPES[0], page_count=count)
        for number in range(first_page, count + 1):
            yield ParsedPage(page=_read_page(document, number))


def render_page(content: bytes, page: int, width_px: int, limits: ParserLimits) -> Picture:
    """Draw one page on white. The width is kept between 200 and 2400 pixels. Raises: FileDamaged, FileEncrypted."""
    with _opened(content, _page_name(page)) as document, _page(document, page) as sheet:
        width, height = _size(sheet)
        scale = _scale(width, height, width_px, limits.pixels)
        try:
            image = sheet.render(scale=scale).to_pil()
        except (pdfium.PdfiumError, ValueError) as error:
            raise FileDamaged(name=_page_name(page)) from error
    buffer = BytesIO()
    image.save(buffer, "PNG", compress_level=_PNG_COMPRESSION)
    return Picture(media_type="image/png", content=buffer.getvalue(), width=image.width, height=image.height)


def words(content: bytes, page: int) -> tuple[Word, ...]:
    """Find the box of every word. Raises: FileDamaged, FileEncrypted."""
    with _opened(content, _page_name(page)) as document, _page(document, page) as sheet:
        with closing(sheet.get_textpage()) as textpage:
            spans = [match.span() for match in re.finditer(r"\S+", _text(textpage))]
        boxes = [locate(content, page, start, end) for start, end in spans]
    return tuple(
        Word(start=start, end=end, box=found[0]) for (start, end), found in zip(spans, boxes, strict=True) if found
    )


def locate(content: bytes, page: int, start: int, end: int) -> tuple[Rectangle, ...]:
    """Find the boxes of a stretch of text, one a line where possible, in points from the top left corner.

    Raises: FileDamaged, FileEncrypted.
    """
    with _opened(content, _page_name(page)) as document, _page(document, page) as sheet:
        try:
            with closing(sheet.get_textpage()) as textpage:
                start, end = max(0, start), min(end, textpage.count_chars())
                if start >= end:
                    return ()
                count = min(textpage.count_rects(start, end - start), _MOST_BOXES)
                boxes = [textpage.get_rect(index) for index in range(count)]
        except pdfium.PdfiumError as error:
            raise FileDamaged(name=_page_name(page)) from error
        return tuple(_joined(_to_screen(sheet, boxes)))


@contextmanager
def _opened(content: bytes, name: str) -> Iterator[pdfium.PdfDocument]:
    try:
        document = pdfium.PdfDocument(content)
    except pdfium.PdfiumError as error:
        if error.err_code in (_CODE_PASSWORD, _CODE_SECURITY):
            raise FileEncrypted(name=name) from error
        if error.err_code == pdfium_c.FPDF_ERR_SUCCESS:
            raise FileEmpty(name=name) from error
        raise FileDamaged(name=name) from error
    with closing(document):
        yield document


@contextmanager
def _page(document: pdfium.PdfDocument, number: int) -> Iterator[pdfium.PdfPage]:
    if not 1 <= number <= len(document):
        raise FileDamaged(name=_page_name(number))
    try:
        sheet = document.get_page(number - 1)
    except pdfium.PdfiumError as error:
        raise FileDamaged(name=_page_name(number)) from error
    with closing(sheet):
        yield sheet


def _page_name(number: int) -> str:
    return f"p. {number}"


def _read_page(document: pdfium.PdfDocument, number: int) -> Page:
    """Read one page; a damaged one is told apart and spoils no other."""
    try:
        with closing(document.get_page(number - 1)) as sheet, closing(sheet.get_textpage()) as textpage:
            width, height = _size(sheet)
            text = _text(textpage)
            is_empty = pdfium_c.FPDFPage_CountObjects(sheet) == 0
    except pdfium.PdfiumError:
        return Page(number=number, text="", status="failed", reason="damaged")
    if not text.strip():
        reason: PageReason = "empty" if is_empty else "no_text_layer"
        return Page(number=number, text="", status="no_text", reason=reason, width=width, height=height)
    return Page(number=number, text=text, status="text", width=width, height=height)


def _size(sheet: pdfium.PdfPage) -> tuple[float, float]:
    """The page as it is seen: crop and rotation are in the figures already. Units: points."""
    width, height = sheet.get_size()
    return max(1.0, width), max(1.0, height)


def _text(textpage: pdfium.PdfTextPage) -> str:
    r"""Read the characters so that each keeps PDFium's own index.

    A word divided at the end of a line is one word with a soft hyphen in it; a line end is `` \n``.
    """
    count = textpage.count_chars()
    text = textpage.get_text_range() if count else ""
    if len(text) != count or not _has_own_places(textpage, count):
        # The quick way leaves out or splits a character now and then; the slow way never does.
        text = "".join(_character(pdfium_c.FPDFText_GetUnicode(textpage, index)) for index in range(count))
    return clean_characters(text.replace("\x02", "\ufffe").replace("\r\n", " \n").replace("\r", "\n"))


def _character(code: int) -> str:
    return chr(code) if code <= 0x10FFFF else "\ufffd"


def _has_own_places(textpage: pdfium.PdfTextPage, count: int) -> bool:
    step = max(1, count // _PLACES_CHECKED)
    return all(
        pdfium_c.FPDFText_GetTextIndexFromCharIndex(textpage, index) == index
        for index in (*range(0, count, step), *range(max(0, count - 1), count))
    )


def _scale(width: float, height: float, width_px: int, pixels: int) -> float:
    """How many pixels a point gets: the wanted width, unless the picture would grow beyond its limits."""
    wanted = min(max(width_px, _NARROWEST_PX), _WIDEST_PX)
    scale = min(wanted / width, _TALLEST_PX / height)
    most = min(pixels, _WIDEST_PX * _TALLEST_PX)
    return min(scale, sqrt(most / (width * height)))


def _to_screen(sheet: pdfium.PdfPage, boxes: list[tuple[float, float, float, float]]) -> Iterator[Rectangle]:
    """Turn boxes in the page's own space into boxes on the page as it is seen."""
    width, height = _size(sheet)
    units = min(_UNITS_IN_A_POINT, _LARGEST_DEVICE / max(width, height))
    across, down = round(width * units), round(height * units)
    for left, bottom, right, top in boxes:
        corners = [_corner(sheet, across, down, x, y) for x, y in ((left, bottom), (right, top))]
        (x1, x2), (y1, y2) = (sorted(axis) for axis in zip(*corners, strict=True))
        x1, x2 = (min(max(x / units, 0.0), width) for x in (x1, x2))
        y1, y2 = (min(max(y / units, 0.0), height) for y in (y1, y2))
        if x2 > x1 and y2 > y1:
            yield Rectangle(x=x1, y=y1, width=x2 - x1, height=y2 - y1)


def _corner(sheet: pdfium.PdfPage, across: int, down: int, x: float, y: float) -> tuple[int, int]:
    column, row = c_int(), c_int()
    pdfium_c.FPDF_PageToDevice(sheet, 0, 0, across, down, 0, x, y, byref(column), byref(row))
    return column.value, row.value


def _joined(boxes: Iterator[Rectangle]) -> Iterator[Rectangle]:
    """Join neighbours on one line, which PDFium cuts at every change of font."""
    last: Rectangle | None = None
    for box in boxes:
        if last is not None and _continues(last, box):
            last = _around(last, box)
            continue
        if last is not None:
            yield last
        last = box
    if last is not None:
        yield last


def _continues(last: Rectangle, box: Rectangle) -> bool:
    lower = min(last.y + last.height, box.y + box.height)
    overlap = lower - max(last.y, box.y)
    gap = box.x - (last.x + last.width)
    smaller = min(last.height, box.height)
    return overlap > 0.5 * smaller and -smaller < gap < 1.5 * max(last.height, box.height)


def _around(one: Rectangle, other: Rectangle) -> Rectangle:
    x, y = min(one.x, other.x), min(one.y, other.y)
    right = max(one.x + one.width, other.x + other.width)
    bottom = max(one.y + one.height, other.y + other.height)
    return Rectangle(x=x, y=y, width=right - x, height=bottom - y)
