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
from samovar.storage.connection import Connection
from samovar.storage.scope import scope_sql

__all__ = ["DenseArm", "write_vector"]

#: A scope of so many chunks is compared vector by vector: about a third of a microsecond each.
WHOLE_SCOPE: Final = 10_000
#: How many neighbours the graph keeps in sight (more finds more, and takes longer), and the most that it looks at.
_IN_SIGHT: Final = 100
_MOST_LOOKED_AT: Final = 20_000

_SIZE: Final = """
WITH {scope}
SELECT embedder_id, dimensions, (SELECT coalesce(sum(chunk_count), 0) FROM scope) AS total,
    EXISTS (SELECT FROM scope WHERE chunk_count > 0 AND NOT has_vectors) OR NOT is_wanted AS is_filling
FROM embedders WHERE embedders.name = :embedder
"""
_WHOLE: Final = """
WITH {scope}
SELECT chunk_id, -(vector <#> CAST(:vector AS halfvec)) AS score
FROM vectors WHERE embedder_id = {embedder_id} AND document_id IN (SELECT document_id FROM scope)
ORDER BY vector <#> CAST(:vector AS halfvec), chunk_id
LIMIT :limit
"""
_SETTINGS: Final = text(
    "SELECT set_config('hnsw.ef_search', :sight, true), set_config('hnsw.iterative_scan', 'relaxed_order', true), "
    "set_config('hnsw.max_scan_tuples', :most, true)"
)
# The graph's index is made for this very expression; its order is relaxed, so the hits are sorted once more.
_NEAREST: Final = """
WITH {scope}, near AS MATERIALIZED (
    SELECT chunk_id, (vector::halfvec({dimensions})) <#> CAST(:vector AS halfvec({dimensions})) AS distance
    FROM vectors
    WHERE embedder_id = {embedder_id} AND (document_id IN (SELECT document_id FROM scope)) IS TRUE
    ORDER BY (vector::halfvec({dimensions})) <#> CAST(:vector AS halfvec({dimensions}))
    LIMIT :limit
)
SELECT chunk_id, -distance AS score FROM near ORDER BY distance, chunk_id
"""
_SCORES: Final = text("""
SELECT chunk_id, -(vector <#> CAST(:vector AS halfvec)) AS score
FROM vectors JOIN embedders USING (embedder_id)
WHERE embedders.name = :embedder AND chunk_id = ANY(:chunks)
""").bindparams(bindparam("vector", type_=Text), bindparam("chunks", type_=ARRAY(Uuid)))


class DenseArm:
    """Cosines between a question and the chunks of a scope."""

    def __init__(self, connection: Connection) -> None:
        """Work on the connection of one transaction."""
        self._connection = connection

    async def hits(self, actor: Actor, vector: Vector, *, embedder: str, scope: SearchScope, limit: int) -> ArmHits:
        """Rank the chunks of a scope; see the port ``Search.dense``."""
        sql, values, types = scope_sql(actor, scope)
        size = text(_SIZE.format(scope=sql)).bindparams(*types)
        found = (await self._connection.execute(size, {**values, "embedder": embedder})).one_or_none()
        if found is None or len(vector) != found.dimensions:
            return ArmHits(arm="dense", scores={}, perfect=1.0, state="filling" if found is None else "failed")
        parts = {"scope": sql, "embedder_id": int(found.embedder_id), "dimensions": int(found.dimensions)}
        given = {**values, "vector": write_vector(vector), "limit": limit}
        if found.total <= WHOLE_SCOPE:
            statement = _WHOLE.format(**parts)
        else:
            await self._connection.execute(
                _SETTINGS, {"sight": str(max(_IN_SIGHT, limit)), "most": str(_MOST_LOOKED_AT)}
            )
            statement = _NEAREST.format(**parts)
        rows = await self._connection.execute(
            text(statement).bindparams(*types, bindparam("vector", type_=Text)), given
        )
        state: DenseState = "filling" if found.is_filling else "used"
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
