"""The library of prompts, as the database keeps it."""

from dataclasses import replace
from datetime import UTC, datetime

import psycopg
import pytest
from tests.support.database import another_actor

from samovar.domain.actor import Actor
from samovar.domain.errors import Conflict, NotFound
from samovar.domain.ids import new_prompt_id
from samovar.domain.parameters import GenerationParameters
from samovar.domain.prompts import SavedPrompt
from samovar.storage import PostgresStorage


def make_prompt(actor: Actor, name: str, *, is_shared: bool = False, text: str = "Sum up: {{text}}") -> SavedPrompt:
    now = datetime.now(UTC)
    return SavedPrompt(
        prompt_id=new_prompt_id(),
        owner_id=actor.user_id,
        name=name,
        title=name.title(),
        text=text,
        is_shared=is_shared,
        created_at=now,
        updated_at=now,
    )


async def add(storage: PostgresStorage, actor: Actor, *prompts: SavedPrompt) -> None:
    async with storage.transaction() as tx:
        for prompt in prompts:
            await tx.prompts.add(actor, prompt)


async def names(storage: PostgresStorage, actor: Actor) -> list[str]:
    async with storage.transaction() as tx:
        return [prompt.name for prompt in await tx.prompts.view_all(actor)]


async def test_a_prompt_comes_back_as_it_was_stored(storage: PostgresStorage, actor: Actor) -> None:
    preset = replace(
        make_prompt(actor, "кратко"),
        tags=("письма", "work"),
        system_prompt="Отвечай по-русски.",
        model="ollama/qwen",
        parameters=GenerationParameters(temperature=0.2, stop=("END", "КОНЕЦ"), json_schema={"type": "object"}),
    )
    plain = make_prompt(actor, "plain")
    await add(storage, actor, plain, preset)
    async with storage.transaction() as tx:
        assert await tx.prompts.access(actor, preset.prompt_id) == preset
        assert await tx.prompts.access(actor, plain.prompt_id) == plain
        assert await tx.prompts.view_all(actor) == (plain, preset)


async def test_a_change_is_kept_with_its_time(storage: PostgresStorage, actor: Actor) -> None:
    prompt = replace(make_prompt(actor, "letter"), parameters=GenerationParameters(seed=1))
    await add(storage, actor, prompt)
    changed = replace(prompt, name="note", tags=("a",), parameters=None, is_shared=True, text="{{what}}")
    async with storage.transaction() as tx:
        await tx.prompts.save(actor, changed)
    async with storage.transaction() as tx:
        found = await tx.prompts.access(actor, prompt.prompt_id)
    assert found == replace(changed, updated_at=found.updated_at)
    assert found.updated_at > prompt.updated_at


async def test_a_name_is_used_once_by_an_owner(storage: PostgresStorage, actor: Actor, clean_database_url: str) -> None:
    other = await another_actor(clean_database_url)
    first, second = make_prompt(actor, "letter"), make_prompt(actor, "note")
    await add(storage, actor, first, second)
    await add(storage, other, make_prompt(other, "letter"))
    with pytest.raises(Conflict):
        await add(storage, actor, make_prompt(actor, "letter"))
    with pytest.raises(Conflict):
        async with storage.transaction() as tx:
            await tx.prompts.save(actor, replace(second, name="letter"))
    assert await names(storage, actor) == ["letter", "note"]


async def test_a_shared_prompt_is_read_by_all_and_changed_by_its_owner_alone(
    storage: PostgresStorage, actor: Actor, clean_database_url: str
) -> None:
    other = await another_actor(clean_database_url)
    shared = make_prompt(actor, "letter", is_shared=True)
    await add(storage, actor, shared, make_prompt(actor, "secret"))
    await add(storage, other, make_prompt(other, "letter"), make_prompt(other, "zebra"))
    async with storage.transaction() as tx:
        seen = await tx.prompts.view_all(other)
    # Of two with one name the own one comes first.
    assert [(prompt.name, prompt.owner_id == other.user_id) for prompt in seen] == [
        ("letter", True),
        ("letter", False),
        ("zebra", True),
    ]
    async with storage.transaction() as tx:
        with pytest.raises(NotFound):
            await tx.prompts.access(other, shared.prompt_id)
        with pytest.raises(NotFound):
            await tx.prompts.save(other, replace(shared, text="changed"))
        with pytest.raises(NotFound):
            await tx.prompts.remove(other, shared.prompt_id)
        assert await tx.prompts.access(actor, shared.prompt_id) == shared


async def test_what_a_suspended_person_shares_is_gone_until_the_person_is_back(
    storage: PostgresStorage, actor: Actor, clean_database_url: str
) -> None:
    other = await another_actor(clean_database_url)
    await add(storage, other, make_prompt(other, "letter", is_shared=True))
    assert await names(storage, actor) == ["letter"]
    for is_active, expected in ((False, []), (True, ["letter"])):
        async with await psycopg.AsyncConnection.connect(clean_database_url, autocommit=True) as connection:
            await connection.execute("UPDATE users SET is_active = %s WHERE user_id = %s", (is_active, other.user_id))
        assert await names(storage, actor) == expected


async def test_a_prompt_that_is_removed_is_gone(storage: PostgresStorage, actor: Actor) -> None:
    prompt = make_prompt(actor, "letter")
    await add(storage, actor, prompt)
    async with storage.transaction() as tx:
        await tx.prompts.remove(actor, prompt.prompt_id)
        with pytest.raises(NotFound):
            await tx.prompts.remove(actor, prompt.prompt_id)
    assert await names(storage, actor) == []


async def test_text_that_the_database_cannot_hold_is_kept_readable(storage: PostgresStorage, actor: Actor) -> None:
    prompt = replace(make_prompt(actor, "odd", text="a\x00b\ud800c"), tags=("x\x00",))
    await add(storage, actor, prompt)
    async with storage.transaction() as tx:
        found = await tx.prompts.access(actor, prompt.prompt_id)
    assert (found.text, found.tags) == ("a\N{REPLACEMENT CHARACTER}b\N{REPLACEMENT CHARACTER}c", ("x\ufffd",))
