"""Run events as server-sent events (WHATWG HTML, section 9.2)."""

import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from typing import Final

import orjson

from samovar.domain.errors import SamovarError
from samovar.domain.event import UNNUMBERED, RunEvent
from samovar.telemetry.log import get_log

__all__ = ["encode", "stream"]

log = get_log(__name__)

#: A comment this often keeps proxies from closing a quiet line.
_HEARTBEAT_S: Final = 15.0
#: How often a reader is looked at again, if there is a batch to do it at; what is revoked ends within 2 s.
_ASK_S: Final = 0.75
_HEARTBEAT: Final = b": waiting\n\n"


def encode(event: RunEvent) -> bytes:
    """One event on the wire."""
    number = b"" if event.seq == UNNUMBERED else b"id: %d\n" % event.seq
    return b"%bevent: %b\ndata: %b\n\n" % (number, event.kind.encode(), orjson.dumps(event.body))


async def stream(
    batches: AsyncGenerator[Sequence[RunEvent], None], still_welcome: Callable[[], Awaitable[object]]
) -> AsyncGenerator[bytes, None]:
    """Write batches as they come, each in one piece, with heart beats between when there are empty ones.

    ``still_welcome`` raises once the reader may read no longer: a session that ends takes its open
    lines with it. A line that breaks off has no ``end`` event: the reader connects again, and is
    told there what is wrong.
    """
    asked_at = beaten_at = time.monotonic()
    try:
        async for batch in batches:
            now = time.monotonic()
            if now - asked_at >= _ASK_S:
                await still_welcome()
                asked_at = now
            if batch:
                yield b"".join(map(encode, batch))
                beaten_at = now
            elif now - beaten_at >= _HEARTBEAT_S:
                yield _HEARTBEAT
                beaten_at = now
    except SamovarError as error:
        log.warning("stream.broken", code=error.code)
    finally:
        await batches.aclose()
