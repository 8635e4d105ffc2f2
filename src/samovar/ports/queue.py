"""The port to the queue of documents that wait to be read."""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Literal, Protocol

from samovar.domain.ids import DocumentId

__all__ = ["Duty", "News", "NewsKind", "QueueScope", "ReadingQueue"]

#: ``waiting``: there may be something to claim. ``ended``: a document is ready, failed or cancelled.
#: ``stopped``: a document was cancelled or deleted. ``lost``: every claim of this process is gone.
NewsKind = Literal["waiting", "ended", "stopped", "lost"]
#: Which documents: ``chats`` are files of chats, ``imports`` are documents of knowledge bases.
QueueScope = Literal["all", "chats", "imports"]
#: Work that follows the reading and is done by one process of all that share the database.
Duty = Literal["vectors"]


@dataclass(frozen=True, slots=True, kw_only=True)
class News:
    """Something that happened to a document; ``document_id`` is None where it concerns all."""

    kind: NewsKind
    document_id: DocumentId | None = None


class ReadingQueue(Protocol):
    """Documents of status ``reading`` are the queue: what is stored waits, and nothing can be lost between two tables.

    A claim lives as long as the claiming process, whatever way that ends.
    """

    def start(self) -> None:
        """Connect in the background, and again whenever the connection is lost."""
        ...

    async def claim(self, *, scope: QueueScope, except_for: Collection[DocumentId] = ()) -> DocumentId | None:
        """Take the next document of a scope that nobody reads: those of chats first, then the oldest.

        Raises StorageUnavailable while there is no connection.
        """
        ...

    async def is_empty(self, *, scope: QueueScope) -> bool:
        """Tell whether nothing of a scope waits or is read. Raises StorageUnavailable."""
        ...

    async def has_unclaimed(self, *, scope: QueueScope) -> bool:
        """Tell whether something of a scope waits that nobody reads, in any process. Raises StorageUnavailable."""
        ...

    async def release(self, document_id: DocumentId) -> None:
        """Give a claim back."""
        ...

    async def take_duty(self, duty: Duty) -> bool:
        """Tell whether a duty is this process's; the first that asks gets it, and keeps it until ``lost`` is told.

        Raises StorageUnavailable.
        """
        ...

    def subscribe(self, on_news: Callable[[News], None]) -> Callable[[], None]:
        """Call back with all news, from this process and others, until the returned function is called."""
        ...

    async def close(self) -> None:
        """Give every claim back and hang up."""
        ...
