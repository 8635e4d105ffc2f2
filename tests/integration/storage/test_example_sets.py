"""Example sets, as the database keeps them."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from tests.support.database import another_actor, make_chat

from samovar.domain.actor import Actor
from samovar.domain.errors import NotFound
from samovar.domain.examples import Example, ExampleSet, ExampleSetOutline
from samovar.domain.ids import new_examples_id
from samovar.storage import PostgresStorage


def make_set(actor: Actor, name: str, *pairs: tuple[str, str], instruction: str = "") -> ExampleSet:
    return ExampleSet(
        examples_id=new_examples_id(),
        owner_id=actor.user_id,
        name=name,
        instruction=instruction,
        examples=tuple(Example(question=question, answer=answer) for question, answer in pairs),
        created_at=datetime.now(UTC),
    )


async def add(storage: PostgresStorage, actor: Actor, *sets: ExampleSet) -> None:
    async with storage.transaction() as tx:
        for examples in sets:
            await tx.example_sets.add(actor, examples)


async def test_a_set_comes_back_as_it_was_stored_and_in_its_order(storage: PostgresStorage, actor: Actor) -> None:
    pairs = [(f"Вопрос {number}?\n", f"  Ответ «{number}»\t{{}}") for number in range(50)]
    examples = make_set(actor, "Тон писем", *pairs, instruction="Отвечай коротко.")
    await add(storage, actor, examples)
    async with storage.transaction() as tx:
        assert await tx.example_sets.access(actor, examples.examples_id) == examples


async def test_a_list_tells_how_many_examples_each_set_has(storage: PostgresStorage, actor: Actor) -> None:
    later = make_set(actor, "b", ("q", "a"), ("q", "a"), instruction="Be brief.")
    earlier = make_set(actor, "A")
    await add(storage, actor, later, earlier)
    async with storage.transaction() as tx:
        found = await tx.example_sets.view_all(actor)
    assert found == tuple(
        ExampleSetOutline(
            examples_id=one.examples_id,
            name=one.name,
            instruction=one.instruction,
            count=len(one.examples),
            created_at=one.created_at,
        )
        for one in (earlier, later)
    )


async def test_a_set_is_its_owners_alone(storage: PostgresStorage, actor: Actor, clean_database_url: str) -> None:
    other = await another_actor(clean_database_url)
    examples = make_set(actor, "mine", ("q", "a"))
    await add(storage, actor, examples)
    async with storage.transaction() as tx:
        assert await tx.example_sets.view_all(other) == ()
        with pytest.raises(NotFound):
            await tx.example_sets.access(other, examples.examples_id)
        with pytest.raises(NotFound):
            await tx.example_sets.remove(other, examples.examples_id)
        assert await tx.example_sets.access(actor, examples.examples_id) == examples


async def test_a_chat_goes_on_without_a_set_that_is_removed(storage: PostgresStorage, actor: Actor) -> None:
    examples = make_set(actor, "mine", ("q", "a"))
    await add(storage, actor, examples)
    chat = replace(make_chat(actor), examples_id=examples.examples_id)
    async with storage.transaction() as tx:
        await tx.chats.add(actor, chat)
    async with storage.transaction() as tx:
        assert (await tx.chats.access(actor, chat.chat_id)).examples_id == examples.examples_id
        await tx.example_sets.remove(actor, examples.examples_id)
        with pytest.raises(NotFound):
            await tx.example_sets.access(actor, examples.examples_id)
    async with storage.transaction() as tx:
        assert (await tx.chats.access(actor, chat.chat_id)).examples_id is None
