"""The queue of documents that wait to be read, in PostgreSQL.

A row of status ``reading`` waits; who reads it holds an advisory lock of its own session. PostgreSQL gives the lock
back when the session ends, so what a killed process was reading can be taken up at once, and never by two.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Collection
from contextlib import suppress
from typing import Final, cast
from uuid import UUID

import psycopg
from sqlalchemy import ColumnElement, Function, func, literal, select

from samovar.domain.errors import SamovarError, StorageUnavailable
from samovar.domain.ids import DocumentId
from samovar.ports.queue import Duty, News, NewsKind, QueueScope
from samovar.storage.connection import Connection

__all__ = ["ANNOUNCE", "PostgresQueue", "announce", "announcement", "announcement_of", "news_of"]

_log = logging.getLogger(__name__)

_CHANNEL: Final = "samovar_documents"
#: In SQL, with the parameter ``news``: the announcement of news as ``news_of`` spells them.
ANNOUNCE: Final = f"pg_notify('{_CHANNEL}', :news)"
#: The first half of the advisory lock on a document that is being read; the second is a hash of its id.
_READING_LOCKS: Final = 0x5A32
#: The first half of the lock on a duty, and the second of each.
_DUTY_LOCKS: Final = 0x5A33
_DUTIES: Final[dict[Duty, int]] = {"vectors": 1}
#: How often an idle connection is asked whether it still lives.
_HEARTBEAT_S: Final = 15.0
_LONGEST_PAUSE_S: Final = 2.0
_KINDS: Final = ("waiting", "ended", "stopped")

_WAITING: Final = "status = 'reading' AND (%(scope)s::text = 'all' OR (base_id IS NULL) = (%(scope)s::text = 'chats'))"
# The inner query is ordered and fenced off, so that locks are tried one by one until one is got.
_CLAIM: Final = f"""
SELECT document_id FROM (
    SELECT document_id FROM documents
    WHERE {_WAITING} AND NOT document_id = ANY(%(others)s)
    ORDER BY base_id IS NOT NULL, position
    OFFSET 0
) AS waiting
WHERE pg_try_advisory_lock(%(locks)s, hashtext(document_id::text))
LIMIT 1
"""  # noqa: S608 - put together from our own constants
# The halves of a lock's key are shown as object ids, which have no sign.
_UNCLAIMED: Final = f"""
SELECT FROM documents WHERE {_WAITING} AND (hashtext(document_id::text)::bigint & 4294967295)::oid NOT IN (
    SELECT objid FROM pg_locks
    WHERE locktype = 'advisory' AND classid = %(locks)s::oid AND objsubid = 2
    AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
)
LIMIT 1
"""  # noqa: S608 - put together from our own constants
_RELEASE: Final = "SELECT pg_advisory_unlock(%(locks)s, hashtext(%(document)s::text))"


async def announce(connection: Connection, kind: NewsKind, document_id: DocumentId) -> None:
    """Tell every process what has happened to a document, once the transaction is committed."""
    await connection.execute(select(announcement(kind, document_id)))


def announcement(kind: NewsKind, document_id: DocumentId) -> Function[None]:
    """The same as something that another statement returns, and costs no statement of its own then."""
    return announcement_of(literal(news_of(kind, document_id)))


def announcement_of(news: ColumnElement[str]) -> Function[None]:
    """The same of news as ``news_of`` spells them."""
    return func.pg_notify(_CHANNEL, news)


def news_of(kind: NewsKind, document_id: DocumentId) -> str:
    """Spell news as they travel."""
    return f"{kind} {document_id}"


class PostgresQueue:
    """Implements the port ``ReadingQueue``, on one connection beside the pool."""

    def __init__(self, connect: Callable[[], Awaitable[psycopg.AsyncConnection]]) -> None:
        """Connect by ``connect`` once it is started."""
        self._connect = connect
        self._connection: psycopg.AsyncConnection | None = None
        self._has_input = False
        self._turn = asyncio.Lock()
        self._claiming = asyncio.Lock()
        self._readable = asyncio.Event()
        self._claimed: set[DocumentId] = set()
        self._duties: set[Duty] = set()
        self._listeners: list[Callable[[News], None]] = []
        self._keeper: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Connect in the background, and again whenever the connection is lost."""
        if self._keeper is None:
            self._keeper = asyncio.create_task(self._keep(), name="queue of documents")

    async def claim(self, *, scope: QueueScope, except_for: Collection[DocumentId] = ()) -> DocumentId | None:
        """Take the next document of a scope that nobody reads. Raises: StorageUnavailable."""
        # One at a time: a session gets a lock that it has once more, so what it has must be known when it asks.
        async with self._claiming:
            others = [*self._claimed, *except_for]
            row = await self._ask(_CLAIM, {"others": others, "scope": scope, "locks": _READING_LOCKS})
            if row is None:
                return None
            document_id = DocumentId(cast(UUID, row[0]))
            self._claimed.add(document_id)
            return document_id

    async def is_empty(self, *, scope: QueueScope) -> bool:
        """Tell whether nothing of a scope waits or is read. Raises: StorageUnavailable."""
        return await self._ask(f"SELECT FROM documents WHERE {_WAITING} LIMIT 1", {"scope": scope}) is None

    async def has_unclaimed(self, *, scope: QueueScope) -> bool:
        """Tell whether something of a scope waits that nobody reads, in any process. Raises: StorageUnavailable."""
        return await self._ask(_UNCLAIMED, {"scope": scope, "locks": _READING_LOCKS}) is not None

    async def release(self, document_id: DocumentId) -> None:
        """Give a claim back; one that was lost with its connection is given back already."""
        if document_id not in self._claimed:
            return
        self._claimed.discard(document_id)
        with suppress(StorageUnavailable):
            await self._ask(_RELEASE, {"document": document_id, "locks": _READING_LOCKS})

    async def take_duty(self, duty: Duty) -> bool:
        """Tell whether a duty is this process's, and take it if it is nobody's. Raises: StorageUnavailable."""
        # Under the same turn as claims: a session gets a lock that it has once more, and would have to give it back
        # as often.
        async with self._claiming:
            if duty not in self._duties:
                locks: dict[str, object] = {"locks": _DUTY_LOCKS, "duty": _DUTIES[duty]}
                row = await self._ask("SELECT pg_try_advisory_lock(%(locks)s, %(duty)s)", locks)
                if row is not None and row[0] is True:
                    self._duties.add(duty)
            return duty in self._duties

    def subscribe(self, on_news: Callable[[News], None]) -> Callable[[], None]:
        """Call back with all news until the returned function is called."""
        self.start()
        self._listeners.append(on_news)
        return lambda: self._listeners.remove(on_news)

    async def close(self) -> None:
        """Hang up; PostgreSQL gives every claim back."""
        if self._keeper is not None:
            self._keeper.cancel()
            with suppress(asyncio.CancelledError):
                await self._keeper
            self._keeper = None

    async def _keep(self) -> None:
        pause_s = 0.0
        while True:
            try:
                connection = await self._connect()
                try:
                    connection.add_notify_handler(self._hear)
                    await connection.execute(f"LISTEN {_CHANNEL}")
                    self._connection, pause_s = connection, 0.0
                    # What came while nobody listened was not heard.
                    self._tell(News(kind="waiting"))
                    await self._stay(connection)
                finally:
                    self._connection = None
                    self._claimed.clear()
                    self._duties.clear()
                    await connection.close()
            except (psycopg.Error, SamovarError, OSError) as error:
                _log.warning("queue.lost", extra={"reason": type(error).__name__})
            self._tell(News(kind="lost"))
            await asyncio.sleep(pause_s)
            pause_s = min(_LONGEST_PAUSE_S, pause_s * 2 + 0.05)

    async def _stay(self, connection: psycopg.AsyncConnection) -> None:
        """Return never; raise when the connection is lost."""
        loop, descriptor = asyncio.get_running_loop(), connection.fileno()
        try:
            while True:
                # The driver watches the same descriptor while it waits for an answer, and then stops.
                async with self._turn:
                    self._has_input = False
                    self._readable.clear()
                    loop.add_reader(descriptor, self._see_input)
                try:
                    async with asyncio.timeout(_HEARTBEAT_S):
                        await self._readable.wait()
                except TimeoutError:
                    await self._ask("SELECT 1", {})
                # What came along with the answer to somebody else was heard by him.
                if self._has_input or connection.closed:
                    await self._take_input(connection)
        finally:
            loop.remove_reader(descriptor)

    async def _ask(self, statement: str, parameters: dict[str, object]) -> tuple[object, ...] | None:
        """Run one statement; news that have come are heard along with the answer. Raises: StorageUnavailable."""
        async with self._turn:
            connection = self._connection
            if connection is None or connection.closed:
                raise StorageUnavailable
            asyncio.get_running_loop().remove_reader(connection.fileno())
            try:
                cursor = await connection.execute(statement.encode(), parameters)
                # The driver looks for news before the end of an answer, and not after it.
                self._hear_all(connection)
                return await cursor.fetchone()
            except (psycopg.Error, OSError) as error:
                await connection.close()
                raise StorageUnavailable from error
            finally:
                # Whoever waits for news looks again, and finds the connection closed if it is.
                self._readable.set()

    async def _take_input(self, connection: psycopg.AsyncConnection) -> None:
        """Hear the news that have come, which costs the server nothing. Raises: StorageUnavailable at the end."""
        async with self._turn:
            if connection.closed:
                raise StorageUnavailable
            try:
                # Nobody else reads from this connection meanwhile; with nothing to read it returns at once.
                connection.pgconn.consume_input()
                self._hear_all(connection)
            except psycopg.Error as error:
                await connection.close()
                raise StorageUnavailable from error

    def _hear_all(self, connection: psycopg.AsyncConnection) -> None:
        while (notice := connection.pgconn.notifies()) is not None:
            self._hear_news(notice.extra.decode())

    def _see_input(self) -> None:
        self._has_input = True
        self._readable.set()

    def _hear(self, notice: psycopg.Notify) -> None:
        self._hear_news(notice.payload)

    def _hear_news(self, news: str) -> None:
        kind, _, document_id = news.partition(" ")
        if kind in _KINDS:
            self._tell(News(kind=cast(NewsKind, kind), document_id=DocumentId(UUID(document_id))))

    def _tell(self, news: News) -> None:
        for on_news in tuple(self._listeners):
            on_news(news)
