"""The adapter against a real vLLM: what the recordings promise is what the server does."""

import asyncio
import json
from collections.abc import AsyncGenerator
from contextlib import aclosing
from io import BytesIO
from typing import Any

import pytest
from PIL import Image
from tests.live.stage import ENDLESS, LiveServer, ask, finish_of, text_of

from samovar import registry
from samovar.domain.errors import BackendError, ContextExceeded, EmbeddingsUnsupported, ImageRefused, ModelUnknown
from samovar.domain.generation import BackendEvent, ChatRequest, Failed, ImagePart, TextDelta
from samovar.egress import EgressClient, EgressGuard
from samovar.gateway.probe import HttpProbe
from samovar.ports.backend import ChatBackend, Relay


async def hear(backend: ChatBackend, request: ChatRequest) -> list[BackendEvent]:
    return [event async for event in backend.stream(request)]


async def error_of(backend: ChatBackend, request: ChatRequest) -> BackendError:
    """The error with which an answer ends before its first word."""
    (only,) = await hear(backend, request)
    assert isinstance(only, Failed), only
    return only.error


async def body_of(relay: Relay) -> dict[str, Any]:
    body = b"".join([chunk async for chunk in relay.chunks()])
    found = json.loads(body)
    assert isinstance(found, dict)
    return found


def question(server: LiveServer, text: str, **more: object) -> dict[str, object]:
    """A request in OpenAI's form."""
    messages = [{"role": "user", "content": text}]
    return {"model": server.model, "messages": messages, "temperature": 0, "max_tokens": 24, **more}


async def test_the_model_is_listed_with_the_context_that_the_server_gives_it(
    server: LiveServer, backend: ChatBackend
) -> None:
    models = {description.model: description for description in await backend.models()}
    model = models[server.model]
    assert (model.backend, model.state) == ("live", "ready")
    known = model.capabilities
    assert known.loaded is True
    assert known.context_tokens == 2048
    assert known.tokenizer is True
    assert known.json_schema is True
    assert known.embeddings is not True
    assert known.unsupported_parameters == frozenset()


async def test_a_picture_shown_once_finds_out_that_the_model_does_not_see(
    server: LiveServer, backend: ChatBackend
) -> None:
    async with asyncio.timeout(60):
        while (await backend.models())[0].capabilities.vision is None:
            await asyncio.sleep(0.2)
    known = (await backend.models())[0].capabilities
    assert (known.vision, known.vision_known_by) == (False, "probe")


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
    # It speaks OpenAI's form, so the general adapter would do too; discovery asks that one last.
    assert found == {"vllm", "openai"}


async def test_an_answer_comes_in_pieces_and_ends_with_the_servers_own_figures(
    server: LiveServer, backend: ChatBackend
) -> None:
    events = await hear(backend, ask(server.model, "What is the capital of France?"))
    assert "Paris" in text_of(events)
    pieces = [event for event in events if isinstance(event, TextDelta)]
    assert len(pieces) >= 4
    usage = finish_of(events).usage
    assert usage is not None
    assert usage.prompt_tokens > 0
    # One piece carries one token or several, never less than one; the end mark is counted and not shown.
    assert len(pieces) <= usage.completion_tokens <= 24


async def test_the_count_of_tokens_is_the_one_that_is_billed(server: LiveServer, backend: ChatBackend) -> None:
    words = "Самовар кипятит воду для чая. A samovar boils water for tea: 3 litres, 95 °C, ☕."
    counted = await backend.count_tokens(server.model, words)
    assert counted is not None

    async def billed(text: str) -> int:
        usage = finish_of(await hear(backend, ask(server.model, text, max_tokens=1))).usage
        assert usage is not None
        return usage.prompt_tokens

    # What the chat template puts around the words is the same both times; "x" is one token.
    assert await billed(words) - await billed("x") == counted - 1


async def test_a_prompt_that_comes_again_is_read_from_the_cache_and_counted_whole(
    server: LiveServer, backend: ChatBackend
) -> None:
    # The cache keeps blocks of 128 tokens; the number makes the prompt new to a server that was tested before.
    seen = int(await server.metric("vllm:prompt_tokens_total"))
    long = f"Note {seen}. " + " ".join(f"word{number}" for number in range(150)) + " Say hi."
    first = finish_of(await hear(backend, ask(server.model, long, max_tokens=4))).usage
    again = finish_of(await hear(backend, ask(server.model, long, max_tokens=4))).usage
    assert first is not None
    assert again is not None
    assert (first.cached_tokens, again.prompt_tokens) == (0, first.prompt_tokens)
    assert first.prompt_tokens - 128 <= again.cached_tokens < first.prompt_tokens


async def test_an_answer_stops_at_the_length_that_was_asked_for(server: LiveServer, backend: ChatBackend) -> None:
    finished = finish_of(await hear(backend, ask(server.model, ENDLESS, max_tokens=7)))
    assert finished.reason == "length"
    assert finished.usage is not None
    assert finished.usage.completion_tokens == 7


async def test_an_answer_stops_before_a_stop_sequence(server: LiveServer, backend: ChatBackend) -> None:
    request = ask(server.model, "What is the capital of France?", stop=["Paris"])
    events = await hear(backend, request)
    assert finish_of(events).reason == "stop"
    assert text_of(events)
    assert "Paris" not in text_of(events)


async def test_the_same_request_gives_the_same_text(server: LiveServer, backend: ChatBackend) -> None:
    request = ask(server.model, "Tell me about tea.", seed=7)
    assert text_of(await hear(backend, request)) == text_of(await hear(backend, request)) != ""


async def test_a_seed_repeats_a_text_that_was_drawn_by_chance(server: LiveServer, backend: ChatBackend) -> None:
    async def draw(seed: int) -> str:
        chosen = ask(server.model, "Tell me about tea.", temperature=1.5, seed=seed)
        return text_of(await hear(backend, chosen))

    assert await draw(1) == await draw(1)
    assert len({await draw(seed) for seed in range(1, 5)}) > 1


async def test_every_parameter_of_ours_is_taken(server: LiveServer, backend: ChatBackend) -> None:
    chosen = {
        "temperature": 0.7,
        "top_p": 0.9,
        "top_k": 20,
        "min_p": 0.05,
        "presence_penalty": 0.5,
        "frequency_penalty": 0.2,
        "repeat_penalty": 1.1,
        "seed": 3,
        "stop": ["END"],
    }
    assert finish_of(await hear(backend, ask(server.model, "Tell me about tea.", **chosen))).usage is not None


async def test_the_penalty_for_repetition_goes_by_the_servers_name_for_it(
    server: LiveServer, backend: ChatBackend
) -> None:
    words = "Tell me about tea."
    plain = text_of(await hear(backend, ask(server.model, words)))
    punished = text_of(await hear(backend, ask(server.model, words, repeat_penalty=2.0)))
    reply = await body_of(await backend.relay(question(server, words, repetition_penalty=2.0)))
    assert plain != punished == reply["choices"][0]["message"]["content"]


async def test_a_json_schema_is_kept_to(server: LiveServer, backend: ChatBackend) -> None:
    schema = {
        "type": "object",
        "properties": {"name": {"type": "string", "maxLength": 12}, "age": {"type": "integer"}},
        "required": ["name", "age"],
        "additionalProperties": False,
    }
    form = {"type": "json_schema", "json_schema": {"name": "person", "strict": True, "schema": schema}}
    asked = question(server, "Describe a person.", max_tokens=60, response_format=form)
    reply = await body_of(await backend.relay(asked))
    person = json.loads(reply["choices"][0]["message"]["content"])
    assert set(person) == {"name", "age"}
    assert isinstance(person["age"], int)


async def test_a_tool_call_comes_back_in_openai_form(server: LiveServer, backend: ChatBackend) -> None:
    parameters = {
        "type": "object",
        "properties": {"city": {"type": "string", "maxLength": 10}},
        "required": ["city"],
        "additionalProperties": False,
    }
    tool = {"type": "function", "function": {"name": "weather", "strict": True, "parameters": parameters}}
    asked = question(server, "Weather in Paris?", max_tokens=60, tools=[tool], tool_choice="required")
    reply = await body_of(await backend.relay(asked))
    (call,) = reply["choices"][0]["message"]["tool_calls"][:1]
    assert call["function"]["name"] == "weather"
    assert set(json.loads(call["function"]["arguments"])) == {"city"}


async def test_the_likelihoods_of_tokens_pass_through_the_relay(server: LiveServer, backend: ChatBackend) -> None:
    asked = question(server, "Hi", max_tokens=3, logprobs=True, top_logprobs=2)
    reply = await body_of(await backend.relay(asked))
    told = reply["choices"][0]["logprobs"]["content"]
    assert len(told) == 3
    assert all(token["logprob"] <= 0 and len(token["top_logprobs"]) == 2 for token in told)
    assert "".join(token["token"] for token in told) == reply["choices"][0]["message"]["content"]


async def test_a_picture_for_a_model_of_text_is_refused_by_name(server: LiveServer, backend: ChatBackend) -> None:
    drawn = BytesIO()
    Image.new("RGB", (32, 32), "red").save(drawn, "PNG")
    picture = ImagePart(media_type="image/png", content=drawn.getvalue())
    error = await error_of(backend, ask(server.model, "What is it?", picture))
    assert isinstance(error, ImageRefused)
    assert error.values == {"model": server.model}


async def test_a_prompt_beyond_the_context_is_refused_with_the_numbers(
    server: LiveServer, backend: ChatBackend
) -> None:
    error = await error_of(backend, ask(server.model, "word " * 4000))
    assert isinstance(error, ContextExceeded)
    needed = error.values["needed_tokens"]
    assert error.values == {"needed_tokens": needed, "context_tokens": 2048, "model": server.model}
    # The server stops counting once it is over.
    assert isinstance(needed, int)
    assert needed > 2048


async def test_an_answer_that_reaches_the_end_of_the_context_is_cut_there_and_says_so(
    server: LiveServer, backend: ChatBackend
) -> None:
    finished = finish_of(await hear(backend, ask(server.model, "word " * 2000, max_tokens=1000)))
    assert finished.usage is not None
    assert finished.usage.prompt_tokens > 2000
    assert finished.usage.prompt_tokens + finished.usage.completion_tokens <= 2048
    assert (finished.reason == "length") == (finished.usage.prompt_tokens + finished.usage.completion_tokens == 2048)


async def test_a_model_that_is_not_served_is_named(server: LiveServer, backend: ChatBackend) -> None:
    error = await error_of(backend, ask("no-such-model", "Hi"))
    assert isinstance(error, ModelUnknown)
    assert error.values == {"model": "no-such-model"}


async def test_embeddings_are_refused_as_what_the_server_does_not_have(
    server: LiveServer, backend: ChatBackend
) -> None:
    with pytest.raises(EmbeddingsUnsupported):
        await backend.relay_embeddings({"model": server.model, "input": "tea"})


async def test_hanging_up_frees_the_place_within_two_seconds(server: LiveServer, backend: ChatBackend) -> None:
    await server.wait_until_idle(30)
    stream = backend.stream(ask(server.model, ENDLESS, max_tokens=1900))
    async with aclosing(stream):
        heard = [await anext(stream) for _ in range(5)]
        assert all(isinstance(event, TextDelta) for event in heard)
        assert await server.metric("vllm:num_requests_running") == 1
    written = await server.metric("vllm:generation_tokens_total")
    await server.wait_until_idle(2)
    assert await server.metric("vllm:generation_tokens_total") - written < 200


async def test_hanging_up_a_relay_frees_the_place_within_two_seconds(server: LiveServer, backend: ChatBackend) -> None:
    await server.wait_until_idle(30)
    relay = await backend.relay(question(server, ENDLESS, max_tokens=1900, stream=True))
    chunks = relay.chunks()
    assert isinstance(chunks, AsyncGenerator)
    async with aclosing(chunks):
        assert await anext(chunks)
        assert await server.metric("vllm:num_requests_running") == 1
    await server.wait_until_idle(2)


async def test_eight_answers_are_written_side_by_side_and_none_is_mixed_up(
    server: LiveServer, backend: ChatBackend
) -> None:
    subjects = ["France", "bread", "the moon", "horses", "a bicycle", "winter", "music", "the sea"]
    requests = [ask(server.model, f"Tell me about {subject}.", max_tokens=48) for subject in subjects]
    alone = [text_of(await hear(backend, request)) for request in requests]
    most = 0.0

    async def watch() -> None:
        nonlocal most
        while True:
            most = max(most, await server.metric("vllm:num_requests_running"))
            await asyncio.sleep(0.02)

    watching = asyncio.create_task(watch())
    answers = await asyncio.gather(*(hear(backend, request) for request in requests))
    watching.cancel()
    assert most > 4
    assert all(finish_of(answer).usage is not None for answer in answers)
    # In a batch sums are added up in another order, so late words may differ; the first ones do not.
    assert [text_of(answer)[:20] for answer in answers] == [text[:20] for text in alone]
    assert len(set(alone)) == len(subjects)
