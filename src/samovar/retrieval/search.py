"""Find the passages that a question may be answered from: two arms, fusion, re-ranking, diversity.

Every stage leaves its trace in what is returned, so that it can be shown and tuned.
"""

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Final

from samovar.domain.actor import Actor
from samovar.domain.document import Passage
from samovar.domain.errors import RetrievalError
from samovar.domain.ids import ChunkId
from samovar.domain.search import SearchScope, SearchText
from samovar.ports.embedder import Embedder
from samovar.ports.reranker import Reranker
from samovar.ports.search import IndexedChunk, StemmedWord
from samovar.ports.storage import Storage
from samovar.retrieval.arms import Arms, Fused, fuse_all
from samovar.retrieval.diversity import push_down_repeats
from samovar.retrieval.findings import Findings, RetrieverOptions
from samovar.retrieval.light import Candidate, rerank_light
from samovar.retrieval.pages import lean_on_page
from samovar.telemetry.log import get_log

__all__ = ["Retriever"]

log = get_log(__name__)

#: The best of fusion that are ranked again.
_RANKED_AGAIN: Final = 24
#: Repeats are looked for among so many times the passages that are wanted.
_LOOKED_THROUGH: Final = 2


class Retriever:
    """Searches for an actor, within a scope."""

    def __init__(
        self,
        storage: Storage,
        embedders: Mapping[str, Embedder],
        reranker: Reranker | None = None,
        options: RetrieverOptions | None = None,
    ) -> None:
        """Search by the vectors of whichever of ``embedders`` (by name) is in use, and by words."""
        self._storage = storage
        self._arms = Arms(storage, embedders)
        self._reranker = reranker
        self._options = options or RetrieverOptions()

    @property
    def options(self) -> RetrieverOptions:
        """How a search is done unless it is told otherwise."""
        return self._options

    async def find(
        self,
        actor: Actor,
        texts: Sequence[SearchText],
        scope: SearchScope,
        *,
        options: RetrieverOptions | None = None,
    ) -> Findings:
        """Rank the chunks of a scope for a question, which may bring several texts.

        Raises: StorageError. An embedder or a re-ranker that fails is noted, and the search goes on without it.
        """
        options = options or self._options
        asked = tuple(text for text in texts if text.text.strip())
        if not asked:
            return Findings()
        watch = _StopWatch()
        both = await self._arms.ask(actor, asked, scope, options)
        watch.lap("arms")
        notes = both.notes
        async with self._storage.reading() as tx:
            found = await fuse_all(tx, both, options)
            # Each chunk belongs to the text that finds it best.
            owner = _owners(found)
            best = sorted(owner, key=lambda chunk: -found[owner[chunk]].scores[chunk])
            watch.lap("fusion")
            most = max(_RANKED_AGAIN, 2 * options.passages)
            wanted = best[:most]
            more = await tx.search.indexed(actor, [chunk for chunk in wanted if chunk not in both.indexed])
            known = {**both.indexed, **more}
            read = {chunk: known[chunk] for chunk in wanted if chunk in known}
            above = await tx.search.stemmed_words([_titles(chunk) for chunk in read.values()])
        watch.lap("read")
        candidates = {
            chunk: Candidate(
                fused=found[owner[chunk]].scores[chunk],
                places=read[chunk].places,
                titles=frozenset(word.stem for word in titles),
                page=(read[chunk].document_id, read[chunk].page),
            )
            for chunk, titles in zip(read, above, strict=True)
        }
        scores: dict[ChunkId, float] = {}
        for place, one in enumerate(found):
            own = {chunk: candidate for chunk, candidate in candidates.items() if owner[chunk] == place}
            again, failed = await self._ranked_again(actor, one, own, both.words[place], options)
            scores |= again
            notes += failed
        watch.lap("rerank")
        rank = {chunk: place for place, chunk in enumerate(best)}
        ranked = sorted(scores, key=lambda chunk: (-scores[chunk], rank[chunk]))
        ranked = ranked[: _LOOKED_THROUGH * options.passages]
        has_sides = any(one.text.origin == "side" for one in found)
        spread = push_down_repeats(ranked, _StemsInOrder(read), wanted=None if has_sides else options.passages)
        chosen = _with_each_side(spread, owner, found)[: options.passages]
        nearest = await self._explained(actor, {chunk: scores[chunk] for chunk in chosen}, owner, found, options)
        least = options.share_of_best * max((one.score for one in nearest), default=0.0)
        passages = tuple(one for one in nearest if one.score >= least)
        watch.lap("texts")
        return Findings(
            texts=asked,
            passages=passages,
            nearest=nearest,
            stems={stem: rarity for one in found for stem, rarity in one.lexical.stems.items()},
            dense=both.state,
            notes=tuple(dict.fromkeys(notes)),
            took_ms=watch.laps_ms,
        )

    async def _ranked_again(
        self,
        actor: Actor,
        found: Fused,
        candidates: Mapping[ChunkId, Candidate],
        question: Sequence[StemmedWord],
        options: RetrieverOptions,
    ) -> tuple[dict[ChunkId, float], tuple[str, ...]]:
        """Score the candidates of one text anew; return also the code of what has kept the model from it."""
        if options.rerank == "none" or not candidates:
            fused = {chunk: candidate.fused for chunk, candidate in candidates.items()}
            if len(options.arms) == 1:
                return fused, ()
            return lean_on_page(fused, {chunk: candidate.page for chunk, candidate in candidates.items()}), ()
        failed: tuple[str, ...] = ()
        if options.rerank == "model" and self._reranker is not None:
            try:
                async with self._storage.reading() as tx:
                    read = await tx.search.passages(actor, list(candidates))
                given = await self._reranker.score(found.text.text, [one.chunk.text for one in read])
                return {one.chunk.chunk_id: score for one, score in zip(read, given, strict=True)}, ()
            except RetrievalError as error:
                log.warning("search.ranked_without_model", code=error.code)
                failed = (error.code,)
        return rerank_light(question, found.lexical.stems, candidates), failed

    async def _explained(
        self,
        actor: Actor,
        scores: Mapping[ChunkId, float],
        owner: Mapping[ChunkId, int],
        found: Sequence[Fused],
        options: RetrieverOptions,
    ) -> tuple[Passage, ...]:
        """Read the chosen chunks and say why each was found, with those of its words that were looked for."""
        stems = {stem for one in found for stem in one.lexical.stems}
        async with self._storage.reading() as tx:
            passages = await tx.search.passages(actor, list(scores))
            stemmed = await tx.search.stemmed_words([one.chunk.text for one in passages], stems=stems)
        explained: list[Passage] = []
        for one, words in zip(passages, stemmed, strict=True):
            chunk_id = one.chunk.chunk_id
            source = found[owner[chunk_id]]
            matched = dict.fromkeys(
                one.chunk.text[word.start : word.end].lower() for word in words if word.stem in source.lexical.stems
            )
            reranked = None if options.rerank == "none" else scores[chunk_id]
            evidence = source.evidence(chunk_id, reranked=reranked, matched=tuple(matched))
            explained.append(replace(one, score=scores[chunk_id], evidence=evidence))
        return tuple(explained)


class _StopWatch:
    def __init__(self) -> None:
        self.laps_ms: dict[str, float] = {}
        self._since = time.perf_counter()

    def lap(self, name: str) -> None:
        now = time.perf_counter()
        self.laps_ms[name] = round((now - self._since) * 1000, 2)
        self._since = now


def _owners(found: Sequence[Fused]) -> dict[ChunkId, int]:
    owner: dict[ChunkId, int] = {}
    for place, one in enumerate(found):
        for chunk, score in one.scores.items():
            if chunk not in owner or score > found[owner[chunk]].scores[chunk]:
                owner[chunk] = place
    return owner


def _with_each_side(ranked: Sequence[ChunkId], owner: Mapping[ChunkId, int], found: Sequence[Fused]) -> list[ChunkId]:
    """Of a comparison, put the best of each side first: one side alone answers nothing."""
    sides = [place for place, one in enumerate(found) if one.text.origin == "side"]
    first = [next((chunk for chunk in ranked if owner[chunk] == side), None) for side in sides]
    ahead = [chunk for chunk in ranked if chunk in first]
    return [*ahead, *(chunk for chunk in ranked if chunk not in ahead)]


class _StemsInOrder(Mapping[ChunkId, Sequence[str]]):
    """The stems of chunks in the order of their words; those of a chunk that nobody asks for are not put in order."""

    def __init__(self, read: Mapping[ChunkId, IndexedChunk]) -> None:
        self._read = read

    def __getitem__(self, chunk: ChunkId) -> list[str]:
        places = self._read[chunk].places
        return [stem for _, stem in sorted([(number, stem) for stem, numbers in places.items() for number in numbers])]

    def __iter__(self) -> Iterator[ChunkId]:
        return iter(self._read)

    def __len__(self) -> int:
        return len(self._read)


def _titles(chunk: IndexedChunk) -> str:
    return " ".join((*chunk.headings, chunk.title or "", chunk.document))
