"""The OpenAI-compatible door, with the official client."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import openai
import pytest
from tests.support.application import Running

ANSWER = "A samovar boils water for tea. The fire burns in a tube inside, and the pot stands on top to keep warm."
PIXEL = (
    "data:image/png;base64,"
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)


@pytest.fixture
async def client(running: Running) -> AsyncIterator[openai.AsyncOpenAI]:
    key = await running.new_key()
    async with openai.AsyncOpenAI(base_url=f"{running.client.address}/v1", api_key=key, max_retries=0) as opened:
        yield opened


async def test_the_models_are_listed(client: openai.AsyncOpenAI) -> None:
    assert "text" in [model.id async for model in client.models.list()]


async def test_a_whole_answer(client: openai.AsyncOpenAI) -> None:
    done = await client.chat.completions.create(model="text", messages=[{"role": "user", "content": "Tea?"}])
    assert done.choices[0].message.content == ANSWER
    assert done.choices[0].finish_reason == "stop"
    assert done.usage is not None
    assert done.usage.completion_tokens > 0


async def test_a_streamed_answer(client: openai.AsyncOpenAI) -> None:
    stream = await client.chat.completions.create(
        model="russian", messages=[{"role": "user", "content": "Чай?"}], stream=True
    )
    text = "".join([chunk.choices[0].delta.content or "" async for chunk in stream if chunk.choices])
    assert text.startswith("Самовар кипятит воду")


async def test_a_picture_as_a_data_uri_arrives(client: openai.AsyncOpenAI) -> None:
    done = await client.chat.completions.create(
        model="image",
        messages=[
            {
                "role": "user",
                "content": [
                    {"type": "text", "text": "What is it?"},
                    {"type": "image_url", "image_url": {"url": PIXEL}},
                ],
            }
        ],
    )
    assert "I see 1 pictures" in str(done.choices[0].message.content)


@pytest.mark.parametrize("url", ["http://127.0.0.1:1/x.png", "https://example.org/x.png", "file:///etc/passwd"])
async def test_a_picture_by_address_is_refused(client: openai.AsyncOpenAI, url: str) -> None:
    with pytest.raises(openai.BadRequestError, match="data URI"):
        await client.chat.completions.create(
            model="image",
            messages=[{"role": "user", "content": [{"type": "image_url", "image_url": {"url": url}}]}],
        )


async def test_a_picture_for_a_blind_model_is_refused(client: openai.AsyncOpenAI) -> None:
    with pytest.raises(openai.BadRequestError) as caught:
        await client.chat.completions.create(
            model="blind",
            messages=[{"role": "user", "content": [{"type": "image_url", "image_url": {"url": PIXEL}}]}],
        )
    assert caught.value.code == "image_refused"


async def test_an_unknown_model_is_a_404_in_openai_form(client: openai.AsyncOpenAI) -> None:
    with pytest.raises(openai.NotFoundError) as caught:
        await client.chat.completions.create(model="nobody", messages=[{"role": "user", "content": "Tea?"}])
    assert caught.value.code == "model_not_found"


@pytest.mark.parametrize(
    "parameters", [{"temperature": 9}, {"top_p": -1}, {"max_tokens": 10**9}, {"max_completion_tokens": 0}]
)
async def test_a_parameter_out_of_range_is_refused_by_name(
    client: openai.AsyncOpenAI, parameters: dict[str, float]
) -> None:
    with pytest.raises(openai.BadRequestError) as caught:
        await client.chat.completions.create(
            model="text", messages=[{"role": "user", "content": "Tea?"}], extra_body=parameters
        )
    assert caught.value.code == "invalid_parameter"


async def test_a_wrong_key_is_a_401(running: Running) -> None:
    async with openai.AsyncOpenAI(base_url=f"{running.client.address}/v1", api_key="sk-wrong", max_retries=0) as wrong:
        with pytest.raises(openai.AuthenticationError):
            await wrong.models.list()


async def test_a_cookie_alone_does_not_open_it(running: Running) -> None:
    status, body = await running.client.send("POST", "/v1/chat/completions", {"messages": [{}]})
    assert status == 401
    assert body["error"]["code"] == "invalid_api_key"


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b'{"messages": []}', b'{"messages": "x"}', b'{"messages": [1], "model": 5}']
)
async def test_a_bad_request_is_a_400_in_openai_form(running: Running, client: openai.AsyncOpenAI, body: bytes) -> None:
    headers = {"Authorization": f"Bearer {client.api_key}", "Content-Type": "application/json"}
    async with (
        aiohttp.ClientSession(running.client.address) as program,
        program.post("/v1/chat/completions", data=body, headers=headers) as reply,
    ):
        assert reply.status == 400
        assert (await reply.json())["error"]["type"] == "invalid_request_error"


async def bare(running: Running, method: str, path: str, **headers: str) -> tuple[int, dict[str, Any]]:
    """Ask as a program does that knows nothing of Samovar's own header; of the body only its length is sent."""
    host, _, port = running.client.address.removeprefix("http://").partition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    lines = [f"{method} {path} HTTP/1.1", f"Host: {host}:{port}", "Connection: close"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    writer.write("\r\n".join([*lines, "", ""]).encode())
    async with asyncio.timeout(30):
        answer = await reader.read()
    writer.close()
    head, _, body = answer.partition(b"\r\n\r\n")
    return int(head.split(b" ")[1]), json.loads(body[body.index(b"{") : body.rindex(b"}") + 1])["error"]


async def test_who_sends_no_key_is_told_so_and_not_of_a_missing_header(running: Running) -> None:
    cookies = "; ".join(f"{cookie.key}={cookie.value}" for cookie in running.client.session.cookie_jar)
    for method, path in (("POST", "/v1/chat/completions"), ("POST", "/v1/embeddings"), ("GET", "/v1/models")):
        for headers in ({}, {"Cookie": cookies}, {"Authorization": "Basic eDp5"}, {"X_Api_Key": "sk-samovar-x"}):
            status, error = await bare(running, method, path, Content_Length="0", **headers)
            assert (status, error["code"]) == (401, "invalid_api_key")


async def test_a_body_above_the_limit_is_refused_unread(running: Running) -> None:
    key = f"Bearer {await running.new_key()}"
    for path in ("/v1/chat/completions", "/v1/embeddings"):
        status, error = await bare(running, "POST", path, Authorization=key, Content_Length="64000001")
        assert (status, error["type"]) == (413, "invalid_request_error")


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/v1/nothing"),
        ("POST", "/v1/completions"),
        ("POST", "/v1/responses"),
        ("POST", "/v1/audio/speech"),
        ("POST", "/v1/models"),
        ("GET", "/v1/chat/completions"),
        ("DELETE", "/v1/models/text"),
    ],
)
async def test_what_is_not_offered_is_refused_in_openais_form(running: Running, method: str, path: str) -> None:
    key = f"Bearer {await running.new_key()}"
    status, error = await bare(running, method, path, Authorization=key, Content_Length="0")
    assert (status, error["type"], error["code"]) == (404, "invalid_request_error", "not_found")
    assert "/v1/chat/completions" in error["message"]


async def test_another_site_cannot_use_a_key_that_a_browser_knows(running: Running) -> None:
    key = f"Bearer {await running.new_key()}"
    status, error = await bare(
        running, "POST", "/v1/chat/completions", Authorization=key, Origin="http://evil.example", Content_Length="0"
    )
    assert (status, error["samovar_code"]) == (403, "forbidden")
