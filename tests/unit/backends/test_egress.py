"""Nothing leaves for a place that is on no list."""

import asyncio
from contextlib import suppress

import pytest
from tests.support.servers import Exchange, play

from samovar.egress import EgressClient, EgressGuard, EgressRefused, is_on_this_machine


def answer(status: int = 200, method: str = "GET") -> Exchange:
    return Exchange(method=method, path="/", status=status, content_type="text/plain", body=b"hello")


async def test_only_listed_servers_are_reached() -> None:
    async with play([answer()]) as listed, play([answer()]) as other:
        guard = EgressGuard()
        guard.allow(listed.url)
        client = EgressClient(guard)
        async with await client.request("GET", listed.url + "/") as reply:
            assert await reply.read() == b"hello"
        with pytest.raises(EgressRefused):
            await client.request("GET", other.url + "/")
        with pytest.raises(EgressRefused):
            await client.request("GET", listed.url.replace("127.0.0.1", "localhost") + "/")
        assert other.asked == []
        await client.close()


async def test_a_server_that_moves_is_followed_and_its_old_place_forgotten() -> None:
    async with play([answer()]) as before, play([answer()]) as after:
        places: list[str | None] = [before.url]
        guard = EgressGuard()
        guard.allow(lambda: places[-1])
        client = EgressClient(guard)
        (await client.request("GET", before.url)).close()
        places.append(after.url)
        (await client.request("GET", after.url)).close()
        with pytest.raises(EgressRefused):
            await client.request("GET", before.url)
        places.append(None)
        with pytest.raises(EgressRefused):
            await client.request("GET", after.url)
        await client.close()


async def test_a_proxy_of_the_environment_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    async with play([answer()]) as server, play([answer()]) as proxy:
        for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
            monkeypatch.setenv(name, proxy.url)
        guard = EgressGuard()
        guard.allow(server.url)
        guard.allow(proxy.url)
        client = EgressClient(guard)
        (await client.request("GET", server.url)).close()
        assert proxy.asked == []
        assert [asked.headers["accept-encoding"] for asked in server.asked] == ["identity"]
        await client.close()


async def test_a_redirect_is_not_followed() -> None:
    async with play([answer(status=302)]) as server:
        guard = EgressGuard()
        guard.allow(server.url)
        client = EgressClient(guard)
        async with await client.request("GET", server.url) as reply:
            assert reply.status == 302
        assert len(server.asked) == 1
        await client.close()


async def test_a_kept_connection_that_the_server_dropped_costs_no_request() -> None:
    connections: list[int] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connections.append(0)
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: keep-alive\r\n\r\nok")
        with suppress(asyncio.IncompleteReadError):
            # The next request on this connection meets its end instead of an answer.
            await reader.readuntil(b"\r\n\r\n")
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
    guard = EgressGuard()
    guard.allow(url)
    client = EgressClient(guard)
    for _ in range(3):
        async with await client.request("POST", url) as reply:
            assert await reply.read() == b"ok"
    assert len(connections) == 3
    await client.close()
    server.close()
    await server.wait_closed()


def test_hosts_beyond_this_machine_are_named() -> None:
    guard = EgressGuard()
    for url in ("http://127.0.0.1:1", "http://[::1]:2", "http://localhost:3", "http://b.example", "http://10.0.0.1:9"):
        guard.allow(url)
    assert guard.outside_hosts == ("10.0.0.1", "b.example")
    assert not is_on_this_machine("localhost.example")
