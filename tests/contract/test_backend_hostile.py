"""Hostile and broken servers, for every backend: what they send is text, bounded, or an error with a name."""

import asyncio
import contextlib
import gzip
import json
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.contract.backend_stage import SPEAKERS, SPEAKING_KINDS, Player, error_of, read_all, set_stage, text_of
from tests.support.servers import Exchange, PlayingServer, play

from samovar import registry
from samovar.domain.errors import BackendBroke, BackendError, BackendReplyInvalid, BackendTimeout
from samovar.domain.generation import BackendEvent, ChatRequest, Failed, Finished, PromptMessage, TextDelta, TextPart
from samovar.egress import EgressClient, EgressGuard
from samovar.ports.backend import BackendConfig, ChatBackend, Endpoint

LIVING = [speaker for speaker in SPEAKERS if speaker.source == "stand-in"]
ASK = ChatRequest(model="m", messages=(PromptMessage(role="user", parts=(TextPart(text="hi"),)),))
PAYLOAD = {"model": "m", "messages": [{"role": "user", "content": "hi"}], "stream": True}
#: A lone half of a surrogate pair, which is legal in JavaScript's strings and in no text.
HALF = "\\ud83d"


@asynccontextmanager
async def speaking(
    kind: str, url: str, *, patience_s: float = 30.0, key: str | None = None
) -> AsyncIterator[ChatBackend]:
    guard = EgressGuard()
    guard.allow(url)
    client = EgressClient(guard)
    config = BackendConfig(
        name="b",
        endpoint=lambda: Endpoint(url=url, key=key),
        first_token_timeout_s=patience_s,
        idle_timeout_s=patience_s,
    )
    backend = registry.backend(kind).build(config, client)
    try:
        yield backend
    finally:
        await backend.close()
        await client.close()


@asynccontextmanager
async def shouting(write: Callable[[asyncio.StreamWriter], Awaitable[None]]) -> AsyncIterator[str]:
    """A server that answers any request by writing what it likes."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            head = await reader.readuntil(b"\r\n\r\n")
            length = next((line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")), b": 0")
            await reader.readexactly(int(length.partition(b":")[2]))
            await write(writer)
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()


def chat_path(kind: str) -> str:
    return "/api/chat" if kind == "ollama" else "/v1/chat/completions"


def delta(kind: str, text: str) -> bytes:
    """One piece of an answer; ``text`` is put in as it is, between quotes."""
    if kind == "ollama":
        return b'{"message":{"role":"assistant","content":"' + text.encode() + b'"},"done":false}\n'
    return b'data: {"choices":[{"index":0,"delta":{"content":"' + text.encode() + b'"}}]}\n\n'


def end(kind: str) -> bytes:
    return b'{"message":{"content":""},"done":true}\n' if kind == "ollama" else b"data: [DONE]\n\n"


def stream_type(kind: str) -> str:
    return "application/x-ndjson" if kind == "ollama" else "text/event-stream"


@asynccontextmanager
async def answering(kind: str, body: bytes, *, content_type: str = "", status: int = 200) -> AsyncIterator[ChatBackend]:
    exchange = Exchange(
        method="POST",
        path=chat_path(kind),
        status=status,
        content_type=content_type or stream_type(kind),
        body=body,
    )
    async with play([exchange]) as server, speaking(kind, server.url) as backend:
        yield backend


async def hear(backend: ChatBackend) -> list[BackendEvent]:
    return [event async for event in backend.stream(ASK)]


@pytest.mark.parametrize("player", LIVING, ids=str)
async def test_events_that_nobody_knows_are_passed_over(player: Player) -> None:
    async with set_stage(player, "text") as plain, set_stage(player, "text", sends_unknown_events=True) as strange:
        expected, heard = await plain.hear(), await strange.hear()
    assert text_of(heard) == text_of(expected)
    assert isinstance(heard[-1], Finished)


@pytest.mark.parametrize("player", LIVING, ids=str)
async def test_a_page_of_html_is_no_reply(player: Player) -> None:
    async with set_stage(player, "text", sends_html=True) as stage:
        assert isinstance(error_of(await stage.hear()), BackendReplyInvalid)
        for opening in (
            stage.backend.models(),
            stage.backend.relay(stage.payload()),
            stage.backend.relay(stage.payload(stream=True)),
            stage.backend.relay_embeddings({"model": stage.model, "input": "tea"}),
        ):
            with pytest.raises(BackendReplyInvalid):
                await opening


@pytest.mark.parametrize("player", LIVING, ids=str)
async def test_a_delta_of_ten_megabytes_is_refused_and_what_came_before_it_is_kept(player: Player) -> None:
    async with set_stage(player, "text", huge_delta_bytes=10_000_000) as stage:
        events = await stage.hear()
    assert isinstance(error_of(events), BackendReplyInvalid)
    assert len(text_of(events)) < 1_000_000


@pytest.mark.parametrize("player", LIVING, ids=str)
async def test_a_line_that_cannot_be_read_ends_the_answer(player: Player) -> None:
    async with set_stage(player, "text", sends_garbage=True) as stage:
        events = await stage.hear()
    assert text_of(events)
    assert isinstance(error_of(events), BackendReplyInvalid)


@pytest.mark.parametrize("usage", ["missing", "zero", "huge", "negative", "words"])
@pytest.mark.parametrize("player", LIVING, ids=str)
async def test_counts_that_cannot_be_true_are_unknown(player: Player, usage: str) -> None:
    async with set_stage(player, "text", usage=usage) as stage:
        last = (await stage.hear())[-1]
    assert isinstance(last, Finished)
    assert last.usage is None or not last.usage.prompt_is_whole


@pytest.mark.parametrize("kind", ["openai", "ollama"])
async def test_an_endless_stream_is_cut_at_a_bound(kind: str) -> None:
    async def shout(writer: asyncio.StreamWriter) -> None:
        head = f"HTTP/1.1 200 OK\r\nContent-Type: {stream_type(kind)}\r\n\r\n"
        writer.write(head.encode())
        while True:
            writer.write(delta(kind, "x" * 500_000))
            await writer.drain()

    async with shouting(shout) as url, speaking(kind, url) as backend:
        total, last = 0, None
        async for event in backend.stream(ASK):
            total, last = total + len(event.text if isinstance(event, TextDelta) else ""), event
        assert isinstance(last, Failed)
        assert isinstance(last.error, BackendReplyInvalid)
        assert 1_000_000 < total < 129_000_000


async def test_an_endless_relay_is_cut_at_a_bound() -> None:
    async def shout(writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n")
        while True:
            writer.write(delta("openai", "x" * 500_000))
            await writer.drain()

    async with shouting(shout) as url, speaking("openai", url) as backend:
        relay, total = await backend.relay(PAYLOAD), 0

        async def take_all() -> None:
            nonlocal total
            async for piece in relay.chunks():
                total += len(piece)

        with pytest.raises(BackendReplyInvalid):
            await take_all()
        assert 1_000_000 < total < 129_000_000


async def test_a_whole_answer_of_countless_pieces_is_not_gathered_in_memory() -> None:
    body = delta("ollama", "x") * 300_000 + end("ollama")
    async with answering("ollama", body) as backend:
        with pytest.raises(BackendReplyInvalid):
            await read_all(backend.relay({**PAYLOAD, "stream": False}))


@pytest.mark.parametrize("kind", SPEAKING_KINDS)
async def test_deep_json_is_no_json(kind: str) -> None:
    deep = b'{"a":' * 200_000
    async with answering(kind, (b"" if kind == "ollama" else b"data: ") + deep[:900_000] + b"\n\n") as backend:
        assert isinstance(error_of(await hear(backend)), BackendReplyInvalid)
    async with answering(kind, b"[" * 900_000, content_type="application/json", status=400) as backend:
        assert isinstance(error_of(await hear(backend)), BackendReplyInvalid)


@pytest.mark.parametrize("kind", SPEAKING_KINDS)
async def test_zero_characters_are_left_out_and_half_characters_end_the_answer(kind: str) -> None:
    async with answering(kind, delta(kind, "a\\u0000b") + end(kind)) as backend:
        assert text_of(await hear(backend)) == "ab"
    async with answering(kind, delta(kind, "before") + delta(kind, HALF) + end(kind)) as backend:
        events = await hear(backend)
    assert text_of(events) == "before"
    assert isinstance(error_of(events), BackendReplyInvalid)


@pytest.mark.parametrize("kind", SPEAKING_KINDS)
async def test_headers_without_end_are_refused(kind: str) -> None:
    written = 0

    async def shout(writer: asyncio.StreamWriter) -> None:
        nonlocal written
        writer.write(b"HTTP/1.1 200 OK\r\n")
        while True:
            writer.write(b"X-More: " + b"x" * 1000 + b"\r\n")
            await writer.drain()
            written += 1000

    async with shouting(shout) as url, speaking(kind, url, patience_s=5.0) as backend:
        error = error_of(await hear(backend))
        assert isinstance(error, BackendReplyInvalid | BackendBroke | BackendTimeout)
    assert written < 64_000_000


@pytest.mark.parametrize("kind", SPEAKING_KINDS)
async def test_what_is_compressed_without_being_asked_is_refused(kind: str) -> None:
    body = gzip.compress(delta(kind, "x" * 50_000_000) + end(kind))

    async def shout(writer: asyncio.StreamWriter) -> None:
        head = f"HTTP/1.1 200 OK\r\nContent-Type: {stream_type(kind)}\r\nContent-Encoding: gzip\r\n"
        writer.write(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body)
        await writer.drain()

    async with shouting(shout) as url, speaking(kind, url) as backend:
        assert isinstance(error_of(await hear(backend)), BackendReplyInvalid)
        with pytest.raises(BackendReplyInvalid):
            await backend.models()
        with pytest.raises(BackendReplyInvalid):
            await backend.relay(PAYLOAD)


@pytest.mark.parametrize("kind", SPEAKING_KINDS)
async def test_another_content_type_is_read_as_a_stream_or_refused_but_never_passed_on(kind: str) -> None:
    async with answering(kind, delta(kind, "text") + end(kind), content_type="image/svg+xml") as backend:
        assert text_of(await hear(backend)) == "text"
        if kind == "ollama":
            # Its reply is not passed on but read, and written anew.
            relay = await backend.relay(PAYLOAD)
            assert relay.content_type == "text/event-stream"
            await relay.close()
        else:
            with pytest.raises(BackendReplyInvalid):
                await backend.relay(PAYLOAD)


@pytest.mark.parametrize("kind", SPEAKING_KINDS)
async def test_what_is_not_http_is_refused(kind: str) -> None:
    async def shout(writer: asyncio.StreamWriter) -> None:
        writer.write(b"\x16\x03\x01\x02\x00SSH-2.0-OpenSSH_9.6\r\n" * 50)
        await writer.drain()

    async with shouting(shout) as url, speaking(kind, url, patience_s=5.0) as backend:
        assert isinstance(error_of(await hear(backend)), BackendReplyInvalid | BackendBroke)


LISTS = {
    "llamacpp": {"/v1/models": "data", "/props": ""},
    "vllm": {"/v1/models": "data"},
    "ollama": {"/api/tags": "models", "/api/ps": "models", "/api/version": ""},
    "lmstudio": {"/api/v1/models": "models"},
    "foundry": {"/v1/models": "data", "/models/loaded": "", "/foundry/list": "models"},
    "openai": {"/v1/models": "data"},
}
NAMES = ("id", "key", "name")


@pytest.mark.parametrize("kind", SPEAKING_KINDS)
async def test_a_list_of_models_without_end_is_cut_and_strange_names_are_left_out(kind: str) -> None:
    names = ["good", "good", "with\nline", "\u202e", "", "n" * 501, *(f"m{number}" for number in range(5000))]
    entries = [{**dict.fromkeys(NAMES, name), "loaded_instances": [], "capabilities": []} for name in names]
    async with play(_listing(kind, entries, {})) as server, speaking(kind, server.url) as backend:
        found = [model.model for model in await backend.models()]
    assert found[0] == "good"
    assert len(found) == len(set(found)) == 1000
    assert all(name.isprintable() and 0 < len(name) <= 500 for name in found)


_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats(allow_nan=False) | st.text(max_size=6),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=6,
)
_FIELDS = (
    *("max_model_len", "context_length", "meta", "architecture", "status", "capabilities", "type", "publisher"),
    *("loaded_instances", "max_context_length", "quantization", "size_bytes", "details", "size", "digest", "state"),
    *("loaded_context_length", "task", "fileSizeMb", "supportsToolCalling", "license", "contextLength", "version"),
)
_PROPERTIES = (
    "default_generation_settings",
    "modalities",
    "chat_template",
    "chat_template_caps",
    "total_slots",
    "version",
)
_ENTRIES = st.lists(st.fixed_dictionaries({}, optional=dict.fromkeys(_FIELDS, _VALUES)) | _VALUES, max_size=3)


@pytest.mark.parametrize("kind", SPEAKING_KINDS)
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(entries=_ENTRIES, properties=st.fixed_dictionaries({}, optional=dict.fromkeys(_PROPERTIES, _VALUES)))
async def test_any_json_in_a_list_is_a_list_or_an_error_with_a_name(
    kind: str, entries: list[object], properties: dict[str, object]
) -> None:
    named = [
        {**entry, **dict.fromkeys(NAMES, f"m{number}")} if isinstance(entry, dict) else entry
        for number, entry in enumerate(entries)
    ]
    async with play(_listing(kind, named, properties)) as server, speaking(kind, server.url) as backend:
        with contextlib.suppress(BackendError):
            for model in await backend.models():
                can = model.capabilities
                assert can.context_tokens is None or 0 <= can.context_tokens <= 10**8
                assert can.quantisation is None or len(can.quantisation) <= 80


def _listing(kind: str, entries: Sequence[object], properties: object) -> list[Exchange]:
    def reply(path: str, body: object, method: str = "GET") -> Exchange:
        content = json.dumps(body).encode()
        return Exchange(method=method, path=path, status=200, content_type="application/json", body=content)

    gets = [reply(path, {place: entries} if place else properties) for path, place in LISTS[kind].items()]
    return [*gets, reply("/api/show", properties, "POST"), reply(chat_path(kind), {}, "POST")]


async def test_a_hostile_answer_is_not_waited_for_by_a_list_of_models() -> None:
    exchanges = [
        Exchange(
            method="GET",
            path="/v1/models",
            status=200,
            content_type="application/json",
            body=b'{"data":[{"id":"m","owned_by":"vllm","max_model_len":2048}]}',
        ),
        Exchange(
            method="POST",
            path="/v1/chat/completions",
            status=200,
            content_type="application/json",
            body=b"{",
            ending="hang",
        ),
    ]
    async with play(exchanges) as server, speaking("vllm", server.url) as backend:
        for _ in range(3):
            (model,) = await backend.models()
            assert model.capabilities.vision is None
        assert len(_shown_pictures(server)) == 1


def _shown_pictures(server: PlayingServer) -> list[bytes]:
    return [asked.body for asked in server.requests_to("/v1/chat/completions") if b"image_url" in asked.body]


async def test_a_refused_reply_of_any_status_is_an_error_and_no_relay() -> None:
    for kind in SPEAKING_KINDS:
        for status in (301, 400, 403, 404, 418, 422, 429, 500, 502, 503, 599):
            body = b'{"error":{"message":"no such thing here"}}'
            async with answering(kind, body, content_type="application/json", status=status) as backend:
                with pytest.raises(BackendError):
                    await read_all(backend.relay(PAYLOAD))


@pytest.mark.parametrize("kind", SPEAKING_KINDS)
async def test_a_server_that_repeats_its_key_inside_a_stream_gives_nothing_away(kind: str) -> None:
    told = json.dumps({"error": {"message": "no such key: canary-key", "type": "invalid"}}).encode()
    body = delta(kind, "It begins") + (b"" if kind == "ollama" else b"data: ") + told + b"\n\n"
    exchange = Exchange(method="POST", path=chat_path(kind), status=200, content_type=stream_type(kind), body=body)
    async with play([exchange]) as server, speaking(kind, server.url, key="canary-key") as backend:
        error = error_of(await hear(backend))
    assert "no such key" in str(error)
    assert "canary" not in f"{error} {error.values}"


def test_a_first_line_of_blanks_is_looked_at_in_no_time() -> None:
    # In a process of its own: a search that tries everything twice would take ten minutes, and cannot be interrupted.
    look = (
        "from samovar.backends._shared.server import _ERROR_FIRST as first\n"
        "for line in (b'event:' + b' ' * 200_000, b'event:' + b' ' * 100_000 + b'data:' + b' ' * 100_000):\n"
        "    assert first.match(line) is None\n"
        "error = b'{\"error\": 1}'\n"
        "for line in (error, b'data: ' + error, b'event: error\\ndata: ' + error, b'error: ' + error):\n"
        "    assert first.match(line)\n"
        "assert first.match(b'data: {\"error\": null}') is None\n"
    )
    subprocess.run([sys.executable, "-c", look], check=True, timeout=60)
