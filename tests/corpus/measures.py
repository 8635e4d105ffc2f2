"""How near what was read comes to what was written."""

import re
from collections.abc import Sequence

from samovar.domain.layout import Rectangle

__all__ = ["character_error", "overlap", "word_agreement", "words"]


def words(text: str) -> list[str]:
    """The words and numbers of a text, without punctuation and case."""
    return re.findall(r"\w+", text.casefold().replace("\u00ad", ""))


def word_agreement(read: str, written: str) -> float:
    """Share of words that agree in order, 0 to 1: 1 less the edit distance over words, by the longer text."""
    one, other = words(read), words(written)
    longer = max(len(one), len(other))
    return 1.0 if longer == 0 else 1.0 - _distance(one, other) / longer


def character_error(read: str, written: str) -> float:
    """Edit distance over characters, white space runs as one blank, by the length of what was written."""
    one, other = " ".join(read.split()), " ".join(written.split())
    return _distance(one, other) / max(1, len(other))


def overlap(one: Rectangle, other: Rectangle) -> float:
    """Intersection over union of two boxes, 0 to 1."""
    across = min(one.x + one.width, other.x + other.width) - max(one.x, other.x)
    down = min(one.y + one.height, other.y + other.height) - max(one.y, other.y)
    common = max(0.0, across) * max(0.0, down)
    return common / (one.width * one.height + other.width * other.height - common)


def _distance(one: Sequence[str], other: Sequence[str]) -> int:
    """Levenshtein's distance; equal beginnings and ends, which are nearly everything, cost nothing."""
    start = 0
    while start < min(len(one), len(other)) and one[start] == other[start]:
        start += 1
    end = 0
    while end < min(len(one), len(other)) - start and one[-1 - end] == other[-1 - end]:
        end += 1
    one, other = one[start : len(one) - end], other[start : len(other) - end]
    row = list(range(len(other) + 1))
    for place, item in enumerate(one, start=1):
        before, row[0] = row[0], place
        for column, wanted in enumerate(other, start=1):
            before, row[column] = row[column], min(row[column] + 1, row[column - 1] + 1, before + (item != wanted))
    return row[-1]
