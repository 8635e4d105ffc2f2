"""Facts that only a request tells: asked once, beside the work, and not again at once when that fails."""

import asyncio

from samovar.backends._shared import SlowFact
from samovar.domain.errors import BackendUnreachable


async def test_a_fact_is_asked_for_once() -> None:
    asked: list[str] = []

    async def ask(name: str) -> bool:
        asked.append(name)
        return name == "a"

    fact = SlowFact(ask)
    assert [await fact.learn("a") for _ in range(3)] == [True] * 3
    assert await fact.learn("b") is False
    assert asked == ["a", "b"]
    await fact.close()


async def test_a_question_that_fails_is_not_asked_again_at_once() -> None:
    asked = 0

    async def ask(name: str) -> bool:
        nonlocal asked
        asked += 1
        raise BackendUnreachable(backend="b")

    fact = SlowFact(ask)
    assert [await fact.learn("a") for _ in range(3)] == [None] * 3
    assert asked == 1
    await fact.close()


async def test_a_slow_answer_is_there_the_next_time() -> None:
    may_answer = asyncio.Event()

    async def ask(name: str) -> str:
        await may_answer.wait()
        return "yes"

    fact = SlowFact(ask)
    assert await fact.learn("a") is None
    assert await fact.learn("a") is None
    may_answer.set()
    async with asyncio.timeout(10):
        while fact.known("a") is None:
            await asyncio.sleep(0)
    assert await fact.learn("a") == "yes"
    await fact.close()


async def test_only_a_few_questions_are_asked_at_a_time() -> None:
    running, most = 0, 0

    async def ask(name: str) -> bool:
        nonlocal running, most
        running += 1
        most = max(most, running)
        await asyncio.sleep(0.01)
        running -= 1
        return True

    fact = SlowFact(ask)
    names = [str(number) for number in range(20)]
    known: dict[str, bool | None] = {}
    async with asyncio.timeout(20):
        while len([name for name in names if known.get(name)]) < len(names):
            known = await fact.learn_all(names)
    assert most <= 4
    await fact.close()


async def test_closing_stops_the_questions() -> None:
    stopped = asyncio.Event()

    async def ask(name: str) -> bool:
        try:
            await asyncio.Event().wait()
        finally:
            stopped.set()
        return True

    fact = SlowFact(ask)
    learning = asyncio.ensure_future(fact.learn("a"))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    await fact.close()
    await learning
    assert stopped.is_set()
