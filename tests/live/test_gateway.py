"""A whole Samovar in front of a real vLLM: the OpenAI-compatible door, and a chat."""

import asyncio
import base64
import json
from collections.abc import AsyncIterator
from io import BytesIO

import openai
import pytest
from PIL import Image
from tests.live.stage import ENDLESS, LiveServer, live_settings
from tests.support.application import Running, run_application
from tests.support.database import fresh_database

from samovar.storage.embedded import EmbeddedServer


@pytest.fixture(scope="module")
async def running(
    server: LiveServer, database_server: EmbeddedServer, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Running]:
    with fresh_database(database_server) as database:
        settings = live_settings(server, tmp_path_factory.mktemp("data"), database)
        async with run_application(settings) as application:
            yield application


@pytest.fixture
async def client(running: Running) -> AsyncIterator[openai.AsyncOpenAI]:
    key = await running.new_key()
    async with openai.AsyncOpenAI(base_url=f"{running.client.address}/v1", api_key=key, max_retries=0) as opened:
        yield opened


async def test_the_model_is_offered_under_its_own_name(server: LiveServer, client: openai.AsyncOpenAI) -> None:
    offered = {model.id: model for model in (await client.models.list()).data}
    assert offered[server.model].owned_by == "live"


async def test_a_whole_answer_with_its_figures(server: LiveServer, client: openai.AsyncOpenAI) -> None:
    done = await client.chat.completions.create(
        model=server.model,
        messages=[{"role": "user", "content": "What is the capital of France?"}],
        temperature=0,
        max_tokens=24,
    )
    assert "Paris" in str(done.choices[0].message.content)
    assert done.usage is not None
    assert done.usage.total_tokens == done.usage.prompt_tokens + done.usage.completion_tokens


async def test_a_stream_says_the_same_as_the_whole_answer(server: LiveServer, client: openai.AsyncOpenAI) -> None:
    words: list[openai.types.chat.ChatCompletionMessageParam] = [{"role": "user", "content": "Tell me about tea."}]
    whole = await client.chat.completions.create(model=server.model, messages=words, temperature=0, max_tokens=24)
    stream = await client.chat.completions.create(
        model=server.model,
        messages=words,
        temperature=0,
        max_tokens=24,
        stream=True,
        stream_options={"include_usage": True},
    )
    chunks = [chunk async for chunk in stream]
    told = "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)
    assert told == whole.choices[0].message.content
    assert chunks[-1].usage is not None
    assert whole.usage is not None
    assert chunks[-1].usage.completion_tokens == whole.usage.completion_tokens


async def test_a_schema_likelihoods_and_a_tool_pass_through(server: LiveServer, client: openai.AsyncOpenAI) -> None:
    schema: dict[str, object] = {
        "type": "object",
        "properties": {"age": {"type": "integer"}},
        "required": ["age"],
        "additionalProperties": False,
    }
    described = await client.chat.completions.create(
        model=server.model,
        messages=[{"role": "user", "content": "Describe a person."}],
        temperature=0,
        max_tokens=40,
        logprobs=True,
        top_logprobs=1,
        response_format={
            "type": "json_schema",
            "json_schema": {"name": "person", "strict": True, "schema": schema},
        },
    )
    assert list(json.loads(str(described.choices[0].message.content))) == ["age"]
    assert described.choices[0].logprobs is not None
    assert described.choices[0].logprobs.content
    called = await client.chat.completions.create(
        model=server.model,
        messages=[{"role": "user", "content": "How old is she?"}],
        temperature=0,
        max_tokens=60,
        tools=[{"type": "function", "function": {"name": "tell_age", "strict": True, "parameters": schema}}],
        tool_choice={"type": "function", "function": {"name": "tell_age"}},
    )
    calls = called.choices[0].message.tool_calls
    assert calls
    assert calls[0].type == "function"
    assert calls[0].function.name == "tell_age"


async def test_errors_keep_openai_form(server: LiveServer, client: openai.AsyncOpenAI) -> None:
    with pytest.raises(openai.NotFoundError):
        await client.chat.completions.create(model="no-such-model", messages=[{"role": "user", "content": "Hi"}])
    with pytest.raises(openai.BadRequestError, match=r"maximum context length|2048"):
        await client.chat.completions.create(
            model=server.model, messages=[{"role": "user", "content": "word " * 4000}], max_tokens=8
        )
    with pytest.raises(openai.BadRequestError) as refused:
        await client.embeddings.create(model=server.model, input="tea")
    assert refused.value.code == "embeddings_unsupported"


async def test_a_picture_for_a_model_of_text_is_refused(server: LiveServer, client: openai.AsyncOpenAI) -> None:
    drawn = BytesIO()
    Image.new("RGB", (32, 32), "red").save(drawn, "PNG")
    address = f"data:image/png;base64,{base64.b64encode(drawn.getvalue()).decode()}"
    with pytest.raises(openai.BadRequestError):
        await client.chat.completions.create(
            model=server.model,
            messages=[
                {
                    "role": "user",
                    "content": [
                        {"type": "text", "text": "What is it?"},
                        {"type": "image_url", "image_url": {"url": address}},
                    ],
                }
            ],
            max_tokens=8,
        )


async def test_a_client_that_goes_away_frees_the_place(server: LiveServer, client: openai.AsyncOpenAI) -> None:
    await server.wait_until_idle(30)
    stream = await client.chat.completions.create(
        model=server.model, messages=[{"role": "user", "content": ENDLESS}], max_tokens=1900, stream=True
    )
    await anext(aiter(stream))
    assert await server.metric("vllm:num_requests_running") == 1
    await stream.close()
    await server.wait_until_idle(2)


async def test_a_chat_is_answered_and_counted_by_the_servers_tokenizer(server: LiveServer, running: Running) -> None:
    chat_id = await running.client.new_chat(model=server.model, parameters={"temperature": 0, "max_tokens": 24})
    turn, events = await running.client.answer(chat_id, "What is the capital of France?")
    assert events[-1].body == {"status": "done", "error": None}
    assert "Paris" in "".join(event.body["text"] for event in events if event.kind == "delta")
    (usage,) = [event.body for event in events if event.kind == "usage"]
    status, ledger = await running.client.send("GET", f"/api/runs/{turn['run_id']}/ledger")
    assert status == 200
    assert (ledger["backend"], ledger["context_tokens"], ledger["counted_by"]) == ("live", 2048, "tokenizer")
    words = sum(piece["tokens"] for piece in ledger["pieces"] if piece["sent"])
    # What the chat template adds is allowed for: the count is never less than what the server reads, and close to it.
    assert usage["prompt_tokens"] <= words < usage["prompt_tokens"] + 20


async def test_a_reply_that_is_stopped_frees_the_place(server: LiveServer, running: Running) -> None:
    await server.wait_until_idle(30)
    chat_id = await running.client.new_chat(model=server.model, parameters={"max_tokens": 1500})
    turn = await running.client.say(chat_id, ENDLESS)
    async with asyncio.timeout(60):
        async for event in running.client.events(turn["run_id"]):
            if event.kind == "delta":
                break
    assert (await running.client.send("POST", f"/api/runs/{turn['run_id']}/stop"))[0] == 202
    await server.wait_until_idle(2)
    assert (await running.client.whole_run(turn["run_id"]))[-1].body["status"] == "stopped"
