"""The OpenAI-compatible door before living model servers: who answers, and what is passed on."""

import base64
import json
import logging
import struct
from typing import Any

import pytest
from tests.support.house import MODELS, WORDS, House, error_of, events_of, question
from tests.support.stand_ins import Behaviour


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


async def test_the_words_of_no_request_stay_in_the_log(house: House, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        await house.complete("first/text-model", "canary-prompt")
        await house.post("/v1/chat/completions", question("nobody", "canary-prompt"))
        await house.post("/v1/embeddings", {"model": "first/embedding-model", "input": "canary-prompt"})
    told = " ".join(str(record.__dict__) for record in caplog.records if record.name.startswith("samovar"))
    assert "canary-prompt" not in told
    assert house.secret not in told
