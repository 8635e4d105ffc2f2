"""Clients that take their time on purpose."""

import asyncio
from collections.abc import AsyncIterator

import pytest
import uvicorn
from starlette.types import Receive, Scope, Send

from samovar.api import patience
from samovar.api.patience import PatientProtocol


async def app(scope: Scope, receive: Receive, send: Send) -> None:
    assert scope["type"] == "http"
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
    await send({"type": "http.response.body", "body": b"ok"})


@pytest.fixture
async def port(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[int]:
    monkeypatch.setattr(patience, "HEADERS_S", 0.5)
    config = uvicorn.Config(app, port=0, log_config=None, http=PatientProtocol, ws="none", lifespan="off")
    server = uvicorn.Server(config)
    serving = asyncio.create_task(server.serve())
    while not server.started:
        await asyncio.sleep(0.01)
    yield server.servers[0].sockets[0].getsockname()[1]
    server.should_exit = True
    await serving


async def closes_within(reader: asyncio.StreamReader, seconds: float) -> bool:
    try:
        async with asyncio.timeout(seconds):
            await reader.read()
    except TimeoutError:
        return False
    except ConnectionError:
        return True
    return True


@pytest.mark.parametrize("begun", [b"", b"GET / HTTP/1.1\r\nHost: x\r\nX-Slow: "])
async def test_three_hundred_half_open_lines_are_closed(port: int, begun: bytes) -> None:
    lines = await asyncio.gather(*(asyncio.open_connection("127.0.0.1", port) for _ in range(300)))
    for _, writer in lines:
        writer.write(begun)
    closed = await asyncio.gather(*(closes_within(reader, 3) for reader, _ in lines))
    assert all(closed)
    for _, writer in lines:
        writer.close()


async def test_headers_byte_by_byte_do_not_buy_time(port: int) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    closing = asyncio.create_task(closes_within(reader, 3))
    for byte in b"GET / HTTP/1.1\r\nX: " + b"a" * 100:
        if closing.done() or writer.is_closing():
            break
        writer.write(bytes([byte]))
        await asyncio.sleep(0.05)
    assert await closing
    writer.close()


async def test_a_second_request_on_the_same_line_is_watched_as_well(port: int) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
    assert (await reader.readuntil(b"ok")).endswith(b"ok")
    await asyncio.sleep(0.8)  # longer than the limit: between requests another one counts
    writer.write(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
    assert (await reader.readuntil(b"ok")).endswith(b"ok")
    writer.write(b"GET / HT")
    assert await closes_within(reader, 3)
    writer.close()


async def test_headers_without_end_are_cut_off(port: int) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"GET / HTTP/1.1\r\n")
    sent = 0
    try:
        while sent < 5_000_000 and not reader.at_eof():
            writer.write(b"X: " + b"a" * 8000 + b"\r\n")
            await writer.drain()
            await asyncio.sleep(0)
            sent += 8000
    except ConnectionError:
        pass
    assert sent < 5_000_000
    writer.close()
