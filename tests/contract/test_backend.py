"""What every backend promises, whatever server it speaks to."""

import asyncio
import time
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import AsyncExitStack, aclosing, asynccontextmanager
from dataclasses import dataclass
from typing import Any, cast

import orjson
import pytest
from tests.support.servers import RECORDINGS, PlayingServer, play, read_recording

from samovar import registry
from samovar.domain.errors import (
    BackendBroke,
    BackendError,
    BackendTimeout,
    BackendUnauthorised,
    BackendUnreachable,
    ContextExceeded,
    ImageRefused,
    ModelLoading,
)
from samovar.domain.generation import (
    BackendEvent,
    ChatRequest,
    Failed,
    Finished,
    ImagePart,
    PromptMessage,
    ReasoningDelta,
    TextDelta,
    TextPart,
)
from samovar.domain.parameters import GenerationParameters
from samovar.egress import EgressClient, EgressGuard
from samovar.ports.backend import BackendConfig, ChatBackend, Endpoint

#: The cases, with the scene that the stand-in plays for each.
SCENES = {
    "text": "text",
    "reasoning": "reasoning",
    "image": "image",
    "image_refused": "blind",
    "refusal": "refusal",
    "empty": "empty",
    "error_before": "error-busy",
    "error_middle": "error-middle",
    "broken": "error-middle",
    "slow": "stall",
    "silent": "hang",
    "context": "context",
    "models": "text",
}
PICTURE = ImagePart(media_type="image/png", content=b"\x89PNG not looked at here")


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """A backend that is about to meet one case; ``server`` is None where no server is spoken to."""

    backend: ChatBackend
    model: str
    server: PlayingServer | None

    def ask(self, *parts: TextPart | ImagePart, **parameters: Any) -> ChatRequest:
        words = "слово " * 6000 if self.model == "context" else "Say hi."
        return ChatRequest(
            model="text" if self.model == "context" else self.model,
            messages=(
                PromptMessage(role="system", parts=(TextPart(text="Answer briefly."),)),
                PromptMessage(role="user", parts=(TextPart(text=words), *parts)),
            ),
            parameters=GenerationParameters(**parameters),
        )

    async def hear(self, *parts: TextPart | ImagePart, **parameters: Any) -> list[BackendEvent]:
        return [event async for event in self.backend.stream(self.ask(*parts, **parameters))]


@asynccontextmanager
async def set_stage(kind: str, case: str, *, key: str | None = None) -> AsyncIterator[Stage]:
    async with AsyncExitStack() as stack:
        guard = EgressGuard()
        client = EgressClient(guard)
        stack.push_async_callback(client.close)
        server = None
        endpoint = Endpoint(url="http://127.0.0.1:9", key=key)
        if kind != "scripted":
            server = await stack.enter_async_context(play(read_recording(RECORDINGS / kind / f"{case}.txt")))
            endpoint = Endpoint(url=server.url, key=key)
        guard.allow(endpoint.url)
        config = BackendConfig(
            name=f"my-{kind}", endpoint=lambda: endpoint, first_token_timeout_s=0.4, idle_timeout_s=0.4
        )
        backend = registry.backend(kind).build(config, client)
        yield Stage(backend=backend, model=SCENES[case] if kind == "scripted" else "smollm2", server=server)


def text_of(events: list[BackendEvent]) -> str:
    return "".join(event.text for event in events if isinstance(event, TextDelta))


def error_of(events: list[BackendEvent]) -> BackendError:
    last = events[-1]
    assert isinstance(last, Failed), events
    return last.error


@pytest.fixture(params=registry.kinds("backends"))
def kind(request: pytest.FixtureRequest) -> str:
    return cast(str, request.param)


@pytest.fixture(params=[kind for kind in registry.kinds("backends") if kind != "scripted"])
def speaking_kind(request: pytest.FixtureRequest) -> str:
    """A backend that speaks to a server."""
    return cast(str, request.param)


def test_a_backend_is_found_by_its_file_and_says_so(kind: str) -> None:
    config = BackendConfig(name="mine", endpoint=lambda: None)
    backend = registry.backend(kind).build(config, EgressClient(EgressGuard()))
    assert (backend.kind, backend.name) == (kind, "mine")


@pytest.mark.parametrize("case", sorted(SCENES.keys() - {"models"}))
async def test_every_reply_ends_with_exactly_one_last_event(kind: str, case: str) -> None:
    async with set_stage(kind, case) as stage:
        events = await stage.hear(*([PICTURE] if case.startswith("image") else []))
    ends = [event for event in events if isinstance(event, Finished | Failed)]
    assert ends == events[-1:]


async def test_text_arrives_in_pieces_with_usage(kind: str) -> None:
    async with set_stage(kind, "text") as stage:
        events = await stage.hear()
    assert len([event for event in events if isinstance(event, TextDelta)]) >= 3
    last = events[-1]
    assert isinstance(last, Finished)
    assert last.reason in ("stop", "length")
    assert last.usage is not None
    assert last.usage.prompt_tokens > 0
    assert last.usage.completion_tokens > 0


async def test_reasoning_is_kept_apart_from_the_answer(kind: str) -> None:
    async with set_stage(kind, "reasoning") as stage:
        events = await stage.hear()
    kinds = [type(event) for event in events if isinstance(event, TextDelta | ReasoningDelta)]
    assert kinds == sorted(kinds, key=lambda each: each is TextDelta)
    assert ReasoningDelta in kinds
    assert text_of(events)
    assert isinstance(events[-1], Finished)


async def test_a_picture_is_sent_and_answered(kind: str) -> None:
    async with set_stage(kind, "image") as stage:
        events = await stage.hear(PICTURE)
        assert text_of(events)
        assert isinstance(events[-1], Finished)
        if stage.server is not None:
            # Only the bytes themselves travel, never an address for the server to fetch.
            assert b"iVBORyBub3Q" in stage.server.asked[-1].body


async def test_a_model_that_cannot_see_is_named(kind: str) -> None:
    async with set_stage(kind, "image_refused") as stage:
        error = error_of(await stage.hear(PICTURE))
    assert isinstance(error, ImageRefused)
    assert error.values == {"model": stage.model}


async def test_a_refusal_is_an_answer(kind: str) -> None:
    async with set_stage(kind, "refusal") as stage:
        events = await stage.hear()
    assert "cannot help" in text_of(events)
    last = events[-1]
    assert isinstance(last, Finished)
    assert last.reason == ("stop" if kind == "ollama" else "refused")


async def test_an_empty_reply_is_finished_not_failed(kind: str) -> None:
    async with set_stage(kind, "empty") as stage:
        events = await stage.hear()
    assert [type(event) for event in events] == [Finished]


async def test_an_error_before_the_stream_has_its_own_code(kind: str) -> None:
    async with set_stage(kind, "error_before") as stage:
        events = await stage.hear()
    assert error_of(events).code == ("model_loading" if kind == "llamacpp" else "backend_overloaded")
    assert len(events) == 1


@pytest.mark.parametrize("case", ["error_middle", "broken"])
async def test_what_came_before_an_error_is_kept(kind: str, case: str) -> None:
    async with set_stage(kind, case) as stage:
        events = await stage.hear()
    assert text_of(events).startswith(("It begins", "The"))
    assert isinstance(events[-1], Failed)
    if case == "broken":
        assert isinstance(error_of(events), BackendBroke)


@pytest.mark.parametrize(("case", "text"), [("silent", ""), ("slow", "It begins")])
async def test_silence_is_a_timeout(kind: str, case: str, text: str) -> None:
    async with set_stage(kind, case) as stage:
        began = time.monotonic()
        events = await stage.hear()
    assert isinstance(error_of(events), BackendTimeout)
    assert text_of(events).startswith(text)
    assert 0.3 < time.monotonic() - began < 3


async def test_closing_the_stream_hangs_up_at_once(kind: str) -> None:
    async with set_stage(kind, "slow") as stage:
        stream = stage.backend.stream(stage.ask())
        async with aclosing(stream):
            assert isinstance(await anext(stream), TextDelta)
        if stage.server is not None:
            async with asyncio.timeout(0.3):
                await stage.server.hung_up.wait()
        assert [event async for event in stream] == []


async def test_a_cancelled_reader_hangs_up_at_once(kind: str) -> None:
    async with set_stage(kind, "silent") as stage:
        reading = asyncio.ensure_future(stage.hear())
        await asyncio.sleep(0.1)
        reading.cancel()
        await asyncio.wait({reading})
        assert reading.cancelled()
        if stage.server is not None:
            async with asyncio.timeout(0.2):
                await stage.server.hung_up.wait()


async def test_a_prompt_that_is_too_long_names_the_limit(kind: str) -> None:
    async with set_stage(kind, "context") as stage:
        error = error_of(await stage.hear())
    assert isinstance(error, ContextExceeded)
    assert set(error.values) == {"needed_tokens", "context_tokens", "model"}
    if kind != "ollama":  # it does not say how long the prompt was
        assert cast(int, error.values["needed_tokens"]) > cast(int, error.values["context_tokens"])


async def test_models_are_listed_with_what_they_can_do(kind: str) -> None:
    async with set_stage(kind, "models") as stage:
        models = await stage.backend.models()
    assert models
    assert all(model.backend == stage.backend.name and model.state == "ready" for model in models)
    assert all(model.capabilities.context_tokens for model in models)


async def test_chosen_parameters_are_sent_and_others_are_not(speaking_kind: str) -> None:
    async with set_stage(speaking_kind, "text") as stage:
        await stage.hear(temperature=0.5, top_k=7, seed=3, max_tokens=9, stop=("END",))
        assert stage.server is not None
        sent = stage.server.asked[-1].json
    values = {**sent, **sent.get("options", {})}
    assert (values["temperature"], values["seed"], values["stop"]) == (0.5, 3, ["END"])
    assert values.get("max_tokens", values.get("num_predict")) == 9
    assert ("top_k" in values) == (speaking_kind != "openai")
    assert "top_p" not in values


async def test_a_server_that_is_gone_is_unreachable(speaking_kind: str) -> None:
    guard = EgressGuard()
    guard.allow("http://127.0.0.1:9")
    client = EgressClient(guard)
    config = BackendConfig(name="gone", endpoint=lambda: Endpoint(url="http://127.0.0.1:9"))
    backend = registry.backend(speaking_kind).build(config, client)
    with pytest.raises(BackendUnreachable):
        await backend.models()
    await client.close()


async def test_a_server_that_does_not_listen_yet_is_loading(speaking_kind: str) -> None:
    config = BackendConfig(name="soon", endpoint=lambda: None)
    backend = registry.backend(speaking_kind).build(config, EgressClient(EgressGuard()))
    events = [event async for event in backend.stream(Stage(backend=backend, model="m", server=None).ask())]
    assert isinstance(error_of(events), ModelLoading)


async def test_the_key_is_sent_and_a_refused_key_is_told(speaking_kind: str) -> None:
    async with set_stage(speaking_kind, "text", key="canary-key") as stage:
        assert stage.server is not None
        await stage.hear()
        assert stage.server.asked[-1].headers["authorization"] == "Bearer canary-key"
        refusing = [
            type(exchange)(
                method=exchange.method,
                path=exchange.path,
                status=401,
                content_type="application/json",
                body=b'{"error":{"message":"bad key canary-key"}}',
            )
            for exchange in stage.server.exchanges
        ]
        stage.server.exchanges[:] = refusing
        error = error_of(await stage.hear())
    assert isinstance(error, BackendUnauthorised)
    assert "canary" not in f"{error} {error.values}"


@pytest.mark.parametrize("is_stream", [True, False])
async def test_an_openai_request_is_relayed_in_openai_form(kind: str, is_stream: bool) -> None:
    async with set_stage(kind, "text") as stage:
        payload = {
            "model": stage.model,
            "messages": [{"role": "user", "content": "hi"}],
            "stream": is_stream,
            "temperature": 0,
        }
        relay = await stage.backend.relay(payload)
        body = b"".join([chunk async for chunk in relay.chunks()])
    assert relay.status == 200
    if kind in ("llamacpp", "openai"):
        assert stage.server is not None
        assert stage.server.asked[-1].json == payload
        assert body == stage.server.exchanges[0].body
    elif is_stream:
        assert relay.content_type == "text/event-stream"
        lines = [line[6:] for line in body.decode().split("\n\n") if line]
        assert lines[-1] == "[DONE]"
        chunks = [orjson.loads(line) for line in lines[:-1]]
        assert "".join(chunk["choices"][0]["delta"].get("content", "") for chunk in chunks if chunk["choices"])
        assert chunks[-1]["usage"]["completion_tokens"] > 0
    else:
        reply = orjson.loads(body)
        assert reply["object"] == "chat.completion"
        assert reply["choices"][0]["message"]["content"]


async def test_a_relay_that_is_closed_hangs_up(kind: str) -> None:
    async with set_stage(kind, "slow") as stage:
        payload = {"model": stage.model, "messages": [{"role": "user", "content": "hi"}], "stream": True}
        relay = await stage.backend.relay(payload)
        chunks = cast(AsyncGenerator[bytes, None], relay.chunks())
        async with aclosing(chunks):
            assert await anext(chunks)
        if stage.server is not None:
            async with asyncio.timeout(0.3):
                await stage.server.hung_up.wait()


async def test_an_old_ollama_is_asked_model_by_model() -> None:
    async with play(read_recording(RECORDINGS / "ollama" / "models_old.txt")) as server:
        guard = EgressGuard()
        guard.allow(server.url)
        client = EgressClient(guard)
        config = BackendConfig(name="o", endpoint=lambda: Endpoint(url=server.url))
        backend = registry.backend("ollama").build(config, client)
        (known,) = await backend.models()
        server.exchanges.pop()
        (unknown,) = await backend.models()
        await client.close()
    assert (known.capabilities.vision, known.capabilities.context_tokens) == (True, 8192)
    assert (unknown.model, unknown.capabilities.vision) == (known.model, None)
