"""Check the names of an assertion: its source names them, and says of them what the assertion says."""

from collections.abc import Iterator, Sequence
from typing import Final

from samovar.retrieval.assertion import Assertion, Difference
from samovar.retrieval.bindings import Anchor, is_bound_to_another, is_one_person, local_words, name_anchors
from samovar.retrieval.reading import Word
from samovar.retrieval.sources import Unit, has_name
from samovar.retrieval.windows import Window

__all__ = ["check_names", "rivals_in"]

#: What stands before the name of a place.
_BEFORE_PLACES: Final = frozenset({"в", "во", "из", "городе", "город", "города", "in", "at", "from", "near", "of"})
#: More names than this are not compared with the words around them.
_MOST_NAMES: Final = 12


def rivals_in(assertion: Assertion, unit: Unit, window: Window) -> list[str]:
    """The names of a unit that the assertion does not mention; where something is makes no rival."""
    mine = [word.key for word in assertion.reading.words]
    around = [word.key for word in window.source.context.words]
    known = assertion.sources.names
    words = unit.reading.words
    return [
        word.key
        for before, word in zip((None, *words), words, strict=False)
        if (word.is_name or (word.begins and word.text[0].isupper() and has_name(known, word.key)))
        and not (before is not None and before.key in _BEFORE_PLACES)
        and not word.text.isupper()
        and not assertion.lexicon.is_ordinary(word.key)
        and assertion.concepts(word)
        and not has_name(mine, word.key)
        and not has_name(around, word.key)
    ]


def check_names(assertion: Assertion, window: Window) -> Iterator[Difference]:
    """Find the names that the source lacks, and those of which it says something else."""
    unknown = list(_unknown_names(assertion, window))
    yield from unknown
    reading = assertion.reading
    claimed = name_anchors(reading, assertion.lexicon)
    if not unknown:
        around = [unit.reading for unit in (*window.units, *window.source.head)]
        for anchor in claimed:
            if not is_one_person(anchor, reading, (*around, window.source.context), assertion.lexicon):
                yield _name_differs(assertion, anchor)
    if len(window.units) == 1:
        yield from _bound_to_another(assertion, window.units[0], claimed)


def _name_differs(assertion: Assertion, anchor: Anchor) -> Difference:
    return Difference("name", (assertion.reading.text[anchor.start : anchor.end],))


def _unknown_names(assertion: Assertion, window: Window) -> Iterator[Difference]:
    rivals = [name for unit in window.units for name in rivals_in(assertion, unit, window)]
    for word in assertion.names:
        if _stands(assertion, word, window) or (not rivals and _is_around(assertion, word, window)):
            continue
        yield Difference("name", (word.text,))
    yield from _check_first_word(assertion, window, rivals)


def _stands(assertion: Assertion, word: Word, window: Window) -> bool:
    return not assertion.concepts(word).isdisjoint(window.stood) or has_name(window.keys, word.key)


def _is_around(assertion: Assertion, word: Word, window: Window) -> bool:
    """Tell whether the passage names it elsewhere: in its head, or anywhere when these units name nobody."""
    head = [key for unit in window.source.head for key in unit.reading.word_keys()]
    if has_name((*head, *window.source.context.word_keys()), word.key):
        return True
    if any(unit.cells or name_anchors(unit.reading, assertion.lexicon) for unit in window.units):
        return False
    return has_name(window.source.word_keys, word.key)


def _check_first_word(assertion: Assertion, window: Window, rivals: Sequence[str]) -> Iterator[Difference]:
    """A sentence may begin with a name that nobody knows, where the source begins with another."""
    words = assertion.reading.words
    first = words[0] if words else None
    if first is None or not rivals or first in assertion.names or not first.text[0].isupper():
        return
    concepts = assertion.concepts(first)
    if not concepts or assertion.sources.is_known(concepts) or assertion.lexicon.is_ordinary(first.key):
        return
    begins = [unit.reading.words[0].key for unit in window.units if unit.reading.words]
    if any(name in rivals for name in begins):
        yield Difference("name", (first.text,))


def _bound_to_another(assertion: Assertion, unit: Unit, claimed: Sequence[Anchor]) -> Iterator[Difference]:
    """The names whose words the unit has with another name."""
    anchors = name_anchors(unit.reading, assertion.lexicon)
    if len(anchors) < 2:
        return
    for anchor in claimed[:_MOST_NAMES]:
        local = local_words(assertion.reading, anchor, claimed, reach=1)

        def is_own(one: Anchor, name: Anchor = anchor) -> bool:
            return any(has_name(one.keys, key) for key in name.keys)

        if is_bound_to_another(local, unit, anchors, is_own, assertion.lexicon):
            yield _name_differs(assertion, anchor)
