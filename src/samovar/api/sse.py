"""Run events as server-sent events (WHATWG HTML, section 9.2)."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import Final

import orjson

from samovar.domain.event import UNNUMBERED, RunEvent

__all__ = ["encode", "stream"]

#: A comment this often keeps proxies from closing a quiet line.
_HEARTBEAT_S: Final = 15.0
_HEARTBEAT: Final = b": waiting\n\n"


def encode(event: RunEvent) -> bytes:
    """One event on the wire."""
    number = b"" if event.seq == UNNUMBERED else b"id: %d\n" % event.seq
    return b"%bevent: %b\ndata: %b\n\n" % (number, event.kind.encode(), orjson.dumps(event.body))


async def stream(first: Sequence[RunEvent], rest: AsyncIterator[Sequence[RunEvent]]) -> AsyncIterator[bytes]:
    """Write batches as they come, each in one piece, with heart beats between."""
    yield b"".join(encode(event) for event in first)
    pending: asyncio.Task[Sequence[RunEvent]] | None = None
    try:
        while True:
            pending = pending or asyncio.ensure_future(anext(rest))
            done, _ = await asyncio.wait((pending,), timeout=_HEARTBEAT_S)
            if not done:
                yield _HEARTBEAT
                continue
            try:
                batch = pending.result()
            except StopAsyncIteration:
                return
            pending = None
            yield b"".join(encode(event) for event in batch)
    finally:
        if pending is not None:
            pending.cancel()
            await asyncio.gather(pending, return_exceptions=True)
