"""Ask both arms about each text of a question, side by side, and fuse what they say."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from samovar.domain.actor import Actor
from samovar.domain.errors import RetrievalError
from samovar.domain.ids import ChunkId
from samovar.domain.search import ArmHit, ArmHits, DenseState, Evidence, SearchScope, SearchText
from samovar.ports.embedder import Embedder, Vector
from samovar.ports.storage import Storage
from samovar.retrieval.findings import RetrieverOptions
from samovar.retrieval.fuse import fuse
from samovar.telemetry.log import get_log

__all__ = ["Arms", "Fused"]

log = get_log(__name__)

#: The best of each arm that fusion looks at.
_PER_ARM: Final = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Fused:
    """What was found for one text: both arms' hits, and one score from 0 to 1 for each chunk, best first."""

    text: SearchText
    lexical: ArmHits
    dense: ArmHits | None
    scores: Mapping[ChunkId, float]
    more_lexical: Mapping[ChunkId, float] = field(default_factory=dict)
    more_dense: Mapping[ChunkId, float] = field(default_factory=dict)

    def evidence(self, chunk_id: ChunkId, *, reranked: float | None, matched: tuple[str, ...]) -> Evidence:
        """Why a chunk was found; an arm that left it out and was asked for its score gives it the rank 0."""
        return Evidence(
            lexical=_hit(self.lexical, self.more_lexical, chunk_id),
            dense=None if self.dense is None else _hit(self.dense, self.more_dense, chunk_id),
            fused=self.scores[chunk_id],
            reranked=reranked,
            matched=matched,
            searched=self.text.text,
        )


class Arms:
    """Both arms over one storage."""

    def __init__(self, storage: Storage, embedders: Mapping[str, Embedder]) -> None:
        """Search by the vectors of whichever of ``embedders`` (by name) is in use."""
        self._storage = storage
        self._embedders = embedders

    async def ask(
        self, actor: Actor, texts: Sequence[SearchText], scope: SearchScope, options: RetrieverOptions
    ) -> tuple[list[Fused], DenseState, tuple[str, ...]]:
        """Find chunks for each text; return also whether vectors took part, and the codes of errors without them.

        Raises: StorageError.
        """
        # PostgreSQL looks for words while the embedder works.
        words = asyncio.create_task(self._lexical(actor, texts, scope, options), name="search by words")
        try:
            embedder, vectors, dense, notes = await self._dense(actor, texts, scope, options)
            lexical = await words
        finally:
            words.cancel()
            await asyncio.gather(words, return_exceptions=True)
        if embedder is None:
            fused = [
                Fused(text=text, lexical=said, dense=None, scores=fuse(said, None, method=options.fusion))
                for text, said in zip(texts, lexical, strict=True)
            ]
            return fused, "failed" if notes else "off", notes
        fused = []
        async with self._storage.transaction() as tx:
            for text, said, meant, vector in zip(texts, lexical, dense, vectors, strict=True):
                only_meant = [chunk for chunk in meant.scores if chunk not in said.scores]
                only_said = [chunk for chunk in said.scores if chunk not in meant.scores]
                more_lexical = await tx.search.lexical_scores(said, only_meant)
                more_dense = await tx.search.dense_scores(vector, only_said, embedder=embedder.name)
                scores = fuse(said, meant, more_lexical=more_lexical, more_dense=more_dense, method=options.fusion)
                fused.append(
                    Fused(
                        text=text,
                        lexical=said,
                        dense=meant,
                        scores=scores,
                        more_lexical=more_lexical,
                        more_dense=more_dense,
                    )
                )
        return fused, _state(dense), notes

    async def _lexical(
        self, actor: Actor, texts: Sequence[SearchText], scope: SearchScope, options: RetrieverOptions
    ) -> list[ArmHits]:
        if "lexical" not in options.arms:
            return [ArmHits(arm="lexical", scores={}, perfect=0.0) for _ in texts]
        async with self._storage.transaction() as tx:
            return [await tx.search.lexical(actor, one.text, scope=scope, limit=_PER_ARM) for one in texts]

    async def _dense(
        self, actor: Actor, texts: Sequence[SearchText], scope: SearchScope, options: RetrieverOptions
    ) -> tuple[Embedder | None, list[Vector], list[ArmHits], tuple[str, ...]]:
        """The embedder whose vectors are searched now (None: words alone), the texts' vectors and their hits."""
        if "dense" not in options.arms or not self._embedders:
            return None, [], [], ()
        async with self._storage.transaction() as tx:
            name = await tx.vectors.searched_by()
        embedder = self._embedders.get(name) if name is not None else None
        if embedder is None:
            return None, [], [], ()
        try:
            vectors = [await embedder.embed_question(one.text) for one in texts]
        except RetrievalError as error:
            log.warning("search.words_only", code=error.code)
            return None, [], [], (error.code,)
        async with self._storage.transaction() as tx:
            hits = [
                await tx.search.dense(actor, vector, embedder=embedder.name, scope=scope, limit=_PER_ARM)
                for vector in vectors
            ]
        return embedder, vectors, hits, ()


def _hit(hits: ArmHits, more: Mapping[ChunkId, float], chunk_id: ChunkId) -> ArmHit | None:
    for rank, (found, score) in enumerate(hits.scores.items(), start=1):
        if found == chunk_id:
            return ArmHit(rank=rank, score=score)
    return ArmHit(rank=0, score=more[chunk_id]) if chunk_id in more else None


def _state(dense: Sequence[ArmHits]) -> DenseState:
    return next((one.state for one in dense if one.state != "used"), "used")
