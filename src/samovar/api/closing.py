"""A streamed response that ends its source with itself."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import aclosing
from typing import Protocol

from starlette.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

__all__ = ["ClosingStream"]


class Chunks(Protocol):
    """Bytes that come piece by piece, from a source that can be ended early."""

    def __aiter__(self) -> AsyncIterator[bytes]:
        """Begin to read."""
        ...

    async def aclose(self) -> None:
        """End the source."""
        ...


class ClosingStream(StreamingResponse):
    """Closes its generator when the client has gone, at once and not when memory is cleaned up."""

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

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve the stream to its end, or to the end of the client."""
        async with aclosing(self._chunks):
            # Two plain tasks: a task group of anyio costs as much as a dozen tokens.
            streaming = asyncio.create_task(self.stream_response(send))
            leaving = asyncio.create_task(self.listen_for_disconnect(receive))
            try:
                await asyncio.wait((streaming, leaving), return_when=asyncio.FIRST_COMPLETED)
            finally:
                streaming.cancel()
                leaving.cancel()
                await asyncio.gather(streaming, leaving, return_exceptions=True)
            if not streaming.cancelled():
                streaming.result()
