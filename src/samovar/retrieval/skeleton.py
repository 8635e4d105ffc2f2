"""Names across alphabets: the consonants of a word, written alike for Russian and English spelling."""

import re
from functools import lru_cache
from typing import Final

__all__ = ["is_cyrillic", "skeleton"]

#: After the practical transcription of Russian into Latin letters (as in the US Board on Geographic Names, 1944);
#: vowels and signs are left out.
_CYRILLIC: Final = str.maketrans({
    "б": "b", "в": "v", "г": "g", "д": "d", "ж": "zh", "з": "z", "к": "k", "л": "l", "м": "m", "н": "n", "п": "p",
    "р": "r", "с": "s", "т": "t", "ф": "f", "х": "kh", "ц": "ts", "ч": "ch", "ш": "sh", "щ": "sh",
    **dict.fromkeys("аеиоуыэюяйьъё", ""),
})  # fmt: skip
#: Spellings of one sound, the longer ones first.
_SOUNDS: Final = {
    "sch": "sh", "tch": "ch", "ch": "ch", "sh": "sh", "ph": "f", "th": "t", "ck": "k", "kh": "h", "zh": "sh",
    "qu": "kv", "q": "k", "x": "ks", "w": "v", "c": "k", "z": "s",
}  # fmt: skip
_SOUND: Final = re.compile("|".join(_SOUNDS))
_VOWELS: Final = re.compile(r"[^b-df-hj-np-tv-xz]")
_DOUBLED: Final = re.compile(r"(.)\1+")
#: No name of interest is longer.
_LONGEST: Final = 40


@lru_cache(maxsize=1 << 16)
def skeleton(stem: str) -> str:
    """The consonants of a stem in Latin letters: ``tsl`` for тесл and tesla; empty for what is no word."""
    if len(stem) > _LONGEST or not stem.isalpha():
        return ""
    sounds = _SOUND.sub(lambda found: _SOUNDS[found.group()], stem.lower().translate(_CYRILLIC))
    return _DOUBLED.sub(r"\1", _VOWELS.sub("", sounds))


def is_cyrillic(stem: str) -> bool:
    """Tell the alphabet of a stem (small letters, as the index has them) by its first letter."""
    return "а" <= stem[:1] <= "я"
