"""Chunks in PostgreSQL: what is indexed of pages and of descriptions, and what is taken out again.

A chunk is a place: its text stands on its page, or in the description of its figure, and is kept there alone.
"""

from collections import Counter
from collections.abc import Sequence
from typing import Final

from sqlalchemy import ColumnElement, Integer, Text, bindparam, delete, text, update

from samovar.domain.document import Chunk
from samovar.domain.ids import DocumentId
from samovar.storage.connection import Connection
from samovar.storage.plain import indexed_text, write_json
from samovar.storage.tables import chunks, documents

__all__ = ["INSERT_CHUNKS", "PostgresChunks", "chunks_as_json", "text_of_chunk"]


class PostgresChunks:
    """Implements the port ``Chunks``."""

    def __init__(self, connection: Connection) -> None:
        """Work on the connection of one transaction."""
        self._connection = connection

    async def add(self, chunks: Sequence[Chunk]) -> None:
        """Index chunks of pages and descriptions that are stored. Raises: NotFound when their document was deleted."""
        if not chunks:
            return
        await self._connection.execute(_INSERT, {"chunks": chunks_as_json(chunks)})
        counts = Counter(chunk.document_id for chunk in chunks)
        await self._connection.execute(
            _COUNT, [{"counted_id": document_id, "added": added} for document_id, added in counts.items()]
        )

    async def remove(self, document_id: DocumentId) -> None:
        """Take every chunk of a document's pages out of the index; those of descriptions stay."""
        await self._remove(document_id, chunks.c.figure.is_(None))

    async def remove_description(self, document_id: DocumentId, page: int | None, figure: int) -> None:
        """Take the chunks of a figure's description out of the index."""
        # IS NOT DISTINCT FROM: the page of a document without pages is null.
        await self._remove(document_id, chunks.c.page.is_not_distinct_from(page), chunks.c.figure == figure)

    async def _remove(self, document_id: DocumentId, *conditions: ColumnElement[bool]) -> None:
        statement = delete(chunks).where(chunks.c.document_id == document_id, *conditions)
        removed = (await self._connection.execute(statement)).rowcount
        await self._connection.execute(_COUNT, {"counted_id": document_id, "added": -removed})


def text_of_chunk(chunk: str) -> str:
    """Spell in SQL the text of a chunk, given the name of a relation with its columns."""
    return _TEXT.format(chunk=chunk)


_TEXT: Final = """CASE WHEN {chunk}.figure IS NULL THEN (
    SELECT substr(pages.text, {chunk}.start + 1, {chunk}."end" - {chunk}.start) FROM pages
    WHERE pages.document_id = {chunk}.document_id AND pages.number = coalesce({chunk}.page, 0)
) ELSE (
    SELECT substr(figures.description, {chunk}.start + 1, {chunk}."end" - {chunk}.start) FROM figures
    WHERE figures.document_id = {chunk}.document_id AND figures.page = coalesce({chunk}.page, 0)
        AND figures.number = {chunk}.figure
) END"""

# All chunks of a batch in one statement: what a row costs beside its words is then small. A chunk without a word that
# can be found (dashes, one line of base64) is kept all the same: it has no weights. The fence keeps the planner from
# finding the lexemes twice. The text comes with the chunk, to be indexed and forgotten: to cut it out of the page here
# would cost PostgreSQL twice as much, which counts the characters before it. It comes plain: ``samovar_lexemes`` spends
# a third of its time on that.
INSERT_CHUNKS: Final = """
INSERT INTO chunks (chunk_id, document_id, page, start, "end", figure, headings, lexemes, weights)
SELECT chunk_id, document_id, page, start, "end", figure, headings, lexemes,
    coalesce(samovar_weights(lexemes), CAST('{}/1000000000' AS sparsevec))
FROM (
    SELECT given.*, to_tsvector('samovar', body) AS lexemes
    FROM json_to_recordset(CAST(:chunks AS json)) AS given (
        chunk_id uuid, document_id uuid, page integer, start integer, "end" integer, body text, figure integer,
        headings text[]
    )
    OFFSET 0
) AS indexed
"""
_INSERT: Final = text(INSERT_CHUNKS).bindparams(bindparam("chunks", type_=Text))
_COUNT: Final = (
    update(documents)
    .where(documents.c.document_id == bindparam("counted_id"))
    .values(chunk_count=documents.c.chunk_count + bindparam("added", type_=Integer), has_vectors=False)
)


def chunks_as_json(chunks: Sequence[Chunk]) -> str:
    """Write chunks as ``INSERT_CHUNKS`` reads them."""
    return write_json(
        [
            {
                "chunk_id": chunk.chunk_id,
                "document_id": chunk.document_id,
                "page": chunk.page,
                "start": chunk.start,
                "end": chunk.end,
                "body": indexed_text(chunk.text),
                "figure": chunk.figure,
                "headings": chunk.headings,
            }
            for chunk in chunks
        ]
    )
