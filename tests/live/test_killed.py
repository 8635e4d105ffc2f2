"""A real vLLM that dies in mid-stream: nobody waits, nothing that was said is lost, and others take over."""

import asyncio
import json
import os
import signal
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Generic, TypeVar

import aiohttp
import pytest
from tests.live.stage import ENDLESS, LiveServer, ask, live_settings, text_of
from tests.support.application import Event, Running, run_application

from samovar.domain.errors import BackendBroke, BackendUnreachable
from samovar.domain.generation import BackendEvent, Failed
from samovar.ports.backend import ChatBackend

pytestmark = pytest.mark.ends_server

#: From the death to the error.
PROMISED_S = 2.0
Heard = TypeVar("Heard")


@dataclass(slots=True)
class Reader(Generic[Heard]):
    """Somebody who reads an answer: what was heard, and when it was over."""

    heard: list[Heard] = field(default_factory=list)
    ended_at: float = 0.0

    async def read(self, events: AsyncIterator[Heard]) -> None:
        async for event in events:
            self.heard.append(event)
        self.ended_at = time.monotonic()

    async def hears(self, count: int) -> None:
        async with asyncio.timeout(120):
            while len(self.heard) < count:
                await asyncio.sleep(0.01)


async def relayed(running: Running, model: str) -> AsyncIterator[dict[str, object]]:
    """What the OpenAI-compatible door sends, event by event."""
    key = await running.new_key()
    body = {"model": model, "messages": [{"role": "user", "content": ENDLESS}], "max_tokens": 1500, "stream": True}
    async with (
        aiohttp.ClientSession(headers={"Authorization": f"Bearer {key}"}) as session,
        session.post(f"{running.client.address}/v1/chat/completions", json=body) as reply,
    ):
        assert reply.status == 200
        async for line in reply.content:
            if line.startswith(b"data: {"):
                yield json.loads(line[6:])


def kill(server: LiveServer) -> float:
    """End the server as a crash would; return when."""
    if server.pid is None:
        pytest.skip("the server is not ours to end")
    os.kill(server.pid, signal.SIGKILL)
    return time.monotonic()


async def test_a_server_that_is_killed_leaves_an_error_within_two_seconds_and_what_it_said(
    server: LiveServer, backend: ChatBackend, tmp_path: Path, fresh_database_url: str
) -> None:
    settings = live_settings(server, tmp_path, fresh_database_url, stand_in=True)
    async with run_application(settings) as running:
        chat_id = await running.client.new_chat(model=server.model, parameters={"max_tokens": 1500})
        turn = await running.client.say(chat_id, ENDLESS)
        direct, door, chat = Reader[BackendEvent](), Reader[dict[str, object]](), Reader[Event]()
        async with asyncio.TaskGroup() as readers:
            readers.create_task(direct.read(backend.stream(ask(server.model, ENDLESS, max_tokens=1500))))
            readers.create_task(door.read(relayed(running, server.model)))
            readers.create_task(chat.read(running.client.events(turn["run_id"])))
            await asyncio.gather(direct.hears(8), door.hears(8), chat.hears(8))
            killed_at = kill(server)

        assert max(direct.ended_at, door.ended_at, chat.ended_at) - killed_at < PROMISED_S

        last = direct.heard[-1]
        assert isinstance(last, Failed)
        assert isinstance(last.error, BackendBroke)
        assert len(text_of(direct.heard)) > 10

        error = door.heard[-1]["error"]
        assert isinstance(error, dict)
        assert error["code"] == "backend_broke"

        assert chat.heard[-1].kind == "end"
        assert chat.heard[-1].body["status"] == "failed"
        assert chat.heard[-1].body["error"]["code"] == "backend_broke"
        seen = "".join(event.body["text"] for event in chat.heard if event.kind == "delta")
        _, found = await running.client.send("GET", f"/api/chats/{chat_id}")
        messages = found["messages"]
        assert len(messages) == 2, "one question, one answer"
        assert (messages[-1]["run_status"], messages[-1]["error_code"]) == ("failed", "backend_broke")
        assert messages[-1]["text"] == seen != ""

        await check_afterwards(server, backend, running)


async def check_afterwards(server: LiveServer, backend: ChatBackend, running: Running) -> None:
    """Whoever asks next is told at once, and a name with another model behind it is answered by that one."""
    with pytest.raises(BackendUnreachable):
        await backend.models()
    (only,) = [event async for event in backend.stream(ask(server.model, "Hi"))]
    assert isinstance(only, Failed)
    assert isinstance(only.error, BackendUnreachable)

    chat_id = await running.client.new_chat(model="either")
    _, events = await running.client.answer(chat_id, "Tea?")
    assert events[-1].body == {"status": "done", "error": None}
    _, found = await running.client.send("GET", f"/api/chats/{chat_id}")
    assert [message["role"] for message in found["messages"]] == ["user", "assistant"]
    assert "samovar" in found["messages"][-1]["text"]
