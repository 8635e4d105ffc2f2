"""The OpenAI-compatible door when the model is on its way, cannot come, or breaks off."""

import asyncio
import shlex
import sys
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

#: How the process that loads the model is called.
ENGINE_CHILD = "engine/child.py"


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


def python_that_loads_no_model_before(gate: Path, folder: Path) -> str:
    """An interpreter like ours whose engine begins to load only when the file ``gate`` is there."""
    script = folder / "python"
    script.write_text(
        "#!/bin/sh\n"
        f'case "$*" in *{ENGINE_CHILD}*) while [ ! -e {shlex.quote(str(gate))} ]; do sleep 0.05; done;; esac\n'
        f'exec {shlex.quote(sys.executable)} "$@"\n'
    )
    script.chmod(0o755)
    return str(script)


@pytest.mark.engine
async def test_a_request_sent_while_the_model_loads_is_answered(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate = tmp_path / "gate"
    monkeypatch.setattr(sys, "executable", python_that_loads_no_model_before(gate, tmp_path))
    engine = EngineSettings(threads=1, context_tokens=512)
    backends = settings.backends.model_copy(update={"scripted": False})
    changed = settings.model_copy(update={"engine": engine, "backends": backends})
    async with run_application(changed, engine_use="own") as running, program(running) as session:
        asked = asyncio.create_task(complete(session, max_tokens=4))
        answered, _ = await asyncio.wait({asked}, timeout=0.5)
        assert not answered, "nobody could answer, so it must wait"
        listing = await running.services.models.list()
        assert [choice.description.state for choice in listing.choices] == ["loading"]
        gate.touch()
        status, body, _ = await asked
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
