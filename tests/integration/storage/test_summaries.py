"""Summaries of chats in PostgreSQL."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from tests.support.database import another_actor
from tests.support.trees import plant

from samovar.domain.actor import Actor
from samovar.domain.chat import Message
from samovar.domain.context import Summary
from samovar.domain.errors import NotFound
from samovar.domain.ids import new_chat_id, new_message_id, new_summary_id
from samovar.storage import PostgresStorage


def summary_of(through: Message, *, turns: int, text: str = "Tea was discussed.") -> Summary:
    return Summary(
        summary_id=new_summary_id(),
        chat_id=through.chat_id,
        through_id=through.message_id,
        through_position=through.position,
        turns=turns,
        text=text,
        model="m",
        is_active=True,
        is_edited=False,
        created_at=datetime.now(UTC),
    )


async def test_summaries_are_read_back_in_the_order_of_their_making(storage: PostgresStorage, actor: Actor) -> None:
    chat, line = await plant(storage, actor, 4)
    later, earlier = summary_of(line[3], turns=4, text="All\x00"), summary_of(line[1], turns=2)
    async with storage.transaction() as tx:
        assert await tx.summaries.of_chat(actor, chat.chat_id) == ()
        await tx.summaries.add(actor, later)
        await tx.summaries.add(actor, earlier)
        assert await tx.summaries.of_chat(actor, chat.chat_id) == (replace(later, text="All\ufffd"), earlier)
        assert await tx.summaries.access(actor, earlier.summary_id) == earlier


async def test_the_words_of_a_summary_and_whether_it_stands_can_change_and_nothing_else(
    storage: PostgresStorage, actor: Actor
) -> None:
    _, line = await plant(storage, actor, 4)
    summary = summary_of(line[1], turns=2)
    changed = replace(summary, text="Only tea.", is_active=False, is_edited=True)
    async with storage.transaction() as tx:
        await tx.summaries.add(actor, summary)
        await tx.summaries.save(actor, replace(changed, through_id=line[3].message_id, turns=99, model="x"))
        assert await tx.summaries.access(actor, summary.summary_id) == changed
        with pytest.raises(NotFound):
            await tx.summaries.save(actor, summary_of(line[1], turns=2))


async def test_a_summary_goes_with_its_chat(storage: PostgresStorage, actor: Actor) -> None:
    chat, line = await plant(storage, actor, 2)
    summary = summary_of(line[1], turns=2)
    async with storage.transaction() as tx:
        await tx.summaries.add(actor, summary)
        await tx.chats.remove(actor, chat.chat_id)
        with pytest.raises(NotFound) as raised:
            await tx.summaries.access(actor, summary.summary_id)
        assert raised.value.values == {"what": "summary"}


async def test_a_summary_ends_at_a_message_of_its_own_chat(storage: PostgresStorage, actor: Actor) -> None:
    chat, _ = await plant(storage, actor, 2)
    _, elsewhere = await plant(storage, actor, 2)
    for through_id in (elsewhere[0].message_id, new_message_id()):
        with pytest.raises(NotFound) as raised:
            async with storage.transaction() as tx:
                await tx.summaries.add(
                    actor, replace(summary_of(elsewhere[0], turns=1), chat_id=chat.chat_id, through_id=through_id)
                )
        assert raised.value.values == {"what": "message"}


async def test_summaries_of_another_user_do_not_exist(
    storage: PostgresStorage, actor: Actor, clean_database_url: str
) -> None:
    stranger = await another_actor(clean_database_url)
    chat, line = await plant(storage, actor, 2)
    summary = summary_of(line[1], turns=2)
    async with storage.transaction() as tx:
        await tx.summaries.add(actor, summary)
    async with storage.transaction() as tx:
        for asked, what in (
            (tx.summaries.of_chat(stranger, chat.chat_id), "chat"),
            (tx.summaries.of_chat(actor, new_chat_id()), "chat"),
            (tx.summaries.add(stranger, summary_of(line[0], turns=1)), "chat"),
            (tx.summaries.access(stranger, summary.summary_id), "summary"),
            (tx.summaries.save(stranger, replace(summary, text="Mine")), "summary"),
        ):
            with pytest.raises(NotFound) as raised:
                await asked
            assert raised.value.values == {"what": what}
        assert await tx.summaries.of_chat(actor, chat.chat_id) == (summary,)
