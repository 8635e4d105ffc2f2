"""Run events as server-sent events (WHATWG HTML, section 9.2)."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from typing import Final

import orjson

from samovar.domain.errors import SamovarError
from samovar.domain.event import UNNUMBERED, RunEvent
from samovar.telemetry.log import get_log

__all__ = ["encode", "stream"]

log = get_log(__name__)

#: A comment this often keeps proxies from closing a quiet line.
_HEARTBEAT_S: Final = 15.0
_HEARTBEAT: Final = b": waiting\n\n"


def encode(event: RunEvent) -> bytes:
    """One event on the wire."""
    number = b"" if event.seq == UNNUMBERED else b"id: %d\n" % event.seq
    return b"%bevent: %b\ndata: %b\n\n" % (number, event.kind.encode(), orjson.dumps(event.body))


async def stream(batches: AsyncGenerator[Sequence[RunEvent], None]) -> AsyncGenerator[bytes, None]:
    """Write batches as they come, each in one piece, with heart beats between.

    A run that can no longer be read ends the line without an ``end`` event: the reader connects
    again, and is told there what is wrong.
    """
    pending: asyncio.Task[Sequence[RunEvent]] | None = None
    try:
        while True:
            pending = pending or asyncio.ensure_future(anext(batches))
            done, _ = await asyncio.wait((pending,), timeout=_HEARTBEAT_S)
            if not done:
                yield _HEARTBEAT
                continue
            try:
                batch = pending.result()
            except StopAsyncIteration:
                return
            except SamovarError as error:
                log.warning("stream.broken", code=error.code)
                return
            pending = None
            yield b"".join(encode(event) for event in batch)
    finally:
        if pending is not None:
            pending.cancel()
            await asyncio.gather(pending, return_exceptions=True)
        await batches.aclose()
