"""Take a file in: check, read in the sandbox, keep the bytes, chunk and index, all or nothing."""

import asyncio
import hashlib
import unicodedata
from collections.abc import Sequence

from samovar.domain.actor import Actor
from samovar.domain.document import Document, DocumentFigure, KnowledgeBase
from samovar.domain.errors import FileEmpty, FileTooLarge, InvalidRequest, SamovarError
from samovar.domain.ids import BaseId, ChatId, DocumentId, new_base_id, new_document_id
from samovar.domain.page import DocumentHead, Figure, Page, ParsedPage, ParsedPart
from samovar.ingest.chunk import chunk_pages
from samovar.ports.parser import DocumentReader
from samovar.ports.storage import BlobStore, Storage, Transaction
from samovar.telemetry.log import get_log
from samovar.telemetry.metrics import Metrics

__all__ = ["Intake", "safe_name"]

log = get_log(__name__)

_LONGEST_NAME = 200
_MEGABYTE = 1_000_000
#: The base of files that were given without one.
_LIBRARY = "Library"


def safe_name(name: str) -> str:
    """A file name to show: no folders, no control characters, never used as a path.

    Raises: InvalidRequest when nothing is left of it.
    """
    last = name.replace("\\", "/").rsplit("/", 1)[-1]
    shown = "".join(
        character for character in unicodedata.normalize("NFC", last) if unicodedata.category(character)[0] != "C"
    ).strip()
    if shown in ("", ".", ".."):
        raise InvalidRequest(reason="the file has no name")
    if len(shown) > _LONGEST_NAME:
        stem, dot, suffix = shown.rpartition(".")
        ending = dot + suffix if stem and len(suffix) <= 10 else ""
        shown = shown[: _LONGEST_NAME - len(ending) - 1] + "…" + ending
    return shown


class Intake:
    """Turns uploaded bytes into a searchable document."""

    def __init__(
        self, storage: Storage, blobs: BlobStore, reader: DocumentReader, metrics: Metrics, *, upload_mb: int
    ) -> None:
        """Refuse files above ``upload_mb`` megabytes."""
        self._storage = storage
        self._blobs = blobs
        self._reader = reader
        self._metrics = metrics
        self._upload_mb = upload_mb

    @property
    def most_bytes(self) -> int:
        """The size of the largest file that is taken."""
        return self._upload_mb * _MEGABYTE

    async def take(self, actor: Actor, *, name: str, content: bytes, chat_id: ChatId | None) -> Document:
        """Read a file and make it searchable in a chat, or in the library (None).

        The same bytes in the same place are one document. Raises: DocumentError, NotFound.
        """
        try:
            document = await self._take(actor, safe_name(name), content, chat_id)
        except SamovarError as error:
            self._metrics.documents.labels("refused").inc()
            log.info("document.refused", code=error.code, size_bytes=len(content))
            raise
        self._metrics.documents.labels("ready").inc()
        log.info(
            "document.ready", document=str(document.document_id), pages=document.page_count, size_bytes=len(content)
        )
        return document

    async def _take(self, actor: Actor, name: str, content: bytes, chat_id: ChatId | None) -> Document:
        if not content:
            raise FileEmpty(name=name)
        if len(content) > self.most_bytes:
            raise FileTooLarge(name=name, limit_mb=self._upload_mb)
        sha256 = await asyncio.to_thread(lambda: hashlib.sha256(content).hexdigest())
        async with self._storage.transaction() as tx:
            if chat_id is not None:
                await tx.chats.access(actor, chat_id)
            base_id = None if chat_id is not None else await self._library(tx, actor)
            known = await tx.documents.by_content(actor, sha256, chat_id=chat_id, base_id=base_id)
        if known is not None:
            return known
        parts = [part async for part in self._reader.read(content, name=name)]
        return await self._store(actor, name, content, sha256, parts, chat_id, base_id)

    async def _library(self, tx: Transaction, actor: Actor) -> BaseId:
        found = await tx.bases.by_name(actor, _LIBRARY)
        if found is None:
            found = KnowledgeBase(
                base_id=new_base_id(), owner_id=actor.user_id, name=_LIBRARY, created_at=await tx.now()
            )
            await tx.bases.add(actor, found)
        return found.base_id

    async def _store(
        self,
        actor: Actor,
        name: str,
        content: bytes,
        sha256: str,
        parts: Sequence[ParsedPart],
        chat_id: ChatId | None,
        base_id: BaseId | None,
    ) -> Document:
        document_id = new_document_id()
        head = next(part for part in parts if isinstance(part, DocumentHead))
        read = [part for part in parts if isinstance(part, ParsedPage)]
        pages = [part.page for part in read]
        is_markdown = head.kind == "markdown"
        chunks = await asyncio.to_thread(chunk_pages, pages, document_id, is_markdown=is_markdown)
        async with self._storage.transaction() as tx:
            # The bytes are durable before any row names them; a crash between leaves only an unused blob.
            await tx.documents.hold_blob(sha256)
            await self._blobs.put(content)
            document = Document(
                document_id=document_id,
                owner_id=actor.user_id,
                base_id=base_id,
                name=name,
                kind=head.kind,
                media_type=head.media_type,
                size_bytes=len(content),
                sha256=sha256,
                status="ready",
                page_count=head.page_count,
                created_at=await tx.now(),
            )
            await tx.documents.add(actor, document, chat_id=chat_id)
            figures = [
                await self._figure(tx, document_id, part.page, figure) for part in read for figure in part.figures
            ]
            await tx.readings.save_pages(document_id, pages, figures)
            if chunks:
                await tx.search.add_chunks(chunks)
        return document

    async def _figure(self, tx: Transaction, document_id: DocumentId, page: Page, figure: Figure) -> DocumentFigure:
        picture = figure.picture
        sha256 = hashlib.sha256(picture.content).hexdigest()
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
        )

    async def remove(self, actor: Actor, document_id: DocumentId) -> None:
        """Delete a document, its text, its index entries, and its bytes when nothing else needs them."""
        async with self._storage.transaction() as tx:
            unused = await tx.documents.remove(actor, document_id)
        await self.discard(unused)

    async def discard(self, hashes: Sequence[str]) -> None:
        """Delete blobs that have lost their last document, unless an upload uses them again."""
        for sha256 in hashes:
            async with self._storage.transaction() as tx:
                if not await tx.documents.hold_blob(sha256):
                    await self._blobs.remove(sha256)

    async def pages(self, actor: Actor, document_id: DocumentId) -> tuple[Page, ...]:
        """What was read of each page, without its text."""
        async with self._storage.transaction() as tx:
            return await tx.documents.pages(actor, document_id)
