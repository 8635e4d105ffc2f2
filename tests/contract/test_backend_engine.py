"""The cases that a real llama.cpp with the default model can play: no recording, no stand-in."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import Any

import orjson
import pytest
import pytest_asyncio
from tests.contract.backend_stage import PICTURE, Player, Stage, error_of, read_all, text_of

from samovar import registry
from samovar.domain.errors import (
    BackendUnauthorised,
    ContextExceeded,
    EmbeddingsUnsupported,
    ImageRefused,
)
from samovar.domain.generation import ChatRequest, Finished, PromptMessage, PromptProgress, TextDelta, TextPart
from samovar.egress import EgressClient, EgressGuard
from samovar.gateway.probe import HttpProbe
from samovar.ports.backend import BackendConfig, Endpoint

pytestmark = pytest.mark.engine

#: The default model is small, and another program may have the machine's other core.
_PATIENCE_S = 120.0


@pytest_asyncio.fixture(loop_scope="session")
async def stage(engine_endpoint: Endpoint) -> AsyncIterator[Stage]:
    """The real engine as a backend that is about to be asked."""
    async for each in _open(engine_endpoint):
        yield each


async def _open(endpoint: Endpoint) -> AsyncIterator[Stage]:
    guard = EgressGuard()
    guard.allow(endpoint.url)
    client = EgressClient(guard)
    config = BackendConfig(
        name="engine", endpoint=lambda: endpoint, first_token_timeout_s=_PATIENCE_S, idle_timeout_s=_PATIENCE_S
    )
    backend = registry.backend("llamacpp").build(config, client)
    (model,) = await backend.models() if endpoint.key != "wrong" else (None,)
    name = model.model if model is not None else "m"
    yield Stage(backend=backend, player=Player("llamacpp", "recording"), case="text", model=name)
    await backend.close()
    await client.close()


async def test_the_engine_tells_everything_of_its_model(stage: Stage) -> None:
    (model,) = await stage.backend.models()
    can = model.capabilities
    assert (can.trained_context_tokens, can.parallel, can.quantisation) == (8192, 1, "Q4_1")
    assert (can.loaded, can.vision, can.tools, can.reasoning, can.embeddings) == (True, False, False, False, False)
    assert can.unsupported_parameters == {"reasoning_effort"}
    assert can.guessed == frozenset()


async def test_the_engine_is_recognised_with_its_key_and_without(engine_endpoint: Endpoint) -> None:
    guard = EgressGuard()
    guard.allow(engine_endpoint.url)
    client = EgressClient(guard)
    for key in (engine_endpoint.key, None):
        probe = HttpProbe(client, engine_endpoint.url, key=key, patience_s=30.0)
        assert await registry.backend("llamacpp").recognise(probe)
        for other in ("vllm", "ollama", "lmstudio", "foundry"):
            probe = HttpProbe(client, engine_endpoint.url, key=key, patience_s=30.0)
            assert not await registry.backend(other).recognise(probe), other
    await client.close()


async def test_the_engine_answers_with_progress_text_and_counts(stage: Stage) -> None:
    events = await stage.hear(max_tokens=12, temperature=0.0)
    assert any(isinstance(event, PromptProgress) for event in events)
    assert text_of(events)
    last = events[-1]
    assert isinstance(last, Finished)
    assert last.usage is not None
    assert last.usage.prompt_is_whole
    again = (await stage.hear(max_tokens=2, temperature=0.0))[-1]
    assert isinstance(again, Finished)
    assert again.usage is not None
    # What is cached is counted all the same.
    assert again.usage.prompt_tokens == last.usage.prompt_tokens
    assert again.usage.cached_tokens > 0


async def test_the_engine_counts_exactly_what_it_reads(stage: Stage) -> None:
    words = "one two three four five six seven eight nine ten " * 20
    count = await stage.backend.count_tokens(stage.model, words)
    assert count is not None

    async def read(text: str) -> int:
        last = (await stage.hear(text=text, max_tokens=1))[-1]
        assert isinstance(last, Finished)
        assert last.usage is not None
        return last.usage.prompt_tokens

    assert abs((await read(words)) - (await read("")) - count) <= 2


async def test_the_engine_keeps_to_a_schema(stage: Stage) -> None:
    schema = {
        "type": "object",
        "properties": {"name": {"type": "string", "maxLength": 12}, "age": {"type": "integer"}},
        "required": ["name", "age"],
        "additionalProperties": False,
    }
    events = await stage.hear(text="Give a person.", max_tokens=80, temperature=0.0, json_schema=schema)
    assert set(orjson.loads(text_of(events))) == {"name", "age"}


async def test_the_engine_refuses_a_picture_and_a_prompt_that_is_too_long(stage: Stage) -> None:
    assert isinstance(error_of(await stage.hear(PICTURE, max_tokens=4)), ImageRefused)
    error = error_of(await stage.hear(text="word " * 9000, max_tokens=4))
    assert isinstance(error, ContextExceeded)
    needed = error.values["needed_tokens"]
    assert isinstance(needed, int)
    assert needed > 8192


async def test_the_engine_makes_no_vectors_and_says_so(stage: Stage) -> None:
    with pytest.raises(EmbeddingsUnsupported):
        await stage.backend.relay_embeddings({"model": stage.model, "input": "tea"})


async def test_the_engine_takes_a_switch_of_thinking_that_its_model_does_not_have(stage: Stage) -> None:
    for effort in ("none", "high"):
        assert isinstance((await stage.hear(max_tokens=2, reasoning_effort=effort))[-1], Finished)


@pytest.mark.parametrize("is_stream", [True, False])
async def test_the_engine_is_relayed_with_its_logprobs(stage: Stage, is_stream: bool) -> None:
    asked: dict[str, Any] = stage.payload(stream=is_stream, max_tokens=3, logprobs=True, top_logprobs=2)
    body = await read_all(stage.backend.relay(asked))
    assert (b"[DONE]" in body) == is_stream
    assert b'"top_logprobs"' in body


async def test_an_engine_that_is_left_stops_writing(stage: Stage) -> None:
    request = ChatRequest(
        model=stage.model,
        messages=(PromptMessage(role="user", parts=(TextPart(text="Count from one to a thousand."),)),),
        parameters=stage.ask(max_tokens=4000, temperature=0.0).parameters,
    )
    stream = stage.backend.stream(request)
    async with aclosing(stream):
        async for event in stream:
            if isinstance(event, TextDelta):
                break
    # It has one slot: another answer begins only when the first was given up.
    async with asyncio.timeout(_PATIENCE_S):
        assert isinstance((await stage.hear(max_tokens=2))[-1], Finished)


async def test_a_wrong_key_is_refused_by_the_engine(engine_endpoint: Endpoint) -> None:
    async for stage in _open(Endpoint(url=engine_endpoint.url, key="wrong")):
        assert isinstance(error_of(await stage.hear()), BackendUnauthorised)
        with pytest.raises(BackendUnauthorised):
            await stage.backend.models()
        with pytest.raises(BackendUnauthorised):
            await stage.backend.relay(stage.payload(stream=True))
