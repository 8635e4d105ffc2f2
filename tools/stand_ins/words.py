"""Words for answers, and a tokenizer that is simple and loses nothing."""

import random
import re
import zlib
from collections.abc import Iterator
from typing import Final

__all__ = ["VOCABULARY", "number_tokens", "split_tokens", "write_sentences"]

#: The size of the made-up vocabulary; token numbers are below it.
VOCABULARY: Final = 49_152

_TOKEN: Final = re.compile(r" ?\w{1,6}| ?[^\w\s]|\s")
_CYRILLIC: Final = re.compile("[а-яёА-ЯЁ]")
# No colours: a model that does not look at pictures must not name one by chance.
_ENGLISH: Final = (
    "water tea table morning river garden letter window winter music paper road family market stone bridge "
    "quiet warm small simple careful early gentle useful brings keeps finds makes follows holds opens gives "
    "slowly always often today together nearby again"
)
_RUSSIAN: Final = (
    "вода чай стол утро река сад письмо окно зима музыка бумага дорога семья рынок камень мост тихо тепло "
    "просто рано нежно полезно приносит хранит находит делает следует держит открывает дарит медленно всегда "
    "часто сегодня вместе рядом снова"
)


def split_tokens(text: str) -> list[str]:
    """Split a text into tokens of at most six letters; joined they are the text again."""
    return _TOKEN.findall(text)


def number_tokens(tokens: list[str]) -> list[int]:
    """Give each token its number, the same every time. Shape: one number a token, each below VOCABULARY."""
    return [zlib.crc32(token.encode()) % VOCABULARY for token in tokens]


def write_sentences(seed: int, like: str) -> Iterator[str]:
    """Yield sentences without end, in Russian where ``like`` has Russian letters, else in English."""
    words = (_RUSSIAN if _CYRILLIC.search(like) else _ENGLISH).split()
    chance = random.Random(seed)
    while True:
        yield " ".join(chance.choices(words, k=chance.randint(4, 9))).capitalize() + "."
