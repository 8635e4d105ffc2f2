"""Accounts, sessions and API keys; secrets are kept as hashes alone."""

from dataclasses import dataclass
from datetime import datetime

from samovar.domain.ids import KeyId, SessionId, UserId

__all__ = ["ApiKey", "Session", "User"]


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
    """A key for programs; ``prefix`` is its first characters, for people to recognise it by."""

    key_id: KeyId
    user_id: UserId
    name: str
    prefix: str
    created_at: datetime
