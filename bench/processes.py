"""Start Samovar and the stub for a measurement, and account for what their processes use."""

import asyncio
import contextlib
import os
import re
import sys
import time
import urllib.error
import urllib.request
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import aiohttp
import psutil

__all__ = [
    "Server",
    "clock_s",
    "cpu_s",
    "create_key",
    "environment",
    "memory_mb",
    "processes_of",
    "start_floor",
    "start_server",
    "start_stub",
]

READY_TIMEOUT_S: Final = 120.0
STOP_TIMEOUT_S: Final = 30.0
_HAS_CLOCKS: Final = sys.platform == "linux"
LINK = re.compile(r"(http://\S+?)/sign-in#token=(\S+)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """A running Samovar: its address, its token for signing in, its process and its folder."""

    base: str
    token: str
    process: psutil.Process
    data_dir: Path
    ready_s: float

    async def sign_in(self, session: aiohttp.ClientSession) -> None:
        """Exchange the printed link for a cookie in ``session``."""
        async with session.post(
            f"{self.base}/api/session", json={"token": self.token}, headers={"X-Samovar": "1"}
        ) as response:
            response.raise_for_status()


def environment(**settings: str) -> dict[str, str]:
    """Return the environment without anybody's own settings, and with these."""
    foreign = ("SAMOVAR_", "OPENAI_", "OLLAMA_")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(foreign)}
    return {**kept, "OMP_WAIT_POLICY": "passive", "SAMOVAR_CONFIG": os.devnull, **settings}


@contextlib.asynccontextmanager
async def start_server(data_dir: Path, *options: str, **settings: str) -> AsyncIterator[Server]:
    """Run ``samovar serve`` on a free port until the block ends; it is ready when the block begins."""
    command = [sys.executable, "-m", "samovar", "serve", "--port", "0", "--data-dir", str(data_dir), *options]
    log = data_dir.with_suffix(".log")
    with log.open("wb") as errors:
        started = time.perf_counter()
        child = await asyncio.create_subprocess_exec(
            *command, env=environment(**settings), stdout=asyncio.subprocess.PIPE, stderr=errors
        )
    try:
        base, token = await _printed_link(child, log)
        await asyncio.to_thread(_wait_until_ready, base)
        ready_s = time.perf_counter() - started
        drain = asyncio.create_task(_drain(child))
        yield Server(base=base, token=token, process=psutil.Process(child.pid), data_dir=data_dir, ready_s=ready_s)
        drain.cancel()
    finally:
        await _stop(child)
        await _until_database_ended(data_dir)


@contextlib.asynccontextmanager
async def start_stub(tokens_per_s: float, tokens: int) -> AsyncIterator[tuple[str, psutil.Process]]:
    """Run the stub backend until the block ends; gives its ``/v1`` address and its process."""
    options = ("--tokens-per-s", str(tokens_per_s), "--tokens", str(tokens))
    async with _start_module("bench.stub", *options) as (base, process):
        yield f"{base}/v1", process


@contextlib.asynccontextmanager
async def start_floor(upstream: str) -> AsyncIterator[tuple[str, psutil.Process]]:
    """Run the least relay until the block ends; gives its address, without a path, and its process."""
    async with _start_module("bench.floor", upstream) as started:
        yield started


@contextlib.asynccontextmanager
async def _start_module(name: str, *options: str) -> AsyncIterator[tuple[str, psutil.Process]]:
    """Run a module of ours that prints its port first."""
    child = await asyncio.create_subprocess_exec(sys.executable, "-m", name, *options, stdout=asyncio.subprocess.PIPE)
    assert child.stdout is not None
    try:
        port = int(await child.stdout.readline())
        yield f"http://127.0.0.1:{port}", psutil.Process(child.pid)
    finally:
        await _stop(child)


async def create_key(data_dir: Path) -> str:
    """Make an API key with the command line, beside the running server."""
    command = [sys.executable, "-m", "samovar", "keys", "create", "--name", "bench", "--data-dir", str(data_dir)]
    child = await asyncio.create_subprocess_exec(*command, env=environment(), stdout=asyncio.subprocess.PIPE)
    printed, _ = await child.communicate()
    if child.returncode:
        raise RuntimeError("samovar keys create failed")
    return printed.decode().strip()


async def _printed_link(child: asyncio.subprocess.Process, log: Path) -> tuple[str, str]:
    assert child.stdout is not None
    async with asyncio.timeout(READY_TIMEOUT_S):
        async for line in child.stdout:
            found = LINK.search(line.decode())
            if found:
                return found[1], found[2]
    raise RuntimeError(f"samovar serve ended without a link: {log.read_text(encoding='utf-8')[-500:]}")


async def _drain(child: asyncio.subprocess.Process) -> None:
    assert child.stdout is not None
    while await child.stdout.read(65536):
        pass


def _wait_until_ready(base: str) -> None:
    deadline = time.monotonic() + READY_TIMEOUT_S
    while time.monotonic() < deadline:
        try:
            with urllib.request.urlopen(f"{base}/ready", timeout=5) as response:
                if response.status == 200:
                    return
        except (urllib.error.URLError, OSError):
            pass
        time.sleep(0.01)
    raise TimeoutError(f"{base}/ready did not answer within {READY_TIMEOUT_S:.0f} s")


async def _stop(child: asyncio.subprocess.Process) -> None:
    with contextlib.suppress(ProcessLookupError):
        child.terminate()
    try:
        async with asyncio.timeout(STOP_TIMEOUT_S):
            await child.wait()
    except TimeoutError:
        child.kill()
        await child.wait()


async def _until_database_ended(data_dir: Path) -> None:
    """Wait for the embedded PostgreSQL, which ends a moment after the last who uses it."""
    give_up_at = time.monotonic() + STOP_TIMEOUT_S
    while any(_database(data_dir)) and time.monotonic() < give_up_at:
        await asyncio.sleep(0.1)


def processes_of(server: Server) -> dict[str, list[psutil.Process]]:
    """Sort the server's processes by role: api, database, engine, sandbox."""
    roles: dict[str, list[psutil.Process]] = {"api": [server.process], "database": [], "engine": [], "sandbox": []}
    for process in {*server.process.children(recursive=True), *_database(server.data_dir)}:
        with contextlib.suppress(psutil.NoSuchProcess, psutil.AccessDenied):
            roles[_role(process)].append(process)
    return roles


def _role(process: psutil.Process) -> str:
    words = " ".join([process.name(), *process.cmdline()])
    if "postgres" in words:
        return "database"
    return "engine" if "/engine/" in words or "llama-server" in words else "sandbox"


def _database(data_dir: Path) -> Iterator[psutil.Process]:
    """Find the embedded PostgreSQL, which need not be a child: its processes work inside the data folder."""
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.NoSuchProcess, psutil.AccessDenied):
            if process.name().startswith("postgres") and Path(process.cwd()).is_relative_to(data_dir):
                yield process


def cpu_s(processes: list[psutil.Process]) -> float:
    """CPU seconds, user and system, that these processes have used so far."""
    used = 0.0
    for process in processes:
        with contextlib.suppress(psutil.NoSuchProcess):
            times = process.cpu_times()
            used += times.user + times.system
    return used


def clock_s(processes: list[psutil.Process]) -> float:
    """Like ``cpu_s`` with the grain of the clock, not of the scheduler; processes that ended count with their parent.

    Source: Linux clock_getcpuclockid(3), which makes the number of another process's clock from its id.
    """
    used = 0.0
    for process in processes:
        with contextlib.suppress(psutil.NoSuchProcess, OSError):
            times = process.cpu_times()
            own = time.clock_gettime((~process.pid << 3) | 2) if _HAS_CLOCKS else times.user + times.system
            used += own + times.children_user + times.children_system
    return used


def memory_mb(processes: list[psutil.Process]) -> dict[str, float]:
    """Resident memory in MB: ``rss`` counts shared pages for each process, ``pss`` once among all."""
    rss = pss = 0.0
    for process in processes:
        with contextlib.suppress(psutil.NoSuchProcess, psutil.AccessDenied):
            full = process.memory_full_info()
            rss += full.rss / 1e6
            pss += getattr(full, "pss", full.rss) / 1e6
    return {"rss": round(rss, 1), "pss": round(pss, 1)}
