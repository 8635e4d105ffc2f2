"""A conversation fitted into a context: what matters stays, and nothing is cut in silence."""

from typing import Any

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from samovar import registry
from samovar.domain.backend import BackendSpec, LoadParameters
from samovar.domain.errors import ContextExceeded
from samovar.egress import EgressClient, EgressGuard
from samovar.gateway.directory import ModelChoice
from samovar.gateway.pool import Member
from samovar.gateway.tokens import TokenCounter
from samovar.gateway.trim import message_words, trim_conversation
from samovar.ports.backend import BackendConfig

#: What a message costs beside its words.
AROUND = 8
Message = dict[str, Any]


async def choice_of(context_tokens: int) -> ModelChoice:
    """The scripted model, whose tokens are words, with a context of this length."""
    config = BackendConfig(name="s", endpoint=lambda: None, load=LoadParameters(context_tokens=context_tokens))
    client = EgressClient(EgressGuard())
    backend = registry.backend("scripted").build(config, client)
    await client.close()
    member = Member(BackendSpec(name="s", kind="scripted", url="", source="added"), backend)
    description = next(found for found in await backend.models() if found.model == "text")
    return ModelChoice(model_id="text", description=description, member=member)


async def trim(messages: list[Message], context_tokens: int, **fields: object) -> tuple[list[Message], int]:
    payload = {"messages": messages, "max_tokens": 20, **fields}
    trimmed = await trim_conversation(payload, await choice_of(context_tokens), TokenCounter())
    return [dict(message) for message in trimmed.messages], trimmed.left_out


def say(role: str, words: int, letter: str = "w") -> Message:
    return {"role": role, "content": " ".join([letter] * words)}


def turn(number: int, words: int = 10) -> list[Message]:
    return [say("user", words, f"q{number}"), say("assistant", words, f"a{number}")]


async def test_what_fits_is_left_as_it_is() -> None:
    messages = [say("system", 5), *turn(1), *turn(2), say("user", 5)]
    assert await trim(messages, 1000) == (messages, 0)


async def test_the_oldest_turns_are_dropped_first_and_whole() -> None:
    messages = [say("system", 5), *turn(1), *turn(2), *turn(3), say("user", 5)]
    always = 2 * (5 + AROUND) + 20
    one_turn = 2 * (10 + AROUND)
    assert await trim(messages, always + 2 * one_turn) == ([messages[0], *messages[3:]], 2)
    assert await trim(messages, always + 2 * one_turn - 1) == ([messages[0], *messages[5:]], 4)
    assert await trim(messages, always) == ([messages[0], messages[-1]], 6)


async def test_system_messages_stay_wherever_they_stand() -> None:
    messages = [say("system", 5), *turn(1), say("developer", 5), *turn(2), say("user", 5)]
    kept, left_out = await trim(messages, 3 * (5 + AROUND) + 20)
    assert kept == [messages[0], messages[3], messages[-1]]
    assert left_out == 4


async def test_what_must_stay_and_is_too_long_is_an_error_that_says_by_how_much() -> None:
    messages = [say("system", 30), *turn(1), say("user", 30)]
    with pytest.raises(ContextExceeded) as caught:
        await trim(messages, 90)
    assert caught.value.values == {"needed_tokens": 2 * (30 + AROUND) + 20, "context_tokens": 90, "model": "text"}


async def test_calls_of_tools_stay_with_their_question_and_their_results() -> None:
    call = {"role": "assistant", "content": None, "tool_calls": [{"id": "1", "function": {"name": "boil"}}]}
    result = {"role": "tool", "tool_call_id": "1", "content": "done"}
    earlier = [say("user", 10), call, result, say("assistant", 10)]
    now = [say("user", 5), call, result]
    kept, left_out = await trim([*earlier, *now], 150)
    assert (kept, left_out) == (now, 4), "the work on the last question is not torn apart"


async def test_tools_and_pictures_take_their_room() -> None:
    picture = {"role": "user", "content": [{"type": "text", "text": "look"}, {"type": "image_url", "image_url": "x"}]}
    messages = [*turn(1), picture]
    assert (await trim(messages, 850))[1] == 0
    assert (await trim(messages, 800))[1] == 2
    tools = [{"type": "function", "function": {"name": "boil", "description": "water " * 5}}]
    assert (await trim(messages, 850, tools=tools))[1] == 2


async def test_a_reply_without_a_limit_keeps_a_quarter_of_the_context_free() -> None:
    messages = [*turn(1), say("user", 5)]
    room = 2 * (10 + AROUND) + 5 + AROUND
    assert (await trim(messages, room * 4 // 3 + 2, max_tokens=None))[1] == 0
    assert (await trim(messages, room * 4 // 3 - 8, max_tokens=None))[1] == 2


async def test_a_conversation_without_a_question_is_left_alone() -> None:
    messages = [say("system", 5), say("assistant", 5)]
    assert await trim(messages, 100) == (messages, 0)


ROLES = st.sampled_from(["system", "user", "assistant", "tool", "developer"])


@hypothesis_settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(ROLES, st.integers(0, 30)), min_size=1, max_size=40), st.integers(300, 1200))
async def test_whatever_comes_fits_in_order_with_the_last_question(
    drawn: list[tuple[str, int]], context_tokens: int
) -> None:
    messages = [say(role, words, f"m{place}") for place, (role, words) in enumerate(drawn)]
    try:
        kept, left_out = await trim(messages, context_tokens)
    except ContextExceeded:
        return
    cost = sum(len(" ".join(message_words(message)).split()) + AROUND for message in kept)
    assert cost + 20 <= context_tokens
    assert left_out == len(messages) - len(kept)
    remaining = iter(messages)
    assert all(any(found == message for found in remaining) for message in kept), "in order"
    assert [m for m in messages if m["role"] in ("system", "developer")] == [
        m for m in kept if m["role"] in ("system", "developer")
    ]
    questions = [message for message in messages if message["role"] == "user"]
    assert not questions or questions[-1] in kept
