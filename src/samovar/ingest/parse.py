"""The first step of reading: the parts that the sandboxed parser hands over, stored batch by batch as they come.

Three things happen at the same time: the parser's process reads on, this process cuts chunks, PostgreSQL stores and
indexes. A batch is what has come while the one before it was stored, so that nobody waits for another; a slow parser
shows each page soon all the same. What waits is bounded in pages and in bytes, and then the parser waits.
"""

import asyncio
import hashlib
from collections import deque
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final, TypeAlias

from samovar.domain.document import Chunk, Document, DocumentFigure
from samovar.domain.errors import Conflict, NotFound, SamovarError
from samovar.domain.ids import DocumentId
from samovar.domain.page import Attachment, DocumentHead, Figure, Page, ParsedPage, ParsedPart
from samovar.ingest.chunk import Chunker
from samovar.ingest.discard import discard_blobs
from samovar.ingest.parts import Parts
from samovar.ports.library import AfterPages
from samovar.ports.parser import DocumentReader
from samovar.ports.storage import BlobStore, Storage, Transaction

__all__ = ["Hold", "Parsing"]

#: Reads the document's row and holds it; raises when it is not to be read any more.
Hold: TypeAlias = Callable[[Transaction, DocumentId], Awaitable[Document]]

#: A batch is no larger, so that neither a statement nor the loop is held up for long.
_PAGES_AT_ONCE: Final = 32
_BYTES_AT_ONCE: Final = 500_000
#: A batch costs as much as a page or two by itself, so it is not stored for fewer pages unless they are slow to come.
_LEAST_PAGES: Final = 16
#: What may wait to be stored, beside the batch that is being stored.
_MOST_WAITING: Final = 2 * _PAGES_AT_ONCE
_MOST_WAITING_BYTES: Final = 8 * _BYTES_AT_ONCE
_PAGES_READ_BACK: Final = 32
#: A page that was parsed is stored, and so shown as read, no later than this.
_LONGEST_BATCH_S: Final = 0.3


@dataclass(frozen=True, slots=True)
class _Ready:
    """A part with the chunks that were cut of it; ``size_bytes`` is about what it holds in memory."""

    part: ParsedPart
    chunks: list[Chunk]
    size_bytes: int


@dataclass(slots=True)
class _Batch:
    head: DocumentHead | None = None
    pages: list[ParsedPage] = field(default_factory=list)
    chunks: list[Chunk] = field(default_factory=list)
    attachments: list[Attachment] = field(default_factory=list)
    size_bytes: int = 0

    def add(self, ready: _Ready) -> None:
        match ready.part:
            case DocumentHead():
                self.head = ready.part
            case ParsedPage():
                self.pages.append(ready.part)
                self.chunks.extend(ready.chunks)
            case Attachment():
                self.attachments.append(ready.part)
        self.size_bytes += ready.size_bytes

    @property
    def size(self) -> int:
        return len(self.pages) + len(self.attachments)

    @property
    def is_full(self) -> bool:
        return self.size >= _PAGES_AT_ONCE or self.size_bytes >= _BYTES_AT_ONCE


class _Line:
    """Parts on their way from one who parses to one who stores, few at a time."""

    def __init__(self) -> None:
        self._waiting: deque[_Ready] = deque()
        self._size_bytes = 0
        self._is_ended = False
        self._page_count: int | None = None
        self._pages_to_come = 0
        self._error: Exception | None = None
        self._came = asyncio.Event()
        self._went = asyncio.Event()

    async def put(self, ready: _Ready) -> None:
        """Add a part once there is room."""
        while self._waiting and (
            len(self._waiting) >= _MOST_WAITING or self._size_bytes + ready.size_bytes > _MOST_WAITING_BYTES
        ):
            self._went.clear()
            await self._went.wait()
        self._waiting.append(ready)
        self._size_bytes += ready.size_bytes
        self._came.set()

    def end(self, error: Exception | None) -> None:
        """Nothing more will come."""
        self._is_ended, self._error = True, error
        self._came.set()

    async def next_batch(self) -> tuple[_Batch, bool]:
        """Take what waits, or wait a little for it; tell whether that was the end. Raises: what has ended the parts."""
        batch = _Batch()
        batch_ends = asyncio.get_running_loop().time() + _LONGEST_BATCH_S
        while True:
            while self._waiting and not batch.is_full:
                ready = self._waiting.popleft()
                self._size_bytes -= ready.size_bytes
                batch.add(ready)
                self._count(ready.part)
            self._went.set()
            if not self._waiting and self._is_ended:
                if self._error is not None:
                    raise self._error
                return batch, True
            if batch.is_full or (batch.size >= _LEAST_PAGES and not self._will_fit(batch)):
                return batch, False
            self._came.clear()
            try:
                # Nothing is put off before there is something.
                async with asyncio.timeout_at(batch_ends if batch.size else None):
                    await self._came.wait()
            except TimeoutError:
                return batch, False

    def _count(self, part: ParsedPart) -> None:
        match part:
            case DocumentHead():
                self._page_count = part.page_count
            case ParsedPage() if self._page_count is not None:
                self._pages_to_come = self._page_count - (part.page.number or 1)

    def _will_fit(self, batch: _Batch) -> bool:
        """Tell whether the rest of the document has room in a batch: two small ones would cost more than one."""
        return self._page_count is not None and batch.size + self._pages_to_come <= _PAGES_AT_ONCE


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
        self._describes: bool | None = None
        self._waits = False
        self._has_stored = False

    async def run(self, document: Document, content: bytes) -> bool:
        """Parse the rest of a document; return whether it is ready, or else has pages that wait for OCR.

        Raises: DocumentError, StorageError, and what ``hold`` raises.
        """
        document_id = document.document_id
        chunker = Chunker(document_id)
        last = None
        if document.stage != "queued":  # before that nothing of it is stored
            async with self._storage.transaction() as tx:
                last = await tx.readings.last_page(document_id)
                self._waits = bool(await tx.readings.waiting_pages(document_id))
        if last:
            await self._read_back(document_id, chunker)
        line = _Line()
        producer = asyncio.create_task(
            self._produce(line, chunker, content, name=document.name, first_page=(last or 0) + 1),
            name="parts of a document",
        )
        try:
            is_last = False
            while not is_last:
                batch, is_last = await line.next_batch()
                await self._save(document_id, batch, is_last=is_last)
        finally:
            producer.cancel()
            with suppress(asyncio.CancelledError):
                await producer
        return not self._waits

    async def _produce(self, line: _Line, chunker: Chunker, content: bytes, *, name: str, first_page: int) -> None:
        end: Exception | None = None
        try:
            stream = self._reader.read(content, name=name, first_page=first_page)
            try:
                async for part in stream:
                    await line.put(self._prepared(chunker, part))
                    # Others have their turn: each page is part of a millisecond of work.
                    await asyncio.sleep(0)
            finally:
                if isinstance(stream, AsyncGenerator):
                    await stream.aclose()
        except Exception as error:  # noqa: BLE001 - it is raised again by whoever waits for the parts
            end = error
        line.end(end)

    def _prepared(self, chunker: Chunker, part: ParsedPart) -> _Ready:
        """Cut a page; from the first page that waits for OCR on chunks are made later, in order."""
        match part:
            case ParsedPage():
                self._waits = self._waits or part.page.status == "waiting"
                chunks = [] if self._waits else chunker.cut(part.page)
                pictures = sum(len(figure.picture.content) for figure in part.figures)
                return _Ready(part, chunks, len(part.page.text) + pictures)
            case Attachment():
                return _Ready(part, [], len(part.content))
            case DocumentHead():
                return _Ready(part, [], 0)

    async def _read_back(self, document_id: DocumentId, chunker: Chunker) -> None:
        """Learn under which headings the next page stands."""
        first = 0
        async with self._storage.transaction() as tx:
            while pages := await tx.readings.all_pages(document_id, first=first, limit=_PAGES_READ_BACK):
                for page in pages:
                    chunker.pass_over(page)
                first = (pages[-1].number or 0) + 1

    async def _save(self, document_id: DocumentId, batch: _Batch, *, is_last: bool) -> None:
        try:
            try:
                await self._store(document_id, batch, is_last=is_last, are_new=True)
            except Conflict:
                # Another one has read the same pages, and lost the document since.
                await self._store(document_id, batch, is_last=is_last, are_new=False)
        except BaseException:
            # Stopped in the middle of it: the bytes are there already, and no row may ever name them.
            hashes = {_sha256(figure) for part in batch.pages for figure in part.figures}
            hashes |= {hashlib.sha256(attachment.content).hexdigest() for attachment in batch.attachments}
            with suppress(SamovarError):
                await discard_blobs(self._storage, self._blobs, hashes)
            raise

    async def _store(self, document_id: DocumentId, batch: _Batch, *, is_last: bool, are_new: bool) -> None:
        async with self._storage.transaction() as tx:
            # The row is held before anything else is: whoever cancels or deletes the document waits, or comes first.
            if batch.head is not None:
                document = await tx.readings.set_head(document_id, batch.head)
            else:
                document = await self._hold(tx, document_id)
                if document.stage == "queued" and self._has_stored:
                    # It was cancelled and is to be read anew: these pages would look like the new reading's own.
                    raise NotFound(what="document")
            # In one order for all, or two documents with the same pictures would wait for each other.
            for sha256 in sorted({_sha256(figure) for part in batch.pages for figure in part.figures}):
                await tx.documents.hold_blob(sha256)
            figures = [
                await self._figure(tx, document_id, part.page, figure)
                for part in batch.pages
                for figure in part.figures
            ]
            # Before the pages, with which the document may be ready: what is inside it waits by then.
            await self._parts.add(tx, document, batch.attachments)
            after: AfterPages = "recognising" if self._waits else "ready"
            await tx.readings.save_pages(
                document_id,
                [part.page for part in batch.pages],
                figures,
                batch.chunks,
                are_new=are_new,
                is_durable=is_last,
                then=after if is_last else None,
            )
            self._has_stored = True

    async def _figure(self, tx: Transaction, document_id: DocumentId, page: Page, figure: Figure) -> DocumentFigure:
        if self._describes is None:
            self._describes = await tx.readings.describes_figures(document_id)
        picture = figure.picture
        sha256 = _sha256(figure)
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
