"""A streamed response that ends its source with itself."""

import asyncio
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import aclosing
from typing import Final, Protocol

from starlette.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

from samovar.telemetry.log import get_log

__all__ = ["DIRECT_SEND", "Chunks", "ClosingStream"]

log = get_log(__name__)

#: Where the scope has the way to the client that goes past all layers; they need to see the head of a reply only.
DIRECT_SEND: Final = "samovar.direct_send"
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
        self._send_piece: Send | None = None
        self._is_sending = False
        self._sent = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve the stream to its end, or to the end of the client."""
        async with aclosing(self._chunks):
            # Two plain tasks: a task group of anyio costs as much as a dozen tokens.
            self._send_piece = scope.get(DIRECT_SEND, send)
            streaming = asyncio.create_task(self.stream_response(send))
            leaving = asyncio.create_task(self.listen_for_disconnect(receive))
            try:
                await self._until_over(streaming, leaving)
            finally:
                streaming.cancel()
                leaving.cancel()
                await asyncio.gather(streaming, leaving, return_exceptions=True)
            if not streaming.cancelled():
                streaming.result()

    async def stream_response(self, send: Send) -> None:
        """Send the pieces as they come."""
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        send_piece = self._send_piece or send
        async for chunk in self._chunks:
            # Two plain fields: this is done for every token.
            self._is_sending = True
            await send_piece({"type": "http.response.body", "body": chunk, "more_body": True})
            self._is_sending = False
            self._sent += 1
        await send_piece({"type": "http.response.body", "body": b"", "more_body": False})

    async def _until_over(self, *tasks: "asyncio.Task[None]") -> None:
        """Return when one of the tasks has ended, or when a piece was not taken in time."""
        sent, since = -1, 0.0
        while True:
            done, _ = await asyncio.wait(tasks, timeout=_LOOK_S, return_when=asyncio.FIRST_COMPLETED)
            if done:
                return
            now = time.monotonic()
            if not self._is_sending or sent != self._sent:
                sent, since = self._sent, now
            elif now - since >= _TAKING_S:
                log.warning("stream.not_taken", seconds=round(_TAKING_S))
                return
