"""Streams that are open when the right to read them ends: each ends too, whatever opened it."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Literal

import aiohttp
import pytest
from tests.support.application import Running

End = Literal["revoked", "expired"]
ENDLESS = "[[slow tokens=4000 pace=20]]"


@asynccontextmanager
async def reader(running: Running, secret: str) -> AsyncIterator[aiohttp.ClientSession]:
    headers = {"Authorization": f"Bearer {secret}", "X-Samovar": "1"}
    async with aiohttp.ClientSession(running.client.address, headers=headers) as session:
        yield session


async def new_key(running: Running, end: End) -> str:
    lifetime = timedelta(seconds=4)
    return await running.new_key("chat", "app", expires_at=datetime.now(UTC) + lifetime if end == "expired" else None)


async def end_key(running: Running, secret: str, end: End) -> None:
    """Revoke the key; one that expires does so by itself."""
    if end == "revoked":
        owner = await running.services.sign_in.owner()
        await running.services.keys.revoke(owner, (await running.services.keys.find(owner, secret)).key_id)


@pytest.mark.parametrize("end", ["revoked", "expired"])
async def test_a_relayed_stream_ends_with_its_key_and_says_why(running: Running, end: End) -> None:
    secret = await new_key(running, end)
    body = {"model": "slow", "stream": True, "messages": [{"role": "user", "content": ENDLESS}]}
    async with reader(running, secret) as session, session.post("/v1/chat/completions", json=body) as reply:
        assert reply.status == 200
        await reply.content.readuntil(b"\n\n")
        await end_key(running, secret, end)
        async with asyncio.timeout(30):
            rest = (await reply.read()).decode()
    assert json.loads(rest.rstrip().rpartition("data: ")[2])["error"]["code"] == "invalid_api_key"
    async with asyncio.timeout(30):
        while any(member.queue.running for member in running.services.pool.members):
            await asyncio.sleep(0.05)


@pytest.mark.parametrize("end", ["revoked", "expired"])
async def test_a_line_of_a_run_breaks_off_with_its_key_and_the_run_goes_on(running: Running, end: End) -> None:
    chat_id = await running.client.new_chat(model="slow")
    turn = await running.client.say(chat_id, ENDLESS)
    secret = await new_key(running, end)
    async with reader(running, secret) as session:
        async with session.get(f"/api/runs/{turn['run_id']}/events") as reply:
            assert reply.status == 200
            await reply.content.readuntil(b"\n\n")
            await end_key(running, secret, end)
            async with asyncio.timeout(30):
                rest = (await reply.read()).decode()
        async with session.get(f"/api/runs/{turn['run_id']}/events") as reply:
            assert reply.status == 401
    assert "event: end" not in rest
    status, _ = await running.client.send("POST", f"/api/runs/{turn['run_id']}/stop")
    assert status == 202
    events = await running.client.whole_run(turn["run_id"])
    assert events[-1].body["status"] == "stopped"
