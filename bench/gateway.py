"""``make bench-gateway``: the four ways to the same backend, in one run and by turns.

Direct; through the least relay (``floor.py``); through Samovar's ``/v1``; through a chat's run, which is stored.
"""

import argparse
import asyncio
import json
import os
import platform
import statistics
import sys
import tempfile
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import aiohttp
import psutil
from yarl import URL

from bench.client import Outcome, Plan
from bench.gateway_table import table
from bench.measures import new_chat, new_session
from bench.processes import Server, clock_s, create_key, processes_of, start_floor, start_server, start_stub
from bench.record import write_section
from samovar import __version__

RESULTS: Final = Path(__file__).resolve().parent / "results"
PATHS: Final = ("direct", "floor", "relay", "chat")
FIRST_TOKEN_S: Final = 0.05
#: New streams in a second; all at the same instant is what no people do.
_STARTS_PER_S: Final = 100.0
_SHORTEST_RAMP_S: Final = 0.2
_SAMPLE_S: Final = 0.25
#: What a server still does after its last byte is counted too.
_SETTLE_S: Final = 0.5
_TIMEOUT_S: Final = 240.0
_CHATS_AT_ONCE: Final = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Level:
    """So many answers at once, each of ``tokens`` tokens at ``tokens_per_s``."""

    streams: int
    tokens_per_s: float
    tokens: int

    @property
    def ramp_s(self) -> float:
        """The time over which the streams begin."""
        return max(_SHORTEST_RAMP_S, self.streams / _STARTS_PER_S)


#: Two cores carry load, backend and server together, so many streams are slow ones: at most 5,120 tokens a second.
LEVELS: Final = (
    Level(streams=1, tokens_per_s=50, tokens=200),
    Level(streams=16, tokens_per_s=50, tokens=200),
    Level(streams=64, tokens_per_s=50, tokens=200),
    Level(streams=256, tokens_per_s=20, tokens=200),
    Level(streams=1000, tokens_per_s=5, tokens=100),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Bench:
    """Everything that runs while the measures are taken."""

    stub: str
    stub_process: psutil.Process
    floor: str
    floor_process: psutil.Process
    server: Server
    session: aiohttp.ClientSession
    model: str
    key: str

    def roles(self) -> dict[str, list[psutil.Process]]:
        """Every process by what it does; ``api`` is Samovar's own, ``other`` its helpers."""
        found = processes_of(self.server)
        return {
            "backend": [self.stub_process],
            "floor": [self.floor_process],
            "api": found.pop("api"),
            "database": found.pop("database"),
            "other": [process for processes in found.values() for process in processes],
        }

    async def plan(self, path: str, level: Level) -> Plan:
        """What the client is to do; chats are made beforehand, and their making is not measured."""
        common = Plan(
            form="completion",
            base=self.stub,
            streams=level.streams,
            tokens=level.tokens,
            ramp_s=level.ramp_s,
            timeout_s=_TIMEOUT_S,
            model="stub",
        )
        match path:
            case "direct":
                return common
            case "floor":
                return replace(common, base=self.floor)
            case "relay":
                headers = {"Authorization": f"Bearer {self.key}"}
                return replace(common, base=self.server.base, model=self.model, headers=headers)
            case _:
                cookies = self.session.cookie_jar.filter_cookies(URL(self.server.base))
                cookie = "; ".join(f"{name}={morsel.value}" for name, morsel in cookies.items())
                headers = {"Cookie": cookie, "X-Samovar": "1"}
                chats = await self._new_chats(level.streams)
                return replace(common, form="run", base=self.server.base, headers=headers, chats=chats)

    async def _new_chats(self, count: int) -> tuple[str, ...]:
        few = asyncio.Semaphore(_CHATS_AT_ONCE)

        async def one() -> str:
            async with few:
                return await new_chat(self.session, self.server)

        return tuple(await asyncio.gather(*(one() for _ in range(count))))


@asynccontextmanager
async def open_bench(folder: Path) -> AsyncIterator[Bench]:
    """Start the backend, the floor and Samovar, and sign in."""
    # As many answers as the highest level asks for; with the default, most would rightly get a 429.
    settings = {"SAMOVAR_LIMITS_RUNS": "1024"}
    async with (
        start_stub(50, 200) as (stub, stub_process),
        start_floor(stub.removesuffix("/v1")) as (floor, floor_process),
        start_server(folder / "gateway", "--no-engine", OPENAI_BASE_URL=stub, **settings) as server,
        new_session() as session,
    ):
        await server.sign_in(session)
        key = await create_key(server.data_dir)
        async with session.get(f"{server.base}/v1/models", headers={"Authorization": f"Bearer {key}"}) as response:
            model = (await response.json())["data"][0]["id"]
        yield Bench(
            stub=stub.removesuffix("/v1"),
            stub_process=stub_process,
            floor=floor,
            floor_process=floor_process,
            server=server,
            session=session,
            model=model,
            key=key,
        )


async def measure(
    bench: Bench, levels: tuple[Level, ...], paths: tuple[str, ...], rounds: int
) -> list[dict[str, object]]:
    """Take every level, each path once a round, with another path first in each round."""
    warm = Level(streams=16, tokens_per_s=50, tokens=50)
    await set_pace(bench, warm)
    for path in paths:
        await burst(bench, path, warm)
    found: list[dict[str, object]] = []
    for level in levels:
        await set_pace(bench, level)
        taken: dict[str, list[dict[str, Any]]] = {path: [] for path in paths}
        for number in range(rounds):
            turn = number % len(paths)
            for path in (*paths[turn:], *paths[:turn]):
                taken[path].append(await burst(bench, path, level))
                print(f"  {level.streams} streams, {path}: {_short(taken[path][-1])}", file=sys.stderr, flush=True)
        medians = {path: median_of(taken[path]) for path in paths}
        found.append({**asdict(level), "ramp_s": level.ramp_s, "paths": medians, "rounds": taken})
    return found


async def set_pace(bench: Bench, level: Level) -> None:
    """Tell the backend how to answer from now on."""
    pace = {"first_token_s": FIRST_TOKEN_S, "tokens_per_s": level.tokens_per_s, "tokens": level.tokens}
    async with bench.session.post(f"{bench.stub}/pace", json=pace) as response:
        response.raise_for_status()


async def burst(bench: Bench, path: str, level: Level) -> dict[str, Any]:
    """Read one level over one path, and account for all processes meanwhile."""
    plan = await bench.plan(path, level)
    await asyncio.sleep(_SETTLE_S)
    before = {role: clock_s(processes) for role, processes in bench.roles().items()}
    sampled = bench.floor_process if path == "floor" else bench.server.process
    client = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bench.client", stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
    )
    sampling = asyncio.create_task(most_memory_mb(sampled))
    printed, _ = await client.communicate(json.dumps(asdict(plan)).encode())
    if client.returncode:
        raise RuntimeError("the client failed")
    await asyncio.sleep(_SETTLE_S)
    sampling.cancel()
    outcome = Outcome(**json.loads(printed))
    used = {role: clock_s(processes) - before[role] for role, processes in bench.roles().items()}
    thousands = max(outcome.tokens, 1) / 1000
    return {
        **asdict(outcome),
        "cpu_s_per_1k": {role: seconds / thousands for role, seconds in used.items()},
        "memory_mb": await sampling,
    }


async def most_memory_mb(process: psutil.Process) -> float:
    """Sample a process until cancelled; gives its largest resident size."""
    most = 0.0
    try:
        while True:
            most = max(most, process.memory_info().rss / 1e6)
            await asyncio.sleep(_SAMPLE_S)
    except asyncio.CancelledError:
        return most


def median_of(rounds: list[dict[str, Any]]) -> dict[str, Any]:
    """Bring rounds together: the median of each figure, the sum of what was counted, the most memory."""
    counted = {
        name: sum(taken[name] for taken in rounds) for name in ("whole", "refused", "truncated", "broken", "tokens")
    }
    reasons: dict[str, int] = {}
    for taken in rounds:
        for reason, count in taken["reasons"].items():
            reasons[reason] = reasons.get(reason, 0) + count
    return {
        **counted,
        "reasons": reasons,
        "first_token_ms": _middle([taken["first_token_ms"] for taken in rounds]),
        "delay_ms": _middle([taken["delay_ms"] for taken in rounds]),
        "cpu_s_per_1k": {
            role: statistics.median(taken["cpu_s_per_1k"][role] for taken in rounds)
            for role in rounds[0]["cpu_s_per_1k"]
        },
        "memory_mb": max(taken["memory_mb"] for taken in rounds),
    }


def _middle(rows: list[list[float] | None]) -> list[float] | None:
    there = [row for row in rows if row is not None]
    return [statistics.median(values) for values in zip(*there, strict=True)] if there else None


def _short(taken: Mapping[str, Any]) -> str:
    cpu = ", ".join(f"{role} {seconds:.4f}" for role, seconds in taken["cpu_s_per_1k"].items())
    first = taken["first_token_ms"]
    times = f"first token {first[0]:.1f} / {first[1]:.1f} ms, " if first else ""
    return (
        f"{times}{taken['whole']} whole, {taken['refused']} refused, {taken['truncated']} truncated, "
        f"{taken['broken']} broken {taken['reasons'] or ''}; CPU s per 1,000 tokens: {cpu}; "
        f"{taken['memory_mb']:.0f} MB; client {taken['cpu_s'] / max(taken['wall_s'], 0.001):.0%} of a core"
    )


async def run(given: argparse.Namespace) -> dict[str, Any]:
    """Start everything, measure and describe where."""
    levels = tuple(level for level in LEVELS if level.streams in given.streams)
    found: dict[str, Any] = {
        "version": __version__,
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": {"cpus": os.cpu_count(), "system": platform.system(), "python": platform.python_version()},
        "load_before": os.getloadavg()[0],
        "rounds": given.rounds,
    }
    with tempfile.TemporaryDirectory(prefix="samovar-bench-") as name:
        async with open_bench(Path(name)) as bench:
            paths = tuple(path for path in PATHS if path in given.paths)
            found["levels"] = await measure(bench, levels, paths, given.rounds)
    found["load_after"] = os.getloadavg()[0]
    return found


def main() -> int:
    """Read the command line, measure, print and save."""
    parser = argparse.ArgumentParser(prog="python -m bench.gateway", description="Measure the gateway.")
    known = [level.streams for level in LEVELS]
    parser.add_argument("--streams", nargs="+", type=int, choices=known, default=known, help="answers at once")
    parser.add_argument("--paths", nargs="+", choices=PATHS, default=list(PATHS))
    parser.add_argument("--rounds", type=int, default=3, help="how often each path is taken; medians are shown")
    parser.add_argument("--write-page", action="store_true", help="put the table into docs/reference/benchmarks.md")
    given = parser.parse_args()
    found = asyncio.run(run(given))
    RESULTS.mkdir(exist_ok=True)
    path = RESULTS / f"gateway-{datetime.now(UTC):%Y%m%d-%H%M%S}.json"
    path.write_text(json.dumps(found, indent=2), encoding="utf-8")
    print(f"{table(found)}\n\n{path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path}")
    if given.write_page:
        write_section("bench-gateway", table(found))
    return 0


if __name__ == "__main__":
    sys.exit(main())
