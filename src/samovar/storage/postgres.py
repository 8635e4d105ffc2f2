"""The storage port on PostgreSQL: transactions, the owner's lock, and the way back after a crash."""

import asyncio
import logging
import os
import secrets
import selectors
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Final

import psycopg
from sqlalchemy import event, func, select, text
from sqlalchemy.engine import URL
from sqlalchemy.exc import InvalidatePoolError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.pool import ConnectionPoolEntry

from samovar.domain.errors import SamovarError, StorageReadOnly, StorageUnavailable
from samovar.storage.accounts import PostgresAccounts
from samovar.storage.archive import PostgresArchive
from samovar.storage.backends import PostgresBackends
from samovar.storage.bases import PostgresBases
from samovar.storage.chats import PostgresChats
from samovar.storage.chunks import PostgresChunks
from samovar.storage.common_words import CommonWords
from samovar.storage.connection import DISK_FULL, Connection, translated
from samovar.storage.dense import GRAPH_OPTIONS
from samovar.storage.documents import PostgresDocuments
from samovar.storage.evaluations import PostgresEvaluations
from samovar.storage.examples import PostgresExampleSets
from samovar.storage.figures import PostgresFigures
from samovar.storage.message_search import PostgresMessageSearch
from samovar.storage.migrate import HEAD
from samovar.storage.plain import read_json, write_json
from samovar.storage.prompts import PostgresPrompts
from samovar.storage.queue import PostgresQueue
from samovar.storage.readings import PostgresReadings
from samovar.storage.runs import OWNER_LOCKS, PostgresRuns
from samovar.storage.search import PostgresSearch
from samovar.storage.stems import StemCache
from samovar.storage.summaries import PostgresSummaries
from samovar.storage.vectors import PostgresVectors

if TYPE_CHECKING:
    from samovar.storage.embedded import EmbeddedServer

__all__ = ["PostgresStorage", "PostgresTransaction", "StorageDescription"]

_log = logging.getLogger(__name__)

#: Connections stay open: opening one costs more than any statement of a chat.
_POOL_SIZE: Final = 16
_POOL_OVERFLOW: Final = 0
_USUAL_PORT: Final = 5432
_POOL_TIMEOUT_S: Final = 10.0
_CONNECT_TIMEOUT_S: Final = 5
_CHECK_TIMEOUT_S: Final = 3.0
_HEARTBEAT_S: Final = 15.0
_LONGEST_PAUSE_S: Final = 2.0
_SERVER_OPTIONS: Final = (
    "-c statement_timeout=60s -c lock_timeout=15s -c idle_in_transaction_session_timeout=60s -c timezone=UTC "
    + GRAPH_OPTIONS
)


@dataclass(frozen=True, slots=True, kw_only=True)
class StorageDescription:
    """What ``samovar doctor`` tells: ``location`` is a folder, or a server without its password."""

    server_version: str
    schema_revision: str
    newest_revision: str
    location: str
    is_embedded: bool
    size_bytes: int


class PostgresTransaction:
    """Implements the port ``Transaction``."""

    def __init__(
        self,
        connection: Connection,
        owner: int,
        stems: StemCache,
        common_words: CommonWords,
        said_words: CommonWords,
    ) -> None:
        """Give every repository the same connection."""
        self._connection = connection
        self.chats = PostgresChats(connection)
        self.summaries = PostgresSummaries(connection)
        self.archive = PostgresArchive(connection)
        self.runs = PostgresRuns(connection, owner)
        self.documents = PostgresDocuments(connection)
        self.bases = PostgresBases(connection)
        self.figures = PostgresFigures(connection)
        self.readings = PostgresReadings(connection)
        self.chunks = PostgresChunks(connection)
        self.search = PostgresSearch(connection, stems, common_words)
        self.message_search = PostgresMessageSearch(connection, stems, said_words)
        self.vectors = PostgresVectors(connection)
        self.evaluations = PostgresEvaluations(connection, owner)
        self.accounts = PostgresAccounts(connection)
        self.backends = PostgresBackends(connection)
        self.prompts = PostgresPrompts(connection)
        self.example_sets = PostgresExampleSets(connection)

    async def now(self) -> datetime:
        """The database's clock, with its zone."""
        now: datetime = (await self._connection.execute(select(func.clock_timestamp()))).scalar_one()
        return now


class PostgresStorage:
    """Implements the port ``Storage``; made by ``open_storage``."""

    def __init__(self, url: URL, server: "EmbeddedServer | None", *, lends_priority: bool = False) -> None:
        """Take the address; ``server`` is this process's share in the embedded server.

        With ``lends_priority`` the processes of a server on this machine work for us at our own priority.
        """
        self._url = url
        self._server = server
        self._owner = secrets.randbelow(2**31 - 1) + 1
        self._stems = StemCache()
        self._common_words = CommonWords()
        self._said_words = CommonWords("message_words")
        self._engine = _make_engine(url)
        self._reading_engine = self._engine.execution_options(isolation_level="AUTOCOMMIT")
        if lends_priority:
            event.listen(self._engine.sync_engine, "connect", _lend_priority)
        self._doubt = asyncio.Event()
        self._disk_is_full = False
        self._own: psycopg.AsyncConnection | None = None
        self._guard: asyncio.Task[None] | None = None

    @property
    def owner(self) -> int:
        """The number of this serving process, alive as long as its connection is."""
        return self._owner

    @property
    def address(self) -> str:
        """Where a client of PostgreSQL connects to, with the password: not to be shown."""
        return self._url.set(drivername="postgresql").render_as_string(hide_password=False)

    def transaction(self) -> AbstractAsyncContextManager[PostgresTransaction]:
        """Open a unit of work; commits at the end, rolls back on an exception. Raises: StorageError."""
        return self._opened(self._engine.begin())

    def reading(self) -> AbstractAsyncContextManager[PostgresTransaction]:
        """Open what only reads, each statement by itself; see the port. Raises: StorageError."""
        return self._opened(self._reading_engine.connect())

    @asynccontextmanager
    async def _opened(
        self, opening: AbstractAsyncContextManager[AsyncConnection]
    ) -> AsyncIterator[PostgresTransaction]:
        try:
            with translated(self._doubt.set):
                async with opening as opened:
                    connection = Connection(opened, self._doubt.set)
                    yield PostgresTransaction(
                        connection, self._owner, self._stems, self._common_words, self._said_words
                    )
        except StorageUnavailable as error:
            if self._disk_is_full:
                raise StorageReadOnly(reason=DISK_FULL) from error
            raise

    def queue(self) -> PostgresQueue:
        """A share in the queue of documents that wait to be read, not connected yet."""
        return PostgresQueue(partial(connect, self._url))

    async def check(self) -> None:
        """Return when the database answers. Raises: StorageUnavailable."""
        try:
            async with asyncio.timeout(_CHECK_TIMEOUT_S), self.transaction() as transaction:
                await transaction.now()
        except TimeoutError as error:
            raise StorageUnavailable from error

    async def describe(self) -> StorageDescription:
        """Tell versions, place and size. Raises: StorageError."""
        facts = text(
            "SELECT current_setting('server_version') AS version, pg_database_size(current_database()) AS size_bytes,"
            " (SELECT version_num FROM alembic_version) AS revision"
        )
        with translated(self._doubt.set):
            async with self._engine.connect() as connection:
                row = (await connection.execute(facts)).one()
        return StorageDescription(
            server_version=row.version,
            schema_revision=row.revision,
            newest_revision=HEAD,
            location=str(self._server.folder)
            if self._server
            else f"{self._url.host}:{self._url.port or 5432}/{self._url.database}",
            is_embedded=self._server is not None,
            size_bytes=row.size_bytes,
        )

    async def guard(self, connection: psycopg.AsyncConnection) -> None:
        """Hold the owner's lock on this connection, and on later ones when it breaks."""
        self._own = connection
        await self._lock(connection)
        self._guard = asyncio.create_task(self._keep_watch(), name="storage.guard")

    async def close(self) -> None:
        """Give back the connections, and the share in the embedded server."""
        if self._guard is not None:
            self._guard.cancel()
            with suppress(asyncio.CancelledError):
                await self._guard
            self._guard = None
        await self._drop_own()
        await self._engine.dispose()
        if self._server is not None:
            await asyncio.to_thread(self._server.leave)

    async def _lock(self, connection: psycopg.AsyncConnection) -> None:
        await connection.execute("SELECT pg_advisory_lock(%s, %s)", (OWNER_LOCKS, self._owner))

    async def _drop_own(self) -> None:
        if self._own is not None:
            await self._own.close()
            self._own = None

    async def _keep_watch(self) -> None:
        """Notice that the server is gone, bring the embedded one back, and take the lock again."""
        pause_s = 0.0
        while True:
            try:
                if self._own is None:
                    self._own = await self._come_back()
                pause_s, self._disk_is_full = 0.0, False
                await self._stay(self._own)
            except (psycopg.Error, SamovarError, OSError, TimeoutError) as error:
                _log.warning("storage.lost", extra={"reason": type(error).__name__})
                # PostgreSQL does not even start without room for its own log.
                self._disk_is_full = "No space left" in str(error)
                await self._drop_own()
            await asyncio.sleep(pause_s)
            pause_s = min(_LONGEST_PAUSE_S, pause_s * 2 + 0.05)

    async def _come_back(self) -> psycopg.AsyncConnection:
        if self._server is not None:
            await asyncio.to_thread(self._server.join)
        connection = await connect(self._url)
        try:
            await self._lock(connection)
        except BaseException:
            await connection.close()
            raise
        _log.info("storage.back")
        return connection

    async def _stay(self, connection: psycopg.AsyncConnection) -> None:
        """Return never; raise when the connection is lost or the socket has been removed."""
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(_HEARTBEAT_S):
                    await self._wait_for_doubt(connection)
            self._doubt.clear()
            async with asyncio.timeout(_CHECK_TIMEOUT_S):
                await connection.execute("SELECT 1")
            if self._server is not None and not self._server.is_reachable():
                raise StorageUnavailable

    async def _wait_for_doubt(self, connection: psycopg.AsyncConnection) -> None:
        """Wait until a transaction fails, or the server hangs up on our idle connection."""
        loop = asyncio.get_running_loop()
        descriptor = connection.fileno()
        loop.add_reader(descriptor, self._doubt.set)
        try:
            await self._doubt.wait()
        finally:
            loop.remove_reader(descriptor)


async def connect(url: URL) -> psycopg.AsyncConnection:
    """Open a connection beside the pool. Raises: psycopg.Error."""
    address = url.set(drivername="postgresql").render_as_string(hide_password=False)
    return await psycopg.AsyncConnection.connect(
        address, autocommit=True, connect_timeout=_CONNECT_TIMEOUT_S, application_name="samovar"
    )


def _make_engine(url: URL) -> AsyncEngine:
    engine = create_async_engine(
        url,
        pool_size=_POOL_SIZE,
        max_overflow=_POOL_OVERFLOW,
        pool_use_lifo=True,
        pool_timeout=_POOL_TIMEOUT_S,
        # Parameters are what people wrote; they belong in no message and no trace.
        hide_parameters=True,
        json_serializer=write_json,
        json_deserializer=read_json,
        connect_args={
            "connect_timeout": _CONNECT_TIMEOUT_S,
            "application_name": "samovar",
            "options": _SERVER_OPTIONS,
        },
    )
    event.listen(engine.sync_engine, "checkout", _refuse_dead)
    return engine


def _refuse_dead(_connection: object, record: ConnectionPoolEntry, _proxy: object) -> None:
    """Let the pool replace a connection on which the server has hung up.

    An idle connection has nothing to read unless it is at its end; looking costs no round trip.
    """
    driver_connection = record.driver_connection
    if driver_connection is None or driver_connection.closed or _has_input(driver_connection.fileno()):
        raise InvalidatePoolError


def _lend_priority(_connection: object, record: ConnectionPoolEntry) -> None:
    """Give the server's process of a new connection the nice value of this one."""
    nice = os.getpriority(os.PRIO_PROCESS, 0)
    driver_connection = record.driver_connection
    if driver_connection is None:
        return
    # Another user's process keeps what it has.
    with suppress(OSError):
        os.setpriority(os.PRIO_PROCESS, driver_connection.info.backend_pid, nice)


def _has_input(descriptor: int) -> bool:
    # Each transaction asks: unlike the selector of the platform's choice this one needs no descriptor of its own.
    with selectors.PollSelector() as selector:
        selector.register(descriptor, selectors.EVENT_READ)
        return bool(selector.select(timeout=0))


def _place(url: URL) -> str:
    """A server without its user and password."""
    return f"{url.host}:{url.port or _USUAL_PORT}/{url.database}"
