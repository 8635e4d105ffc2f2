"""Words and their stems with their places: PostgreSQL stems, and what it has stemmed once is remembered."""

import re
from collections.abc import Collection, Sequence
from itertools import islice
from typing import Final

from sqlalchemy import bindparam, text
from sqlalchemy.dialects.postgresql import ARRAY

from samovar.ports.search import StemmedWord
from samovar.storage.connection import Connection
from samovar.storage.tables import StoredText

__all__ = ["StemCache"]

#: About as PostgreSQL's parser takes words: numbers with their points, and letters and digits without a break.
_WORD: Final = re.compile(r"\d+(?:\.\d+)+|[^\W_]+(?:\u00ad[^\W_]+)*")
#: No word of interest is longer.
_LONGEST_WORD: Final = 100
#: Stemming takes away ends and leaves so much of a beginning alone.
_BEGINNING: Final = 2
_MOST_REMEMBERED: Final = 100_000
_WORDS_OF_TEXT: Final = 20_000

_STEM: Final = text("""
SELECT word, (SELECT lexeme FROM unnest(samovar_lexemes(word)) ORDER BY positions LIMIT 1) AS stem
FROM unnest(:words) AS word
""").bindparams(bindparam("words", type_=ARRAY(StoredText)))


class StemCache:
    """Stems of single words; None for words that the index leaves out (и, the)."""

    def __init__(self) -> None:
        """Begin with nothing known."""
        self._known: dict[str, str | None] = {}

    async def words(
        self, connection: Connection, texts: Sequence[str], stems: Collection[str] | None = None
    ) -> tuple[tuple[StemmedWord, ...], ...]:
        """Find the words of texts that the index knows, each with its stem. Shape: n texts to n tuples.

        With ``stems``, words of other stems are left out; those that begin otherwise are not even stemmed.
        """
        beginnings = None if stems is None else {stem[:_BEGINNING] for stem in stems}
        split = [islice(_WORD.finditer(_folded(whole)), _WORDS_OF_TEXT) for whole in texts]
        found = [
            [
                (position, word, key)
                for position, word in enumerate(words, start=1)
                if (key := word.group().replace("\u00ad", ""))
                and (beginnings is None or key[:_BEGINNING] in beginnings)
            ]
            for words in split
        ]
        await self._learn(connection, {key for words in found for _, _, key in words})
        return tuple(
            tuple(
                StemmedWord(stem, position, word.start(), word.end())
                for position, word, key in words
                if (stem := self._known.get(key)) is not None and (stems is None or stem in stems)
            )
            for words in found
        )

    async def _learn(self, connection: Connection, words: set[str]) -> None:
        if len(self._known) + len(words) > _MOST_REMEMBERED:
            # Seldom, and all that is lost is the time to ask again.
            self._known.clear()
        unknown = sorted(word for word in words if word not in self._known and len(word) <= _LONGEST_WORD)
        if not unknown:
            return
        for row in await connection.execute(_STEM, {"words": unknown}):
            self._known[row.word] = row.stem


def _folded(whole: str) -> str:
    """A text as the index takes it, each character in its place; ``İ`` alone would become two."""
    lower = whole.lower()
    if len(lower) != len(whole):
        lower = "".join(small if len(small := character.lower()) == 1 else character for character in whole)
    return lower.replace("ё", "е")
