"""Coming in by a one-time link, a session cookie or an API key."""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Callable, Coroutine
from datetime import timedelta
from functools import partial
from typing import Final

from samovar.accounts.tokens import hash_token, new_token
from samovar.domain.account import Session, User
from samovar.domain.actor import Actor, EntryPoint
from samovar.domain.errors import KeyInvalid, LinkSpent, Unauthorised
from samovar.domain.ids import KeyId, new_session_id
from samovar.ports.storage import Storage

__all__ = ["SESSION_ABSOLUTE", "SignIn"]

LINK_LIFETIME: Final = timedelta(hours=24)
SESSION_IDLE: Final = timedelta(hours=12)
SESSION_ABSOLUTE: Final = timedelta(days=7)
_LONGEST_TOKEN: Final = 200
#: How long a token is believed without asking the database again; what is revoked ends within 2 s.
_BELIEVED_S: Final = 1.0
_MOST_BELIEVED: Final = 1024


class SignIn:
    """Turns secrets into actors."""

    def __init__(self, storage: Storage) -> None:
        """Keep accounts in ``storage``."""
        self._storage = storage
        self._recent: OrderedDict[str, tuple[Actor, float]] = OrderedDict()
        self._finding: dict[tuple[EntryPoint, str], asyncio.Task[Actor]] = {}

    async def new_link(self) -> str:
        """Make the token of a one-time link for the owner of the installation."""
        token = new_token()
        async with self._storage.transaction() as tx:
            owner = await tx.accounts.first_user()
            await tx.accounts.add_link(hash_token(token), owner.user_id, lifetime=LINK_LIFETIME)
        return token

    async def open_session(self, link_token: str) -> str:
        """Spend a link and return the token of a new session. Raises: LinkSpent."""
        if not 0 < len(link_token) <= _LONGEST_TOKEN:
            raise LinkSpent
        token = new_token()
        async with self._storage.transaction() as tx:
            user_id = await tx.accounts.spend_link(hash_token(link_token))
            if user_id is None:
                raise LinkSpent
            now = await tx.now()
            session = Session(session_id=new_session_id(), user_id=user_id, created_at=now, last_seen_at=now)
            await tx.accounts.add_session(session, hash_token(token))
        return token

    async def actor_of_session(self, token: str) -> Actor:
        """Find who holds this session token. Raises: Unauthorised."""
        if not 0 < len(token) <= _LONGEST_TOKEN:
            raise Unauthorised
        token_hash = hash_token(token)
        if (known := self._recall(token_hash, "cookie")) is not None:
            return known
        return await self._once(("cookie", token_hash), self._find_session)

    async def actor_of_key(self, key: str) -> Actor:
        """Find who holds this API key. Raises: KeyInvalid."""
        if not 0 < len(key) <= _LONGEST_TOKEN:
            raise KeyInvalid
        token_hash = hash_token(key)
        if (known := self._recall(token_hash, "key")) is not None:
            return known
        return await self._once(("key", token_hash), self._find_key)

    def forget_key(self, key_id: KeyId) -> None:
        """Believe a key no longer: it has just been revoked."""
        for token_hash, (actor, _) in tuple(self._recent.items()):
            if actor.key is not None and actor.key.key_id == key_id:
                del self._recent[token_hash]

    async def owner(self) -> Actor:
        """The owner of the installation, for commands on its own machine."""
        async with self._storage.transaction() as tx:
            owner = await tx.accounts.first_user()
        return Actor(user_id=owner.user_id, entry_point="cli")

    async def user(self, actor: Actor) -> User:
        """The account of an actor."""
        async with self._storage.transaction() as tx:
            return await tx.accounts.user(actor.user_id)

    async def close_session(self, token: str) -> None:
        """Sign out."""
        token_hash = hash_token(token)
        async with self._storage.transaction() as tx:
            await tx.accounts.end_session(token_hash)
        self._recent.pop(token_hash, None)

    async def _find_session(self, token_hash: str) -> Actor:
        async with self._storage.transaction() as tx:
            session = await tx.accounts.session_by_token(token_hash, idle=SESSION_IDLE, absolute=SESSION_ABSOLUTE)
        if session is None:
            raise Unauthorised
        return self._remember(token_hash, Actor(user_id=session.user_id, entry_point="cookie"))

    async def _find_key(self, token_hash: str) -> Actor:
        async with self._storage.transaction() as tx:
            found = await tx.accounts.key_by_token(token_hash)
        if found is None:
            raise KeyInvalid
        return self._remember(token_hash, Actor(user_id=found.user_id, entry_point="key", key=found))

    async def _once(self, secret: tuple[EntryPoint, str], find: Callable[[str], Coroutine[None, None, Actor]]) -> Actor:
        """Find who holds a secret; those who come meanwhile wait for the same answer.

        All open lines of a page ask in the same second.
        """
        finding = self._finding.get(secret)
        if finding is None:
            finding = self._finding[secret] = asyncio.create_task(find(secret[1]))
            finding.add_done_callback(partial(self._found, secret))
        return await asyncio.shield(finding)

    def _found(self, secret: tuple[EntryPoint, str], finding: "asyncio.Task[Actor]") -> None:
        del self._finding[secret]
        if not finding.cancelled():
            finding.exception()  # Looked at, even when nobody waits for it any longer.

    def _recall(self, token_hash: str, entry_point: EntryPoint) -> Actor | None:
        actor, until = self._recent.get(token_hash, (None, 0.0))
        # A cookie is no key, nor a key a cookie, even while it is believed.
        return actor if actor and actor.entry_point == entry_point and time.monotonic() < until else None

    def _remember(self, token_hash: str, actor: Actor) -> Actor:
        self._recent[token_hash] = (actor, time.monotonic() + _BELIEVED_S)
        self._recent.move_to_end(token_hash)
        if len(self._recent) > _MOST_BELIEVED:
            self._recent.popitem(last=False)
        return actor
