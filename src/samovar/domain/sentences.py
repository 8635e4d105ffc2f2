"""Where sentences begin and end, in Russian and English, in prose and in the broken lines of a PDF."""

import re
from collections.abc import Iterator
from typing import Final

__all__ = ["sentences"]

# Hostile text must not cost more than its length: no pattern starts twice in one run of marks or white space.
_STOP: Final = re.compile(r"(?<![.!?…])[.!?…]++[»”’\"')\]]*+(?=\s)")
_LINE_END: Final = re.compile(r"\n\s*+")
_LIST_MARK: Final = re.compile(r"(?:[•◦▪‣·*+\-–—]|\d{1,3}[.)]|[a-zа-яё]\)|#{1,6})\s", re.IGNORECASE)
_WORD_BEFORE: Final = re.compile(r"[^\W\d_]+(?:\.[^\W\d_]+)*$")
_NUMBER_BEFORE: Final = re.compile(r"(?:^|\n)[^\S\n]*(?:\d{1,3}\.)*\d{1,3}$")
_OPENERS: Final = " \t\n\u00a0«“„\"'([—–-"
#: A line shorter than this share of its neighbour ended because its author ended it.
_SHORT_LINE: Final = 0.6
#: No word of interest is longer.
_LOOK_BACK: Final = 40

#: A sentence goes on after these, whatever follows.
_NEVER_LAST: Final = frozenset({
    "абз", "акад", "в", "вв", "г", "гг", "гл", "гр", "доц", "е", "ж", "зам", "им", "ин", "к", "кв", "корп", "напр",
    "н", "обл", "оф", "пер", "пл", "пос", "пп", "прим", "просп", "проф", "разд", "ред", "рис", "с", "см", "соч", "ср",
    "ст", "стр", "т", "т.е", "т.к", "т.н", "т.о", "табл", "ул", "утв", "ч", "чл", "ш", "экз",
    "al", "apr", "approx", "art", "aug", "ca", "cf", "ch", "col", "dec", "dept", "dr", "e.g", "ed", "eds", "eq", "est",
    "feb", "fig", "figs", "gen", "i.e", "jan", "jul", "jun", "lt", "mr", "mrs", "ms", "mt", "nov", "oct", "pp",
    "prof", "rep", "rev", "sec", "sep", "sept", "sr", "st", "viz", "vol", "vs",
})  # fmt: skip
#: These may end a sentence: a capital letter after them decides.
_MAYBE_LAST: Final = frozenset({
    "д", "др", "коп", "млн", "млрд", "п", "пр", "руб", "сек", "т.д", "т.п", "тыс", "час", "шт", "э",
    "a.m", "co", "corp", "etc", "inc", "jr", "ltd", "no", "p", "p.m", "u.k", "u.s",
})  # fmt: skip


def sentences(text: str) -> list[tuple[int, int]]:
    """Find the sentences of a text, in order, without the white space around them.

    Every character that is not white space lies in exactly one span ``text[start:end]``.
    """
    spans: list[tuple[int, int]] = []
    start = 0
    for end in (*sorted(set(_ends(text))), len(text)):
        piece = text[start:end]
        if stripped := piece.strip():
            first = start + len(piece) - len(piece.lstrip())
            spans.append((first, first + len(stripped)))
        start = end
    return spans


def _ends(text: str) -> Iterator[int]:
    for stop in _STOP.finditer(text):
        if _ends_here(text, stop.start(), stop.end()):
            yield stop.end()
    for line_end in _LINE_END.finditer(text):
        if line_end.group().count("\n") > 1 or _line_stands_alone(text, line_end.start(), line_end.end()):
            yield line_end.end()


def _ends_here(text: str, stop: int, after: int) -> bool:
    """Decide whether the mark at ``stop`` ends a sentence; ``after`` is where the next text begins."""
    following = _first_letter(text, after)
    if following.islower():
        return False
    if text[stop:after].strip("»”’\"')]") != ".":
        return True
    before = text[max(0, stop - _LOOK_BACK) : stop]
    if _NUMBER_BEFORE.search(before):
        return False  # the number of an item
    word = _WORD_BEFORE.search(before)
    return word is None or _may_be_last(word.group(), following)


def _may_be_last(letters: str, following: str) -> bool:
    """Decide whether a word with a full stop ends a sentence, by the word and by what follows."""
    if len(letters) == 1 and letters.isupper():
        return False  # an initial
    if letters.lower() in _NEVER_LAST:
        return False
    return letters.lower() not in _MAYBE_LAST or following.isupper()


def _first_letter(text: str, place: int) -> str:
    """The first character that is neither white space nor an opening mark, or nothing."""
    while place < len(text) and text[place] in _OPENERS:
        place += 1
    return text[place : place + 1]


def _line_stands_alone(text: str, end: int, next_start: int) -> bool:
    """Decide whether a line without a full stop is a heading or an item rather than a part of a sentence."""
    if _LIST_MARK.match(text, next_start):
        return True
    start = text.rfind("\n", 0, end) + 1
    line = text[start:end]
    if line.startswith("#"):
        return True
    next_end = text.find("\n", next_start)
    next_line = text[next_start : next_end if next_end >= 0 else len(text)]
    previous_start = text.rfind("\n", 0, max(0, start - 1)) + 1
    longest = max(len(next_line), start - 1 - previous_start)
    return len(line) < _SHORT_LINE * longest and not line.rstrip().endswith(",") and next_line[:1].isupper()
