"""A real embedded PostgreSQL for the whole test session, and a fresh database for each test."""

import asyncio
import shutil
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest

from samovar.domain.actor import Actor
from samovar.domain.chat import Chat, Message
from samovar.domain.document import Chunk, Document, DocumentStatus, KnowledgeBase
from samovar.domain.generation import Role
from samovar.domain.ids import (
    ChatId,
    DocumentId,
    MessageId,
    new_chat_id,
    new_chunk_id,
    new_document_id,
    new_message_id,
    new_run_id,
    new_user_id,
)
from samovar.domain.parameters import GenerationParameters
from samovar.domain.run import Run
from samovar.storage import FileBlobStore, PostgresStorage, open_storage
from samovar.storage.embedded import EmbeddedServer

TEMPLATE = "samovar_template"


def database_url(server: EmbeddedServer, database: str) -> str:
    """The address of one database of the server, as its superuser."""
    address = server.address.as_superuser(database)
    return f"postgresql://{address.user}:{address.password}@/{database}?host={address.socket_folder}"


def run_as_superuser(server: EmbeddedServer, *statements: str) -> None:
    """Run statements that belong to no database in particular."""
    with psycopg.connect(database_url(server, "postgres"), autocommit=True) as connection:
        for statement in statements:
            connection.execute(statement.encode())


@contextmanager
def temporary_folder() -> Iterator[Path]:
    """A folder outside pytest's own, whose rights every other pytest session resets.

    A server that has just been told to stop may still be tidying up in it.
    """
    folder = Path(tempfile.mkdtemp(prefix="samovar-tests-"))
    yield folder
    for pause_s in (0.0, 0.1, 0.5, 2.0):
        time.sleep(pause_s)
        shutil.rmtree(folder, ignore_errors=True)
        if not folder.exists():
            return
    raise AssertionError(f"{folder} could not be removed: something still writes there")


@pytest.fixture
def place() -> Iterator[Path]:
    """An empty folder for the data of one test."""
    with temporary_folder() as folder:
        yield folder


@pytest.fixture(scope="session")
async def database_server() -> AsyncIterator[EmbeddedServer]:
    """One server for the session, with a migrated database to copy."""
    with temporary_folder() as folder:
        server = EmbeddedServer(folder)
        await asyncio.to_thread(server.join)
        run_as_superuser(server, f"CREATE DATABASE {TEMPLATE}")
        template = await open_storage(data_dir=folder, database_url=database_url(server, TEMPLATE))
        await template.close()
        yield server
        await asyncio.to_thread(server.leave)


@contextmanager
def fresh_database(database_server: EmbeddedServer) -> Iterator[str]:
    """The address of a migrated database that nobody has used, for as long as the context is open."""
    name = f"test_{uuid4().hex}"
    run_as_superuser(database_server, f"CREATE DATABASE {name} TEMPLATE {TEMPLATE} STRATEGY wal_log")
    yield database_url(database_server, name)
    run_as_superuser(database_server, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def fresh_database_url(database_server: EmbeddedServer) -> Iterator[str]:
    """The address of a migrated database of the test's own."""
    with fresh_database(database_server) as address:
        yield address


@pytest.fixture(scope="session")
def shared_database_url(database_server: EmbeddedServer) -> Iterator[str]:
    """The address of a migrated database that the tests of the session use in turn."""
    with fresh_database(database_server) as address:
        yield address


@pytest.fixture
def clean_database_url(shared_database_url: str) -> str:
    """The shared database, emptied: all but the model servers belongs to a user and goes with its user.

    It takes a tenth of the time of a database of its own.
    """
    with psycopg.connect(shared_database_url, autocommit=True, options="-c lock_timeout=5s") as connection:
        connection.execute("DELETE FROM users")
        connection.execute("DELETE FROM backends")
    return shared_database_url


@pytest.fixture
async def storage(clean_database_url: str, tmp_path: Path) -> AsyncIterator[PostgresStorage]:
    """Storage on an empty database."""
    opened = await open_storage(data_dir=tmp_path, database_url=clean_database_url)
    yield opened
    await opened.close()


@pytest.fixture
def blobs(tmp_path: Path) -> FileBlobStore:
    """An empty blob store."""
    return FileBlobStore(tmp_path / "blobs")


@pytest.fixture
async def actor(storage: PostgresStorage) -> Actor:
    """The first user, come in by cookie."""
    async with storage.transaction() as transaction:
        first = await transaction.accounts.first_user()
    return Actor(user_id=first.user_id, entry_point="cookie")


async def another_actor(server_url: str) -> Actor:
    """A second user, for whom nobody else's things exist."""
    user_id = new_user_id()
    async with await psycopg.AsyncConnection.connect(server_url, autocommit=True) as connection:
        await connection.execute("INSERT INTO users (user_id, name) VALUES (%s, 'another')", (user_id,))
    return Actor(user_id=user_id, entry_point="cookie")


def make_chat(actor: Actor, *, title: str = "Tea") -> Chat:
    """A new chat."""
    now = datetime.now(UTC)
    return Chat(
        chat_id=new_chat_id(),
        owner_id=actor.user_id,
        title=title,
        system_prompt="",
        model=None,
        parameters=GenerationParameters(),
        head_id=None,
        created_at=now,
        updated_at=now,
    )


def make_message(
    chat_id: ChatId,
    *,
    role: Role = "user",
    text: str = "How hot?",
    parent_id: MessageId | None = None,
    document_ids: tuple[DocumentId, ...] = (),
) -> Message:
    """A new message, not yet in its position."""
    return Message(
        message_id=new_message_id(),
        chat_id=chat_id,
        parent_id=parent_id,
        position=0,
        role=role,
        text=text,
        document_ids=document_ids,
        created_at=datetime.now(UTC),
    )


def make_run(message: Message, *, owner: int) -> Run:
    """A new run that writes this message."""
    return Run(
        run_id=new_run_id(),
        chat_id=message.chat_id,
        message_id=message.message_id,
        status="queued",
        owner=owner,
        model=None,
        backend=None,
        last_seq=0,
        created_at=datetime.now(UTC),
    )


def make_document(
    actor: Actor,
    *,
    name: str = "tea.txt",
    sha256: str = "a" * 64,
    status: DocumentStatus = "ready",
    base: KnowledgeBase | None = None,
) -> Document:
    """A new text document."""
    return Document(
        document_id=new_document_id(),
        owner_id=actor.user_id,
        base_id=base.base_id if base else None,
        name=name,
        kind="text",
        media_type="text/plain",
        size_bytes=100,
        sha256=sha256,
        status=status,
        page_count=0,
        created_at=datetime.now(UTC),
    )


def make_chunk(document_id: DocumentId, text: str, *, start: int = 0, page: int | None = None) -> Chunk:
    """A chunk of a page."""
    return Chunk(
        chunk_id=new_chunk_id(), document_id=document_id, page=page, start=start, end=start + len(text), text=text
    )
