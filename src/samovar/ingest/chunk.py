"""Cut pages into chunks, the units of search, each with its exact place on one page.

Chunks follow the blocks of a page: a heading stays with what follows it, no row of a table is cut, and what stands at
the head and foot of every page is left out. Nothing here looks at a character more often than it must.
"""

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

#: Enough of a page to know its letters.
_SAMPLE_CHARACTERS: Final = 20_000
#: Bytes of ISO 8859-1 that are no letters: signs, digits, white space.
_SIGNS: Final = bytes(code for code in range(256) if not chr(code).isalpha())

#: ``barrier`` stands for text that is left out; ``sentence``, ``row`` and ``line`` are not cut any further by meaning.
_UnitKind = Literal["heading", "prose", "table", "lines", "sentence", "row", "line", "barrier"]
_UNIT_KINDS: Final[dict[str, _UnitKind]] = {
    "heading": "heading",
    "table": "table",
    "code": "lines",
    "header": "barrier",
    "footer": "barrier",
}
_WHOLE: Final = frozenset({"prose", "table", "lines"})
_OVERLAPPING: Final = frozenset({"prose", "sentence"})


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

    def pass_over(self, page: Page) -> None:
        """Take note of the headings of a page whose chunks are there already."""
        if page.blocks:
            self._above = heading_paths(page.text, page.blocks, self._above)[1]

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
            for start, end, path in packing.pack(_units(text, page.blocks, paths, above))
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
    """Puts units together into chunks of a good size."""

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

    def pack(self, units: Iterable[_Unit]) -> list[tuple[int, int, tuple[str, ...]]]:
        """Put units together. Shape: (start, end, headings) of each chunk, in order."""
        waiting = deque(units)
        self._last = waiting[-1].end if waiting else 0
        while waiting:
            unit = waiting.popleft()
            if unit.kind == "barrier":
                self._close()
            elif unit.end - unit.start > self._most:
                waiting.extendleft(reversed(self._finer(unit)))
            elif not self._held:
                self._begin(unit)
            elif unit.kind == "heading" and self._held[-1].kind != "heading" and self._length() >= self._least:
                self._close()
                self._begin(unit)
            elif unit.end - self._start <= self._aim:
                self._held.append(unit)
            elif self._length() < self._least and unit.kind in _WHOLE and len(finer := self._finer(unit)) > 1:
                waiting.extendleft(reversed(finer))
            elif self._length() < self._least and unit.end - self._start <= self._most:
                self._held.append(unit)
            else:
                self._carry_over(unit)
        self._close()
        return self._spans

    def _length(self) -> int:
        return self._held[-1].end - self._start

    def _begin(self, *units: _Unit, start: int | None = None) -> None:
        self._held = list(units)
        self._start = units[0].start if start is None else start
        left = self._last - self._start
        self._aim = (
            self._most if left <= self._most else min(self._most, round(left / ceil(left / self._most) * _SLACK))
        )

    def _carry_over(self, unit: _Unit) -> None:
        """Close the chunk and begin the next one, with the headings that would stand at the end of this one."""
        headings: list[_Unit] = []
        while len(self._held) > 1 and self._held[-1].kind == "heading":
            headings.insert(0, self._held.pop())
        before = self._held[-1]
        self._close()
        is_prose = before.kind in _OVERLAPPING and unit.kind in _OVERLAPPING and not headings
        overlaps = is_prose and before.end - before.start <= _OVERLAP_CHARACTERS
        self._begin(*headings, unit, start=before.start if overlaps else None)

    def _close(self) -> None:
        if self._held:
            self._spans.append((self._start, self._held[-1].end, self._held[0].path))
            self._held = []

    def _finer(self, unit: _Unit) -> list[_Unit]:
        """Cut a unit by its meaning, or where it has none any more, between words."""
        text = self._text
        match unit.kind:
            case "table":
                return list(_rows(text, unit))
            case "lines":
                return list(_lines(text, unit))
            case "prose" | "heading":
                found = sentences(text[unit.start : unit.end])
                if len(found) > 1 or unit.kind == "prose":
                    return [_Unit(unit.start + start, unit.start + end, "sentence", unit.path) for start, end in found]
        return list(_stretches(text, unit, self._most))


def _units(
    text: str, blocks: tuple[Block, ...], paths: tuple[tuple[str, ...], ...], above: tuple[str, ...]
) -> Iterator[_Unit]:
    """The blocks of a page as units; text that no block names is prose."""
    place, path = 0, above
    for block, path in zip(blocks, paths, strict=True):
        if block.start > place and (unit := _trimmed(text, place, block.start, "prose", path)):
            yield unit
        place = max(place, block.end)
        kind = _UNIT_KINDS.get(block.kind, "prose")
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


def _rows(text: str, table: _Unit) -> Iterator[_Unit]:
    starts = {cell.row: cell.start for cell in reversed(table.cells)}
    places = sorted({start for start in starts.values() if table.start < start < table.end})
    yield from _pieces(text, table, places, "row")


def _lines(text: str, block: _Unit) -> Iterator[_Unit]:
    places: list[int] = []
    place = text.find("\n", block.start, block.end)
    while place >= 0:
        places.append(place + 1)
        place = text.find("\n", place + 1, block.end)
    yield from _pieces(text, block, places, "line")


def _stretches(text: str, unit: _Unit, most: int) -> Iterator[_Unit]:
    places: list[int] = []
    start = unit.start
    while unit.end - start > most:
        ends = (text.rfind(space, start + most // 2, start + most) for space in "\n\t ")
        start = next((end + 1 for end in ends if end >= 0), start + most)
        places.append(start)
    yield from _pieces(text, unit, places, "line")


def _pieces(text: str, unit: _Unit, places: list[int], kind: _UnitKind) -> Iterator[_Unit]:
    for start, end in zip([unit.start, *places], [*places, unit.end], strict=True):
        if piece := _trimmed(text, start, end, kind, unit.path):
            yield piece
