"""Keys for programs: made once, listed, revoked."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from samovar.accounts.quotas import KeyQuotas
from samovar.accounts.sign_in import SignIn
from samovar.accounts.tokens import hash_token, new_key
from samovar.domain.account import USUAL_SCOPES, ApiKey, KeyScope, KeyState
from samovar.domain.actor import Actor
from samovar.domain.errors import Conflict, Forbidden, InvalidRequest, NotFound
from samovar.domain.ids import KeyId, new_key_id
from samovar.ports.storage import Storage

__all__ = ["KeyTerms", "Keys", "ListedKey"]

LONGEST_NAME: Final = 100
#: Inclusive bounds of both limits; above them a limit would be none.
MOST_REQUESTS: Final = 1_000_000
MOST_TOKENS: Final = 1_000_000_000_000
_MOST_KEYS: Final = 2000
_PREFIX_LENGTH: Final = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyTerms:
    """What a new key is for and what it may do; ``expires_at`` has a zone."""

    name: str
    scopes: frozenset[KeyScope] = USUAL_SCOPES
    expires_at: datetime | None = None
    requests_per_minute: int | None = None
    tokens_per_day: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedKey:
    """A key as its owner sees it."""

    key: ApiKey
    state: KeyState
    tokens_today: int


class Keys:
    """Makes and ends the keys of users."""

    def __init__(self, storage: Storage, sign_in: SignIn, quotas: KeyQuotas) -> None:
        """Keep keys in ``storage``; the other two hear at once of a key that is revoked."""
        self._storage = storage
        self._sign_in = sign_in
        self._quotas = quotas

    async def create(self, actor: Actor, terms: KeyTerms) -> tuple[ApiKey, str]:
        """Make a key; the second value is the secret, which cannot be read again.

        Raises: InvalidRequest, Forbidden when the actor's own key has a limit, Conflict above 2,000 keys.
        """
        _check_numbers(terms)
        if actor.key is not None and actor.key.is_limited:
            # It would be a way around its own limits.
            raise Forbidden(reason="a key that has a limit makes no other keys")
        secret = new_key()
        async with self._storage.transaction() as tx:
            now = await tx.now()
            if terms.expires_at is not None and terms.expires_at <= now:
                raise InvalidRequest(reason="a key ends in the future")
            if await tx.accounts.count_keys(actor) >= _MOST_KEYS:
                raise Conflict(reason=f"there are {_MOST_KEYS} keys already")
            key = ApiKey(
                key_id=new_key_id(),
                user_id=actor.user_id,
                name=terms.name.strip(),
                prefix=secret[:_PREFIX_LENGTH],
                created_at=now,
                scopes=terms.scopes,
                expires_at=terms.expires_at,
                requests_per_minute=terms.requests_per_minute,
                tokens_per_day=terms.tokens_per_day,
            )
            await tx.accounts.add_key(key, hash_token(secret))
        return key, secret

    async def list(self, actor: Actor) -> Sequence[ListedKey]:
        """The actor's keys, the newest first; what they used is told to the last request."""
        await self._quotas.flush()
        async with self._storage.transaction() as tx:
            now = await tx.now()
            found = await tx.accounts.keys(actor)
            used = await tx.accounts.tokens_used([key.key_id for key in found], now.astimezone(UTC).date())
        return [ListedKey(key=key, state=key.state(now), tokens_today=used.get(key.key_id, 0)) for key in found]

    async def revoke(self, actor: Actor, key_id: KeyId) -> None:
        """End a key and what is being streamed with it. Raises: NotFound."""
        async with self._storage.transaction() as tx:
            await tx.accounts.revoke_key(actor, key_id)
        self._sign_in.forget_key(key_id)
        self._quotas.end_streams(key_id)

    async def find(self, actor: Actor, named: str) -> ApiKey:
        """The one living key with this id, or whose beginning was given; a whole secret will do.

        Raises: NotFound, Conflict when several begin so.
        """
        async with self._storage.transaction() as tx:
            now = await tx.now()
            keys = await tx.accounts.keys(actor)
        found = [key for key in keys if str(key.key_id) == named]
        if not found and named:
            start = named[:_PREFIX_LENGTH]
            found = [key for key in keys if key.prefix.startswith(start) and key.state(now) == "active"]
        if not found:
            raise NotFound(what="key")
        if len(found) > 1:
            raise Conflict(reason=f"{len(found)} keys begin with {named[:_PREFIX_LENGTH]}")
        return found[0]


def _check_numbers(terms: KeyTerms) -> None:
    if not 0 < len(terms.name.strip()) <= LONGEST_NAME:
        raise InvalidRequest(reason=f"a key needs a name of 1 to {LONGEST_NAME} characters")
    if not terms.scopes:
        raise InvalidRequest(reason="a key needs a scope")
    if terms.expires_at is not None and terms.expires_at.tzinfo is None:
        raise InvalidRequest(reason="the end of a key has a zone, like 2027-01-01T00:00:00Z")
    for name, value, most in (
        ("requests_per_minute", terms.requests_per_minute, MOST_REQUESTS),
        ("tokens_per_day", terms.tokens_per_day, MOST_TOKENS),
    ):
        if value is not None and not 1 <= value <= most:
            raise InvalidRequest(reason=f"{name} is between 1 and {most}")
