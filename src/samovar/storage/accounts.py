"""Users, sessions, one-time links and keys in PostgreSQL."""

from collections.abc import Collection, Mapping
from datetime import date, timedelta
from typing import Any, Final

from sqlalchemy import Row, Select, delete, func, insert, or_, select, update
from sqlalchemy.dialects.postgresql import insert as insert_or_skip

from samovar.domain.account import ApiKey, KeyUsage, Session, User
from samovar.domain.actor import Actor
from samovar.domain.errors import NotFound
from samovar.domain.ids import KeyId, SessionId, UserId, new_user_id
from samovar.storage.connection import Connection
from samovar.storage.tables import api_keys, key_usage, links, sessions, users

__all__ = ["PostgresAccounts"]

_FIRST_NAME: Final = "owner"
_SEEN_EVERY: Final = timedelta(minutes=1)
#: How long a key that has ended is still listed.
_ENDED_KEYS_STAY: Final = timedelta(days=30)


class PostgresAccounts:
    """Implements the port ``Accounts``."""

    def __init__(self, connection: Connection) -> None:
        """Work on the connection of one transaction."""
        self._connection = connection

    async def first_user(self) -> User:
        """Read the owner of the installation, made at the first call."""
        first = select(users).where(users.c.is_first)
        row = (await self._connection.execute(first)).one_or_none()
        if row is None:
            statement = insert_or_skip(users).values(user_id=new_user_id(), name=_FIRST_NAME, is_first=True)
            await self._connection.execute(statement.on_conflict_do_nothing())
            row = (await self._connection.execute(first)).one()
        return _user(row)

    async def user(self, user_id: UserId) -> User:
        """Read a user. Raises: NotFound."""
        row = (await self._connection.execute(select(users).where(users.c.user_id == user_id))).one_or_none()
        if row is None:
            raise NotFound(what="user")
        return _user(row)

    async def add_link(self, token_hash: str, user_id: UserId, *, lifetime: timedelta) -> None:
        """Store a one-time sign-in link, and forget the ones that have expired."""
        await self._connection.execute(delete(links).where(links.c.expires_at <= func.now()))
        await self._connection.execute(
            insert(links).values(token_hash=token_hash, user_id=user_id, expires_at=func.now() + lifetime)
        )

    async def spend_link(self, token_hash: str) -> UserId | None:
        """Use a link up. Deleting the row is what makes one caller win."""
        statement = (
            delete(links)
            .where(
                links.c.token_hash == token_hash,
                links.c.expires_at > func.now(),
                links.c.user_id == users.c.user_id,
                users.c.is_active,
            )
            .returning(links.c.user_id)
        )
        row = (await self._connection.execute(statement)).one_or_none()
        return UserId(row.user_id) if row else None

    async def add_session(self, session: Session, token_hash: str) -> None:
        """Store a session."""
        await self._connection.execute(
            insert(sessions).values(
                session_id=session.session_id,
                user_id=session.user_id,
                token_hash=token_hash,
                created_at=session.created_at,
                last_seen_at=session.last_seen_at,
            )
        )

    async def session_by_token(self, token_hash: str, *, idle: timedelta, absolute: timedelta) -> Session | None:
        """Find a live session of an active user; it is marked as seen at most once a minute."""
        is_stale = (sessions.c.last_seen_at < func.now() - _SEEN_EVERY).label("is_stale")
        found = _of_active_user(select(sessions, is_stale), sessions.c.user_id).where(
            sessions.c.token_hash == token_hash,
            sessions.c.last_seen_at > func.now() - idle,
            sessions.c.created_at > func.now() - absolute,
        )
        row = (await self._connection.execute(found)).one_or_none()
        if row is None:
            return None
        if row.is_stale:
            seen = update(sessions).where(sessions.c.session_id == row.session_id).values(last_seen_at=func.now())
            await self._connection.execute(seen)
        return _session(row)

    async def end_session(self, token_hash: str) -> None:
        """Forget a session."""
        await self._connection.execute(delete(sessions).where(sessions.c.token_hash == token_hash))

    async def add_key(self, key: ApiKey, token_hash: str) -> None:
        """Store an API key, and forget those that ended long ago."""
        ended_at = func.least(api_keys.c.expires_at, api_keys.c.revoked_at)
        await self._connection.execute(delete(api_keys).where(ended_at < func.now() - _ENDED_KEYS_STAY))
        await self._connection.execute(
            insert(api_keys).values(
                key_id=key.key_id,
                user_id=key.user_id,
                name=key.name,
                prefix=key.prefix,
                token_hash=token_hash,
                created_at=key.created_at,
                scopes=sorted(key.scopes),
                expires_at=key.expires_at,
                requests_per_minute=key.requests_per_minute,
                tokens_per_day=key.tokens_per_day,
            )
        )

    async def key_by_token(self, token_hash: str) -> ApiKey | None:
        """Find a key of an active user that is neither expired nor revoked."""
        found = _living(select(api_keys)).where(api_keys.c.token_hash == token_hash)
        row = (await self._connection.execute(found)).one_or_none()
        return _key(row) if row else None

    async def keys(self, actor: Actor) -> tuple[ApiKey, ...]:
        """List the actor's own keys, the newest first, those that ended lately included."""
        found = select(api_keys).where(api_keys.c.user_id == actor.user_id)
        rows = await self._connection.execute(found.order_by(api_keys.c.created_at.desc(), api_keys.c.key_id))
        return tuple(_key(row) for row in rows)

    async def count_keys(self, actor: Actor) -> int:
        """Tell how many keys the list would have."""
        owned = select(func.count()).select_from(api_keys).where(api_keys.c.user_id == actor.user_id)
        count: int = (await self._connection.execute(owned)).scalar_one()
        return count

    async def revoke_key(self, actor: Actor, key_id: KeyId) -> None:
        """End a key of the actor's own, for good; once more changes nothing. Raises: NotFound."""
        ended = (
            update(api_keys)
            .where(api_keys.c.key_id == key_id, api_keys.c.user_id == actor.user_id)
            .values(revoked_at=func.coalesce(api_keys.c.revoked_at, func.now()))
        )
        if (await self._connection.execute(ended)).rowcount == 0:
            raise NotFound(what="key")

    async def living_keys(self, key_ids: Collection[KeyId]) -> frozenset[KeyId]:
        """Tell which of these keys still open anything."""
        found = _living(select(api_keys.c.key_id)).where(api_keys.c.key_id.in_(key_ids))
        return frozenset(KeyId(row.key_id) for row in await self._connection.execute(found))

    async def tokens_used(self, key_ids: Collection[KeyId], day: date) -> Mapping[KeyId, int]:
        """Read what keys have used on a day; a key that used nothing is missing."""
        found = select(key_usage.c.key_id, key_usage.c.tokens).where(
            key_usage.c.key_id.in_(key_ids), key_usage.c.day == day
        )
        return {KeyId(row.key_id): row.tokens for row in await self._connection.execute(found)}

    async def add_usage(self, usage: KeyUsage) -> int:
        """Add to what a key has used on a day, by all processes; return the tokens of that day."""
        used = update(api_keys).where(api_keys.c.key_id == usage.key_id).values(last_used_at=func.now())
        if (await self._connection.execute(used)).rowcount == 0:
            return 0  # Its user is gone, and everything of the key with him.
        added = insert_or_skip(key_usage).values(
            key_id=usage.key_id, day=usage.day, requests=usage.requests, tokens=usage.tokens
        )
        together = added.on_conflict_do_update(
            index_elements=[key_usage.c.key_id, key_usage.c.day],
            set_={
                "requests": key_usage.c.requests + added.excluded.requests,
                "tokens": key_usage.c.tokens + added.excluded.tokens,
            },
        )
        tokens: int = (await self._connection.execute(together.returning(key_usage.c.tokens))).scalar_one()
        return tokens


def _living(statement: Select[Any]) -> Select[Any]:
    return _of_active_user(statement, api_keys.c.user_id).where(
        api_keys.c.revoked_at.is_(None),
        or_(api_keys.c.expires_at.is_(None), api_keys.c.expires_at > func.now()),
    )


def _of_active_user(statement: Select[Any], user_id: Any) -> Select[Any]:
    return statement.join(users, users.c.user_id == user_id).where(users.c.is_active)


def _user(row: Row[Any]) -> User:
    return User(user_id=UserId(row.user_id), name=row.name, is_active=row.is_active, created_at=row.created_at)


def _session(row: Row[Any]) -> Session:
    return Session(
        session_id=SessionId(row.session_id),
        user_id=UserId(row.user_id),
        created_at=row.created_at,
        last_seen_at=row.last_seen_at,
    )


def _key(row: Row[Any]) -> ApiKey:
    return ApiKey(
        key_id=KeyId(row.key_id),
        user_id=UserId(row.user_id),
        name=row.name,
        prefix=row.prefix,
        created_at=row.created_at,
        scopes=frozenset(row.scopes),
        expires_at=row.expires_at,
        requests_per_minute=row.requests_per_minute,
        tokens_per_day=row.tokens_per_day,
        last_used_at=row.last_used_at,
        revoked_at=row.revoked_at,
    )
