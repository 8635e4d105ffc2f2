"""What every backend promises, whatever server it speaks to: one list of cases, played by recordings and by servers."""

import asyncio
import base64
import struct
import time
from contextlib import aclosing
from typing import Any, cast

import orjson
import pytest
from tests.contract.backend_stage import (
    CASES,
    PICTURE,
    SPEAKERS,
    SPEAKING_KINDS,
    Player,
    Stage,
    error_of,
    read_all,
    set_stage,
    text_of,
    thoughts_of,
)

from samovar import registry
from samovar.domain.errors import (
    BackendBroke,
    BackendOverloaded,
    BackendRefused,
    BackendTimeout,
    BackendUnauthorised,
    BackendUnreachable,
    ContextExceeded,
    EmbeddingsUnsupported,
    ImageRefused,
    ModelLoading,
    ModelUnknown,
)
from samovar.domain.generation import Failed, Finished, ReasoningDelta, TextDelta
from samovar.egress import EgressClient, EgressGuard
from samovar.ports.backend import BackendConfig, Endpoint

SCHEMA = {
    "type": "object",
    "properties": {"name": {"type": "string", "maxLength": 12}, "age": {"type": "integer"}},
    "required": ["name", "age"],
    "additionalProperties": False,
}
TOOLS = [
    {
        "type": "function",
        "function": {
            "name": "get_weather",
            "description": "The weather in a city",
            "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
        },
    }
]


@pytest.fixture(params=(*SPEAKERS, Player("scripted", "scene")), ids=str)
def player(request: pytest.FixtureRequest) -> Player:
    return cast(Player, request.param)


@pytest.fixture(params=SPEAKERS, ids=str)
def speaker(request: pytest.FixtureRequest) -> Player:
    """A player whose backend speaks to a server."""
    return cast(Player, request.param)


@pytest.fixture(params=registry.kinds("backends"))
def kind(request: pytest.FixtureRequest) -> str:
    return cast(str, request.param)


def test_a_backend_is_found_by_its_file_and_says_so(kind: str) -> None:
    config = BackendConfig(name="mine", endpoint=lambda: None)
    module = registry.backend(kind)
    backend = module.build(config, EgressClient(EgressGuard()))
    assert (backend.kind, backend.name) == (kind, "mine")
    assert module.PARALLEL is None or module.PARALLEL > 0
    assert all(0 < port < 65_536 for port in module.PORTS)


@pytest.mark.parametrize("case", sorted(CASES))
async def test_every_reply_ends_with_exactly_one_last_event(player: Player, case: str) -> None:
    async with set_stage(player, case) as stage:
        events = await stage.hear(*([PICTURE] if case.startswith("image") else []))
    ends = [event for event in events if isinstance(event, Finished | Failed)]
    assert ends == events[-1:]


async def test_text_arrives_in_pieces_with_usage(player: Player) -> None:
    async with set_stage(player, "text") as stage:
        events = await stage.hear()
    assert len([event for event in events if isinstance(event, TextDelta)]) >= 3
    last = events[-1]
    assert isinstance(last, Finished)
    assert last.reason in ("stop", "length")
    assert last.usage is not None
    assert last.usage.prompt_tokens > 0
    assert last.usage.completion_tokens > 0
    assert last.usage.prompt_is_whole


async def test_reasoning_is_kept_apart_from_the_answer(player: Player) -> None:
    async with set_stage(player, "reasoning") as stage:
        events = await stage.hear()
    kinds = [type(event) for event in events if isinstance(event, TextDelta | ReasoningDelta)]
    assert kinds == sorted(kinds, key=lambda each: each is TextDelta)
    assert thoughts_of(events)
    assert text_of(events)
    assert isinstance(events[-1], Finished)


async def test_a_picture_is_sent_and_answered(player: Player) -> None:
    async with set_stage(player, "image") as stage:
        events = await stage.hear(PICTURE)
        assert isinstance(events[-1], Finished), events
        assert text_of(events)
        if stage.living is not None:
            assert text_of(events).startswith("Red")
        if player.source != "scene":
            # Only the bytes themselves travel, never an address for the server to fetch.
            assert base64.b64encode(PICTURE.content) in orjson.dumps(stage.asked[-1])


async def test_a_model_that_cannot_see_is_named(player: Player) -> None:
    async with set_stage(player, "image_refused") as stage:
        error = error_of(await stage.hear(PICTURE))
        if player.kind in ("foundry", "ollama"):
            # These two would drop the picture in silence, so it must not be sent.
            assert stage.asked == []
    assert isinstance(error, ImageRefused)
    assert error.values == {"model": stage.model}


async def test_a_relayed_picture_for_a_model_that_cannot_see_is_refused_before_the_reply(speaker: Player) -> None:
    async with set_stage(speaker, "image_refused") as stage:
        address = "data:image/png;base64," + base64.b64encode(PICTURE.content).decode()
        content = [{"type": "text", "text": "?"}, {"type": "image_url", "image_url": {"url": address}}]
        for is_stream in (True, False):
            with pytest.raises(ImageRefused):
                await stage.backend.relay(
                    {**stage.payload(stream=is_stream), "messages": [{"role": "user", "content": content}]}
                )


async def test_a_refusal_is_an_answer(player: Player) -> None:
    async with set_stage(player, "refusal") as stage:
        events = await stage.hear()
    assert "cannot help" in text_of(events)
    last = events[-1]
    assert isinstance(last, Finished)
    has_a_word_for_it = (player.source != "stand-in" and player.kind != "ollama") or player.kind == "openai"
    assert last.reason == ("refused" if has_a_word_for_it else "stop")


async def test_an_empty_reply_is_finished_not_failed(player: Player) -> None:
    async with set_stage(player, "empty") as stage:
        events = await stage.hear()
    assert [type(event) for event in events] == [Finished]


async def test_a_schema_is_sent_where_it_has_an_effect(speaker: Player) -> None:
    async with set_stage(speaker, "json_schema") as stage:
        events = await stage.hear(json_schema=SCHEMA)
        sent = stage.asked[-1]
    assert isinstance(events[-1], Finished)
    if speaker.kind == "foundry":
        assert "response_format" not in sent
        return
    schema = sent["format"] if speaker.kind == "ollama" else sent["response_format"]["json_schema"]["schema"]
    assert schema == SCHEMA
    assert set(orjson.loads(text_of(events))) == {"name", "age"}


async def test_an_error_before_the_stream_has_its_own_code(player: Player) -> None:
    async with set_stage(player, "error_before") as stage:
        events = await stage.hear()
    is_loading = player == Player("llamacpp", "recording")
    assert error_of(events).code == ("model_loading" if is_loading else "backend_overloaded")
    assert len(events) == 1


async def test_a_busy_server_is_overloaded_streamed_or_relayed(player: Player) -> None:
    async with set_stage(player, "overloaded") as stage:
        assert isinstance(error_of(await stage.hear()), BackendOverloaded)
        for is_stream in (True, False):
            with pytest.raises(BackendOverloaded):
                await stage.backend.relay(stage.payload(stream=is_stream))


async def test_a_model_that_is_not_there_is_unknown(player: Player) -> None:
    async with set_stage(player, "unknown_model") as stage:
        events = await stage.hear()
        if player == Player("llamacpp", "stand-in", "llamacpp"):
            # A server of one model takes any name for it.
            assert isinstance(events[-1], Finished)
            return
        error = error_of(events)
        assert isinstance(error, ModelUnknown)
        assert error.values == {"model": stage.model}
        with pytest.raises(ModelUnknown):
            await stage.backend.relay(stage.payload(stream=True))


async def test_a_server_that_wants_a_key_is_told_apart(player: Player) -> None:
    async with set_stage(player, "unauthorised") as stage:
        assert isinstance(error_of(await stage.hear()), BackendUnauthorised)
        with pytest.raises(BackendUnauthorised):
            await stage.backend.relay(stage.payload(stream=True))
        if player.source != "scene" and not (player.kind == "llamacpp" and stage.living):
            with pytest.raises(BackendUnauthorised):
                await stage.backend.models()


@pytest.mark.parametrize("case", ["error_middle", "broken"])
async def test_what_came_before_an_error_is_kept(player: Player, case: str) -> None:
    async with set_stage(player, case) as stage:
        events = await stage.hear()
    assert text_of(events)
    assert isinstance(events[-1], Failed)
    if case == "broken":
        assert isinstance(error_of(events), BackendBroke)


async def test_an_answer_that_stops_before_its_end_is_broken_not_finished() -> None:
    for speaker in (each for each in SPEAKERS if each.source == "stand-in"):
        async with set_stage(speaker, "text", ends_after_tokens=3) as stage:
            assert isinstance(error_of(await stage.hear()), BackendBroke), speaker
            with pytest.raises(BackendBroke):
                await read_all(stage.backend.relay(stage.payload(stream=True)))


@pytest.mark.parametrize("case", ["silent", "slow"])
async def test_silence_is_a_timeout(player: Player, case: str) -> None:
    async with set_stage(player, case) as stage:
        began = time.monotonic()
        events = await stage.hear()
    assert isinstance(error_of(events), BackendTimeout)
    assert bool(text_of(events)) == (case == "slow")
    assert time.monotonic() - began > 0.4


async def test_closing_the_stream_reaches_the_server_within_two_seconds(player: Player) -> None:
    async with set_stage(player, "slow") as stage:
        stream = stage.backend.stream(stage.ask())
        async with aclosing(stream):
            assert isinstance(await anext(stream), TextDelta)
        await stage.wait_hung_up(2.0)
        assert [event async for event in stream] == []


async def test_a_cancelled_reader_hangs_up_within_two_seconds(player: Player) -> None:
    async with set_stage(player, "silent") as stage:
        reading = asyncio.ensure_future(stage.hear())
        await asyncio.sleep(0.1)
        reading.cancel()
        await asyncio.wait({reading})
        assert reading.cancelled()
        if stage.living is None or stage.asked:
            await stage.wait_hung_up(2.0)


async def test_a_prompt_that_is_too_long_names_the_limit(player: Player) -> None:
    async with set_stage(player, "context") as stage:
        error = error_of(await stage.hear())
        assert isinstance(error, ContextExceeded)
        assert set(error.values) == {"needed_tokens", "context_tokens", "model"}
        if player.kind != "ollama":  # it does not say how long the prompt was
            assert cast(int, error.values["needed_tokens"]) > cast(int, error.values["context_tokens"])
        for is_stream in (True, False):
            with pytest.raises(ContextExceeded):
                await read_all(stage.backend.relay(stage.payload(stream=is_stream)))


async def test_models_are_listed_with_what_they_can_do(player: Player) -> None:
    async with set_stage(player, "models") as stage:
        models = await stage.backend.models()
    assert models
    assert all(model.backend == stage.backend.name and model.state == "ready" for model in models)
    for model in models:
        can = model.capabilities
        assert can.vision is None or can.vision_known_by is not None
        assert ("vision" in can.guessed) == (can.vision_known_by == "name")
        assert can.context_tokens is None or can.context_tokens <= (can.trained_context_tokens or can.context_tokens)


async def test_chosen_parameters_are_sent_and_others_are_not(speaker: Player) -> None:
    async with set_stage(speaker, "text") as stage:
        await stage.hear(temperature=0.5, top_k=7, min_p=0.1, repeat_penalty=1.1, seed=3, max_tokens=9, stop=("END",))
        sent = stage.asked[-1]
        lacking = await _unsupported(stage)
    values = {**sent, **sent.get("options", {})}
    assert (values["temperature"], values["seed"], values["stop"]) == (0.5, 3, ["END"])
    assert values.get("max_tokens", values.get("num_predict")) == 9
    assert "top_p" not in values
    for name, theirs in {
        "top_k": "top_k",
        "min_p": "min_p",
        "repeat_penalty": "repetition_penalty" if speaker.kind == "vllm" else "repeat_penalty",
    }.items():
        # What is not sent is said to be unsupported, and the other way round.
        assert (theirs in values) == (name not in lacking), (name, values)


async def _unsupported(stage: Stage) -> frozenset[str]:
    """The parameters that the model on stage lacks; recordings of an answer have no list of models."""
    if stage.living is not None:
        return (await stage.backend.models())[0].capabilities.unsupported_parameters
    async with set_stage(stage.player, "models") as listing:
        return (await listing.backend.models())[0].capabilities.unsupported_parameters


async def test_a_server_that_is_gone_is_unreachable() -> None:
    for speaking_kind in SPEAKING_KINDS:
        guard = EgressGuard()
        guard.allow("http://127.0.0.1:9")
        client = EgressClient(guard)
        config = BackendConfig(name="gone", endpoint=lambda: Endpoint(url="http://127.0.0.1:9"))
        backend = registry.backend(speaking_kind).build(config, client)
        with pytest.raises(BackendUnreachable):
            await backend.models()
        with pytest.raises(BackendUnreachable):
            await backend.relay({"model": "m", "messages": [{"role": "user", "content": "hi"}]})
        await backend.close()
        await client.close()


@pytest.mark.parametrize("speaking_kind", SPEAKING_KINDS)
async def test_a_server_that_does_not_listen_yet_is_loading(speaking_kind: str) -> None:
    config = BackendConfig(name="soon", endpoint=lambda: None)
    backend = registry.backend(speaking_kind).build(config, EgressClient(EgressGuard()))
    stage = Stage(backend=backend, player=Player(speaking_kind, "recording"), case="text", model="m")
    assert isinstance(error_of(await stage.hear()), ModelLoading)


async def test_the_key_is_sent_and_never_told(speaker: Player) -> None:
    async with set_stage(speaker, "unauthorised", key="canary-key") as stage:
        error = error_of(await stage.hear())
        server = stage.recorded or stage.living
        assert server is not None
        assert {asked.headers.get("authorization") for asked in server.asked} == {"Bearer canary-key"}
    assert isinstance(error, BackendUnauthorised)
    assert "canary" not in f"{error} {error.values}"


@pytest.mark.parametrize("is_stream", [True, False])
async def test_an_openai_request_is_answered_in_openai_form(player: Player, is_stream: bool) -> None:
    async with set_stage(player, "text") as stage:
        payload = stage.payload(stream=is_stream, temperature=0)
        if is_stream:
            payload["stream_options"] = {"include_usage": True}
        relay = await stage.backend.relay(payload)
        body = b"".join([chunk async for chunk in relay.chunks()])
    assert relay.status == 200
    if player.source == "recording" and player.kind != "ollama":
        # What speaks the form itself is passed on byte by byte.
        assert stage.recorded is not None
        assert stage.asked[-1] == payload
        assert body == next(one.body for one in stage.recorded.exchanges if one.path == "/v1/chat/completions")
    elif is_stream:
        assert relay.content_type == "text/event-stream"
        chunks = _read_stream(body)
        assert "".join(chunk["choices"][0]["delta"].get("content") or "" for chunk in chunks if chunk["choices"])
        assert chunks[-1]["usage"]["completion_tokens"] > 0
    else:
        reply = orjson.loads(body)
        assert reply["object"] == "chat.completion"
        assert reply["choices"][0]["message"]["content"]
        assert reply["usage"]["prompt_tokens"] > 0


def _read_stream(body: bytes) -> list[dict[str, Any]]:
    lines = [line[6:] for line in body.decode().split("\n\n") if line.startswith("data: ")]
    assert lines[-1] == "[DONE]"
    return [orjson.loads(line) for line in lines[:-1]]


async def test_a_tool_call_arrives_whole_in_openai_form(speaker: Player) -> None:
    async with set_stage(speaker, "tool_call") as stage:
        body = await read_all(stage.backend.relay(stage.payload(stream=True, tools=TOOLS)))
    choices = [chunk["choices"][0] for chunk in _read_stream(body) if chunk["choices"]]
    pieces = [call for choice in choices for call in choice["delta"].get("tool_calls", [])]
    assert [piece["function"]["name"] for piece in pieces if piece["function"].get("name")] == ["get_weather"]
    assert all(piece["index"] == 0 for piece in pieces)
    assert pieces[0]["id"]
    arguments = "".join(piece["function"].get("arguments", "") for piece in pieces)
    assert orjson.loads(arguments) == {"city": "Paris"}
    assert choices[-1]["finish_reason"] == "tool_calls"


async def test_vectors_come_in_openai_form(speaker: Player) -> None:
    async with set_stage(speaker, "embeddings") as stage:
        asked = {"model": stage.model, "input": ["tea", "water"]}
        if speaker.stand_in == "foundry-1":
            # Version 1 of Foundry Local has no such path at all.
            with pytest.raises(EmbeddingsUnsupported):
                await stage.backend.relay_embeddings(asked)
            return
        reply = orjson.loads(await read_all(stage.backend.relay_embeddings(asked)))
    assert [entry["index"] for entry in reply["data"]] == [0, 1]
    assert all(len(entry["embedding"]) >= 3 for entry in reply["data"])
    assert reply["usage"]["prompt_tokens"] >= 0


async def test_ollamas_vectors_come_in_base64_where_that_is_asked_for() -> None:
    speaker = Player("ollama", "recording")
    async with set_stage(speaker, "embeddings") as stage:
        asked = {"model": "smollm2", "input": ["tea", "water"], "encoding_format": "base64"}
        reply = orjson.loads(await read_all(stage.backend.relay_embeddings(asked)))
    packed = base64.b64decode(reply["data"][0]["embedding"])
    assert struct.unpack("<3f", packed) == (0.25, -0.5, 1.0)
    assert reply["usage"] == {"prompt_tokens": 4, "total_tokens": 4}


async def test_a_model_that_makes_no_vectors_is_named(player: Player) -> None:
    async with set_stage(player, "no_embeddings") as stage:
        with pytest.raises(EmbeddingsUnsupported):
            await read_all(stage.backend.relay_embeddings({"model": stage.model, "input": "tea"}))


async def test_a_relay_that_is_closed_hangs_up(player: Player) -> None:
    async with set_stage(player, "slow") as stage:
        relay = await stage.backend.relay(stage.payload(stream=True))
        async with aclosing(relay.chunks()) as chunks:
            assert await anext(chunks)
        await stage.wait_hung_up(2.0)


async def test_a_relay_that_nobody_reads_hangs_up_when_closed(player: Player) -> None:
    async with set_stage(player, "slow") as stage:
        relay = await stage.backend.relay(stage.payload(stream=True))
        await relay.close()
        await stage.wait_hung_up(2.0)


async def test_no_address_in_a_request_reaches_a_server(speaker: Player) -> None:
    async with set_stage(speaker, "text") as stage:
        for part in (
            {"type": "image_url", "image_url": {"url": "http://127.0.0.1:9/x.png"}},
            {"type": "image_url", "image_url": "file:///etc/passwd"},
            {"type": "video_url", "video_url": {"url": "https://example.org/x.mp4"}},
            {"type": "audio_url", "audio_url": {}},
        ):
            with pytest.raises(BackendRefused):
                await stage.backend.relay({**stage.payload(), "messages": [{"role": "user", "content": [part]}]})
        assert stage.asked == []
