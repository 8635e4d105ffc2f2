"""Migrations, addresses of servers, and what the doctor is told."""

import asyncio
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine, make_url
from sqlalchemy.dialects.postgresql.base import ischema_names
from tests.support.database import database_url, run_as_superuser
from tests.support.searching import by_words

from samovar.domain.actor import Actor
from samovar.domain.errors import SettingsInvalid, StorageUnavailable
from samovar.storage import PostgresStorage, migrate, open_storage
from samovar.storage.embedded import EmbeddedServer
from samovar.storage.tables import HalfVector, SparseVector, metadata


def test_there_is_one_head_and_the_constant_names_it() -> None:
    config = Config()
    config.set_main_option("script_location", str(Path(migrate.__file__).parent / "migrations"))
    assert ScriptDirectory.from_config(config).get_heads() == [migrate.HEAD]


def test_the_migrated_schema_equals_the_tables(fresh_database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(ischema_names, "sparsevec", SparseVector)
    monkeypatch.setitem(ischema_names, "halfvec", HalfVector)
    engine = create_engine(make_url(fresh_database_url).set(drivername="postgresql+psycopg"))
    try:
        with engine.connect() as connection:
            context = MigrationContext.configure(
                connection, opts={"compare_type": True, "compare_server_default": True}
            )
            assert compare_metadata(context, metadata) == []
    finally:
        engine.dispose()


async def test_an_empty_database_is_brought_up_to_date_and_a_current_one_is_left_alone(
    database_server: EmbeddedServer,
) -> None:
    run_as_superuser(database_server, "CREATE DATABASE empty_one")
    url = database_url(database_server, "empty_one")
    for _ in range(2):
        storage = await open_storage(data_dir=Path("unused"), database_url=url)
        description = await storage.describe()
        assert description.schema_revision == description.newest_revision == migrate.HEAD
        assert description.server_version.startswith("18.")
        assert not description.is_embedded
        assert database_server.address.password not in description.location
        assert description.size_bytes > 1_000_000
        await storage.close()


async def test_a_failed_migration_leaves_nothing_behind(database_server: EmbeddedServer) -> None:
    run_as_superuser(database_server, "CREATE DATABASE obstructed")
    url = database_url(database_server, "obstructed")
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("CREATE TABLE chunks (in_the_way integer)")
    with pytest.raises(SettingsInvalid, match="tables could not be made"):
        await open_storage(data_dir=Path("unused"), database_url=url)
    with psycopg.connect(url, autocommit=True) as connection:
        tables = connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'").fetchall()
    assert tables == [("chunks",)]


async def test_what_an_earlier_version_has_indexed_is_found_after_the_upgrade(database_server: EmbeddedServer) -> None:
    run_as_superuser(database_server, "CREATE DATABASE earlier_one")
    url = database_url(database_server, "earlier_one")
    config = Config()
    config.set_main_option("script_location", str(Path(migrate.__file__).parent / "migrations"))
    engine = create_engine(make_url(url).set(drivername="postgresql+psycopg"))
    with engine.begin() as connection:
        connection.exec_driver_sql("CREATE EXTENSION IF NOT EXISTS vector")
        config.attributes["connection"] = connection
        command.upgrade(config, "0004")
        connection.exec_driver_sql(_INDEXED_BY_0004)
    engine.dispose()
    storage = await open_storage(data_dir=Path("unused"), database_url=url)
    async with storage.transaction() as tx:
        owner = Actor(user_id=(await tx.accounts.first_user()).user_id, entry_point="cli")
        found = await by_words(tx, owner, "самовар", limit=5)
    await storage.close()
    assert [passage.chunk.text for passage in found] == ["Самовар кипит."]


#: A page and its chunk, as they were stored while a chunk kept its text.
_INDEXED_BY_0004 = """
INSERT INTO users (user_id, name, is_first) VALUES (gen_random_uuid(), 'owner', true);
INSERT INTO documents (document_id, owner_id, name, media_type, size_bytes, sha256, status, page_count, chunk_count)
SELECT gen_random_uuid(), user_id, 'tea.txt', 'text/plain', 1, repeat('1', 64), 'ready', 1, 1 FROM users;
INSERT INTO pages (document_id, number, text, status)
SELECT document_id, 0, 'Ёж. Самовар кипит.', 'text' FROM documents;
INSERT INTO chunks (chunk_id, document_id, start, "end", text, lexemes, weights)
SELECT gen_random_uuid(), document_id, 4, 18, body, samovar_lexemes(body), samovar_weights(samovar_lexemes(body))
FROM documents, (VALUES ('Самовар кипит.')) AS given (body);
"""


async def test_a_database_of_a_newer_version_is_refused(fresh_database_url: str) -> None:
    with psycopg.connect(fresh_database_url, autocommit=True) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(SettingsInvalid, match="newer"):
        await open_storage(data_dir=Path("unused"), database_url=fresh_database_url)


@pytest.mark.parametrize("address", ["nonsense", "mysql://u@h/d", "sqlite:///x.db", "postgresql://u@h:port/d", ""])
async def test_an_address_of_something_else_is_refused(address: str) -> None:
    with pytest.raises(SettingsInvalid, match="database_url"):
        await open_storage(data_dir=Path("unused"), database_url=address)


async def test_a_server_that_does_not_answer_is_unavailable(tmp_path: Path) -> None:
    with pytest.raises(StorageUnavailable):
        await open_storage(data_dir=tmp_path, database_url="postgresql://u:p@127.0.0.1:1/d")


async def test_storage_answers_the_check_and_has_an_owner(storage: PostgresStorage) -> None:
    await storage.check()
    assert 0 < storage.owner < 2**31


async def test_a_failed_transaction_leaves_nothing_behind(storage: PostgresStorage, clean_database_url: str) -> None:
    async def fail() -> None:
        async with storage.transaction() as tx:
            await tx.accounts.first_user()
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await fail()
    async with await psycopg.AsyncConnection.connect(clean_database_url) as connection:
        assert await (await connection.execute("SELECT count(*) FROM users")).fetchone() == (0,)


async def test_the_owner_is_held_again_after_its_connection_was_ended(
    storage: PostgresStorage, clean_database_url: str
) -> None:
    held = "SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND objid = %s::bigint::oid AND granted"
    async with await psycopg.AsyncConnection.connect(clean_database_url, autocommit=True) as connection:

        async def holder() -> tuple[int, ...] | None:
            return await (await connection.execute(held, (storage.owner,))).fetchone()

        first = await holder()
        assert first is not None
        await connection.execute("SELECT pg_terminate_backend(%s)", first)
        async with asyncio.timeout(5):
            while (second := await holder()) is None or second == first:
                await asyncio.sleep(0.01)


def test_importing_the_package_loads_no_database_library() -> None:
    code = """
import sys
import samovar.storage
samovar.storage.open_storage, samovar.storage.FileBlobStore
print(sorted({"alembic", "psycopg", "sqlalchemy"} & set(sys.modules)))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_the_second_start_loads_no_migration_library(clean_database_url: str) -> None:
    code = """
import asyncio, sys
from pathlib import Path
from samovar.storage import open_storage
async def main():
    storage = await open_storage(data_dir=Path("unused"), database_url=sys.argv[1])
    await storage.close()
asyncio.run(main())
print("alembic" in sys.modules)
"""
    done = subprocess.run([sys.executable, "-c", code, clean_database_url], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
