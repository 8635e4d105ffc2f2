"""What was said in the turns that a summary stands for, as far as code can tell: facts, names, and what is of which.

Read by the same code that checks answers against passages (``retrieval.reading``, ``retrieval.bindings``).
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final, Literal

from samovar.retrieval.bindings import Anchor, fact_anchors, is_bound_to_another, local_words, name_anchors
from samovar.retrieval.lexicon import Lexicon
from samovar.retrieval.quantities import unit_of
from samovar.retrieval.reading import Fact, Reading, Word
from samovar.retrieval.skeleton import is_cyrillic, skeleton
from samovar.retrieval.sources import Unit, has_name, same_fact

__all__ = ["Record", "Spoken", "is_role"]


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


#: Words for those who talk and for the talk itself: a summary may use them though nobody said them.
_ROLES: Final = _words(
    """
    user users assistant person client ai llm model chatbot bot ok faq user's assistant's conversation chat summary
    discussion key facts fact decisions decision questions question notes topics topic next steps agreed preferences
    requirements details background context goals tasks status overview open points main important request
    пользователь пользователя пользователю пользователем ассистент ассистента ассистенту ассистентом собеседник
    помощник ии модель чат разговор беседа сводка итоги итог факты решения вопросы
    """
)
#: Who speaks of such a one may mean anybody: the sentence ties its words to no name.
_PRONOUNS: Final = _words(
    """
    я мы он она они оно ты вы
    i we he she they it you
    """
)
#: What stands in front of the name of where or with whom something is.
_PREPOSITIONS: Final = _words("в во на из от с со к ко у о об для при по за in at from of with to for on by")
#: So few words say nothing of what a number is of: the turns before do ("No, make it 20 March").
_THIN: Final = 2
#: So many units before a thin one may say it.
_CONTEXT: Final = 6
#: Between so many words nothing else is meant: "the rent is 500".
_CLOSE: Final = 3
#: So many of the nearest words tell what a number or a name is of.
_NEAREST: Final = 5
_LEAST_SKELETON: Final = 2
#: Of whom a word is said tells something only of words that stand in few sentences.
_RARE: Final = 4


#: Of what a word is said in one sentence: of the thing that was asked about, of another one, or it cannot be told.
Vote = Literal["own", "other", "either", "none"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Spoken:
    """A sentence or a row of a table; ``turn`` counts the turns from 0."""

    turn: int
    by_person: bool
    unit: Unit

    @property
    def reading(self) -> Reading:
        """What it says."""
        return self.unit.reading


def is_role(word: Word) -> bool:
    """Tell whether a word names those who talk, or the talk."""
    return word.key in _ROLES


class Record:
    """The units of all turns, and which of them hold a word, a name or a fact."""

    def __init__(self, units: Sequence[Spoken], lexicon: Lexicon) -> None:
        """Find the concepts of every unit; the lexicon knows all of their words."""
        self.units = tuple(units)
        self.lexicon = lexicon
        self._concepts = [self._of(one.reading.words) for one in self.units]
        self._holders: dict[str, list[int]] = {}
        for place, concepts in enumerate(self._concepts):
            for concept in concepts:
                self._holders.setdefault(concept, []).append(place)
        self.names = frozenset(
            word.key for one in self.units for word in one.reading.words if word.is_name and not word.begins
        )

    def _of(self, words: Iterable[Word]) -> frozenset[str]:
        return frozenset().union(*(self.lexicon.concepts(word.key) for word in words))

    @cached_property
    def keys(self) -> frozenset[str]:
        """Every folded word."""
        return frozenset(key for one in self.units for key in one.reading.word_keys())

    @cached_property
    def facts(self) -> tuple[Fact, ...]:
        """Every fact, in order."""
        return tuple(fact for one in self.units for fact in one.reading.facts)

    @cached_property
    def units_of_measure(self) -> frozenset[str]:
        """The units that are named anywhere."""
        named = {unit for key in self.keys if (unit := unit_of(key))}
        return frozenset(named.union(fact.unit for fact in self.facts if fact.unit))

    @cached_property
    def years(self) -> frozenset[int]:
        """The years that are named anywhere."""
        return frozenset(year for fact in self.facts for year in fact.years)

    @cached_property
    def _skeletons(self) -> dict[bool, frozenset[str]]:
        """The consonants of all words by alphabet; True for Russian."""
        found: dict[bool, set[str]] = {True: set(), False: set()}
        for key in self.keys:
            found[is_cyrillic(key)].add(skeleton(key))
        return {russian: frozenset(one) for russian, one in found.items()}

    def knows(self, word: Word) -> bool:
        """Tell whether a word stands anywhere, in any form."""
        return any(concept in self._holders for concept in self.lexicon.concepts(word.key)) or word.key in self.keys

    def has_name(self, word: Word) -> bool:
        """Tell whether a name stands anywhere, in any case and in either alphabet."""
        key = word.key.removesuffix("'s").removesuffix("’s")
        if self.knows(word) or has_name(self.keys, key):
            return True
        mine = skeleton(key)
        return len(mine) >= _LEAST_SKELETON and mine in self._skeletons[not is_cyrillic(key)]

    def has_fact(self, fact: Fact) -> bool:
        """Tell whether a number, date or code stands anywhere."""
        return any(self._same(fact, one) for one in self.facts)

    def _same(self, claimed: Fact, stood: Fact) -> bool:
        if same_fact(claimed, stood, units=self.units_of_measure, years=self.years):
            return True
        # Who says "my height is 178" leaves the unit to the listener.
        is_left_open = claimed.kind == stood.kind == "number" and stood.unit is None
        return is_left_open and not claimed.values.isdisjoint(stood.values)

    def fact_is_of_another(self, fact: Fact, sentence: Reading, elsewhere: frozenset[str]) -> bool:
        """Tell whether the words around a fact of a summary are, wherever they stand here, those of another fact.

        ``elsewhere`` are the concepts of the whole summary. A code is hardly taken for another one, and a digit alone
        counts too many things.
        """
        if fact.kind == "code" or (fact.unit is None and all(len(value) == 1 for value in fact.values)):
            return False
        claimed = [Anchor(one.start, one.end, fact=one) for one in sentence.facts]
        mine = next(anchor for anchor in claimed if anchor.fact is fact)

        def rivals(unit: Unit) -> list[Anchor]:
            # Of the same unit: "three things" says nothing of "45 days".
            return [
                anchor
                for anchor in fact_anchors(unit.reading, fact)
                if is_own(anchor) or fact.unit is None or (anchor.fact is not None and anchor.fact.unit == fact.unit)
            ]

        def is_own(anchor: Anchor) -> bool:
            return anchor.fact is not None and self._same(fact, anchor.fact)

        return self._is_of_another(mine, claimed, sentence, rivals, is_own, elsewhere=elsewhere)

    def name_is_of_another(self, name: Anchor, names: Sequence[Anchor], sentence: Reading) -> bool:
        """Tell whether the words around a name of a summary are, wherever they stand here, those of another name."""

        def rivals(unit: Unit) -> list[Anchor]:
            return [] if _speaks_of_somebody(unit.reading) else self._subjects(unit.reading, name)

        def is_own(anchor: Anchor) -> bool:
            return _is_one(anchor, name)

        return self._is_of_another(name, names, sentence, rivals, is_own, elsewhere=frozenset())

    def is_of_two(self, name: Anchor) -> bool:
        """Tell whether first name and surname stand here, never together, and one of them with another name."""
        if len(name.keys) < 2:
            return False
        stood = self._whole_names
        shared = [_shared(anchor, name) for anchor in stood]
        if any(count == len(name.keys) for count in shared):
            return False
        return any(count and len(anchor.keys) > count for count, anchor in zip(shared, stood, strict=True))

    @cached_property
    def _whole_names(self) -> tuple[Anchor, ...]:
        """The names of more than one word, each once."""
        found = (anchor for one in self.units for anchor in self.name_anchors(one.reading) if len(anchor.keys) > 1)
        return tuple({anchor.keys: anchor for anchor in found}.values())

    def name_anchors(self, reading: Reading) -> list[Anchor]:
        """The names of a sentence, without those who talk."""
        anchors = name_anchors(reading, self.lexicon, self.names)
        return [anchor for anchor in anchors if not all(key in _ROLES for key in anchor.keys)]

    def _subjects(self, reading: Reading, name: Anchor) -> list[Anchor]:
        """The names of a sentence that something may be said of; ``name`` itself wherever it stands."""
        found: list[Anchor] = []
        for anchor in self.name_anchors(reading):
            before = [word.key for word in reading.words if word.end <= anchor.start]
            is_place = bool(before) and before[-1] in _PREPOSITIONS
            is_title = reading.text[max(0, anchor.start - 1) : anchor.start] in ("«", '"', "“")
            if _is_one(anchor, name) or not (is_place or is_title):
                found.append(anchor)
        return found

    def _is_of_another(
        self,
        mine: Anchor,
        claimed: Sequence[Anchor],
        sentence: Reading,
        rivals: Callable[[Unit], list[Anchor]],
        is_own: Callable[[Anchor], bool],
        *,
        elsewhere: frozenset[str],
    ) -> bool:
        """Let the nearest words vote; one that stands here with the thing itself alone settles it."""
        close = {word.start for word in local_words(sentence, mine, claimed, reach=_CLOSE)}
        is_against = False
        for word in self._telling_words(mine, claimed, sentence):
            concepts = self.lexicon.concepts(word.key)
            places = self._places(concepts)
            if mine.fact is None and len(places) > _RARE:
                continue
            votes = {self._vote(word, self.units[place].unit, rivals, is_own) for place in places} - {"none"}
            if votes == {"other"} and mine.fact is not None:
                votes |= self._votes_of_thin_units(concepts, rivals, is_own, elsewhere)
            if votes == {"own"}:
                return False
            is_against = is_against or (votes == {"other"} and word.start in close)
        return is_against

    def _vote(
        self, word: Word, unit: Unit, rivals: Callable[[Unit], list[Anchor]], is_own: Callable[[Anchor], bool]
    ) -> Vote:
        """Tell of which of the things in a unit a word is said; only a close one is surely another's."""
        anchors = [] if unit.cells else rivals(unit)
        own = [anchor for anchor in anchors if is_own(anchor)]
        if len(own) == len(anchors):
            return "own" if own else "none"
        if not own:
            is_said = any(self._is_close(word, unit, anchor, anchors) for anchor in anchors)
            return "other" if is_said else "none"
        if is_bound_to_another([word], unit, anchors, lambda anchor: not is_own(anchor), self.lexicon):
            return "own"
        is_others = is_bound_to_another([word], unit, anchors, is_own, self.lexicon) and any(
            self._is_close(word, unit, anchor, anchors) for anchor in anchors if not is_own(anchor)
        )
        return "other" if is_others else "either"

    def _is_close(self, word: Word, unit: Unit, anchor: Anchor, anchors: Sequence[Anchor]) -> bool:
        mine = self.lexicon.concepts(word.key)
        near = local_words(unit.reading, anchor, anchors, reach=_CLOSE)
        return any(not mine.isdisjoint(self.lexicon.concepts(one.key)) for one in near)

    def _telling_words(self, mine: Anchor, claimed: Sequence[Anchor], sentence: Reading) -> Iterator[Word]:
        """The nearest words that stand here too and are no names."""
        near = [
            word
            for word in local_words(sentence, mine, claimed)
            if not word.is_name and not is_role(word) and self.lexicon.concepts(word.key) and self.knows(word)
        ]
        yield from near[:_NEAREST]

    def _places(self, concepts: frozenset[str]) -> list[int]:
        return sorted({place for concept in concepts for place in self._holders.get(concept, ())})

    def _votes_of_thin_units(
        self,
        concepts: frozenset[str],
        rivals: Callable[[Unit], list[Anchor]],
        is_own: Callable[[Anchor], bool],
        elsewhere: frozenset[str],
    ) -> set[Vote]:
        """A turn that says hardly more than a number answers what was said before it, with these words or not."""
        for place, one in enumerate(self.units):
            own = self._concepts[place]
            words = [word for word in one.reading.words if self.lexicon.concepts(word.key)]
            # What the summary tells of another number is not left open.
            if len(words) > _THIN or not own.isdisjoint(elsewhere):
                continue
            if not any(is_own(anchor) for anchor in rivals(one.unit)):
                continue
            before = range(max(0, place - _CONTEXT), place)
            earlier = [at for at in before if self.units[at].turn < one.turn or not words]
            if any(not self._concepts[at].isdisjoint(concepts) for at in earlier):
                return {"own"}
        return set()


def _is_one(one: Anchor, other: Anchor) -> bool:
    """Tell whether two names share a word."""
    return _shared(one, other) > 0


def _shared(one: Anchor, other: Anchor) -> int:
    """How many words of ``other`` stand in ``one``, in any case and in either alphabet."""
    return sum(has_name(one.keys, key) or any(_sounds_like(key, mine) for mine in one.keys) for key in other.keys)


def _sounds_like(one: str, other: str) -> bool:
    mine = skeleton(one)
    return is_cyrillic(one) != is_cyrillic(other) and len(mine) >= _LEAST_SKELETON and mine == skeleton(other)


def _speaks_of_somebody(reading: Reading) -> bool:
    return any(word.key in _PRONOUNS for word in reading.words)
