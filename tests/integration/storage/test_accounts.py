"""Users, links, sessions and keys in PostgreSQL."""

import asyncio
from datetime import timedelta

import psycopg
import pytest

from samovar.domain.account import ApiKey, Session
from samovar.domain.actor import Actor
from samovar.domain.errors import Conflict, NotFound
from samovar.domain.ids import UserId, new_key_id, new_session_id, new_user_id
from samovar.storage import PostgresStorage

HOUR = timedelta(hours=1)


async def make_session(storage: PostgresStorage, user_id: UserId, *, age: timedelta = timedelta()) -> Session:
    async with storage.transaction() as tx:
        moment = await tx.now() - age
    return Session(session_id=new_session_id(), user_id=user_id, created_at=moment, last_seen_at=moment)


async def suspend(url: str) -> None:
    async with await psycopg.AsyncConnection.connect(url, autocommit=True) as connection:
        await connection.execute("UPDATE users SET is_active = false")


async def test_there_is_one_first_user_however_many_ask_at_once(storage: PostgresStorage) -> None:
    async def ask() -> UserId:
        async with storage.transaction() as tx:
            return (await tx.accounts.first_user()).user_id

    users = await asyncio.gather(*(ask() for _ in range(8)))
    assert len(set(users)) == 1
    async with storage.transaction() as tx:
        assert (await tx.accounts.user(users[0])).is_active
        with pytest.raises(NotFound):
            await tx.accounts.user(new_user_id())


async def test_of_twenty_who_spend_a_link_one_wins(storage: PostgresStorage, actor: Actor) -> None:
    async with storage.transaction() as tx:
        await tx.accounts.add_link("h", actor.user_id, lifetime=HOUR)

    async def spend() -> UserId | None:
        async with storage.transaction() as tx:
            return await tx.accounts.spend_link("h")

    winners = [winner for winner in await asyncio.gather(*(spend() for _ in range(20))) if winner is not None]
    assert winners == [actor.user_id]


async def test_a_link_is_refused_when_it_is_unknown_expired_or_its_user_suspended(
    storage: PostgresStorage, actor: Actor, clean_database_url: str
) -> None:
    async with storage.transaction() as tx:
        await tx.accounts.add_link("live", actor.user_id, lifetime=HOUR)
        await tx.accounts.add_link("expired", actor.user_id, lifetime=-HOUR)
    await suspend(clean_database_url)
    async with storage.transaction() as tx:
        for token_hash in ("unknown", "expired", "live"):
            assert await tx.accounts.spend_link(token_hash) is None


async def test_a_session_lives_until_it_is_idle_too_long_or_too_old(storage: PostgresStorage, actor: Actor) -> None:
    session = await make_session(storage, actor.user_id, age=2 * HOUR)
    async with storage.transaction() as tx:
        await tx.accounts.add_session(session, "h")
        for idle, absolute in ((HOUR, 9 * HOUR), (9 * HOUR, HOUR)):
            assert await tx.accounts.session_by_token("h", idle=idle, absolute=absolute) is None
        assert await tx.accounts.session_by_token("other", idle=9 * HOUR, absolute=9 * HOUR) is None
        assert await tx.accounts.session_by_token("h", idle=9 * HOUR, absolute=9 * HOUR) == session
        # It has been seen now, so it is idle no more.
        seen = await tx.accounts.session_by_token("h", idle=HOUR, absolute=9 * HOUR)
        assert seen is not None
        assert seen.last_seen_at > session.last_seen_at
        await tx.accounts.end_session("h")
        assert await tx.accounts.session_by_token("h", idle=9 * HOUR, absolute=9 * HOUR) is None


async def test_a_session_seen_within_the_minute_is_not_written_again(storage: PostgresStorage, actor: Actor) -> None:
    session = await make_session(storage, actor.user_id, age=timedelta(seconds=30))
    async with storage.transaction() as tx:
        await tx.accounts.add_session(session, "h")
        for _ in range(2):
            assert await tx.accounts.session_by_token("h", idle=HOUR, absolute=HOUR) == session


async def test_keys_and_sessions_of_a_suspended_user_open_nothing(
    storage: PostgresStorage, actor: Actor, clean_database_url: str
) -> None:
    session = await make_session(storage, actor.user_id)
    key = ApiKey(
        key_id=new_key_id(), user_id=actor.user_id, name="скрипт", prefix="sk-1", created_at=session.created_at
    )
    async with storage.transaction() as tx:
        await tx.accounts.add_session(session, "s")
        await tx.accounts.add_key(key, "k")
        assert await tx.accounts.key_by_token("k") == key
        assert await tx.accounts.key_by_token("s") is None
    await suspend(clean_database_url)
    async with storage.transaction() as tx:
        assert await tx.accounts.key_by_token("k") is None
        assert await tx.accounts.session_by_token("s", idle=HOUR, absolute=HOUR) is None


async def test_the_same_token_cannot_be_given_twice(storage: PostgresStorage, actor: Actor) -> None:
    async with storage.transaction() as tx:
        await tx.accounts.add_session(await make_session(storage, actor.user_id), "h")
    with pytest.raises(Conflict):
        async with storage.transaction() as tx:
            await tx.accounts.add_session(await make_session(storage, actor.user_id), "h")
