"""What keys use: counted at once, written down in time, and never lost or counted twice."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import psycopg
import pytest

from samovar.accounts.keys import Keys, KeyTerms
from samovar.accounts.quotas import KeyQuotas
from samovar.accounts.sign_in import SignIn
from samovar.domain.account import ApiKey
from samovar.domain.actor import Actor
from samovar.domain.errors import QuotaExceeded, SamovarError, StorageError
from samovar.storage import PostgresStorage

NOON = datetime(2027, 3, 14, 12, 0, 17, tzinfo=UTC)


@dataclass(slots=True)
class WallClock:
    now: datetime = NOON

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> WallClock:
    return WallClock()


@pytest.fixture
def quotas(storage: PostgresStorage, clock: WallClock) -> KeyQuotas:
    return KeyQuotas(storage, clock)


async def new_key(
    storage: PostgresStorage, actor: Actor, *, requests: int | None = None, tokens: int | None = None
) -> ApiKey:
    keys = Keys(storage, SignIn(storage), KeyQuotas(storage))
    key, _ = await keys.create(actor, KeyTerms(name="test", requests_per_minute=requests, tokens_per_day=tokens))
    return key


async def stored_tokens(storage: PostgresStorage, key: ApiKey, day: datetime = NOON) -> int:
    async with storage.transaction() as tx:
        return (await tx.accounts.tokens_used([key.key_id], day.date())).get(key.key_id, 0)


async def test_a_minute_has_its_requests_and_the_next_one_again(
    storage: PostgresStorage, actor: Actor, quotas: KeyQuotas, clock: WallClock
) -> None:
    key = await new_key(storage, actor, requests=3)
    other = await new_key(storage, actor, requests=1)
    for _ in range(3):
        await quotas.admit(key, spends_tokens=False)
    with pytest.raises(QuotaExceeded) as caught:
        await quotas.admit(key, spends_tokens=False)
    assert caught.value.values == {"limit": 3, "unit": "requests", "window": "minute", "retry_after_s": 43}
    await quotas.admit(other, spends_tokens=False)
    clock.now += timedelta(seconds=42)
    with pytest.raises(QuotaExceeded):
        await quotas.admit(key, spends_tokens=False)
    clock.now += timedelta(seconds=1)
    await quotas.admit(key, spends_tokens=False)


async def test_a_key_without_limits_is_counted_and_let_in(
    storage: PostgresStorage, actor: Actor, quotas: KeyQuotas
) -> None:
    key = await new_key(storage, actor)
    for _ in range(500):
        await quotas.admit(key, spends_tokens=True)
        quotas.spend(key.key_id, 10)
    await quotas.flush()
    assert await stored_tokens(storage, key) == 5000


async def test_a_day_has_its_tokens_until_midnight_in_utc(
    storage: PostgresStorage, actor: Actor, quotas: KeyQuotas, clock: WallClock
) -> None:
    key = await new_key(storage, actor, tokens=100)
    await quotas.admit(key, spends_tokens=True)
    quotas.spend(key.key_id, 99)
    await quotas.admit(key, spends_tokens=True)
    quotas.spend(key.key_id, 1)
    with pytest.raises(QuotaExceeded) as caught:
        await quotas.admit(key, spends_tokens=True)
    left_s = 12 * 3600 - 17
    assert caught.value.values == {"limit": 100, "unit": "tokens", "window": "day", "retry_after_s": left_s + 1}
    await quotas.admit(key, spends_tokens=False)
    clock.now += timedelta(seconds=left_s)
    await quotas.admit(key, spends_tokens=True)
    quotas.spend(key.key_id, 7)
    await quotas.flush()
    assert await stored_tokens(storage, key) == 100
    assert await stored_tokens(storage, key, clock.now) == 7


async def test_what_was_used_before_a_restart_counts(
    storage: PostgresStorage, actor: Actor, quotas: KeyQuotas, clock: WallClock
) -> None:
    key = await new_key(storage, actor, tokens=100)
    quotas.spend(key.key_id, 100)
    await quotas.close()
    with pytest.raises(QuotaExceeded):
        await KeyQuotas(storage, clock).admit(key, spends_tokens=True)


async def test_two_processes_share_a_day(storage: PostgresStorage, actor: Actor, clock: WallClock) -> None:
    key = await new_key(storage, actor, tokens=100)
    here, there = KeyQuotas(storage, clock), KeyQuotas(storage, clock)
    for process in (here, there):
        await process.admit(key, spends_tokens=True)
        process.spend(key.key_id, 60)
    await here.flush()
    await there.flush()
    assert await stored_tokens(storage, key) == 120
    with pytest.raises(QuotaExceeded):
        await there.admit(key, spends_tokens=True)
    await here.admit(key, spends_tokens=True)
    await here.flush()
    with pytest.raises(QuotaExceeded):
        await here.admit(key, spends_tokens=True)


async def test_nothing_is_lost_or_counted_twice_when_it_cannot_be_written_down(
    storage: PostgresStorage, actor: Actor, quotas: KeyQuotas, clean_database_url: str
) -> None:
    key = await new_key(storage, actor, tokens=100)
    await quotas.admit(key, spends_tokens=True)
    quotas.spend(key.key_id, 60)
    async with await psycopg.AsyncConnection.connect(clean_database_url, autocommit=True) as connection:
        await connection.execute("ALTER TABLE key_usage RENAME TO key_usage_gone")
        try:
            for _ in range(3):
                with pytest.raises(StorageError):
                    await quotas.flush()
            quotas.spend(key.key_id, 40)
            with pytest.raises(QuotaExceeded):
                await quotas.admit(key, spends_tokens=True)
            await quotas.close()
        finally:
            await connection.execute("ALTER TABLE key_usage_gone RENAME TO key_usage")
    await quotas.flush()
    await quotas.flush()
    assert await stored_tokens(storage, key) == 100


async def test_a_key_whose_user_is_gone_holds_nobody_up(
    storage: PostgresStorage, actor: Actor, quotas: KeyQuotas, clean_database_url: str
) -> None:
    key = await new_key(storage, actor)
    quotas.spend(key.key_id, 60)
    async with await psycopg.AsyncConnection.connect(clean_database_url, autocommit=True) as connection:
        await connection.execute("DELETE FROM users")
    await quotas.flush()
    assert await stored_tokens(storage, key) == 0


async def test_memory_forgets_days_and_minutes_that_are_over(
    storage: PostgresStorage, actor: Actor, quotas: KeyQuotas, clock: WallClock
) -> None:
    for _ in range(20):
        await quotas.admit(await new_key(storage, actor, requests=5, tokens=5), spends_tokens=True)
    clock.now += timedelta(days=1)
    await quotas.flush()
    assert (quotas._stored, quotas._minutes, quotas._waiting) == ({}, {}, {})


@pytest.mark.parametrize(
    "end",
    [
        "UPDATE api_keys SET revoked_at = now() WHERE key_id = %s",
        "UPDATE api_keys SET expires_at = now() WHERE key_id = %s",
        "DELETE FROM api_keys WHERE key_id = %s",
        "UPDATE users SET is_active = false WHERE user_id = (SELECT user_id FROM api_keys WHERE key_id = %s)",
    ],
)
async def test_a_stream_ends_with_its_key_and_no_other_does(
    storage: PostgresStorage, actor: Actor, quotas: KeyQuotas, clean_database_url: str, end: str
) -> None:
    first, second = await new_key(storage, actor), await new_key(storage, actor)
    ended: dict[str, list[SamovarError]] = {"first": [], "second": [], "over": []}
    quotas.watch(first.key_id, ended["first"].append)
    quotas.watch(second.key_id, ended["second"].append)
    over = quotas.watch(first.key_id, ended["over"].append)
    over.leave()
    over.leave()
    await quotas._end_revoked()
    assert ended == {"first": [], "second": [], "over": []}
    async with await psycopg.AsyncConnection.connect(clean_database_url, autocommit=True) as connection:
        await connection.execute(end.encode(), (first.key_id,))
    await quotas._end_revoked()
    assert [error.code for error in ended["first"]] == ["key_invalid"]
    assert len(ended["second"]) == ("users" in end)
    assert ended["over"] == []
