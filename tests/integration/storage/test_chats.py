"""Chats and messages in PostgreSQL."""

import asyncio
from dataclasses import replace

import pytest
from tests.support.database import another_actor, make_chat, make_document, make_message, make_run
from tests.support.trees import chats_of

from samovar.domain.actor import Actor
from samovar.domain.document import DocumentFigure, KnowledgeBase
from samovar.domain.errors import Conflict, NotFound
from samovar.domain.ids import new_base_id, new_chat_id, new_document_id, new_message_id
from samovar.domain.page import Page
from samovar.domain.parameters import GenerationParameters
from samovar.storage import PostgresStorage


async def test_a_chat_is_read_back_as_it_was_stored(storage: PostgresStorage, actor: Actor) -> None:
    chat = replace(
        make_chat(actor, title="Чай ☕"),
        system_prompt="Be brief.",
        model="m",
        parameters=GenerationParameters(temperature=0.5, stop=("a", "b")),
        head_id=new_message_id(),
    )
    async with storage.transaction() as tx:
        await tx.chats.add(actor, chat)
    async with storage.transaction() as tx:
        assert await tx.chats.access(actor, chat.chat_id) == chat


async def test_the_chat_changed_last_comes_first_whatever_the_clock_says(
    storage: PostgresStorage, actor: Actor
) -> None:
    first, second = make_chat(actor, title="first"), make_chat(actor, title="second")
    async with storage.transaction() as tx:
        await tx.chats.add(actor, first)
        await tx.chats.add(actor, replace(second, updated_at=first.updated_at.replace(year=1999)))
        assert [chat.title for chat in await chats_of(tx, actor)] == ["second", "first"]
        await tx.chats.save(actor, replace(first, title="changed"))
        assert [chat.title for chat in await chats_of(tx, actor)] == ["changed", "second"]


async def test_saving_a_chat_moves_its_time_forward(storage: PostgresStorage, actor: Actor) -> None:
    chat = make_chat(actor)
    async with storage.transaction() as tx:
        await tx.chats.add(actor, chat)
    async with storage.transaction() as tx:
        await tx.chats.save(actor, replace(chat, head_id=new_message_id()))
        assert (await tx.chats.access(actor, chat.chat_id)).updated_at > chat.updated_at


async def test_messages_keep_their_order_and_their_tree(storage: PostgresStorage, actor: Actor) -> None:
    chat = make_chat(actor)
    async with storage.transaction() as tx:
        await tx.chats.add(actor, chat)
        question = await tx.chats.add_message(actor, make_message(chat.chat_id))
        answer = await tx.chats.add_message(
            actor, make_message(chat.chat_id, role="assistant", text="80", parent_id=question.message_id)
        )
        again = await tx.chats.add_message(
            actor, make_message(chat.chat_id, role="assistant", text="90", parent_id=question.message_id)
        )
    assert question.position < answer.position < again.position
    async with storage.transaction() as tx:
        assert await tx.chats.messages(actor, chat.chat_id) == (question, answer, again)
        assert await tx.chats.access_message(actor, answer.message_id) == answer


async def test_a_used_idempotency_key_is_a_conflict_and_leads_to_the_first_message(
    storage: PostgresStorage, actor: Actor
) -> None:
    chat, other = make_chat(actor), make_chat(actor)
    async with storage.transaction() as tx:
        await tx.chats.add(actor, chat)
        await tx.chats.add(actor, other)
        stored = await tx.chats.add_message(actor, make_message(chat.chat_id), idempotency_key="k")
        with pytest.raises(Conflict):
            await tx.chats.add_message(actor, make_message(chat.chat_id), idempotency_key="k")
        assert await tx.chats.message_by_idempotency_key(actor, chat.chat_id, "k") == stored
        assert await tx.chats.message_by_idempotency_key(actor, other.chat_id, "k") is None
        await tx.chats.add_message(actor, make_message(other.chat_id), idempotency_key="k")
    async with storage.transaction() as tx:
        assert len(await tx.chats.messages(actor, chat.chat_id)) == 1


async def test_a_parent_from_another_chat_is_refused(storage: PostgresStorage, actor: Actor) -> None:
    chat, other = make_chat(actor), make_chat(actor)
    async with storage.transaction() as tx:
        await tx.chats.add(actor, chat)
        await tx.chats.add(actor, other)
        foreign = await tx.chats.add_message(actor, make_message(other.chat_id))
    with pytest.raises(NotFound) as raised:
        async with storage.transaction() as tx:
            await tx.chats.add_message(actor, make_message(chat.chat_id, parent_id=foreign.message_id))
    assert raised.value.values == {"what": "message"}


async def test_documents_of_a_message_come_back_in_the_order_given(storage: PostgresStorage, actor: Actor) -> None:
    chat = make_chat(actor)
    papers = [make_document(actor, name=f"{n}.txt") for n in range(3)]
    wanted = (papers[2].document_id, papers[0].document_id, papers[1].document_id)
    async with storage.transaction() as tx:
        await tx.chats.add(actor, chat)
        for paper in papers:
            await tx.documents.add(actor, paper, chat_id=chat.chat_id)
        stored = await tx.chats.add_message(actor, make_message(chat.chat_id, document_ids=wanted))
        assert (await tx.chats.access_message(actor, stored.message_id)).document_ids == wanted
        await tx.documents.remove(actor, papers[0].document_id)
        assert (await tx.chats.access_message(actor, stored.message_id)).document_ids == (wanted[0], wanted[2])


async def test_an_unknown_document_cannot_be_attached_to_a_message(storage: PostgresStorage, actor: Actor) -> None:
    chat = make_chat(actor)
    async with storage.transaction() as tx:
        await tx.chats.add(actor, chat)
    with pytest.raises(NotFound) as raised:
        async with storage.transaction() as tx:
            await tx.chats.add_message(actor, make_message(chat.chat_id, document_ids=(new_document_id(),)))
    assert raised.value.values == {"what": "document"}


async def test_removing_a_chat_removes_all_of_it_and_names_the_blobs_nobody_needs(
    storage: PostgresStorage, actor: Actor
) -> None:
    chat, other = make_chat(actor), make_chat(actor)
    base = KnowledgeBase(base_id=new_base_id(), owner_id=actor.user_id, name="Books", created_at=chat.created_at)
    own = make_document(actor, sha256="1" * 64)
    picture = make_document(actor, sha256="2" * 64)
    twin, twin_elsewhere = make_document(actor, sha256="3" * 64), make_document(actor, sha256="3" * 64)
    library = make_document(actor, sha256="4" * 64, base=base)
    async with storage.transaction() as tx:
        await tx.chats.add(actor, chat)
        await tx.chats.add(actor, other)
        await tx.bases.add(actor, base)
        for paper in (own, picture, twin):
            await tx.documents.add(actor, paper, chat_id=chat.chat_id)
        await tx.documents.add(actor, twin_elsewhere, chat_id=other.chat_id)
        await tx.documents.add(actor, library, chat_id=None)
        figure = DocumentFigure(
            document_id=picture.document_id,
            page=None,
            number=1,
            sha256="5" * 64,
            media_type="image/png",
            width=1,
            height=1,
        )
        page = Page(number=None, text="", status="picture")
        await tx.readings.save_pages(picture.document_id, [page], [figure])
        question = await tx.chats.add_message(actor, make_message(chat.chat_id))
        answer = await tx.chats.add_message(actor, make_message(chat.chat_id, parent_id=question.message_id))
        run = make_run(answer, owner=storage.owner)
        await tx.runs.add(run)
    async with storage.transaction() as tx:
        assert set(await tx.chats.remove(actor, chat.chat_id)) == {"1" * 64, "2" * 64, "5" * 64}
    async with storage.transaction() as tx:
        for asked in (
            tx.chats.access(actor, chat.chat_id),
            tx.chats.messages(actor, chat.chat_id),
            tx.chats.access_message(actor, question.message_id),
            tx.runs.access(actor, run.run_id),
            tx.documents.access(actor, own.document_id),
        ):
            with pytest.raises(NotFound):
                await asked
        assert await tx.documents.access(actor, twin_elsewhere.document_id) == twin_elsewhere
        assert await tx.documents.access(actor, library.document_id) == library
        assert [found.chat_id for found in await chats_of(tx, actor)] == [other.chat_id]


async def test_text_that_postgresql_cannot_hold_is_stored_with_its_length(
    storage: PostgresStorage, actor: Actor
) -> None:
    chat = make_chat(actor, title="a\x00b\ud800c")
    async with storage.transaction() as tx:
        await tx.chats.add(actor, chat)
        stored = await tx.chats.add_message(actor, make_message(chat.chat_id, text="\x00\udfff!"))
        assert (await tx.chats.access(actor, chat.chat_id)).title == "a\ufffdb\ufffdc"
        assert (await tx.chats.access_message(actor, stored.message_id)).text == "\ufffd\ufffd!"


async def test_a_locked_chat_makes_the_second_writer_wait(storage: PostgresStorage, actor: Actor) -> None:
    chat = make_chat(actor)
    async with storage.transaction() as tx:
        await tx.chats.add(actor, chat)
    order: list[str] = []

    async def second() -> None:
        async with storage.transaction() as tx:
            await tx.chats.access(actor, chat.chat_id, for_update=True)
            order.append("second")

    async with asyncio.TaskGroup() as tasks, storage.transaction() as tx:
        await tx.chats.access(actor, chat.chat_id, for_update=True)
        tasks.create_task(second())
        await asyncio.sleep(0.1)
        order.append("first")
    assert order == ["first", "second"]


async def test_chats_of_another_user_do_not_exist(
    storage: PostgresStorage, actor: Actor, clean_database_url: str
) -> None:
    stranger = await another_actor(clean_database_url)
    chat = make_chat(actor)
    async with storage.transaction() as tx:
        await tx.chats.add(actor, chat)
        message = await tx.chats.add_message(actor, make_message(chat.chat_id), idempotency_key="k")
    async with storage.transaction() as tx:
        assert await chats_of(tx, stranger) == ()
        assert await tx.chats.message_by_idempotency_key(stranger, chat.chat_id, "k") is None
        for asked in (
            tx.chats.access(stranger, chat.chat_id),
            tx.chats.access(stranger, chat.chat_id, for_update=True),
            tx.chats.save(stranger, chat),
            tx.chats.remove(stranger, chat.chat_id),
            tx.chats.messages(stranger, chat.chat_id),
            tx.chats.add_message(stranger, make_message(chat.chat_id)),
        ):
            with pytest.raises(NotFound) as raised:
                await asked
            assert raised.value.values == {"what": "chat"}
        with pytest.raises(NotFound):
            await tx.chats.access_message(stranger, message.message_id)
    async with storage.transaction() as tx:
        assert await tx.chats.access(actor, chat.chat_id) == chat
        with pytest.raises(NotFound) as raised:
            await tx.chats.access(actor, new_chat_id())
        assert raised.value.values == {"what": "chat"}


async def test_a_document_of_another_user_cannot_be_attached(
    storage: PostgresStorage, actor: Actor, clean_database_url: str
) -> None:
    stranger = await another_actor(clean_database_url)
    chat, paper = make_chat(stranger), make_document(actor)
    async with storage.transaction() as tx:
        await tx.chats.add(stranger, chat)
        await tx.documents.add(actor, paper, chat_id=None)
    with pytest.raises(NotFound):
        async with storage.transaction() as tx:
            await tx.chats.add_message(stranger, make_message(chat.chat_id, document_ids=(paper.document_id,)))


async def test_a_turn_is_stored_whole_and_becomes_the_head_of_its_chat(storage: PostgresStorage, actor: Actor) -> None:
    chat = make_chat(actor, title="")
    question = make_message(chat.chat_id, text="Why\x00?")
    reply = make_message(chat.chat_id, role="assistant", text="", parent_id=question.message_id)
    run = make_run(reply, owner=storage.owner)
    async with storage.transaction() as tx:
        await tx.chats.add(actor, chat)
        stored = await tx.chats.add_turn(actor, replace(chat, title="Why"), question, reply, run)
        assert stored[0].position < stored[1].position
    async with storage.transaction() as tx:
        found = await tx.chats.messages(actor, chat.chat_id)
        assert [(one.message_id, one.parent_id, one.role, one.text) for one in found] == [
            (question.message_id, None, "user", "Why\ufffd?"),
            (reply.message_id, question.message_id, "assistant", ""),
        ]
        assert [one.position for one in found] == [one.position for one in stored]
        # A turn happens at one time.
        assert await tx.runs.access(actor, run.run_id) == replace(run, created_at=question.created_at)
        after = await tx.chats.access(actor, chat.chat_id)
        assert (after.title, after.head_id) == ("Why", reply.message_id)
        assert after.updated_at > chat.updated_at


async def test_a_turn_with_a_used_key_or_in_a_foreign_chat_stores_nothing(
    storage: PostgresStorage, actor: Actor, clean_database_url: str
) -> None:
    stranger = await another_actor(clean_database_url)
    chat = make_chat(actor)

    async def try_turn(who: Actor, key: str | None) -> None:
        question = make_message(chat.chat_id)
        reply = make_message(chat.chat_id, role="assistant", text="", parent_id=question.message_id)
        async with storage.transaction() as tx:
            await tx.chats.add_turn(
                who, chat, question, reply, make_run(reply, owner=storage.owner), idempotency_key=key
            )

    async with storage.transaction() as tx:
        await tx.chats.add(actor, chat)
    await try_turn(actor, "once")
    with pytest.raises(Conflict):
        await try_turn(actor, "once")
    with pytest.raises(NotFound):
        await try_turn(stranger, None)
    async with storage.transaction() as tx:
        assert len(await tx.chats.messages(actor, chat.chat_id)) == 2
