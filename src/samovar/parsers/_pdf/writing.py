"""The normalised text of a page, piece by piece, with the way back to PDFium's characters."""

import re
import unicodedata
from bisect import bisect_right
from functools import cached_property
from string import digits
from typing import Final

from samovar.parsers._pdf.line import Line
from samovar.parsers._pdf.textlayer import HYPHEN, TextLayer

__all__ = ["Piece", "Writer"]

#: Ligatures, soft hyphens, and letters with accents of their own: their length changes.
_SPECIAL: Final = re.compile("[\ufb00-\ufb06\u00ad\ufffe]|.[\u0300-\u036f]+")
_HYPHENS: Final = f"{HYPHEN}-\u2010\u00ad"
#: The second parts of Russian words that are written with a hyphen wherever they stand.
_HYPHENATED: Final = re.compile(r"(?:нибудь|либо)\b")
#: A number just after a word that is longer than a unit of measure, which may have a power. The digit is looked for
#: first: to look back from every character costs ten times as much.
_MARK: Final = re.compile(r"[0-9](?<=[^\W\d_]{4}[0-9])[0-9]?(?!\w)")
_WORD_END: Final = re.compile(r"\w+$")
_WORD_START: Final = re.compile(r"\w+")
#: Pieces of a row that are nearer than this, in sizes of type, are one word: a power, an index.
_ATTACHED: Final = 0.15
#: Those that lie over each other by more than this are not: something else was written over a line.
_OVER: Final = 0.5


class Piece:
    """``text[start:end]`` of the page is PDFium's characters from ``first`` to ``last`` on one line.

    One character for one, or (of different lengths) all for all.
    """

    __slots__ = ("end", "first", "last", "line", "start")

    def __init__(self, start: int, end: int, first: int, last: int, line: Line) -> None:
        self.start = start
        self.end = end
        self.first = first
        self.last = last
        self.line = line


class Writer:
    """Writes lines one after the other. ``length`` is how much text there is so far."""

    def __init__(self, layer: TextLayer) -> None:
        self._raw = layer.raw
        self._is_plain = layer.is_plain
        # Marks of footnotes are no part of the word before them: nobody searches for that word with a number.
        marks = _MARK.finditer(layer.raw) if any(map(layer.raw.__contains__, digits)) else ()
        self._marks = [match.start() for match in marks if layer.is_raised(match.start())]
        self._is_simple = self._is_plain and not self._marks
        self._parts: list[str] = []
        self.length = 0
        self._written: list[tuple[int, int, int, int, Line]] = []

    @cached_property
    def pieces(self) -> list[Piece]:
        """Where all that was written came from, in order; asked for when the page is written."""
        return [Piece(*written) for written in self._written]

    @property
    def text(self) -> str:
        """All that was written."""
        return "".join(self._parts)

    def mark(self, text: str) -> None:
        """Write characters that are not on the page: line ends, tabs, blanks."""
        self._parts.append(text)
        self.length += len(text)

    def line(self, line: Line, *, without_end: int = 0) -> None:
        """Write one row, without so many characters at its end."""
        if not line.parts:
            start, end = line.start, line.end - without_end
            if not self._is_simple or self._raw[end - 1] == HYPHEN:
                self._write(line, start, end)
            elif start < end:
                self._piece(line, self._raw[start:end], start, end)
            return
        last: Line | None = None
        for part in line.parts:
            if last is not None:
                gap, size = part.left - last.right, max(last.size, part.size)
                if gap > _ATTACHED * size or gap < -_OVER * size:
                    self.mark(" ")
            self._write(part, part.start, part.end - (without_end if part is line.parts[-1] else 0))
            last = part

    def _write(self, line: Line, start: int, end: int) -> None:
        for mark in self._marks:
            if start < mark < end:
                self._stretch(line, start, mark)
                self.mark(" ")
                start = mark
        self._stretch(line, start, end)

    def _stretch(self, line: Line, start: int, end: int) -> None:
        if self._is_plain and self._raw[end - 1] != HYPHEN:
            self._piece(line, self._raw[start:end], start, end)
            return
        place = start
        for match in _SPECIAL.finditer(self._raw, start, end):
            self._piece(line, self._raw[place : match.start()], place, match.start())
            self._piece(line, _normal(match.group()), match.start(), match.end())
            place = match.end()
        self._piece(line, self._raw[place:end], place, end)

    def _piece(self, line: Line, text: str, first: int, last: int) -> None:
        if text:
            self._parts.append(text)
            start = self.length
            self.length = end = start + len(text)
            self._written.append((start, end, first, last, line))

    def rows(self, rows: list[Line], breaks: list[int]) -> None:
        """Write the rows of a paragraph; a word divided between two of them becomes one."""
        raw = self._raw
        for place, below in enumerate(rows[1:], start=1):
            row = rows[place - 1]
            end = row.parts[-1].end if row.parts else row.end
            if raw[end - 1] in _HYPHENS and (dropped := self._divided(end, below)) is not None:
                self.line(row, without_end=dropped)
                continue
            self.line(row)
            self.mark("\n" if breaks and place in breaks else " ")
        self.line(rows[-1])

    def _divided(self, end: int, below: Line) -> int | None:
        """How many characters of a hyphen at the end of a row fall away where the row below goes on with the word."""
        after = self._raw[below.start : below.start + 40]
        before = _WORD_END.search(self._raw[max(0, end - 41) : end - 1])
        if before is None or not after[:1].isalnum():
            return 1 if self._raw[end - 1] == "\u00ad" else None
        mark = self._raw[end - 1]
        if mark == "\u00ad":
            return 1
        if not after[:1].islower() or before.group().isdigit() or _HYPHENATED.match(after):
            return 0
        rest = _WORD_START.match(after)
        # A word that stands with its hyphen elsewhere on the page keeps it.
        if rest is not None and f"{before.group()}-{rest.group()}" in self._raw:
            return 0
        return 1

    def find(self, start: int, end: int) -> list[Piece]:
        """The pieces of a stretch of the text, cut to it."""
        found: list[Piece] = []
        place = max(0, bisect_right(self.pieces, start, key=lambda piece: piece.start) - 1)
        for piece in self.pieces[place:]:
            if piece.start >= end:
                break
            first, last = max(start, piece.start), min(end, piece.end)
            if first >= last:
                continue
            if piece.end - piece.start == piece.last - piece.first:
                shift = piece.first - piece.start
                found.append(Piece(first, last, first + shift, last + shift, piece.line))
            else:
                found.append(Piece(first, last, piece.first, piece.last, piece.line))
        return found


def _normal(special: str) -> str:
    if special == HYPHEN:
        return "-"
    if special == "\u00ad":
        return ""
    return unicodedata.normalize("NFKC" if special >= "\ufb00" else "NFC", special)
