"""Full text search: BM25 as an inner product of sparse vectors, inside PostgreSQL.

The document's half of BM25 is computed when a chunk is indexed (see the first migration), the
question's half, the rarity of each word, from the chunks that the question may see.
"""

from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import Integer, Row, bindparam, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.types import Uuid

from samovar.domain.actor import Actor
from samovar.domain.document import Chunk, Passage
from samovar.domain.ids import ChatId, ChunkId, DocumentId
from samovar.storage.chunks import text_of_chunk
from samovar.storage.connection import Connection
from samovar.storage.plain import storable_text
from samovar.storage.tables import StoredText

__all__ = ["CANDIDATES", "PostgresSearch"]

#: How many chunks one question may score. Words are admitted rarest first until they would
#: bring more; scoring costs about a microsecond a chunk.
CANDIDATES: Final = 50_000

#: PostgreSQL refuses a tsvector above 1 MB.
_PIECE_CHARACTERS: Final = 100_000

# Texts are read of what is returned alone: the candidates may be ten thousands.
_RANK: Final = """
WITH scope AS MATERIALIZED (
    SELECT document_id, name, chunk_count FROM documents
    WHERE owner_id = :actor AND status = 'ready' {narrowed}
), asked AS (
    SELECT lexeme, samovar_dimension(lexeme) AS dimension, samovar_word(lexeme) AS word
    FROM unnest(samovar_lexemes(:question))
), counted AS MATERIALIZED (
    SELECT asked.*, (
        SELECT count(*) FROM (
            SELECT FROM chunks JOIN scope USING (document_id) WHERE chunks.lexemes @@ asked.word LIMIT :budget
        ) AS found
    )::double precision AS frequency
    FROM asked
), weighed AS (
    SELECT dimension, word, frequency,
        ln(1 + (total - frequency + 0.5) / (frequency + 0.5)) AS rarity,
        sum(frequency) OVER (ORDER BY frequency, lexeme) - frequency AS rarer
    FROM counted, (SELECT coalesce(sum(chunk_count), 0) AS total FROM scope) AS size
    WHERE frequency > 0
), question AS (
    SELECT samovar_vector(array_agg(dimension), array_agg(rarity)) AS weights,
        string_agg(word::text, ' | ') FILTER (WHERE rarer + frequency <= :budget OR rarer = 0)::tsquery AS words
    FROM weighed
), best AS (
    SELECT candidates.*, -(candidates.weights <#> question.weights) AS score
    FROM question, LATERAL (
        SELECT chunk_id, document_id, page, start, "end", figure, headings, chunks.weights, name
        FROM chunks JOIN scope USING (document_id) WHERE chunks.lexemes @@ question.words LIMIT :budget
    ) AS candidates
    ORDER BY candidates.weights <#> question.weights, document_id, page, start
    LIMIT :limit
)
SELECT chunk_id, document_id, page, start, "end", figure, headings, name, score, {text} AS text
FROM best
ORDER BY score DESC, document_id, page, start
"""

_OF_CHAT: Final = """AND document_id IN (
        SELECT chat_documents.document_id FROM chat_documents JOIN chats USING (chat_id)
        WHERE chat_id = :chat AND chats.owner_id = :actor
        UNION ALL
        SELECT searched.document_id
        FROM documents AS searched JOIN chat_bases USING (base_id) JOIN chats USING (chat_id)
        WHERE chat_id = :chat AND chats.owner_id = :actor AND searched.owner_id = :actor
    )"""

_PARAMETERS: Final = (bindparam("actor", type_=Uuid), bindparam("question", type_=StoredText))
_RANK_ALL: Final = text(_RANK.format(narrowed="", text=text_of_chunk("best"))).bindparams(*_PARAMETERS)
_RANK_CHAT: Final = text(_RANK.format(narrowed=_OF_CHAT, text=text_of_chunk("best"))).bindparams(
    *_PARAMETERS, bindparam("chat", type_=Uuid)
)

_STEMS: Final = text("""
SELECT place, array_agg(DISTINCT lexeme) AS lexemes
FROM unnest(:places, :pieces) AS piece(place, body), unnest(samovar_lexemes(body))
GROUP BY place
""").bindparams(bindparam("places", type_=ARRAY(Integer)), bindparam("pieces", type_=ARRAY(StoredText)))


class PostgresSearch:
    """Implements the port ``Search``."""

    def __init__(self, connection: Connection) -> None:
        """Work on the connection of one transaction."""
        self._connection = connection

    async def lexical(self, actor: Actor, question: str, *, chat_id: ChatId | None, limit: int) -> tuple[Passage, ...]:
        """Rank by BM25, best first; the scope is part of the query."""
        parameters: dict[str, Any] = {
            "actor": actor.user_id,
            "question": question[:_PIECE_CHARACTERS],
            "budget": CANDIDATES,
            "limit": limit,
        }
        if chat_id is None:
            rows = await self._connection.execute(_RANK_ALL, parameters)
        else:
            rows = await self._connection.execute(_RANK_CHAT, {**parameters, "chat": chat_id})
        return tuple(_passage(row) for row in rows)

    async def stems(self, texts: Sequence[str]) -> tuple[frozenset[str], ...]:
        """The lexemes of each text, as the index sees them. Shape: n texts to n sets."""
        places: list[int] = []
        pieces: list[str] = []
        for place, whole in enumerate(texts):
            for piece in _cut(storable_text(whole)):
                places.append(place)
                pieces.append(piece)
        stems: list[frozenset[str]] = [frozenset()] * len(texts)
        if pieces:
            for row in await self._connection.execute(_STEMS, {"places": places, "pieces": pieces}):
                stems[row.place] = frozenset(row.lexemes)
        return tuple(stems)


def _cut(whole: str) -> list[str]:
    """Cut a long text between words, into pieces that fit a tsvector."""
    pieces: list[str] = []
    start = 0
    while len(whole) - start > _PIECE_CHARACTERS:
        end = max(whole.rfind(space, start, start + _PIECE_CHARACTERS) for space in " \n\t") + 1
        if end <= start:
            end = start + _PIECE_CHARACTERS
        pieces.append(whole[start:end])
        start = end
    pieces.append(whole[start:])
    return pieces


def _passage(row: Row[Any]) -> Passage:
    chunk = Chunk(
        chunk_id=ChunkId(row.chunk_id),
        document_id=DocumentId(row.document_id),
        page=row.page,
        start=row.start,
        end=row.end,
        text=row.text,
        figure=row.figure,
        headings=tuple(row.headings),
    )
    return Passage(chunk=chunk, document=row.name, score=row.score)
