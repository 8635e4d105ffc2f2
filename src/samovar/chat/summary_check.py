"""Check a summary that a model wrote against the turns that it is to stand for. No model is asked.

A summary takes the place of what was said, so garbage in it would be what the model goes by from then on. What is taken
is shorter than its source, has no thoughts of the model in it, says nothing exact that nobody has said, and keeps at
least half of what the person has said exactly.
"""

import asyncio
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import ceil
from typing import Final

from samovar.chat.summary_record import Record, Spoken, is_role
from samovar.chat.thoughts import has_thoughts
from samovar.domain.context import SummaryFault
from samovar.retrieval.claims import find_statements
from samovar.retrieval.lexicon import Stemmer, load_lexicon
from samovar.retrieval.reading import Fact, Reading, Word
from samovar.retrieval.sources import Unit, units_of

__all__ = ["Refusal", "SourceTurn", "SummaryDraft", "check_summary", "tidy_summary"]

#: Fewer words say nothing.
_FEWEST_WORDS: Final = 3
#: From so many words on, a text of which fewer than this share differ goes in circles.
_MANY_WORDS: Final = 40
_LEAST_VARIETY: Final = 0.25
#: The share of a summary's words that its source must have: the rest is the summary's own way of saying it.
_LEAST_KNOWN: Final = 0.3
_FEWEST_KNOWN_COUNTED: Final = 5
#: The share of the names and exact figures of the person that must remain. Nobody else can be asked for them, while
#: what the assistant said can be made again; all of them cannot be asked for, since a summary has a budget, and much
#: of what is exact matters to one turn alone. One that loses more than half stands for another conversation.
_LEAST_KEPT: Final = 0.5
#: So many tokens of a summary's budget are taken to hold one of them: a pasted list of a hundred need not fit.
_TOKENS_OF_A_FACT: Final = 16
#: So many wrong or missing words are named.
_MOST_NAMED: Final = 8
#: A count of things that the talk has, such as options, may be the summary's own.
_OWN_COUNT: Final = 20
_COUNTED: Final = (
    "вариант", "пункт", "шаг", "вопрос", "способ", "пример", "причин", "тем", "част", "этап", "совет", "иде",
    "option", "point", "step", "question", "way", "example", "reason", "topic", "part", "stage", "tip", "idea", "item",
    "alternative", "version", "thing", "approach",
)  # fmt: skip
#: What follows the name of somebody or something of which it is said.
_SAID_OF: Final = re.compile(
    r"\s(?:[—–-]\s|is\b|was\b|has\b|had\b|will\b|lives\b|works\b|likes\b|said\b|says\b|wants\b|owns\b|живет\b|живёт\b"
    r"|работает\b|любит\b|родил\w+|хочет\b|сказал\w*|отвечает\b|просит\b)"
)
_WEEKDAYS: Final = tuple(
    re.compile(rf"(?<!\w)(?:{form})(?!\w)", re.IGNORECASE)
    for form in (
        r"понедельник\w{0,3}|mondays?",
        r"вторник\w{0,3}|tuesdays?",
        r"сред[аыеу]|wednesdays?",
        r"четверг\w{0,3}|thursdays?",
        r"пятниц\w{1,3}|fridays?",
        r"суббот\w{1,3}|saturdays?",
        r"воскресень\w{1,3}|sundays?",
    )
)
_ANNOUNCES: Final = re.compile(
    r"[\s*_#]*(?:here(?:['’]s| is) (?:a|the|my) .{0,60}|(?:brief |short |concise )?summary(?: of .{0,60})?"
    r"|вот .{0,60}|(?:краткое |сжатое )?(?:содержание|изложение|резюме|сводка|саммари)(?: .{0,60})?)[\s*_]*:?[\s*_]*",
    re.IGNORECASE,
)
_FENCED: Final = re.compile(r"\s*```[a-z]*\n(?P<inside>.*?)\n?```\s*", re.IGNORECASE | re.DOTALL)


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceTurn:
    """A turn that is summed up. ``by_person``: by a person, or an earlier summary, which is all there is."""

    text: str
    by_person: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class SummaryDraft:
    """What a model wrote, tidied. Units: tokens. ``was_cut``: it was not finished."""

    text: str
    tokens: int
    was_cut: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """Why a summary is not taken; ``wrong`` are the words that are changed or lost, where there are such."""

    fault: SummaryFault
    wrong: tuple[str, ...] = ()


def tidy_summary(written: str) -> str:
    """What a model wrote without what stands around it: a fence of code, and a first line that only announces it."""
    fenced = _FENCED.fullmatch(written)
    text = (fenced["inside"] if fenced else written).strip()
    first, _, rest = text.partition("\n")
    if rest.strip() and len(first) < 100 and _ANNOUNCES.fullmatch(first):
        return rest.strip()
    return text


async def check_summary(
    draft: SummaryDraft, source: Sequence[SourceTurn], *, source_tokens: int, most_tokens: int, stems: Stemmer
) -> Refusal | None:
    """Find out what is wrong with a summary; None when nothing is.

    Units: tokens, counted like those of the draft. What is denied is not compared with what was affirmed.

    Raises: what ``stems`` raises.
    """
    text = draft.text
    if fault := _form_fault(draft, source, source_tokens=source_tokens, most_tokens=most_tokens):
        return Refusal(fault=fault)
    # A long source takes seconds to read, and answers are being written meanwhile.
    sentences, units = await asyncio.to_thread(_read, text, source)
    readings = (*sentences, *(one.reading for one in units))
    lexicon = await load_lexicon({key for one in readings for key in one.word_keys()}, stems)
    return await asyncio.to_thread(_compare, text, source, sentences, Record(units, lexicon), most_tokens)


def _read(text: str, source: Sequence[SourceTurn]) -> tuple[list[Reading], list[Spoken]]:
    """The sentences of a summary, code and all, and those of its source."""
    units = [
        Spoken(turn=turn, by_person=told.by_person, unit=unit)
        for turn, told in enumerate(source)
        for unit in units_of(told.text)
    ]
    return [one.reading for one in find_statements(text.replace("```", ""), 0)], units


def _compare(
    text: str, source: Sequence[SourceTurn], sentences: Sequence[Reading], record: Record, most_tokens: int
) -> Refusal | None:
    if changed := _changed(text, sentences, record, source):
        return Refusal(fault="facts_changed", wrong=changed[:_MOST_NAMED])
    if lost := _lost(sentences, record, most=max(1, most_tokens // _TOKENS_OF_A_FACT)):
        return Refusal(fault="facts_lost", wrong=lost[:_MOST_NAMED])
    return None


def _form_fault(
    draft: SummaryDraft, source: Sequence[SourceTurn], *, source_tokens: int, most_tokens: int
) -> SummaryFault | None:
    words = re.findall(r"[^\W_]+", draft.text.lower())
    marks = len(re.findall(r"[^\w\s]", draft.text))
    if sum(word.isalpha() for word in words) < _FEWEST_WORDS or marks > sum(map(len, words)):
        return "empty"
    if has_thoughts(draft.text):
        return "reasoning"
    if draft.was_cut:
        return "cut"
    said = sum(len(turn.text) for turn in source)
    if draft.tokens >= source_tokens or draft.tokens > most_tokens or len(draft.text) >= said:
        return "too_long"
    if len(words) >= _MANY_WORDS and len(set(words)) < _LEAST_VARIETY * len(words):
        return "empty"
    return None


def _changed(text: str, sentences: Sequence[Reading], record: Record, source: Sequence[SourceTurn]) -> tuple[str, ...]:
    """What the summary says exactly and nobody has said, or has said of something else."""
    wrong = list(_wrong_weekdays(text, source))
    elsewhere = frozenset(
        concept for one in sentences for word in one.words for concept in record.lexicon.concepts(word.key)
    )
    for sentence in sentences:
        wrong += _wrong_facts(sentence, record, elsewhere)
        wrong += _wrong_names(sentence, record)
    if not wrong and not _speaks_of_it(sentences, record):
        wrong = [word.text for word in _content(sentences, record) if not record.knows(word)]
    return tuple(dict.fromkeys(wrong))


def _wrong_weekdays(text: str, source: Sequence[SourceTurn]) -> Iterator[str]:
    for form in _WEEKDAYS:
        found = form.search(text)
        if found is not None and not any(form.search(turn.text) for turn in source):
            yield found.group()


def _wrong_facts(sentence: Reading, record: Record, elsewhere: frozenset[str]) -> Iterator[str]:
    for fact in sentence.facts:
        if _is_own_count(fact, sentence, record):
            continue
        if not record.has_fact(fact) or record.fact_is_of_another(fact, sentence, elsewhere):
            yield fact.text


def _is_own_count(fact: Fact, sentence: Reading, record: Record) -> bool:
    """Tell whether this is "three options", and nobody has said how many they are."""
    if fact.kind != "number" or fact.unit is not None:
        return False
    if not any(value.isdigit() and int(value) <= _OWN_COUNT for value in fact.values):
        return False
    counted = _noun_behind(fact, sentence)
    if counted is None or record.has_fact(fact):
        return False
    stood = ((one.reading, other) for one in record.units for other in one.reading.facts if other.kind == "number")
    return not any(_noun_behind(other, reading) == counted for reading, other in stood)


def _noun_behind(fact: Fact, reading: Reading) -> str | None:
    """The thing of the talk that a number counts: "3 options", "три разных варианта"."""
    behind = [word.key for word in reading.words if 0 <= word.start - fact.end <= 20][:2]
    return next((form for key in behind for form in _COUNTED if key.startswith(form)), None)


def _wrong_names(sentence: Reading, record: Record) -> Iterator[str]:
    for word in sentence.words:
        if _is_named(word, record) and not record.has_name(word):
            yield word.text
    yield from _unknown_subject(sentence, record)
    names = record.name_anchors(sentence)
    for name in names:
        if record.is_of_two(name) or record.name_is_of_another(name, names, sentence):
            yield sentence.text[name.start : name.end]


def _is_named(word: Word, record: Record) -> bool:
    return word.is_name and not is_role(word) and not record.lexicon.is_ordinary(word.key)


def _unknown_subject(sentence: Reading, record: Record) -> Iterator[str]:
    """A sentence may begin with a name that nobody has said: "Rex is a cat" where the cat is Tom."""
    first = sentence.words[0] if sentence.words else None
    if first is None or first.is_name or is_role(first) or not first.text[0].isupper() or not record.names:
        return
    if record.lexicon.concepts(first.key) and _SAID_OF.match(sentence.text, first.end) and not record.has_name(first):
        yield first.text


def _speaks_of_it(sentences: Sequence[Reading], record: Record) -> bool:
    words = {word.key: record.knows(word) for word in _content(sentences, record)}
    return len(words) < _FEWEST_KNOWN_COUNTED or sum(words.values()) >= _LEAST_KNOWN * len(words)


def _content(sentences: Sequence[Reading], record: Record) -> list[Word]:
    """The words that say something, those for the talk itself left out."""
    return [
        word
        for sentence in sentences
        for word in sentence.words
        if record.lexicon.concepts(word.key) and not is_role(word)
    ]


def _lost(sentences: Sequence[Reading], record: Record, *, most: int) -> tuple[str, ...]:
    """The exact words of the person that are gone, when too many are; ``most`` is how many have to remain at most."""
    summary = Record(
        [Spoken(turn=0, by_person=False, unit=Unit(0, len(one.text), one)) for one in sentences], record.lexicon
    )
    kept = total = 0
    lost: list[str] = []
    for text, is_kept in _stated(record, summary):
        total += 1
        kept += is_kept
        if not is_kept:
            lost.append(text)
    return tuple(lost) if kept < min(ceil(_LEAST_KEPT * total), most) else ()


def _stated(record: Record, summary: Record) -> Iterator[tuple[str, bool]]:
    """The facts and names that a person has stated, each once, and whether the summary has them."""
    facts: set[object] = set()
    names: set[str] = set()
    for one in record.units:
        if not one.by_person or one.unit.cells or one.reading.text.rstrip().endswith("?"):
            continue  # A table that was pasted is no list of facts to keep, and a question states none.
        for fact in one.reading.facts:
            said = {*fact.values, *fact.days}
            if _is_telling(fact) and facts.isdisjoint(said):
                yield fact.text, summary.has_fact(fact) or any(_is_one(fact, other) for other in summary.facts)
            facts |= said
        for name in record.name_anchors(one.reading):
            words = [word for word in one.reading.words if name.start <= word.start < name.end]
            if names.isdisjoint(name.keys):
                yield one.reading.text[name.start : name.end], any(summary.has_name(word) for word in words)
            names.update(name.keys)


def _is_telling(fact: Fact) -> bool:
    """Tell whether a fact is worth keeping: every date and code, and a number of something or of two digits."""
    if fact.kind != "number":
        return True
    return fact.unit is not None or any(len(value) > 1 for value in fact.values)


def _is_one(one: Fact, other: Fact) -> bool:
    """Tell whether two facts say the same, by any of their readings."""
    return not one.days.isdisjoint(other.days) or not one.values.isdisjoint(other.values)
