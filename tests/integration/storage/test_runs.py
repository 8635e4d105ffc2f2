"""Runs, their checkpoints, and the end of those whose process is gone."""

import asyncio
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest
from psycopg.types.json import Jsonb
from tests.support.database import another_actor, make_chat, make_message, make_run

from samovar.domain.actor import Actor
from samovar.domain.citation import Citation
from samovar.domain.errors import Conflict, NotFound
from samovar.domain.event import RunEvent
from samovar.domain.generation import Usage
from samovar.domain.ids import RunId, new_document_id, new_run_id
from samovar.domain.run import Checkpoint, Run, RunStatus
from samovar.storage import PostgresStorage, open_storage
from samovar.storage.postgres import PostgresTransaction


async def start_run(tx: PostgresTransaction, actor: Actor, *, owner: int) -> Run:
    """A chat with a question and a reply that is being written."""
    chat = make_chat(actor)
    await tx.chats.add(actor, chat)
    question = await tx.chats.add_message(actor, make_message(chat.chat_id))
    reply = make_message(chat.chat_id, role="assistant", text="", parent_id=question.message_id)
    run = make_run(await tx.chats.add_message(actor, reply), owner=owner)
    await tx.runs.add(run)
    return run


def delta(seq: int, text: str) -> RunEvent:
    return RunEvent(seq=seq, kind="delta", body={"text": text})


def so_far(run_id: RunId, *events: RunEvent, text: str, reasoning: str = "") -> Checkpoint:
    return Checkpoint(run_id=run_id, events=events, text=text, reasoning=reasoning)


async def end(tx: PostgresTransaction, last: Checkpoint, status: RunStatus = "done") -> None:
    await tx.runs.finish(last, status=status, error_code=None, usage=None, citations=[], outcome={})


async def test_a_run_and_its_events_are_read_back_in_order(storage: PostgresStorage, actor: Actor) -> None:
    async with storage.transaction() as tx:
        run = await start_run(tx, actor, owner=storage.owner)
        assert await tx.runs.access(actor, run.run_id) == run
        assert await tx.runs.events_after(actor, run.run_id, 0) == ()
    first, second = [delta(1, "Вода "), delta(2, "кипит")], [delta(3, ".")]
    async with storage.transaction() as tx:
        await tx.runs.checkpoint([so_far(run.run_id, *first, text="Вода кипит", reasoning="hm")])
        await tx.runs.checkpoint([so_far(run.run_id, *second, text="Вода кипит.", reasoning="hm")])
    async with storage.transaction() as tx:
        assert await tx.runs.events_after(actor, run.run_id, 0) == (*first, *second)
        assert await tx.runs.events_after(actor, run.run_id, 1) == (first[1], *second)
        assert await tx.runs.events_after(actor, run.run_id, 3) == ()
        stored = await tx.runs.access(actor, run.run_id)
        assert (stored.status, stored.last_seq) == ("running", 3)
        reply = await tx.chats.access_message(actor, run.message_id)
        assert (reply.text, reply.reasoning, reply.run_status) == ("Вода кипит.", "hm", "running")


async def test_checkpoints_of_many_runs_are_stored_together_and_lost_ones_are_named(
    storage: PostgresStorage, actor: Actor
) -> None:
    async with storage.transaction() as tx:
        one, two, over = [await start_run(tx, actor, owner=storage.owner) for _ in range(3)]
        await end(tx, so_far(over.run_id, delta(1, "was"), text="was"))
        gone = new_run_id()
        stored = await tx.runs.checkpoint(
            [so_far(run_id, delta(1, "now"), text="now") for run_id in (one.run_id, over.run_id, gone, two.run_id)]
        )
        assert stored == {one.run_id, two.run_id}
        texts = [(await tx.chats.access_message(actor, run.message_id)).text for run in (one, two, over)]
        assert texts == ["now", "now", "was"]
        assert [(await tx.runs.access(actor, run.run_id)).last_seq for run in (one, two, over)] == [1, 1, 1]
        for run in (one, two):
            assert await tx.runs.events_after(actor, run.run_id, 0) == (delta(1, "now"),)


async def test_events_that_an_earlier_version_stored_are_read(
    storage: PostgresStorage, actor: Actor, clean_database_url: str
) -> None:
    async with storage.transaction() as tx:
        run = await start_run(tx, actor, owner=storage.owner)
    async with await psycopg.AsyncConnection.connect(
        clean_database_url.replace("postgresql+psycopg", "postgresql"), autocommit=True
    ) as connection:
        body = [[1, "status", {"status": "running"}], [2, "delta", {"text": "a"}], [3, "delta", {"text": "b"}]]
        await connection.execute(
            "INSERT INTO run_events (run_id, first_seq, last_seq, body) VALUES (%s, 1, 3, %s)",
            (run.run_id, Jsonb(body)),
        )
    async with storage.transaction() as tx:
        assert await tx.runs.events_after(actor, run.run_id, 1) == (delta(2, "a"), delta(3, "b"))


async def test_a_batch_that_comes_again_and_longer_is_stored_once(storage: PostgresStorage, actor: Actor) -> None:
    async with storage.transaction() as tx:
        run = await start_run(tx, actor, owner=storage.owner)
        await tx.runs.checkpoint([so_far(run.run_id, delta(1, "a"), text="a")])
    async with storage.transaction() as tx:
        await tx.runs.checkpoint([so_far(run.run_id, delta(1, "a"), delta(2, "b"), text="ab")])
        assert [event.seq for event in await tx.runs.events_after(actor, run.run_id, 0)] == [1, 2]


async def test_the_end_of_a_run_shows_on_the_run_and_on_its_message(storage: PostgresStorage, actor: Actor) -> None:
    citation = Citation(
        n=1, document_id=new_document_id(), document="tea.pdf", page=2, start=3, end=9, quote="кипит", verified=True,
        origin="model",
    )  # fmt: skip
    async with storage.transaction() as tx:
        run = await start_run(tx, actor, owner=storage.owner)
        assert await tx.runs.ledger(actor, run.run_id) == {}
        await tx.runs.save_choice(run.run_id, model="m", backend="b", ledger={"pieces": [1]})
        usage = Usage(prompt_tokens=5, completion_tokens=2, cached_tokens=1)
        await tx.runs.finish(
            so_far(run.run_id, delta(1, "Half"), text="Half", reasoning="hm"),
            status="failed",
            error_code="backend_broke",
            usage=usage,
            citations=[citation],
            outcome={"notices": []},
        )
    async with storage.transaction() as tx:
        stored = await tx.runs.access(actor, run.run_id)
        assert stored == replace(
            run, status="failed", error_code="backend_broke", usage=usage, model="m", backend="b", last_seq=1
        )
        assert await tx.runs.events_after(actor, run.run_id, 0) == (delta(1, "Half"),)
        reply = await tx.chats.access_message(actor, run.message_id)
        assert (reply.run_id, reply.run_status, reply.error_code) == (run.run_id, "failed", "backend_broke")
        assert (reply.model, reply.citations) == ("m", (citation,))
        assert (reply.text, reply.reasoning) == ("Half", "hm")
        assert await tx.runs.ledger(actor, run.run_id) == {"pieces": [1]}


async def test_an_ended_run_takes_no_more_events(storage: PostgresStorage, actor: Actor) -> None:
    async with storage.transaction() as tx:
        run = await start_run(tx, actor, owner=storage.owner)
        await end(tx, so_far(run.run_id, delta(1, "a"), text="a"), "stopped")
        more = so_far(run.run_id, delta(2, "b"), text="ab")
        assert await tx.runs.checkpoint([more]) == set()
        with pytest.raises(Conflict):
            await end(tx, more)
        assert (await tx.chats.access_message(actor, run.message_id)).text == "a"
        assert await tx.runs.events_after(actor, run.run_id, 0) == (delta(1, "a"),)


async def test_writing_to_a_deleted_run_says_so(storage: PostgresStorage, actor: Actor) -> None:
    gone = new_run_id()
    async with storage.transaction() as tx:
        for written in (
            end(tx, so_far(gone, delta(1, "a"), text="a")),
            tx.runs.save_choice(gone, model="m", backend="b", ledger={}),
        ):
            with pytest.raises(NotFound):
                await written


async def test_events_with_characters_that_json_cannot_hold_are_stored(storage: PostgresStorage, actor: Actor) -> None:
    async with storage.transaction() as tx:
        run = await start_run(tx, actor, owner=storage.owner)
        event = RunEvent(seq=1, kind="delta", body={"text": "a\x00b\ud83d"})
        await tx.runs.checkpoint([so_far(run.run_id, event, text="a\x00b\ud83d", reasoning="\x00")])
        assert await tx.runs.events_after(actor, run.run_id, 0) == (delta(1, "a\ufffdb\ufffd"),)
        reply = await tx.chats.access_message(actor, run.message_id)
        assert (reply.text, reply.reasoning) == ("a\ufffdb\ufffd", "\ufffd")


async def test_runs_of_another_user_do_not_exist(
    storage: PostgresStorage, actor: Actor, clean_database_url: str
) -> None:
    stranger = await another_actor(clean_database_url)
    async with storage.transaction() as tx:
        run = await start_run(tx, actor, owner=storage.owner)
        await tx.runs.checkpoint([so_far(run.run_id, delta(1, "a"), text="a")])
        for asked in (
            tx.runs.access(stranger, run.run_id),
            tx.runs.events_after(stranger, run.run_id, 0),
            tx.runs.ledger(stranger, run.run_id),
        ):
            with pytest.raises(NotFound) as raised:
                await asked
            assert raised.value.values == {"what": "run"}


async def test_runs_of_a_process_that_is_gone_are_interrupted_and_others_are_left(
    storage: PostgresStorage, actor: Actor, clean_database_url: str
) -> None:
    other = await open_storage(data_dir=Path("unused"), database_url=clean_database_url)
    async with storage.transaction() as tx:
        own = await start_run(tx, actor, owner=storage.owner)
        alive = await start_run(tx, actor, owner=other.owner)
        lost = await start_run(tx, actor, owner=7)
        await tx.runs.checkpoint([so_far(lost.run_id, delta(1, "half"), text="half")])
        ended = await start_run(tx, actor, owner=7)
        await end(tx, so_far(ended.run_id, delta(1, "a"), text="a"))
    async with storage.transaction() as tx:
        assert await tx.runs.interrupt_orphans() == (lost.run_id,)
        assert await tx.runs.interrupt_orphans() == ()
        assert (await tx.runs.events_after(actor, lost.run_id, 1)) == (
            RunEvent(seq=2, kind="end", body={"status": "interrupted", "error": None}),
        )
        reply = await tx.chats.access_message(actor, lost.message_id)
        assert (reply.text, reply.run_status) == ("half", "interrupted")
        assert (await tx.runs.access(actor, lost.run_id)).last_seq == 2
        assert [(await tx.runs.access(actor, run.run_id)).status for run in (own, alive, ended)] == [
            "queued",
            "queued",
            "done",
        ]
    await other.close()
    await _end_of_owner(clean_database_url, other.owner)
    async with storage.transaction() as tx:
        assert await tx.runs.interrupt_orphans() == (alive.run_id,)


async def _end_of_owner(database_url: str, owner: int) -> None:
    """Wait until PostgreSQL has noticed that the connection of an owner was closed."""
    held = "SELECT EXISTS (SELECT FROM pg_locks WHERE locktype = 'advisory' AND objid = %s::bigint::oid AND granted)"
    async with await psycopg.AsyncConnection.connect(database_url, autocommit=True) as connection, asyncio.timeout(5):
        while await (await connection.execute(held, (owner,))).fetchone() == (True,):
            await asyncio.sleep(0.01)
