"""``make bench-ingest``: how fast documents are read, with how much memory, and what others notice of it.

Files are read as a user's are: taken in, parsed in the sandbox, cut, stored and indexed in the embedded PostgreSQL. The
yardstick is pypdfium2's bare extraction of the text of the same files, in one process, by turns in the same run.
"""

import argparse
import asyncio
import contextlib
import json
import os
import platform
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import aiohttp
import psutil
import pypdfium2
import uvloop

from bench.ingest_papers import dense_pdf, scanned, text_pdf
from bench.ingest_table import table
from bench.measures import new_session
from bench.processes import Server, start_server
from bench.record import write_section
from samovar import __version__
from samovar.api.deps import Services
from samovar.app import open_services
from samovar.domain.document import Document
from samovar.sandbox.reader import SandboxedReader
from samovar.settings import BackendsSettings, EngineSettings, Settings
from samovar.telemetry.metrics import Metrics

RESULTS: Final = Path(__file__).resolve().parent / "results"
ALL: Final = ("speed", "memory", "answers", "ocr")
_HEADERS: Final = {"X-Samovar": "1"}
_SAMPLE_S: Final = 0.02
_LONGEST_S: Final = 600.0
#: What is asked of the server while it reads, and how often.
_ASKED: Final = "/api/chats"
_ASK_EVERY_S: Final = 0.02
_ASKS: Final = 200


@dataclass(frozen=True, slots=True)
class _Reader:
    """A Samovar without HTTP, that reads documents as the server does."""

    services: Services

    async def read(self, contents: list[bytes]) -> list[Document]:
        """Take files in and wait until all of them are read."""
        actor = await self.services.sign_in.owner()
        taken = [
            await self.services.intake.take(actor, name=f"{number}.pdf", content=content)
            for number, content in enumerate(contents)
        ]
        read = [await self.services.intake.wait(actor, one.document_id, timeout_s=_LONGEST_S) for one in taken]
        assert all(document.status == "ready" for document in read), read
        return read

    async def forget(self, documents: list[Document]) -> None:
        """Delete documents, so that the same files are read anew."""
        actor = await self.services.sign_in.owner()
        for document in documents:
            await self.services.intake.remove(actor, document.document_id)


@asynccontextmanager
async def open_reader(folder: Path) -> AsyncIterator[_Reader]:
    """Start everything but a model; the parsers are warm when this begins."""
    settings = Settings(
        data_dir=folder, engine=EngineSettings(enabled=False), backends=BackendsSettings(discover=False)
    )
    async with open_services(settings, Metrics(), engine_use="none", imports=settings.ingest.workers) as services:
        reader = _Reader(services)
        await reader.forget(await reader.read([text_pdf(2, language="ru", seed=0)]))
        yield reader


def bare(contents: list[bytes]) -> int:
    """Extract all text with pypdfium2 alone; return the number of characters."""
    characters = 0
    for content in contents:
        document = pypdfium2.PdfDocument(content)
        for page in document:
            text_page = page.get_textpage()
            characters += len(text_page.get_text_range())
            text_page.close()
            page.close()
        document.close()
    return characters


def _generated() -> dict[str, list[bytes]]:
    """Sets of short files, and one long one."""
    return {
        "10 files of 20 pages, Russian": [text_pdf(20, language="ru", seed=seed) for seed in range(10)],
        "10 files of 20 pages, English": [text_pdf(20, language="en", seed=seed) for seed in range(10)],
        "1 file of 300 pages, Russian": [text_pdf(300, language="ru", seed=99)],
        "4 files of 50 pages of two columns and a table, Russian": [dense_pdf(50, seed=seed) for seed in range(4)],
    }


def _given(papers: Path) -> dict[str, list[bytes]]:
    """The PDFs of a folder as one set, and each by itself."""
    files = sorted(papers.glob("*.pdf"))
    together = {f"{len(files)} files of {papers.name}/ together": [file.read_bytes() for file in files]}
    return together | {file.name: [file.read_bytes()] for file in files}


async def speed(folder: Path, sets: dict[str, list[bytes]], *, rounds: int) -> dict[str, Any]:
    """Milliseconds a page of each set of files, bare and end to end, by turns, and the work of all processes."""
    found: dict[str, Any] = {}
    async with open_reader(folder) as reader:
        for name, contents in sets.items():
            rows: list[dict[str, float]] = []
            for _ in range(rounds):
                started = time.perf_counter()
                await asyncio.to_thread(bare, contents)
                bare_s = time.perf_counter() - started
                worked, started = _worked_s(folder, reader), time.perf_counter()
                read = await reader.read(contents)
                own_s = time.perf_counter() - started
                pages = sum(document.page_count for document in read)
                work = {who: (after - worked[who]) / pages * 1000 for who, after in _worked_s(folder, reader).items()}
                await reader.forget(read)
                row = {
                    "bare_ms": bare_s / pages * 1000,
                    "own_ms": own_s / pages * 1000,
                    "ratio": bare_s / own_s,
                    **work,
                }
                rows.append(row)
                print(
                    f"    {name}: " + ", ".join(f"{what} {value:.2f}" for what, value in row.items()), file=sys.stderr
                )
            found[name] = {"pages": pages} | {what: statistics.median(row[what] for row in rows) for what in rows[0]}
    return found


def _worked_s(folder: Path, reader: _Reader) -> dict[str, float]:
    """Seconds of a processor that the parser's children that have ended, this process and PostgreSQL have worked."""
    sandbox = reader.services.reader
    assert isinstance(sandbox, SandboxedReader)
    zygote = psutil.Process(sandbox.process_id).cpu_times()
    own, server = psutil.Process().cpu_times(), 0.0
    for process in psutil.process_iter(["name"]):
        with contextlib.suppress(psutil.NoSuchProcess, psutil.AccessDenied):
            if process.info["name"] == "postgres" and Path(process.cwd()).is_relative_to(folder):
                times = process.cpu_times()
                server += times.user + times.system
    return {
        "parser_cpu_ms": zygote.user + zygote.system + zygote.children_user + zygote.children_system,
        "own_cpu_ms": own.user + own.system,
        "database_cpu_ms": server,
    }


async def memory(folder: Path) -> dict[str, Any]:
    """The most memory of the parser's process while it reads 1,000 pages, and of the process that stores them."""
    content = text_pdf(1000, language="ru", seed=1000)
    async with open_reader(folder) as reader:
        sandbox = reader.services.reader
        assert isinstance(sandbox, SandboxedReader)
        assert sandbox.process_id is not None, "the sandbox starts with the services"
        sampling = asyncio.create_task(asyncio.to_thread(_most_memory, sandbox.process_id))
        started = time.perf_counter()
        await reader.read([content])
        wall_s = time.perf_counter() - started
        _stop_sampling.append(True)
        most = await sampling
    return {"pages": 1000, "size_mb": len(content) / 1e6, "wall_s": wall_s, **most}


_stop_sampling: list[bool] = []


def _most_memory(process_id: int) -> dict[str, float]:
    """Sample the children of the sandbox and this process."""
    _stop_sampling.clear()
    sandbox, own = psutil.Process(process_id), psutil.Process()
    parser = before = most_own = 0.0
    before = own.memory_info().rss / 1e6
    while not _stop_sampling:
        most_own = max(most_own, own.memory_info().rss / 1e6)
        for child in sandbox.children(recursive=True):
            with contextlib.suppress(psutil.NoSuchProcess):
                parser = max(parser, child.memory_info().rss / 1e6)
        time.sleep(_SAMPLE_S)
    return {"parser_mb": parser, "own_before_mb": before, "own_mb": most_own}


async def answers(folder: Path, *, rounds: int) -> dict[str, Any]:
    """How long a request takes when nothing happens and while a large import is read, by turns, in ms."""
    contents = [text_pdf(300, language="ru", seed=seed) for seed in range(8)]
    rows: list[dict[str, Any]] = []
    async with start_server(folder, "--no-engine") as server, new_session() as session:
        await server.sign_in(session)
        for _ in range(5):
            async with session.post(f"{server.base}/api/chats", json={}, headers=_HEADERS) as reply:
                reply.raise_for_status()
        base = await _new_base(session, server, "Warm")
        await _upload(session, server, base, "warm.pdf", text_pdf(20, language="ru", seed=7))
        await _until_read(session, server, base)
        for turn in range(rounds):
            idle = await _ask(session, server)
            base = await _new_base(session, server, f"Import {turn}")
            for number, content in enumerate(contents):
                await _upload(session, server, base, f"{number}.pdf", content)
            while not (before := await _pages_read(session, server, base)):
                await asyncio.sleep(0.1)
            started = time.perf_counter()
            busy = await _ask(session, server)
            wall_s = time.perf_counter() - started
            pages = await _pages_read(session, server, base) - before
            left = await _reading(session, server, base)
            async with session.delete(f"{server.base}/api/bases/{base}", headers=_HEADERS) as reply:
                reply.raise_for_status()
            await asyncio.sleep(2)
            row = {
                "idle_ms": _percentiles(idle),
                "reading_ms": _percentiles(busy),
                "p95_ratio": _percentiles(busy)[1] / _percentiles(idle)[1],
                "pages_per_s": pages / wall_s,
                "still_reading": left,
            }
            rows.append(row)
            print(f"    {row}", file=sys.stderr)
    return {
        "asked": _ASKED,
        "idle_ms": tuple(statistics.median(row["idle_ms"][which] for row in rows) for which in (0, 1)),
        "reading_ms": tuple(statistics.median(row["reading_ms"][which] for row in rows) for which in (0, 1)),
        "p95_ratio": statistics.median(row["p95_ratio"] for row in rows),
        "pages_per_s": statistics.median(row["pages_per_s"] for row in rows),
        "rounds": rows,
    }


async def _new_base(session: aiohttp.ClientSession, server: Server, name: str) -> str:
    async with session.post(f"{server.base}/api/bases", json={"name": name}, headers=_HEADERS) as reply:
        return str((await reply.json())["id"])


async def _pages_read(session: aiohttp.ClientSession, server: Server, base: str) -> int:
    async with session.get(f"{server.base}/api/bases/{base}/documents", headers=_HEADERS) as reply:
        return sum(int(document["pages_read"]) for document in (await reply.json())["documents"])


async def _upload(session: aiohttp.ClientSession, server: Server, base: str, name: str, content: bytes) -> None:
    address = f"{server.base}/api/bases/{base}/documents"
    async with session.post(address, params={"name": name}, data=content, headers=_HEADERS) as reply:
        reply.raise_for_status()


async def _reading(session: aiohttp.ClientSession, server: Server, base: str) -> int:
    async with session.get(f"{server.base}/api/bases/{base}", headers=_HEADERS) as reply:
        return int((await reply.json())["documents"]["reading"])


async def _until_read(session: aiohttp.ClientSession, server: Server, base: str) -> None:
    while await _reading(session, server, base):
        await asyncio.sleep(0.1)


async def _ask(session: aiohttp.ClientSession, server: Server) -> list[float]:
    """Ask at a steady pace; a late answer does not put off the next question for long. Gives milliseconds."""
    times: list[float] = []
    for _ in range(_ASKS):
        started = time.perf_counter()
        async with session.get(f"{server.base}{_ASKED}", headers=_HEADERS) as reply:
            await reply.read()
            reply.raise_for_status()
        times.append((time.perf_counter() - started) * 1000)
        await asyncio.sleep(_ASK_EVERY_S)
    return times


def _percentiles(times: list[float]) -> tuple[float, float]:
    cuts = statistics.quantiles(times, n=20)
    return cuts[9], cuts[18]


async def ocr(folder: Path) -> dict[str, Any] | None:
    """Pages a minute of a scan of 200 dpi; None where OCR cannot run."""
    content = scanned(text_pdf(8, language="ru", seed=5))
    async with open_reader(folder) as reader:
        if not reader.services.reader.recognises_text:
            return None
        started = time.perf_counter()
        [document] = await reader.read([content])
        wall_s = time.perf_counter() - started
    return {"pages": document.page_count, "pages_per_minute": document.page_count / wall_s * 60}


async def run(given: argparse.Namespace) -> dict[str, Any]:
    """Measure what was asked for and describe where."""
    found: dict[str, Any] = {
        "version": __version__,
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": {"cpus": os.cpu_count(), "system": platform.system(), "python": platform.python_version()},
        "load_before": os.getloadavg()[0],
        "rounds": given.rounds,
    }
    with tempfile.TemporaryDirectory(prefix="samovar-bench-", ignore_cleanup_errors=True) as name:
        for measure in (one for one in ALL if one in given.only):
            print(f"  measuring {measure} …", file=sys.stderr, flush=True)
            folder = Path(name) / measure
            match measure:
                case "speed":
                    sets = _given(given.papers) if given.papers else _generated()
                    found["speed"] = await speed(folder, sets, rounds=given.rounds)
                case "memory":
                    found["memory"] = await memory(folder)
                case "answers":
                    found["answers"] = await answers(folder, rounds=given.rounds)
                case "ocr":
                    found["ocr"] = await ocr(folder)
    found["load_after"] = os.getloadavg()[0]
    return found


def main() -> int:
    """Read the command line, measure, print and save."""
    parser = argparse.ArgumentParser(prog="python -m bench.ingest", description="Measure the reading of documents.")
    parser.add_argument("--only", nargs="+", choices=ALL, default=list(ALL))
    parser.add_argument("--rounds", type=int, default=3, help="how often each set of files is read; medians are shown")
    parser.add_argument(
        "--papers", type=Path, help="a folder: measure the speed with its PDFs, not with generated ones"
    )
    parser.add_argument("--write-page", action="store_true", help="put the table into docs/reference/benchmarks.md")
    given = parser.parse_args()
    found = uvloop.run(run(given))
    RESULTS.mkdir(exist_ok=True)
    path = RESULTS / f"ingest-{datetime.now(UTC):%Y%m%d-%H%M%S}.json"
    path.write_text(json.dumps(found, indent=2), encoding="utf-8")
    print(f"{table(found)}\n\n{path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path}")
    if given.write_page:
        write_section("bench-ingest", table(found))
    return 0


if __name__ == "__main__":
    sys.exit(main())
