"""API keys in PostgreSQL: their terms, their end, and what they used."""

from datetime import UTC, date, timedelta
from pathlib import Path

import psycopg
import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import create_engine, make_url, text
from tests.support.database import another_actor, database_url, run_as_superuser

from samovar.domain.account import KEY_SCOPES, ApiKey, KeyUsage
from samovar.domain.actor import Actor
from samovar.domain.errors import NotFound
from samovar.domain.ids import KeyId, new_key_id
from samovar.storage import PostgresStorage, migrate, open_storage
from samovar.storage.embedded import EmbeddedServer

DAY = timedelta(days=1)
TODAY = date(2027, 3, 14)


async def add_key(
    storage: PostgresStorage, actor: Actor, token_hash: str, *, ends_in: timedelta | None = None
) -> ApiKey:
    async with storage.transaction() as tx:
        now = await tx.now()
        key = ApiKey(
            key_id=new_key_id(),
            user_id=actor.user_id,
            name="скрипт",
            prefix="sk-1",
            created_at=now,
            scopes=frozenset({"chat", "app"}),
            expires_at=now + ends_in if ends_in else None,
            requests_per_minute=7,
            tokens_per_day=10**12,
        )
        await tx.accounts.add_key(key, token_hash)
    return key


async def test_the_terms_of_a_key_are_kept(storage: PostgresStorage, actor: Actor) -> None:
    key = await add_key(storage, actor, "k", ends_in=DAY)
    async with storage.transaction() as tx:
        assert await tx.accounts.key_by_token("k") == key
        assert await tx.accounts.keys(actor) == (key,)
        assert await tx.accounts.count_keys(actor) == 1


async def test_an_expired_or_revoked_key_opens_nothing_but_is_listed(storage: PostgresStorage, actor: Actor) -> None:
    expired = await add_key(storage, actor, "e", ends_in=-timedelta(seconds=1))
    revoked = await add_key(storage, actor, "r")
    living = await add_key(storage, actor, "l", ends_in=DAY)
    async with storage.transaction() as tx:
        await tx.accounts.revoke_key(actor, revoked.key_id)
        for token_hash in ("e", "r", "nobody"):
            assert await tx.accounts.key_by_token(token_hash) is None
        asked = [expired.key_id, revoked.key_id, living.key_id, new_key_id()]
        assert await tx.accounts.living_keys(asked) == {living.key_id}
        assert await tx.accounts.living_keys([]) == frozenset()
        now = await tx.now()
        states = {key.key_id: key.state(now) for key in await tx.accounts.keys(actor)}
    assert states == {expired.key_id: "expired", revoked.key_id: "revoked", living.key_id: "active"}


async def test_a_key_is_revoked_once_and_for_good(storage: PostgresStorage, actor: Actor) -> None:
    key = await add_key(storage, actor, "k")
    for _ in range(2):
        async with storage.transaction() as tx:
            await tx.accounts.revoke_key(actor, key.key_id)
            [listed] = await tx.accounts.keys(actor)
    first = listed.revoked_at
    async with storage.transaction() as tx:
        await tx.accounts.revoke_key(actor, key.key_id)
        [listed] = await tx.accounts.keys(actor)
    assert listed.revoked_at == first


async def test_the_keys_of_others_can_be_neither_seen_nor_revoked(
    storage: PostgresStorage, actor: Actor, clean_database_url: str
) -> None:
    key = await add_key(storage, actor, "k")
    stranger = await another_actor(clean_database_url)
    async with storage.transaction() as tx:
        assert await tx.accounts.keys(stranger) == ()
        with pytest.raises(NotFound):
            await tx.accounts.revoke_key(stranger, key.key_id)
        with pytest.raises(NotFound):
            await tx.accounts.revoke_key(actor, new_key_id())
        assert await tx.accounts.key_by_token("k") == key


async def test_keys_that_ended_long_ago_are_forgotten_with_what_they_used(
    storage: PostgresStorage, actor: Actor, clean_database_url: str
) -> None:
    expired = await add_key(storage, actor, "e", ends_in=DAY)
    revoked = await add_key(storage, actor, "r", ends_in=DAY)
    lately = await add_key(storage, actor, "n", ends_in=-29 * DAY)
    async with storage.transaction() as tx:
        await tx.accounts.add_usage(KeyUsage(key_id=expired.key_id, day=TODAY, requests=1, tokens=1))
    async with await psycopg.AsyncConnection.connect(clean_database_url, autocommit=True) as connection:
        ended = "UPDATE api_keys SET {} = now() - interval '31 days' WHERE key_id = %s"
        await connection.execute(ended.format("expires_at").encode(), (expired.key_id,))
        await connection.execute(ended.format("revoked_at").encode(), (revoked.key_id,))
    new = await add_key(storage, actor, "x")
    async with storage.transaction() as tx:
        assert {key.key_id for key in await tx.accounts.keys(actor)} == {lately.key_id, new.key_id}
        assert await tx.accounts.tokens_used([expired.key_id], TODAY) == {}


async def test_use_is_added_up_by_day_and_marks_the_key_as_used(storage: PostgresStorage, actor: Actor) -> None:
    key, other = await add_key(storage, actor, "k"), await add_key(storage, actor, "o")

    async def use(key_id: KeyId, day: date, tokens: int) -> int:
        async with storage.transaction() as tx:
            return await tx.accounts.add_usage(KeyUsage(key_id=key_id, day=day, requests=1, tokens=tokens))

    assert await use(key.key_id, TODAY, 5) == 5
    assert await use(key.key_id, TODAY, 10**12) == 10**12 + 5
    assert await use(key.key_id, TODAY + DAY, 3) == 3
    assert await use(new_key_id(), TODAY, 3) == 0, "a key that is gone takes nothing"
    async with storage.transaction() as tx:
        assert await tx.accounts.tokens_used([key.key_id, other.key_id], TODAY) == {key.key_id: 10**12 + 5}
        used = {found.key_id: found.last_used_at for found in await tx.accounts.keys(actor)}
    assert used[other.key_id] is None
    last_used_at = used[key.key_id]
    assert last_used_at is not None
    assert last_used_at.astimezone(UTC) >= key.created_at


async def test_a_key_of_the_first_version_still_opens_everything(database_server: EmbeddedServer) -> None:
    run_as_superuser(database_server, "CREATE DATABASE first_version")
    url = database_url(database_server, "first_version")
    engine = create_engine(make_url(url).set(drivername="postgresql+psycopg"))
    config = Config()
    config.set_main_option("script_location", str(Path(migrate.__file__).parent / "migrations"))
    with engine.begin() as connection:
        connection.execute(text("CREATE EXTENSION vector"))
        config.attributes["connection"] = connection
        command.upgrade(config, "0001")
    engine.dispose()
    with psycopg.connect(url, autocommit=True) as old:
        user_id, key_id = new_key_id(), new_key_id()
        old.execute("INSERT INTO users (user_id, name, is_first) VALUES (%s, 'owner', true)", (user_id,))
        old.execute(
            "INSERT INTO api_keys (key_id, user_id, name, prefix, token_hash) VALUES (%s, %s, 'old', 'sk', 'hash')",
            (key_id, user_id),
        )
    storage = await open_storage(data_dir=Path("unused"), database_url=url)
    try:
        async with storage.transaction() as tx:
            key = await tx.accounts.key_by_token("hash")
    finally:
        await storage.close()
    assert key is not None
    assert (key.key_id, key.scopes, key.is_limited) == (key_id, frozenset(KEY_SCOPES), False)
