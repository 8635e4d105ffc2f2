"""Places in the lines of living model servers: who gets one, waits, leaves, or is told to come back."""

import asyncio
import json
from contextlib import AsyncExitStack

import pytest
from tests.support.house import House, error_of, events_of, question
from tests.support.stand_ins import Behaviour


async def test_a_revoked_key_ends_a_stream_whose_server_is_silent(house: House) -> None:
    first = house.servers["first"]
    first.stand_in.behaviour = Behaviour(hangs_after_tokens=3)
    services = house.running.services
    owner = await services.sign_in.owner()
    body = question("first/text-model", stream=True)
    async with house.session.post("/v1/chat/completions", json=body) as reply:
        await reply.content.readuntil(b"\n\n")
        await services.keys.revoke(owner, (await services.keys.find(owner, house.secret)).key_id)
        async with asyncio.timeout(30):
            rest = await reply.read()
    assert events_of(rest)[-1]["error"]["code"] == "invalid_api_key"
    await first.wait_cancelled()
    await house.until_quiet()


async def test_a_full_line_says_when_to_come_back(house: House) -> None:
    first = house.servers["first"]
    first.stand_in.behaviour = Behaviour(hangs_after_tokens=1)
    body = question("first/text-model", stream=True)
    async with AsyncExitStack() as stack:
        for _ in range(2):
            reply = await stack.enter_async_context(house.session.post("/v1/chat/completions", json=body))
            await reply.content.readuntil(b"\n\n")
        waiting = asyncio.create_task(house.post("/v1/chat/completions", body))
        member = house.running.services.pool.find("first")
        async with asyncio.timeout(30):
            while not member.queue.waiting:
                await asyncio.sleep(0.01)
        status, content, headers = await house.post("/v1/chat/completions", body)
        assert (status, error_of(content)["code"], error_of(content)["type"]) == (
            429,
            "rate_limit_exceeded",
            "requests",
        )
        assert int(headers["Retry-After"]) >= 1
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)
        async with asyncio.timeout(30):
            while member.queue.waiting:
                await asyncio.sleep(0.01)
    await first.wait_cancelled(2)
    await house.until_quiet()


@pytest.mark.parametrize("stream", [False, True])
async def test_a_client_that_leaves_frees_the_place_and_stops_the_server(house: House, stream: bool) -> None:
    first = house.servers["first"]
    first.stand_in.behaviour = Behaviour(hangs_after_tokens=2 if stream else None, first_token_s=0 if stream else 60)
    asking = asyncio.create_task(house.post("/v1/chat/completions", question("first/text-model", stream=stream)))
    async with asyncio.timeout(30):
        while not house.running.services.pool.find("first").queue.running:
            await asyncio.sleep(0.01)
        while not first.requests_to("/v1/chat/completions"):
            await asyncio.sleep(0.01)
    asking.cancel()
    await asyncio.gather(asking, return_exceptions=True)
    await first.wait_cancelled(timeout_s=30)
    await house.until_quiet()


async def test_a_client_that_reads_no_more_loses_its_place(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("samovar.api.closing._TAKING_S", 0.5)
    monkeypatch.setattr("samovar.api.closing._LOOK_S", 0.1)
    first = house.servers["first"]
    first.stand_in.behaviour = Behaviour(is_endless=True)
    host, _, port = house.running.client.address.removeprefix("http://").partition(":")
    # The reader of this connection takes a few bytes and is never asked for more.
    reader, writer = await asyncio.open_connection(host, int(port), limit=1000)
    body = json.dumps(question("first/text-model", stream=True))
    head = f"POST /v1/chat/completions HTTP/1.1\r\nHost: {host}:{port}\r\nAuthorization: Bearer {house.secret}\r\n"
    writer.write(f"{head}Content-Length: {len(body)}\r\n\r\n{body}".encode())
    await reader.readuntil(b"\r\n\r\n")
    await first.wait_cancelled(timeout_s=60)
    await house.until_quiet()
    assert not writer.is_closing(), "it was this side that hung up"
    writer.transport.abort()


async def test_an_answer_without_end_ends_with_an_error(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("samovar.api.openai_relay._LONGEST_STREAM_BYTES", 100_000)
    monkeypatch.setattr("samovar.api.openai_relay._LONGEST_REPLY_BYTES", 10_000)
    first = house.servers["first"]
    first.stand_in.behaviour = Behaviour(is_endless=True)
    async with asyncio.timeout(60):
        status, content, _ = await house.post("/v1/chat/completions", question("first/text-model", stream=True))
    assert status == 200
    assert len(content) < 1_000_000
    assert events_of(content)[-1]["error"]["samovar_code"] == "backend_reply_invalid"
    first.stand_in.behaviour = Behaviour(answer_tokens=20_000)
    status, content, _ = await house.post("/v1/chat/completions", question("first/text-model"))
    assert (status, error_of(content)["code"]) == (502, "backend_reply_invalid")
    await house.until_quiet()
