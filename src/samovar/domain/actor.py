"""Who acts: the one value that every read and write of owned data takes."""

from dataclasses import dataclass
from typing import Literal

from samovar.domain.account import ApiKey
from samovar.domain.ids import UserId

__all__ = ["Actor", "EntryPoint"]

EntryPoint = Literal["cookie", "key", "cli"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """A user together with the way the user came in; ``key`` is there when it was by a key."""

    user_id: UserId
    entry_point: EntryPoint
    key: ApiKey | None = None
