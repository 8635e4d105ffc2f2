"""Latin and Cyrillic letters that look alike."""

import unicodedata
from collections.abc import Iterable
from functools import cache
from typing import Final, Literal

__all__ = ["Script", "is_ambiguous", "main_script", "of_one_script", "script_of"]

Script = Literal["latin", "cyrillic"]

_LATIN: Final = "ABCEHKMOPTXYaceopxyiIjJsS"
_CYRILLIC: Final = "АВСЕНКМОРТХУасеорхуіІјЈѕЅ"
_TO_CYRILLIC: Final = str.maketrans(dict(zip(_LATIN[:19], _CYRILLIC[:19], strict=True)))
_TO_LATIN: Final = str.maketrans(dict(zip(_CYRILLIC, _LATIN, strict=True)))
#: Letters of print that Tesseract confuses across the scripts.
_ALIKE: Final = frozenset("ABCEHKMOPTXYaceopxyugnmrbkiIlАВСЕНКМОРТХУЗБГИПасеорхуигптгкьб")


@cache
def script_of(letter: str) -> Script | None:
    """The script of one letter."""
    name = unicodedata.name(letter, "")
    if name.startswith("LATIN"):
        return "latin"
    return "cyrillic" if name.startswith("CYRILLIC") else None


def main_script(texts: Iterable[str]) -> Script | None:
    """The script that most letters have; None without letters."""
    counts = {"latin": 0, "cyrillic": 0}
    for text in texts:
        for character in text:
            if (script := script_of(character)) is not None:
                counts[script] += 1
    if not any(counts.values()):
        return None
    return "latin" if counts["latin"] > counts["cyrillic"] else "cyrillic"


def of_one_script(word: str, around: Script | None = None) -> str:
    """A word in which letters of the rarer script that look like the other's are the other's.

    Where both scripts are equally frequent, the script ``around`` the word decides; it decides too for a single
    letter and for small letters that are all the same in both. A word with a letter that has no double stays.
    """
    counts = {script: sum(script_of(letter) == script for letter in word) for script in ("latin", "cyrillic")}
    letters = counts["latin"] + counts["cyrillic"]
    if counts["latin"] and counts["cyrillic"] and counts["latin"] != counts["cyrillic"]:
        wanted: Script | None = "latin" if counts["latin"] > counts["cyrillic"] else "cyrillic"
    elif (counts["latin"] and counts["cyrillic"]) or letters == 1 or not word.isupper():
        wanted = around
    else:
        return word
    if wanted is None or not letters:
        return word
    changed = word.translate(_TO_LATIN if wanted == "latin" else _TO_CYRILLIC)
    return changed if all(script_of(letter) in (wanted, None) for letter in changed) else word


def is_ambiguous(word: str) -> bool:
    """Tell whether a word could stand in either script by its looks."""
    letters = [character for character in word if character.isalpha()]
    return bool(letters) and all(letter in _ALIKE for letter in letters)
