"""A second opinion on words that may be of the other script: each language reads them alone.

Reading with both languages at once, Tesseract takes "an" for "ап" and "GB" for "СВ" with full confidence; alone,
the wrong language is far less sure of itself than the right one.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

from samovar.ocr.lines import ReadLine, ReadWord
from samovar.ocr.raster import Grey
from samovar.ocr.scripts import Script, is_ambiguous, main_script, of_one_script, script_of
from samovar.ocr.tesseract import Tesseract

__all__ = ["settled"]

_UNSURE: Final = 0.88
#: So much surer must the other script be than the one that was read, or than the line's.
_MARGIN: Final = 0.08
_SURE_ENOUGH: Final = 0.75
_EDGE_PX: Final = 3
#: Words of a page that are looked at twice, at most: the least sure ones.
_MOST_WORDS: Final = 80


def settled(lines: Sequence[ReadLine], grey: Grey, alone: Mapping[Script, Tesseract]) -> list[ReadLine]:
    """The lines with every word in one script, doubtful ones read again by each language alone."""
    doubtful = sorted(
        (word.confidence, row, place)
        for row, line in enumerate(lines)
        for place, word in enumerate(line.words)
        if _is_doubtful(word, main_script(other.text for other in line.words))
    )[:_MOST_WORDS]
    changed = [list(line.words) for line in lines]
    for _, row, place in doubtful:
        changed[row][place] = _decided(changed[row], place, grey, alone)
    return [
        replace(line, words=tuple(replace(word, text=of_one_script(word.text)) for word in words))
        for line, words in zip(lines, changed, strict=True)
    ]


def _is_doubtful(word: ReadWord, around: Script | None) -> bool:
    scripts = {script for letter in word.text if (script := script_of(letter)) is not None}
    if not scripts:
        return False
    return (
        len(scripts) > 1
        or word.confidence < _UNSURE
        or (is_ambiguous(word.text) and (around not in scripts or not word.is_known or len(word.text) <= 3))
        or (not word.is_known and around not in scripts)
    )


def _decided(words: Sequence[ReadWord], place: int, grey: Grey, alone: Mapping[Script, Tesseract]) -> ReadWord:
    """The word as it was read, or as the surer language reads it."""
    word = words[place]
    around = main_script(other.text for index, other in enumerate(words) if index != place)
    box = word.box
    height, width = grey.shape
    top, bottom = max(0, int(box.top) - _EDGE_PX), min(height, int(box.bottom) + _EDGE_PX)
    left, right = max(0, int(box.left) - _EDGE_PX), min(width, int(box.right) + _EDGE_PX)
    crop = grey[top:bottom, left:right]
    if crop.size == 0:
        return word
    opinions = {script: engine.read_word(crop) for script, engine in alone.items()}
    sure = {script: opinion.confidence if opinion else 0.0 for script, opinion in opinions.items()}
    own = main_script([word.text])
    if own is None:
        return word
    other: Script = "cyrillic" if own == "latin" else "latin"
    opinion = opinions[other]
    needed = sure[own] + (-_MARGIN if around == other else _MARGIN)
    if opinion is None or sure[other] < max(needed, _SURE_ENOUGH) or not _is_alike(word.text, opinion.text):
        return word
    return replace(word, text=opinion.text, confidence=opinion.confidence, is_known=opinion.is_known)


def _is_alike(one: str, other: str) -> bool:
    """Another script has other letters but about as many, and the same digits."""
    digits = [[character for character in text if character.isdigit()] for text in (one, other)]
    return abs(len(one) - len(other)) <= max(1, len(one) // 4) and digits[0] == digits[1]
