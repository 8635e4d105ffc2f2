"""Hostile and broken model servers: what they send is text, bounded, or a named error."""

import itertools
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support.servers import Exchange, play

from samovar import registry
from samovar.backends._shared.wire import LineReader
from samovar.domain.errors import (
    BackendBroke,
    BackendError,
    BackendFailed,
    BackendOverloaded,
    BackendRefused,
    BackendReplyInvalid,
    BackendUnreachable,
    ContextExceeded,
    ModelUnknown,
)
from samovar.domain.generation import BackendEvent, ChatRequest, Failed, Finished, PromptMessage, TextDelta, TextPart
from samovar.egress import EgressClient, EgressGuard
from samovar.ports.backend import BackendConfig, ChatBackend, Endpoint

ASK = ChatRequest(model="m", messages=(PromptMessage(role="user", parts=(TextPart(text="hi"),)),))
CHAT = "/v1/chat/completions"


class Pieces:
    """A body that arrives in given pieces."""

    def __init__(self, pieces: list[bytes]) -> None:
        self._pieces = [piece for piece in pieces if piece]

    async def readany(self) -> bytes:
        return self._pieces.pop(0) if self._pieces else b""


async def read_all(pieces: list[bytes]) -> list[bytes]:
    reader = LineReader(Pieces(pieces), backend="b")
    lines: list[bytes] = []
    while (group := await reader.read()) is not None:
        lines += group
    return lines


@settings(max_examples=200, deadline=None)
@given(content=st.binary(max_size=400).map(lambda raw: raw.replace(b"q", b"\n")), cuts=st.lists(st.integers(0, 400)))
async def test_lines_are_the_same_however_the_bytes_are_split(content: bytes, cuts: list[int]) -> None:
    places = [0, *sorted(cut for cut in cuts if cut < len(content)), len(content)]
    pieces = [content[start:end] for start, end in itertools.pairwise(places)]
    expected = content.split(b"\n")
    assert await read_all(pieces) == (expected[:-1] if expected[-1] == b"" else expected)


@pytest.mark.parametrize("piece_bytes", [1_000, 60_000, 20_000_000])
async def test_a_line_without_end_is_refused(piece_bytes: int) -> None:
    with pytest.raises(BackendReplyInvalid):
        await read_all([b"x" * piece_bytes] * (10_000_000 // piece_bytes + 2))


@asynccontextmanager
async def speaking_to(
    body: bytes, *, status: int = 200, content_type: str = "text/event-stream", path: str = CHAT
) -> AsyncIterator[ChatBackend]:
    exchange = Exchange(
        method="GET" if path == "/v1/models" else "POST", path=path, status=status, content_type=content_type, body=body
    )
    async with play([exchange]) as server:
        guard = EgressGuard()
        guard.allow(server.url)
        client = EgressClient(guard)
        config = BackendConfig(
            name="b", endpoint=lambda: Endpoint(url=server.url, key="canary"), first_token_timeout_s=5, idle_timeout_s=5
        )
        yield registry.backend("openai").build(config, client)
        await client.close()


async def hear(body: bytes, *, status: int = 200, content_type: str = "text/event-stream") -> list[BackendEvent]:
    async with speaking_to(body, status=status, content_type=content_type) as backend:
        return [event async for event in backend.stream(ASK)]


def chunk(text: object, reason: str | None = None) -> bytes:
    return (
        b"data: " + json.dumps({"choices": [{"delta": {"content": text}, "finish_reason": reason}]}).encode() + b"\n\n"
    )


def error_of(events: list[BackendEvent]) -> BackendError:
    last = events[-1]
    assert isinstance(last, Failed), events
    return last.error


async def test_unknown_events_are_passed_over() -> None:
    body = (
        b"retry: 10\n\nevent: execute\nid: 3\n: ping\n\n"
        b'data: {"type":"execute","code":"alert(1)"}\n\ndata:\n\n'
        + b'data: {"choices":[{"delta":{"tool_calls":[{"x":1}],"surprise":{}}}],"more":[1]}\n\n'
        + b'data: {"choices":[null]}\n\ndata: {"choices":"?"}\n\n'
        + chunk("fine")
        + b"data: [DONE]\n\n"
    )
    assert await hear(body) == [TextDelta(text="fine"), Finished(reason="other")]


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (b"<!doctype html><html><script>alert(1)</script></html>", "text/html"),
        (b"<html>\n<body>\n", "text/event-stream"),
        (b"data: {not json}\n\n", "text/event-stream"),
        (b"data: [1, 2]\n\n", "text/event-stream"),
        (b"data: \xff\xfe\n\n", "text/event-stream"),
        (chunk({"html": "<b>"}), "text/event-stream"),
        (chunk(7), "text/event-stream"),
        (b'{"choices":[]}', "application/json"),
        (b"garbage", "application/json"),
        (chunk("x" * 10_000_000), "text/event-stream"),
        (b'data: {"choices":[{"delta":{"content":"' + b"[" * 900_000 + b"\n\n", "text/event-stream"),
    ],
)
async def test_nonsense_is_named_and_bounded(body: bytes, content_type: str) -> None:
    events = await hear(body, content_type=content_type)
    assert len(events) == 1
    assert isinstance(error_of(events), BackendReplyInvalid)


async def test_markup_in_an_answer_is_only_text() -> None:
    events = await hear(chunk("<script>alert(1)</script>\0", "stop") + b"data: [DONE]\n\n")
    assert events == [TextDelta(text="<script>alert(1)</script>"), Finished(reason="stop")]


async def test_an_end_without_done_is_an_end_if_the_reason_came() -> None:
    assert (await hear(chunk("yes", "length")))[-1] == Finished(reason="length")
    assert isinstance(error_of(await hear(chunk("yes"))), BackendBroke)


async def test_usage_that_is_no_usage_is_unknown() -> None:
    for usage in (b'{"prompt_tokens":-1,"completion_tokens":1}', b'{"prompt_tokens":"3"}', b"[]", b"null"):
        body = chunk("a", "stop") + b'data: {"choices":[],"usage":' + usage + b"}\n\ndata: [DONE]\n\n"
        assert (await hear(body))[-1] == Finished(reason="stop", usage=None)


@pytest.mark.parametrize(
    ("status", "body", "error"),
    [
        (404, b'{"error":{"message":"The model `m` does not exist."}}', ModelUnknown),
        (404, b"<html>not here</html>", BackendReplyInvalid),
        (404, b'{"detail":"Not Found"}', BackendRefused),
        (429, b"", BackendOverloaded),
        (503, b"busy", BackendOverloaded),
        (502, b"<html>", BackendUnreachable),
        (500, b"oops", BackendReplyInvalid),
        (500, b'{"error":"it fell"}', BackendFailed),
        (302, b'{"error":"moved"}', BackendReplyInvalid),
        (422, b'{"detail":[{"loc":["body"]}]}', BackendReplyInvalid),
        (400, b'{"error":{"message":"too long","code":"context_length_exceeded"}}', ContextExceeded),
    ],
)
async def test_every_status_has_an_error(status: int, body: bytes, error: type[BackendError]) -> None:
    events = await hear(body, status=status, content_type="application/json")
    assert [type(error_of(events))] == [error]
    assert len(events) == 1


async def test_a_reason_is_one_bounded_line_without_the_key() -> None:
    words = "bad\nkey canary \x1b[31m" + "x" * 5000
    body = json.dumps({"error": {"message": words}}).encode()
    error = error_of(await hear(body, status=400, content_type="application/json"))
    reason = str(error.values["reason"])
    assert "canary" not in reason
    assert reason.isprintable()
    assert len(reason) <= 300


async def test_a_short_reply_that_never_ends_is_refused() -> None:
    async with speaking_to(b"x" * 5_000_000, content_type="application/json", path="/v1/models") as backend:
        with pytest.raises(BackendReplyInvalid):
            await backend.models()
