"""Links of a page as stretches of its text."""

import re
from bisect import bisect_left, bisect_right
from itertools import pairwise
from math import inf, nextafter
from operator import attrgetter, itemgetter
from typing import Any, Final

from samovar.domain.layout import Link
from samovar.parsers._pdf import library
from samovar.parsers._pdf.layout import PageLayout
from samovar.parsers._pdf.library import Box
from samovar.parsers._pdf.line import Line
from samovar.parsers._pdf.writing import Piece
from samovar.parsers._shared import clean_characters

__all__ = ["read_links"]

_MOST_LINKS: Final = 500
_MOST_RUNS: Final = 8
#: Addresses that a browser may be sent to.
_ALLOWED: Final = re.compile(r"(?:https?|ftp|mailto):", re.IGNORECASE)
#: Hebrew, Arabic and their neighbours.
_RIGHT_TO_LEFT: Final = re.compile("[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufeff]")

_by_place = attrgetter("start", "end")
_by_middle = itemgetter(0)


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
    return tuple(sorted(found, key=_by_place))


def _address(document: library.Argument, link: library.Handle) -> str | None:
    written = library.link_address(document, link)
    if not written:
        return None
    address = clean_characters(written.decode("utf-8", "replace")).strip()
    return address if _ALLOWED.match(address) else None


class _Places:
    """The pieces of a page's text by their height: a page of an index has hundreds of links and of lines."""

    def __init__(self, layout: PageLayout) -> None:
        self._layer = layout.layer
        pieces = [((piece.line.top + piece.line.bottom) / 2, piece) for piece in layout.writer.pieces]
        pieces.sort(key=_by_middle)
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
        raw, first, last = self._layer.raw, piece.first, piece.last
        if self._runs_rightwards and not line.turned and self._is_in_order(piece):
            if line.left < left:
                first = self._first_from(left, first, last, line)
            if right < line.right:
                last = self._first_from(nextafter(right, inf), first, last, line)
            while first < last and raw[last - 1] == " ":
                last -= 1
        else:
            inside = [
                index for index in range(first, last) if raw[index] != " " and left <= self._middle(index) <= right
            ]
            first, last = (inside[0], inside[-1] + 1) if inside else (last, last)
        if first >= last:
            return None
        shift = piece.start - piece.first
        return first + shift, last + shift

    def _is_in_order(self, piece: Piece) -> bool:
        """Tell whether the runs of a piece stand from left to right; PDFium may make one line of two of a cell.

        Of many runs nothing is said: to ask for each takes about as long as to ask for the letters.
        """
        handle, first, length = self._layer.handle, piece.first, piece.last - piece.first
        if library.count_rects(handle, [first], [length])[0] > _MOST_RUNS:
            return False
        return all(
            box[0] <= after[0] and box[2] <= after[2] for box, after in pairwise(library.rects(handle, first, length))
        )

    def _first_from(self, edge: float, low: int, high: int, line: Line) -> int:
        """The first letter of a stretch whose middle is at an edge or right of it, or the end of the stretch.

        Letters stand from left to right, and are about equally wide: proportion comes to the place in half as many
        questions as halving, which is every third step, so that no letters make the search a walk.
        """
        raw, handle, shift = self._layer.raw, self._layer.handle, self._layer.frame.left
        before, after = line.left, line.right
        step = 0
        while low < high:
            step += 1
            share = (edge - before) / (after - before) if step % 3 and before < edge < after else 0.5
            place = probe = min(low + int(share * (high - low)), high - 1)
            while raw[probe] == " " and probe > low:
                probe -= 1
            if raw[probe] == " ":
                low = place + 1
                continue
            box = library.char_box(handle, probe)
            middle = (box[0] - shift + box[2] - shift) / 2
            if middle < edge:
                low, before = place + 1, middle
            else:
                high, after = probe, middle
        return low

    def _middle(self, index: int) -> float:
        box = self._layer.char_place(index)
        return (box[0] + box[2]) / 2
