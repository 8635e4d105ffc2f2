"""A look at a server that may be anything: bounded in time and size, and it follows nothing."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress

import pytest
from tests.support.servers import Exchange, play

from samovar.egress import EgressClient, EgressGuard
from samovar.gateway.probe import HttpProbe

Answer = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


def says(body: bytes, *, status: int = 200, path: str = "/x") -> Exchange:
    return Exchange(method="GET", path=path, status=status, content_type="application/json", body=body)


@asynccontextmanager
async def raw(answer: Answer) -> AsyncIterator[str]:
    """A server of bytes, not of HTTP."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError, asyncio.IncompleteReadError):
            await answer(reader, writer)
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()


@asynccontextmanager
async def probe_of(url: str, *, key: str | None = None, patience_s: float = 10.0) -> AsyncIterator[HttpProbe]:
    guard = EgressGuard()
    guard.allow(url)
    client = EgressClient(guard)
    yield HttpProbe(client, url, key=key, patience_s=patience_s)
    await client.close()


async def test_an_object_is_read_with_its_status_and_headers() -> None:
    async with play([says(b'{"version": "1"}')]) as server, probe_of(server.url) as probe:
        reply = await probe.get("/x")
        assert reply is not None
        assert (reply.status, reply.body, reply.headers["content-type"]) == (200, {"version": "1"}, "application/json")
        assert (probe.has_answered, probe.is_absent, probe.refusal) == (True, False, None)


async def test_each_path_is_asked_once_whoever_asks() -> None:
    async with play([says(b"{}")]) as server, probe_of(server.url) as probe:
        first, second = await probe.get("/x"), await probe.get("/x")
        assert first is second
        assert len(server.asked) == 1


@pytest.mark.parametrize("body", [b"[]", b"<html>", b"", b"null", b'{"a": ' * 5000, b'"' + b"a" * 2_000_000 + b'"'])
async def test_what_is_no_object_or_too_long_is_an_answer_without_a_body(body: bytes) -> None:
    async with play([says(body)]) as server, probe_of(server.url) as probe:
        reply = await probe.get("/x")
        assert reply is not None
        assert (reply.status, reply.body) == (200, None)


async def test_a_body_without_end_is_not_read_to_its_end() -> None:
    sent = 0

    async def pour(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal sent
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n\r\n")
        while True:
            writer.write(b"a" * 65_536)
            await writer.drain()
            sent += 65_536

    async with raw(pour) as url, probe_of(url) as probe:
        reply = await probe.get("/x")
        assert reply is not None
        assert reply.body is None
        assert sent < 30_000_000, "what is in flight on a loopback connection is all that it may cost"


async def test_a_redirect_is_an_answer_and_is_not_followed() -> None:
    async def redirect(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        location = f"http://127.0.0.1:{target.url.rpartition(':')[2]}/x".encode()
        writer.write(b"HTTP/1.1 302 Found\r\nLocation: " + location + b"\r\nContent-Length: 0\r\n\r\n")
        await writer.drain()

    async with play([says(b"{}")]) as target, raw(redirect) as url, probe_of(url) as probe:
        reply = await probe.get("/x")
        assert reply is not None
        assert reply.status == 302
        assert target.asked == []


async def test_where_nothing_listens_no_more_is_asked() -> None:
    async with probe_of("http://127.0.0.1:9") as probe:
        assert await probe.get("/x") is None
        assert (probe.is_absent, probe.has_answered) == (True, False)


async def test_silence_takes_the_patience_of_all_questions_together() -> None:
    async def wait(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
        await reader.read()

    async with raw(wait) as url, probe_of(url, patience_s=0.2) as probe:
        begun = asyncio.get_running_loop().time()
        assert [await probe.get(f"/{number}") for number in range(20)] == [None] * 20
        assert asyncio.get_running_loop().time() - begun < 2.0, "not twenty times as long"
        assert (probe.is_absent, probe.has_answered) == (False, False)


@pytest.mark.parametrize(
    "greeting", [b"SSH-2.0-OpenSSH_9.6\r\n", b"\x00\x01\x02\xff" * 50, b"HTTP/9.9 what\r\n\r\n", b""]
)
async def test_a_server_of_another_protocol_gives_no_answer(greeting: bytes) -> None:
    async def greet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(greeting)
        await writer.drain()
        await reader.read(100)

    async with raw(greet) as url, probe_of(url, patience_s=2.0) as probe:
        assert await probe.get("/x") is None
        assert not probe.has_answered


@pytest.mark.parametrize("status", [401, 403])
async def test_a_refusal_for_want_of_a_key_is_remembered(status: int) -> None:
    exchanges = [says(b"{}", path="/a"), says(b"{}", status=status, path="/b")]
    async with play(exchanges) as server, probe_of(server.url) as probe:
        await probe.get("/a")
        assert probe.refusal is None
        await probe.get("/b")
        assert probe.refusal == status


async def test_the_key_goes_along_where_there_is_one() -> None:
    async with play([says(b"{}")]) as server:
        async with probe_of(server.url, key="sesame") as probe:
            await probe.get("/x")
        async with probe_of(server.url) as probe:
            await probe.get("/x")
        assert [asked.headers.get("authorization") for asked in server.asked] == ["Bearer sesame", None]
