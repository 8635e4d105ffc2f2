"""Check what an assertion denies against what its source denies, and words against their opposites."""

from collections.abc import Iterator
from typing import Final

from samovar.retrieval.assertion import Assertion, Difference
from samovar.retrieval.reading import Word
from samovar.retrieval.sources import Unit
from samovar.retrieval.windows import Window

__all__ = ["check_denials", "check_opposites"]

#: Shares of an assertion's weight that stand in the clause that a source denies.
_CLAUSE: Final = 0.3
_MOST: Final = 0.6
_CLAUSE_MARKS: Final = ".,;:\t|"


def check_denials(assertion: Assertion, window: Window) -> Iterator[Difference]:
    """Find what one denies and the other does not."""
    mine = assertion.reading.negators
    theirs = [word for unit in window.units for word in unit.reading.negators]
    if not mine and theirs:
        yield from _check_denied_source(assertion, window)
    elif mine and not theirs:
        if any(word.is_negated for word in assertion.words) and not _prohibits(window):
            yield Difference("negation", (mine[0].text,))
    elif mine:
        yield from _check_moved_denial(assertion, window)
    yield from _check_prefixes(assertion, window)


def check_opposites(assertion: Assertion, window: Window) -> Iterator[Difference]:
    """Find the words for which the source has one that means the opposite."""
    mine = frozenset(concept for word in assertion.words for concept in assertion.concepts(word))
    for word in assertion.words:
        opposites = assertion.lexicon.opposites(word.key)
        if not opposites or word.is_negated:
            continue
        if not assertion.concepts(word).isdisjoint(window.stood):
            continue
        if not opposites.isdisjoint(window.stood) and opposites.isdisjoint(mine):
            yield Difference("words", (word.text,))


def _check_denied_source(assertion: Assertion, window: Window) -> Iterator[Difference]:
    """A source denies what the assertion affirms: the word itself, or what most of the assertion speaks of."""
    weight = assertion.sources.weight
    concepts = [
        one
        for word in assertion.words
        if word not in assertion.names and (one := assertion.concepts(word)).isdisjoint(window.source.context_concepts)
    ]
    whole = sum(weight(one) for one in concepts)
    for unit in window.units:
        for denied in unit.reading.words:
            if not denied.is_negated:
                continue
            own = assertion.concepts(denied)
            around = _clause(assertion, unit, denied)
            held = sum(weight(one) for one in concepts if not one.isdisjoint(around))
            said = next((word for word in assertion.words if not own.isdisjoint(assertion.concepts(word))), None)
            if said is not None and held >= _CLAUSE * whole:
                yield Difference("negation", (said.text,))
            elif _is_predicate(unit, denied) and held >= _MOST * whole:
                yield Difference("negation", tuple(word.text for word in assertion.words[-1:]))


def _clause(assertion: Assertion, unit: Unit, word: Word) -> frozenset[str]:
    """The concepts of the clause in which a word stands."""
    text = unit.reading.text
    start = max(text.rfind(mark, 0, word.start) for mark in _CLAUSE_MARKS) + 1
    ends = [place for mark in _CLAUSE_MARKS if (place := text.find(mark, word.end)) >= 0]
    end = min(ends, default=len(text))
    inside = [one for one in unit.reading.words if start <= one.start < end]
    return frozenset().union(*(assertion.concepts(one) for one in inside))


def _is_predicate(unit: Unit, denied: Word) -> bool:
    """Tell whether "not" denies a verb; "without" and "no" deny the noun behind them alone."""
    before = [word.key for word in unit.reading.negators if word.end <= denied.start]
    return bool(before) and (before[-1] in ("не", "not", "never", "cannot", "никогда") or before[-1].endswith("n't"))


def _check_moved_denial(assertion: Assertion, window: Window) -> Iterator[Difference]:
    """Both deny something, and must do so in the same clause: "no allergy was found", "allergy was not found"."""
    for unit in window.units:
        denied = [word for word in unit.reading.words if word.is_negated]
        for word in assertion.words:
            own = assertion.concepts(word)
            stood = [one for one in unit.reading.words if not own.isdisjoint(assertion.concepts(one))]
            if not word.is_negated or not stood or any(one.is_negated for one in stood) or not denied:
                continue
            if all(
                any(mark in unit.reading.text[min(a.end, b.end) : max(a.start, b.start)] for mark in ",;")
                for a in stood
                for b in denied
            ):
                yield Difference("negation", (word.text,))


def _prohibits(window: Window) -> bool:
    """Tell whether a source says "prohibited" where an assertion may say "not allowed"."""
    return any(key.startswith(("запре", "исключ", "prohibit", "forbid", "exclud")) for key in window.keys)


def _check_prefixes(assertion: Assertion, window: Window) -> Iterator[Difference]:
    """Find "unavailable" for "available", one word and its denial."""
    for word in assertion.words:
        if len(word.key) < 6 or not assertion.concepts(word).isdisjoint(window.concepts):
            continue
        for key in window.keys:
            longer, shorter = (word.key, key) if len(word.key) > len(key) else (key, word.key)
            if longer[:6] != shorter[:6] and _denies(longer, shorter):
                yield Difference("negation", (word.text,))
                return


def _denies(longer: str, shorter: str) -> bool:
    for prefix in ("не", "un", "in", "non", "dis", "im"):
        if longer.startswith(prefix):
            rest = longer[len(prefix) :]
            if len(rest) >= 4 and (rest == shorter or (len(rest) > 6 and rest[:-2] == shorter[: len(rest) - 2])):
                return True
    return False
