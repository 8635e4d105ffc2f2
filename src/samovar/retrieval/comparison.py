"""Find the sides of a comparison: each is searched for by itself, or one of them would take all the places."""

import re
from typing import Final

from samovar.retrieval.words import content_words

__all__ = ["sides_of"]

_LONGEST_QUESTION: Final = 300
_LONGEST_SIDE: Final = 120
_MOST_SIDES: Final = 4
_ASKED: Final = r"(?:что|кто|как(?:ой|ая|ое|ие)|где|у кого|which|what|who|where)\b"
_PATTERNS: Final = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        r"\bчем\s+(?:\w+\s+)?отлича\w+\s+(?P<a>.+?)\s+от\s+(?P<b>.+)",
        r"\bчем\s+(?P<a>.+?)\s+отлича\w+\s+от\s+(?P<b>.+)",
        r"\b(?:разниц\w+|различи\w+|отличи\w+|разрыв\w*)\s+(?:в\s+(?P<aspect>[\w\s-]+?)\s+)?между\s+(?P<a>.+?)\s+и\s+(?P<b>.+)",
        r"\bотличи\w+\s+(?P<a>.+?)\s+от\s+(?P<b>.+)",
        r"\bсравн(?:и|ите|ить|им|ивая|ени[ея])\s+(?P<a>.+?)\s+(?:и|с|со)\s+(?P<b>.+)",
        r"\bdifferences?\s+(?:in\s+(?P<aspect>[\w\s-]+?)\s+)?between\s+(?P<a>.+?)\s+and\s+(?P<b>.+)",
        r"\bcompar(?:e|ing|ison\s+(?:of|between))\s+(?P<a>.+?)\s+(?:and|with|to|against)\s+(?P<b>.+)",
        r"\b(?:does|do|did|is|are)\s+(?P<a>.+?)\s+(?:differ|different)\s+(?:from|to|than)\s+(?P<b>.+)",
        r"\b(?:is|are)\s+(?P<a>.+?)\s+(?P<aspect>\w+er|better|worse|(?:more|less)\s+\w+)\s+than\s+(?P<b>.+)",
        rf"^(?P<aspect>{_ASKED}[^:,]{{0,60}}?)\s*[:,—–-]\s*(?P<a>.+?)\s+(?:или|либо|or)\s+(?P<b>.+)",
        rf"^(?P<a>.+?)\s+(?:или|либо|or)\s+(?P<b>.+?)\s*[:,—–-]\s*(?P<aspect>{_ASKED}.+)",
        r"^(?P<a>.+?)\s+(?:vs\.?|versus)\s+(?P<b>.+)",
    )
)
#: What is compared is over where the next clause begins.
_NEXT_CLAUSE: Final = re.compile(r"[?!;:]|[.,]\s|\.$")
#: What is said behind the last side is meant of each.
_TAIL: Final = re.compile(
    r"\s+(?P<tail>(?:по|за|относительно|by|regarding|in\s+terms\s+of|with\s+respect\s+to|с\s+точки\s+зрения)\s+.+"
    r"|(?:в|in|for|на)\s+(?:19|20)\d\d\b.*)$",
    re.IGNORECASE,
)
_LEADING: Final = re.compile(r"^(?:между|между собой|the|a|an|что|как)\s+", re.IGNORECASE)
_NUMBER: Final = re.compile(r"\d[\d.,]*")
_LAST_NUMBER: Final = re.compile(r"(?P<head>.*\s)\d[\d.,]*$")
_PREPOSITION: Final = re.compile(r"^(?:в|во|на|для|у|из|от|при|по|с|in|at|for|of|on|from|with|under)\s", re.IGNORECASE)


def sides_of(question: str) -> tuple[str, ...]:
    """The texts to search for, one a side, each with what is asked of it. Shape: two to four, or none.

    Only comparisons that name their sides are taken; "compare them" has none.
    """
    asked = " ".join(question.split())
    if len(asked) > _LONGEST_QUESTION:
        return ()
    for pattern in _PATTERNS:
        if found := pattern.search(asked.rstrip(" ?!.")):
            parts = found.groupdict()
            return _sides(parts["a"], parts["b"], parts.get("aspect") or "")
    return ()


def _sides(first: str, last: str, aspect: str) -> tuple[str, ...]:
    last = _NEXT_CLAUSE.split(last)[0]
    if tail := _TAIL.search(last):
        last, aspect = last[: tail.start()], f"{aspect} {tail['tail']}"
    named = [_LEADING.sub("", side.strip()) for side in (*first.split(", "), last)]
    # "The price in Moscow and in Kazan": what stands before the preposition is meant of both.
    if (preposition := _PREPOSITION.match(named[-1])) and not _PREPOSITION.match(named[0]):
        head, found, _ = named[0].partition(f" {preposition.group()}")
        if found:
            named[1:] = [f"{head} {side}" for side in named[1:]]
    # "Revenue in 2022 and 2023": what stands before the number.
    elif _NUMBER.fullmatch(named[-1]) and (numbered := _LAST_NUMBER.match(named[0])):
        named[1:] = [f"{numbered['head']}{side}" for side in named[1:]]
    sides = [side for side in named if side]
    if not 1 < len(sides) <= _MOST_SIDES or any(len(side) > _LONGEST_SIDE or not content_words(side) for side in sides):
        return ()
    asked = " ".join(content_words(aspect))
    texts = dict.fromkeys(f"{side} {asked}".strip() for side in sides)
    return tuple(texts) if len(texts) == len(sides) else ()
