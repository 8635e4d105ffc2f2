"""A second opinion on words that may be of the other script: each language reads them alone.

Reading with both languages at once, Tesseract takes "an" for "ап" and "GB" for "СВ" with full confidence; alone,
the wrong language is far less sure of itself than the right one.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

from samovar.ocr.lines import ReadLine, ReadWord
from samovar.ocr.raster import Grey
from samovar.ocr.scripts import Script, is_ambiguous, main_script, of_one_script, script_of
from samovar.ocr.tesseract import Tesseract

__all__ = ["settled"]

_UNSURE: Final = 0.88
#: So much surer must the other script be than the one that was read.
_MARGIN: Final = 0.02
#: A short word is rather of the script of its line than what its letters look like.
_SHORT: Final = 2
_SHORT_PRIOR: Final = 0.08
_SURE_ENOUGH: Final = 0.72
#: So much surer must a language be alone than both were together, for a word of the same script.
_BETTER: Final = 0.12
_EDGE_PX: Final = 1
_INNER_CAPITAL: Final = re.compile(r"[a-zа-яё][A-ZА-ЯЁ]")
#: Words of a page that are looked at twice, at most: the least sure ones.
_MOST_WORDS: Final = 80


def settled(lines: Sequence[ReadLine], grey: Grey, alone: Mapping[Script, Tesseract]) -> list[ReadLine]:
    """The lines with every word in one script, doubtful ones read again by each language alone."""
    usual = main_script(line.text for line in lines)
    words = [list(line.words) for line in lines]
    around = [[_around(line.words, place) or usual for place in range(len(line.words))] for line in lines]
    doubtful = sorted(
        (word.confidence, row, place)
        for row, line in enumerate(words)
        for place, word in enumerate(line)
        if _is_doubtful(word, around[row][place])
    )[:_MOST_WORDS]
    for _, row, place in doubtful:
        words[row][place] = _decided(words[row][place], around[row][place], grey, alone)
    return [
        replace(
            line,
            words=tuple(
                replace(word, text=of_one_script(word.text, script))
                for word, script in zip(words[row], around[row], strict=True)
            ),
        )
        for row, line in enumerate(lines)
    ]


def _around(words: Sequence[ReadWord], place: int) -> Script | None:
    """The script of a line without one of its words."""
    return main_script(word.text for index, word in enumerate(words) if index != place)


def _is_doubtful(word: ReadWord, around: Script | None) -> bool:
    scripts = {script for letter in word.text if (script := script_of(letter)) is not None}
    if not scripts or len(word.text) == 1:
        return False
    if len(scripts) > 1 or word.confidence < _UNSURE:
        return True
    if around in scripts and word.is_known:
        return is_ambiguous(word.text) and word.text.isupper() and len(word.text) <= 3
    return not word.is_known or is_ambiguous(word.text)


def _decided(word: ReadWord, around: Script | None, grey: Grey, alone: Mapping[Script, Tesseract]) -> ReadWord:
    """The word as it was read, or as the surer language reads it."""
    box = word.box
    height, width = grey.shape
    top, bottom = max(0, int(box.top) - _EDGE_PX), min(height, int(box.bottom) + _EDGE_PX)
    left, right = max(0, int(box.left) - _EDGE_PX), min(width, int(box.right) + _EDGE_PX)
    crop = grey[top:bottom, left:right]
    if crop.size == 0:
        return word
    own = main_script([word.text])
    if own is None:
        return word
    other: Script = "cyrillic" if own == "latin" else "latin"
    own_opinion, opinion = alone[own].read_word(crop), alone[other].read_word(crop)
    own_sure = own_opinion.confidence if own_opinion is not None else 0.0
    if opinion is not None and _is_credible(opinion, word, around == other):
        prior = _SHORT_PRIOR if around == other and len(word.text) <= _SHORT else 0.0
        if opinion.confidence + prior >= own_sure + _MARGIN:
            return replace(word, text=opinion.text, confidence=opinion.confidence, is_known=opinion.is_known)
    if own_opinion is not None and own_sure >= word.confidence + _BETTER and _is_alike(word.text, own_opinion.text):
        return replace(word, text=own_opinion.text, confidence=own_sure, is_known=own_opinion.is_known)
    return word


def _is_credible(opinion: ReadWord, word: ReadWord, is_expected: bool) -> bool:
    """Tell whether a reading in the other script may count at all."""
    if opinion.confidence < _SURE_ENOUGH or not _is_alike(word.text, opinion.text):
        return False
    # Capitals within a word are Cyrillic letters that were forced into Latin ones: "CnucaHHoe".
    return is_expected or opinion.is_known or not _INNER_CAPITAL.search(opinion.text)


def _is_alike(one: str, other: str) -> bool:
    """Another script has other letters but about as many, and the same digits."""
    digits = [[character for character in text if character.isdigit()] for text in (one, other)]
    return abs(len(one) - len(other)) <= max(1, len(one) // 4) and digits[0] == digits[1]
