"""What asking living model servers through the OpenAI-compatible door costs: tokens, and prompts that were cut."""

import asyncio
import logging
from typing import Any

import pytest
from tests.support.house import FORMS, MODELS, WORDS, House, events_of, question
from tests.support.stand_ins import Behaviour

from samovar.gateway.tokens import estimate_tokens


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
