"""The OpenAI-compatible door when the model is on its way, cannot come, or breaks off."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from tests.support.application import Running, run_application
from tests.support.servers import RECORDINGS, play, read_recording

from samovar.settings import EngineSettings, Settings


@asynccontextmanager
async def program(running: Running) -> AsyncIterator[aiohttp.ClientSession]:
    """A program with a key of its own."""
    key = await running.new_key()
    async with aiohttp.ClientSession(running.client.address, headers={"Authorization": f"Bearer {key}"}) as session:
        yield session


async def complete(session: aiohttp.ClientSession, **fields: object) -> tuple[int, dict[str, Any], str | None]:
    body = {"messages": [{"role": "user", "content": "Tea?"}], **fields}
    async with session.post("/v1/chat/completions", json=body) as reply:
        return reply.status, await reply.json(content_type=None), reply.headers.get("Retry-After")


async def test_a_model_file_that_is_none_is_named_as_the_reason(settings: Settings, tmp_path: Path) -> None:
    broken = tmp_path / "broken.gguf"
    broken.write_bytes(b"GGUF, or so it says")
    engine = EngineSettings(threads=1, model_file=broken)
    backends = settings.backends.model_copy(update={"scripted": False})
    changed = settings.model_copy(update={"engine": engine, "backends": backends})
    async with run_application(changed, engine_use="own") as running:
        async with program(running) as session:
            status, body, retry_after = await complete(session)
        assert (status, body["error"]["code"], retry_after) == (503, "model_file_invalid", "2")
        assert body["error"]["type"] == "server_error"
        chat_id = await running.client.new_chat()
        _, events = await running.client.answer(chat_id, "Tea?")
        assert events[-1].body["error"]["code"] == "model_file_invalid"
        _, system = await running.client.send("GET", "/api/system")
        assert system["engine"]["error_code"] == "model_file_invalid"
        assert system["ready"] is True, "all but the model serves"


@pytest.mark.engine
async def test_a_request_sent_right_after_the_start_is_answered_though_the_model_may_still_load(
    settings: Settings,
) -> None:
    engine = EngineSettings(threads=1, context_tokens=512)
    backends = settings.backends.model_copy(update={"scripted": False})
    changed = settings.model_copy(update={"engine": engine, "backends": backends})
    async with run_application(changed, engine_use="own") as running, program(running) as session:
        listing = await running.services.models.list()
        # The model loads while the database starts: which of the two is ready first is up to the machine.
        assert [choice.description.state in ("loading", "ready") for choice in listing.choices] == [True]
        status, body, _ = await complete(session, max_tokens=4)
    assert status == 200, body
    assert body["choices"][0]["message"]["content"]


async def test_a_whole_reply_that_breaks_off_is_an_error_and_a_stream_ends_with_one(settings: Settings) -> None:
    recorded = read_recording(RECORDINGS / "openai" / "text.txt")
    cut = [replace(exchange, ending="cut") for exchange in recorded]
    models = read_recording(RECORDINGS / "openai" / "models.txt")
    async with play([*cut, *models]) as server:
        backends = settings.backends.model_copy(update={"openai_base_url": server.url})
        async with (
            run_application(settings.model_copy(update={"backends": backends})) as running,
            program(running) as session,
        ):
            body = {"model": "smollm2", "messages": [{"role": "user", "content": "Tea?"}], "stream": True}
            async with session.post("/v1/chat/completions", json=body) as reply:
                assert reply.status == 200
                streamed = await reply.text()
            server.exchanges[:] = [
                replace(exchange, content_type="application/json", body=b'{"choices": [') for exchange in cut
            ] + models
            status, whole, _ = await complete(session, model="smollm2")
    assert '"code": "backend_broke"' in streamed.rstrip().rsplit("data: ", 1)[-1]
    assert (status, whole["error"]["code"]) == (502, "backend_broke")
