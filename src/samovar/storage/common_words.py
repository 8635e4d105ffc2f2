"""Which words are common: PostgreSQL's own statistics of the index, read now and then."""

import re
import time
from collections import defaultdict
from collections.abc import Mapping
from typing import Final

from sqlalchemy import text

from samovar.storage.connection import Connection

__all__ = ["CommonWords"]

#: The statistics themselves are gathered when a tenth of the chunks has changed.
_READ_AGAIN_S: Final = 60.0
#: Stemming takes away ends and leaves so much of a beginning alone.
_BEGINNING: Final = 2
_WORD: Final = re.compile(r"[^\W_]+")

_COMMON: Final = text("""
SELECT lexeme, share FROM pg_stats, unnest(most_common_elems::text::text[], most_common_elem_freqs)
    AS frequent (lexeme, share)
WHERE schemaname = current_schema() AND tablename = :of_table AND attname = 'lexemes'
    AND lexeme IS NOT NULL  -- the frequencies are followed by their least and greatest
""")


class CommonWords:
    """The lexemes that many chunks hold, each with the share of all chunks that do; or those of messages."""

    def __init__(self, table: str = "chunks") -> None:
        """Begin with nothing known of the lexemes of a table."""
        self._table = table
        self._by_beginning: Mapping[str, Mapping[str, float]] = {}
        self._known_until = 0.0

    async def like(self, connection: Connection, question: str) -> dict[str, float]:
        """The common lexemes that begin as a word of the question does: all that are its own, and others."""
        if time.monotonic() >= self._known_until:
            known: dict[str, dict[str, float]] = defaultdict(dict)
            for row in await connection.execute(_COMMON, {"of_table": self._table}):
                known[row.lexeme[:_BEGINNING]][row.lexeme] = row.share
            self._by_beginning = known
            self._known_until = time.monotonic() + _READ_AGAIN_S
        beginnings = {word[:_BEGINNING] for word in _WORD.findall(question.lower().replace("ё", "е"))}
        return {
            lexeme: share for beginning in beginnings for lexeme, share in self._by_beginning.get(beginning, {}).items()
        }
