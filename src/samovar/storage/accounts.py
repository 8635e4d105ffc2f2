"""Users, sessions, one-time links and keys in PostgreSQL."""

from datetime import timedelta
from typing import Any, Final

from sqlalchemy import Row, Select, delete, func, insert, select, update
from sqlalchemy.dialects.postgresql import insert as insert_or_skip

from samovar.domain.account import ApiKey, Session, User
from samovar.domain.errors import NotFound
from samovar.domain.ids import KeyId, SessionId, UserId, new_user_id
from samovar.storage.connection import Connection
from samovar.storage.tables import api_keys, links, sessions, users

__all__ = ["PostgresAccounts"]

_FIRST_NAME: Final = "owner"
_SEEN_EVERY: Final = timedelta(minutes=1)


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
        """Store an API key."""
        await self._connection.execute(
            insert(api_keys).values(
                key_id=key.key_id,
                user_id=key.user_id,
                name=key.name,
                prefix=key.prefix,
                token_hash=token_hash,
                created_at=key.created_at,
            )
        )

    async def key_by_token(self, token_hash: str) -> ApiKey | None:
        """Find a key of an active user."""
        found = _of_active_user(select(api_keys), api_keys.c.user_id).where(api_keys.c.token_hash == token_hash)
        row = (await self._connection.execute(found)).one_or_none()
        return _key(row) if row else None


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
    )
