"""The reader of many streams, in a process of its own: reads a plan from standard input, prints what it saw.

``python -m bench.client`` takes a ``Plan`` as JSON and prints an ``Outcome`` as JSON. A stream is whole when every
token of it came once and in order and its end was told; anything else is counted with its reason.
"""

import asyncio
import gc
import re
import sys
import time
import uuid
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Final, Literal
from urllib.parse import urlsplit

import orjson
import uvloop

from bench import marks
from bench.exchange import Answer, BrokenLine, open_line

__all__ = ["Outcome", "Plan"]

QUESTION: Final = "Tell me of the samovar, at length."
COMPLETION: Final = {
    "messages": [{"role": "user", "content": QUESTION}],
    "stream": True,
    "stream_options": {"include_usage": True},
}
#: Usage and the end, in the two forms of a stream.
_ENDS: Final = {
    "completion": re.compile(rb'"completion_tokens":\d+.*data: \[DONE\]\n\n\Z', re.DOTALL),
    "run": re.compile(rb'event: usage\n.*event: end\ndata: \{[^\n]*"status":"done"[^\n]*\n\n\Z', re.DOTALL),
}
_ERROR: Final = re.compile(rb'"error":\{.{0,160}', re.DOTALL)
#: A mark may be cut by the end of a piece; one is six bytes long.
_TAIL_BYTES: Final = 5
#: Delays of at most so many tokens are kept; more of them would say nothing else.
_MOST_DELAYS: Final = 400_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What to read: ``streams`` answers of ``tokens`` tokens each, their starts spread over ``ramp_s``."""

    form: Literal["completion", "run"]
    base: str
    streams: int
    tokens: int
    ramp_s: float
    timeout_s: float
    model: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    #: For runs: a chat for each stream.
    chats: tuple[str, ...] = ()


@dataclass(slots=True, kw_only=True)
class Outcome:
    """What came of a plan. Times in milliseconds, as the values at 50, 95 and 100 % of the streams or tokens.

    ``first_token`` counts from the request; ``delay`` from the writing of each token by the backend to its arrival.
    """

    whole: int = 0
    refused: int = 0
    truncated: int = 0
    broken: int = 0
    reasons: dict[str, int] = field(default_factory=dict)
    tokens: int = 0
    first_token_ms: tuple[float, float, float] | None = None
    delay_ms: tuple[float, float, float] | None = None
    wall_s: float = 0.0
    cpu_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Refused(Exception):
    """The server said 429 and when to come back."""

    retry_after: str


class Truncated(Exception):
    """The answer ended properly, yet not everything was in it."""


class Failed(Exception):
    """The server answered with an error."""


@dataclass(frozen=True, slots=True)
class Stream:
    """An answer that has ended, and when it was asked for."""

    answer: Answer
    started: float


@dataclass(frozen=True, slots=True)
class Reading:
    """One whole stream."""

    first_token_ms: float
    delays_ms: list[float]


async def carry_out(plan: Plan) -> Outcome:
    """Read every stream of the plan; they are looked at when all have ended, so that looking delays none."""
    outcome, streams, reasons = Outcome(), list[Stream](), Counter[str]()

    async def one(number: int) -> None:
        await asyncio.sleep(plan.ramp_s * number / plan.streams)
        try:
            async with asyncio.timeout(plan.timeout_s):
                streams.append(await _read(plan, number))
        except Refused:
            outcome.refused += 1
        except (Failed, BrokenLine, OSError) as error:
            outcome.broken += 1
            reasons[str(error) or type(error).__name__] += 1

    started = time.monotonic()
    # A thousand streams of growing lists would have the collector look through them again and again.
    gc.disable()
    async with asyncio.TaskGroup() as group:
        for number in range(plan.streams):
            group.create_task(one(number))
    outcome.wall_s = time.monotonic() - started
    outcome.cpu_s = time.process_time()
    readings = []
    for stream in streams:
        try:
            readings.append(_check(plan, stream))
        except Truncated as error:
            outcome.truncated += 1
            reasons[str(error)] += 1
        except Failed as error:
            outcome.broken += 1
            reasons[str(error)] += 1
    outcome.whole, outcome.reasons = len(readings), dict(reasons)
    outcome.tokens = plan.tokens * len(readings)
    outcome.first_token_ms = _spread([reading.first_token_ms for reading in readings])
    delays = [delay for reading in readings for delay in reading.delays_ms]
    outcome.delay_ms = _spread(delays[:: len(delays) // _MOST_DELAYS + 1])
    return outcome


async def _read(plan: Plan, number: int) -> Stream:
    address = urlsplit(plan.base)
    line = await open_line(address.hostname or "", address.port or 80)
    try:
        started = time.monotonic()
        if plan.form == "run":
            # As the page does: send a message, then follow its run.
            key = {"Idempotency-Key": str(uuid.uuid4())}
            path = f"/api/chats/{plan.chats[number]}/messages"
            sent = await line.exchange(_request(plan, "POST", path, {"text": QUESTION, "parent_id": None}, key))
            _check_status(sent, 201)
            request = _request(plan, "GET", f"/api/runs/{orjson.loads(sent.body)['run_id']}/events")
        else:
            request = _request(plan, "POST", "/v1/chat/completions", {"model": plan.model, **COMPLETION})
        answer = await line.exchange(request)
        _check_status(answer, 200)
        return Stream(answer, started)
    finally:
        line.close()


def _request(
    plan: Plan, method: str, path: str, body: object | None = None, more: dict[str, str] | None = None
) -> bytes:
    content = b"" if body is None else orjson.dumps(body)
    headers = {"Host": urlsplit(plan.base).netloc, **plan.headers, **(more or {})}
    if body is not None:
        headers |= {"Content-Type": "application/json", "Content-Length": str(len(content))}
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    return f"{method} {path} HTTP/1.1\r\n{lines}\r\n".encode() + content


def _check_status(answer: Answer, expected: int) -> None:
    if answer.status == expected:
        return
    if answer.status == 429 and b"retry-after" in answer.headers:
        raise Refused(answer.headers[b"retry-after"].decode())
    raise Failed(f"{answer.status}: {answer.body[:160].decode(errors='replace')}")


def _check(plan: Plan, stream: Stream) -> Reading:
    """Look at every piece of a stream. Raises: Truncated, Failed."""
    body = stream.answer.body
    found: list[tuple[int, float]] = []
    tail = b""
    for at, piece in stream.answer.pieces:
        text = tail + piece
        end = 0
        for match in marks.MARK.finditer(text):
            found.append((marks.read(match[1]), at))
            end = match.end()
        tail = text[max(end, len(text) - _TAIL_BYTES) :]
    said = _ERROR.search(body)
    if said:
        raise Failed(said[0].decode(errors="replace"))
    if len(found) != plan.tokens or not marks.is_growing(mark for mark, _ in found):
        raise Truncated(f"{len(found)} of {plan.tokens} tokens, or not in order")
    if not _ENDS[plan.form].search(body):
        raise Truncated("without its end")
    return Reading(
        first_token_ms=(found[0][1] - stream.started) * 1000,
        delays_ms=[marks.delay_ms(mark, int(at / marks.UNIT_S)) for mark, at in found],
    )


def _spread(values: Sequence[float]) -> tuple[float, float, float] | None:
    if not values:
        return None
    ordered = sorted(values)
    middle, high = (ordered[min(len(ordered) - 1, int(len(ordered) * part))] for part in (0.5, 0.95))
    return middle, high, ordered[-1]


def main() -> None:
    """Carry out the plan on standard input."""
    outcome = uvloop.run(carry_out(Plan(**orjson.loads(sys.stdin.buffer.read()))))
    sys.stdout.buffer.write(orjson.dumps(asdict(outcome)))


if __name__ == "__main__":
    main()
