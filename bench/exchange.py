"""HTTP requests over one connection, at so little cost that a thousand of them read side by side in one process."""

import asyncio
import time
from dataclasses import dataclass, field

import httptools

__all__ = ["Answer", "BrokenLine", "Line", "open_line"]


class BrokenLine(Exception):
    """The connection failed before the answer was whole."""


@dataclass(slots=True)
class Answer:
    """An answer with its body in the pieces in which it came, each with its time (``time.monotonic``)."""

    status: int = 0
    headers: dict[bytes, bytes] = field(default_factory=dict)
    pieces: list[tuple[float, bytes]] = field(default_factory=list)

    @property
    def body(self) -> bytes:
        """The pieces joined."""
        return b"".join(piece for _, piece in self.pieces)


class Line(asyncio.Protocol):
    """One connection; nothing is looked at while bytes arrive, only kept."""

    def __init__(self) -> None:
        """Wait for the connection."""
        self._whole: asyncio.Future[Answer] | None = None

    async def exchange(self, request: bytes) -> Answer:
        """Send a request and return its answer once it is whole. Raises: BrokenLine."""
        self.answer = Answer()
        self._whole = asyncio.get_running_loop().create_future()
        if self._transport.is_closing():
            raise BrokenLine("the server hung up between two requests")
        self._transport.write(request)
        return await self._whole

    def close(self) -> None:
        """Hang up."""
        self._transport.close()

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # uvloop's is no subclass
        """Take the transport."""
        self._transport = transport
        self._parser = httptools.HttpResponseParser(self)

    def data_received(self, data: bytes) -> None:
        """Note the time and feed the parser."""
        self._now = time.monotonic()
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserError as error:
            self._break(f"no HTTP: {type(error).__name__}")

    def connection_lost(self, exc: Exception | None) -> None:
        """Tell who waits."""
        self._break(f"the connection was cut ({type(exc).__name__})" if exc else "the connection was closed")

    def on_header(self, name: bytes, value: bytes) -> None:
        """Keep a header."""
        self.answer.headers[name.lower()] = value

    def on_headers_complete(self) -> None:
        """Keep the status."""
        self.answer.status = self._parser.get_status_code()

    def on_body(self, piece: bytes) -> None:
        """Keep a piece with the time at which it was read."""
        self.answer.pieces.append((self._now, piece))

    def on_message_complete(self) -> None:
        """Hand the answer over."""
        if self._whole is not None and not self._whole.done():
            self._whole.set_result(self.answer)

    def _break(self, why: str) -> None:
        if self._whole is not None and not self._whole.done():
            self._whole.set_exception(BrokenLine(why))


async def open_line(host: str, port: int) -> Line:
    """Connect. Raises: OSError."""
    _, line = await asyncio.get_running_loop().create_connection(Line, host, port)
    return line
