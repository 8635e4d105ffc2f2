"""A streamed response that ends its source with itself."""

import asyncio
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import aclosing
from typing import Final, Protocol

from starlette.responses import StreamingResponse
from starlette.types import Message, Receive, Scope, Send

from samovar.telemetry.log import get_log

__all__ = ["ClosingStream"]

log = get_log(__name__)

#: How long a client may leave a piece untaken once all buffers on the way are full: whoever holds the line open
#: without reading would hold a place in a backend's line for ever.
_TAKING_S: Final = 60.0
_LOOK_S: Final = 5.0


class Chunks(Protocol):
    """Bytes that come piece by piece, from a source that can be ended early."""

    def __aiter__(self) -> AsyncIterator[bytes]:
        """Begin to read."""
        ...

    async def aclose(self) -> None:
        """End the source."""
        ...


class ClosingStream(StreamingResponse):
    """Closes its generator when the client has gone or reads no more, and not when memory is cleaned up."""

    def __init__(
        self,
        chunks: Chunks,
        *,
        media_type: str,
        status_code: int = 200,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        """Stream ``chunks``."""
        super().__init__(chunks, status_code=status_code, headers=headers, media_type=media_type)
        self._chunks = chunks
        self._sending_since: float | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve the stream to its end, or to the end of the client."""
        async with aclosing(self._chunks):
            # Two plain tasks: a task group of anyio costs as much as a dozen tokens.
            streaming = asyncio.create_task(self.stream_response(self._watched(send)))
            leaving = asyncio.create_task(self.listen_for_disconnect(receive))
            try:
                done: set[asyncio.Task[None]] = set()
                while not done and self._is_taken():
                    done, _ = await asyncio.wait(
                        (streaming, leaving), timeout=_LOOK_S, return_when=asyncio.FIRST_COMPLETED
                    )
            finally:
                streaming.cancel()
                leaving.cancel()
                await asyncio.gather(streaming, leaving, return_exceptions=True)
            if not streaming.cancelled():
                streaming.result()

    def _watched(self, send: Send) -> Send:
        async def watched(message: Message) -> None:
            self._sending_since = time.monotonic()
            await send(message)
            self._sending_since = None

        return watched

    def _is_taken(self) -> bool:
        if self._sending_since is None or time.monotonic() - self._sending_since < _TAKING_S:
            return True
        log.warning("stream.not_taken", seconds=round(_TAKING_S))
        return False
