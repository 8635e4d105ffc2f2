"""Ask both arms about each text of a question, side by side, and fuse what they say."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import Final

from samovar.domain.actor import Actor
from samovar.domain.errors import RetrievalError
from samovar.domain.ids import ChunkId
from samovar.domain.search import ArmHit, ArmHits, DenseState, Evidence, SearchScope, SearchText
from samovar.ports.embedder import Embedder, Vector
from samovar.ports.search import IndexedChunk, StemmedWord, VectorScope
from samovar.ports.storage import Storage, Transaction
from samovar.retrieval.findings import RetrieverOptions
from samovar.retrieval.fuse import fuse
from samovar.telemetry.log import get_log

__all__ = ["Arms", "Asked", "Fused", "fuse_all"]

log = get_log(__name__)

#: The best of each arm that fusion looks at.
_PER_ARM: Final = 60
#: The nearest by meaning of which the lexical arm is asked what it says of them, should it have left them out.
_ASKED_OF_WORDS: Final = 30
#: So many chunks more than are wanted are read in advance: most of them are among the best of both arms.
_READ_AHEAD: Final = 8


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What both arms have found for the texts of a question, before it is fused.

    ``dense`` is empty when no vectors took part; ``notes`` are codes of errors that were the reason. ``cosines``: of
    what the lexical arm has found, for each text. ``words``: the stemmed words of each text. ``indexed``: the best of
    the lexical arm, read while the dense arm worked.
    """

    texts: tuple[SearchText, ...]
    lexical: tuple[ArmHits, ...] = ()
    words: tuple[tuple[StemmedWord, ...], ...] = ()
    indexed: Mapping[ChunkId, IndexedChunk] = field(default_factory=dict)
    dense: tuple[ArmHits, ...] = ()
    cosines: tuple[Mapping[ChunkId, float], ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def state(self) -> DenseState:
        """Whether vectors took part."""
        if not self.dense:
            return "failed" if self.notes else "off"
        return next((one.state for one in self.dense if one.state != "used"), "used")


@dataclass(frozen=True, slots=True, kw_only=True)
class _ReadAhead:
    """See the fields of the same names of ``Asked``."""

    words: tuple[tuple[StemmedWord, ...], ...]
    indexed: Mapping[ChunkId, IndexedChunk]


class Arms:
    """Both arms over one storage."""

    def __init__(self, storage: Storage, embedders: Mapping[str, Embedder]) -> None:
        """Search by the vectors of whichever of ``embedders`` (by name) is in use."""
        self._storage = storage
        self._embedders = embedders
        self._last_used: str | None = None

    async def ask(
        self, actor: Actor, texts: Sequence[SearchText], scope: SearchScope, options: RetrieverOptions
    ) -> Asked:
        """Find chunks for each text: PostgreSQL looks for words while the embedder works. Raises: StorageError."""
        said = asyncio.create_task(self._lexical(actor, texts, scope, options), name="search by words")
        ahead = asyncio.create_task(self._read_ahead(actor, texts, said, options), name="read what words have found")
        try:
            meant = await self._dense(actor, texts, scope, options, said)
            read = await ahead
            return replace(meant, lexical=await said, words=read.words, indexed=read.indexed)
        finally:
            for task in (ahead, said):
                task.cancel()
            await asyncio.gather(ahead, said, return_exceptions=True)

    async def _lexical(
        self, actor: Actor, texts: Sequence[SearchText], scope: SearchScope, options: RetrieverOptions
    ) -> tuple[ArmHits, ...]:
        if "lexical" not in options.arms:
            return tuple(ArmHits(arm="lexical", scores={}, perfect=0.0) for _ in texts)
        async with self._storage.reading() as tx:
            return tuple([await tx.search.lexical(actor, one.text, scope=scope, limit=_PER_ARM) for one in texts])

    async def _read_ahead(
        self,
        actor: Actor,
        texts: Sequence[SearchText],
        said: "asyncio.Task[tuple[ArmHits, ...]]",
        options: RetrieverOptions,
    ) -> _ReadAhead:
        """Read the best of the lexical arm, most of which are wanted later, while the dense arm is at work."""
        best = {chunk for one in await said for chunk in islice(one.scores, options.passages + _READ_AHEAD)}
        async with self._storage.reading() as tx:
            return _ReadAhead(
                words=await tx.search.stemmed_words([one.text for one in texts]),
                indexed=await tx.search.indexed(actor, list(best)),
            )

    async def _dense(
        self,
        actor: Actor,
        texts: Sequence[SearchText],
        scope: SearchScope,
        options: RetrieverOptions,
        said: "asyncio.Task[tuple[ArmHits, ...]]",
    ) -> Asked:
        nothing = Asked(texts=tuple(texts))
        if "dense" not in options.arms or not self._embedders:
            return nothing
        # Nearly always the same embedder as before: its work need not wait until that is known.
        guess = self._embedders.get(self._last_used) if self._last_used is not None else None
        early = asyncio.create_task(_embedded(guess, texts), name="embed a question") if guess is not None else None
        try:
            async with self._storage.reading() as tx:
                within = await tx.search.vector_scope(actor, scope=scope)
            self._last_used = within.embedder if within is not None else None
            embedder = self._embedders.get(within.embedder) if within is not None else None
            if embedder is None or within is None:
                return nothing
            try:
                vectors = await (early if early is not None and embedder is guess else _embedded(embedder, texts))
            except RetrievalError as error:
                log.warning("search.words_only", code=error.code)
                return replace(nothing, notes=(error.code,))
        finally:
            if early is not None:
                early.cancel()
                await asyncio.gather(early, return_exceptions=True)
        nearest = asyncio.create_task(self._nearest(actor, vectors, within), name="search by meaning")
        try:
            # Meanwhile: all of what words have found, for one without a cosine would count as one without a vector.
            hits_of_words = await said
            async with self._storage.reading() as tx:
                cosines = [
                    await tx.search.dense_scores(vector, list(hits.scores), embedder=embedder.name)
                    for vector, hits in zip(vectors, hits_of_words, strict=True)
                ]
            return replace(nothing, dense=await nearest, cosines=tuple(cosines))
        finally:
            nearest.cancel()
            await asyncio.gather(nearest, return_exceptions=True)

    async def _nearest(self, actor: Actor, vectors: Sequence[Vector], within: VectorScope) -> tuple[ArmHits, ...]:
        async with self._storage.reading() as tx:
            return tuple([await tx.search.dense(actor, vector, within, limit=_PER_ARM) for vector in vectors])


async def fuse_all(tx: Transaction, asked: Asked, options: RetrieverOptions) -> list[Fused]:
    """Give the chunks of each text one score, asking each arm for what only the other has found."""
    fused: list[Fused] = []
    for place, (text, said) in enumerate(zip(asked.texts, asked.lexical, strict=True)):
        if not asked.dense:
            fused.append(Fused(text=text, lexical=said, dense=None, scores=fuse(said, None, method=options.fusion)))
            continue
        meant = asked.dense[place]
        more_lexical: Mapping[ChunkId, float] = {}
        more_dense: Mapping[ChunkId, float] = {}
        if options.fusion == "weighted":
            only_meant = [chunk for chunk in islice(meant.scores, _ASKED_OF_WORDS) if chunk not in said.scores]
            more_lexical = await tx.search.lexical_scores(said, only_meant)
            more_dense = {chunk: score for chunk, score in asked.cosines[place].items() if chunk not in meant.scores}
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
    return fused


async def _embedded(embedder: Embedder, texts: Sequence[SearchText]) -> list[Vector]:
    return [await embedder.embed_question(one.text) for one in texts]


def _hit(hits: ArmHits, more: Mapping[ChunkId, float], chunk_id: ChunkId) -> ArmHit | None:
    for rank, (found, score) in enumerate(hits.scores.items(), start=1):
        if found == chunk_id:
            return ArmHit(rank=rank, score=score)
    return ArmHit(rank=0, score=more[chunk_id]) if chunk_id in more else None
