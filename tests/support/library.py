"""Documents on their way from bytes to the index: a real intake, queue, readers and storage, a played parser."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import psycopg
import pytest
from tests.support.database import make_chat
from tests.support.played_reader import PlayedReader

from samovar.domain.actor import Actor
from samovar.domain.document import Document, KnowledgeBase
from samovar.domain.ids import ChatId, DocumentId, new_base_id
from samovar.ingest.intake import Intake
from samovar.ingest.reading import Reading
from samovar.ingest.worker import Workers, usual_readers
from samovar.storage import FileBlobStore, PostgresStorage
from samovar.storage.chunks import text_of_chunk
from samovar.telemetry.metrics import Metrics

__all__ = ["LONG", "PATIENCE_S", "Library", "until"]

PATIENCE_S = 60.0
LONG = "The service listens on port 7431. " * 60


@dataclass(slots=True)
class Library:
    """A storage with an intake and, while ``working``, readers."""

    storage: PostgresStorage
    blobs: FileBlobStore
    actor: Actor
    intake: Intake

    @asynccontextmanager
    async def working(self, reader: PlayedReader, *, imports: int = 1) -> AsyncIterator[Workers]:
        queue = self.storage.queue()
        reading = Reading(self.storage, self.blobs, reader, Metrics(), upload_mb=1)
        workers = Workers(queue, reading, readers=usual_readers(imports))
        workers.start()
        try:
            yield workers
        finally:
            await workers.close()
            await queue.close()

    async def take(self, content: bytes, name: str = "paper.pdf", **place: Any) -> Document:
        return await self.intake.take(self.actor, name=name, content=content, **place)

    async def read(self, document: Document) -> Document:
        found = await self.intake.wait(self.actor, document.document_id, timeout_s=PATIENCE_S)
        assert found.status != "reading", found
        return found

    async def seen(self, document_id: DocumentId) -> list[object]:
        """Everything that was made of a document, in order and without random names."""
        async with self.storage.transaction() as tx:
            pages = await tx.readings.all_pages(document_id, limit=1000)
            figures = await tx.figures.view_document(self.actor, document_id)
        return [*pages, *figures, *await self.chunks(document_id)]

    async def chunks(self, document_id: DocumentId) -> list[tuple[Any, ...]]:
        url = self.storage._url.set(drivername="postgresql").render_as_string(hide_password=False)
        async with await psycopg.AsyncConnection.connect(url) as connection:
            found = await connection.execute(
                f'SELECT page, start, "end", {text_of_chunk("chunks")}, headings, weights::text'
                ' FROM chunks WHERE document_id = %s ORDER BY page, start, "end"',
                (document_id,),
            )
            return await found.fetchall()

    async def parts(self, document: Document) -> list[Document]:
        async with self.storage.transaction() as tx:
            return list(await tx.documents.view_parts(self.actor, document.document_id))

    async def chat(self) -> ChatId:
        chat = make_chat(self.actor)
        async with self.storage.transaction() as tx:
            await tx.chats.add(self.actor, chat)
        return chat.chat_id

    async def base(self, *, describes_figures: bool = False) -> KnowledgeBase:
        async with self.storage.transaction() as tx:
            base = KnowledgeBase(
                base_id=new_base_id(),
                owner_id=self.actor.user_id,
                name="Archive",
                describes_figures=describes_figures,
                created_at=await tx.now(),
            )
            await tx.bases.add(self.actor, base)
        return base

    async def blob_count(self) -> int:
        return len([sha256 async for sha256 in self.blobs.hashes()])


@pytest.fixture
async def library(storage: PostgresStorage, blobs: FileBlobStore, actor: Actor) -> AsyncIterator[Library]:
    """Storage with an intake, and nobody who reads yet."""
    queue = storage.queue()
    yield Library(storage, blobs, actor, Intake(storage, blobs, queue, Metrics(), upload_mb=1))
    await queue.close()


async def until(holds: Callable[[], bool]) -> None:
    """Wait for it."""
    async with asyncio.timeout(PATIENCE_S):
        while not holds():
            await asyncio.sleep(0.01)
