"""Check a claim against the passages: is it borne out, and if not, what of it differs.

Nothing here asks a model. A claim is compared with a sentence, a row of a table with its header, or two or three
sentences that follow each other. Its words must be there for the most part; its numbers, dates, names and quotes all,
with the words that they belong to.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from samovar.domain.grounding import ClaimFault
from samovar.retrieval.assertion import Assertion, Difference, read_assertion
from samovar.retrieval.bindings import roles_are_swapped
from samovar.retrieval.claims import Statement
from samovar.retrieval.denial_check import check_denials, check_opposites
from samovar.retrieval.fact_check import check_facts
from samovar.retrieval.name_check import check_names
from samovar.retrieval.quote_check import check_quotes, standing_quotes
from samovar.retrieval.reading import Fact, Reading, Word
from samovar.retrieval.sources import Sources, has_name
from samovar.retrieval.windows import Window, windows_of

__all__ = ["Finding", "Support", "best_finding"]

#: Share of the weight of a claim's words that its source must hold.
_SUPPORT: Final = 0.6
#: The same where the model itself names the passage: people and models put things in their own words.
_LABELLED_SUPPORT: Final = 0.5
#: From here on a source is about the claim, and what differs is an alteration.
_ABOUT: Final = 0.45
#: A title bears out what stands there whole.
_TITLE: Final = 0.95
#: A number of so many digits is hardly the same by chance.
_SPECIFIC_DIGITS: Final = 3


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
    assertion = read_assertion(statement, sources, asked)
    best: Finding | None = None
    for window in windows_of(assertion, frozenset(numbers)):
        found = _compare(assertion, window, is_labelled=is_labelled)
        if best is None or _rank(found) > _rank(best):
            best = found
    return best


def _rank(finding: Finding) -> tuple[bool, float, int]:
    length = finding.support.end - finding.support.start
    return finding.bears_out, finding.share - 0.12 * len(finding.faults) - 0.3 * finding.around, -length


def _compare(assertion: Assertion, window: Window, *, is_labelled: bool) -> Finding:
    """Compare with one place. What differs is told in the order of the checks."""
    differences: list[Difference] = list(check_quotes(assertion, window))
    is_misquoted = bool(differences)
    facts = check_facts(assertion, window)
    differences += facts.differences
    share = _share(assertion, window, facts.standing)
    if window.is_title and share < _TITLE:
        share /= 2
    differences += check_names(assertion, window)
    if not is_misquoted:
        differences += check_denials(assertion, window)
        differences += check_opposites(assertion, window)
    if any(
        roles_are_swapped(assertion.reading, unit, assertion.lexicon, assertion.sources.names) for unit in window.units
    ):
        differences.append(Difference("name"))
    faults = tuple(dict.fromkeys(one.fault for one in differences))
    return Finding(
        support=Support(number=window.source.number, start=window.units[0].start, end=window.units[-1].end),
        share=share,
        faults=faults,
        wrong=_wrong_words(faults, differences),
        is_labelled=is_labelled,
        around=facts.around,
    )


def _wrong_words(faults: Sequence[ClaimFault], differences: Sequence[Difference]) -> tuple[str, ...]:
    """The words that differ, each once, those of one kind of fault together."""
    return tuple(
        dict.fromkeys(word for fault in faults for one in differences if one.fault == fault for word in one.words)
    )


def _share(assertion: Assertion, window: Window, standing: Sequence[Fact]) -> float:
    """How much of the weight of the words is there; words inside a quote that stands there are.

    A date or a long number that stands there weighs as much as a word that nobody else uses. What only names the
    document weighs nothing, unless the claim says no more: it is said of every page of it.
    """
    sources = assertion.sources
    quoted = standing_quotes(assertion, window)
    named = 0.0
    whole = held = sources.unseen_weight * sum(map(_is_specific, standing)) if assertion.words else 0.0
    for word in assertion.words:
        concepts = assertion.concepts(word)
        weight = sources.weight(concepts)
        is_there = not concepts.isdisjoint(window.concepts) or (
            word in assertion.names and has_name(window.keys, word.key)
        )
        is_quoted = not quoted or any(quote.start <= word.start < quote.end for quote in quoted)
        if is_there and not _is_in_units(assertion, word, window):
            named += weight
            continue
        if not is_quoted:
            weight /= 3  # who said it, and where
        whole += weight
        held += weight if is_there else 0.0
    for word in assertion.asked:
        concepts = assertion.concepts(word)
        weight = sources.weight(concepts)
        is_there = not concepts.isdisjoint(window.concepts) or (
            word.text[0].isupper() and has_name(window.source.word_keys, word.key)
        )
        whole += weight
        held += weight if is_there else 0.0
    if whole:
        return held / whole
    return 1.0 if assertion.reading.facts or named else 0.0


def _is_in_units(assertion: Assertion, word: Word, window: Window) -> bool:
    """Tell whether the units themselves have a word, and not only the name of their document."""
    title = [key for unit in window.source.head[:1] for key in unit.reading.word_keys()]
    if word in assertion.names and has_name((*title, *window.source.context.word_keys()), word.key):
        return False
    if not assertion.concepts(word).isdisjoint(window.stood):
        return True
    return word in assertion.names and has_name(
        (key for unit in window.units for key in unit.reading.word_keys()), word.key
    )


def _is_specific(fact: Fact) -> bool:
    """Tell whether a fact hardly stands somewhere by chance."""
    return fact.kind != "number" or any(len(value) >= _SPECIFIC_DIGITS for value in fact.values)
