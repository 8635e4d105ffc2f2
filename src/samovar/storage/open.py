"""Opens the storage: joins the embedded server or a server by its address, and migrates."""

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING

from samovar.domain.errors import DataFolderUnusable, SamovarError, SettingsInvalid, StorageUnavailable

if TYPE_CHECKING:
    import psycopg
    from sqlalchemy.engine import URL

    from samovar.storage.embedded import EmbeddedServer
    from samovar.storage.postgres import PostgresStorage

__all__ = ["open_storage"]


async def open_storage(*, data_dir: Path, database_url: str | None, as_guest: bool = False) -> "PostgresStorage":
    """Open the storage of a data folder, or of a PostgreSQL server by its address.

    A guest uses the embedded server while another process keeps it running, and never starts or stops it. The
    server's processes that work for a guest take on the guest's priority.

    Raises: DataFolderUnusable, SettingsInvalid for an address that cannot be used,
    StorageUnavailable when the server does not answer.
    """
    if database_url is not None:
        await asyncio.to_thread(_load)
        return await _open(_read_url(database_url), None)
    server = _embedded(data_dir)
    if as_guest:
        await asyncio.to_thread(_load)
        return await _open(_guest_url(server), None, lends_priority=True)
    # The server starts while the libraries load: together they are most of a start.
    loading = asyncio.to_thread(_load)
    try:
        await asyncio.gather(asyncio.to_thread(server.join), loading)
        return await _open(_embedded_url(server), server)
    except BaseException:
        await asyncio.to_thread(server.leave)
        raise


def _load() -> None:
    import samovar.storage.postgres  # noqa: F401  # imported for its side effect: it is loaded


def _embedded(data_dir: Path) -> "EmbeddedServer":
    try:
        from samovar.storage.embedded import EmbeddedServer
    except ImportError as error:
        reason = "the embedded PostgreSQL needs Linux or macOS; set SAMOVAR_DATABASE_URL"
        raise DataFolderUnusable(path=str(data_dir), reason=reason) from error
    return EmbeddedServer(data_dir)


async def _open(url: "URL", server: "EmbeddedServer | None", *, lends_priority: bool = False) -> "PostgresStorage":
    import psycopg

    from samovar.storage.postgres import PostgresStorage, connect

    try:
        connection = await connect(url)
    except psycopg.Error as error:
        raise StorageUnavailable from error
    try:
        await _bring_up_to_date(connection, url, server)
        storage = PostgresStorage(url, server, lends_priority=lends_priority)
        await storage.guard(connection)
    except psycopg.Error as error:
        await connection.close()
        raise StorageUnavailable from error
    except BaseException:
        await connection.close()
        raise
    return storage


async def _bring_up_to_date(connection: "psycopg.AsyncConnection", url: "URL", server: "EmbeddedServer | None") -> None:
    from samovar.storage.migrate import HEAD, upgrade

    if await _revision(connection) == HEAD:
        return
    from alembic.util import CommandError
    from sqlalchemy.exc import SQLAlchemyError

    if server is None:
        await _make_extension(connection)
    try:
        await asyncio.to_thread(upgrade, url)
    except CommandError as error:
        raise _refusal(server, "it was written by a newer version of Samovar") from error
    except SQLAlchemyError as error:
        raise _refusal(server, f"its tables could not be made ({_first_line(error)})") from error


async def _revision(connection: "psycopg.AsyncConnection") -> str | None:
    found = await (await connection.execute("SELECT to_regclass('alembic_version')::text")).fetchone()
    if found is None or found[0] is None:
        return None
    row = await (await connection.execute("SELECT version_num FROM alembic_version")).fetchone()
    return None if row is None else str(row[0])


async def _make_extension(connection: "psycopg.AsyncConnection") -> None:
    import psycopg

    try:
        await connection.execute("CREATE EXTENSION IF NOT EXISTS vector")
    except psycopg.Error as error:
        reason = f"the database needs the extension pgvector, made once by its administrator ({_first_line(error)})"
        raise _refusal(None, reason) from error


def _refusal(server: "EmbeddedServer | None", reason: str) -> SamovarError:
    if server is None:
        return SettingsInvalid(reason=f"database_url: {reason}")
    return DataFolderUnusable(path=str(server.data_dir), reason=reason)


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]


def _embedded_url(server: "EmbeddedServer") -> "URL":
    from sqlalchemy.engine import URL

    address = server.address
    return URL.create(
        "postgresql+psycopg",
        username=address.user,
        password=address.password,
        database=address.database,
        query={"host": str(address.socket_folder)},
    )


def _guest_url(server: "EmbeddedServer") -> "URL":
    try:
        return _embedded_url(server)
    except OSError as error:
        raise StorageUnavailable from error


def _read_url(database_url: str) -> "URL":
    from sqlalchemy.engine import make_url
    from sqlalchemy.exc import ArgumentError

    try:
        url = make_url(database_url)
    except (ArgumentError, ValueError) as error:
        raise SettingsInvalid(reason="database_url is not an address like postgresql://user@host/database") from error
    if url.get_backend_name() not in ("postgresql", "postgres"):
        raise SettingsInvalid(reason="database_url does not name a PostgreSQL server")
    return url.set(drivername="postgresql+psycopg")
