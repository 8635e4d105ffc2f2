"""Whole chats into the database and out of it."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from tests.support.database import another_actor, make_chat, make_document, make_message
from tests.support.trees import START, chats_of, line_of

from samovar.domain.actor import Actor
from samovar.domain.chat import SentPage
from samovar.domain.errors import Conflict, NotFound
from samovar.domain.ids import MessageId, new_document_id, new_message_id, new_run_id
from samovar.storage import PostgresStorage


async def test_a_chat_is_stored_as_it_is_with_its_tree_and_its_dates(storage: PostgresStorage, actor: Actor) -> None:
    line = line_of(make_chat(actor).chat_id, 4)
    chat = replace(
        make_chat(actor, title="Чай"),
        chat_id=line[0].chat_id,
        head_id=line[1].message_id,
        folder="Bank",
        tags=("red",),
        created_at=START,
        updated_at=START + timedelta(days=2),
    )
    again = replace(
        line[1], message_id=new_message_id(), position=5, text="Not\x00 so\ud800", model="m", reasoning="Hm."
    )
    async with storage.transaction() as tx:
        await tx.archive.add_chat(actor, chat, [*line, again])
        assert await tx.chats.access(actor, chat.chat_id) == chat
        stored = await tx.chats.messages(actor, chat.chat_id)
    given = [*line, replace(again, text="Not\ufffd so\ufffd")]
    assert [replace(message, position=0) for message in stored] == [replace(message, position=0) for message in given]
    positions = [message.position for message in stored]
    assert positions == sorted(set(positions))


async def test_a_reply_keeps_how_it_ended_and_its_run_can_be_followed(storage: PostgresStorage, actor: Actor) -> None:
    chat = make_chat(actor)
    question = make_message(chat.chat_id)
    done = replace(
        make_message(chat.chat_id, role="assistant", text="80", parent_id=question.message_id),
        run_id=new_run_id(),
        run_status="failed",
        error_code="backend_timeout",
        outcome={"error": {"code": "backend_timeout"}, "notices": []},
        model="m",
    )
    live = replace(done, message_id=new_message_id(), run_id=new_run_id(), run_status="running", outcome=None)
    async with storage.transaction() as tx:
        await tx.archive.add_chat(actor, chat, [question, done, live])
        _, failed, interrupted = await tx.chats.messages(actor, chat.chat_id)
        assert replace(failed, position=0) == done
        assert interrupted.run_status == "interrupted"
        assert done.run_id is not None
        said, end = await tx.runs.events_after(actor, done.run_id, 0)
        assert (said.kind, said.body["text"]) == ("replace", "80")
        assert (end.kind, end.body) == ("end", {"status": "failed", "error": {"code": "backend_timeout"}})
        assert await tx.runs.ledger(actor, done.run_id) == {}
        # Nobody is waited for.
        assert await tx.runs.interrupt_orphans() == ()


async def test_a_context_begins_at_the_same_message_again(storage: PostgresStorage, actor: Actor) -> None:
    chat = make_chat(actor)
    line = line_of(chat.chat_id, 4)
    other = make_chat(actor)
    async with storage.transaction() as tx:
        await tx.archive.add_chat(actor, other, line_of(other.chat_id, 3))
        await tx.archive.add_chat(actor, replace(chat, context_after=2), line)
        stored = await tx.chats.messages(actor, chat.chat_id)
        after = (await tx.chats.access(actor, chat.chat_id)).context_after
    assert after == stored[1].position
    assert after > 2


async def test_positions_keep_the_order_of_what_was_given_over_many_batches(
    storage: PostgresStorage, actor: Actor
) -> None:
    chat = make_chat(actor)
    line = line_of(chat.chat_id, 1_234)
    line[600] = replace(line[600], text="x" * 3_000_000)
    async with storage.transaction() as tx:
        await tx.archive.add_chat(actor, chat, line)
        stored = await tx.chats.messages(actor, chat.chat_id)
    assert [message.message_id for message in stored] == [message.message_id for message in line]


async def test_a_tree_that_does_not_hang_together_is_refused_whole(storage: PostgresStorage, actor: Actor) -> None:
    chat = make_chat(actor)
    line = line_of(chat.chat_id, 2)
    elsewhere = make_chat(actor)
    async with storage.transaction() as tx:
        await tx.chats.add(actor, elsewhere)
        foreign = await tx.chats.add_message(actor, make_message(elsewhere.chat_id))
    for given, head_id in (
        (line[::-1], None),
        ([replace(line[0], parent_id=foreign.message_id)], None),
        ([replace(line[0], parent_id=line[0].message_id)], None),
        (line, foreign.message_id),
        ([], MessageId(new_message_id())),
    ):
        with pytest.raises(NotFound) as raised:
            async with storage.transaction() as tx:
                await tx.archive.add_chat(actor, replace(chat, head_id=head_id), given)
        assert raised.value.values == {"what": "message"}
    async with storage.transaction() as tx:
        assert [found.chat_id for found in await chats_of(tx, actor)] == [elsewhere.chat_id]


async def test_known_ids_are_a_conflict_and_change_nothing(storage: PostgresStorage, actor: Actor) -> None:
    chat = make_chat(actor, title="first")
    line = line_of(chat.chat_id, 2)
    other = make_chat(actor)
    async with storage.transaction() as tx:
        await tx.archive.add_chat(actor, chat, line)
    for again, given in ((replace(chat, title="again"), []), (other, line)):
        with pytest.raises(Conflict):
            async with storage.transaction() as tx:
                await tx.archive.add_chat(actor, again, given)
    async with storage.transaction() as tx:
        assert [found.title for found in await chats_of(tx, actor)] == ["first"]
        assert len(await tx.chats.messages(actor, chat.chat_id)) == 2


async def test_files_of_an_imported_message_are_those_of_its_chat(storage: PostgresStorage, actor: Actor) -> None:
    paper, book = make_document(actor, name="a.txt"), make_document(actor, name="b.txt")
    chat = make_chat(actor)
    message = replace(
        make_message(chat.chat_id, document_ids=(paper.document_id,)),
        pages=(SentPage(document_id=book.document_id, page=3),),
        task="describe",
    )
    async with storage.transaction() as tx:
        for document in (paper, book):
            await tx.documents.add(actor, document, chat_id=None)
        await tx.archive.add_chat(actor, chat, [message])
        [stored] = await tx.chats.messages(actor, chat.chat_id)
        assert [found.document_id for found in await tx.documents.of_chat(actor, chat.chat_id)] == [paper.document_id]
    assert (stored.document_ids, stored.pages, stored.task) == (message.document_ids, message.pages, "describe")


async def test_files_of_another_user_cannot_be_imported_with_a_message(
    storage: PostgresStorage, actor: Actor, clean_database_url: str
) -> None:
    stranger = await another_actor(clean_database_url)
    paper = make_document(actor)
    async with storage.transaction() as tx:
        await tx.documents.add(actor, paper, chat_id=None)
    for document_id in (paper.document_id, new_document_id()):
        chat = make_chat(stranger)
        with pytest.raises(NotFound) as raised:
            async with storage.transaction() as tx:
                await tx.archive.add_chat(stranger, chat, [make_message(chat.chat_id, document_ids=(document_id,))])
        assert raised.value.values == {"what": "document"}
    async with storage.transaction() as tx:
        assert await chats_of(tx, stranger) == ()


async def test_every_chat_of_the_actor_comes_out_oldest_first(
    storage: PostgresStorage, actor: Actor, clean_database_url: str
) -> None:
    stranger = await another_actor(clean_database_url)
    moments = [datetime(2000, 1, 1, tzinfo=UTC) + timedelta(days=number * 37 % 120) for number in range(120)]
    async with storage.transaction() as tx:
        await tx.chats.add(stranger, make_chat(stranger))
        for moment in moments:
            chat = replace(make_chat(actor), created_at=moment, is_archived=moment.day % 2 == 0)
            await tx.archive.add_chat(actor, chat, [])
    async with storage.transaction() as tx:
        found = [chat async for chat in tx.archive.chats(actor)]
    assert [chat.created_at for chat in found] == sorted(moments)


async def test_a_chat_deleted_while_all_are_read_is_left_out(storage: PostgresStorage, actor: Actor) -> None:
    chats = [replace(make_chat(actor), created_at=START + timedelta(days=number)) for number in range(60)]
    async with storage.transaction() as tx:
        for chat in chats:
            await tx.chats.add(actor, chat)
        found = []
        async for chat in tx.archive.chats(actor):
            found.append(chat.chat_id)
            if len(found) == 1:
                await tx.chats.remove(actor, chats[-1].chat_id)
    assert found == [chat.chat_id for chat in chats[:-1]]
