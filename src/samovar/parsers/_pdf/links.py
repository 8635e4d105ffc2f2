"""Links of a page as stretches of its text."""

import re
from bisect import bisect_left, bisect_right
from typing import Any, Final

from samovar.domain.layout import Link
from samovar.parsers._pdf import library
from samovar.parsers._pdf.layout import PageLayout
from samovar.parsers._pdf.library import Box
from samovar.parsers._pdf.writing import Piece
from samovar.parsers._shared import clean_characters

__all__ = ["read_links"]

_MOST_LINKS: Final = 500
#: Addresses that a browser may be sent to.
_ALLOWED: Final = re.compile(r"(?:https?|ftp|mailto):", re.IGNORECASE)
#: Hebrew, Arabic and their neighbours.
_RIGHT_TO_LEFT: Final = re.compile("[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufeff]")


def read_links(document: Any, page: Any, layout: PageLayout) -> tuple[Link, ...]:
    """Find the text under each link to an address or to a page; links on pictures have no text and are left out."""
    links = library.links(library.argument(page.raw), _MOST_LINKS)
    if not links or not layout.text:
        return ()
    places, owner = _Places(layout), library.argument(document.raw)
    found: list[Link] = []
    for handle, box in links:
        stretches = places.stretches(box)
        if not stretches:
            continue
        address = _address(owner, handle)
        index = library.link_page(owner, handle) if address is None else None
        if address is None and index is None:
            continue
        number = None if index is None else index + 1
        found.extend(Link(start=start, end=end, target=address, page=number) for start, end in stretches)
    return tuple(sorted(found, key=lambda link: (link.start, link.end)))


def _address(document: library.Argument, link: library.Handle) -> str | None:
    address = clean_characters(library.link_address(document, link).decode("utf-8", "replace")).strip()
    return address if _ALLOWED.match(address) else None


class _Places:
    """The pieces of a page's text by their height: a page of an index has hundreds of links and of lines."""

    def __init__(self, layout: PageLayout) -> None:
        self._layer = layout.layer
        pieces = [((piece.line.top + piece.line.bottom) / 2, piece) for piece in layout.writer.pieces]
        pieces.sort(key=lambda entry: entry[0])
        self._middles = [middle for middle, _ in pieces]
        self._pieces = [piece for _, piece in pieces]
        self._runs_rightwards = layout.layer.frame.turns == 0 and _RIGHT_TO_LEFT.search(layout.layer.raw) is None

    def stretches(self, box: Box) -> list[tuple[int, int]]:
        """The stretches of text whose letters stand in a box, those of one line apart from those of the next."""
        left, top, right, bottom = self._layer.frame.place(box)
        low = bisect_left(self._middles, top)
        found: list[tuple[int, int]] = []
        for piece in self._pieces[low : bisect_right(self._middles, bottom, low)]:
            line = piece.line
            if line.right < left or line.left > right:
                continue
            stretch = self._inside(piece, left, right)
            if stretch is not None:
                found.append(stretch)
        return found

    def _inside(self, piece: Piece, left: float, right: float) -> tuple[int, int] | None:
        line = piece.line
        if (left <= line.left and line.right <= right) or piece.end - piece.start != piece.last - piece.first:
            return piece.start, piece.end
        raw = self._layer.raw
        letters = [index for index in range(piece.first, piece.last) if raw[index] != " "]
        if self._runs_rightwards and not line.turned:
            # Letters stand from left to right: a dozen of them are asked for their places, not each one.
            first = bisect_left(letters, left, key=self._middle)
            inside = letters[first : bisect_right(letters, right, first, key=self._middle)]
        else:
            inside = [index for index in letters if left <= self._middle(index) <= right]
        if not inside:
            return None
        shift = piece.start - piece.first
        return inside[0] + shift, inside[-1] + 1 + shift

    def _middle(self, index: int) -> float:
        box = self._layer.char_place(index)
        return (box[0] + box[2]) / 2
