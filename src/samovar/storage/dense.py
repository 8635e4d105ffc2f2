"""The dense arm: the nearest vectors, by HNSW in a large scope and one by one in a small one.

A graph of neighbours is searched with the scope as a filter, and goes on until enough is found; for a scope that is a
small part of all chunks it would walk through nearly everything else, so that such a one is compared as a whole.
Source: pgvector 0.8 documentation, "Iterative index scans".
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from sqlalchemy import Text, bindparam, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.types import Uuid

from samovar.domain.actor import Actor
from samovar.domain.ids import ChunkId
from samovar.domain.search import ArmHits, DenseState, SearchScope
from samovar.ports.embedder import Vector
from samovar.ports.search import VectorScope
from samovar.storage.connection import Connection
from samovar.storage.scope import scope_sql, statement

__all__ = ["EMBEDDER_IN_USE", "GRAPH_OPTIONS", "DenseArm", "write_vector"]

#: A scope of so many chunks is compared vector by vector: about a third of a microsecond each.
WHOLE_SCOPE: Final = 10_000
#: How many neighbours the graph keeps in sight (more finds more, and takes longer), and the most that it looks at; for
#: every connection.
GRAPH_OPTIONS: Final = "-c hnsw.ef_search=80 -c hnsw.iterative_scan=relaxed_order -c hnsw.max_scan_tuples=20000"

#: In SQL: the row of the embedder that searches go by, the wanted one or, while it is filled, the one before.
EMBEDDER_IN_USE: Final = """
SELECT * FROM embedders
ORDER BY is_wanted AND NOT EXISTS (
    SELECT FROM documents WHERE status = 'ready' AND chunk_count > 0 AND NOT has_vectors
) DESC, was_complete DESC, is_wanted DESC, embedder_id DESC
LIMIT 1
"""
_SIZE: Final = """
WITH {scope}
SELECT embedder.name, embedder_id, dimensions, (SELECT coalesce(sum(chunk_count), 0) FROM scope) AS total,
    EXISTS (SELECT FROM scope WHERE chunk_count > 0 AND NOT has_vectors) OR NOT is_wanted AS is_filling
FROM ({embedder}) AS embedder
"""
_NAMED: Final = "SELECT * FROM embedders WHERE embedders.name = :embedder"
# A vector is written as text, and read once by a SELECT of its own: a bare CAST of a parameter is done row by row.
_WHOLE: Final = """
WITH {scope}
SELECT chunk_id, -(vector <#> (SELECT CAST(:vector AS halfvec))) AS score
FROM vectors WHERE embedder_id = {embedder_id} AND document_id IN (SELECT document_id FROM scope)
ORDER BY vector <#> (SELECT CAST(:vector AS halfvec)), chunk_id
LIMIT :limit
"""
# The graph's index is made for this very expression; its order is relaxed, so the hits are sorted once more.
_NEAREST: Final = """
WITH {scope}, near AS MATERIALIZED (
    SELECT chunk_id, (vector::halfvec({dimensions})) <#> (SELECT CAST(:vector AS halfvec({dimensions}))) AS distance
    FROM vectors
    WHERE embedder_id = {embedder_id} AND (document_id IN (SELECT document_id FROM scope)) IS TRUE
    ORDER BY (vector::halfvec({dimensions})) <#> (SELECT CAST(:vector AS halfvec({dimensions})))
    LIMIT :limit
)
SELECT chunk_id, -distance AS score FROM near ORDER BY distance, chunk_id
"""
_SCORES: Final = text("""
SELECT chunk_id, -(vector <#> (SELECT CAST(:vector AS halfvec))) AS score
FROM vectors JOIN embedders USING (embedder_id)
WHERE embedders.name = :embedder AND chunk_id = ANY(:chunks)
""").bindparams(bindparam("vector", type_=Text), bindparam("chunks", type_=ARRAY(Uuid)))


class DenseArm:
    """Cosines between a question and the chunks of a scope."""

    def __init__(self, connection: Connection) -> None:
        """Work on the connection of one transaction."""
        self._connection = connection

    async def scope(self, actor: Actor, *, scope: SearchScope, embedder: str | None) -> VectorScope | None:
        """What there is to compare in a scope; see the port ``Search.vector_scope``."""
        sql, values = scope_sql(actor, scope)
        sizing = _SIZE.format(scope=sql, embedder=EMBEDDER_IN_USE if embedder is None else _NAMED)
        given = values if embedder is None else {**values, "embedder": embedder}
        found = (await self._connection.execute(statement(sizing, tuple(given)), given)).one_or_none()
        if found is None:
            return None
        return VectorScope(
            scope=scope,
            embedder=found.name,
            embedder_id=found.embedder_id,
            dimensions=found.dimensions,
            chunks=found.total,
            is_filling=found.is_filling,
        )

    async def hits(self, actor: Actor, vector: Vector, within: VectorScope, *, limit: int) -> ArmHits:
        """Rank the chunks of a scope; see the port ``Search.dense``."""
        if len(vector) != within.dimensions:
            return ArmHits(arm="dense", scores={}, perfect=1.0, state="failed")
        sql, values = scope_sql(actor, within.scope)
        template = _WHOLE if within.chunks <= WHOLE_SCOPE else _NEAREST
        # Both are numbers of our own: an index over an expression is used for the same expression alone.
        ranked = template.format(scope=sql, embedder_id=int(within.embedder_id), dimensions=int(within.dimensions))
        given = {**values, "vector": write_vector(vector), "limit": limit}
        rows = await self._connection.execute(statement(ranked, tuple(given)), given)
        state: DenseState = "filling" if within.is_filling else "used"
        return ArmHits(arm="dense", scores={ChunkId(row.chunk_id): row.score for row in rows}, perfect=1.0, state=state)

    async def scores(self, vector: Vector, chunk_ids: Sequence[ChunkId], *, embedder: str) -> Mapping[ChunkId, float]:
        """The cosines of chunks; one without a vector is missing."""
        if not chunk_ids:
            return {}
        given: dict[str, Any] = {"vector": write_vector(vector), "chunks": list(chunk_ids), "embedder": embedder}
        rows = await self._connection.execute(_SCORES, given)
        return {ChunkId(row.chunk_id): row.score for row in rows}


def write_vector(vector: Vector) -> str:
    """Write a vector as pgvector reads it; half precision keeps about three digits."""
    return "[" + ",".join([f"{value:.5g}" for value in vector]) + "]"
