"""Secrets become actors, are believed for a second, and are forgotten."""

import pytest
from tests.support.clock import Clock

from samovar.accounts.keys import Keys, KeyTerms
from samovar.accounts.quotas import KeyQuotas
from samovar.accounts.sign_in import SignIn
from samovar.domain.actor import Actor
from samovar.domain.errors import InvalidRequest, LinkSpent, SamovarError, Unauthorised
from samovar.domain.ids import new_user_id
from samovar.storage import PostgresStorage


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    turned = Clock()
    monkeypatch.setattr("samovar.accounts.sign_in.time", turned)
    return turned


@pytest.fixture
def sign_in(storage: PostgresStorage) -> SignIn:
    return SignIn(storage)


@pytest.fixture
def keys(storage: PostgresStorage, sign_in: SignIn) -> Keys:
    return Keys(storage, sign_in, KeyQuotas(storage))


async def new_key(keys: Keys, actor: Actor, name: str = "a program") -> str:
    _, secret = await keys.create(actor, KeyTerms(name=name))
    return secret


@pytest.mark.parametrize("token", ["", "x" * 201, "x" * 1_000_000, "not-a-token", "\u0000", "чай"])
async def test_what_cannot_be_a_secret_opens_nothing(sign_in: SignIn, token: str) -> None:
    with pytest.raises(LinkSpent):
        await sign_in.open_session(token)
    for find in (sign_in.actor_of_session, sign_in.actor_of_key):
        with pytest.raises(Unauthorised):
            await find(token)


async def test_a_session_and_a_key_name_the_same_user_and_their_own_door(sign_in: SignIn, keys: Keys) -> None:
    owner = await sign_in.owner()
    session = await sign_in.open_session(await sign_in.new_link())
    key = await new_key(keys, owner)
    by_session, by_key = await sign_in.actor_of_session(session), await sign_in.actor_of_key(key)
    assert {by_session.user_id, by_key.user_id} == {owner.user_id}
    assert (by_session.entry_point, by_key.entry_point, owner.entry_point) == ("cookie", "key", "cli")
    assert (await sign_in.user(by_key)).user_id == owner.user_id


async def test_a_key_is_no_session_and_a_session_no_key(sign_in: SignIn, keys: Keys) -> None:
    session = await sign_in.open_session(await sign_in.new_link())
    key = await new_key(keys, await sign_in.owner())
    for _ in ("asked for the first time", "just believed"):
        with pytest.raises(Unauthorised):
            await sign_in.actor_of_session(key)
        with pytest.raises(Unauthorised):
            await sign_in.actor_of_key(session)
        await sign_in.actor_of_key(key)
        await sign_in.actor_of_session(session)


@pytest.mark.parametrize("name", ["", "  ", "x" * 101])
async def test_a_key_needs_a_name_that_can_be_shown(sign_in: SignIn, keys: Keys, name: str) -> None:
    with pytest.raises(InvalidRequest):
        await new_key(keys, await sign_in.owner(), name)


async def test_a_key_for_nobody_is_not_made(sign_in: SignIn, keys: Keys) -> None:
    stranger = Actor(user_id=new_user_id(), entry_point="cli")
    with pytest.raises(SamovarError) as made:
        await new_key(keys, stranger)
    with pytest.raises(SamovarError) as read:
        await sign_in.user(stranger)
    assert (made.value.code, read.value.code) == ("not_found", "not_found")


async def test_a_secret_revoked_elsewhere_is_believed_for_less_than_a_second(
    sign_in: SignIn, keys: Keys, storage: PostgresStorage, clock: Clock
) -> None:
    session = await sign_in.open_session(await sign_in.new_link())
    key = await new_key(keys, await sign_in.owner())
    holder = await sign_in.actor_of_key(key)
    await sign_in.actor_of_session(session)
    # Another process signs out; this one has just asked.
    await SignIn(storage).close_session(session)
    clock.now_s += 0.9
    await sign_in.actor_of_session(session)
    assert await sign_in.actor_of_key(key) == holder
    clock.now_s += 0.2
    with pytest.raises(Unauthorised):
        await sign_in.actor_of_session(session)
    assert await sign_in.actor_of_key(key) == holder


async def test_signing_out_here_is_believed_at_once(sign_in: SignIn, clock: Clock) -> None:
    session = await sign_in.open_session(await sign_in.new_link())
    await sign_in.actor_of_session(session)
    await sign_in.close_session(session)
    with pytest.raises(Unauthorised):
        await sign_in.actor_of_session(session)


async def test_the_memory_of_secrets_is_bounded_and_forgets_the_oldest_first(
    sign_in: SignIn, keys: Keys, storage: PostgresStorage, clock: Clock
) -> None:
    first, last = [await sign_in.open_session(await sign_in.new_link()) for _ in range(2)]
    owner = await sign_in.owner()
    await sign_in.actor_of_session(first)
    for _ in range(1023):
        await sign_in.actor_of_key(await new_key(keys, owner))
    await SignIn(storage).close_session(first)
    assert (await sign_in.actor_of_session(first)).user_id == owner.user_id, "there was room for it still"
    await sign_in.actor_of_session(last)
    await SignIn(storage).close_session(last)
    with pytest.raises(Unauthorised):
        await sign_in.actor_of_session(first)
    assert (await sign_in.actor_of_session(last)).user_id == owner.user_id
