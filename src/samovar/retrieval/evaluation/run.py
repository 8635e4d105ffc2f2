"""Measure the search engine on a task: index its units in a real storage, and ask every question with every arm.

Nothing stands in for anything: the units are chunks of documents, their vectors lie where those of documents lie, and
the questions go through the ``Retriever`` that answers are searched with.
"""

import hashlib
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal

from samovar.domain.actor import Actor
from samovar.domain.document import Chunk, Document
from samovar.domain.errors import EmbedderUnavailable, error_from_code
from samovar.domain.ids import ChunkId, DocumentId, new_chunk_id, new_document_id
from samovar.domain.page import Page
from samovar.domain.search import Arm, FusionMethod, SearchScope, SearchText
from samovar.ports.embedder import Embedder, Vector
from samovar.ports.reranker import Reranker
from samovar.ports.storage import Storage
from samovar.retrieval.evaluation.dataset import RetrievalTask, TaskQuestion, Unit
from samovar.retrieval.evaluation.metrics import ArmMetrics, Ranking, mean_metrics
from samovar.retrieval.evaluation.vectors import VectorCache
from samovar.retrieval.findings import RerankMethod, RetrieverOptions
from samovar.retrieval.search import Retriever

__all__ = ["ARMS", "EvaluatedArm", "RetrievalReport", "Stage", "measure_retrieval"]

EvaluatedArm = Literal["lexical", "dense", "hybrid", "reranked"]
Stage = Literal["index", "embed", "ask"]

ARMS: Final[tuple[EvaluatedArm, ...]] = ("lexical", "dense", "hybrid", "reranked")
#: Ranks are counted to here; the measures look at ten.
_DEPTH: Final = 10
_DOCUMENTS_AT_ONCE: Final = 50
_VECTORS_AT_ONCE: Final = 64
#: Asked before the clock runs: the model is loaded, connections are open, statements are prepared.
_WARM_UP: Final = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class RetrievalReport:
    """What was measured. All arms but the lexical one are None where there is no embedder."""

    questions: int
    units: int
    arms: Mapping[EvaluatedArm, ArmMetrics | None]

    def body(self) -> dict[str, object]:
        """The form that scripts rely on."""
        return {
            "questions": self.questions,
            "units": self.units,
            "arms": {arm: found and found.body() for arm, found in self.arms.items()},
        }


async def measure_retrieval(
    storage: Storage,
    task: RetrievalTask,
    *,
    embedder: Embedder | None,
    cache: VectorCache,
    reranker: Reranker | None = None,
    fusion: FusionMethod = "weighted",
    on_progress: Callable[[Stage, int, int], None] = lambda _stage, _done, _total: None,
) -> RetrievalReport:
    """Index the task in an empty storage and ask its questions, all by each arm in turn.

    Latency is that of the whole search for one question, with embedding it: that is done once for each question, in
    the hybrid arm, and its time is added to the dense and the reranked one.

    Raises: StorageError; EmbedderUnavailable and RerankerUnavailable, without which the figures would not be what they
    are called.
    """
    async with storage.transaction() as tx:
        owner = await tx.accounts.first_user()
    actor = Actor(user_id=owner.user_id, entry_point="cli")
    units = await _index(storage, actor, task, on_progress)
    if embedder is not None:
        await _embed(storage, embedder, cache, len(task.units), on_progress)
    asker = _Asker(storage, actor, units, embedder, reranker, fusion)
    for question in task.questions[:_WARM_UP]:
        await asker.ask(question)
    rankings: dict[EvaluatedArm, list[Ranking]] = {arm: [] for arm in ARMS}
    on_progress("ask", 0, len(task.questions))
    for done, question in enumerate(task.questions, start=1):
        for arm, ranking in (await asker.ask(question)).items():
            rankings[arm].append(ranking)
        on_progress("ask", done, len(task.questions))
    return RetrievalReport(
        questions=len(task.questions),
        units=len(task.units),
        arms={arm: mean_metrics(found) if found else None for arm, found in rankings.items()},
    )


async def _index(
    storage: Storage, actor: Actor, task: RetrievalTask, on_progress: Callable[[Stage, int, int], None]
) -> Mapping[ChunkId, int]:
    """Store each paragraph as a document of one page, and each unit as its chunk."""
    of_paragraph: dict[int, list[tuple[int, Unit]]] = {}
    for number, unit in enumerate(task.units):
        of_paragraph.setdefault(unit.paragraph, []).append((number, unit))
    waiting = list(of_paragraph.items())
    chunks: dict[ChunkId, int] = {}
    for first in range(0, len(waiting), _DOCUMENTS_AT_ONCE):
        on_progress("index", first, len(waiting))
        async with storage.transaction() as tx:
            now = await tx.now()
            for paragraph, units in waiting[first : first + _DOCUMENTS_AT_ONCE]:
                text = task.paragraphs[paragraph]
                document = Document(
                    document_id=new_document_id(),
                    owner_id=actor.user_id,
                    # Search reads names: this one helps with no question.
                    name=f"{paragraph + 1}.txt",
                    kind="text",
                    media_type="text/plain",
                    size_bytes=len(text.encode()),
                    sha256=hashlib.sha256(text.encode()).hexdigest(),
                    status="reading",
                    stage="queued",
                    created_at=now,
                )
                await tx.documents.add(actor, document, chat_id=None)
                made = {number: _chunk(document.document_id, unit) for number, unit in units}
                chunks |= {chunk.chunk_id: number for number, chunk in made.items()}
                page = Page(number=None, text=text, status="text")
                await tx.readings.save_pages(
                    document.document_id, [page], [], list(made.values()), are_new=True, is_durable=False
                )
                await tx.readings.finish(document.document_id)
    on_progress("index", len(waiting), len(waiting))
    return chunks


def _chunk(document_id: DocumentId, unit: Unit) -> Chunk:
    return Chunk(
        chunk_id=new_chunk_id(),
        document_id=document_id,
        page=None,
        start=unit.start,
        end=unit.end,
        text=unit.text,
    )


async def _embed(
    storage: Storage,
    embedder: Embedder,
    cache: VectorCache,
    total: int,
    on_progress: Callable[[Stage, int, int], None],
) -> None:
    """Give every chunk its vector, from the cache where it is there."""
    # A server's embedder tells its dimensions with the first vector only.
    dimensions = embedder.dimensions or len((await embedder.embed_passages(["1"]))[0])
    async with storage.transaction() as tx:
        await tx.vectors.use(embedder.name, dimensions)
    done = 0
    while True:
        on_progress("embed", done, total)
        async with storage.transaction() as tx:
            wanting = await tx.vectors.wanting(embedder.name, limit=_VECTORS_AT_ONCE)
        if not wanting:
            break
        vectors = await _vectors([text for _, text in wanting], embedder, cache, dimensions)
        async with storage.transaction() as tx:
            await tx.vectors.add(
                embedder.name, {chunk: vector for (chunk, _), vector in zip(wanting, vectors, strict=True)}
            )
        done += len(wanting)


async def _vectors(texts: Sequence[str], embedder: Embedder, cache: VectorCache, dimensions: int) -> list[Vector]:
    found = {text: cache.get(embedder.name, text) for text in texts}
    vectors: dict[str, Vector] = {}
    for text, vector in found.items():
        if vector is not None and len(vector) == dimensions:
            vectors[text] = vector
    missing = [text for text in found if text not in vectors]
    # Without anything to embed a model is not even loaded.
    for text, vector in zip(missing, await embedder.embed_passages(missing) if missing else (), strict=True):
        cache.put(embedder.name, text, vector)
        vectors[text] = vector
    return [vectors[text] for text in texts]


class _Remembering:
    """Embeds a question once and tells its vector again for nothing; keeps how long that took."""

    def __init__(self, embedder: Embedder) -> None:
        self._embedder = embedder
        self._known: tuple[str, Vector] | None = None
        self.took_s = 0.0

    @property
    def name(self) -> str:
        return self._embedder.name

    @property
    def dimensions(self) -> int | None:
        return self._embedder.dimensions

    def forget(self) -> None:
        self._known = None

    async def embed_question(self, text: str) -> Vector:
        if self._known is None or self._known[0] != text:
            since = time.perf_counter()
            self._known = (text, await self._embedder.embed_question(text))
            self.took_s = time.perf_counter() - since
        return self._known[1]

    async def embed_passages(self, texts: Sequence[str]) -> Sequence[Vector]:
        return await self._embedder.embed_passages(texts)

    async def close(self) -> None:
        await self._embedder.close()


class _Asker:
    """Asks one question by each arm."""

    def __init__(
        self,
        storage: Storage,
        actor: Actor,
        units: Mapping[ChunkId, int],
        embedder: Embedder | None,
        reranker: Reranker | None,
        fusion: FusionMethod,
    ) -> None:
        self._actor = actor
        self._units = units
        self._embedder = None if embedder is None else _Remembering(embedder)
        known = {} if self._embedder is None else {self._embedder.name: self._embedder}
        self._retriever = Retriever(storage, known, reranker)
        # All that is found is looked at, in the order in which it would be shown.
        whole = RetrieverOptions(fusion=fusion, passages=_DEPTH, share_of_best=0.0)
        again: RerankMethod = "light" if reranker is None else "model"
        # The hybrid arm embeds the question; the dense one comes after it, and is told.
        self._ways: dict[EvaluatedArm, RetrieverOptions] = {"lexical": _only(whole, "lexical")}
        if embedder is not None:
            self._ways["hybrid"] = replace(whole, rerank="none")
            self._ways["dense"] = _only(whole, "dense")
            self._ways["reranked"] = replace(whole, rerank=again)

    async def ask(self, question: TaskQuestion) -> dict[EvaluatedArm, Ranking]:
        """Tell where the right units stand. Raises: EmbedderUnavailable, RerankerUnavailable, StorageError."""
        if self._embedder is not None:
            self._embedder.forget()
        return {arm: await self._ranked(question, arm, options) for arm, options in self._ways.items()}

    async def _ranked(self, question: TaskQuestion, arm: EvaluatedArm, options: RetrieverOptions) -> Ranking:
        since = time.perf_counter()
        found = await self._retriever.find(
            self._actor, [SearchText(text=question.text)], SearchScope(), options=options
        )
        took_s = time.perf_counter() - since
        if found.notes:
            raise error_from_code(found.notes[0], embedder=self._name, reranker="", reason="it failed on a question")
        if "dense" in options.arms and found.dense != "used":
            raise EmbedderUnavailable(embedder=self._name, reason=f"its vectors were not used ({found.dense})")
        if arm in ("dense", "reranked") and self._embedder is not None:
            took_s += self._embedder.took_s
        ranks = tuple(
            rank
            for rank, passage in enumerate(found.nearest, start=1)
            if self._units[passage.chunk.chunk_id] in question.right
        )
        return Ranking(ranks=ranks, right=len(question.right), took_ms=took_s * 1000)

    @property
    def _name(self) -> str:
        return "" if self._embedder is None else self._embedder.name


def _only(options: RetrieverOptions, arm: Arm) -> RetrieverOptions:
    return replace(options, arms=frozenset({arm}), rerank="none")
