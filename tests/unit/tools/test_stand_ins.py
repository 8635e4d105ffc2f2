"""The stand-ins do what they are told: see, call tools, keep limits, and misbehave in each way that tests need."""

import asyncio
import base64
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from io import BytesIO
from typing import Any, Final

import aiohttp
import openai
import orjson
import pytest
from PIL import Image
from tests.support.stand_ins import KINDS, Behaviour, RunningStandIn, run_stand_in, run_stand_in_process

_CHAT: Final = "/v1/chat/completions"
_TOOL: Final = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
    },
}
#: Of each kind: a model for text, one that sees, and one that does not look at pictures or does not take them.
_MODELS: Final = {
    "ollama": ("llama3.2", "gemma3:4b", "blind-llava:7b"),
    "lmstudio": ("meta-llama-3.1-8b-instruct", "qwen2-vl-7b-instruct", "blind-vlm-7b"),
    "foundry": (
        "qwen2.5-0.5b-instruct-generic-cpu:1",
        "phi-3.5-vision-instruct-generic-cpu:1",
        "qwen2.5-0.5b-instruct-generic-cpu:1",
    ),
    "openai": ("text-model", "vision-model", "blind-vision-model"),
}


def _png(colour: str) -> bytes:
    written = BytesIO()
    Image.new("RGB", (40, 30), colour).save(written, "PNG")
    return written.getvalue()


class Talk:
    """A client that speaks to a stand-in in its own tongue."""

    def __init__(self, running: RunningStandIn, client: aiohttp.ClientSession, kind: str) -> None:
        self.running = running
        self.client = client
        self.kind = kind

    async def send(self, path: str, **body: Any) -> tuple[int, Any]:
        async with self.client.post(path, json=body) as reply:
            content = await reply.read()
            return reply.status, orjson.loads(content) if "json" in reply.content_type else content

    async def ask(self, text: str, *, model: str = "", image: bytes | None = None, **more: Any) -> tuple[int, Any]:
        model = model or _MODELS[self.kind][0]
        encoded = base64.b64encode(image or b"").decode()
        if self.kind == "ollama":
            message = {"role": "user", "content": text} | ({"images": [encoded]} if image else {})
            return await self.send("/api/chat", model=model, messages=[message], stream=False, **more)
        picture = {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{encoded}"}}
        content = [{"type": "text", "text": text}, picture] if image else text
        return await self.send(_CHAT, model=model, messages=[{"role": "user", "content": content}], **more)

    async def said(self, text: str, **more: Any) -> str:
        status, reply = await self.ask(text, **more)
        assert status == 200, reply
        message = reply["message"] if self.kind == "ollama" else reply["choices"][0]["message"]
        return str(message["content"])

    async def stream(self, **more: Any) -> bytes:
        body = {"model": _MODELS[self.kind][0], "messages": [{"role": "user", "content": "Hi"}], "stream": True}
        async with self.client.post("/api/chat" if self.kind == "ollama" else _CHAT, json=body | more) as reply:
            return await reply.read()


@asynccontextmanager
async def _talk(kind: str, **knobs: Any) -> AsyncIterator[Talk]:
    async with run_stand_in(kind, Behaviour(**knobs)) as running, aiohttp.ClientSession(running.url) as client:
        for model in running.stand_in.models if kind == "foundry" else ():
            async with client.get(f"/models/load/{model.alias}") as reply:
                assert reply.status == 200
        yield Talk(running, client, kind)


@pytest.mark.parametrize("kind", _MODELS)
@pytest.mark.parametrize("colour", ["red", "green", "blue"])
async def test_a_model_that_sees_names_the_colour_and_a_blind_one_does_not(kind: str, colour: str) -> None:
    _, seeing, blind = _MODELS[kind]
    async with _talk(kind) as talk:
        assert (await talk.said("Which colour?", model=seeing, image=_png(colour))).startswith(colour.capitalize())
        assert colour not in (await talk.said(f"Is it {colour}?", model=blind, image=_png(colour))).lower()


async def test_a_picture_is_named_in_the_language_of_the_question() -> None:
    async with _talk("ollama") as talk:
        assert (await talk.said("Какой цвет?", model="gemma3:4b", image=_png("yellow"))).startswith("Жёлтый")


@pytest.mark.parametrize("kind", _MODELS)
async def test_the_same_question_has_the_same_answer_until_the_seed_changes(kind: str) -> None:
    async with _talk(kind) as talk:
        first = await talk.said("Why?")
        assert await talk.said("Why?") == first
        seed = {"options": {"seed": 5}} if kind == "ollama" else {"seed": 5}
        assert await talk.said("Why?", **seed) != first


@pytest.mark.parametrize("kind", _MODELS)
async def test_limits_and_stop_texts_are_kept(kind: str) -> None:
    async with _talk(kind, answer="One two three. Four five six.") as talk:
        short = {"options": {"num_predict": 2}} if kind == "ollama" else {"max_tokens": 2}
        _, reply = await talk.ask("Count.", **short)
        reason = reply["done_reason"] if kind == "ollama" else reply["choices"][0]["finish_reason"]
        stop = {"options": {"stop": [" Four"]}} if kind == "ollama" else {"stop": [" Four"]}
        assert (reason, await talk.said("Count.", **stop)) == ("length", "One two three.")


@pytest.mark.parametrize("kind", _MODELS)
async def test_a_tool_that_fits_is_called_and_one_that_does_not_is_not(kind: str) -> None:
    async with _talk(kind) as talk:
        _, fits = await talk.ask("What is the weather in Tokyo?", tools=[_TOOL])
        message = fits["message"] if kind == "ollama" else fits["choices"][0]["message"]
        arguments = message["tool_calls"][0]["function"]["arguments"]
        assert arguments == ({"city": "Tokyo"} if kind == "ollama" else '{"city":"Tokyo"}')
        assert await talk.said("Tell a story.", tools=[_TOOL])


async def test_a_schema_is_filled() -> None:
    schema = {
        "type": "object",
        "properties": {
            "name": {"type": "string", "maxLength": 2},
            "sizes": {"type": "array", "items": {"$ref": "#/$defs/size"}},
            "kind": {"enum": ["a", "b"]},
        },
        "$defs": {"size": {"type": "integer", "minimum": 12}},
    }
    async with _talk("ollama") as ollama, _talk("openai") as other:
        wanted = {"type": "json_schema", "json_schema": {"name": "x", "schema": schema}}
        for text in (await ollama.said("Go.", format=schema), await other.said("Go.", response_format=wanted)):
            assert orjson.loads(text) == {"name": "te", "sizes": [12], "kind": "a"}


async def test_a_model_that_thinks_does_so_unless_told_not_to() -> None:
    async with _talk("ollama") as talk:
        _, thinking = await talk.ask("Why?", model="qwen3")
        _, plain = await talk.ask("Why?", model="qwen3", think=False)
        assert thinking["message"]["thinking"]
        assert "thinking" not in plain["message"]


async def test_models_come_into_memory_and_leave_it() -> None:
    async with _talk("ollama", loaded_at_once=2) as talk:
        await talk.ask("Hi", options={"num_ctx": 2048})
        await talk.ask("Hi", model="gemma3:4b", keep_alive="1h")
        async with talk.client.get("/api/ps") as reply:
            models = (await reply.json())["models"]
        assert {one["name"]: one["context_length"] for one in models} == {"llama3.2:latest": 2048, "gemma3:4b": 4096}
        await talk.ask("Hi", model="qwen3", keep_alive=0)
        assert talk.running.stand_in.unloads == ["llama3.2:latest", "qwen3:latest"]


async def test_a_model_that_came_just_in_time_makes_room_for_the_next() -> None:
    async with _talk("lmstudio") as talk:
        await talk.send("/api/v1/models/load", model="deepseek-r1-distill-qwen-7b", context_length=16_384)
        await talk.ask("Hi")
        await talk.ask("Hi", model="blind-vlm-7b")
        loaded = {one.model.name: one.context_tokens for one in talk.running.stand_in.loaded()}
        assert loaded == {"deepseek-r1-distill-qwen-7b": 16_384, "blind-vlm-7b": 4096}


async def test_a_model_leaves_the_memory_when_its_time_is_over() -> None:
    async with _talk("ollama") as talk:
        await talk.ask("Hi", keep_alive="10ms")
        await asyncio.sleep(0.05)
        assert talk.running.stand_in.loaded() == []


async def test_ollama_drops_the_oldest_messages_in_silence_unless_told_not_to() -> None:
    messages = [{"role": "user", "content": "word " * 1500}, {"role": "user", "content": "Last."}]
    body = {"model": "llama3.2", "messages": messages, "options": {"num_ctx": 1024}, "stream": False}
    async with _talk("ollama") as talk:
        status, reply = await talk.send("/api/chat", **body)
        assert (status, reply["prompt_eval_count"] < 100) == (200, True)
        assert [(await talk.send("/api/chat", **body, **{name: False}))[0] for name in ("truncate", "shift")] == [
            400,
            400,
        ]


async def test_a_server_may_read_less_than_it_was_sent() -> None:
    async with _talk("ollama", evaluates_at_most=2050) as talk:
        _, reply = await talk.ask("word " * 15_990, options={"num_ctx": 16_384})
        assert reply["prompt_eval_count"] == 2050


async def test_a_prompt_cache_is_counted_in_each_of_the_ways() -> None:
    async with _talk("ollama", prompt_cache="subtracted") as talk:
        _, first = await talk.ask("A question of some length, to be read twice.")
        _, again = await talk.ask("A question of some length, to be read twice.")
        assert first["prompt_eval_count"] > 10
        assert "prompt_eval_count" not in again
    async with _talk("openai", prompt_cache="reported") as talk:
        _, first = await talk.ask("Once more.")
        _, again = await talk.ask("Once more.")
        assert first["usage"]["prompt_tokens_details"] == {"cached_tokens": 0}
        assert again["usage"]["prompt_tokens_details"] == {"cached_tokens": again["usage"]["prompt_tokens"] - 1}


@pytest.mark.parametrize("lie", ["zero", "huge", "negative", "words"])
async def test_counts_may_be_lies(lie: str) -> None:
    async with _talk("openai") as honest, _talk("openai", usage=lie) as liar:
        assert (await honest.ask("Hi"))[1]["usage"] != (await liar.ask("Hi"))[1]["usage"]


async def test_counts_may_be_missing() -> None:
    async with _talk("openai", usage="missing") as talk, _talk("ollama", usage="missing") as ollama:
        assert "usage" not in (await talk.ask("Hi"))[1]
        assert "eval_count" not in (await ollama.ask("Hi"))[1]


@pytest.mark.parametrize("kind", _MODELS)
async def test_a_connection_can_be_cut_before_and_in_the_reply(kind: str) -> None:
    async with _talk(kind, dies_after_tokens=3) as talk:
        with pytest.raises(aiohttp.ClientPayloadError):
            await talk.stream()
        talk.running.behaviour.dies_before_reply = True
        with pytest.raises(aiohttp.ClientError):
            await talk.stream()


@pytest.mark.parametrize("kind", _MODELS)
async def test_an_error_can_come_in_the_middle(kind: str) -> None:
    async with _talk(kind, breaks_after_tokens=2, answer="One two three.") as talk:
        content = await talk.stream()
        assert (b" two" in content, b" three" in content, b'"error"' in content) == (True, False, True)
        assert (await talk.ask("Hi"))[0] == 500


@pytest.mark.parametrize("kind", _MODELS)
async def test_a_reply_can_end_without_its_last_event(kind: str) -> None:
    async with _talk(kind, ends_after_tokens=2, answer="One two three.") as talk:
        content = await talk.stream()
        assert (b" two" in content, b"[DONE]" in content, b'"done":true' in content) == (True, False, False)


@pytest.mark.parametrize("knobs", [{"hangs_after_tokens": 2}, {"is_endless": True}, {"tokens_per_s": 20.0}])
@pytest.mark.parametrize("kind", ["ollama", "openai"])
async def test_a_client_that_hangs_up_is_noticed(kind: str, knobs: dict[str, Any]) -> None:
    async with _talk(kind, **knobs) as talk:
        body = {"model": _MODELS[kind][0], "messages": [{"role": "user", "content": "Hi"}], "stream": True}
        async with talk.client.post("/api/chat" if kind == "ollama" else _CHAT, json=body) as reply:
            await reply.content.readline()
            assert talk.running.cancelled == 0
            reply.close()
        await talk.running.wait_cancelled()


async def test_a_server_may_hang_before_it_answers() -> None:
    async with _talk("openai", hangs_before_reply=True) as talk:
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(talk.stream(), 0.2)
        await talk.running.wait_cancelled()


@pytest.mark.parametrize(
    ("knobs", "sign"),
    [
        ({"sends_unknown_events": True}, b"future"),
        ({"sends_garbage": True}, b'{"model": "llama3\n'),
        ({"huge_delta_bytes": 3_000_000}, b"x" * 3_000_000),
        ({"sends_html": True}, b"<!doctype html>"),
    ],
)
async def test_a_hostile_server_sends_what_it_likes(knobs: dict[str, Any], sign: bytes) -> None:
    async with _talk("ollama", **knobs) as talk:
        assert sign in await talk.stream()


@pytest.mark.parametrize("kind", sorted(KINDS))
async def test_a_key_is_asked_for_where_the_server_would(kind: str) -> None:
    async with (
        run_stand_in(kind, Behaviour(key="secret")) as running,
        aiohttp.ClientSession(running.url) as client,
    ):
        path = "/api/tags" if kind == "ollama" else _CHAT
        method = "GET" if kind == "ollama" else "POST"
        async with client.request(method, path, json={}) as reply:
            assert reply.status == 401
        async with client.request(method, path, json={}, headers={"Authorization": "Bearer secret"}) as reply:
            assert reply.status != 401


async def test_a_busy_server_says_so_as_often_as_it_was_told() -> None:
    async with _talk("openai", busy_replies=2, retry_after_s=3) as talk:
        async with talk.client.post(_CHAT, json={"model": "text-model", "messages": []}) as reply:
            assert (reply.status, reply.headers["Retry-After"]) == (429, "3")
        assert [(await talk.ask("Hi"))[0] for _ in range(2)] == [429, 200]


async def test_no_more_answers_are_written_at_once_than_there_are_slots() -> None:
    async with _talk("openai", slots=2, queue=3, tokens_per_s=200.0) as talk:
        replies = await asyncio.gather(*(talk.ask("Hi") for _ in range(9)))
        assert talk.running.stand_in.most_running == 2
        assert {status for status, _ in replies} == {200, 429}


async def test_requests_are_kept_for_a_look() -> None:
    async with _talk("ollama") as talk:
        await talk.ask("Hi", options={"num_ctx": 2048})
        (asked,) = talk.running.requests_to("/api/chat")
        assert (asked.method, asked.json["options"]) == ("POST", {"num_ctx": 2048})
        assert talk.running.asked == [asked]


async def test_the_official_client_reads_the_openai_form() -> None:
    async with run_stand_in("openai") as running:
        client = openai.AsyncOpenAI(base_url=f"{running.url}/v1", api_key="none", max_retries=0)
        async with client:
            stream = await client.chat.completions.create(
                model="text-model",
                messages=[{"role": "user", "content": "Hi"}],
                stream=True,
                stream_options={"include_usage": True},
            )
            chunks = [chunk async for chunk in stream]
            text = "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)
            near = await client.embeddings.create(
                model="embedding-model", input=["green tea", "green tea leaves", "road"]
            )
            with pytest.raises(openai.NotFoundError):
                await client.chat.completions.create(model="nope", messages=[])
        assert text.startswith("You wrote: “Hi”.")
        assert chunks[-1].usage is not None
        one, like, other = (entry.embedding for entry in near.data)
        assert _closeness(one, like) > _closeness(one, other) + 0.3


def _closeness(one: list[float], other: list[float]) -> float:
    return sum(left * right for left, right in zip(one, other, strict=True))


async def test_a_stand_in_in_a_process_of_its_own_can_be_killed_while_it_answers() -> None:
    with run_stand_in_process("ollama", "--tokens-per-s", "20", "--answer-tokens", "400") as running:
        async with aiohttp.ClientSession(running.url) as client:
            body = {"model": "llama3.2", "messages": [{"role": "user", "content": "Hi"}]}
            async with client.post("/api/chat", json=body) as reply:
                assert b'"done":false' in await reply.content.readline()
                running.kill()
                with pytest.raises(aiohttp.ClientPayloadError):
                    await reply.read()
    assert running.process.returncode == -9


def test_a_port_that_is_taken_is_said() -> None:
    with run_stand_in_process("vllm") as running:
        port = running.url.rpartition(":")[2]
        with pytest.raises(AssertionError, match="the stand-in said ''"), run_stand_in_process("vllm", port=int(port)):
            pass
