"""Which examples are sent when all of them do not fit: those that are nearest to the question."""

from collections import Counter
from collections.abc import Collection, Sequence
from math import log
from typing import Final

from samovar.domain.examples import Example

__all__ = ["choose_examples"]

#: How much a long example loses against a short one with the same words. Source: Robertson and Zaragoza,
#: The Probabilistic Relevance Framework, 2009 (b = 0.75, k1 = 1.2).
_LENGTH_WEIGHT: Final = 0.75
_SATURATION: Final = 1.2


def choose_examples(
    question_stems: Collection[str],
    examples: Sequence[Example],
    stems: Sequence[Collection[str]],
    tokens: Sequence[int],
    budget: int,
) -> tuple[int, ...]:
    """Choose the examples nearest to a question whose tokens together are at most ``budget``.

    Near is what shares rare words with the question, by BM25 among the examples themselves. Of examples that are
    equally near the earlier ones come first, so those of a question with no known word are the first of the file;
    one that says the same as another is taken last. One too long for the room that is left is passed over.

    Shape: ``stems`` and ``tokens`` have one entry an example. Return indexes in file order, without repeats.
    Units: ``tokens`` and ``budget`` are counted in the same way, whatever that is.
    Raises: ValueError when the three do not have one length.
    """
    if not len(examples) == len(stems) == len(tokens):
        raise ValueError("each example has its stems and its tokens")
    nearness = _nearness(frozenset(question_stems), [frozenset(words) for words in stems])
    repeats = _repeats(examples)
    chosen: list[int] = []
    left = budget
    for index in sorted(range(len(examples)), key=lambda one: (one in repeats, -nearness[one], one)):
        if tokens[index] <= left:
            chosen.append(index)
            left -= tokens[index]
    return tuple(sorted(chosen))


def _nearness(question: frozenset[str], stems: Sequence[frozenset[str]]) -> list[float]:
    """BM25 of each example for the question; a word counts once however often it stands there."""
    frequency = Counter(word for words in stems for word in words & question)
    average = sum(map(len, stems)) / max(1, len(stems)) or 1.0
    scores: list[float] = []
    for words in stems:
        length = 1 - _LENGTH_WEIGHT + _LENGTH_WEIGHT * len(words) / average
        # In one order: sums of floats depend on it, and sets have none from run to run.
        shared = sorted(words & question)
        rarity = sum(log(1 + (len(stems) - frequency[word] + 0.5) / (frequency[word] + 0.5)) for word in shared)
        scores.append(rarity * (_SATURATION + 1) / (1 + _SATURATION * length))
    return scores


def _repeats(examples: Sequence[Example]) -> frozenset[int]:
    seen: set[Example] = set()
    repeats: set[int] = set()
    for index, example in enumerate(examples):
        if example in seen:
            repeats.add(index)
        seen.add(example)
    return frozenset(repeats)
