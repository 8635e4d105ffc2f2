"""Accounts, sessions and API keys; secrets are kept as hashes alone."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Final, Literal, get_args

from samovar.domain.ids import KeyId, SessionId, UserId

__all__ = ["KEY_SCOPES", "USUAL_SCOPES", "ApiKey", "KeyScope", "KeyState", "KeyUsage", "Session", "User"]

#: What a key may open: the list of models, answers, embeddings, and everything that the page can do.
KeyScope = Literal["models", "chat", "embeddings", "app"]
KEY_SCOPES: Final[tuple[KeyScope, ...]] = get_args(KeyScope)
#: The scopes of a key that was made without naming any.
USUAL_SCOPES: Final[frozenset[KeyScope]] = frozenset({"models", "chat", "embeddings"})
KeyState = Literal["active", "expired", "revoked"]


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """A person with an account."""

    user_id: UserId
    name: str
    is_active: bool
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """A signed-in browser; the token itself is known to the browser only."""

    session_id: SessionId
    user_id: UserId
    created_at: datetime
    last_seen_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiKey:
    """A key for programs; ``prefix`` is its first characters, for people to recognise it by.

    A limit that is None is no limit. Days are those of UTC.
    """

    key_id: KeyId
    user_id: UserId
    name: str
    prefix: str
    created_at: datetime
    scopes: frozenset[KeyScope] = USUAL_SCOPES
    expires_at: datetime | None = None
    requests_per_minute: int | None = None
    tokens_per_day: int | None = None
    last_used_at: datetime | None = None
    revoked_at: datetime | None = None

    @property
    def is_limited(self) -> bool:
        """Whether it ends some day, or may not do as much as it likes."""
        return any(limit is not None for limit in (self.expires_at, self.requests_per_minute, self.tokens_per_day))

    def state(self, now: datetime) -> KeyState:
        """Whether it opens anything at this moment."""
        if self.revoked_at is not None:
            return "revoked"
        return "expired" if self.expires_at is not None and self.expires_at <= now else "active"


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyUsage:
    """What was done with a key on one day of UTC."""

    key_id: KeyId
    day: date
    requests: int
    tokens: int
