"""The list of chats: its order, its pages, shelves, folders and tags."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from tests.support.database import another_actor, make_chat, make_message

from samovar.domain.actor import Actor
from samovar.domain.chat import Chat, ChatFilter
from samovar.domain.context import PinnedFact
from samovar.domain.errors import NotFound
from samovar.domain.examples import ExampleSet
from samovar.domain.ids import new_examples_id, new_message_id
from samovar.storage import PostgresStorage

ALL = ChatFilter(shelf="all")


async def add(storage: PostgresStorage, actor: Actor, **places: dict[str, object]) -> dict[str, Chat]:
    """Chats with these titles, in the order in which they are named."""
    chats = {title: replace(make_chat(actor, title=title), **fields) for title, fields in places.items()}  # type: ignore[arg-type]  # fields of Chat
    async with storage.transaction() as tx:
        for chat in chats.values():
            await tx.chats.add(actor, chat)
    return chats


async def titles(
    storage: PostgresStorage, actor: Actor, where: ChatFilter = ALL, *, before: int | None = None, limit: int = 9
) -> tuple[list[str], int | None]:
    async with storage.transaction() as tx:
        page = await tx.chats.list(actor, where, before=before, limit=limit)
    return [chat.title for chat in page.chats], page.next


def examples_of(actor: Actor) -> ExampleSet:
    return ExampleSet(
        examples_id=new_examples_id(),
        owner_id=actor.user_id,
        name="Tone",
        instruction="",
        examples=(),
        created_at=datetime.now(UTC),
    )


async def test_everything_that_can_be_chosen_for_a_chat_is_read_back(storage: PostgresStorage, actor: Actor) -> None:
    examples = examples_of(actor)
    chat = replace(
        make_chat(actor),
        folder="Банк/Loans",
        tags=("urgent", "Ёж"),
        is_pinned=True,
        is_archived=True,
        strategy="recall",
        context_after=2**40,
        facts=(PinnedFact(text="He is 40.", message_id=new_message_id()), PinnedFact(text="No\x00te")),
        examples_id=examples.examples_id,
    )
    async with storage.transaction() as tx:
        await tx.example_sets.add(actor, examples)
        await tx.chats.add(actor, chat)
        expected = replace(chat, facts=(chat.facts[0], PinnedFact(text="No\ufffdte")))
        assert await tx.chats.access(actor, chat.chat_id) == expected
        bare = replace(make_chat(actor), chat_id=chat.chat_id)
        await tx.chats.save(actor, bare, moves_up=False)
        after = await tx.chats.access(actor, chat.chat_id)
        assert after == replace(bare, created_at=after.created_at, updated_at=after.updated_at)


async def test_an_example_set_of_somebody_else_cannot_be_chosen_and_one_that_goes_is_let_go(
    storage: PostgresStorage, actor: Actor, clean_database_url: str
) -> None:
    stranger = await another_actor(clean_database_url)
    own, foreign = examples_of(actor), examples_of(stranger)
    chat = replace(make_chat(actor), examples_id=own.examples_id)
    async with storage.transaction() as tx:
        await tx.example_sets.add(actor, own)
        await tx.example_sets.add(stranger, foreign)
        await tx.chats.add(actor, chat)
    for examples_id in (foreign.examples_id, new_examples_id()):
        with pytest.raises(NotFound) as raised:
            async with storage.transaction() as tx:
                await tx.chats.save(actor, replace(chat, examples_id=examples_id))
        assert raised.value.values == {"what": "example set"}
    async with storage.transaction() as tx:
        await tx.example_sets.remove(actor, own.examples_id)
        assert (await tx.chats.access(actor, chat.chat_id)).examples_id is None


async def test_pinned_chats_stand_before_the_others_and_on_the_first_page_alone(
    storage: PostgresStorage, actor: Actor
) -> None:
    await add(storage, actor, a={"is_pinned": True}, b={}, c={}, d={"is_pinned": True}, e={})
    first, after = await titles(storage, actor, limit=2)
    assert first == ["d", "a", "e", "c"]
    assert await titles(storage, actor, before=after, limit=2) == (["b"], None)


async def test_pages_join_without_a_gap_or_a_repetition_while_chats_come_and_move(
    storage: PostgresStorage, actor: Actor
) -> None:
    chats = await add(storage, actor, **{f"{number}": {} for number in range(7)})
    first, after = await titles(storage, actor, limit=3)
    await add(storage, actor, late={})
    async with storage.transaction() as tx:
        await tx.chats.save(actor, chats["5"])
    second, after_second = await titles(storage, actor, before=after, limit=3)
    assert (first, second) == (["6", "5", "4"], ["3", "2", "1"])
    assert await titles(storage, actor, before=after_second, limit=1) == (["0"], None)


async def test_a_shelf_has_the_chats_that_were_put_there(storage: PostgresStorage, actor: Actor) -> None:
    await add(storage, actor, old={"is_archived": True}, new={})
    assert await titles(storage, actor, ChatFilter()) == (["new"], None)
    assert await titles(storage, actor, ChatFilter(shelf="archived")) == (["old"], None)
    assert await titles(storage, actor, ALL) == (["new", "old"], None)


@pytest.mark.parametrize(
    ("where", "expected"),
    [
        (ChatFilter(folder="Bank"), ["loans", "bank"]),
        (ChatFilter(folder="Bank/Loans"), ["loans"]),
        (ChatFilter(folder="Ban"), []),
        (ChatFilter(folder="B_nk"), []),
        (ChatFilter(folder="%"), ["percent"]),
        (ChatFilter(tag="red"), ["banking", "loans"]),
        (ChatFilter(tag="re"), []),
        (ChatFilter(folder="Bank", tag="red"), ["loans"]),
        (ChatFilter(folder="\x00", tag="\ud800"), []),
    ],
    ids=repr,
)
async def test_a_folder_has_what_lies_in_it_and_below_and_a_tag_what_bears_it(
    storage: PostgresStorage, actor: Actor, where: ChatFilter, expected: list[str]
) -> None:
    await add(
        storage,
        actor,
        bank={"folder": "Bank"},
        loans={"folder": "Bank/Loans", "tags": ("red", "blue")},
        banking={"folder": "Banking", "tags": ("red",)},
        percent={"folder": "%"},
        loose={},
    )
    assert (await titles(storage, actor, where))[0] == expected


async def test_folders_and_tags_are_told_once_and_in_order(storage: PostgresStorage, actor: Actor) -> None:
    await add(
        storage,
        actor,
        a={"folder": "b", "tags": ("я", "Ёж")},
        b={"folder": "A", "tags": ("Ёж",)},
        c={"folder": "b", "is_archived": True},
        d={},
    )
    async with storage.transaction() as tx:
        assert await tx.chats.folders(actor) == ("A", "b")
        assert await tx.chats.tags(actor) == ("Ёж", "я")


async def test_a_chat_moves_up_by_what_is_said_in_it_and_stays_when_it_is_put_somewhere(
    storage: PostgresStorage, actor: Actor
) -> None:
    chats = await add(storage, actor, old={}, new={})
    old = replace(chats["old"], folder="Bank", is_pinned=False, tags=("red",))
    async with storage.transaction() as tx:
        await tx.chats.save(actor, old, moves_up=False)
        assert await tx.chats.access(actor, old.chat_id) == old
    assert (await titles(storage, actor))[0] == ["new", "old"]
    async with storage.transaction() as tx:
        await tx.chats.save(actor, old)
        assert (await tx.chats.access(actor, old.chat_id)).updated_at > old.updated_at
    assert (await titles(storage, actor))[0] == ["old", "new"]


async def test_nothing_of_the_list_of_another_user_is_told(
    storage: PostgresStorage, actor: Actor, clean_database_url: str
) -> None:
    stranger = await another_actor(clean_database_url)
    await add(storage, actor, a={"folder": "Bank", "tags": ("red",), "is_pinned": True}, b={})
    assert await titles(storage, stranger) == ([], None)
    async with storage.transaction() as tx:
        assert (await tx.chats.folders(stranger), await tx.chats.tags(stranger)) == ((), ())


async def test_imported_chats_follow_those_that_were_used_here_by_their_dates(
    storage: PostgresStorage, actor: Actor
) -> None:
    await add(storage, actor, here={})
    dates = {
        "oldest": datetime(1970, 1, 1, tzinfo=UTC),
        "newest": datetime(2199, 1, 1, tzinfo=UTC),
        "middle": datetime(2024, 5, 1, 12, tzinfo=UTC),
        "same second": datetime(2024, 5, 1, 12, tzinfo=UTC),
    }
    async with storage.transaction() as tx:
        for title, moment in dates.items():
            chat = replace(make_chat(actor, title=title), created_at=moment, updated_at=moment)
            await tx.archive.add_chat(actor, chat, [])
    expected = ["here", "newest", "same second", "middle", "oldest"]
    assert (await titles(storage, actor))[0] == expected
    seen: list[str] = []
    before = None
    while True:
        shown, before = await titles(storage, actor, before=before, limit=1)
        seen += shown
        if before is None:
            break
        # JavaScript, which hands it back, counts to here.
        assert abs(before) <= 2**53
    assert seen == expected


async def test_an_imported_chat_moves_up_when_somebody_goes_on_with_it(storage: PostgresStorage, actor: Actor) -> None:
    chat = replace(make_chat(actor, title="old"), updated_at=datetime(2020, 1, 1, tzinfo=UTC))
    async with storage.transaction() as tx:
        await tx.archive.add_chat(actor, chat, [])
    await add(storage, actor, here={})
    async with storage.transaction() as tx:
        await tx.chats.add_message(actor, make_message(chat.chat_id))
        await tx.chats.save(actor, chat)
    assert (await titles(storage, actor))[0] == ["old", "here"]
