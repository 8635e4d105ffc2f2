"""A program that asks for the ledger is told what its model was sent; the request itself goes on without our field."""

import json
from collections.abc import AsyncIterator
from typing import Any

import openai
import pytest
from tests.support.application import Running

LEDGER = {"samovar": {"ledger": True}}


@pytest.fixture
async def client(running: Running) -> AsyncIterator[openai.AsyncOpenAI]:
    key = await running.new_key()
    async with openai.AsyncOpenAI(base_url=f"{running.client.address}/v1", api_key=key, max_retries=0) as opened:
        yield opened


def asked(text: str = "Tea?") -> list[Any]:
    return [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "Hello"},
        {"role": "assistant", "content": "Good day."},
        {"role": "user", "content": text},
    ]


async def test_a_whole_answer_brings_its_ledger(client: openai.AsyncOpenAI) -> None:
    done = await client.chat.completions.create(model="text", messages=asked(), extra_body=LEDGER)
    assert done.choices[0].message.content
    assert done.model_extra is not None
    ledger = done.model_extra["samovar"]["ledger"]
    pieces = [(piece["kind"], piece["text"], piece["sent"]) for piece in ledger["pieces"]]
    assert pieces == [
        ("system", "Be brief.", True),
        ("turn", "Hello", True),
        ("turn", "Good day.", True),
        ("question", "Tea?", True),
    ]
    assert all(piece["tokens"] > 0 for piece in ledger["pieces"])
    assert ledger["model"] == "text"
    assert ledger["context_tokens"] > ledger["reply_tokens"] > 0


async def test_a_stream_brings_the_ledger_first(client: openai.AsyncOpenAI) -> None:
    stream = await client.chat.completions.create(model="text", messages=asked(), stream=True, extra_body=LEDGER)
    chunks = [chunk async for chunk in stream]
    assert chunks[0].choices == []
    assert chunks[0].model_extra is not None
    assert [piece["kind"] for piece in chunks[0].model_extra["samovar"]["ledger"]["pieces"]][-1] == "question"
    assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)


async def test_turns_that_were_dropped_to_fit_are_told_with_the_reason(client: openai.AsyncOpenAI) -> None:
    history = [{"role": role, "content": "word " * 3_000} for _ in range(8) for role in ("user", "assistant")]
    done = await client.chat.completions.create(
        model="text",
        messages=[*history, {"role": "user", "content": "Tea?"}],  # type: ignore[list-item]  # plain dictionaries
        extra_body=LEDGER,
        extra_headers={"X-Samovar-Context": "fit"},
    )
    assert done.model_extra is not None
    ledger = done.model_extra["samovar"]["ledger"]
    left_out = [piece for piece in ledger["pieces"] if not piece["sent"]]
    assert left_out
    assert {piece["reason"] for piece in left_out} == {"no_room"}
    sent = sum(piece["tokens"] for piece in ledger["pieces"] if piece["sent"])
    assert sent + ledger["reply_tokens"] <= ledger["context_tokens"]


async def test_without_the_field_nothing_is_added(client: openai.AsyncOpenAI) -> None:
    done = await client.chat.completions.create(model="text", messages=asked())
    assert "samovar" not in json.loads(done.model_dump_json())


@pytest.mark.parametrize("field", [True, {"ledger": "yes"}, {"ledgers": True}, []])
async def test_a_field_of_ours_that_says_nothing_known_is_refused(client: openai.AsyncOpenAI, field: object) -> None:
    with pytest.raises(openai.BadRequestError) as caught:
        await client.chat.completions.create(model="text", messages=asked(), extra_body={"samovar": field})
    assert caught.value.code == "invalid_parameter"
