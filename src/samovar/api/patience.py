"""HTTP connections that do not wait for ever, nor grow for ever, while a request is on its way in."""

import asyncio
from typing import Final

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

__all__ = ["PatientProtocol"]

#: From the first byte of a request, or the opening of the line, to the end of its headers.
HEADERS_S: Final = 10.0
_LONGEST_HEAD_BYTES: Final = 64 * 1024


class PatientProtocol(HttpToolsProtocol):
    """Hangs up on a client that sends its headers byte by byte, or without end.

    uvicorn has a time limit between requests only. Bodies are watched by the gate.
    """

    _watch: asyncio.TimerHandle | None = None
    _head_bytes = 0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        """Begin to wait for the first request."""
        super().connection_made(transport)
        self._start_watch()

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop waiting."""
        self._stop_watch()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Count what comes before the headers are complete."""
        if self._watch is not None:
            self._head_bytes += len(data)
        super().data_received(data)
        if self._watch is not None and self._head_bytes > _LONGEST_HEAD_BYTES:
            self.transport.close()

    def on_message_begin(self) -> None:
        """A request begins: its headers have to follow soon."""
        super().on_message_begin()
        self._start_watch()

    def on_headers_complete(self) -> None:
        """The request is understood; from here on its answer takes the time it takes."""
        self._stop_watch()
        super().on_headers_complete()

    def _start_watch(self) -> None:
        if self._watch is None:
            self._head_bytes = 0
            self._watch = self.loop.call_later(HEADERS_S, self.transport.close)

    def _stop_watch(self) -> None:
        if self._watch is not None:
            self._watch.cancel()
            self._watch = None
