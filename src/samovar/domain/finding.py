"""Finding what was said: a query with filters, and what is found in chats."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal

from samovar.domain.generation import Role
from samovar.domain.ids import ChatId, MessageId

__all__ = ["ChatFilter", "FindQuery", "FoundMessage", "Shelf"]

#: Which chats are listed.
Shelf = Literal["active", "archived", "all"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ChatFilter:
    """Which chats are meant; ``folder`` includes what lies below it."""

    shelf: Shelf = "active"
    folder: str | None = None
    tag: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FindQuery:
    """What a person looks for: ``words``, and the filters ``tag:`` ``folder:`` ``from:`` ``before:`` ``after:``.

    ``role`` is who said it (``from:me``, ``from:model``). ``since`` and ``until`` are days, the first included and the
    second not.
    """

    words: str
    tags: tuple[str, ...] = ()
    folder: str | None = None
    role: Role | None = None
    since: date | None = None
    until: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundMessage:
    """A message that was found, best first by ``score``; ``message_id`` is None when the title alone matches.

    ``snippet`` is the part of the text around the words, ``marks`` where they stand in it (start, end).
    """

    chat_id: ChatId
    title: str
    folder: str
    message_id: MessageId | None
    role: Role | None
    snippet: str
    marks: tuple[tuple[int, int], ...]
    score: float
    said_at: datetime
