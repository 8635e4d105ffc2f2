"""Many programs at once, and programs that vanish: nothing is cut short, nothing is held for nobody."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass

import aiohttp
import pytest
from tests.support.application import Running, run_application
from tests.support.stand_ins import Behaviour, RunningStandIn, run_stand_in

from samovar.settings import BackendServer, BackendsSettings, Settings

STREAMS = 200
TOKENS = 20
PLACES = 4


@dataclass(frozen=True, slots=True)
class Crowd:
    """A Samovar with a server that takes whatever comes, and one that writes four answers at once."""

    running: Running
    wide: RunningStandIn
    narrow: RunningStandIn
    program: aiohttp.ClientSession

    def ask(self, server: str) -> "aiohttp.client._RequestContextManager":
        body = {"model": f"{server}/text-model", "stream": True, "messages": [{"role": "user", "content": "Tea?"}]}
        return self.program.post("/v1/chat/completions", json=body)

    async def until_quiet(self) -> None:
        async with asyncio.timeout(60):
            while any(member.queue.running or member.queue.waiting for member in self.running.services.pool.members):
                await asyncio.sleep(0.02)


@pytest.fixture
async def crowd(settings: Settings) -> AsyncIterator[Crowd]:
    async with AsyncExitStack() as stack:
        behaviour = Behaviour(answer_tokens=TOKENS, slots=STREAMS)
        wide = await stack.enter_async_context(run_stand_in("openai", behaviour))
        narrow = await stack.enter_async_context(run_stand_in("openai", Behaviour(answer_tokens=TOKENS, slots=STREAMS)))
        servers = (
            BackendServer(name="wide", kind="openai", url=wide.url, parallel=STREAMS),
            BackendServer(name="narrow", kind="openai", url=narrow.url, parallel=PLACES),
        )
        backends = BackendsSettings(servers=servers, discover=False, first_token_timeout_s=60, idle_timeout_s=60)
        limits = settings.limits.model_copy(update={"queue": 16})
        changed = settings.model_copy(update={"backends": backends, "limits": limits})
        running = await stack.enter_async_context(run_application(changed))
        key = await running.new_key()
        connector = aiohttp.TCPConnector(limit=0)
        program = await stack.enter_async_context(
            aiohttp.ClientSession(
                running.client.address, headers={"Authorization": f"Bearer {key}"}, connector=connector
            )
        )
        yield Crowd(running, wide, narrow, program)


async def outcome(crowd: Crowd, server: str) -> tuple[int, int]:
    """The status of a stream and its tokens. A 429 says when to come back, and a 200 ends as it should."""
    async with crowd.ask(server) as reply:
        content = await reply.text()
        if reply.status == 429:
            assert int(reply.headers["Retry-After"]) >= 1
            return 429, 0
        assert reply.status == 200, content
        lines = [line[6:] for line in content.splitlines() if line.startswith("data: ")]
        assert lines[-1] == "[DONE]", "it was cut short"
        events = [json.loads(line) for line in lines[:-1]]
        assert not any("error" in event for event in events)
        texts = [choice["delta"].get("content") for event in events for choice in event["choices"]]
        return 200, sum(bool(text) for text in texts)


async def test_two_hundred_streams_at_once_all_come_whole(crowd: Crowd) -> None:
    outcomes = await asyncio.gather(*(outcome(crowd, "wide") for _ in range(STREAMS)))
    assert outcomes == [(200, TOKENS)] * STREAMS
    await crowd.until_quiet()


async def test_what_has_no_room_is_told_so_and_nothing_is_cut(crowd: Crowd) -> None:
    outcomes = await asyncio.gather(*(outcome(crowd, "narrow") for _ in range(STREAMS)))
    assert set(outcomes) <= {(200, TOKENS), (429, 0)}
    assert outcomes.count((200, TOKENS)) >= PLACES + 16
    await crowd.until_quiet()
    assert len(crowd.narrow.requests_to("/v1/chat/completions")) == outcomes.count((200, TOKENS))


async def test_programs_that_vanish_at_any_moment_leave_every_place_free(crowd: Crowd) -> None:
    crowd.narrow.stand_in.behaviour = Behaviour(tokens_per_s=100, answer_tokens=1000, slots=STREAMS)

    async def vanish(after_s: float) -> None:
        asking = asyncio.create_task(outcome(crowd, "narrow"))
        await asyncio.sleep(after_s)
        asking.cancel()
        await asyncio.gather(asking, return_exceptions=True)

    # Before the request has come, in the line, before the first token, and in mid-stream.
    await asyncio.gather(*(vanish(0.01 * number) for number in range(60)))
    await crowd.until_quiet()
    crowd.narrow.stand_in.behaviour = Behaviour(answer_tokens=TOKENS, slots=STREAMS)
    outcomes = await asyncio.gather(*(outcome(crowd, "narrow") for _ in range(PLACES)))
    assert outcomes == [(200, TOKENS)] * PLACES


async def test_a_chat_whose_reader_vanishes_is_answered_to_its_end(crowd: Crowd) -> None:
    crowd.narrow.stand_in.behaviour = Behaviour(tokens_per_s=20, answer_tokens=TOKENS)
    client = crowd.running.client
    chat_id = await client.new_chat(model="narrow/text-model")
    turn = await client.say(chat_id, "Tea?")
    async for event in client.events(turn["run_id"]):
        if event.kind == "delta":
            break
    await crowd.until_quiet()
    assert crowd.narrow.cancelled == 0
    events = await client.whole_run(turn["run_id"])
    _, chat = await client.send("GET", f"/api/chats/{chat_id}")
    # Who comes back after the end is told the whole answer at once.
    [written] = [event.body["text"] for event in events if event.kind == "replace"]
    assert chat["messages"][-1]["text"] == written
    assert events[-1].body["status"] == "done"
