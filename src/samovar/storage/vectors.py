"""The vectors of chunks, in PostgreSQL: one set for each embedder, and which set searches go by."""

from collections.abc import Mapping
from typing import Final

from sqlalchemy import Integer, Text, bindparam, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.types import Uuid

from samovar.domain.errors import InvalidRequest
from samovar.domain.ids import ChunkId
from samovar.ports.embedder import Vector
from samovar.ports.search import VectorProgress
from samovar.storage.chunks import text_of_chunk
from samovar.storage.connection import Connection
from samovar.storage.dense import EMBEDDER_IN_USE, write_vector

__all__ = ["MOST_DIMENSIONS", "PostgresVectors", "graph_index"]

#: The most dimensions that a graph over halfvec may have. Source: pgvector 0.8 documentation, "HNSW".
MOST_DIMENSIONS: Final = 4000

_NAMED: Final = text("SELECT embedder_id, is_wanted FROM embedders WHERE name = :name FOR UPDATE")
_REGISTER: Final = text(
    "INSERT INTO embedders (name, dimensions) VALUES (:name, :dimensions) RETURNING embedder_id"
).bindparams(bindparam("dimensions", type_=Integer))
_WANT: Final = text("UPDATE embedders SET is_wanted = embedder_id = :wanted")
# What is known of the documents was about the embedder before.
_LOOK_AGAIN: Final = text("UPDATE documents SET has_vectors = false WHERE has_vectors")
_IN_USE: Final = text(f"SELECT name FROM ({EMBEDDER_IN_USE}) AS embedder")  # noqa: S608 - made of constants
_PROGRESS: Final = text("""
SELECT (
    SELECT count(*) FROM vectors JOIN embedders USING (embedder_id) JOIN documents USING (document_id)
    WHERE embedders.name = :name AND status = 'ready'
) AS filled, (
    SELECT coalesce(sum(chunk_count), 0) FROM documents WHERE status = 'ready'
) AS total
""")
# What was put into a chat is asked about at once; of the rest, what came last.
_WANTING_DOCUMENT: Final = text("""
SELECT document_id FROM documents
WHERE status = 'ready' AND chunk_count > 0 AND NOT has_vectors
ORDER BY base_id IS NOT NULL, position DESC
LIMIT 1 FOR UPDATE
""")
_WANTING: Final = text(f"""
SELECT chunk.chunk_id, {text_of_chunk("chunk")} AS body
FROM chunks AS chunk
WHERE chunk.document_id = :document AND NOT EXISTS (
    SELECT FROM vectors JOIN embedders USING (embedder_id)
    WHERE vectors.chunk_id = chunk.chunk_id AND embedders.name = :name
)
ORDER BY chunk.page NULLS FIRST, chunk.start
LIMIT :limit
""").bindparams(bindparam("document", type_=Uuid))  # noqa: S608 - made of constants
_FILLED: Final = text("UPDATE documents SET has_vectors = true WHERE document_id = :document").bindparams(
    bindparam("document", type_=Uuid)
)
_COMPLETE: Final = text(
    "UPDATE embedders SET was_complete = true WHERE name = :name AND is_wanted AND NOT was_complete"
)
_ADD: Final = text("""
INSERT INTO vectors (chunk_id, embedder_id, document_id, vector)
SELECT chunk_id, embedder_id, document_id, CAST(given.vector AS halfvec)
FROM unnest(:chunks, :vectors) AS given (chunk_id, vector) JOIN chunks USING (chunk_id) CROSS JOIN embedders
WHERE embedders.name = :name
ON CONFLICT (chunk_id, embedder_id) DO UPDATE SET vector = excluded.vector
""").bindparams(bindparam("chunks", type_=ARRAY(Uuid)), bindparam("vectors", type_=ARRAY(Text)))
_OTHERS: Final = text("DELETE FROM embedders WHERE name <> :name RETURNING embedder_id")


class PostgresVectors:
    """Implements the port ``Vectors``."""

    def __init__(self, connection: Connection) -> None:
        """Work on the connection of one transaction."""
        self._connection = connection

    async def use(self, embedder: str, dimensions: int) -> None:
        """Make this the embedder that is wanted; see the port. Raises: InvalidRequest for too many dimensions."""
        if not 0 < dimensions <= MOST_DIMENSIONS:
            raise InvalidRequest(reason=f"vectors have 1 to {MOST_DIMENSIONS} dimensions")
        found = (await self._connection.execute(_NAMED, {"name": embedder})).one_or_none()
        if found is not None and found.is_wanted:
            return
        if found is None:
            registered = await self._connection.execute(_REGISTER, {"name": embedder, "dimensions": dimensions})
            wanted = int(registered.scalar_one())
            # Made while there is nothing to index: later every vector takes its place as it comes.
            await self._connection.execute(text(graph_index(wanted, dimensions)))
        else:
            wanted = int(found.embedder_id)
        await self._connection.execute(_WANT, {"wanted": wanted})
        await self._connection.execute(_LOOK_AGAIN)

    async def searched_by(self) -> str | None:
        """Tell by whose vectors searches go now: the wanted embedder's, or while it is filled the one's before."""
        name: str | None = (await self._connection.execute(_IN_USE)).scalar_one_or_none()
        return name

    async def progress(self, embedder: str) -> VectorProgress:
        """Count the chunks that have a vector of an embedder, of all there are."""
        row = (await self._connection.execute(_PROGRESS, {"name": embedder})).one()
        return VectorProgress(embedder=embedder, filled=row.filled, total=row.total)

    async def wanting(self, embedder: str, *, limit: int) -> tuple[tuple[ChunkId, str], ...]:
        """List chunks of one document without a vector of this embedder; nothing is left when there are none."""
        while (document := (await self._connection.execute(_WANTING_DOCUMENT)).scalar_one_or_none()) is not None:
            given = {"document": document, "name": embedder, "limit": limit}
            rows = (await self._connection.execute(_WANTING, given)).all()
            if rows:
                return tuple((ChunkId(row.chunk_id), row.body or "") for row in rows)
            await self._connection.execute(_FILLED, {"document": document})
        await self._connection.execute(_COMPLETE, {"name": embedder})
        return ()

    async def add(self, embedder: str, vectors: Mapping[ChunkId, Vector]) -> None:
        """Store vectors; those of chunks that are gone by now are left out."""
        if not vectors:
            return
        written = [write_vector(vector) for vector in vectors.values()]
        await self._connection.execute(_ADD, {"chunks": list(vectors), "vectors": written, "name": embedder})

    async def forget_others(self, embedder: str) -> None:
        """Delete the vectors of every other embedder."""
        for embedder_id in (await self._connection.execute(_OTHERS, {"name": embedder})).scalars().all():
            await self._connection.execute(text(f"DROP INDEX IF EXISTS vectors_graph_{int(embedder_id)}"))


def graph_index(embedder_id: int, dimensions: int) -> str:
    """Spell the statement that makes the graph of one embedder's vectors."""
    return (
        f"CREATE INDEX IF NOT EXISTS vectors_graph_{int(embedder_id)} ON vectors "
        f"USING hnsw ((vector::halfvec({int(dimensions)})) halfvec_ip_ops) WHERE embedder_id = {int(embedder_id)}"
    )
