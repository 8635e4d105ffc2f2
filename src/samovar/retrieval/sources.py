"""The passages that a model was shown, cut into the units that a claim can stand on."""

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import PurePosixPath
from typing import Final

from samovar.domain.document import Passage
from samovar.retrieval.claims import cells_of, is_row, split_sentences
from samovar.retrieval.lexicon import Lexicon
from samovar.retrieval.quantities import unit_of
from samovar.retrieval.quotes import normalised
from samovar.retrieval.reading import Fact, Reading, Word, read_text, same_name

__all__ = ["Source", "Sources", "Unit", "has_name", "read_passages", "same_fact", "units_of"]

#: So many units at the head of a document name it for all that follows.
_HEAD: Final = 2


@dataclass(frozen=True, slots=True)
class Unit:
    """A sentence or a row of a table: ``chunk text[start:end]``.

    ``header`` are the cells above a row, and ``cells`` the places in ``reading.text`` where the row's cells begin.
    """

    start: int
    end: int
    reading: Reading
    header: tuple[Reading, ...] = ()
    cells: tuple[int, ...] = ()

    def column(self, place: int) -> int:
        """The column of the character ``place`` of the row."""
        return max(0, sum(begin <= place for begin in self.cells) - 1)


@dataclass
class Source:
    """A passage with its number ``[n]`` and its units; ``context`` are its headings, title and name."""

    number: int
    passage: Passage
    units: tuple[Unit, ...]
    context: Reading
    concepts: list[frozenset[str]] = field(default_factory=list)
    context_concepts: frozenset[str] = frozenset()

    @cached_property
    def normalised(self) -> str:
        """The text as quotes are looked for in it."""
        return normalised(self.passage.chunk.text)

    @cached_property
    def head(self) -> tuple[Unit, ...]:
        """The units that name the document, when the passage begins with them."""
        return self.units[:_HEAD] if self.passage.chunk.start == 0 else ()

    @cached_property
    def units_of_measure(self) -> frozenset[str]:
        """The units that are named anywhere in the passage: over a column, behind a number."""
        words = (word.key for reading in self.readings() for word in reading.words)
        named = {unit for unit in map(unit_of, words) if unit}
        for reading in self.readings():
            named.update(unit for unit in (unit_of(sign) for sign in "%₽$€£" if sign in reading.text) if unit)
        return frozenset(named)

    @cached_property
    def years(self) -> frozenset[int]:
        """The years that are named anywhere in the passage."""
        return frozenset(year for reading in self.readings() for fact in reading.facts for year in fact.years)

    @cached_property
    def word_keys(self) -> frozenset[str]:
        """Every word of the passage and its context."""
        return frozenset(key for reading in self.readings() for key in reading.word_keys())

    def readings(self) -> Iterator[Reading]:
        """Everything that was read: context, units and the headers of tables."""
        yield self.context
        headers: set[int] = set()
        for unit in self.units:
            yield unit.reading
            if unit.header and id(unit.header) not in headers:
                headers.add(id(unit.header))
                yield from unit.header


class Sources:
    """All passages, the rarity of their words, and which units hold them."""

    def __init__(self, sources: Sequence[Source], lexicon: Lexicon) -> None:
        """Find the concepts of every unit."""
        self.all = tuple(sources)
        self.lexicon = lexicon
        counts: Counter[str] = Counter()
        self._holders: dict[str, list[tuple[int, int]]] = {}
        for at, source in enumerate(self.all):
            source.context_concepts = self._of(source.context.words)
            headers: dict[int, frozenset[str]] = {}
            for place, unit in enumerate(source.units):
                if id(unit.header) not in headers:
                    headers[id(unit.header)] = self._of(word for cell in unit.header for word in cell.words)
                concepts = self._of(unit.reading.words) | headers[id(unit.header)]
                source.concepts.append(concepts)
                counts.update(concepts)
                for concept in concepts:
                    self._holders.setdefault(concept, []).append((at, place))
        total = sum(len(source.units) for source in self.all)
        self._weights = {concept: math.log(1 + total / count) for concept, count in counts.items()}
        # A word that no passage has may be the model's own way of saying it: half of a rare word.
        self.unseen_weight = math.log(1 + total) / 2 if total else 1.0
        self.names = frozenset(
            word.key
            for source in self.all
            for unit in source.units
            for word in unit.reading.words
            if word.is_name and not word.begins
        )

    def _of(self, words: Iterable[Word]) -> frozenset[str]:
        return frozenset().union(*(self.lexicon.concepts(word.key) for word in words))

    def weight(self, concepts: frozenset[str]) -> float:
        """How much a word says: the rarer among the units, the more."""
        known = [self._weights[concept] for concept in concepts if concept in self._weights]
        return min(known, default=self.unseen_weight)

    def most_weight(self, concepts: frozenset[str]) -> float:
        """How much a word says at the most, as when it is missed: that of its rarest concept."""
        known = [self._weights[concept] for concept in concepts if concept in self._weights]
        return max(known, default=2 * self.unseen_weight)

    def is_known(self, concepts: frozenset[str]) -> bool:
        """Tell whether any unit has the word."""
        return any(concept in self._weights for concept in concepts)

    def nearest_units(self, words: Sequence[frozenset[str]], most: int) -> list[tuple[int, int]]:
        """The units (source, unit) that hold the most weight of these words, best first."""
        scores: Counter[tuple[int, int]] = Counter()
        for concepts in set(words):
            weight = self.weight(concepts)
            holders = {holder for concept in concepts for holder in self._holders.get(concept, ())}
            for holder in holders:
                scores[holder] += weight  # type: ignore[assignment]  # a Counter adds floats as well
        return [holder for holder, _ in sorted(scores.items(), key=lambda item: (-item[1], item[0]))[:most]]


def read_passages(passages: Sequence[Passage]) -> list[Source]:
    """Cut passages into units. Shape: passages in the order of the prompt, [1] first."""
    return [
        Source(number, passage, tuple(units_of(passage.chunk.text)), _context(passage))
        for number, passage in enumerate(passages, start=1)
    ]


def _context(passage: Passage) -> Reading:
    name = PurePosixPath(passage.document).stem.replace("_", " ")
    return read_text(". ".join((*passage.chunk.headings, passage.title or "", name)))


def units_of(text: str) -> Iterator[Unit]:
    """Cut a text into sentences and rows of tables, in order, each read."""
    prose = 0
    header: tuple[Reading, ...] | None = None
    place = 0
    while place < len(text):
        line_end = text.find("\n", place)
        line_end = len(text) if line_end < 0 else line_end
        line = text[place:line_end]
        if is_row(line):
            yield from _sentences(text, prose, place)
            prose = line_end
            row = _row(text, place, line_end, header or ())
            if header is None:
                header = tuple(read_text(cell) for _, cell in cells_of(line))
                # A table whose first row has numbers has no header, or the chunk begins in its middle.
                header = () if any(fact.kind == "number" for cell in header for fact in cell.facts) else header
            if row.reading.words or row.reading.facts:
                yield row
        elif line.strip():
            header = None
        place = line_end + 1
    yield from _sentences(text, prose, len(text))


def _row(text: str, start: int, end: int, header: tuple[Reading, ...]) -> Unit:
    reading = read_text(text[start:end])
    return Unit(start, end, reading, header, tuple(place for place, _ in cells_of(reading.text)))


def _sentences(text: str, start: int, end: int) -> Iterator[Unit]:
    for first, last in split_sentences(text[start:end]):
        reading = read_text(text[start + first : start + last])
        if reading.words or reading.facts:
            yield Unit(start + first, start + last, reading)


def has_name(words: Iterable[str], key: str) -> bool:
    """Tell whether one of these folded words is a form of the name."""
    return any(same_name(key, word) for word in words)


def same_fact(claimed: Fact, stood: Fact, *, units: frozenset[str], years: frozenset[int]) -> bool:
    """Tell whether a fact of a source bears out one of a claim.

    ``units`` and ``years`` are those that the passage names around it: a column "Price, roubles", a year in the title.
    """
    if claimed.days and stood.days:
        if any(mine.fits(other, years) for mine in claimed.days for other in stood.days):
            return True
        if "date" in (claimed.kind, stood.kind):
            return False
    if claimed.values.isdisjoint(stood.values):
        return False
    return claimed.unit is None or claimed.unit == stood.unit or (stood.unit is None and claimed.unit in units)
