"""A chat with the real engine: it sees, it falls, it comes back, and nothing is lost."""

import os
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from tests.support import papers
from tests.support.application import Running, run_application, scripted_settings
from tests.support.database import fresh_database

from samovar.engine.supervisor import Engine
from samovar.settings import EngineSettings, Settings
from samovar.storage.embedded import EmbeddedServer

pytestmark = pytest.mark.engine

PROJECTOR = Path(__file__).parents[1] / "data" / "tiny-eye.mmproj.gguf"


@pytest.fixture(scope="module")
async def seeing(database_server: EmbeddedServer, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Running]:
    """The real engine with the tiny vision projector."""
    with fresh_database(database_server) as database:
        settings: Settings = scripted_settings(tmp_path_factory.mktemp("data"), database).model_copy(
            update={"engine": EngineSettings(threads=1, context_tokens=2048, mmproj_file=PROJECTOR)}
        )
        async with run_application(settings, engine_use="own") as application:
            yield application


async def engine_model(running: Running) -> str:
    """The engine's model, once it can answer."""
    assert isinstance(running.services.engine, Engine)
    assert await running.services.engine.wait_ready(60)
    name = running.services.engine.model_name
    assert name is not None
    return name


async def test_a_message_sent_while_the_model_loads_is_answered(seeing: Running) -> None:
    chat_id = await seeing.client.new_chat(model="SmolLM2-135M-Instruct", parameters={"max_tokens": 8})
    _, events = await seeing.client.answer(chat_id, "Say hello.")
    assert events[-1].body == {"status": "done", "error": None}


async def test_a_picture_is_really_seen(seeing: Running) -> None:
    chat_id = await seeing.client.new_chat(
        model=await engine_model(seeing), parameters={"temperature": 0, "max_tokens": 24}
    )
    status, document = await seeing.client.upload(chat_id, "circle.png", papers.red_circle_png())
    assert status == 201
    _, events = await seeing.client.answer(chat_id, "Describe the picture.", document_ids=[document["id"]])
    _, found = await seeing.client.send("GET", f"/api/chats/{chat_id}")
    assert events[-1].body["status"] == "done"
    assert "red" in found["messages"][-1]["text"]
    assert "circle" in found["messages"][-1]["text"]


async def test_an_engine_killed_in_mid_answer_keeps_the_partial_text_and_comes_back(seeing: Running) -> None:
    chat_id = await seeing.client.new_chat(model=await engine_model(seeing), parameters={"max_tokens": 900})
    turn = await seeing.client.say(chat_id, "Write a long story about a samovar and the sea.")
    text = ""
    async for event in seeing.client.events(turn["run_id"]):
        text += event.body["text"] if event.kind == "delta" else ""
        if len(text) > 20:
            break
    assert isinstance(seeing.services.engine, Engine)
    assert seeing.services.engine.pid is not None
    os.kill(seeing.services.engine.pid, signal.SIGKILL)
    rest = await seeing.client.whole_run(turn["run_id"])
    assert rest[-1].body["status"] == "failed"
    assert rest[-1].body["error"]["code"] in ("backend_broke", "backend_unreachable")
    _, found = await seeing.client.send("GET", f"/api/chats/{chat_id}")
    assert found["messages"][-1]["text"].startswith(text)
    # At once, while the engine is still coming back: the new reply waits for it.
    _, again = await seeing.client.send("POST", f"/api/messages/{turn['reply']['id']}/regenerate")
    events = []
    async for event in seeing.client.events(again["run_id"]):
        events.append(event)
        if event.kind == "delta":
            await seeing.client.send("POST", f"/api/runs/{again['run_id']}/stop")
    assert events[-1].body["status"] in ("done", "stopped")
    assert b"samovar_engine_restarts_total 1.0" in seeing.services.metrics.render()
