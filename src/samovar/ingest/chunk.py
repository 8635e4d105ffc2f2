"""Cut pages into chunks, the units of search, each with its exact place on one page.

Chunks follow the blocks of a page: a heading stays with what follows it, no row of a table is cut, and what stands at
the head and foot of page after page is taken once. Nothing here looks at a character more often than it must.
"""

import re
from bisect import bisect_right
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from math import ceil
from typing import Final, Literal

from samovar.domain.document import Chunk
from samovar.domain.ids import DocumentId, new_chunk_id
from samovar.domain.layout import Block, Cell, heading_paths
from samovar.domain.page import Page
from samovar.domain.sentences import sentences

__all__ = ["LONGEST_CHUNK_CHARACTERS", "Chunker", "characters_per_token", "chunk_pages"]

#: A chunk has about so many tokens; a page shorter than the most is one chunk.
_LEAST_TOKENS: Final = 300
_MOST_TOKENS: Final = 800
#: Characters in a token, by estimate: vocabularies are made for English first, and cut Russian finer.
_LATIN_CHARACTERS: Final = 4.0
_OTHER_CHARACTERS: Final = 2.0
#: A chunk of prose begins with the sentence before it when that is not longer than this.
_OVERLAP_CHARACTERS: Final = 200
#: What is left of a page is divided evenly, give or take so much.
_SLACK: Final = 1.1

LONGEST_CHUNK_CHARACTERS: Final = round(_MOST_TOKENS * _LATIN_CHARACTERS) + _OVERLAP_CHARACTERS

#: A place to cut at is looked for in so much of a text first, before all of it that would do.
_NEAR_CHARACTERS: Final = 400
_LINE_CHARACTERS: Final = 200
#: Enough of a page to know its letters.
_SAMPLE_CHARACTERS: Final = 20_000
#: Bytes of ISO 8859-1 that are no letters: signs, digits, white space.
_SIGNS: Final = bytes(code for code in range(256) if not chr(code).isalpha())

#: What a running head is known by again on the next page is its words without numbers and what counts pages.
_COUNTED: Final = re.compile(r"[\d\W]+|\b(?:[ivxlcdm]+|page|of|стр|страница|из|лист)\b")

#: ``barrier`` stands for text that is left out.
_UnitKind = Literal["heading", "prose", "table", "lines", "barrier"]
_UNIT_KINDS: Final[dict[str, _UnitKind]] = {
    "heading": "heading",
    "table": "table",
    "code": "lines",
}


@dataclass(frozen=True, slots=True)
class _Unit:
    """A stretch of text that is kept in one chunk if it can be."""

    start: int
    end: int
    kind: _UnitKind
    path: tuple[str, ...]
    cells: tuple[Cell, ...] = ()


class Chunker:
    """Cuts the pages of a document in order; headings reach over the ends of pages."""

    def __init__(self, document_id: DocumentId) -> None:
        """Begin before the first page."""
        self._document_id = document_id
        self._above: tuple[str, ...] = ()
        self._running: set[str] = set()

    def pass_over(self, page: Page) -> None:
        """Take note of the headings of a page whose chunks are there already."""
        if page.blocks:
            self._above = heading_paths(page.text, page.blocks, self._above)[1]
            self._repeated(page)

    def _repeated(self, page: Page) -> frozenset[Block]:
        """The heads and feet of a page that say nothing new: a number alone, or what an earlier page had there.

        One page cannot tell a running head from a title; a title that search cannot find is the greater loss.
        """
        repeated: set[Block] = set()
        for block in page.blocks:
            if block.kind in ("header", "footer"):
                words = _COUNTED.sub(" ", page.text[block.start : block.end].casefold()).strip()
                if not words or words in self._running:
                    repeated.add(block)
                self._running.add(words)
        return frozenset(repeated)

    def cut(self, page: Page) -> list[Chunk]:
        """Cut a page. Shape: in the order of the text; no chunk spans two pages or is white space."""
        text = page.text
        above = tuple(title for title in self._above if title)
        paths: tuple[tuple[str, ...], ...] = ()
        if page.blocks:
            paths, self._above = heading_paths(text, page.blocks, self._above)
        if not text or text.isspace():
            return []
        packing = _Packing(text)
        repeated = self._repeated(page)
        return [
            Chunk(
                chunk_id=new_chunk_id(),
                document_id=self._document_id,
                page=page.number,
                start=start,
                end=end,
                text=text[start:end],
                headings=path,
            )
            for start, end, path in packing.pack(_units(text, page.blocks, paths, above, repeated))
        ]


def chunk_pages(pages: Iterable[Page], document_id: DocumentId) -> tuple[Chunk, ...]:
    """Cut all pages of a document in order."""
    chunker = Chunker(document_id)
    return tuple(chunk for page in pages for chunk in chunker.cut(page))


def characters_per_token(text: str) -> float:
    """Estimate how many characters make a token: 4 in Latin letters, 2 in others, between them for a mixture.

    Letters are counted by their encodings, which takes microseconds where a look at each takes milliseconds.
    """
    narrow = text.encode("latin-1", "ignore")
    others = len(text) - len(narrow)
    latin = len(narrow.translate(None, _SIGNS))
    if latin + others == 0:
        return _LATIN_CHARACTERS
    return _OTHER_CHARACTERS + (_LATIN_CHARACTERS - _OTHER_CHARACTERS) * latin / (latin + others)


class _Packing:
    """Puts units together into chunks of a good size, and cuts those that are too long."""

    def __init__(self, text: str) -> None:
        self._text = text
        per_token = characters_per_token(text[:_SAMPLE_CHARACTERS])
        self._least, self._most = round(_LEAST_TOKENS * per_token), round(_MOST_TOKENS * per_token)
        self._spans: list[tuple[int, int, tuple[str, ...]]] = []
        #: The chunk being filled.
        self._held: list[_Unit] = []
        self._start = 0
        self._aim = self._most
        self._last = 0
        #: Where the rows of a table begin, by the identity of its cells.
        self._rows: dict[int, list[int]] = {}

    def pack(self, units: Iterable[_Unit]) -> list[tuple[int, int, tuple[str, ...]]]:
        """Put units together. Shape: (start, end, headings) of each chunk, in order."""
        waiting = deque(units)
        self._last = waiting[-1].end if waiting else 0
        while waiting:
            unit = waiting.popleft()
            if unit.kind == "barrier":
                self._close()
                continue
            if not self._held:
                self._begin(unit.start)
            elif unit.kind == "heading" and self._held[-1].kind != "heading" and self._length() >= self._least:
                self._close()
                self._begin(unit.start)
            if unit.end - self._start <= self._aim:
                self._held.append(unit)
            elif self._held and self._length() >= self._least:
                self._carry_over()
                waiting.appendleft(unit)
            elif rest := self._fill(unit):
                waiting.appendleft(rest)
        self._close()
        return self._spans

    def _length(self) -> int:
        return self._held[-1].end - self._start

    def _begin(self, start: int) -> None:
        self._start = start
        left = self._last - start
        self._aim = (
            self._most if left <= self._most else min(self._most, round(left / ceil(left / self._most) * _SLACK))
        )

    def _carry_over(self) -> None:
        """Close the chunk, and give the next one the headings that would stand at the end of this one."""
        headings: list[_Unit] = []
        while len(self._held) > 1 and self._held[-1].kind == "heading":
            headings.insert(0, self._held.pop())
        before = self._held[-1]
        self._close()
        if headings:
            self._begin(headings[0].start)
            self._held = headings
        elif before.kind == "prose" and before.end - before.start <= _OVERLAP_CHARACTERS:
            self._begin(before.start)
            self._held = [before]

    def _close(self) -> None:
        if self._held:
            self._spans.append((self._start, self._held[-1].end, self._held[0].path))
            self._held = []

    def _fill(self, unit: _Unit) -> _Unit | None:
        """Take as much of a unit as there is room for; return what has to wait."""
        text, limit = self._text, self._start + self._aim
        floor = max(unit.start, self._start + self._least)
        overlap: int | None = None
        if limit <= unit.start:
            # Much white space stands before it.
            self._close()
            return unit
        match unit.kind:
            case "table":
                place = self._row_start(unit, limit)
            case "lines":
                place = max(text.rfind("\n", unit.start, limit) + 1, unit.start)
            case _:
                place, overlap = _sentence_start(text, unit.start, floor, limit, unit.end)
        if place <= unit.start and unit.end - self._start <= self._most:
            self._held.append(unit)
            return None
        if place <= unit.start and unit.kind == "table":
            if self._held:
                self._close()
                return unit
            place = self._row_end(unit)
        if place <= unit.start:
            # No end of a row, line or sentence in all that one chunk may hold.
            place = max((text.rfind(space, floor, limit) + 1 for space in "\n\t "), default=0)
            place = place if place > unit.start else min(limit, unit.end)
        if first := _trimmed(text, unit.start, place, unit.kind, unit.path, unit.cells):
            self._held.append(first)
        self._close()
        rest = _trimmed(text, place, unit.end, unit.kind, unit.path, unit.cells)
        if rest is not None and overlap is not None:
            self._begin(overlap)
            self._held = [_Unit(overlap, place, "prose", unit.path)]
        return rest

    def _row_start(self, table: _Unit, limit: int) -> int:
        """Where the last row begins that does not begin behind the limit."""
        key = id(table.cells)
        if key not in self._rows:
            starts = {cell.row: cell.start for cell in reversed(table.cells)}
            self._rows[key] = sorted(set(starts.values()))
        rows = self._rows[key]
        place = bisect_right(rows, limit) - 1
        return rows[place] if place >= 0 else table.start

    def _row_end(self, table: _Unit) -> int:
        """Where the second row of a table begins, or nowhere when the first is too long for a chunk."""
        rows = self._rows[id(table.cells)]
        following = bisect_right(rows, table.start)
        end = rows[following] if following < len(rows) else table.end
        return end if end - table.start <= self._most else table.start


def _sentence_start(text: str, start: int, floor: int, limit: int, end: int) -> tuple[int, int | None]:
    """Find the last sentence that begins between ``floor`` and ``limit``; only what lies near the limit is looked at.

    Return its place (``start`` if there is none), and that of the sentence before it if that one is short.
    """
    for near in (_NEAR_CHARACTERS, limit - floor):
        lower = max(floor, limit - near)
        # Whole lines: a part of one would look like a short line, which may end a sentence.
        first = max(start, text.rfind("\n", max(start, lower - _LINE_CHARACTERS), lower) + 1)
        line_end = text.find("\n", limit, min(end, limit + _LINE_CHARACTERS))
        last = line_end if line_end >= 0 else min(end, limit + 1)
        begins = [first + begin for begin, _ in sentences(text[first:last])]
        places = [place for place in begins[1:] if floor < place <= limit]
        if places:
            before = begins[begins.index(places[-1]) - 1]
            is_whole = before > first or first == start
            is_short = places[-1] - before <= _OVERLAP_CHARACTERS
            return places[-1], before if is_whole and is_short else None
        if near >= limit - floor:
            break
    return start, None


def _units(
    text: str,
    blocks: tuple[Block, ...],
    paths: tuple[tuple[str, ...], ...],
    above: tuple[str, ...],
    left_out: frozenset[Block],
) -> Iterator[_Unit]:
    """The blocks of a page as units; text that no block names is prose."""
    place, path = 0, above
    for block, path in zip(blocks, paths, strict=True):
        if block.start > place and (unit := _trimmed(text, place, block.start, "prose", path)):
            yield unit
        place = max(place, block.end)
        kind = "barrier" if block in left_out else _UNIT_KINDS.get(block.kind, "prose")
        if unit := _trimmed(text, block.start, block.end, kind, path, block.cells):
            yield unit
    if place < len(text) and (unit := _trimmed(text, place, len(text), "prose", path)):
        yield unit


def _trimmed(
    text: str, start: int, end: int, kind: _UnitKind, path: tuple[str, ...], cells: tuple[Cell, ...] = ()
) -> _Unit | None:
    while start < end and text[start].isspace():
        start += 1
    while end > start and text[end - 1].isspace():
        end -= 1
    return _Unit(start, end, kind, path, cells) if start < end else None
