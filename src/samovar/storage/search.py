"""The search engine in PostgreSQL: two arms, and the texts of what they have found."""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any, Final

from sqlalchemy import Integer, Row, bindparam, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.types import Uuid

from samovar.domain.actor import Actor
from samovar.domain.document import Chunk, Passage
from samovar.domain.ids import ChunkId, DocumentId
from samovar.domain.search import ArmHits, SearchScope
from samovar.ports.embedder import Vector
from samovar.ports.search import IndexedChunk, StemmedWord, VectorScope
from samovar.storage.chunks import text_of_chunk
from samovar.storage.common_words import CommonWords
from samovar.storage.connection import Connection
from samovar.storage.dense import DenseArm
from samovar.storage.lexical import LexicalArm
from samovar.storage.plain import storable_text
from samovar.storage.rights import READABLE_DOCUMENT
from samovar.storage.stems import StemCache
from samovar.storage.tables import StoredText

__all__ = ["PostgresSearch"]

#: PostgreSQL refuses a tsvector above 1 MB.
_PIECE_CHARACTERS: Final = 100_000

# What was found a moment ago is read only if the actor may still read it.
_READABLE: Final = f"""JOIN documents AS document USING (document_id)
WHERE document.status = 'ready' AND {READABLE_DOCUMENT}"""
_COLUMNS: Final = f"""chunk.chunk_id, document_id, chunk.page, chunk.start, chunk."end", chunk.figure, chunk.headings,
    document.name, document.path, document.title, document.created_at, {text_of_chunk("chunk")} AS text"""

_PASSAGES: Final = text(f"""
SELECT {_COLUMNS}
FROM unnest(:chunks) WITH ORDINALITY AS asked (chunk_id, place) JOIN chunks AS chunk USING (chunk_id)
{_READABLE}
ORDER BY place
""").bindparams(bindparam("chunks", type_=ARRAY(Uuid)), bindparam("actor", type_=Uuid))  # noqa: S608 - constants

_INDEXED: Final = text(f"""
SELECT chunk_id, document_id, chunk.page, lexemes::text AS lexemes, chunk.headings, document.name, document.title
FROM chunks AS chunk {_READABLE} AND chunk_id = ANY(:chunks)
""").bindparams(bindparam("chunks", type_=ARRAY(Uuid)), bindparam("actor", type_=Uuid))  # noqa: S608 - constants
#: A lexeme in the text form of a tsvector, with its positions: 'it''s':3,17
_LEXEME: Final = re.compile(r"'((?:[^'\\]|''|\\\\)*)':([\d,]+)")

_STEMS: Final = text("""
SELECT place, array_agg(DISTINCT lexeme) AS lexemes
FROM unnest(:places, :pieces) AS piece(place, body), unnest(samovar_lexemes(body))
GROUP BY place
""").bindparams(bindparam("places", type_=ARRAY(Integer)), bindparam("pieces", type_=ARRAY(StoredText)))


class PostgresSearch:
    """Implements the port ``Search``."""

    def __init__(self, connection: Connection, stems: StemCache, common_words: CommonWords) -> None:
        """Work on the connection of one transaction; what is known of words already need not be asked for."""
        self._connection = connection
        self._stems = stems
        self._lexical = LexicalArm(connection, common_words)
        self._dense = DenseArm(connection)

    async def lexical(self, actor: Actor, text: str, *, scope: SearchScope, limit: int) -> ArmHits:
        """Rank by BM25; see the port."""
        return await self._lexical.hits(actor, text, scope=scope, limit=limit)

    async def lexical_of_all(self, actor: Actor, text: str, *, scope: SearchScope, limit: int) -> ArmHits:
        """Rank without a limit of candidates, for measuring what the limit costs; slow."""
        return await self._lexical.hits_of_all(actor, text, scope=scope, limit=limit)

    async def vector_scope(
        self, actor: Actor, *, scope: SearchScope, embedder: str | None = None
    ) -> VectorScope | None:
        """What there is to compare; see the port."""
        return await self._dense.scope(actor, scope=scope, embedder=embedder)

    async def dense(self, actor: Actor, vector: Vector, within: VectorScope, *, limit: int) -> ArmHits:
        """Rank by cosine; see the port."""
        return await self._dense.hits(actor, vector, within, limit=limit)

    async def lexical_scores(self, hits: ArmHits, chunk_ids: Sequence[ChunkId]) -> Mapping[ChunkId, float]:
        """The BM25 scores of chunks that are not among the hits, by the words and rarities of these hits."""
        return await self._lexical.scores(hits.stems, chunk_ids)

    async def dense_scores(
        self, vector: Vector, chunk_ids: Sequence[ChunkId], *, embedder: str
    ) -> Mapping[ChunkId, float]:
        """The cosines of chunks; one without a vector is missing."""
        return await self._dense.scores(vector, chunk_ids, embedder=embedder)

    async def passages(self, actor: Actor, chunk_ids: Sequence[ChunkId]) -> tuple[Passage, ...]:
        """Read chunks in the order given; see the port."""
        if not chunk_ids:
            return ()
        rows = await self._connection.execute(_PASSAGES, {"chunks": list(chunk_ids), "actor": actor.user_id})
        return tuple(_passage(row) for row in rows)

    async def indexed(self, actor: Actor, chunk_ids: Sequence[ChunkId]) -> Mapping[ChunkId, IndexedChunk]:
        """What the index knows of chunks; see the port."""
        if not chunk_ids:
            return {}
        rows = await self._connection.execute(_INDEXED, {"chunks": list(chunk_ids), "actor": actor.user_id})
        return {
            ChunkId(row.chunk_id): IndexedChunk(
                document_id=DocumentId(row.document_id),
                page=row.page,
                places=_Places(row.lexemes),
                headings=tuple(row.headings),
                document=row.name,
                title=row.title,
            )
            for row in rows
        }

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

    async def stemmed_words(
        self, texts: Sequence[str], *, stems: Collection[str] | None = None
    ) -> tuple[tuple[StemmedWord, ...], ...]:
        """The words of each text with their stems and places; see the port."""
        return await self._stems.words(self._connection, texts, stems)


class _Places(Mapping[str, Sequence[int]]):
    """The lexemes of a tsvector; the places of most are never asked for, and not read before."""

    def __init__(self, lexemes: str) -> None:
        self._written: dict[str, str]
        if "''" in lexemes or "\\" in lexemes:
            self._written = {
                stem.replace("''", "'").replace("\\\\", "\\"): places for stem, places in _LEXEME.findall(lexemes)
            }
        elif lexemes:
            # Without quotes inside, each quote is a border; this takes a third of the time.
            self._written = dict([held.split("':") for held in lexemes[1:].split(" '")])
        else:
            self._written = {}

    def __getitem__(self, stem: str) -> list[int]:
        return [int(place) for place in self._written[stem].split(",")]

    def __iter__(self) -> Iterator[str]:
        return iter(self._written)

    def __len__(self) -> int:
        return len(self._written)


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
        text=row.text or "",
        figure=row.figure,
        headings=tuple(row.headings),
    )
    return Passage(
        chunk=chunk, document=row.name, score=0.0, path=row.path, title=row.title, taken_in_at=row.created_at
    )
