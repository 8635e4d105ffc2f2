"""What is measured, each as one function that gives plain figures."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, Final

import aiohttp
import psutil

from bench.load import Reading, Sample, burst, follow_run, read_completion, read_run, summary
from bench.page import first_load
from bench.processes import Server, cpu_s, create_key, memory_mb, processes_of, start_server, start_stub

__all__ = ["Figures", "cache", "memory", "page", "start", "streams"]

Figures = dict[str, Any]
SETTLE_S: Final = 3.0
ENGINE_TIMEOUT_S: Final = 120.0
TURNS: Final = (
    "A samovar is a metal vessel that heats water for tea. What is a samovar?",
    "The first samovar factory in Tula was opened in 1778 by the brothers Lisitsyn. Who opened it?",
    "A samovar is heated with charcoal or dry pine cones put into the pipe in its middle. What heats it?",
    "The strong tea stands in a small pot on top and is thinned with hot water from the tap. Where does the pot stand?",
    "In the middle of the 19th century Tula had 28 factories, making 120,000 samovars a year. How many factories?",
)


async def start(folder: Path) -> Figures:
    """Seconds from the command to a 200 of ``/ready``, first with an empty data folder, then again; no model.

    The CPU seconds beside them hold on a busy machine too.
    """
    found: Figures = {}
    for name in ("first", "second"):
        async with start_server(folder / "start", "--no-engine") as server:
            found[f"{name}_start_s"] = round(server.ready_s, 2)
            used_s = sum(cpu_s(processes) for processes in processes_of(server).values())
            found[f"{name}_start_cpu_s"] = round(used_s, 2)
    return found


async def memory(folder: Path) -> Figures:
    """Memory in MB when nothing happens, by role of the process, with the default model loaded."""
    async with start_server(folder / "memory") as server, new_session() as session:
        await server.sign_in(session)
        loaded_s = await wait_for_engine(session, server)
        await asyncio.sleep(SETTLE_S)
        roles = processes_of(server)
        found: Figures = {role: memory_mb(processes) for role, processes in roles.items()}
        found["all"] = memory_mb([process for processes in roles.values() for process in processes])
        found["processes"] = {role: len(processes) for role, processes in roles.items()}
        found["engine_ready_after_s"] = loaded_s
    return found


async def page(folder: Path) -> Figures:
    """First load of the page, gzipped."""
    async with start_server(folder / "start", "--no-engine") as server, new_session() as session:
        return dict(await first_load(session, server.base))


async def streams(folder: Path, *, counts: list[int], rounds: int, tokens_per_s: float, tokens: int) -> Figures:
    """Time to first token and CPU per 1,000 tokens: direct, through ``/v1``, through a chat; taken in turns."""
    async with (
        start_stub(tokens_per_s, tokens) as (stub, stub_process),
        start_server(folder / "streams", "--no-engine", OPENAI_BASE_URL=stub) as server,
        new_session() as session,
    ):
        await server.sign_in(session)
        key = await create_key(server.data_dir)
        async with session.get(f"{server.base}/v1/models", headers={"Authorization": f"Bearer {key}"}) as response:
            model = (await response.json())["data"][0]["id"]
        found = {}
        for count in counts:
            chats = [await new_chat(session, server) for _ in range(count)]
            heads: list[str | None] = [None] * count

            async def send(number: int, chats: list[str] = chats, heads: list[str | None] = heads) -> Sample:
                sample, heads[number] = await read_run(session, server.base, chats[number], parent_id=heads[number])
                return sample

            paths: dict[str, Callable[[int], Awaitable[Sample]]] = {
                "direct": lambda _: read_completion(session, stub, "stub"),
                "relay": lambda _: read_completion(session, f"{server.base}/v1", model, key),
                "chat": send,
            }
            found[str(count)] = await alternate(paths, server, stub_process, count=count, rounds=rounds)
    return found


async def alternate(
    paths: dict[str, Callable[[int], Awaitable[Sample]]],
    server: Server,
    stub_process: psutil.Process,
    *,
    count: int,
    rounds: int,
) -> Figures:
    """Read every path in turn, after one round to warm up; add the ratios to the direct one."""
    samples: dict[str, list[Sample]] = {name: [] for name in paths}
    used_s: dict[str, dict[str, float]] = {name: {"backend": 0.0} for name in paths}
    for number in range(rounds + 1):
        for name, read in paths.items():
            roles = {**processes_of(server), "backend": [stub_process]}
            before = {role: cpu_s(processes) for role, processes in roles.items()}
            read_now = await burst(read, count)
            if number == 0:
                continue
            samples[name] += read_now
            for role, processes in roles.items():
                used_s[name][role] = used_s[name].get(role, 0.0) + cpu_s(processes) - before[role]
    readings = {name: summary(samples[name], count) for name in paths}
    return {name: row(readings[name], readings["direct"], used_s[name], used_s["direct"]) for name in paths}


def row(reading: Reading, direct: Reading, used_s: dict[str, float], direct_used_s: dict[str, float]) -> Figures:
    """Write one reading as figures. The CPU of Samovar is compared with what the backend itself takes when direct."""
    thousands = max(reading.tokens, 1) / 1000
    own_s = sum(seconds for role, seconds in used_s.items() if role != "backend") if reading is not direct else 0.0
    backend_s_per_1k = direct_used_s["backend"] / (max(direct.tokens, 1) / 1000)
    return {
        "first_token_p50_ms": round(reading.first_token_p50_ms, 1),
        "first_token_p95_ms": round(reading.first_token_p95_ms, 1),
        "first_token_ratio": round(reading.first_token_p50_ms / direct.first_token_p50_ms, 2),
        "cpu_s_per_1k_tokens": round(own_s / thousands, 4),
        "cpu_api_s_per_1k_tokens": round(used_s.get("api", 0.0) / thousands if reading is not direct else 0.0, 4),
        "backend_cpu_s_per_1k_tokens": round(used_s["backend"] / thousands, 4),
        "cpu_ratio_to_backend": round(own_s / thousands / backend_s_per_1k, 2) if backend_s_per_1k else None,
        "tokens": reading.tokens,
        "broken": reading.broken,
    }


async def cache(folder: Path) -> Figures:
    """Turn 5 of a chat with the default model: the same prompt with the engine's cache, and cold after a restart."""
    async with start_server(folder / "memory") as server, new_session() as session:
        await server.sign_in(session)
        await wait_for_engine(session, server)
        chat = await new_chat(session, server, parameters={"max_tokens": 24, "temperature": 0, "seed": 1})
        head: str | None = None
        turns = []
        for text in TURNS:
            sample, head = await read_run(session, server.base, chat, text, head)
            turns.append(sample)
    async with start_server(folder / "memory") as server, new_session() as session:
        await server.sign_in(session)
        await wait_for_engine(session, server)
        started = time.perf_counter()
        address = f"{server.base}/api/messages/{head}/regenerate"
        async with session.post(address, headers={"X-Samovar": "1"}) as response:
            response.raise_for_status()
            run_id = (await response.json())["run_id"]
        cold = evaluated(await follow_run(session, server.base, run_id, started))
    warm = evaluated(turns[-1])
    return {
        "with_cache": warm,
        "without_cache": cold,
        "evaluated_ratio": round(warm["evaluated_tokens"] / max(cold["evaluated_tokens"], 1), 3),
        "first_token_ratio": round(warm["first_token_ms"] / cold["first_token_ms"], 3),
    }


def evaluated(sample: Sample) -> Figures:
    """Tell how much of the prompt the engine had to read, and how long the first words took."""
    prompt, cached = sample.usage.get("prompt_tokens", 0), sample.usage.get("cached_tokens", 0)
    return {
        "prompt_tokens": prompt,
        "evaluated_tokens": prompt - cached,
        "first_token_ms": round(sample.first_token_ms, 1),
        "whole": sample.whole,
    }


async def new_chat(session: aiohttp.ClientSession, server: Server, **values: object) -> str:
    """Make a chat and give its id."""
    async with session.post(f"{server.base}/api/chats", json=values, headers={"X-Samovar": "1"}) as response:
        response.raise_for_status()
        return str((await response.json())["id"])


async def wait_for_engine(session: aiohttp.ClientSession, server: Server) -> float:
    """Wait until the embedded model can answer. Gives the seconds since ``/ready``."""
    started = time.perf_counter()
    async with asyncio.timeout(ENGINE_TIMEOUT_S):
        while True:
            async with session.get(f"{server.base}/api/system") as response:
                state = (await response.json())["engine"]["state"]
            if state == "ready":
                return round(time.perf_counter() - started, 2)
            if state in ("off", "failed"):
                raise RuntimeError(f"the embedded engine is {state}")
            await asyncio.sleep(0.1)


def new_session() -> aiohttp.ClientSession:
    """Make a client that keeps cookies for a loopback address and opens as many connections as asked."""
    jar = aiohttp.CookieJar(unsafe=True)
    return aiohttp.ClientSession(cookie_jar=jar, connector=aiohttp.TCPConnector(limit=0), trust_env=False)
