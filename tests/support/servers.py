"""Model servers for tests: a small real HTTP server that plays recordings, and the real engine, loaded once."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import pytest
import pytest_asyncio

from samovar.egress import EgressClient, EgressGuard
from samovar.engine.supervisor import Engine
from samovar.ports.backend import Endpoint
from samovar.settings import EngineSettings

__all__ = ["RECORDINGS", "Asked", "Exchange", "PlayingServer", "play", "read_recording"]

RECORDINGS = Path(__file__).parents[1] / "data" / "backends"

#: What happens after the last byte: the body ends, the connection is cut, or nothing.
Ending = Literal["end", "cut", "hang"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """One reply of a model server, to every request with this method and path."""

    method: str
    path: str
    status: int
    content_type: str
    body: bytes
    ending: Ending = "end"


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A request that came."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> dict[str, Any]:
        """The body as a JSON object."""
        value = json.loads(self.body)
        assert isinstance(value, dict)
        return value


@dataclass(slots=True, kw_only=True)
class PlayingServer:
    """A server that plays exchanges and remembers what it was asked."""

    exchanges: list[Exchange]
    url: str = ""
    asked: list[Asked] = field(default_factory=list)
    hung_up: asyncio.Event = field(default_factory=asyncio.Event)

    def requests_to(self, path: str) -> list[Asked]:
        """The requests to one path, oldest first."""
        return [asked for asked in self.asked if asked.path == path]

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer one connection, one request."""
        try:
            asked = await _read_request(reader)
            self.asked.append(asked)
            await self._answer(asked, reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            self.hung_up.set()
        finally:
            writer.close()
            with suppress(ConnectionError):
                await writer.wait_closed()

    async def _answer(self, asked: Asked, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        exchange = self._find(asked)
        writer.write(
            f"HTTP/1.1 {exchange.status} Recorded\r\nContent-Type: {exchange.content_type}\r\n"
            "Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n".encode()
        )
        for start in range(0, len(exchange.body), 65_536):
            piece = exchange.body[start : start + 65_536]
            writer.write(f"{len(piece):x}\r\n".encode() + piece + b"\r\n")
            await writer.drain()
        if exchange.ending == "end":
            writer.write(b"0\r\n\r\n")
        await writer.drain()
        if exchange.ending == "cut":
            writer.transport.abort()
        if exchange.ending == "hang" and not await reader.read(1):
            self.hung_up.set()

    def _find(self, asked: Asked) -> Exchange:
        for exchange in self.exchanges:
            if (exchange.method, exchange.path) == (asked.method, asked.path):
                return exchange
        body = json.dumps({"error": {"message": "nothing is recorded here"}}).encode()
        return Exchange(method=asked.method, path=asked.path, status=404, content_type="application/json", body=body)


async def _read_request(reader: asyncio.StreamReader) -> Asked:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    method, path, _ = head[0].split(" ")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:]) if name}
    body = await reader.readexactly(int(headers.get("content-length", "0")))
    return Asked(method=method, path=path, headers=headers, body=body)


def read_recording(path: Path) -> list[Exchange]:
    """Read a recording: exchanges of three parts, a line ``> METHOD PATH``, a line ``< STATUS TYPE [ENDING]``, a body.

    Lines that begin with ``#`` before the first exchange tell where the recording comes from.
    """
    exchanges: list[Exchange] = []
    for text in path.read_text(encoding="utf-8").split("\n> ")[1:]:
        request, _, rest = text.partition("\n< ")
        reply, _, body = rest.partition("\n")
        method, place = request.split()
        status, content_type, *ending = reply.split()
        exchanges.append(
            Exchange(
                method=method,
                path=place,
                status=int(status),
                content_type=content_type,
                body=body.encode(),
                ending=_read_ending(ending[0] if ending else "end"),
            )
        )
    assert exchanges, f"{path} holds no exchange"
    return exchanges


def _read_ending(name: str) -> Ending:
    assert name in ("end", "cut", "hang")
    return name  # type: ignore[return-value]  # narrowed by the line above


@asynccontextmanager
async def play(exchanges: list[Exchange]) -> AsyncIterator[PlayingServer]:
    """Run a playing server on a free loopback port."""
    playing = PlayingServer(exchanges=exchanges)
    server = await asyncio.start_server(playing.serve, "127.0.0.1", 0)
    playing.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield playing
    finally:
        server.close()
        await server.wait_closed()


@pytest_asyncio.fixture
async def egress() -> AsyncIterator[tuple[EgressGuard, EgressClient]]:
    """A guard that allows nothing yet, and a client bound to it."""
    guard = EgressGuard()
    client = EgressClient(guard)
    yield guard, client
    await client.close()


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def engine(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Engine]:
    """The real engine with the default model, one for the whole session; leave it running."""
    running = Engine(EngineSettings(threads=1), tmp_path_factory.mktemp("engine"))
    await running.start()
    assert await running.wait_ready(120), running.status
    yield running
    await running.stop()


@pytest.fixture
def engine_endpoint(engine: Engine) -> Endpoint:
    """Where the session's engine listens."""
    endpoint = engine.endpoint()
    assert endpoint is not None, engine.status
    return endpoint
