"""When the model of a chat is asked to make a follow-up whole, and what it is sent."""

import asyncio
from collections.abc import AsyncGenerator, Mapping, Sequence
from datetime import UTC, datetime
from uuid import UUID, uuid4

import pytest

from samovar.chat.context import TurnMaterial, build_prompt
from samovar.chat.rewrite import ModelRewriter
from samovar.domain.backend import BackendSpec
from samovar.domain.chat import Message
from samovar.domain.errors import BackendBroke
from samovar.domain.generation import (
    BackendEvent,
    Capabilities,
    ChatRequest,
    Failed,
    Finished,
    ModelDescription,
    ReasoningDelta,
    TextDelta,
)
from samovar.domain.ids import ChatId, MessageId, UserId
from samovar.domain.ledger import render
from samovar.domain.parameters import GenerationParameters
from samovar.gateway.directory import ModelDirectory
from samovar.gateway.pool import BackendPool, Member
from samovar.gateway.routing import Gateway
from samovar.gateway.tokens import TokenCounter
from samovar.ports.backend import Relay

USER = UserId(UUID(int=1))
WHOLE = "How much does the samovar weigh?"


class Desk:
    """A backend that writes what the test wants, and keeps the requests."""

    kind = "desk"
    name = "desk"

    def __init__(self, *events: BackendEvent, **traits: object) -> None:
        self.events = events
        self.requests: list[ChatRequest] = []
        self.hangs = False
        self.description = ModelDescription(
            model="tea",
            backend="desk",
            state="loading" if traits.get("loading") else "ready",
            capabilities=Capabilities(context_tokens=4096, reasoning=bool(traits.get("reasoning"))),
            is_demonstration=bool(traits.get("demonstration")),
        )

    async def models(self) -> Sequence[ModelDescription]:
        return [self.description]

    async def count_tokens(self, model: str, text: str) -> int | None:
        return None

    async def stream(self, request: ChatRequest) -> AsyncGenerator[BackendEvent, None]:
        self.requests.append(request)
        for event in self.events:
            if self.hangs:
                await asyncio.Event().wait()
            yield event

    async def relay(self, payload: Mapping[str, object]) -> Relay:
        raise NotImplementedError

    async def relay_embeddings(self, payload: Mapping[str, object]) -> Relay:
        raise NotImplementedError

    async def close(self) -> None:
        pass


def branch() -> list[Message]:
    told = [
        ("user", "What does the samovar cost?"),
        ("assistant", "It costs 12 [1]."),
        ("user", "and what does it weigh?"),
    ]
    return [
        Message(
            message_id=MessageId(uuid4()),
            chat_id=ChatId(UUID(int=1)),
            parent_id=None,
            position=place,
            role="user" if role == "user" else "assistant",
            text=text,
            created_at=datetime.now(UTC),
        )
        for place, (role, text) in enumerate(told)
    ]  # fmt: skip


def member_of(desk: Desk) -> Member:
    spec = BackendSpec(name="desk", kind="desk", url="http://desk", source="added", parallel=1)
    return Member(spec, desk, longest_queue=4)


async def rewritten(desk: Desk, member: Member | None = None) -> str | None:
    pool = BackendPool()
    pool.add(member or member_of(desk))
    gateway = Gateway(ModelDirectory(pool), lambda: None)
    rewriter = ModelRewriter(gateway, TokenCounter(), model_id=None, user_id=USER, system_prompt="Be kind.")
    return await rewriter.rewrite(branch())


def written(*pieces: str) -> tuple[BackendEvent, ...]:
    return (*(TextDelta(text=piece) for piece in pieces), Finished(reason="stop"))


async def test_the_model_that_will_answer_makes_the_question_whole() -> None:
    assert await rewritten(Desk(*written(WHOLE[:9], WHOLE[9:]))) == WHOLE


async def test_the_request_begins_like_that_of_the_answer_so_that_the_cache_serves_both() -> None:
    desk = Desk(*written(WHOLE))
    await rewritten(desk)
    [asked] = desk.requests
    turn = TurnMaterial(
        system_prompt="Be kind.", branch=tuple(branch()), passages=(), parameters=GenerationParameters()
    )
    answer = render((await build_prompt(turn, desk.description, desk, TokenCounter())).ledger)
    assert asked.messages[:-1] == answer.messages[:-1]
    assert asked.messages[-1].text.endswith("Question: and what does it weigh?")
    assert asked.parameters.max_tokens is not None
    assert asked.parameters.max_tokens <= 96


@pytest.mark.parametrize("trait", ["demonstration", "loading"])
async def test_a_model_that_is_not_able_is_not_asked(trait: str) -> None:
    desk = Desk(*written(WHOLE), **{trait: True})
    assert await rewritten(desk) is None
    assert desk.requests == []


async def test_nobody_waits_in_a_line_for_another_question() -> None:
    desk = Desk(*written(WHOLE))
    member = member_of(desk)
    lease = await member.queue.enter("somebody else")
    assert await rewritten(desk, member) is None
    lease.leave()
    assert await rewritten(desk, member) == WHOLE
    assert member.queue.running == 0, "the place is given back"


async def test_a_model_that_thinks_is_told_not_to_and_its_thoughts_are_no_question() -> None:
    desk = Desk(ReasoningDelta(text="The samovar is meant."), *written(WHOLE), reasoning=True)
    assert await rewritten(desk) == WHOLE
    assert desk.requests[0].parameters.reasoning_effort == "none"


@pytest.mark.parametrize(
    "events",
    [
        (Finished(reason="length"),),
        (TextDelta(text="How much"), Failed(error=BackendBroke(backend="desk"))),
        (TextDelta(text="x" * 300), TextDelta(text="x" * 300), Finished(reason="stop")),
    ],
    ids=["nothing", "broken", "endless"],
)
async def test_a_model_that_fails_leaves_the_question_to_the_rule(events: tuple[BackendEvent, ...]) -> None:
    assert await rewritten(Desk(*events)) is None


async def test_without_any_model_the_rule_has_its_words() -> None:
    gateway = Gateway(ModelDirectory(BackendPool()), lambda: None)
    rewriter = ModelRewriter(gateway, TokenCounter(), model_id=None, user_id=USER, system_prompt="")
    assert await rewriter.rewrite(branch()) is None


async def test_a_model_that_is_late_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("samovar.chat.rewrite._PATIENCE_S", 0.2)
    desk = Desk(*written(WHOLE))
    desk.hangs = True
    member = member_of(desk)
    assert await rewritten(desk, member) is None
    assert len(desk.requests) == 1
    assert member.queue.running == 0, "the place is given back"
