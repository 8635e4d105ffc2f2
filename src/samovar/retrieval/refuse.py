"""Whether the passages bear on a question at all, so that "not in the documents" can be an answer.

No model is asked. The question's words, names and numbers are looked for in the passages of one document, near each
other: the telephone of somebody whose salary is known, or the salary of somebody else, is not in the documents.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Final, Literal

from samovar.retrieval.bindings import is_one_person, name_anchors
from samovar.retrieval.quantities import unit_of
from samovar.retrieval.reading import Fact, Reading, Word, read_text
from samovar.retrieval.sources import Source, Sources, has_name, same_fact
from samovar.retrieval.vocabulary import QUESTION_WORDS

__all__ = ["EvidenceStrength", "Weighing", "read_question", "weigh_evidence"]

EvidenceStrength = Literal["strong", "weak", "none"]

#: Share of the weight of a question's words, its names apart, that the best document must have.
_STRONG: Final = 0.6
#: Below this nothing of the question is there.
_NONE: Final = 0.15
#: A word that is not much more common than the rarest says as well where the answer stands.
_RARE: Final = 0.75
#: What a question wants that says "when" or "how much does it cost".
Wanted = Literal["date", "money", "time"]
_ASK_FOR_DATE: Final = frozenset({"когда", "числа", "дата", "дату", "when", "date"})
_ASK_FOR_TIME: Final = frozenset({"срок", "сроки", "long", "duration", "period", "time"})
_TIMES: Final = frozenset({"s", "min", "h", "day", "week", "month", "year"})
#: Groups of words that ask for money.
_ASK_FOR_MONEY: Final = frozenset({"=зарплата", "=цена", "=бюджет"})
_CURRENCIES: Final = ("RUB", "USD", "EUR", "GBP", "CNY", "KZT")
#: So many units that follow each other are taken together.
_SPAN: Final = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Weighing:
    """How surely the passages bear on a question, and why.

    ``share``: of the weight of its words, the most that one document has. ``missing`` are the words, names and numbers,
    as written in the question, that this document does not have.
    """

    strength: EvidenceStrength
    share: float
    missing: tuple[str, ...] = ()


def read_question(question: str) -> Reading:
    """Read a question as a claim is read."""
    return read_text(question)


def weigh_evidence(question: Reading, sources: Sources) -> Weighing:
    """Weigh the passages against the question. A question without words of its own is borne out by any passage."""
    if not sources.all:
        return Weighing(strength="none", share=0.0)
    words = [word for word in question.words if _asks(word, sources)]
    if not words and not question.facts:
        return Weighing(strength="strong", share=1.0)
    by_document = groupby(
        sorted(sources.all, key=lambda source: (str(source.passage.chunk.document_id), source.number)),
        key=lambda source: source.passage.chunk.document_id,
    )
    return max(
        (_weigh(question, words, list(group), sources) for _, group in by_document),
        key=lambda weighing: (weighing.strength == "strong", weighing.share),
    )


def _asks(word: Word, sources: Sources) -> bool:
    """Tell whether a word says what is looked for; units of measure only say how the answer is counted."""
    if word.key in QUESTION_WORDS or unit_of(word.key):
        return False
    return bool(sources.lexicon.concepts(word.key))


def _weigh(question: Reading, words: Sequence[Word], document: Sequence[Source], sources: Sources) -> Weighing:
    context = frozenset().union(*(source.context_concepts for source in document))
    names = frozenset().union(*(source.word_keys for source in document))
    everywhere = context.union(*(stood for source in document for stood in source.concepts))
    missing: list[Word] = []
    plain: list[tuple[Word, frozenset[str], float]] = []
    for word in words:
        concepts = sources.lexicon.concepts(word.key)
        if _names(word, sources):
            if not has_name(names, word.key) and concepts.isdisjoint(everywhere):
                missing.append(word)
        else:
            plain.append((word, concepts, sources.weight(concepts)))
    readings = [reading for source in document for reading in source.readings()]
    lacks_name = bool(missing) or not all(
        is_one_person(name, question, readings, sources.lexicon) for name in name_anchors(question, sources.lexicon)
    )
    held, unseen, answers = _best_window(plain, context, document, _wanted(question, sources))
    missing += unseen
    # What is missing may be what the question turns on: it weighs the most that it can.
    whole = held + sum(sources.most_weight(sources.lexicon.concepts(word.key)) for word in unseen)
    lost_facts = [fact.text for fact in question.facts if not _has_fact(fact, document)]
    share = held / whole if whole else float(not lacks_name)
    is_strong = share >= _STRONG and answers and not lacks_name and not lost_facts
    strength: EvidenceStrength = "strong" if is_strong else "none" if share < _NONE else "weak"
    return Weighing(
        strength=strength,
        share=share,
        missing=(*(word.text for word in sorted(missing, key=lambda word: word.start)), *lost_facts),
    )


def _names(word: Word, sources: Sources) -> bool:
    if sources.lexicon.is_ordinary(word.key) or not word.text[0].isupper():
        return False
    return word.is_name or has_name(sources.names, word.key)


def _wanted(question: Reading, sources: Sources) -> Wanted | None:
    """What the question's own words ask for: an amount of money, a date, a length of time; None for anything."""
    keys = set(question.word_keys())
    if not keys.isdisjoint(_ASK_FOR_DATE):
        return "date"
    if not keys.isdisjoint(_ASK_FOR_TIME):
        return "time"
    concepts = frozenset().union(*(sources.lexicon.concepts(key) for key in keys))
    return None if concepts.isdisjoint(_ASK_FOR_MONEY) else "money"


def _holds(reading: Reading, wanted: Wanted | None) -> bool:
    if wanted == "date":
        return any(fact.days for fact in reading.facts)
    if wanted == "time":
        return any(fact.days or fact.unit in _TIMES for fact in reading.facts)
    if wanted == "money":
        return any(fact.kind == "number" and fact.unit in (None, *_CURRENCIES) for fact in reading.facts)
    return True


def _best_window(
    words: Sequence[tuple[Word, frozenset[str], float]],
    context: frozenset[str],
    document: Sequence[Source],
    wanted: Wanted | None,
) -> tuple[float, list[Word], bool]:
    """The most weight that a few units of a document hold, the words that they lack, and whether they can answer.

    Units that have what is wanted go before those that have more of the words.
    """
    # A fact answers where the rarer of the words stand that the document has: "delivery", not "contract".
    stands = frozenset().union(*(concepts for source in document for concepts in source.concepts))
    seen = [(weight, concepts) for _, concepts, weight in words if not concepts.isdisjoint(stands)]
    rarest = max((weight for weight, _ in seen), default=0.0)
    least = _RARE * rarest if wanted == "time" else 0.0
    every = frozenset().union(*(concepts for weight, concepts in seen if weight >= least))
    best: tuple[bool, float] = (False, -1.0)
    missing: list[Word] = []
    for source in document:
        heads = frozenset().union(*source.concepts[:1]) if source.head else frozenset()
        for first in range(max(1, len(source.concepts) - _SPAN + 1)):
            units = source.units[first : first + _SPAN]
            stood = frozenset().union(context, heads, *source.concepts[first : first + _SPAN])
            held = sum(weight for _, concepts, weight in words if not concepts.isdisjoint(stood))
            answers = any(
                _holds(unit.reading, wanted) and (not every or not every.isdisjoint(concepts))
                for unit, concepts in zip(units, source.concepts[first : first + _SPAN], strict=True)
                if unit is not source.units[0] or len(source.units) == 1
            )
            if (answers, held) > best:
                best = (answers, held)
                missing = [word for word, concepts, _ in words if concepts.isdisjoint(stood)]
    return max(best[1], 0.0), missing, best[0] or wanted is None


def _has_fact(fact: Fact, document: Sequence[Source]) -> bool:
    return any(
        same_fact(fact, stood, units=source.units_of_measure, years=source.years)
        for source in document
        for reading in (source.context, *(unit.reading for unit in source.units))
        for stood in reading.facts
    )
