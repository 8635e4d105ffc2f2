"""Make a follow-up whole by rule: "and in 2023?" is searched for with the words that it leans on."""

import re
from collections.abc import Iterator, Sequence
from typing import Final

from samovar.domain.chat import Message
from samovar.domain.sentences import sentences
from samovar.retrieval.words import Term, content_words, fold, terms_of

__all__ = ["is_follow_up", "make_whole"]

_OPENING: Final = re.compile(
    r"(?i)^\W*(?:а|и|но|ну|тогда|то есть|также|еще|ещё|and|but|or|so|then|also|what\s+about|how\s+about)\b"
)
#: Words that point at something said before. Those that often point at nothing ("it is true that") come second.
_POINTING: Final = re.compile(
    r"(?i)\b(?:он|она|оно|они|его|ее|её|ему|им|их|ней|нем|нём|него|ними?|них|этот|эта|эти|этого|этой|этом|этому|этим|этих"
    r"|эту|тот|та|те|того|той|тому|тем|тех|там|туда|оттуда|такой|такая|такие|последн\w+|предыдущ\w+|перв(?:ый|ая|ое|ого|ой)"
    r"|втор(?:ой|ая|ое|ого)|трет(?:ий|ья|ье|ьего|ьей)|he|she|they|them|its|his|her|their|those|these|there|former|latter"
    r"|previous|same|(?:first|second|third|last|other|next|this|that)\s+one|ones)\b"
)
_OFTEN_POINTING: Final = re.compile(r"(?i)\b(?:это|то|так|it|this|that|one|then|here)\b")
_FEW_WORDS: Final = 2
_SOME_WORDS: Final = 6
_MANY_WORDS: Final = 12
_YEARS: Final = re.compile(r"\d")
_MOST_TURNS: Final = 4
_MOST_TERMS: Final = 16
_MOST_ANSWER_TERMS: Final = 6
#: Answers have many words; of those that are no names only long ones are rare.
_RARE_LETTERS: Final = 8
_LABEL: Final = re.compile(r"\[\d{1,3}\]")
_ITEM: Final = re.compile(r"(?m)^[ \t]*(?:\d{1,2}[.)]|[-*•–])[ \t]+(\S.*)$")
_ORDINALS: Final = (
    (re.compile(r"(?i)\b(?:перв(?:ый|ая|ое|ого|ой|ом)|first)\b"), 0),
    (re.compile(r"(?i)\b(?:втор(?:ой|ая|ое|ого|ом)|second)\b"), 1),
    (re.compile(r"(?i)\b(?:трет(?:ий|ья|ье|ьего|ьей|ьем)|third)\b"), 2),
    (re.compile(r"(?i)\b(?:четв[её]рт(?:ый|ая|ое|ого|ой|ом)|fourth)\b"), 3),
    (re.compile(r"(?i)\b(?:последн(?:ий|яя|ее|его|ей|ем)|last)\b"), -1),
)
#: A long message is no follow-up, and its words are not looked at one by one.
_LONGEST: Final = 400


def is_follow_up(question: str) -> bool:
    """Whether a question leans on what was said before: by how it begins, what it points at, or how little it says."""
    if len(question) > _LONGEST:
        return False
    words = len(content_words(question))
    if words <= _FEW_WORDS:
        return True
    if words <= _SOME_WORDS and _OFTEN_POINTING.search(question):
        return True
    return words <= _MANY_WORDS and bool(_OPENING.search(question) or _POINTING.search(question))


def make_whole(question: str, earlier: Sequence[Message]) -> str | None:
    """Add the words that a follow-up leans on: of earlier questions, and of what the last answer stood on.

    ``earlier`` is the branch before the question. None when there is nothing to add.
    """
    said = {fold(word) for word in content_words(question)}
    # "And in 2023?": the number asked about before is not asked about any more.
    has_number = _YEARS.search(question) is not None
    added: dict[str, str] = {}
    for term in _leant_on(question, earlier):
        if term.key in said or (term.is_number and has_number):
            continue
        added.setdefault(term.key, term.word)
        if len(added) == _MOST_TERMS:
            break
    return f"{question.strip()} {' '.join(added.values())}".strip() if added else None


def _leant_on(question: str, earlier: Sequence[Message]) -> Iterator[Term]:
    """Words of the context, the most telling first."""
    answer = next((message for message in reversed(earlier) if message.role == "assistant" and message.text), None)
    item = _item(question, answer.text) if answer is not None else None
    if item is not None:
        yield from terms_of(item)
    asked = [message.text for message in reversed(earlier) if message.role == "user"][:_MOST_TURNS]
    for text in asked:
        if len(text) > _LONGEST:
            break
        yield from sorted(terms_of(text), key=lambda term: not (term.is_name or term.is_number))
        if not is_follow_up(text):
            break
    if answer is not None and item is None:
        yield from _answer_terms(answer.text)


def _item(question: str, answer: str) -> str | None:
    """The item of a list that "the second one" means."""
    items = _ITEM.findall(answer)
    for pattern, place in _ORDINALS:
        if pattern.search(question) and len(items) > max(place, 0):
            return str(_LABEL.sub("", items[place]))
    return None


def _answer_terms(answer: str) -> list[Term]:
    """Names, titles and rare words of the sentences that have sources; without any, of the first sentence."""
    answer = answer[: _LONGEST * _MOST_ANSWER_TERMS]
    parts = [answer[start:end] for start, end in sentences(answer)]
    cited = [part for part in parts if _LABEL.search(part)] or parts[:1]
    terms = [term for part in cited for term in terms_of(_LABEL.sub("", part)) if not term.is_number]
    telling = [term for term in terms if term.is_name] + [term for term in terms if len(term.word) >= _RARE_LETTERS]
    return telling[:_MOST_ANSWER_TERMS]
