"""Nothing acknowledged is lost when the server is killed in the middle of an answer."""

import asyncio
import random
import time
from contextlib import ExitStack
from pathlib import Path

import aiohttp
from tests.support.application import Client
from tests.support.crowding import Crowding
from tests.support.process import ServeProcess, serve

KILLS = 20
#: On a machine that has nothing else to do.
READY_WITHIN_S = 5.0
#: What may be lost of an answer: one second, or 64 tokens (F1).
TOKENS_BEHIND = 64
PACE = 60
ENVIRONMENT = {"SAMOVAR_BACKENDS_SCRIPTED": "true"}


async def sign_in(server: ServeProcess) -> Client:
    client = Client(server.address)
    token = server.link.partition("token=")[2]
    status, _ = await client.send("POST", "/api/session", {"token": token})
    assert status == 204
    return client


async def until_ready(address: str) -> None:
    async with aiohttp.ClientSession() as session, session.get(f"{address}/ready") as reply:
        assert reply.status == 200


async def read_until_killed(client: Client, run_id: str, shown: list[str]) -> None:
    """Show words until the line breaks, as a page would."""
    try:
        async for event in client.events(run_id):
            if event.kind == "delta":
                shown.append(event.body["text"])
            elif event.kind == "replace":
                shown[:] = [event.body["text"]]
    except aiohttp.ClientError:
        return


async def test_killed_twenty_times_in_mid_answer_everything_acknowledged_is_there(place: Path) -> None:
    dice = random.Random(7680)
    acknowledged: list[tuple[str, str, str, str]] = []
    for turn in range(KILLS):
        with ExitStack() as stack:
            started = time.monotonic()
            with Crowding() as crowding:
                server = stack.enter_context(serve(place, "--no-engine", environment=ENVIRONMENT))
                await until_ready(server.address)
                took_s = time.monotonic() - started
            ready_after_s = took_s / crowding.slowdown
            assert ready_after_s <= READY_WITHIN_S, f"{took_s:.1f} s on a machine slowed by {crowding.slowdown:.1f}"
            client = await sign_in(server)
            await check(client, acknowledged)
            chat_id = await client.new_chat(model="slow")
            text = f"message {turn} [[slow tokens=3000 pace={PACE}]]"
            message = await client.say(chat_id, text)
            shown: list[str] = []
            reading = asyncio.create_task(read_until_killed(client, message["run_id"], shown))
            await asyncio.sleep(dice.uniform(0.0, 2.5))
            server.kill()
            await reading
            await client.close()
            acknowledged.append((chat_id, text, message["run_id"], "".join(shown)))
    with serve(place, "--no-engine", environment=ENVIRONMENT) as server:
        client = await sign_in(server)
        await check(client, acknowledged)
        await client.close()


async def check(client: Client, acknowledged: list[tuple[str, str, str, str]]) -> None:
    """Every message is there, with the answer as far as it was shown, marked interrupted."""
    for chat_id, text, run_id, shown in acknowledged:
        status, found = await client.send("GET", f"/api/chats/{chat_id}")
        assert status == 200
        question, reply = found["messages"]
        assert question["text"] == text
        assert reply["run_status"] == "interrupted"
        kept, seen = reply["text"].split(), shown.split()
        # The last word of either may be half a token.
        agreed = min(len(kept), len(seen)) - 1
        assert kept[:agreed] == seen[:agreed] if agreed > 0 else True
        assert len(seen) - len(kept) <= max(TOKENS_BEHIND, PACE * 2)
        events = await client.whole_run(run_id)
        assert events[-1].body["status"] == "interrupted"
