"""The OpenAI-compatible door before living model servers: who answers, what is passed on, and what it costs."""

import asyncio
import base64
import json
import logging
import struct
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from tests.support.application import Running, run_application
from tests.support.database import fresh_database
from tests.support.stand_ins import Behaviour, RunningStandIn, run_stand_in

from samovar.domain.account import KEY_SCOPES
from samovar.gateway.tokens import estimate_tokens
from samovar.settings import BackendServer, BackendsSettings, EngineSettings, LoadSettings, RouteSettings, Settings
from samovar.storage.embedded import EmbeddedServer

KINDS = {"first": "openai", "second": "openai", "exact": "vllm", "cutting": "ollama"}
MODELS = {"exact": "Qwen/Qwen2.5-1.5B-Instruct", "cutting": "llama3.2:latest"}
#: A whole reply, and a stream that ends with its usage.
FORMS: tuple[dict[str, Any], ...] = ({}, {"stream": True, "stream_options": {"include_usage": True}})
WORDS = "The samovar boils water for tea in the garden, and the pot stands on top to keep warm all day long. "


@dataclass(frozen=True, slots=True)
class House:
    """A Samovar with four model servers behind it, and a program that asks it. ``both`` is a route over two."""

    running: Running
    servers: Mapping[str, RunningStandIn]
    session: aiohttp.ClientSession
    secret: str

    async def post(self, path: str, body: object, **headers: str) -> tuple[int, bytes, Mapping[str, str]]:
        async with self.session.post(path, json=body, headers=headers) as reply:
            return reply.status, await reply.read(), reply.headers

    async def complete(self, model: str, text: str = "Tea?", **fields: object) -> dict[str, Any]:
        """Ask, expect an answer, and return it."""
        body = {"model": model, "messages": [{"role": "user", "content": text}], **fields}
        status, content, _ = await self.post("/v1/chat/completions", body)
        assert status == 200, content
        answer: dict[str, Any] = json.loads(content)
        return answer

    def cuts(self, server: str) -> float:
        value = self.running.services.metrics.prompts_cut.labels(server)._value.get()
        return float(value)

    async def tokens_today(self) -> int:
        _, listing = await self.running.client.send("GET", "/api/keys")
        [used] = [key["tokens_today"] for key in listing["keys"] if self.secret.startswith(key["prefix"])]
        return int(used)

    async def until_quiet(self) -> None:
        """Wait until no server's line has anybody in it."""
        async with asyncio.timeout(30):
            while any(member.queue.running or member.queue.waiting for member in self.running.services.pool.members):
                await asyncio.sleep(0.02)


async def open_house(
    stack: AsyncExitStack, data_dir: Path, database: str
) -> tuple[Running, Mapping[str, RunningStandIn]]:
    servers = {name: await stack.enter_async_context(run_stand_in(kind)) for name, kind in KINDS.items()}
    backends = BackendsSettings(
        servers=tuple(
            BackendServer(
                name=name,
                kind=KINDS[name],
                url=server.url,
                parallel=2 if name == "first" else None,
                load=LoadSettings(context_tokens=32_768) if name == "cutting" else LoadSettings(),
            )
            for name, server in servers.items()
        ),
        discover=False,
        first_token_timeout_s=60,
        idle_timeout_s=60,
    )
    settings = Settings(
        data_dir=data_dir,
        database_url=database,
        engine=EngineSettings(enabled=False),
        backends=backends,
        routes=(RouteSettings(name="both", targets=("first/text-model", "second/text-model")),),
    )
    settings = settings.model_copy(update={"limits": settings.limits.model_copy(update={"queue": 1})})
    return await stack.enter_async_context(run_application(settings)), servers


@pytest.fixture(scope="module")
async def opened(
    database_server: EmbeddedServer, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[tuple[Running, Mapping[str, RunningStandIn]]]:
    with fresh_database(database_server) as database:
        async with AsyncExitStack() as stack:
            yield await open_house(stack, tmp_path_factory.mktemp("data"), database)


@pytest.fixture
async def house(opened: tuple[Running, Mapping[str, RunningStandIn]]) -> AsyncIterator[House]:
    """The house as new, with a key of its own."""
    running, servers = opened
    for server in servers.values():
        server.stand_in.behaviour = Behaviour()
        server.stand_in.asked.clear()
        server.stand_in.cancelled = 0
    await running.services.pool.ask_all(now=True)
    secret = await running.new_key(*KEY_SCOPES)
    async with aiohttp.ClientSession(running.client.address, headers={"Authorization": f"Bearer {secret}"}) as session:
        yield House(running, servers, session, secret)


def question(model: str, text: str = "Tea?", **fields: object) -> dict[str, Any]:
    return {"model": model, "messages": [{"role": "user", "content": text}], **fields}


def events_of(content: bytes) -> list[dict[str, Any]]:
    lines = [line[6:] for line in content.decode().splitlines() if line.startswith("data: ")]
    return [json.loads(line) for line in lines if line != "[DONE]"]


def error_of(content: bytes) -> dict[str, Any]:
    error = json.loads(content)["error"]
    assert isinstance(error, dict)
    return error


async def test_the_headers_tell_who_answered_and_the_reply_is_not_touched(house: House) -> None:
    for stream in (False, True):
        status, content, headers = await house.post("/v1/chat/completions", question("both", stream=stream))
        assert status == 200
        assert (headers["X-Samovar-Backend"], headers["X-Samovar-Model"]) == ("first", "text-model")
        assert "X-Samovar-Tried" not in headers
        told = events_of(content)[0] if stream else json.loads(content)
        assert told["model"] == "text-model", "the name is the backend's own"


async def test_a_request_is_passed_on_whole(house: House) -> None:
    fields: dict[str, Any] = {
        "n": 1,
        "seed": 7,
        "logprobs": True,
        "top_logprobs": 2,
        "stop": ["END"],
        "user": "me",
        "tools": [{"type": "function", "function": {"name": "boil", "parameters": {"type": "object"}}}],
        "tool_choice": "none",
        "response_format": {"type": "json_object"},
        "something_new": {"deep": [1, {"er": None}]},
    }
    await house.complete("first/text-model", **fields)
    [asked] = house.servers["first"].requests_to("/v1/chat/completions")
    assert asked.json == question("text-model", **fields)


async def test_nothing_of_the_clients_headers_reaches_a_server(house: House) -> None:
    canaries = {
        "Cookie": "canary=1",
        "X-Canary": "canary",
        "X-Forwarded-For": "10.9.8.7",
        "Referer": "http://canary.example/",
        "OpenAI-Organization": "canary",
        "User-Agent": "canary/1",
    }
    for path, body in (
        ("/v1/chat/completions", question("first/text-model")),
        ("/v1/embeddings", {"model": "first/embedding-model", "input": "tea"}),
    ):
        status, content, _ = await house.post(path, body, **canaries)
        assert status == 200, content
        [asked] = house.servers["first"].requests_to(path)
        sent = json.dumps(dict(asked.headers))
        assert "canary" not in sent
        assert "10.9.8.7" not in sent
        assert house.secret not in sent


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        ({"dies_before_reply": True}, "backend_broke"),
        ({"busy_replies": -1}, "backend_overloaded"),
        ({"sends_html": True}, "backend_reply_invalid"),
        ({"key": "another"}, "backend_unauthorised"),
    ],
    ids=str,
)
@pytest.mark.parametrize("stream", [False, True])
async def test_another_server_answers_while_nothing_was_shown(
    house: House, fault: dict[str, Any], error: str, stream: bool
) -> None:
    house.servers["first"].stand_in.behaviour = Behaviour(**fault)
    status, content, headers = await house.post("/v1/chat/completions", question("both", stream=stream))
    assert status == 200, content
    assert headers["X-Samovar-Backend"] == "second"
    assert headers["X-Samovar-Tried"] == f"first/text-model; error={error}"
    assert b"error" not in content
    await house.until_quiet()


async def test_a_whole_reply_that_breaks_off_is_begun_again_elsewhere_and_a_stream_is_not(house: House) -> None:
    house.servers["first"].stand_in.behaviour = Behaviour(dies_after_tokens=5, answer_tokens=50)
    status, content, headers = await house.post("/v1/chat/completions", question("both"))
    assert (status, headers["X-Samovar-Backend"]) == (200, "second"), content
    await house.running.services.pool.ask_all(now=True)
    status, content, headers = await house.post("/v1/chat/completions", question("both", stream=True))
    assert (status, headers["X-Samovar-Backend"]) == (200, "first")
    *shown, last = events_of(content)
    assert shown
    assert last["error"]["code"] == "backend_broke"
    assert b"[DONE]" not in content
    assert len(house.servers["second"].requests_to("/v1/chat/completions")) == 1
    await house.until_quiet()


async def test_when_no_server_answers_the_last_error_is_told_in_openais_form(house: House) -> None:
    for name in ("first", "second"):
        house.servers[name].stand_in.behaviour = Behaviour(busy_replies=-1)
    status, content, headers = await house.post("/v1/chat/completions", question("both"))
    assert (status, error_of(content)["code"]) == (503, "backend_overloaded")
    assert error_of(content)["type"] == "server_error"
    assert int(headers["Retry-After"]) > 0
    await house.until_quiet()


@pytest.mark.parametrize("server", ["exact", "cutting"])
async def test_a_prompt_that_is_too_long_has_openais_code(house: House, server: str) -> None:
    house.servers[server].stand_in.behaviour = Behaviour(context_tokens=300)
    await house.running.services.pool.ask_all(now=True)
    status, content, _ = await house.post("/v1/chat/completions", question(f"{server}/{MODELS[server]}", WORDS * 2000))
    error = error_of(content)
    assert (status, error["code"], error["param"]) == (400, "context_length_exceeded", "messages")
    assert error["samovar_code"] == "context_exceeded"


async def test_each_model_is_listed_with_what_it_can_do_and_found_by_its_names(house: House) -> None:
    async with house.session.get("/v1/models") as reply:
        listing = await reply.json()
    models = {model["id"]: model for model in listing["data"]}
    assert models["both"]["targets"] == ["first/text-model", "second/text-model"]
    exact = models[MODELS["exact"]]
    assert (exact["object"], exact["owned_by"], exact["context_length"]) == ("model", "exact", 32_768)
    assert isinstance(exact["created"], int)
    assert models["first/embedding-model"]["owned_by"] == "first", "two servers offer it"
    for name in ("both", MODELS["exact"], f"exact/{MODELS['exact']}", "first/text-model"):
        async with house.session.get(f"/v1/models/{name}") as reply:
            assert reply.status == 200
    for name in ("nobody", "first/nobody", "a/b/c/d", "%F0%9F%8D%B5"):
        async with house.session.get(f"/v1/models/{name}") as reply:
            assert (reply.status, error_of(await reply.read())["code"]) == (404, "model_not_found")


@pytest.mark.parametrize("model", ["first/embedding-model", "nomic-embed-text:latest"])
async def test_vectors_come_in_both_encodings_and_of_each_form_of_input(house: House, model: str) -> None:
    plain: list[list[float]] = []
    for text in ("tea", ["tea", "чай"]):
        status, content, headers = await house.post("/v1/embeddings", {"model": model, "input": text})
        assert status == 200, content
        answer = json.loads(content)
        assert answer["object"] == "list"
        assert [item["index"] for item in answer["data"]] == list(range(len(answer["data"])))
        plain = [item["embedding"] for item in answer["data"]]
        assert headers["X-Samovar-Model"] == model.removeprefix("first/")
    assert len(plain) == 2
    packed = {"model": model, "input": ["tea", "чай"], "encoding_format": "base64"}
    _, content, _ = await house.post("/v1/embeddings", packed)
    for item, vector in zip(json.loads(content)["data"], plain, strict=True):
        packed_vector = item["embedding"]
        # A server that does not know the encoding sends numbers all the same, which clients understand.
        if isinstance(packed_vector, str):
            packed_vector = struct.unpack(f"<{len(vector)}f", base64.b64decode(packed_vector))
        else:
            assert model == "first/embedding-model"
        assert packed_vector == pytest.approx(vector, abs=1e-6)


@pytest.mark.parametrize(
    ("model", "status", "code"),
    [
        (MODELS["cutting"], 400, "embeddings_unsupported"),
        ("nobody", 404, "model_not_found"),
        (None, 400, "invalid_parameter"),
    ],
)
async def test_vectors_of_a_model_that_makes_none_are_refused(
    house: House, model: str | None, status: int, code: str
) -> None:
    answered, content, _ = await house.post("/v1/embeddings", {"model": model, "input": "tea"})
    assert (answered, error_of(content)["code"]) == (status, code)


async def test_the_older_completions_are_refused_in_a_way_that_clients_understand(house: House) -> None:
    status, content, _ = await house.post("/v1/completions", {"model": "both", "prompt": "Tea?"})
    error = error_of(content)
    assert (status, error["type"]) == (404, "invalid_request_error")
    assert "/v1/chat/completions" in error["message"]


async def test_a_conversation_is_fitted_only_when_a_header_asks_for_it(house: House) -> None:
    exact = house.servers["exact"]
    exact.stand_in.behaviour = Behaviour(context_tokens=400)
    await house.running.services.pool.ask_all(now=True)
    turns = [
        message
        for number in range(12)
        for message in (
            {"role": "user", "content": f"{number}: {WORDS}"},
            {"role": "assistant", "content": f"{number}! {WORDS}"},
        )
    ]
    system = {"role": "system", "content": "Answer briefly."}
    last = {"role": "user", "content": "And now?"}
    body = {"model": MODELS["exact"], "messages": [system, *turns, last], "max_tokens": 50}

    status, content, headers = await house.post("/v1/chat/completions", body)
    assert (status, error_of(content)["code"]) == (400, "context_length_exceeded")
    assert "X-Samovar-Left-Out" not in headers
    assert exact.requests_to("/tokenize") == [], "nothing is counted unasked"

    status, content, headers = await house.post("/v1/chat/completions", body, **{"X-Samovar-Context": "fit"})
    assert status == 200, content
    sent: Any = exact.requests_to("/v1/chat/completions")[-1].json["messages"]
    assert sent[0] == system
    assert sent[-1] == last
    assert sent[1:-1] == turns[len(turns) - len(sent) + 2 :], "the newest turns stay"
    assert int(headers["X-Samovar-Left-Out"]) == len(turns) + 2 - len(sent) > 0
    assert len(sent) > 2

    short = {**body, "messages": [system, last]}
    _, _, headers = await house.post("/v1/chat/completions", short, **{"X-Samovar-Context": "fit"})
    assert headers["X-Samovar-Left-Out"] == "0"
    status, content, _ = await house.post("/v1/chat/completions", short, **{"X-Samovar-Context": "squeeze"})
    assert (status, error_of(content)["code"]) == (400, "invalid_request")


@pytest.mark.parametrize("fields", FORMS, ids=str)
async def test_a_prompt_that_a_server_cut_is_counted_and_logged_without_its_words(
    house: House, fields: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    house.servers["cutting"].stand_in.behaviour = Behaviour(evaluates_at_most=2050)
    before = house.cuts("cutting")
    with caplog.at_level(logging.WARNING):
        await house.post("/v1/chat/completions", question(MODELS["cutting"], WORDS * 800, max_tokens=16, **fields))
        await house.until_quiet()
    assert house.cuts("cutting") == before + 1
    [record] = [record for record in caplog.records if record.msg == "prompt.cut"]
    assert record.__dict__["fields"]["read_tokens"] == 2050
    assert "samovar boils" not in str(record.__dict__)


@pytest.mark.parametrize("cache", ["none", "reported"])
async def test_an_honest_server_raises_no_alarm(house: House, cache: Any) -> None:
    before = house.cuts("cutting"), house.cuts("exact")
    for name in ("cutting", "exact"):
        house.servers[name].stand_in.behaviour = Behaviour(prompt_cache=cache, answer_tokens=3)
        for length in (0, 1, 30, 30, 90):
            for fields in FORMS:
                body = question(MODELS[name], WORDS * length + "Tea?", **fields)
                status, content, _ = await house.post("/v1/chat/completions", body)
                assert status == 200, content
    await house.until_quiet()
    assert (house.cuts("cutting"), house.cuts("exact")) == before


async def test_tokens_are_those_that_the_server_tells_and_else_an_estimate(house: House) -> None:
    answer = await house.complete("first/text-model", "How hot is the tea?")
    told = answer["usage"]["prompt_tokens"] + answer["usage"]["completion_tokens"]
    assert await house.tokens_today() == told

    house.servers["first"].stand_in.behaviour = Behaviour(answer_tokens=40)
    _, content, _ = await house.post("/v1/chat/completions", question("first/text-model", **FORMS[1]))
    usage = events_of(content)[-1]["usage"]
    told += usage["prompt_tokens"] + usage["completion_tokens"]
    await house.until_quiet()
    assert await house.tokens_today() == told

    text = "How hot is the tea, and how hot was it yesterday?"
    _, content, _ = await house.post("/v1/chat/completions", question("first/text-model", text, stream=True))
    await house.until_quiet()
    events = content.count(b"data:")
    assert 40 <= events <= 50
    assert await house.tokens_today() == told + events + estimate_tokens(text)


async def test_whoever_leaves_before_the_first_word_has_spent_the_prompt(house: House) -> None:
    house.servers["first"].stand_in.behaviour = Behaviour(first_token_s=60)
    asking = asyncio.create_task(house.post("/v1/chat/completions", question("first/text-model", WORDS)))
    async with asyncio.timeout(30):
        while not house.servers["first"].requests_to("/v1/chat/completions"):
            await asyncio.sleep(0.01)
    asking.cancel()
    await asyncio.gather(asking, return_exceptions=True)
    await house.servers["first"].wait_cancelled(timeout_s=30)
    await house.until_quiet()
    assert await house.tokens_today() == estimate_tokens(WORDS)


async def test_a_whole_reply_without_counts_is_counted_by_its_length(house: House) -> None:
    house.servers["first"].stand_in.behaviour = Behaviour(usage="missing", answer_tokens=400)
    await house.complete("first/text-model")
    assert 400 <= await house.tokens_today() <= 2_000


@pytest.mark.parametrize("lie", ["missing", "huge", "negative", "words"])
async def test_a_server_that_lies_about_its_usage_harms_nobody(house: House, lie: Any) -> None:
    house.servers["first"].stand_in.behaviour = Behaviour(usage=lie, answer_tokens=20)
    for fields in FORMS:
        status, _, _ = await house.post("/v1/chat/completions", question("first/text-model", **fields))
        assert status == 200
    await house.until_quiet()
    assert 0 < await house.tokens_today() < 10_000


async def test_a_revoked_key_ends_a_stream_whose_server_is_silent(house: House) -> None:
    first = house.servers["first"]
    first.stand_in.behaviour = Behaviour(hangs_after_tokens=3)
    services = house.running.services
    owner = await services.sign_in.owner()
    body = question("first/text-model", stream=True)
    async with house.session.post("/v1/chat/completions", json=body) as reply:
        await reply.content.readuntil(b"\n\n")
        await services.keys.revoke(owner, (await services.keys.find(owner, house.secret)).key_id)
        async with asyncio.timeout(30):
            rest = await reply.read()
    assert events_of(rest)[-1]["error"]["code"] == "invalid_api_key"
    await first.wait_cancelled()
    await house.until_quiet()


async def test_a_full_line_says_when_to_come_back(house: House) -> None:
    first = house.servers["first"]
    first.stand_in.behaviour = Behaviour(hangs_after_tokens=1)
    body = question("first/text-model", stream=True)
    async with AsyncExitStack() as stack:
        for _ in range(2):
            reply = await stack.enter_async_context(house.session.post("/v1/chat/completions", json=body))
            await reply.content.readuntil(b"\n\n")
        waiting = asyncio.create_task(house.post("/v1/chat/completions", body))
        member = house.running.services.pool.find("first")
        async with asyncio.timeout(30):
            while not member.queue.waiting:
                await asyncio.sleep(0.01)
        status, content, headers = await house.post("/v1/chat/completions", body)
        assert (status, error_of(content)["code"], error_of(content)["type"]) == (
            429,
            "rate_limit_exceeded",
            "requests",
        )
        assert int(headers["Retry-After"]) >= 1
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)
        async with asyncio.timeout(30):
            while member.queue.waiting:
                await asyncio.sleep(0.01)
    await first.wait_cancelled(2)
    await house.until_quiet()


@pytest.mark.parametrize("stream", [False, True])
async def test_a_client_that_leaves_frees_the_place_and_stops_the_server(house: House, stream: bool) -> None:
    first = house.servers["first"]
    first.stand_in.behaviour = Behaviour(hangs_after_tokens=2 if stream else None, first_token_s=0 if stream else 60)
    asking = asyncio.create_task(house.post("/v1/chat/completions", question("first/text-model", stream=stream)))
    async with asyncio.timeout(30):
        while not house.running.services.pool.find("first").queue.running:
            await asyncio.sleep(0.01)
        while not first.requests_to("/v1/chat/completions"):
            await asyncio.sleep(0.01)
    asking.cancel()
    await asyncio.gather(asking, return_exceptions=True)
    await first.wait_cancelled(timeout_s=30)
    await house.until_quiet()


async def test_a_client_that_reads_no_more_loses_its_place(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("samovar.api.closing._TAKING_S", 0.5)
    monkeypatch.setattr("samovar.api.closing._LOOK_S", 0.1)
    first = house.servers["first"]
    first.stand_in.behaviour = Behaviour(is_endless=True)
    host, _, port = house.running.client.address.removeprefix("http://").partition(":")
    # The reader of this connection takes a few bytes and is never asked for more.
    reader, writer = await asyncio.open_connection(host, int(port), limit=1000)
    body = json.dumps(question("first/text-model", stream=True))
    head = f"POST /v1/chat/completions HTTP/1.1\r\nHost: {host}:{port}\r\nAuthorization: Bearer {house.secret}\r\n"
    writer.write(f"{head}Content-Length: {len(body)}\r\n\r\n{body}".encode())
    await reader.readuntil(b"\r\n\r\n")
    await first.wait_cancelled(timeout_s=60)
    await house.until_quiet()
    assert not writer.is_closing(), "it was this side that hung up"
    writer.transport.abort()


async def test_an_answer_without_end_ends_with_an_error(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("samovar.api.openai_relay._LONGEST_STREAM_BYTES", 100_000)
    monkeypatch.setattr("samovar.api.openai_relay._LONGEST_REPLY_BYTES", 10_000)
    first = house.servers["first"]
    first.stand_in.behaviour = Behaviour(is_endless=True)
    async with asyncio.timeout(60):
        status, content, _ = await house.post("/v1/chat/completions", question("first/text-model", stream=True))
    assert status == 200
    assert len(content) < 1_000_000
    assert events_of(content)[-1]["error"]["samovar_code"] == "backend_reply_invalid"
    first.stand_in.behaviour = Behaviour(answer_tokens=20_000)
    status, content, _ = await house.post("/v1/chat/completions", question("first/text-model"))
    assert (status, error_of(content)["code"]) == (502, "backend_reply_invalid")
    await house.until_quiet()


async def test_the_words_of_no_request_stay_in_the_log(house: House, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        await house.complete("first/text-model", "canary-prompt")
        await house.post("/v1/chat/completions", question("nobody", "canary-prompt"))
        await house.post("/v1/embeddings", {"model": "first/embedding-model", "input": "canary-prompt"})
    told = " ".join(str(record.__dict__) for record in caplog.records if record.name.startswith("samovar"))
    assert "canary-prompt" not in told
    assert house.secret not in told
