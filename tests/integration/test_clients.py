"""Programs that people use, pointed at a served Samovar: OpenAI's own client, curl, and LangChain."""

import asyncio
import json
import shutil
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Any

import openai
import pytest
from langchain_core.messages import AIMessage, HumanMessage, SystemMessage
from langchain_openai import ChatOpenAI, OpenAIEmbeddings
from pydantic import BaseModel, SecretStr
from tests.support.application import Running, run_application
from tests.support.database import fresh_database
from tests.support.stand_ins import Behaviour, run_stand_in

from samovar.settings import BackendServer, BackendsSettings, EngineSettings, Settings
from samovar.storage.embedded import EmbeddedServer

BOIL: Any = {
    "type": "function",
    "function": {
        "name": "boil_water",
        "description": "Boil water in the samovar.",
        "parameters": {
            "type": "object",
            "properties": {"litres": {"type": "integer"}},
            "required": ["litres"],
        },
    },
}
QUESTION: Any = [{"role": "user", "content": "Please boil water for tea."}]


class Recipe(BaseModel):
    """What a structured answer holds."""

    name: str
    minutes: int


@dataclass(frozen=True, slots=True)
class Served:
    """An address with ``/v1`` and a key, and the behaviour of the model server behind it."""

    running: Running
    address: str
    key: str
    behaviour: Behaviour


@pytest.fixture(scope="module")
async def served(database_server: EmbeddedServer, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Served]:
    with fresh_database(database_server) as database:
        async with AsyncExitStack() as stack:
            server = await stack.enter_async_context(run_stand_in("openai", Behaviour(answer_tokens=30)))
            backend = BackendServer(name="behind", kind="openai", url=server.url)
            settings = Settings(
                data_dir=tmp_path_factory.mktemp("data"),
                database_url=database,
                engine=EngineSettings(enabled=False),
                backends=BackendsSettings(servers=(backend,), discover=False, scripted=True),
            )
            running = await stack.enter_async_context(run_application(settings))
            address = f"{running.client.address}/v1"
            yield Served(running, address, await running.new_key(), server.behaviour)


@pytest.fixture(autouse=True)
def _nobody_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("LANGSMITH_TRACING", "LANGCHAIN_TRACING_V2"):
        monkeypatch.setenv(name, "false")


@pytest.fixture
async def client(served: Served) -> AsyncIterator[openai.AsyncOpenAI]:
    async with openai.AsyncOpenAI(base_url=served.address, api_key=served.key, max_retries=0) as opened:
        yield opened


# OpenAI's own client.


async def test_openai_lists_and_reads_models(client: openai.AsyncOpenAI) -> None:
    names = [model.id async for model in client.models.list()]
    assert "text-model" in names
    model = await client.models.retrieve("behind/text-model")
    assert (model.id, model.object, model.owned_by) == ("text-model", "model", "behind")
    with pytest.raises(openai.NotFoundError) as caught:
        await client.models.retrieve("nobody")
    assert caught.value.code == "model_not_found"


async def test_openai_gets_whole_and_streamed_answers_with_usage(client: openai.AsyncOpenAI) -> None:
    whole = await client.chat.completions.create(model="text-model", messages=QUESTION, tool_choice="none")
    assert whole.choices[0].message.content
    assert whole.usage is not None
    assert whole.usage.completion_tokens == 30
    stream = await client.chat.completions.create(
        model="text-model", messages=QUESTION, stream=True, stream_options={"include_usage": True}
    )
    chunks = [chunk async for chunk in stream]
    text = "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)
    assert text == whole.choices[0].message.content
    assert chunks[-1].usage is not None
    assert chunks[-1].usage.prompt_tokens == whole.usage.prompt_tokens


async def test_openai_reads_who_answered_from_the_headers(client: openai.AsyncOpenAI) -> None:
    raw = await client.chat.completions.with_raw_response.create(model="behind/text-model", messages=QUESTION)
    assert raw.headers["X-Samovar-Backend"] == "behind"
    assert raw.headers["X-Samovar-Model"] == "text-model"


async def test_openai_gets_calls_of_tools_whole_and_streamed(client: openai.AsyncOpenAI) -> None:
    whole = await client.chat.completions.create(model="text-model", messages=QUESTION, tools=[BOIL])
    assert whole.choices[0].finish_reason == "tool_calls"
    [call] = whole.choices[0].message.tool_calls or []
    assert call.type == "function"
    assert call.function.name == "boil_water"
    assert isinstance(json.loads(call.function.arguments)["litres"], int)
    stream = await client.chat.completions.create(
        model="text-model",
        messages=QUESTION,
        tools=[BOIL],
        stream=True,
    )
    arguments = ""
    async for chunk in stream:
        for part in chunk.choices[0].delta.tool_calls or [] if chunk.choices else []:
            arguments += (part.function.arguments or "") if part.function else ""
    assert json.loads(arguments) == json.loads(call.function.arguments)
    answered: Any = [
        *QUESTION,
        whole.choices[0].message,
        {"role": "tool", "tool_call_id": call.id, "content": "It boils."},
    ]
    after = await client.chat.completions.create(model="text-model", messages=answered, tools=[BOIL])
    assert after.choices[0].message.role == "assistant"


async def test_openai_parses_an_answer_by_its_schema(client: openai.AsyncOpenAI, served: Served) -> None:
    served.behaviour.answer_tokens = None
    try:
        done = await client.chat.completions.parse(model="text-model", messages=QUESTION, response_format=Recipe)
    finally:
        served.behaviour.answer_tokens = 30
    assert isinstance(done.choices[0].message.parsed, Recipe)


async def test_openai_gets_vectors_as_numbers_whatever_the_encoding(client: openai.AsyncOpenAI) -> None:
    packed = await client.embeddings.create(model="embedding-model", input=["tea", "чай"])
    plain = await client.embeddings.create(model="embedding-model", input=["tea", "чай"], encoding_format="float")
    assert len(packed.data) == 2
    assert len(packed.data[0].embedding) == 768
    for one, other in zip(packed.data, plain.data, strict=True):
        assert one.embedding == pytest.approx(other.embedding, abs=1e-6)


async def test_openai_raises_its_own_errors_for_ours(client: openai.AsyncOpenAI, served: Served) -> None:
    with pytest.raises(openai.NotFoundError) as missing:
        await client.chat.completions.create(model="nobody", messages=QUESTION)
    assert (missing.value.code, missing.value.param) == ("model_not_found", "model")
    with pytest.raises(openai.BadRequestError) as refused:
        await client.chat.completions.create(model="text-model", messages=QUESTION, temperature=9)
    assert (refused.value.code, refused.value.param) == ("invalid_parameter", "temperature")
    with pytest.raises(openai.BadRequestError) as long:
        await client.chat.completions.create(model="text", messages=[{"role": "user", "content": "tea " * 5000}])
    assert long.value.code == "context_length_exceeded"
    with pytest.raises(openai.NotFoundError, match="chat/completions"):
        await client.completions.create(model="text-model", prompt="Tea?")
    with pytest.raises(openai.AuthenticationError) as stranger:
        await client.with_options(api_key="sk-wrong").models.list()
    assert stranger.value.code == "invalid_api_key"
    looking = await served.running.new_key("models")
    with pytest.raises(openai.PermissionDeniedError) as closed:
        await client.with_options(api_key=looking).chat.completions.create(model="text-model", messages=QUESTION)
    assert closed.value.code == "key_scope"
    spent = client.with_options(api_key=await served.running.new_key("chat", tokens_per_day=1))
    await spent.chat.completions.create(model="text-model", messages=QUESTION)
    with pytest.raises(openai.RateLimitError) as used_up:
        await spent.chat.completions.create(model="text-model", messages=QUESTION)
    assert (used_up.value.code, used_up.value.type) == ("insufficient_quota", "insufficient_quota")
    assert int(used_up.value.response.headers["Retry-After"]) > 0


async def test_openai_raises_for_a_stream_that_breaks_off(client: openai.AsyncOpenAI) -> None:
    stream = await client.chat.completions.create(model="error-middle", messages=QUESTION, stream=True)
    pieces: list[str] = []

    async def read() -> None:
        async for chunk in stream:
            pieces.append(chunk.choices[0].delta.content or "" if chunk.choices else "")

    with pytest.raises(openai.APIError, match="broke off"):
        await read()
    assert "".join(pieces).startswith("It begins")


async def test_openai_tries_again_by_itself_where_that_may_help(served: Served) -> None:
    served.behaviour.busy_replies = 4
    async with openai.AsyncOpenAI(base_url=served.address, api_key=served.key, max_retries=3) as patient:
        done = await patient.chat.completions.create(model="text-model", messages=QUESTION)
    assert done.choices[0].message.content
    assert served.behaviour.busy_replies == 0


# curl.


async def curl(served: Served, path: str, *arguments: str, key: str | None = None) -> str:
    """Run curl as the documents show it."""
    program = shutil.which("curl")
    assert program is not None, "curl is missing: install it (Debian, Ubuntu: apt install curl)"
    running = await asyncio.create_subprocess_exec(
        program,
        "--silent",
        "--show-error",
        "--no-buffer",
        "--max-time",
        "60",
        "--noproxy",
        "*",
        f"{served.address}{path}",
        "-H",
        f"Authorization: Bearer {key or served.key}",
        *arguments,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    output, fault = await running.communicate()
    assert running.returncode == 0, fault.decode()
    return output.decode()


def as_body(**fields: object) -> tuple[str, ...]:
    body = {"model": "text-model", "messages": QUESTION, **fields}
    return ("-H", "Content-Type: application/json", "-d", json.dumps(body))


async def test_curl_lists_asks_and_streams(served: Served) -> None:
    assert json.loads(await curl(served, "/models"))["object"] == "list"
    whole = json.loads(await curl(served, "/chat/completions", *as_body()))
    text = whole["choices"][0]["message"]["content"]
    streamed = (await curl(served, "/chat/completions", *as_body(stream=True))).strip().split("\n\n")
    assert streamed.pop() == "data: [DONE]"
    pieces = [json.loads(event.removeprefix("data: "))["choices"] for event in streamed]
    assert "".join(choices[0]["delta"].get("content") or "" for choices in pieces if choices) == text


async def test_curl_sees_status_headers_and_errors(served: Served) -> None:
    answer = await curl(served, "/chat/completions", "--include", *as_body(), key="sk-wrong")
    head, _, body = answer.partition("\r\n\r\n")
    assert head.startswith("HTTP/1.1 401")
    assert json.loads(body)["error"]["code"] == "invalid_api_key"
    head = (await curl(served, "/chat/completions", "--include", *as_body())).partition("\r\n\r\n")[0].lower()
    assert "x-samovar-backend: behind" in head
    embedded = json.loads(
        await curl(
            served,
            "/embeddings",
            "-H",
            "Content-Type: application/json",
            "-d",
            json.dumps({"model": "embedding-model", "input": "tea"}),
        )
    )
    assert len(embedded["data"][0]["embedding"]) == 768


# LangChain.


@pytest.fixture
async def line() -> AsyncIterator[openai.DefaultAsyncHttpxClient]:
    """Connections that are closed in the end; LangChain's own are kept for as long as the process lives."""
    async with openai.DefaultAsyncHttpxClient() as opened:
        yield opened


@pytest.fixture
def langchain(served: Served, line: openai.DefaultAsyncHttpxClient) -> ChatOpenAI:
    return chat_with(served, line, "text-model")


def chat_with(served: Served, line: openai.DefaultAsyncHttpxClient, model: str) -> ChatOpenAI:
    return ChatOpenAI(
        base_url=served.address, api_key=SecretStr(served.key), model=model, max_retries=0, http_async_client=line
    )


async def test_langchain_asks_and_streams(langchain: ChatOpenAI) -> None:
    messages = [SystemMessage("Answer briefly."), HumanMessage("How hot is the tea?")]
    whole = await langchain.ainvoke(messages)
    assert isinstance(whole, AIMessage)
    assert whole.text
    assert whole.usage_metadata is not None
    assert whole.usage_metadata["output_tokens"] == 30
    assert "".join([chunk.text async for chunk in langchain.astream(messages)]) == whole.text


async def test_langchain_calls_tools_and_parses_by_schema(langchain: ChatOpenAI, served: Served) -> None:
    called = await langchain.bind_tools([BOIL]).ainvoke("Please boil water for tea.")
    assert isinstance(called, AIMessage)
    [call] = called.tool_calls
    assert call["name"] == "boil_water"
    served.behaviour.answer_tokens = None
    try:
        recipe = await langchain.with_structured_output(Recipe, method="json_schema").ainvoke("A recipe for tea?")
    finally:
        served.behaviour.answer_tokens = 30
    assert isinstance(recipe, Recipe)


async def test_langchain_embeds_without_a_tokenizer_of_its_own(
    served: Served, line: openai.DefaultAsyncHttpxClient
) -> None:
    # With the check on it would cut texts by OpenAI's own tokens, and download these.
    embedder = OpenAIEmbeddings(
        openai_api_base=served.address,
        openai_api_key=SecretStr(served.key),
        model="embedding-model",
        check_embedding_ctx_length=False,
        http_async_client=line,
    )
    vectors = await embedder.aembed_documents(["tea", "чай"])
    assert [len(vector) for vector in vectors] == [768, 768]


async def test_langchain_raises_openais_errors(served: Served, line: openai.DefaultAsyncHttpxClient) -> None:
    with pytest.raises(openai.NotFoundError) as caught:
        await chat_with(served, line, "nobody").ainvoke("Tea?")
    assert caught.value.code == "model_not_found"
