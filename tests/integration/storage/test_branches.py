"""The tree of a chat, read by branches and as an outline, and how much of the table that takes."""

from dataclasses import replace

import pytest
from sqlalchemy import text
from tests.support.database import another_actor, make_chat, make_message, make_run
from tests.support.trees import line_of, plant

from samovar.domain.actor import Actor
from samovar.domain.chat import Chat, Message
from samovar.domain.errors import NotFound
from samovar.domain.ids import new_chat_id, new_message_id
from samovar.storage import PostgresStorage
from samovar.storage.postgres import PostgresTransaction

#: Messages of the chat whose reading is counted.
LONG = 10_000


async def planted_fork(storage: PostgresStorage, actor: Actor) -> tuple[Chat, dict[str, Message]]:
    """Two questions at the top; below the first three replies, and below the second of them two questions."""
    chat = make_chat(actor)
    found: dict[str, Message] = {}
    async with storage.transaction() as tx:
        await tx.chats.add(actor, chat)
        for name, parent in [
            ("one", None),
            ("one.a", "one"),
            ("one.b", "one"),
            ("one.b.x", "one.b"),
            ("one.c", "one"),
            ("two", None),
            ("one.b.y", "one.b"),
            ("two.a", "two"),
        ]:
            message = make_message(
                chat.chat_id,
                role="user" if name.count(".") % 2 == 0 else "assistant",
                text=name,
                parent_id=found[parent].message_id if parent else None,
            )
            found[name] = await tx.chats.add_message(actor, message)
    return chat, found


async def test_a_branch_is_read_from_its_root_to_its_head_and_no_other_is(
    storage: PostgresStorage, actor: Actor
) -> None:
    chat, found = await planted_fork(storage, actor)
    async with storage.transaction() as tx:
        branch = await tx.chats.branch(actor, chat.chat_id, found["one.b.x"].message_id)
        assert branch == (found["one"], found["one.b"], found["one.b.x"])
        assert await tx.chats.branch(actor, chat.chat_id, found["two"].message_id) == (found["two"],)


@pytest.mark.parametrize(("limit", "texts"), [(1, "4"), (2, "3 4"), (4, "1 2 3 4"), (99, "1 2 3 4")])
async def test_the_last_messages_of_a_branch_are_read_alone(
    storage: PostgresStorage, actor: Actor, limit: int, texts: str
) -> None:
    chat, line = await plant(storage, actor, 5)
    async with storage.transaction() as tx:
        branch = await tx.chats.branch(actor, chat.chat_id, line[3].message_id, limit=limit)
    assert [message.text for message in branch] == [f"message {number}" for number in texts.split()]


async def test_a_branch_that_is_not_in_the_chat_is_not_found(
    storage: PostgresStorage, actor: Actor, clean_database_url: str
) -> None:
    stranger = await another_actor(clean_database_url)
    chat, line = await plant(storage, actor, 2)
    other, _ = await plant(storage, actor, 1)
    async with storage.transaction() as tx:
        for who, chat_id, head_id in (
            (stranger, chat.chat_id, line[-1].message_id),
            (actor, other.chat_id, line[-1].message_id),
            (actor, chat.chat_id, new_message_id()),
        ):
            with pytest.raises(NotFound) as raised:
                await tx.chats.branch(who, chat_id, head_id)
            assert raised.value.values == {"what": "message"}


async def test_the_newest_branch_through_a_message_ends_at_the_newest_message_below_it(
    storage: PostgresStorage, actor: Actor
) -> None:
    _, found = await planted_fork(storage, actor)
    async with storage.transaction() as tx:
        for start, end in [
            ("one", "one.b.y"),
            ("one.b", "one.b.y"),
            ("one.b.x", "one.b.x"),
            ("one.c", "one.c"),
            ("two", "two.a"),
        ]:
            assert await tx.chats.newest_leaf(actor, found[start].message_id) == found[end].message_id, start


async def test_versions_are_told_in_their_order_and_only_where_there_are_several(
    storage: PostgresStorage, actor: Actor
) -> None:
    _, found = await planted_fork(storage, actor)
    async with storage.transaction() as tx:
        siblings = await tx.chats.siblings(actor, [message.message_id for message in found.values()])
        assert await tx.chats.siblings(actor, []) == {}
    names = {message.message_id: name for name, message in found.items()}
    told = {names[message_id]: [names[version] for version in versions] for message_id, versions in siblings.items()}
    replies, questions, tops = ["one.a", "one.b", "one.c"], ["one.b.x", "one.b.y"], ["one", "two"]
    assert told == {name: group for group in (replies, questions, tops) for name in group}


async def test_the_outline_has_the_beginning_of_every_message_and_who_wrote_it(
    storage: PostgresStorage, actor: Actor
) -> None:
    chat = make_chat(actor)
    question = replace(make_message(chat.chat_id, text="Ж" * 300), position=1)
    reply = make_message(chat.chat_id, role="assistant", text="short", parent_id=question.message_id)
    async with storage.transaction() as tx:
        await tx.chats.add(actor, chat)
        await tx.chats.add_message(actor, question)
        await tx.chats.add_message(actor, reply)
        await tx.runs.add(replace(make_run(reply, owner=storage.owner), model="m"))
        first, second = await tx.chats.outline(actor, chat.chat_id, limit=9)
        assert await tx.chats.outline(actor, chat.chat_id, limit=1) == (second,)
    assert (first.message_id, first.parent_id, first.role, first.start, first.model) == (
        question.message_id,
        None,
        "user",
        "Ж" * 100,
        None,
    )
    assert (second.parent_id, second.role, second.start, second.model) == (
        question.message_id,
        "assistant",
        "short",
        "m",
    )
    assert first.created_at == question.created_at


async def test_the_tree_of_another_user_does_not_exist(
    storage: PostgresStorage, actor: Actor, clean_database_url: str
) -> None:
    stranger = await another_actor(clean_database_url)
    chat, found = await planted_fork(storage, actor)
    ids = [message.message_id for message in found.values()]
    async with storage.transaction() as tx:
        assert await tx.chats.siblings(stranger, ids) == {}
        assert await tx.chats.newest_position(stranger, chat.chat_id) is None
        with pytest.raises(NotFound):
            await tx.chats.newest_leaf(stranger, ids[0])
        for chat_id in (chat.chat_id, new_chat_id()):
            with pytest.raises(NotFound) as raised:
                await tx.chats.outline(stranger, chat_id, limit=9)
            assert raised.value.values == {"what": "chat"}


async def test_the_newest_position_of_a_chat_grows_with_its_messages(storage: PostgresStorage, actor: Actor) -> None:
    empty = make_chat(actor)
    chat, line = await plant(storage, actor, 3)
    async with storage.transaction() as tx:
        await tx.chats.add(actor, empty)
        assert await tx.chats.newest_position(actor, empty.chat_id) is None
        assert await tx.chats.newest_position(actor, chat.chat_id) == line[-1].position
        assert await tx.chats.outline(actor, empty.chat_id, limit=9) == ()


async def rows_read(tx: PostgresTransaction) -> tuple[int, int]:
    """Rows of messages that were read by going through the table, and by an index, on this connection so far."""
    found = await tx.chats._connection.execute(
        text("SELECT seq_tup_read, idx_tup_fetch FROM pg_stat_xact_user_tables WHERE relname = 'messages'")
    )
    row = found.one()
    return row.seq_tup_read, row.idx_tup_fetch


async def test_opening_a_page_of_a_very_long_chat_reads_that_page_alone(storage: PostgresStorage, actor: Actor) -> None:
    await plant(storage, actor, LONG, title="another")
    chat, line = await plant(storage, actor, LONG)
    ids = [message.message_id for message in line]
    async with storage.transaction() as tx:
        for start in (LONG, LONG // 2, 61):
            before = await rows_read(tx)
            branch = await tx.chats.branch(actor, chat.chat_id, ids[start - 1], limit=61)
            await tx.chats.siblings(actor, [message.message_id for message in branch])
            after = await rows_read(tx)
            assert [message.message_id for message in branch] == ids[start - 61 : start]
            assert after[0] == before[0], "the table was read from end to end"
            # Each message once on the way up, once for its words, and twice for its versions.
            assert after[1] - before[1] <= 61 * 4


async def test_a_branch_of_ten_thousand_messages_is_read_by_its_keys(storage: PostgresStorage, actor: Actor) -> None:
    await plant(storage, actor, LONG, title="another")
    chat, line = await plant(storage, actor, LONG)
    async with storage.transaction() as tx:
        before = await rows_read(tx)
        branch = await tx.chats.branch(actor, chat.chat_id, line[-1].message_id)
        middle = await rows_read(tx)
        assert await tx.chats.newest_leaf(actor, line[0].message_id) == line[-1].message_id
        after = await rows_read(tx)
    assert branch == line
    assert after[0] == before[0], "the table was read from end to end"
    assert middle[1] - before[1] <= 2 * LONG
    assert after[1] - middle[1] <= 2 * LONG


async def test_a_very_long_chat_is_deleted_with_all_of_it(storage: PostgresStorage, actor: Actor) -> None:
    chat, line = await plant(storage, actor, LONG)
    async with storage.transaction() as tx:
        more = line_of(chat.chat_id, 1, parent_id=line[0].message_id)
        await tx.chats.add_message(actor, more[0])
        await tx.chats.remove(actor, chat.chat_id)
        with pytest.raises(NotFound):
            await tx.chats.access_message(actor, line[-1].message_id)
