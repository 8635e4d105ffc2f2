"""How long a body is waited for."""

import asyncio
import json
from collections.abc import AsyncIterable

import aiohttp
import pytest
from aiohttp.base_protocol import BaseProtocol
from tests.support.servers import Exchange, play

from samovar.backends._shared.server import ModelServer, TimedBody
from samovar.backends._shared.wire import Patience
from samovar.domain.errors import BackendTimeout
from samovar.egress import EgressClient, EgressGuard
from samovar.ports.backend import BackendConfig, Endpoint

TOKEN = b"data: " + json.dumps({"choices": [{"delta": {"content": "warm"}}]}).encode() + b"\n\n"


def new_body() -> aiohttp.StreamReader:
    loop = asyncio.get_running_loop()
    protocol = BaseProtocol(loop)
    protocol.connection_made(asyncio.Transport())
    return aiohttp.StreamReader(protocol, 2**16, loop=loop)


async def read(chunks: AsyncIterable[bytes], into: list[bytes]) -> None:
    async with asyncio.timeout(60):
        async for chunk in chunks:
            into.append(chunk)


async def test_a_silence_after_the_first_token_is_not_waited_for_as_long_as_the_first_token() -> None:
    silent = Exchange(
        method="POST", path="/v1/x", status=200, content_type="text/event-stream", body=TOKEN, ending="hang"
    )
    async with play([silent]) as server:
        config = BackendConfig(
            name="b", endpoint=lambda: Endpoint(url=server.url), first_token_timeout_s=3600, idle_timeout_s=0.3
        )
        guard = EgressGuard()
        guard.allow(server.url)
        client = EgressClient(guard)
        relay = await ModelServer(config, client).relay("/v1/x", {"model": "m"})
        heard: list[bytes] = []
        with pytest.raises(BackendTimeout):
            await read(relay.chunks(), heard)
        await client.close()
    assert heard == [TOKEN]


async def test_what_was_heard_while_waiting_prolongs_the_wait() -> None:
    content, patience = new_body(), Patience(first_s=0.2, idle_s=3600)
    body = TimedBody(content, patience)
    reading = asyncio.create_task(body.readany())
    await asyncio.sleep(0)
    patience.heard_token()
    await asyncio.sleep(0.5)
    content.feed_data(b"late")
    assert await reading == b"late"
    body.close()


async def test_a_body_that_nobody_waits_for_does_not_run_out_of_time() -> None:
    content, patience = new_body(), Patience(first_s=0.1, idle_s=3600)
    body = TimedBody(content, patience)
    content.feed_data(b"first")
    assert await body.readany() == b"first"
    await asyncio.sleep(0.3)
    patience.heard_token()
    content.feed_data(b"second")
    assert await body.readany() == b"second"
    body.close()
