"""What live runs write is stored while they write it, whatever happens to their neighbours."""

import asyncio
from collections.abc import AsyncIterator, Sequence

import pytest
from tests.support.database import make_chat, make_message, make_run

from samovar.chat.checkpoints import Checkpoints
from samovar.chat.live import FULL_EVENTS, LiveRun
from samovar.domain.actor import Actor
from samovar.domain.run import Run
from samovar.storage import PostgresStorage

LONG_S = 60


class Desk:
    """Live runs over the real database, without a hub: nothing but checkpoints stores them."""

    def __init__(self, storage: PostgresStorage, actor: Actor) -> None:
        self.storage = storage
        self.actor = actor
        self.checkpoints = Checkpoints(storage)

    async def begin(self) -> LiveRun:
        chat = make_chat(self.actor)
        question = make_message(chat.chat_id)
        reply = make_message(chat.chat_id, role="assistant", text="", parent_id=question.message_id)
        run = make_run(reply, owner=self.storage.owner)
        async with self.storage.transaction() as tx:
            await tx.chats.add(self.actor, chat)
            await tx.chats.add_message(self.actor, question)
            await tx.chats.add_message(self.actor, reply)
            await tx.runs.add(run)
        live = LiveRun(run, self.actor)
        self.checkpoints.add(live)
        return live

    async def text(self, run: Run) -> str:
        async with self.storage.transaction() as tx:
            return (await tx.chats.access_message(self.actor, run.message_id)).text

    async def until_stored(self, lives: Sequence[LiveRun]) -> None:
        async with asyncio.timeout(LONG_S):
            while any(live.run.last_seq < live.seq for live in lives):
                await asyncio.sleep(0.02)


@pytest.fixture
async def desk(storage: PostgresStorage, actor: Actor) -> AsyncIterator[Desk]:
    opened = Desk(storage, actor)
    yield opened
    await opened.checkpoints.close()


async def test_a_few_words_are_stored_without_waiting_for_more(desk: Desk) -> None:
    lives = [await desk.begin() for _ in range(3)]
    for live in lives:
        live.write("tea ")
        live.write("jam")
    await desk.until_stored(lives)
    for live in lives:
        assert await desk.text(live.run) == "tea jam"
        async with desk.storage.transaction() as tx:
            assert list(live.events(0)) == list(await tx.runs.events_after(desk.actor, live.run.run_id, 0))


async def test_many_words_do_not_wait_for_their_second(desk: Desk) -> None:
    live = await desk.begin()
    live.write("first ")
    await desk.until_stored([live])
    called: list[int] = []
    store, live.on_full = live.on_full, lambda: called.append(live.seq)
    for _ in range(FULL_EVENTS + 10):
        live.write("tea ")
    assert called == [1 + FULL_EVENTS], "asked for once, when there are many"
    store()
    await desk.until_stored([live])
    assert await desk.text(live.run) == "first " + "tea " * (FULL_EVENTS + 10)


async def test_a_run_that_is_gone_keeps_no_other_from_the_disk(desk: Desk) -> None:
    gone, alive = await desk.begin(), await desk.begin()
    async with desk.storage.transaction() as tx:
        await tx.chats.remove(desk.actor, gone.run.chat_id)
    gone.write("lost")
    alive.write("kept")
    await desk.until_stored([alive])
    assert await desk.text(alive.run) == "kept"
    assert gone.run.last_seq == 0


async def test_a_run_that_cannot_be_stored_keeps_no_other_from_the_disk(desk: Desk) -> None:
    broken, sound = await desk.begin(), await desk.begin()
    broken.emit("progress", processed=object())
    sound.write("kept")
    await desk.until_stored([sound])
    sound.write(" again")
    await desk.until_stored([sound])
    assert await desk.text(sound.run) == "kept again"
    assert broken.run.last_seq == 0


async def test_a_run_that_was_released_is_stored_no_more(desk: Desk) -> None:
    released, other = await desk.begin(), await desk.begin()
    released.write("its end stores it")
    other.write("tea")
    await desk.checkpoints.release(released)
    await desk.until_stored([other])
    assert await desk.text(released.run) == ""
