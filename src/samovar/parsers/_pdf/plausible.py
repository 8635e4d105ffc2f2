"""Whether the characters of a text layer can be what is seen: broken fonts give letters that nobody wrote."""

import re
from collections import Counter
from math import log2
from typing import Final

__all__ = ["is_plausible"]

_LEAST_LETTERS: Final = 60
_SAMPLE: Final = 2000
_MOST_UNKNOWN: Final = 0.08
_UNKNOWN: Final = re.compile(r"[\ufffd\ue000-\uf8ff\U000f0000-\U0010ffff]|[\x00-\x08\x0e-\x1f]")
#: A private character that fonts of symbols use for their bullets is no sign of damage.
_SYMBOLS: Final = "\uf0b7\uf0a7\uf0d8\uf0fc\uf02d"
_ENGLISH: Final = dict(zip(
    "etaoinshrdlcumwfgypbvkjxqz",
    (127, 91, 82, 75, 70, 67, 63, 61, 60, 43, 40, 28, 28, 24, 24, 22, 20, 20, 19, 15, 10, 8, 2, 2, 1, 1),
    strict=True,
))  # fmt: skip
_RUSSIAN: Final = dict(zip(
    "оеаинтсрвлкмдпуяыьгзбчйхжшюцщэфъё",
    (110, 85, 80, 74, 67, 63, 55, 47, 45, 44, 35, 32, 30, 28, 26, 20, 19, 17, 17, 16, 16, 14, 12, 10, 9, 7, 6, 5, 4, 3,
     3, 1, 1),
    strict=True,
))  # fmt: skip
#: Six letters make up about half of a text in English, German, French, Spanish; in Russian, Ukrainian, Bulgarian.
_FREQUENT_LATIN: Final = "etaoin"
_FREQUENT_CYRILLIC: Final = "оеаинт"
_LEAST_FREQUENT: Final = 0.33
#: Bits a letter, where the frequent ones are rare: shuffled letters come to 5.1 and more, English and Russian to 4.6.
_MOST_SURPRISE: Final = 5.2
#: Lists of numbers and codes are not words.
_LEAST_LETTER_SHARE: Final = 0.75
_RARE: Final = 0.5


def is_plausible(text: str) -> bool:
    """Tell whether a text can have been written by someone, in Russian, English or a language like them.

    Few letters are believed. Source of the frequencies: Lewand 2000 (English), Russian National Corpus, rounded.
    """
    sample = text if len(text) <= _SAMPLE else text[len(text) // 2 - _SAMPLE // 2 : len(text) // 2 + _SAMPLE // 2]
    sample = sample.replace("\r\n", " ").replace("\ufffe", "")
    visible = len(sample) - sample.count(" ")
    if "\ufffd" in sample or not sample.isprintable():
        unknown = sum(character not in _SYMBOLS for character in _UNKNOWN.findall(sample))
        if unknown > _MOST_UNKNOWN * visible and unknown > 3:
            return False
    lowered = sample.lower()
    latin = sum(map(lowered.count, _FREQUENT_LATIN))
    cyrillic = sum(map(lowered.count, _FREQUENT_CYRILLIC))
    if max(latin, cyrillic) >= _LEAST_FREQUENT * visible:
        return True
    letters = "".join(filter(str.isalpha, lowered))
    return len(letters) < _LEAST_LETTER_SHARE * visible or _are_natural(letters)


def _are_natural(letters: str) -> bool:
    counts = Counter(letters)
    latin = {letter: count for letter, count in counts.items() if letter <= "z"}
    cyrillic = {letter: count for letter, count in counts.items() if "а" <= letter <= "ё"}
    accented = sum(count for letter, count in counts.items() if "\u00c0" <= letter <= "\u00ff")
    if len(letters) >= _LEAST_LETTERS and accented > 0.6 * len(letters):
        return False  # a Russian code page taken for a Western one
    for found, frequencies in ((latin, _ENGLISH), (cyrillic, _RUSSIAN)):
        count = sum(found.values())
        if count >= _LEAST_LETTERS and count > 0.5 * len(letters):
            return _surprise(found, frequencies) < _MOST_SURPRISE
    return True


def _surprise(counts: dict[str, int], frequencies: dict[str, int]) -> float:
    total = sum(frequencies.values())
    bits = sum(count * log2(frequencies.get(letter, _RARE) / total) for letter, count in counts.items())
    return -bits / sum(counts.values())
