"""Read many answers at once and time them: straight from a backend, through the relay, through a chat's run."""

import asyncio
import statistics
import time
import uuid
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Final

import aiohttp
import orjson

__all__ = ["Reading", "Sample", "burst", "read_completion", "read_run", "summary"]

QUESTION: Final = "Tell me of the samovar, at length."
TIMEOUT: Final = aiohttp.ClientTimeout(total=300)
RAMP_S: Final = 0.2


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One answer: when its first words came, when its last, and how many tokens it had."""

    first_token_ms: float
    total_ms: float
    tokens: int
    whole: bool
    usage: dict[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """Many answers together."""

    streams: int
    first_token_p50_ms: float
    first_token_p95_ms: float
    tokens: int
    broken: int


async def read_completion(session: aiohttp.ClientSession, base: str, model: str, key: str | None = None) -> Sample:
    """Stream one answer in the OpenAI form from ``base`` (which ends in ``/v1``)."""
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    body = {
        "model": model,
        "messages": [{"role": "user", "content": QUESTION}],
        "stream": True,
        "stream_options": {"include_usage": True},
    }
    started = time.perf_counter()
    first = tokens = 0.0
    whole = False
    async with session.post(f"{base}/chat/completions", json=body, headers=headers, timeout=TIMEOUT) as response:
        response.raise_for_status()
        async for line in response.content:
            if not line.startswith(b"data: "):
                continue
            if line.startswith(b"data: [DONE]"):
                whole = True
                break
            if not first:
                choices = orjson.loads(line[6:]).get("choices") or [{}]
                first = time.perf_counter() if choices[0].get("delta", {}).get("content") else 0.0
            elif b'"completion_tokens"' in line:
                tokens = orjson.loads(line[6:])["usage"]["completion_tokens"]
    ended = time.perf_counter()
    return Sample(
        first_token_ms=(first - started) * 1000,
        total_ms=(ended - started) * 1000,
        tokens=int(tokens),
        whole=whole and tokens > 0,
        usage={},
    )


async def read_run(
    session: aiohttp.ClientSession, base: str, chat_id: str, text: str = QUESTION, parent_id: str | None = None
) -> tuple[Sample, str]:
    """Send a message into a chat as the page does and follow its run. Gives the sample and the reply's id."""
    started = time.perf_counter()
    body = {"text": text, "parent_id": parent_id}
    headers = {"X-Samovar": "1", "Idempotency-Key": str(uuid.uuid4())}
    address = f"{base}/api/chats/{chat_id}/messages"
    async with session.post(address, json=body, headers=headers, timeout=TIMEOUT) as response:
        response.raise_for_status()
        sent = await response.json()
    return await follow_run(session, base, sent["run_id"], started), sent["reply"]["id"]


async def follow_run(session: aiohttp.ClientSession, base: str, run_id: str, started: float) -> Sample:
    """Read a run's events to their end; ``started`` is when it was asked for (``time.perf_counter``)."""
    first = 0.0
    event, status = b"", ""
    usage: dict[str, int] = {}
    async with session.get(f"{base}/api/runs/{run_id}/events", timeout=TIMEOUT) as response:
        response.raise_for_status()
        async for line in response.content:
            if line.startswith(b"event: "):
                event = line[7:].strip()
            elif not line.startswith(b"data: "):
                continue
            elif not first and event in (b"delta", b"replace") and orjson.loads(line[6:])["text"]:
                first = time.perf_counter()
            elif event == b"usage":
                usage = {name: value for name, value in orjson.loads(line[6:]).items() if value is not None}
            elif event == b"end":
                status = orjson.loads(line[6:])["status"]
                break
    ended = time.perf_counter()
    return Sample(
        first_token_ms=(first - started) * 1000,
        total_ms=(ended - started) * 1000,
        tokens=usage.get("completion_tokens", 0),
        whole=status == "done",
        usage=usage,
    )


async def burst(read: Callable[[int], Awaitable[Sample]], streams: int) -> list[Sample]:
    """Read ``streams`` answers at once; the starts are spread over a fifth of a second."""

    async def one(number: int) -> Sample:
        await asyncio.sleep(RAMP_S * number / streams)
        return await read(number)

    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(one(number)) for number in range(streams)]
    return [task.result() for task in tasks]


def summary(samples: Sequence[Sample], streams: int) -> Reading:
    """Bring samples into one reading; an answer that is not whole counts as broken and is left out of the times."""
    whole = [sample for sample in samples if sample.whole]
    times = sorted(sample.first_token_ms for sample in whole) or [float("nan")]
    return Reading(
        streams=streams,
        first_token_p50_ms=statistics.median(times),
        first_token_p95_ms=times[min(len(times) - 1, int(len(times) * 0.95))],
        tokens=sum(sample.tokens for sample in whole),
        broken=len(samples) - len(whole),
    )
