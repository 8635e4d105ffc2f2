"""Check the numbers, dates and codes of an assertion: its source has them, of the same thing and in the same unit."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from samovar.retrieval.assertion import Assertion, Difference, is_same
from samovar.retrieval.bindings import Anchor, fact_anchors, is_bound_to_another, local_words
from samovar.retrieval.name_check import rivals_in
from samovar.retrieval.quantities import unit_of
from samovar.retrieval.reading import Fact, Word
from samovar.retrieval.sources import Unit, has_name
from samovar.retrieval.windows import Window

__all__ = ["FactCheck", "check_facts"]

#: So much of a local clause's weight must stand with its number.
_LOCAL: Final = 0.4


@dataclass(frozen=True, slots=True, kw_only=True)
class FactCheck:
    """The facts that stand in a window, how many the head of the document has alone, and those that stand nowhere."""

    standing: tuple[Fact, ...]
    around: int
    differences: tuple[Difference, ...]


def check_facts(assertion: Assertion, window: Window) -> FactCheck:
    """Look for each fact of an assertion."""
    standing: list[Fact] = []
    around = 0
    differences: list[Difference] = []
    claimed = [Anchor(fact.start, fact.end, fact=fact) for fact in assertion.reading.facts]
    for fact, anchor in zip(assertion.reading.facts, claimed, strict=True):
        if _stands(assertion, fact, anchor, claimed, window):
            standing.append(fact)
        elif _stands_around(assertion, fact, window):
            around += 1
        else:
            differences.append(Difference("date" if fact.kind == "date" else "number", (fact.text,)))
    return FactCheck(standing=tuple(standing), around=around, differences=tuple(differences))


def _stands(assertion: Assertion, fact: Fact, anchor: Anchor, claimed: Sequence[Anchor], window: Window) -> bool:
    local = [word for word in local_words(assertion.reading, anchor, claimed) if assertion.concepts(word)]
    local = [*_above(assertion, fact), *local]
    for unit in window.units:
        stood = [one for one in unit.reading.facts if is_same(fact, one, window.source)]
        if not stood or any(_bounds_differ(fact, one) for one in stood):
            continue
        if _belongs(assertion, fact, local, unit, window):
            return True
    return False


def _above(assertion: Assertion, fact: Fact) -> list[Word]:
    """The words over the column of the answer's own table in which a fact stands."""
    if not assertion.header:
        return []
    column = max(0, sum(begin <= fact.start for begin in assertion.statement.cells) - 1)
    return list(assertion.header[column].words) if column < len(assertion.header) else []


def _belongs(assertion: Assertion, fact: Fact, local: Sequence[Word], unit: Unit, window: Window) -> bool:
    """Tell whether the words around a fact are those that it has in this unit of the source."""
    anchors = fact_anchors(unit.reading, fact)

    def is_own(anchor: Anchor) -> bool:
        return anchor.fact is not None and is_same(fact, anchor.fact, window.source)

    if is_bound_to_another(local, unit, anchors, is_own, assertion.lexicon):
        return False
    if _is_of_another_row(assertion, unit) or _speaks_of_another(assertion, local, unit, window):
        return False
    if _next_noun_differs(assertion, fact, unit, window) or not _is_in_column(fact, unit, anchors, is_own):
        return False
    return len(window.units) == 1 or _is_near(assertion, local, unit, window)


def _is_near(assertion: Assertion, local: Sequence[Word], unit: Unit, window: Window) -> bool:
    """Tell whether enough of the words around a fact stand in this unit, and not in its neighbours alone."""
    held = whole = 0.0
    concepts = window.of(unit)
    for word in local:
        mine = assertion.concepts(word)
        if not mine.isdisjoint(window.concepts):
            weight = assertion.sources.weight(mine)
            whole += weight
            held += weight if not mine.isdisjoint(concepts) else 0.0
            if mine.isdisjoint(concepts) and word in assertion.names and rivals_in(assertion, unit, window):
                return False
    return not whole or held / whole >= _LOCAL


def _is_of_another_row(assertion: Assertion, unit: Unit) -> bool:
    """Tell whether a row begins with what the assertion does not speak of."""
    if len(unit.cells) < 2:
        return False
    label = [word for word in unit.reading.words if word.start < unit.cells[1]]
    own = frozenset().union(*(assertion.concepts(word) for word in label))
    words = (*assertion.words, *assertion.asked)
    mine = frozenset().union(*(assertion.concepts(word) for word in words))
    keys = [word.key for word in words]
    return bool(own) and own.isdisjoint(mine) and not any(has_name(keys, word.key) for word in label)


def _speaks_of_another(assertion: Assertion, local: Sequence[Word], unit: Unit, window: Window) -> bool:
    """Tell whether what a number is of in the assertion stands in the passage, and nowhere near this number."""
    source = window.source
    concepts = [assertion.concepts(word) for word in local]
    if any(not one.isdisjoint(window.own(unit)) for one in concepts):
        return False
    named = source.context_concepts.union(*source.concepts[: len(source.head)])
    elsewhere = frozenset().union(*source.concepts)
    own = [one for one in concepts if one.isdisjoint(named)]
    return any(not one.isdisjoint(elsewhere) for one in own)


def _next_noun_differs(assertion: Assertion, fact: Fact, unit: Unit, window: Window) -> bool:
    """Tell whether "30 offices" stands where the source has "30 days"."""
    if fact.kind != "number" or fact.unit is not None:
        return False
    following = next((word for word in assertion.words if 0 <= word.start - fact.end <= 1), None)
    if following is None or not assertion.concepts(following).isdisjoint(window.of(unit)):
        return False
    return all(one.unit is not None for one in unit.reading.facts if is_same(fact, one, window.source))


def _stands_around(assertion: Assertion, fact: Fact, window: Window) -> bool:
    """Tell whether the head of the document or a heading has a date or code that the window leaves out."""
    if fact.unit is not None:
        return False  # no title says how much something is
    in_window = [one for unit in window.units for one in unit.reading.facts]
    rivals = [
        one
        for one in in_window
        if one.kind == fact.kind and not any(is_same(mine, one, window.source) for mine in assertion.reading.facts)
    ]
    if rivals and fact.kind != "code":
        return False
    head = [unit.reading for unit in window.source.head]
    around = [one for reading in (window.source.context, *head) for one in reading.facts]
    return any(is_same(fact, one, window.source) for one in around)


def _is_in_column(fact: Fact, unit: Unit, anchors: Sequence[Anchor], is_own: Callable[[Anchor], bool]) -> bool:
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
