"""Check a claim against the passages: is it borne out, and if not, what of it differs.

Nothing here asks a model. A claim is compared with a sentence, a row of a table with its header, or two or three
sentences that follow each other. Its words must be there for the most part; its numbers, dates, names and quotes all,
with the words that they belong to.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from samovar.domain.grounding import ClaimFault
from samovar.retrieval.bindings import (
    Anchor,
    fact_anchors,
    is_bound_to_another,
    is_one_person,
    local_words,
    name_anchors,
    roles_are_swapped,
)
from samovar.retrieval.claims import Statement
from samovar.retrieval.quantities import unit_of
from samovar.retrieval.quotes import Quote, normalised, stands_in, words_not_in
from samovar.retrieval.reading import Fact, Reading, Word, read_text
from samovar.retrieval.sources import Source, Sources, Unit, has_name, same_fact
from samovar.retrieval.vocabulary import QUESTION_WORDS

__all__ = ["Finding", "Support", "best_finding"]

#: Share of the weight of a claim's words that its source must hold.
_SUPPORT: Final = 0.6
#: The same where the model itself names the passage: people and models put things in their own words.
_LABELLED_SUPPORT: Final = 0.5
#: From here on a source is about the claim, and what differs is an alteration.
_ABOUT: Final = 0.45
#: So many units are looked at more closely, each alone and with its neighbours.
_MOST_UNITS: Final = 6
#: So much of a local clause's weight must stand with its number.
_LOCAL: Final = 0.4
#: A title bears out what stands there whole.
_TITLE: Final = 0.95
#: A number of so many digits is hardly the same by chance.
_SPECIFIC_DIGITS: Final = 3
#: Shares of a claim's weight that stand in the clause that a source denies.
_CLAUSE: Final = 0.3
_MOST: Final = 0.6
#: What stands before the name of a place.
_BEFORE_PLACES: Final = frozenset({"в", "во", "из", "городе", "город", "города", "in", "at", "from", "near", "of"})
#: Fewer words do not say what a number or a name is of: the question does.
_FEWEST_WORDS: Final = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Support:
    """The place of a passage that a claim was compared with: ``chunk text[start:end]`` of passage ``[number]``."""

    number: int
    start: int
    end: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What the comparison with one place has shown. ``share`` is how much of the words is there, from 0 to 1.

    ``around`` counts dates and codes that stand in the head of the document alone.
    """

    support: Support
    share: float
    faults: tuple[ClaimFault, ...] = ()
    wrong: tuple[str, ...] = ()
    is_labelled: bool = False
    around: int = 0

    @property
    def bears_out(self) -> bool:
        """Tell whether the place says what the claim says."""
        return not self.faults and self.share >= (_LABELLED_SUPPORT if self.is_labelled else _SUPPORT)

    @property
    def is_about(self) -> bool:
        """Tell whether the place speaks of the same and says something else."""
        return self.share >= _ABOUT or "quote" in self.faults


def best_finding(
    statement: Statement, sources: Sources, numbers: Iterable[int], *, asked: Reading, is_labelled: bool
) -> Finding | None:
    """Compare a statement with the passages ``numbers``; return what fits best, or None when nothing is shared.

    A statement of a name or a number alone says what was ``asked``.
    """
    wanted = frozenset(numbers)
    checker = _Checker(statement, sources, asked, is_labelled=is_labelled)
    best: Finding | None = None
    for source, first, last in checker.windows(wanted):
        found = checker.compare(source, first, last)
        if best is None or _rank(found) > _rank(best):
            best = found
    return best


def _rank(finding: Finding) -> tuple[bool, float, int]:
    length = finding.support.end - finding.support.start
    return finding.bears_out, finding.share - 0.12 * len(finding.faults) - 0.3 * finding.around, -length


class _Checker:
    """Compares one statement with places."""

    def __init__(self, statement: Statement, sources: Sources, asked: Reading, *, is_labelled: bool) -> None:
        self._statement = statement
        self._sources = sources
        self._lexicon = sources.lexicon
        self._is_labelled = is_labelled
        self._reading = statement.reading
        self._words = [word for word in self._reading.words if self._lexicon.concepts(word.key)]
        self._names = [word for word in self._reading.words if self._is_name(word)]
        self._asked = (
            [word for word in asked.words if word.key not in QUESTION_WORDS and self._lexicon.concepts(word.key)]
            if len(self._words) < _FEWEST_WORDS
            else []
        )
        self._header = tuple(read_text(cell) for cell in statement.header)

    def _is_name(self, word: Word) -> bool:
        if not word.text[0].isupper() or self._lexicon.is_ordinary(word.key) or not self._lexicon.concepts(word.key):
            return False
        return word.is_name or (len(word.key) > 2 and has_name(self._sources.names, word.key))

    def windows(self, wanted: frozenset[int]) -> Iterable[tuple[Source, int, int]]:
        """The places worth a closer look: source, first and last unit."""
        tried: set[tuple[int, int, int]] = set()
        for at, place in self._places(wanted):
            source = self._sources.all[at]
            last = len(source.units) - 1
            for first, end in ((place, place), (place, place + 1), (place - 1, place), (place - 1, place + 1)):
                key = (at, max(0, first), min(last, end))
                # Each row of a table speaks of something else.
                is_mixed = key[1] != key[2] and any(unit.cells for unit in source.units[key[1] : key[2] + 1])
                if key not in tried and not is_mixed:
                    tried.add(key)
                    yield source, key[1], key[2]

    def _places(self, wanted: frozenset[int]) -> list[tuple[int, int]]:
        concepts = [self._lexicon.concepts(word.key) for word in (*self._words, *self._asked)]
        ranked = [
            holder
            for holder in self._sources.nearest_units(concepts, most=_MOST_UNITS * 40)
            if self._sources.all[holder[0]].number in wanted
        ]
        places = ranked[:_MOST_UNITS]
        # Where its numbers and quotes stand is worth a look too, however few of its words are there.
        for at, source in enumerate(self._sources.all):
            if source.number in wanted:
                places += [(at, place) for place in self._exact_places(source)][:_MOST_UNITS]
        return list(dict.fromkeys(places))

    def _exact_places(self, source: Source) -> list[int]:
        found: list[int] = []
        for place, unit in enumerate(source.units):
            if any(self._same(fact, stood, source) for fact in self._reading.facts for stood in unit.reading.facts):
                found.append(place)
        for quote in self._statement.quotes:
            key = normalised(quote.text)
            for place, unit in enumerate(source.units):
                words = normalised(source.passage.chunk.text[unit.start : unit.end])
                if key in words or (len(words) > 20 and words.strip(" .") in key):
                    found.append(place)
        return found

    def _same(self, claimed: Fact, stood: Fact, source: Source) -> bool:
        return same_fact(claimed, stood, units=source.units_of_measure, years=source.years)

    def compare(self, source: Source, first: int, last: int) -> Finding:
        """Compare with the units from ``first`` to ``last`` of a source."""
        units = source.units[first : last + 1]
        window = _Window(source, first, last)
        wrong: dict[ClaimFault, list[str]] = {}
        self._check_quotes(window, wrong)
        standing, around = self._check_facts(window, wrong)
        share = self._share(window, standing)
        if window.is_title and share < _TITLE:
            share /= 2
        self._check_names(window, wrong)
        if "quote" not in wrong:
            self._check_denials(window, wrong)
            self._check_opposites(window, wrong)
        if any(roles_are_swapped(self._reading, unit, self._lexicon, self._sources.names) for unit in units):
            wrong.setdefault("name", [])
        return Finding(
            support=Support(number=source.number, start=units[0].start, end=units[-1].end),
            share=share,
            faults=tuple(wrong),
            wrong=tuple(dict.fromkeys(word for words in wrong.values() for word in words)),
            is_labelled=self._is_labelled,
            around=around,
        )

    def _share(self, window: "_Window", standing: Sequence[Fact]) -> float:
        """How much of the weight of the words is there; words inside a quote that stands there are.

        A date or a long number that stands there weighs as much as a word that nobody else uses. What only names the
        document weighs nothing, unless the claim says no more: it is said of every page of it.
        """
        quoted = [
            quote
            for quote in self._statement.quotes
            if all(stands_in(part, window.source.normalised) for part in quote.parts)
        ]
        named = 0.0
        whole = held = self._sources.unseen_weight * sum(map(_is_specific, standing)) if self._words else 0.0
        for word in self._words:
            concepts = self._lexicon.concepts(word.key)
            weight = self._sources.weight(concepts)
            is_there = not concepts.isdisjoint(window.concepts) or (
                word in self._names and has_name(window.keys, word.key)
            )
            is_quoted = not quoted or any(quote.start <= word.start < quote.end for quote in quoted)
            if is_there and not self._is_in_units(word, window):
                named += weight
                continue
            if not is_quoted:
                weight /= 3  # who said it, and where
            whole += weight
            held += weight if is_there else 0.0
        for word in self._asked:
            concepts = self._lexicon.concepts(word.key)
            weight = self._sources.weight(concepts)
            is_there = not concepts.isdisjoint(window.concepts) or (
                word.text[0].isupper() and has_name(window.source.word_keys, word.key)
            )
            whole += weight
            held += weight if is_there else 0.0
        if whole:
            return held / whole
        return 1.0 if self._reading.facts or named else 0.0

    def _is_in_units(self, word: Word, window: "_Window") -> bool:
        """Tell whether the units themselves have a word, and not only the name of their document."""
        title = [key for unit in window.source.head[:1] for key in unit.reading.word_keys()]
        if word in self._names and has_name((*title, *window.source.context.word_keys()), word.key):
            return False
        if not self._lexicon.concepts(word.key).isdisjoint(window.stood):
            return True
        return word in self._names and has_name(
            (key for unit in window.units for key in unit.reading.word_keys()), word.key
        )

    def _check_quotes(self, window: "_Window", wrong: dict[ClaimFault, list[str]]) -> None:
        for quote in self._statement.quotes:
            if self._is_title(quote, window):
                continue
            missing = [part for part in quote.parts if not stands_in(part, window.source.normalised)]
            if missing:
                words = [word for part in missing for word in words_not_in(part, window.source.normalised)]
                wrong.setdefault("quote", []).extend(words or [missing[0][:80]])

    def _is_title(self, quote: Quote, window: "_Window") -> bool:
        """Tell whether the words in quotes are the name of the document or of a section."""
        return stands_in(quote.text, normalised(window.source.context.text))

    def _check_facts(self, window: "_Window", wrong: dict[ClaimFault, list[str]]) -> tuple[list[Fact], int]:
        """Find the facts that stand nowhere; return those that stand there, and how many the document's head has."""
        standing: list[Fact] = []
        around = 0
        claimed = [Anchor(fact.start, fact.end, fact=fact) for fact in self._reading.facts]
        for anchor in claimed:
            fact = anchor.fact
            if fact is not None and self._fact_stands(fact, anchor, claimed, window):
                standing.append(fact)
            elif fact is not None and self._stands_around(fact, window):
                around += 1
            elif fact is not None:
                kind: ClaimFault = "date" if fact.kind == "date" else "number"
                wrong.setdefault(kind, []).append(fact.text)
        return standing, around

    def _fact_stands(self, fact: Fact, anchor: Anchor, claimed: Sequence[Anchor], window: "_Window") -> bool:
        local = [word for word in local_words(self._reading, anchor, claimed) if self._lexicon.concepts(word.key)]
        local = [*self._above(fact), *local]
        for unit in window.units:
            stood = [one for one in unit.reading.facts if self._same(fact, one, window.source)]
            if not stood or any(_bounds_differ(fact, one) for one in stood):
                continue
            if self._belongs(fact, local, unit, window):
                return True
        return False

    def _above(self, fact: Fact) -> list[Word]:
        """The words over the column of the answer's own table in which a fact stands."""
        if not self._header:
            return []
        column = max(0, sum(begin <= fact.start for begin in self._statement.cells) - 1)
        return list(self._header[column].words) if column < len(self._header) else []

    def _belongs(self, fact: Fact, local: Sequence[Word], unit: Unit, window: "_Window") -> bool:
        """Tell whether the words around a fact are those that it has in this unit of the source."""
        anchors = fact_anchors(unit.reading, fact)

        def is_own(anchor: Anchor) -> bool:
            return anchor.fact is not None and self._same(fact, anchor.fact, window.source)

        if is_bound_to_another(local, unit, anchors, is_own, self._lexicon):
            return False
        if self._is_of_another_row(unit) or self._speaks_of_another(local, unit, window):
            return False
        if self._next_noun_differs(fact, unit, window) or not _in_column_of_unit(fact, unit, anchors, is_own):
            return False
        if len(window.units) == 1:
            return True
        held = whole = 0.0
        concepts = window.of(unit)
        for word in local:
            mine = self._lexicon.concepts(word.key)
            if not mine.isdisjoint(window.concepts):
                weight = self._sources.weight(mine)
                whole += weight
                held += weight if not mine.isdisjoint(concepts) else 0.0
                if mine.isdisjoint(concepts) and word in self._names and self._rivals(unit, window):
                    return False
        return not whole or held / whole >= _LOCAL

    def _is_of_another_row(self, unit: Unit) -> bool:
        """Tell whether a row begins with what the claim does not speak of."""
        if len(unit.cells) < 2:
            return False
        label = [word for word in unit.reading.words if word.start < unit.cells[1]]
        own = frozenset().union(*(self._lexicon.concepts(word.key) for word in label))
        mine = frozenset().union(*(self._lexicon.concepts(word.key) for word in (*self._words, *self._asked)))
        keys = [word.key for word in (*self._words, *self._asked)]
        return bool(own) and own.isdisjoint(mine) and not any(has_name(keys, word.key) for word in label)

    def _speaks_of_another(self, local: Sequence[Word], unit: Unit, window: "_Window") -> bool:
        """Tell whether what a number is of in the claim stands in the passage, and nowhere near this number."""
        source = window.source
        concepts = [self._lexicon.concepts(word.key) for word in local]
        if any(not one.isdisjoint(window.own(unit)) for one in concepts):
            return False
        named = source.context_concepts.union(*source.concepts[: len(source.head)])
        elsewhere = frozenset().union(*source.concepts)
        own = [one for one in concepts if one.isdisjoint(named)]
        return any(not one.isdisjoint(elsewhere) for one in own)

    def _next_noun_differs(self, fact: Fact, unit: Unit, window: "_Window") -> bool:
        """Tell whether "30 offices" stands where the source has "30 days"."""
        if fact.kind != "number" or fact.unit is not None:
            return False
        following = next((word for word in self._words if 0 <= word.start - fact.end <= 1), None)
        if following is None or not self._lexicon.concepts(following.key).isdisjoint(window.of(unit)):
            return False
        return all(one.unit is not None for one in unit.reading.facts if self._same(fact, one, window.source))

    def _stands_around(self, fact: Fact, window: "_Window") -> bool:
        """Tell whether the head of the document or a heading has a date or code that the window leaves out."""
        if fact.unit is not None:
            return False  # no title says how much something is
        in_window = [one for unit in window.units for one in unit.reading.facts]
        rivals = [
            one
            for one in in_window
            if one.kind == fact.kind and not any(self._same(mine, one, window.source) for mine in self._reading.facts)
        ]
        if rivals and fact.kind != "code":
            return False
        head = [unit.reading for unit in window.source.head]
        around = [one for reading in (window.source.context, *head) for one in reading.facts]
        return any(self._same(fact, one, window.source) for one in around)

    def _rivals(self, unit: Unit, window: "_Window") -> list[str]:
        """The names of a unit that the claim does not mention; where something is makes no rival."""
        mine = [word.key for word in self._reading.words]
        around = [word.key for word in window.source.context.words]
        words = unit.reading.words
        return [
            word.key
            for before, word in zip((None, *words), words, strict=False)
            if (word.is_name or (word.begins and word.text[0].isupper() and has_name(self._sources.names, word.key)))
            and not (before is not None and before.key in _BEFORE_PLACES)
            and not word.text.isupper()
            and not self._lexicon.is_ordinary(word.key)
            and self._lexicon.concepts(word.key)
            and not has_name(mine, word.key)
            and not has_name(around, word.key)
        ]

    def _check_names(self, window: "_Window", wrong: dict[ClaimFault, list[str]]) -> None:
        rivals = [name for unit in window.units for name in self._rivals(unit, window)]
        for word in self._names:
            if self._name_stands(word, window) or (not rivals and self._name_is_around(word, window)):
                continue
            wrong.setdefault("name", []).append(word.text)
        self._check_first_word(window, rivals, wrong)
        claimed = name_anchors(self._reading, self._lexicon)
        around = [unit.reading for unit in (*window.units, *window.source.head)]
        for anchor in claimed if "name" not in wrong else ():
            if not is_one_person(anchor, self._reading, (*around, window.source.context), self._lexicon):
                wrong.setdefault("name", []).append(self._reading.text[anchor.start : anchor.end])
        for unit in window.units:
            anchors = name_anchors(unit.reading, self._lexicon)
            for anchor in claimed[:12] if len(anchors) > 1 else ():
                local = local_words(self._reading, anchor, claimed, reach=1)

                def is_own(one: Anchor, name: Anchor = anchor) -> bool:
                    return any(has_name(one.keys, key) for key in name.keys)

                if len(window.units) == 1 and is_bound_to_another(local, unit, anchors, is_own, self._lexicon):
                    wrong.setdefault("name", []).append(self._reading.text[anchor.start : anchor.end])

    def _name_stands(self, word: Word, window: "_Window") -> bool:
        concepts = self._lexicon.concepts(word.key)
        return not concepts.isdisjoint(window.stood) or has_name(window.keys, word.key)

    def _name_is_around(self, word: Word, window: "_Window") -> bool:
        """Tell whether the passage names it elsewhere: in its head, or anywhere when these units name nobody."""
        head = [key for unit in window.source.head for key in unit.reading.word_keys()]
        if has_name((*head, *window.source.context.word_keys()), word.key):
            return True
        if any(unit.cells or name_anchors(unit.reading, self._lexicon) for unit in window.units):
            return False
        return has_name(window.source.word_keys, word.key)

    def _check_first_word(self, window: "_Window", rivals: Sequence[str], wrong: dict[ClaimFault, list[str]]) -> None:
        """A sentence may begin with a name that nobody knows, where the source begins with another."""
        first = self._reading.words[0] if self._reading.words else None
        if first is None or not rivals or first in self._names or not first.text[0].isupper():
            return
        concepts = self._lexicon.concepts(first.key)
        if not concepts or self._sources.is_known(concepts) or self._lexicon.is_ordinary(first.key):
            return
        begins = [unit.reading.words[0].key for unit in window.units if unit.reading.words]
        if any(name in rivals for name in begins):
            wrong.setdefault("name", []).append(first.text)

    def _check_denials(self, window: "_Window", wrong: dict[ClaimFault, list[str]]) -> None:
        mine = self._reading.negators
        theirs = [word for unit in window.units for word in unit.reading.negators]
        if not mine and theirs:
            self._check_denied_source(window, wrong)
        elif mine and not theirs:
            unseen = [word for word in self._words if word.is_negated and not self._prohibits(window)]
            if unseen:
                wrong.setdefault("negation", []).append(mine[0].text)
        elif mine:
            self._check_moved_denial(window, wrong)
        self._check_prefixes(window, wrong)

    def _check_denied_source(self, window: "_Window", wrong: dict[ClaimFault, list[str]]) -> None:
        """A source denies what the claim affirms: the word itself, or what most of the claim speaks of."""
        concepts = [
            one
            for word in self._words
            if word not in self._names
            and (one := self._lexicon.concepts(word.key)).isdisjoint(window.source.context_concepts)
        ]
        whole = sum(self._sources.weight(one) for one in concepts)
        for unit in window.units:
            for denied in unit.reading.words:
                if not denied.is_negated:
                    continue
                own = self._lexicon.concepts(denied.key)
                around = self._around(unit, denied)
                held = sum(self._sources.weight(one) for one in concepts if not one.isdisjoint(around))
                said = next(
                    (word for word in self._words if not own.isdisjoint(self._lexicon.concepts(word.key))), None
                )
                if said is not None and held >= _CLAUSE * whole:
                    wrong.setdefault("negation", []).append(said.text)
                elif _is_predicate(unit, denied) and held >= _MOST * whole:
                    wrong.setdefault("negation", []).extend(word.text for word in self._words[-1:])

    def _around(self, unit: Unit, word: Word) -> frozenset[str]:
        """The concepts of the clause in which a word stands, with those that name the document."""
        text = unit.reading.text
        start = max(text.rfind(mark, 0, word.start) for mark in ".,;:\t|") + 1
        ends = [place for mark in ".,;:\t|" if (place := text.find(mark, word.end)) >= 0]
        end = min(ends, default=len(text))
        inside = [one for one in unit.reading.words if start <= one.start < end]
        return frozenset().union(*(self._lexicon.concepts(one.key) for one in inside))

    def _check_moved_denial(self, window: "_Window", wrong: dict[ClaimFault, list[str]]) -> None:
        """Both deny something, and must do so in the same clause: "no allergy was found", "allergy was not found"."""
        for unit in window.units:
            denied = [word for word in unit.reading.words if word.is_negated]
            for word in self._words:
                own = self._lexicon.concepts(word.key)
                stood = [one for one in unit.reading.words if not own.isdisjoint(self._lexicon.concepts(one.key))]
                if not word.is_negated or not stood or any(one.is_negated for one in stood) or not denied:
                    continue
                if all(
                    any(mark in unit.reading.text[min(a.end, b.end) : max(a.start, b.start)] for mark in ",;")
                    for a in stood
                    for b in denied
                ):
                    wrong.setdefault("negation", []).append(word.text)

    def _prohibits(self, window: "_Window") -> bool:
        """Tell whether a source says "prohibited" where a claim may say "not allowed"."""
        return any(key.startswith(("запре", "исключ", "prohibit", "forbid", "exclud")) for key in window.keys)

    def _check_prefixes(self, window: "_Window", wrong: dict[ClaimFault, list[str]]) -> None:
        """Find "unavailable" for "available", one word and its denial."""
        for word in self._words:
            if len(word.key) < 6 or not self._lexicon.concepts(word.key).isdisjoint(window.concepts):
                continue
            for key in window.keys:
                longer, shorter = (word.key, key) if len(word.key) > len(key) else (key, word.key)
                if longer[:6] != shorter[:6] and _denies(longer, shorter):
                    wrong.setdefault("negation", []).append(word.text)
                    return

    def _check_opposites(self, window: "_Window", wrong: dict[ClaimFault, list[str]]) -> None:
        mine = frozenset(concept for word in self._words for concept in self._lexicon.concepts(word.key))
        for word in self._words:
            opposites = self._lexicon.opposites(word.key)
            if not opposites or word.is_negated:
                continue
            if not self._lexicon.concepts(word.key).isdisjoint(window.stood):
                continue
            if not opposites.isdisjoint(window.stood) and opposites.isdisjoint(mine):
                wrong.setdefault("words", []).append(word.text)


class _Window:
    """Units of a source that follow each other, with what stands in them."""

    def __init__(self, source: Source, first: int, last: int) -> None:
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


def _is_specific(fact: Fact) -> bool:
    """Tell whether a fact hardly stands somewhere by chance."""
    return fact.kind != "number" or any(len(value) >= _SPECIFIC_DIGITS for value in fact.values)


def _is_predicate(unit: Unit, denied: Word) -> bool:
    """Tell whether "not" denies a verb; "without" and "no" deny the noun behind them alone."""
    before = [word.key for word in unit.reading.negators if word.end <= denied.start]
    return bool(before) and (before[-1] in ("не", "not", "never", "cannot", "никогда") or before[-1].endswith("n't"))


def _in_column_of_unit(fact: Fact, unit: Unit, anchors: Sequence[Anchor], is_own: Callable[[Anchor], bool]) -> bool:
    """Tell whether "300 minutes" stands in the column of minutes, when the table has one."""
    if fact.unit is None or not unit.header:
        return True
    columns = {
        column
        for column, cell in enumerate(unit.header)
        if any(unit_of(key) == fact.unit for key in cell.word_keys())
        or any(unit_of(sign) == fact.unit for sign in "%₽$€£" if sign in cell.text)
    }
    return not columns or any(unit.column(anchor.start) in columns for anchor in anchors if is_own(anchor))


def _bounds_differ(claimed: Fact, stood: Fact) -> bool:
    """Tell whether one says "at most" and the other "at least"."""
    return claimed.bound is not None and stood.bound is not None and claimed.bound != stood.bound


def _denies(longer: str, shorter: str) -> bool:
    for prefix in ("не", "un", "in", "non", "dis", "im"):
        if longer.startswith(prefix):
            rest = longer[len(prefix) :]
            if len(rest) >= 4 and (rest == shorter or (len(rest) > 6 and rest[:-2] == shorter[: len(rest) - 2])):
                return True
    return False
