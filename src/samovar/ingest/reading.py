"""Read a document step by step: parse, recognise, index. Each step goes on where an earlier try has got to.

What is stored of a document is a function of its bytes: to read a page, a part or all of it once more changes nothing.
"""

import time
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Final

from samovar.domain.document import Document, DocumentStage
from samovar.domain.errors import BlobDamaged, DocumentError, NotFound, SamovarError
from samovar.domain.ids import DocumentId
from samovar.domain.page import DocumentKind, Page, PageReason
from samovar.ingest.chunk import Chunker
from samovar.ingest.discard import discard_blobs
from samovar.ingest.parse import Parsing
from samovar.ports.parser import READER_FAULTS, DocumentReader
from samovar.ports.storage import BlobStore, Storage, Transaction
from samovar.telemetry.log import get_log
from samovar.telemetry.metrics import Metrics

__all__ = ["ParserMissingError", "Reading"]

log = get_log(__name__)

#: Pages that are in memory at once while a document is indexed as a whole.
_PAGES_AT_ONCE: Final = 32
#: Reasons of a DocumentError that are reasons of a page too.
_PAGE_REASONS: Final[dict[str, PageReason]] = {"memory": "memory", "time": "time", "pixels": "pixels"}


class ParserMissingError(Exception):
    """The sandbox could not be started, whatever the file."""


class _Stopped(Exception):
    """The document was cancelled or deleted while it was read."""


class Reading:
    """Reads documents that were claimed."""

    def __init__(
        self, storage: Storage, blobs: BlobStore, reader: DocumentReader, metrics: Metrics, *, upload_mb: int
    ) -> None:
        """Read what is inside others up to ``upload_mb`` megabytes."""
        self._storage = storage
        self._blobs = blobs
        self._reader = reader
        self._metrics = metrics
        self._upload_mb = upload_mb

    async def read(self, document_id: DocumentId) -> None:
        """Carry on with a document from where it stands, to its end. Raises: StorageError, ParserMissingError."""
        started = time.monotonic()
        try:
            async with self._storage.reading() as tx:
                # Not held: whoever stores something of it holds it first, and looks again.
                document = await tx.readings.look_at(document_id)
            if document.status != "reading":
                raise _Stopped
            content = await self._blobs.get(document.sha256)
            await self._read(document, content)
        except (_Stopped, NotFound):
            log.info("document.stopped", document=str(document_id))
            return
        except (DocumentError, BlobDamaged) as error:
            if error.values.get("reason") in READER_FAULTS:
                raise ParserMissingError from error
            await self._fail(document_id, error)
            return
        self._metrics.documents.labels("ready").inc()
        log.info("document.ready", document=str(document_id), ms=round((time.monotonic() - started) * 1000))

    async def give_up(self, document_id: DocumentId) -> None:
        """End the reading of a document by an error of our own. Raises: StorageError."""
        await self._fail(document_id, SamovarError())

    async def _read(self, document: Document, content: bytes) -> None:
        document_id = document.document_id
        if document.stage in (None, "queued", "parsing"):
            parsing = Parsing(self._storage, self._blobs, self._reader, self._held, upload_mb=self._upload_mb)
            if await parsing.run(document, content):
                return
            async with self._storage.transaction() as tx:
                document = await self._held(tx, document_id)
        if document.stage == "recognising":
            await self._recognise(document, content)
        await self._index(document_id)

    async def _held(self, tx: Transaction, document_id: DocumentId, *, stage: DocumentStage | None = None) -> Document:
        """The row, held until the transaction ends.

        Raises: _Stopped when it is not to be read any more, or is at another stage: it is to be read anew then.
        """
        document = await tx.readings.document(document_id)
        if document.status != "reading" or stage not in (None, document.stage):
            raise _Stopped
        return document

    async def _recognise(self, document: Document, content: bytes) -> None:
        """Read by OCR the pages that need it, each stored as soon as it is read."""
        document_id, kind = document.document_id, document.kind
        async with self._storage.transaction() as tx:
            numbers = await tx.readings.waiting_pages(document_id)
        for number in numbers:
            assert kind is not None, "a document with pages has a kind"
            page = await self._recognised(document.name, content, kind, number)
            async with self._storage.transaction() as tx:
                await self._held(tx, document_id, stage="recognising")
                if self._reader.recognises_text:
                    await tx.readings.save_recognised(document_id, page)
                    continue
                # No page can be read here: none is tried any more.
                await tx.readings.skip_waiting(document_id, page.reason or "ocr_unavailable")
            break
        async with self._storage.transaction() as tx:
            await self._held(tx, document_id, stage="recognising")
            await tx.readings.set_stage(document_id, "indexing")

    async def _recognised(self, name: str, content: bytes, kind: DocumentKind, number: int) -> Page:
        own_number = number or None
        try:
            parsed = await self._reader.recognise(content, kind=kind, page=number or 1, name=name)
        except DocumentError as error:
            reason = _PAGE_REASONS.get(str(error.values.get("reason")), "damaged")
            return Page(number=own_number, text="", status="failed", reason=reason)
        page = replace(parsed.page, number=own_number)
        if page.status == "waiting":
            return replace(page, status="skipped", reason="ocr_unavailable")
        return page

    async def _index(self, document_id: DocumentId) -> None:
        """Index all pages anew, in one transaction: no try leaves chunks behind for the next."""
        async with self._storage.transaction() as tx:
            await self._held(tx, document_id, stage="indexing")
            await tx.chunks.remove(document_id)
            chunker = Chunker(document_id)
            async for pages in self._pages(tx, document_id):
                await tx.chunks.add([chunk for page in pages for chunk in chunker.cut(page)])
            await tx.readings.finish(document_id)

    async def _pages(self, tx: Transaction, document_id: DocumentId) -> AsyncIterator[tuple[Page, ...]]:
        first = 0
        while pages := await tx.readings.all_pages(document_id, first=first, limit=_PAGES_AT_ONCE):
            yield pages
            first = (pages[-1].number or 0) + 1

    async def _fail(self, document_id: DocumentId, error: SamovarError) -> None:
        reason = error.values.get("reason")
        try:
            async with self._storage.transaction() as tx:
                await self._held(tx, document_id)
                unused = await tx.readings.end(
                    document_id, "failed", error_code=error.code, error_reason=None if reason is None else str(reason)
                )
        except (_Stopped, NotFound):
            return
        await discard_blobs(self._storage, self._blobs, unused)
        self._metrics.documents.labels("refused").inc()
        log.info("document.failed", document=str(document_id), code=error.code)
