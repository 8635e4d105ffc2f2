"""Where in the passages an assertion is looked for: a sentence, a row of a table, or a few sentences in a row."""

from collections.abc import Iterator
from typing import Final

from samovar.retrieval.assertion import Assertion, is_same
from samovar.retrieval.quotes import normalised
from samovar.retrieval.sources import Source, Unit

__all__ = ["Window", "windows_of"]

#: So many units are looked at more closely, each alone and with its neighbours.
_MOST_UNITS: Final = 6
#: Of so many of the nearest units, those of the wanted passages are taken.
_MOST_RANKED: Final = _MOST_UNITS * 40
#: A whole unit of more characters may stand inside a quote.
_SHORTEST_QUOTED: Final = 20


class Window:
    """Units of a source that follow each other, with what stands in them."""

    def __init__(self, source: Source, first: int, last: int) -> None:
        """Take the units from ``first`` to ``last`` of a source."""
        self.source = source
        self.units = source.units[first : last + 1]
        self._first = first
        #: What stands in the units and over their columns, and with the words of headings, title and name.
        self.stood = frozenset().union(*source.concepts[first : last + 1])
        self.concepts = self.stood | source.context_concepts
        self.keys = frozenset(
            (
                *(key for unit in self.units for key in unit.reading.word_keys()),
                *(key for unit in self.units for cell in unit.header for key in cell.word_keys()),
                *source.context.word_keys(),
            )
        )

    @property
    def is_title(self) -> bool:
        """Tell whether this is the first line of a document alone: it names things and says little of them."""
        first = self.units[0]
        alone = len(self.units) == 1 and len(self.source.units) > 1 and first in self.source.head[:1]
        return alone and not first.reading.text.rstrip().endswith((".", "!", "?"))

    def of(self, unit: Unit) -> frozenset[str]:
        """The concepts of one of the units, with those of headings, title and name."""
        return self.own(unit) | self.source.context_concepts

    def own(self, unit: Unit) -> frozenset[str]:
        """The concepts of one of the units, with those over its columns."""
        place = next(place for place, one in enumerate(self.units) if one is unit)
        return self.source.concepts[self._first + place]


def windows_of(assertion: Assertion, wanted: frozenset[int]) -> Iterator[Window]:
    """The places of the ``wanted`` passages that are worth a closer look, the nearest first."""
    tried: set[tuple[int, int, int]] = set()
    for at, place in _places(assertion, wanted):
        source = assertion.sources.all[at]
        last = len(source.units) - 1
        for first, end in ((place, place), (place, place + 1), (place - 1, place), (place - 1, place + 1)):
            key = (at, max(0, first), min(last, end))
            # Each row of a table speaks of something else.
            is_mixed = key[1] != key[2] and any(unit.cells for unit in source.units[key[1] : key[2] + 1])
            if key not in tried and not is_mixed:
                tried.add(key)
                yield Window(source, key[1], key[2])


def _places(assertion: Assertion, wanted: frozenset[int]) -> list[tuple[int, int]]:
    """Which units are looked at: the source and the unit, by their places."""
    sources = assertion.sources
    concepts = [assertion.concepts(word) for word in (*assertion.words, *assertion.asked)]
    ranked = [
        holder
        for holder in sources.nearest_units(concepts, most=_MOST_RANKED)
        if sources.all[holder[0]].number in wanted
    ]
    places = ranked[:_MOST_UNITS]
    # Where its numbers and quotes stand is worth a look too, however few of its words are there.
    for at, source in enumerate(sources.all):
        if source.number in wanted:
            places += [(at, place) for place in _exact_places(assertion, source)][:_MOST_UNITS]
    return list(dict.fromkeys(places))


def _exact_places(assertion: Assertion, source: Source) -> list[int]:
    found: list[int] = []
    for place, unit in enumerate(source.units):
        if any(is_same(fact, stood, source) for fact in assertion.reading.facts for stood in unit.reading.facts):
            found.append(place)
    for quote in assertion.statement.quotes:
        key = normalised(quote.text)
        for place, unit in enumerate(source.units):
            words = normalised(source.passage.chunk.text[unit.start : unit.end])
            if key in words or (len(words) > _SHORTEST_QUOTED and words.strip(" .") in key):
                found.append(place)
    return found
