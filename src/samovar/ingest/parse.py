"""The first step of reading: the parts that the sandboxed parser hands over, stored batch by batch as they come.

Three things happen at the same time: the parser's process reads on, this process cuts chunks, PostgreSQL stores and
indexes. A batch is what comes in a short while, so that a slow parser shows each page soon and a fast one costs few
transactions.
"""

import asyncio
import hashlib
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final, TypeAlias

from samovar.domain.document import Chunk, Document, DocumentFigure
from samovar.domain.errors import SamovarError
from samovar.domain.ids import DocumentId
from samovar.domain.page import Attachment, DocumentHead, Figure, Page, ParsedPage, ParsedPart
from samovar.ingest.chunk import Chunker
from samovar.ingest.discard import discard_blobs
from samovar.ingest.parts import Parts
from samovar.ports.parser import DocumentReader
from samovar.ports.storage import BlobStore, Storage, Transaction

__all__ = ["Hold", "Parsing"]

#: Reads the document's row and holds it; raises when it is not to be read any more.
Hold: TypeAlias = Callable[[Transaction, DocumentId], Awaitable[Document]]

#: A batch is no larger, so that neither a statement nor the loop is held up for long.
_PAGES_AT_ONCE: Final = 32
_CHARACTERS_AT_ONCE: Final = 200_000
_PAGES_READ_BACK: Final = 32
#: A page that was parsed is stored, and so shown as read, no later than this.
_LONGEST_BATCH_S: Final = 0.3


@dataclass(slots=True)
class _Batch:
    head: DocumentHead | None = None
    pages: list[ParsedPage] = field(default_factory=list)
    attachments: list[Attachment] = field(default_factory=list)
    characters: int = 0

    def add(self, part: ParsedPart) -> None:
        match part:
            case DocumentHead():
                self.head = part
            case ParsedPage():
                self.pages.append(part)
                self.characters += len(part.page.text)
            case Attachment():
                self.attachments.append(part)

    @property
    def is_full(self) -> bool:
        size = len(self.pages) + len(self.attachments)
        return size >= _PAGES_AT_ONCE or self.characters >= _CHARACTERS_AT_ONCE


class Parsing:
    """Parses one document. Pages without words that wait for OCR put off the chunks of all that follow them."""

    def __init__(
        self, storage: Storage, blobs: BlobStore, reader: DocumentReader, hold: Hold, *, upload_mb: int
    ) -> None:
        """Ask ``hold`` in each transaction whether to go on."""
        self._storage = storage
        self._blobs = blobs
        self._reader = reader
        self._hold = hold
        self._parts = Parts(blobs, upload_mb=upload_mb)
        self._describes = False
        self._waits = False

    async def run(self, document: Document, content: bytes) -> bool:
        """Parse the rest of a document; return whether it is ready, or else has pages that wait for OCR.

        Raises: DocumentError, StorageError, and what ``hold`` raises.
        """
        document_id = document.document_id
        async with self._storage.transaction() as tx:
            last = await tx.readings.last_page(document_id)
            self._waits = bool(await tx.readings.waiting_pages(document_id))
            self._describes = await tx.readings.describes_figures(document_id)
        chunker = Chunker(document_id)
        if last:
            await self._read_back(document_id, chunker)
        parts: asyncio.Queue[ParsedPart | Exception | None] = asyncio.Queue(maxsize=2 * _PAGES_AT_ONCE)
        producer = asyncio.create_task(
            self._produce(parts, content, name=document.name, first_page=(last or 0) + 1), name="parts of a document"
        )
        try:
            is_last = False
            while not is_last:
                batch, is_last = await _next_batch(parts)
                await self._save(document_id, chunker, batch, is_last=is_last)
        finally:
            producer.cancel()
            with suppress(asyncio.CancelledError):
                await producer
        return not self._waits

    async def _produce(
        self, parts: "asyncio.Queue[ParsedPart | Exception | None]", content: bytes, *, name: str, first_page: int
    ) -> None:
        end: Exception | None = None
        try:
            stream = self._reader.read(content, name=name, first_page=first_page)
            try:
                async for part in stream:
                    await parts.put(part)
            finally:
                if isinstance(stream, AsyncGenerator):
                    await stream.aclose()
        except Exception as error:  # noqa: BLE001 - it is raised again by whoever waits for the parts
            end = error
        await parts.put(end)

    async def _read_back(self, document_id: DocumentId, chunker: Chunker) -> None:
        """Learn under which headings the next page stands."""
        first = 0
        async with self._storage.transaction() as tx:
            while pages := await tx.readings.all_pages(document_id, first=first, limit=_PAGES_READ_BACK):
                for page in pages:
                    chunker.pass_over(page)
                first = (pages[-1].number or 0) + 1

    async def _save(self, document_id: DocumentId, chunker: Chunker, batch: _Batch, *, is_last: bool) -> None:
        pages = [part.page for part in batch.pages]
        chunks = await self._cut(chunker, pages)
        try:
            await self._store(document_id, batch, pages, chunks, is_last=is_last)
        except BaseException:
            # Stopped in the middle of it: the bytes are there already, and no row may ever name them.
            hashes = {_sha256(figure) for part in batch.pages for figure in part.figures}
            with suppress(SamovarError):
                await discard_blobs(self._storage, self._blobs, hashes)
            raise

    async def _store(
        self, document_id: DocumentId, batch: _Batch, pages: list[Page], chunks: list[Chunk], *, is_last: bool
    ) -> None:
        async with self._storage.transaction() as tx:
            document = await self._hold(tx, document_id)
            if batch.head is not None:
                await tx.readings.set_head(document_id, batch.head)
                await tx.readings.set_stage(document_id, "parsing")
            figures = [
                await self._figure(tx, document_id, part.page, figure)
                for part in batch.pages
                for figure in part.figures
            ]
            await tx.readings.save_pages(document_id, pages, figures, chunks)
            await self._parts.add(tx, document, batch.attachments)
            if is_last and self._waits:
                await tx.readings.set_stage(document_id, "recognising")
            elif is_last:
                await tx.readings.finish(document_id)

    async def _cut(self, chunker: Chunker, pages: list[Page]) -> list[Chunk]:
        chunks: list[Chunk] = []
        for page in pages:
            self._waits = self._waits or page.status == "waiting"
            if self._waits:
                break
            chunks.extend(chunker.cut(page))
            # Others have their turn: a batch is milliseconds of work.
            await asyncio.sleep(0)
        return chunks

    async def _figure(self, tx: Transaction, document_id: DocumentId, page: Page, figure: Figure) -> DocumentFigure:
        picture = figure.picture
        sha256 = _sha256(figure)
        await tx.documents.hold_blob(sha256)
        await self._blobs.put(picture.content)
        return DocumentFigure(
            document_id=document_id,
            page=page.number,
            number=figure.number,
            sha256=sha256,
            media_type=picture.media_type,
            width=picture.width,
            height=picture.height,
            box=figure.box,
            alt=figure.alt,
            status="waiting" if self._describes else "found",
        )


def _sha256(figure: Figure) -> str:
    return hashlib.sha256(figure.picture.content).hexdigest()


async def _next_batch(parts: "asyncio.Queue[ParsedPart | Exception | None]") -> tuple[_Batch, bool]:
    """Gather parts until there are enough, or for a little while; tell whether that was the end.

    Raises what has ended the parts.
    """
    batch = _Batch()
    batch_ends = asyncio.get_running_loop().time() + _LONGEST_BATCH_S
    while not batch.is_full:
        try:
            # Nothing is put off before there is something.
            async with asyncio.timeout_at(batch_ends if batch.pages else None):
                part = await parts.get()
        except TimeoutError:
            break
        if part is None:
            return batch, True
        if isinstance(part, Exception):
            raise part
        batch.add(part)
    return batch, False
