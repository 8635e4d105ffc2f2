"""The real engine: it starts, answers only to its key, falls, and comes back."""

import asyncio
import io
import os
import signal
import stat
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import psutil
import pytest
from PIL import Image, ImageDraw

from samovar import registry
from samovar.domain.errors import BackendBroke, BackendUnreachable, ContextExceeded, ImageRefused, ModelLoading
from samovar.domain.generation import (
    BackendEvent,
    ChatRequest,
    Failed,
    Finished,
    ImagePart,
    PromptMessage,
    PromptProgress,
    TextDelta,
    TextPart,
    Usage,
)
from samovar.domain.parameters import GenerationParameters
from samovar.egress import EgressClient, EgressGuard
from samovar.engine.models import find_default_model
from samovar.engine.sharing import join_engine
from samovar.engine.supervisor import Engine
from samovar.ports.backend import ChatBackend, Endpoint
from samovar.settings import EngineSettings

pytestmark = pytest.mark.engine

DATA = Path(__file__).parents[2] / "data"
SYSTEM = PromptMessage(role="system", parts=(TextPart(text="You are a helpful assistant. Answer briefly."),))


@asynccontextmanager
async def run_engine(data_dir: Path, **changes: Any) -> AsyncIterator[Engine]:
    engine = Engine(EngineSettings(**{"threads": 1, "context_tokens": 1024, **changes}), data_dir)
    await engine.start()
    try:
        yield engine
    finally:
        await engine.stop()


@asynccontextmanager
async def speak_to(engine: Engine) -> AsyncIterator[ChatBackend]:
    guard = EgressGuard()
    guard.allow(engine.url)
    client = EgressClient(guard)
    config = engine.backend_config(first_token_timeout_s=60, idle_timeout_s=30)
    yield registry.backend("llamacpp").build(config, client)
    await client.close()


def ask(*turns: str | ImagePart, **parameters: Any) -> ChatRequest:
    """Make a request from turns of user and assistant; a picture goes with the last words of the user."""
    words = [turn for turn in turns if isinstance(turn, str)]
    pictures = [turn for turn in turns if isinstance(turn, ImagePart)]
    messages = [
        PromptMessage(role="assistant" if place % 2 else "user", parts=(TextPart(text=text),))
        for place, text in enumerate(words)
    ]
    last = PromptMessage(role="user", parts=(*messages[-1].parts, *pictures))
    return ChatRequest(
        model="any",
        messages=(SYSTEM, *messages[:-1], last),
        parameters=GenerationParameters(**{"temperature": 0, "max_tokens": 12, "seed": 1, **parameters}),
    )


async def hear(backend: ChatBackend, request: ChatRequest) -> list[BackendEvent]:
    return [event async for event in backend.stream(request)]


def text_of(events: list[BackendEvent]) -> str:
    return "".join(event.text for event in events if isinstance(event, TextDelta))


def usage_of(events: list[BackendEvent]) -> Usage:
    last = events[-1]
    assert isinstance(last, Finished), events
    assert last.usage is not None
    return last.usage


async def test_it_answers_and_tells_what_it_is(engine: Engine) -> None:
    async with speak_to(engine) as backend:
        (model,) = await backend.models()
        events = await hear(backend, ask("Say hello."))
        counted = await backend.count_tokens(model.model, "Hello world, hello <|im_end|>")
    assert (model.model, model.state, model.is_demonstration) == ("SmolLM2-135M-Instruct", "ready", True)
    assert model.capabilities.context_tokens == 8192
    assert model.capabilities.vision is False
    assert model.capabilities.quantisation == "Q4_1"
    assert isinstance(events[0], PromptProgress)
    assert text_of(events)
    assert usage_of(events).completion_tokens > 0
    # The end-of-turn mark was counted as the words that a person typed, not as one special token.
    assert counted is not None
    assert counted > 8


async def test_the_second_turn_reads_only_what_is_new(engine: Engine) -> None:
    async with speak_to(engine) as backend:
        first = "Tell me about the tea that people in Russia drink from a samovar in winter."
        answer = text_of(await hear(backend, ask(first)))
        usage = usage_of(await hear(backend, ask(first, answer, "And in summer?")))
    assert usage.cached_tokens > usage.prompt_tokens / 2


async def test_a_prompt_that_is_too_long_is_counted(engine: Engine) -> None:
    async with speak_to(engine) as backend:
        (event,) = await hear(backend, ask("word " * 9000))
    assert isinstance(event, Failed)
    assert isinstance(event.error, ContextExceeded)
    assert event.error.values["context_tokens"] == 8192
    assert int(event.error.values["needed_tokens"]) > 9000


async def test_a_picture_is_refused_by_a_model_that_reads_only(engine: Engine) -> None:
    async with speak_to(engine) as backend:
        events = await hear(backend, ask("What is it?", draw("red", "circle")))
    assert isinstance(events[-1], Failed)
    assert isinstance(events[-1].error, ImageRefused)


async def test_hanging_up_stops_the_model(engine: Engine) -> None:
    async with speak_to(engine) as backend:
        stream = backend.stream(ask("Count to one thousand.", max_tokens=2000))
        async for event in stream:
            if isinstance(event, TextDelta):
                break
        await stream.aclose()
        began = time.monotonic()
        assert usage_of(await hear(backend, ask("Say hello.", max_tokens=1))).completion_tokens == 1
        assert time.monotonic() - began < 5


async def test_only_the_key_opens_it_and_no_web_page_may_ask(engine_endpoint: Endpoint) -> None:
    evil = {"Origin": "http://evil.example"}
    async with aiohttp.ClientSession(engine_endpoint.url) as session:
        for path in ("/v1/models", "/props", "/metrics", "/slots", "/v1/chat/completions"):
            for key in ({}, {"Authorization": "Bearer wrong"}):
                async with session.get(path, headers={**evil, **key}) as reply:
                    assert reply.status == 401, path
                    assert reply.headers["Access-Control-Allow-Origin"] == "https://samovar.invalid"
        allowed = {"Authorization": f"Bearer {engine_endpoint.key}"}
        async with session.get("/", headers=allowed) as reply:
            assert reply.status == 404
        async with session.get("/v1/models", headers=allowed) as reply:
            assert "/" not in (await reply.json())["data"][0]["id"]
        async with session.get("/metrics", headers=allowed) as reply:
            assert "llamacpp:prompt_tokens_total" in await reply.text()


async def test_what_is_asked_is_not_written_to_its_log(tmp_path: Path) -> None:
    async with run_engine(tmp_path) as engine, speak_to(engine) as backend:
        assert await engine.wait_ready(60), engine.status
        await hear(backend, ask("Remember canaryword."))
        await hear(backend, ask("canaryword " * 2000))
        await hear(backend, ask("canaryword", draw("red", "circle")))
        lines = "".join(engine.log_lines)
        # The overflow was logged, so the log does work.
        assert "exceeds the available context" in lines
        assert "canary" not in lines
    assert "canary" not in (tmp_path / "engine" / "engine.log").read_text()


async def test_it_listens_on_this_machine_only_and_inherits_no_secret(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "canary-secret")
    monkeypatch.setenv("SAMOVAR_DATABASE_URL", "canary-secret")
    async with run_engine(tmp_path) as engine:
        assert await engine.wait_ready(60), engine.status
        assert engine.pid is not None
        child = psutil.Process(engine.pid)
        assert "canary" not in str(child.environ())
        assert "key" not in " ".join(child.cmdline()).lower()
        listening = [each for each in child.net_connections("inet") if each.status == psutil.CONN_LISTEN]
        assert {each.laddr.ip for each in listening} == {"127.0.0.1"}


async def test_killed_in_mid_answer_it_comes_back(tmp_path: Path) -> None:
    async with run_engine(tmp_path) as engine, speak_to(engine) as backend:
        assert await engine.wait_ready(60), engine.status
        before = engine.pid
        assert before is not None
        events: list[BackendEvent] = []
        async for event in backend.stream(ask("Tell a long story.", max_tokens=900)):
            events.append(event)
            if len(events) == 8:
                os.kill(before, signal.SIGKILL)
        assert isinstance(events[-1], Failed)
        assert isinstance(events[-1].error, BackendBroke)
        assert text_of(events)
        died = time.monotonic()
        while engine.pid == before:
            await asyncio.sleep(0.02)
        waiting = await hear(backend, ask("Hello?"))
        assert isinstance(waiting[-1], Failed)
        assert isinstance(waiting[-1].error, ModelLoading)
        assert await engine.wait_ready(30), engine.status
        assert time.monotonic() - died < 10
        assert engine.pid != before
        assert isinstance((await hear(backend, ask("Hello?")))[-1], Finished)


async def test_a_damaged_model_is_a_failed_engine_and_no_loop(tmp_path: Path) -> None:
    source = find_default_model()
    assert source is not None
    damaged = tmp_path / "damaged.gguf"
    with source.open("rb") as file:
        damaged.write_bytes(file.read(3_000_000))
    async with run_engine(tmp_path, model_file=damaged) as engine, speak_to(engine) as backend:
        assert (engine.state, engine.error_code, engine.pid) == ("failed", "model_file_invalid", None)
        assert "cut short" in engine.detail
        assert not await engine.wait_ready(5)
        (event,) = await hear(backend, ask("Hello?"))
        assert isinstance(event, Failed)
        assert isinstance(event.error, BackendUnreachable)
        (model,) = await backend.models()
        assert (model.model, model.state) == ("damaged", "unavailable")
        assert engine.pid is None


async def test_a_model_that_the_engine_cannot_load_says_why_and_is_tried_again_later(tmp_path: Path) -> None:
    source = find_default_model()
    assert source is not None
    foreign = tmp_path / "foreign.gguf"
    foreign.write_bytes(source.read_bytes().replace(b"llama", b"lhama"))
    async with run_engine(tmp_path, model_file=foreign) as engine:
        async with asyncio.timeout(30):
            while engine.state != "failed":
                await asyncio.sleep(0.05)
        assert engine.error_code == "model_file_invalid"
        assert "lhama" in engine.detail
        assert engine.log_lines
    assert (tmp_path / "engine" / "engine.log").stat().st_size > 0


async def test_a_missing_model_is_named(tmp_path: Path) -> None:
    async with run_engine(tmp_path, model_file=tmp_path / "gone.gguf") as engine:
        assert (engine.state, engine.error_code) == ("failed", "model_file_missing")


async def test_switched_off_it_stays_off(tmp_path: Path) -> None:
    async with run_engine(tmp_path, enabled=False) as engine:
        assert (engine.state, engine.endpoint(), await engine.wait_ready(5)) == ("off", None, False)


async def test_another_command_finds_it_and_a_stranger_file_does_not_fool_anybody(tmp_path: Path) -> None:
    wanted = EngineSettings(threads=1, context_tokens=1024)
    place = tmp_path / "engine" / "engine.json"
    assert await join_engine(tmp_path, wanted) is None
    async with run_engine(tmp_path) as engine:
        assert await engine.wait_ready(60), engine.status
        assert stat.S_IMODE(place.stat().st_mode) == 0o600
        assert await join_engine(tmp_path, wanted) == engine.endpoint()
        assert await join_engine(tmp_path, EngineSettings(context_tokens=2048)) is None
        saved = place.read_text()
        place.chmod(0o644)
        assert await join_engine(tmp_path, wanted) is None
        place.chmod(0o600)
        place.write_text(saved.replace("127.0.0.1", "192.0.2.1"))
        assert await join_engine(tmp_path, wanted) is None
        place.write_text(saved)
    assert not place.exists()
    place.write_text(saved)
    place.chmod(0o600)
    assert await join_engine(tmp_path, wanted) is None


async def test_it_dies_with_its_parent_even_when_the_parent_is_killed(tmp_path: Path) -> None:
    program = (
        "import asyncio, sys, pathlib\n"
        "from samovar.engine.supervisor import Engine\n"
        "from samovar.settings import EngineSettings\n"
        "async def main():\n"
        "    engine = Engine(EngineSettings(threads=1, context_tokens=512), pathlib.Path(sys.argv[1]))\n"
        "    await engine.start()\n"
        "    await engine.wait_ready(60)\n"
        "    print(engine.pid, flush=True)\n"
        "    await asyncio.sleep(600)\n"
        "asyncio.run(main())\n"
    )
    parent = await asyncio.create_subprocess_exec(
        sys.executable, "-c", program, str(tmp_path), stdout=subprocess.PIPE, env={**os.environ, "PYTHONPATH": "src"}
    )
    assert parent.stdout is not None
    async with asyncio.timeout(60):
        child = psutil.Process(int(await parent.stdout.readline()))
    parent.kill()
    await parent.wait()
    gone, alive = await asyncio.to_thread(psutil.wait_procs, [child], timeout=5)
    assert (len(gone), alive) == (1, [])


def draw(colour: str, shape: str) -> ImagePart:
    picture = Image.new("RGB", (128, 128), (240, 240, 240))
    pen = ImageDraw.Draw(picture)
    fill = {"red": (220, 40, 40), "blue": (40, 70, 220)}[colour]
    if shape == "circle":
        pen.ellipse((32, 32, 96, 96), fill=fill)
    else:
        pen.polygon([(64, 32), (32, 90), (96, 90)], fill=fill)
    content = io.BytesIO()
    picture.save(content, "PNG")
    return ImagePart(media_type="image/png", content=content.getvalue())


async def test_with_a_projector_it_sees(tmp_path: Path) -> None:
    async with run_engine(tmp_path, mmproj_file=DATA / "tiny-eye.mmproj.gguf") as engine, speak_to(engine) as backend:
        assert await engine.wait_ready(60), engine.status
        (model,) = await backend.models()
        assert model.capabilities.vision is True
        for colour in ("red", "blue"):
            for shape in ("circle", "triangle"):
                answer = text_of(await hear(backend, ask("Describe the picture.", draw(colour, shape))))
                assert f"{colour} {shape}" in answer


async def test_a_smaller_cache_type_takes_less_memory_and_the_engine_still_answers(tmp_path: Path) -> None:
    resident: dict[str, int] = {}
    for kv_cache in ("f16", "q4_0"):
        async with run_engine(tmp_path / kv_cache, context_tokens=8192, kv_cache=kv_cache, batch_tokens=128) as engine:
            assert await engine.wait_ready(60), engine.status
            async with speak_to(engine) as backend:
                request = ChatRequest(
                    model="x",
                    messages=(SYSTEM, PromptMessage(role="user", parts=(TextPart(text="Say hi."),))),
                    parameters=GenerationParameters(max_tokens=8, temperature=0.0),
                )
                events = [event async for event in backend.stream(request)]
            assert isinstance(events[-1], Finished), events[-1]
            assert engine.pid is not None
            resident[kv_cache] = psutil.Process(engine.pid).memory_info().rss
    # 8,192 tokens of this model: 189 MB of cache at two bytes a value, 53 MB at four and a half bits.
    assert resident["f16"] - resident["q4_0"] > 100_000_000, resident
