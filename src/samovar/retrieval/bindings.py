"""Which words of a sentence belong to which of its numbers, dates and names.

"The deposit is 30 %, the penalty 5 %" does not say that the penalty is 30 %, although all of these words stand there.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from samovar.retrieval.lexicon import Lexicon
from samovar.retrieval.reading import Fact, Reading, Word, is_russian, same_name
from samovar.retrieval.sources import Unit

__all__ = [
    "Anchor",
    "fact_anchors",
    "is_bound_to_another",
    "is_one_person",
    "local_words",
    "name_anchors",
    "roles_are_swapped",
]

#: How much farther apart two words are for what stands between them.
_COMMA: Final = 3
_BRACKET: Final = 2
_CONJUNCTION: Final = 3
_CONJUNCTIONS: Final = frozenset({"и", "а", "но", "или", "либо", "and", "but", "or", "while", "whereas"})
#: A word belongs to the nearer of two when it is nearer by so much.
_MARGIN: Final = 2
#: No word farther from a name or a number says what it is.
_REACH: Final = 8
_LISTED: Final = re.compile(r"[\s,;/&]*(?:(?:и|или|and|or)\s)?[\s,]*(?:[A-ZА-ЯЁ]\.\s?)*")
_JOINED: Final = re.compile(r"[\s«»“”\"'.-]*(?:[A-ZА-ЯЁ]\.\s?)*")
_LEGAL_FORMS: Final = frozenset({
    "ооо", "ао", "зао", "пао", "оао", "ип", "нко", "llc", "ltd", "inc", "gmbh", "corp", "plc", "co",
})  # fmt: skip
#: More pairs of names than this are not compared.
_MOST_NAMES: Final = 12


@dataclass(frozen=True, slots=True)
class Anchor:
    """Something that words belong to: a number, a date, or a name of one or more words. ``keys`` are a name's."""

    start: int
    end: int
    keys: tuple[str, ...] = ()
    fact: Fact | None = None


def fact_anchors(reading: Reading, like: Fact) -> list[Anchor]:
    """The facts of a reading that could be taken for ``like``: of its kind and, for numbers, of its unit."""
    return [
        Anchor(fact.start, fact.end, fact=fact)
        for fact in reading.facts
        if fact.kind == like.kind and (None in (fact.unit, like.unit) or fact.unit == like.unit)
    ]


def name_anchors(reading: Reading, lexicon: Lexicon, known: frozenset[str] = frozenset()) -> list[Anchor]:
    """The names of a reading, words that follow each other joined.

    What begins a sentence is a name when it is one of the ``known`` ones, of folded words.
    """
    anchors: list[Anchor] = []
    for word in reading.words:
        is_name = word.is_name or (word.text[0].isupper() and word.key in known)
        if not is_name or lexicon.is_ordinary(word.key) or not lexicon.concepts(word.key):
            continue
        if anchors and _JOINED.fullmatch(reading.text, anchors[-1].end, word.start):
            anchors[-1] = Anchor(anchors[-1].start, word.end, (*anchors[-1].keys, word.key))
        else:
            anchors.append(Anchor(word.start, word.end, (word.key,)))
    return anchors


def local_words(reading: Reading, anchor: Anchor, others: Sequence[Anchor], *, reach: int = _REACH) -> list[Word]:
    """The words that stand nearer to an anchor than to any other, the nearest first."""
    distances: list[tuple[int, int, Word]] = []
    rest = [other for other in others if other.start != anchor.start]
    for word in reading.words:
        if anchor.start <= word.start < anchor.end:
            continue
        mine = _distance(reading, word, anchor)
        if mine <= reach and all(mine <= _distance(reading, word, other) for other in rest):
            distances.append((mine, word.start, word))
    return [word for _, _, word in sorted(distances, key=lambda item: item[:2])]


def is_bound_to_another(
    words: Sequence[Word], unit: Unit, anchors: Sequence[Anchor], own: Callable[[Anchor], bool], lexicon: Lexicon
) -> bool:
    """Tell whether the words around something in a claim belong to another such thing in the unit of a source.

    ``words`` of the claim, the nearest first; ``anchors`` of the unit, of which ``own`` are the thing itself.
    """
    mine = [anchor for anchor in anchors if own(anchor)]
    others = [anchor for anchor in anchors if not own(anchor) and not any(_are_listed(unit, anchor, it) for it in mine)]
    if not mine or not others:
        return False
    for word in words:
        concepts = lexicon.concepts(word.key)
        if not concepts:
            continue
        decided = _owner(concepts, unit, mine, others, lexicon)
        if decided is not None:
            return decided == "other"
    return False


def _owner(
    concepts: frozenset[str], unit: Unit, mine: Sequence[Anchor], others: Sequence[Anchor], lexicon: Lexicon
) -> str | None:
    """Whose a word is; None when the unit does not have it or has it with both."""
    if unit.header:
        return _column_owner(concepts, unit, mine, others, lexicon)
    owners: set[str] = set()
    for word in unit.reading.words:
        if concepts.isdisjoint(lexicon.concepts(word.key)):
            continue
        near = min(_distance(unit.reading, word, anchor) for anchor in mine)
        far = min(_distance(unit.reading, word, anchor) for anchor in others)
        owners.add("own" if near <= far else "other" if far + _MARGIN <= near else "unsure")
    if len(owners) != 1:
        return None
    return owners.pop()


def _column_owner(
    concepts: frozenset[str], unit: Unit, mine: Sequence[Anchor], others: Sequence[Anchor], lexicon: Lexicon
) -> str | None:
    columns = {
        column
        for column, cell in enumerate(unit.header)
        if any(not concepts.isdisjoint(lexicon.concepts(word.key)) for word in cell.words)
    }
    own_columns = {unit.column(anchor.start) for anchor in mine}
    other_columns = {unit.column(anchor.start) for anchor in others} - own_columns
    if columns & own_columns and not columns & other_columns:
        return "own"
    return "other" if columns & other_columns and not columns & own_columns else None


def roles_are_swapped(claim: Reading, unit: Unit, lexicon: Lexicon, names: frozenset[str]) -> bool:
    """Tell whether two names have changed places around a verb: "A bought B" of a source that has "B bought A".

    Where the endings of cases tell who did what, the order says nothing: the same two names, each in another case,
    around the same form of the verb are swapped. Where names have no cases, the order decides, and the passive turns it
    round. ``names`` are the folded names that the passages have.
    """
    known = names.union(word.key for word in claim.words if word.is_name)
    claimed = _told_apart(name_anchors(claim, lexicon, known))[:_MOST_NAMES]
    stood = _told_apart(name_anchors(unit.reading, lexicon, known))
    for one, other in pairwise(claimed):
        in_source = [_matching(anchor, stood) for anchor in (one, other)]
        if in_source[0] is None or in_source[1] is None or in_source[0] == in_source[1]:
            continue
        if _pair_is_swapped(claim, unit.reading, (one, other), (in_source[0], in_source[1]), lexicon):
            return True
    return False


def _told_apart(anchors: Sequence[Anchor]) -> list[Anchor]:
    """Names without what many share: the legal form of a company."""
    apart = []
    for anchor in anchors:
        keys = tuple(key for key in anchor.keys if key not in _LEGAL_FORMS)
        if keys:
            apart.append(Anchor(anchor.start, anchor.end, keys))
    return apart


def _matching(name: Anchor, anchors: Sequence[Anchor]) -> Anchor | None:
    """The name that shares the most words: people of one family or first name are told apart."""
    best = max(anchors, key=lambda anchor: _shared(name, anchor), default=None)
    return best if best is not None and _shared(name, best) else None


def _shared(one: Anchor, other: Anchor) -> int:
    return sum(any(same_name(mine, theirs) for theirs in other.keys) for mine in one.keys)


def is_one_person(name: Anchor, reading: Reading, sources: Iterable[Reading], lexicon: Lexicon) -> bool:
    """Tell whether first name and surname stand together somewhere, not each with another's."""
    text = reading.text[name.start : name.end]
    if len(name.keys) < 2 or any(mark in text for mark in "«»“”\"'") or not _LEGAL_FORMS.isdisjoint(name.keys):
        return True
    return any(_shared(name, anchor) == len(name.keys) for one in sources for anchor in name_anchors(one, lexicon))


def _pair_is_swapped(
    claim: Reading, source: Reading, claimed: tuple[Anchor, Anchor], stood: tuple[Anchor, Anchor], lexicon: Lexicon
) -> bool:
    order_differs = stood[0].start > stood[1].start
    verb = _verb_between(claim, source, claimed, stood, lexicon)
    if verb is None:
        return False
    forms = [(_form(mine, theirs)) for mine, theirs in zip(claimed, stood, strict=True)]
    if is_russian(claim.text) and any(differs for differs in forms):
        return all(forms) and verb[0].key == verb[1].key
    if verb[0].key != verb[1].key:
        return False
    if is_russian(claim.text) and not (_is_fixed(claim, claimed[0]) or _is_fixed(claim, claimed[1])):
        return False  # the same cases in another order say the same
    turned = _is_passive(claim, verb[0], claimed[1]) != _is_passive(source, verb[1], max(stood, key=_place))
    return order_differs != turned


def _form(mine: Anchor, theirs: Anchor) -> bool:
    """Tell whether a name stands in another case than in the source."""
    return not any(key in theirs.keys for key in mine.keys)


def _is_fixed(reading: Reading, anchor: Anchor) -> bool:
    """Tell whether a name has no cases here: it stands in quotes, in Latin letters or in capitals."""
    text = reading.text[anchor.start : anchor.end]
    return (
        "«" in reading.text[max(0, anchor.start - 2) : anchor.end]
        or '"' in text
        or not is_russian(text)
        or text.isupper()
    )


def _verb_between(
    claim: Reading, source: Reading, claimed: tuple[Anchor, Anchor], stood: tuple[Anchor, Anchor], lexicon: Lexicon
) -> tuple[Word, Word] | None:
    """A word between the two names in both that is no name; the first such."""
    first, last = sorted(stood, key=lambda anchor: anchor.start)
    between = [word for word in source.words if first.end <= word.start < last.start and not word.is_name]
    for word in claim.words:
        if claimed[0].end <= word.start < claimed[1].start and not word.is_name:
            concepts = lexicon.concepts(word.key)
            for other in between:
                if not concepts.isdisjoint(lexicon.concepts(other.key)):
                    return word, other
    return None


def _is_passive(reading: Reading, verb: Word, last: Anchor) -> bool:
    """Tell whether the name behind the verb is that of who did it."""
    return re.search(r"\bby\s(?:\w+\s){0,2}$", reading.text[verb.end : last.start][-60:]) is not None


def _place(anchor: Anchor) -> int:
    return anchor.start


def _are_listed(unit: Unit, one: Anchor, other: Anchor) -> bool:
    """Tell whether nothing but a comma or "and" stands between two: what is said of one is said of both."""
    first, last = sorted((one, other), key=lambda anchor: anchor.start)
    return not unit.cells and _LISTED.fullmatch(unit.reading.text, first.end, last.start) is not None


def _distance(reading: Reading, word: Word, anchor: Anchor) -> int:
    """How many words apart, with what a comma, a bracket or a conjunction between them adds."""
    if anchor.start <= word.start < anchor.end:
        return 0
    first, last = (word.end, anchor.start) if word.end <= anchor.start else (anchor.end, word.start)
    between = reading.text[first:last]
    if len(between) > 200:
        return _REACH * 10
    tokens = between.split()
    return (
        1
        + sum(token[0].isalnum() for token in tokens)
        + _COMMA * sum(between.count(mark) for mark in ",;")
        + _BRACKET * between.count(")")
        + _CONJUNCTION * sum(token.lower() in _CONJUNCTIONS for token in tokens)
    )
