"""The part of a text around words that were looked for, with the places of these words in it."""

from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

__all__ = ["Snippet", "likely_region", "snippet_around"]

#: Characters of a snippet, and how many of them stand before the first word found.
_LENGTH: Final = 240
_BEFORE: Final = 60
#: How far an end may move to fall between words.
_LONGEST_SHIFT: Final = 24
#: A text up to this many characters is looked at as a whole.
_REGION: Final = 4_000
#: Endings are stemmed away, and a last letter is changed at times (``happy``: ``happi``).
_SURE_LETTERS: Final = 3
_MOST_PLACES: Final = 500
_BLANKS: Final = str.maketrans("\n\r\t\v\f\u2028\u2029", " " * 7)


@dataclass(frozen=True, slots=True)
class Snippet:
    """A part of a text in one line; ``marks`` are the words found (start, end), counted in code points, in order."""

    text: str
    marks: tuple[tuple[int, int], ...] = ()


def snippet_around(text: str, words: Sequence[tuple[str, int, int]]) -> Snippet:
    """Cut out the part of a text where the most different words stand close together.

    Shape: ``words`` are (stem, start, end) in the order of the text; without any it is the beginning of the text. Of a
    word that is longer than a snippet nothing is marked.
    """
    first = _densest(words)
    start = 0 if first is None else _back_to_blank(text, max(0, first - _BEFORE))
    end = _back_to_blank(text, start + _LENGTH) if start + _LENGTH < len(text) else len(text)
    left = "…" if start > 0 else ""
    right = "…" if end < len(text) else ""
    moved = len(left) - start
    marks = tuple((one + moved, behind + moved) for _, one, behind in words if start <= one and behind <= end)
    return Snippet(f"{left}{text[start:end].translate(_BLANKS)}{right}", marks)


def likely_region(text: str, stems: Collection[str]) -> tuple[int, int]:
    """Guess where in a long text the most different words of these stems stand, by their beginnings (start, end).

    A long text is pasted whole; to stem each of its words would take longer than to find it.
    """
    if len(text) <= _REGION:
        return 0, len(text)
    folded = text.lower().replace("ё", "е")
    places = sorted(place for beginning in {_beginning(stem) for stem in stems} for place in _places(folded, beginning))
    best, most = 0, 0
    inside: Counter[str] = Counter()
    first = 0
    for place, beginning in places:
        inside[beginning] += 1
        while place - places[first][0] > _LENGTH:
            gone = places[first][1]
            inside[gone] -= 1
            if not inside[gone]:
                del inside[gone]
            first += 1
        if len(inside) > most:
            best, most = places[first][0], len(inside)
    start = _back_to_blank(text, max(0, min(best, len(text)) - _REGION // 4))
    return start, min(len(text), start + _REGION)


def _beginning(stem: str) -> str:
    return stem[:-1] if len(stem) > _SURE_LETTERS else stem[: _SURE_LETTERS - 1]


def _places(folded: str, beginning: str) -> Iterator[tuple[int, str]]:
    place = folded.find(beginning)
    for _ in range(_MOST_PLACES):
        if place < 0:
            return
        if place == 0 or not folded[place - 1].isalnum():
            yield place, beginning
        place = folded.find(beginning, place + 1)


def _densest(words: Sequence[tuple[str, int, int]]) -> int | None:
    """Where the snippet's first word begins: the most different stems, then the most words, then the earliest."""
    best: tuple[int, int] = (0, 0)
    at: int | None = None
    inside: Counter[str] = Counter()
    behind = 0
    for first, (stem, start, _) in enumerate(words):
        while behind < len(words) and (words[behind][2] - start <= _LENGTH - 2 * _BEFORE or behind == first):
            inside[words[behind][0]] += 1
            behind += 1
        value = (len(inside), behind - first)
        if value > best:
            best, at = value, start
        inside[stem] -= 1
        if not inside[stem]:
            del inside[stem]
    return at


def _back_to_blank(text: str, place: int) -> int:
    """The place behind the blank before ``place``, if there is one near it."""
    for near in range(place, max(0, place - _LONGEST_SHIFT), -1):
        if text[near - 1].isspace():
            return near
    return place
