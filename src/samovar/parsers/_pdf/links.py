"""Links of a page as stretches of its text."""

import re
from collections.abc import Iterator
from ctypes import byref, c_int, create_string_buffer
from typing import Any, Final

import pypdfium2.raw as pdfium_c

from samovar.domain.layout import Link
from samovar.parsers._pdf.layout import PageLayout
from samovar.parsers._pdf.library import Box
from samovar.parsers._pdf.writing import Piece
from samovar.parsers._shared import clean_characters

__all__ = ["read_links"]

_MOST_LINKS: Final = 500
_LONGEST_ADDRESS: Final = 2000
#: Addresses that a browser may be sent to.
_ALLOWED: Final = re.compile(r"(?:https?|ftp|mailto):", re.IGNORECASE)


def read_links(document: Any, page: Any, layout: PageLayout) -> tuple[Link, ...]:
    """Find the text under each link to an address or to a page; links on pictures have no text and are left out."""
    found: list[Link] = []
    for link, box in _links(page):
        address = _address(document, link)
        number = None if address is not None else _page_number(document, link)
        if address is None and number is None:
            continue
        found.extend(Link(start=start, end=end, target=address, page=number) for start, end in _stretches(layout, box))
    return tuple(sorted(found, key=lambda link: (link.start, link.end)))


def _links(page: Any) -> Iterator[tuple[Any, Box]]:
    position, link = c_int(0), pdfium_c.FPDF_LINK()
    for _ in range(_MOST_LINKS):
        if not pdfium_c.FPDFLink_Enumerate(page, byref(position), byref(link)):
            return
        rectangle = pdfium_c.FS_RECTF()
        if pdfium_c.FPDFLink_GetAnnotRect(link, byref(rectangle)):
            low, high = sorted((rectangle.bottom, rectangle.top))
            yield link, (rectangle.left, low, rectangle.right, high)


def _address(document: Any, link: Any) -> str | None:
    action = pdfium_c.FPDFLink_GetAction(link)
    if not action or pdfium_c.FPDFAction_GetType(action) != pdfium_c.PDFACTION_URI:
        return None
    buffer = create_string_buffer(_LONGEST_ADDRESS)
    length = pdfium_c.FPDFAction_GetURIPath(document, action, buffer, _LONGEST_ADDRESS)
    if not 1 < length <= _LONGEST_ADDRESS:
        return None
    address = clean_characters(buffer.raw[: length - 1].decode("utf-8", "replace")).strip()
    return address if _ALLOWED.match(address) else None


def _page_number(document: Any, link: Any) -> int | None:
    target = pdfium_c.FPDFLink_GetDest(document, link)
    if not target:
        action = pdfium_c.FPDFLink_GetAction(link)
        if not action or pdfium_c.FPDFAction_GetType(action) != pdfium_c.PDFACTION_GOTO:
            return None
        target = pdfium_c.FPDFAction_GetDest(document, action)
    index = pdfium_c.FPDFDest_GetDestPageIndex(document, target) if target else -1
    return index + 1 if index >= 0 else None


def _stretches(layout: PageLayout, box: Box) -> list[tuple[int, int]]:
    """The stretches of text whose letters stand in a box, those of one line apart from those of the next."""
    left, top, right, bottom = layout.layer.frame.place(box)
    found: list[tuple[int, int]] = []
    for piece in layout.writer.pieces:
        line = piece.line
        middle = (line.top + line.bottom) / 2
        if not top <= middle <= bottom or line.right < left or line.left > right:
            continue
        stretch = _inside(layout, piece, left, right)
        if stretch is not None:
            found.append(stretch)
    return found


def _inside(layout: PageLayout, piece: Piece, left: float, right: float) -> tuple[int, int] | None:
    is_whole = left <= piece.line.left and piece.line.right <= right
    if is_whole or piece.end - piece.start != piece.last - piece.first:
        return piece.start, piece.end
    inside = [
        index
        for index in range(piece.first, piece.last)
        if not layout.layer.raw[index].isspace() and left <= sum(layout.layer.char_place(index)[::2]) / 2 <= right
    ]
    if not inside:
        return None
    shift = piece.start - piece.first
    return inside[0] + shift, inside[-1] + 1 + shift
