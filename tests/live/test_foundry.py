"""The adapter against a real Foundry Local: what is loaded, what is answered, what it would leave out in silence."""

import asyncio
import os
import signal
import time
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import openai
import psutil
import pytest
from tests.live.stage import ENDLESS, LiveServer, ask, finish_of, live_settings, text_of
from tests.support.application import Running, run_application

from samovar import registry
from samovar.domain.errors import (
    BackendBroke,
    BackendError,
    BackendRefused,
    ContextExceeded,
    ImageRefused,
    ModelUnknown,
)
from samovar.domain.generation import BackendEvent, ChatRequest, Failed, ImagePart, TextDelta
from samovar.egress import EgressClient, EgressGuard
from samovar.gateway.probe import HttpProbe
from samovar.ports.backend import ChatBackend

CAPITAL = "What is the capital of France?"


async def hear(backend: ChatBackend, request: ChatRequest) -> list[BackendEvent]:
    return [event async for event in backend.stream(request)]


async def error_of(backend: ChatBackend, request: ChatRequest) -> BackendError:
    """The error with which an answer ends before its first word."""
    (only,) = await hear(backend, request)
    assert isinstance(only, Failed), only
    return only.error


async def unload(server: LiveServer) -> None:
    """Take the model out of memory by the service's own address; for a moment after an answer it says no."""
    async with asyncio.timeout(30), aiohttp.ClientSession() as session:
        while True:
            async with session.get(f"{server.url}/models/unload/smollm2-135m") as reply:
                if reply.status == 200:
                    return
            await asyncio.sleep(0.1)


async def test_the_server_is_recognised_and_taken_for_no_other(
    server: LiveServer, egress: tuple[EgressGuard, EgressClient]
) -> None:
    guard, client = egress
    guard.allow(server.url)
    found = {
        kind
        for kind in registry.kinds("backends")
        if await registry.backend(kind).recognise(HttpProbe(client, server.url, key=None, patience_s=20))
    }
    assert found == {"foundry", "openai"}


async def test_a_model_that_is_not_in_memory_is_loaded_when_it_is_asked(
    server: LiveServer, backend: ChatBackend
) -> None:
    await hear(backend, ask(server.model, CAPITAL))
    await unload(server)
    (before,) = await backend.models()
    assert (before.model, before.state, before.capabilities.loaded) == (server.model, "ready", False)
    assert "Paris" in text_of(await hear(backend, ask(server.model, CAPITAL)))
    (after,) = await backend.models()
    assert after.capabilities.loaded is True


async def test_an_answer_comes_in_pieces_with_usage(server: LiveServer, backend: ChatBackend) -> None:
    events = await hear(backend, ask(server.model, CAPITAL))
    assert len([event for event in events if isinstance(event, TextDelta)]) >= 4
    usage = finish_of(events).usage
    assert usage is not None
    assert usage.prompt_tokens > 0
    assert 0 < usage.completion_tokens <= 24


async def test_length_and_stop_sequences_are_kept_to(server: LiveServer, backend: ChatBackend) -> None:
    short = finish_of(await hear(backend, ask(server.model, ENDLESS, max_tokens=7)))
    assert short.reason == "length"
    assert short.usage is not None
    assert short.usage.completion_tokens == 7
    stopped = await hear(backend, ask(server.model, CAPITAL, stop=["Paris"]))
    assert finish_of(stopped).reason == "stop"
    assert "Paris" not in text_of(stopped)


async def test_the_same_request_gives_the_same_text(server: LiveServer, backend: ChatBackend) -> None:
    request = ask(server.model, "Tell me about tea.")
    assert text_of(await hear(backend, request)) == text_of(await hear(backend, request)) != ""


async def test_parameters_that_it_refuses_are_left_out(server: LiveServer, backend: ChatBackend) -> None:
    (model,) = await backend.models()
    assert {"presence_penalty", "frequency_penalty"} <= model.capabilities.unsupported_parameters
    request = ask(server.model, CAPITAL, presence_penalty=0.5, frequency_penalty=0.5, top_k=20, top_p=0.9)
    assert finish_of(await hear(backend, request)).usage is not None


async def test_a_picture_is_refused_and_not_dropped(server: LiveServer, backend: ChatBackend) -> None:
    picture = ImagePart(media_type="image/png", content=b"not looked at")
    assert isinstance(await error_of(backend, ask(server.model, "What is it?", picture)), ImageRefused)


@pytest.mark.parametrize("ignored", [{"logprobs": True}, {"response_format": {"type": "json_object"}}])
async def test_what_it_would_ignore_is_refused(
    server: LiveServer, backend: ChatBackend, ignored: dict[str, object]
) -> None:
    messages = [{"role": "user", "content": "Hi"}]
    with pytest.raises(BackendRefused):
        await backend.relay({"model": server.model, "messages": messages, "max_tokens": 4, **ignored})


async def test_a_prompt_beyond_the_context_is_refused_with_the_numbers(
    server: LiveServer, backend: ChatBackend
) -> None:
    error = await error_of(backend, ask(server.model, "word " * 9000, max_tokens=8))
    assert isinstance(error, ContextExceeded)
    assert error.values["context_tokens"] == 8192
    needed = error.values["needed_tokens"]
    assert isinstance(needed, int)
    assert needed > 9000


async def test_a_model_that_is_not_there_is_named(server: LiveServer, backend: ChatBackend) -> None:
    error = await error_of(backend, ask("no-such-model", "Hi"))
    assert isinstance(error, ModelUnknown)


async def test_hanging_up_ends_the_work(server: LiveServer, backend: ChatBackend) -> None:
    if server.pid is None:
        pytest.skip("the server is not ours to look at")
    process = psutil.Process(server.pid)
    stream = backend.stream(ask(server.model, ENDLESS, max_tokens=4000))
    for _ in range(5):
        await anext(stream)
    await stream.aclose()
    await asyncio.sleep(2)
    before = sum(process.cpu_times()[:2])
    await asyncio.sleep(1)
    assert sum(process.cpu_times()[:2]) - before < 0.3


@pytest.fixture
async def running(server: LiveServer, tmp_path: Path, fresh_database_url: str) -> AsyncIterator[Running]:
    async with run_application(live_settings(server, tmp_path, fresh_database_url)) as application:
        yield application


async def test_a_chat_and_the_openai_door_are_answered(server: LiveServer, running: Running) -> None:
    chat_id = await running.client.new_chat(model=server.model, parameters={"temperature": 0, "max_tokens": 24})
    _, events = await running.client.answer(chat_id, CAPITAL)
    assert events[-1].body == {"status": "done", "error": None}
    _, found = await running.client.send("GET", f"/api/chats/{chat_id}")
    assert "Paris" in found["messages"][-1]["text"]
    key = await running.new_key()
    async with openai.AsyncOpenAI(base_url=f"{running.client.address}/v1", api_key=key, max_retries=0) as client:
        done = await client.chat.completions.create(
            model=server.model, messages=[{"role": "user", "content": CAPITAL}], temperature=0, max_tokens=24
        )
    assert "Paris" in str(done.choices[0].message.content)


@pytest.mark.ends_server
async def test_a_service_that_is_killed_leaves_an_error_within_two_seconds_and_what_it_said(
    server: LiveServer, backend: ChatBackend
) -> None:
    if server.pid is None:
        pytest.skip("the server is not ours to end")
    heard: list[BackendEvent] = []
    killed_at = 0.0
    async for event in backend.stream(ask(server.model, ENDLESS, max_tokens=4000)):
        heard.append(event)
        if len(heard) == 8:
            os.kill(server.pid, signal.SIGKILL)
            killed_at = time.monotonic()
    assert time.monotonic() - killed_at < 2.0
    last = heard[-1]
    assert isinstance(last, Failed)
    assert isinstance(last.error, BackendBroke)
    assert len(text_of(heard)) > 10
