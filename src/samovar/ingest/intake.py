"""Take a file in: check it, keep its bytes and its row, and wait for the reading if somebody wants to."""

import asyncio
import hashlib
import unicodedata
from collections.abc import Sequence
from contextlib import suppress
from typing import Final

from samovar.domain.actor import Actor
from samovar.domain.document import Document, KnowledgeBase
from samovar.domain.errors import Conflict, FileEmpty, FileTooLarge, InvalidRequest, SamovarError, StorageUnavailable
from samovar.domain.ids import BaseId, ChatId, DocumentId, new_base_id, new_document_id
from samovar.domain.page import Page
from samovar.ingest.discard import discard_blobs
from samovar.ports.queue import News, ReadingQueue
from samovar.ports.storage import BlobStore, Storage, Transaction
from samovar.telemetry.log import get_log
from samovar.telemetry.metrics import Metrics

__all__ = ["Intake", "safe_name", "safe_path"]

log = get_log(__name__)

_LONGEST_NAME: Final = 200
_LONGEST_PATH: Final = 2000
_MEGABYTE: Final = 1_000_000
#: The base of files that were given without one.
_LIBRARY: Final = "Library"
#: What a file is until its reader has found out.
_UNKNOWN_TYPE: Final = "application/octet-stream"
#: News may be lost with a connection, so that whoever waits looks again after this.
_LOOK_AGAIN_S: Final = 5.0


def safe_name(name: str) -> str:
    """A file name to show: no folders, no control characters, never used as a path.

    Raises: InvalidRequest when nothing is left of it.
    """
    last = name.replace("\\", "/").rsplit("/", 1)[-1]
    shown = _without_controls(last)
    if shown in ("", ".", ".."):
        raise InvalidRequest(reason="the file has no name")
    if len(shown) > _LONGEST_NAME:
        stem, dot, suffix = shown.rpartition(".")
        ending = dot + suffix if stem and len(suffix) <= 10 else ""
        shown = shown[: _LONGEST_NAME - len(ending) - 1] + "…" + ending
    return shown


def safe_path(path: str) -> str:
    """A place in a folder, to show and to tell versions by: forward slashes, nothing that leads up or outside.

    Raises: InvalidRequest when nothing is left of it, or too much.
    """
    parts = [_without_controls(part) for part in path.replace("\\", "/").split("/")]
    shown = "/".join(part for part in parts if part not in ("", ".", ".."))
    if not shown or len(shown) > _LONGEST_PATH:
        raise InvalidRequest(reason="the path of the file is empty or too long")
    return shown


def _without_controls(name: str) -> str:
    normalised = unicodedata.normalize("NFC", name)
    return "".join(character for character in normalised if unicodedata.category(character)[0] != "C").strip()


class Intake:
    """Turns uploaded bytes into a document that waits to be read."""

    def __init__(
        self, storage: Storage, blobs: BlobStore, queue: ReadingQueue, metrics: Metrics, *, upload_mb: int
    ) -> None:
        """Refuse files above ``upload_mb`` megabytes."""
        self._storage = storage
        self._blobs = blobs
        self._queue = queue
        self._metrics = metrics
        self._upload_mb = upload_mb

    @property
    def most_bytes(self) -> int:
        """The size of the largest file that is taken."""
        return self._upload_mb * _MEGABYTE

    async def take(
        self,
        actor: Actor,
        *,
        name: str,
        content: bytes,
        chat_id: ChatId | None = None,
        base_id: BaseId | None = None,
        path: str | None = None,
    ) -> Document:
        """Keep a file for a chat, a base or, with neither, the base "Library"; it is read in its turn.

        When this returns, bytes and row are stored. The same bytes in the same chat or base are one document; files
        with different ``path`` are different documents, each with versions of its own. Raises: FileEmpty,
        FileTooLarge, InvalidRequest, NotFound, StorageError.
        """
        try:
            shown, place = safe_name(name), None if path is None else safe_path(path)
            if not content:
                raise FileEmpty(name=shown)
            if len(content) > self.most_bytes:
                raise FileTooLarge(name=shown, limit_mb=self._upload_mb)
            return await self._keep(actor, shown, content, chat_id, base_id, place)
        except SamovarError as error:
            self._metrics.documents.labels("refused").inc()
            log.info("document.refused", code=error.code, size_bytes=len(content))
            raise

    async def _keep(
        self,
        actor: Actor,
        name: str,
        content: bytes,
        chat_id: ChatId | None,
        base_id: BaseId | None,
        path: str | None,
    ) -> Document:
        sha256 = await asyncio.to_thread(lambda: hashlib.sha256(content).hexdigest())
        library = None
        if chat_id is None and base_id is None:
            library = await self.base_named(actor, _LIBRARY)
        try:
            async with self._storage.transaction() as tx:
                if chat_id is not None:
                    await tx.chats.access(actor, chat_id)
                elif base_id is not None:
                    await tx.bases.access(actor, base_id)
                else:
                    # Found by its name just now: should it be gone since, nothing can be stored in it.
                    base_id = library
                # From here on nobody else takes in or deletes the same bytes.
                held_at = await tx.documents.hold_blob(sha256)
                known = await self._known(tx, actor, sha256, chat_id, base_id, path)
                if known is not None:
                    return known
                # The bytes are durable before any row names them; a crash between leaves only an unused blob.
                await self._blobs.put(content)
                document = Document(
                    document_id=new_document_id(),
                    owner_id=actor.user_id,
                    base_id=None if chat_id is not None else base_id,
                    name=name,
                    path=path,
                    kind=None,
                    media_type=_UNKNOWN_TYPE,
                    size_bytes=len(content),
                    sha256=sha256,
                    status="reading",
                    stage="queued",
                    created_at=held_at,
                )
                await tx.documents.add(actor, document, chat_id=chat_id)
        except BaseException:
            with suppress(SamovarError):
                await self.discard([sha256])
            raise
        log.info("document.taken", document=str(document.document_id), size_bytes=len(content))
        return document

    async def _known(
        self,
        tx: Transaction,
        actor: Actor,
        sha256: str,
        chat_id: ChatId | None,
        base_id: BaseId | None,
        path: str | None,
    ) -> Document | None:
        if path is not None and base_id is not None:
            in_force = await tx.documents.by_path(actor, base_id, path)
            if in_force is not None:
                # Other bytes are its new version.
                return in_force if in_force.sha256 == sha256 else None
        known = await tx.documents.by_content(actor, sha256, chat_id=chat_id, base_id=base_id)
        if known is None or path is None or known.path is None:
            return known
        # A copy in another place lives on when the first one changes, so it is a document of its own.
        return None

    async def base_named(self, actor: Actor, name: str) -> BaseId:
        """Find a base by its name, or make it. Raises: StorageError."""
        while True:
            async with self._storage.reading() as tx:
                found = await tx.bases.by_name(actor, name)
            if found is not None:
                return found.base_id
            # Somebody may make it between the look and the making.
            with suppress(Conflict):
                async with self._storage.transaction() as tx:
                    now = await tx.now()
                    made = KnowledgeBase(base_id=new_base_id(), owner_id=actor.user_id, name=name, created_at=now)
                    await tx.bases.add(actor, made)
                return made.base_id

    async def wait(self, actor: Actor, document_id: DocumentId, *, timeout_s: float) -> Document:
        """Wait until a document and all that is inside it are read, or the time is over, and tell how it stands.

        Raises: NotFound, when it is deleted meanwhile too, StorageError.
        """
        loop = asyncio.get_running_loop()
        deadline = loop.time() + timeout_s
        moved = asyncio.Event()

        is_read = False

        def hear(news: News) -> None:
            # What becomes of others matters only once this one is read: they may be inside it.
            if news.document_id in (None, document_id) or (is_read and news.kind != "waiting"):
                moved.set()

        unsubscribe = self._queue.subscribe(hear)
        try:
            while True:
                moved.clear()
                remaining_s = deadline - loop.time()
                try:
                    async with self._storage.reading() as tx:
                        document, unread = await tx.documents.access_unread(actor, document_id)
                        is_read = document.status != "reading"
                except StorageUnavailable:
                    # The database may be coming back, and what waits to be read waits too.
                    if remaining_s <= 0:
                        raise
                else:
                    if unread == 0 or remaining_s <= 0:
                        return document
                with suppress(TimeoutError):
                    async with asyncio.timeout(min(remaining_s, _LOOK_AGAIN_S)):
                        await moved.wait()
        finally:
            unsubscribe()

    async def cancel(self, actor: Actor, document_id: DocumentId) -> Document:
        """Stop the reading of a document and of all that is inside it; what was read already stays as it is.

        Raises: NotFound.
        """
        unused: list[str] = []
        async with self._storage.transaction() as tx:
            for part in await tx.documents.with_parts(actor, document_id):
                held = await tx.readings.document(part.document_id)
                if held.status == "reading":
                    unused.extend(
                        await tx.readings.end(part.document_id, "cancelled", error_code=None, error_reason=None)
                    )
            document = await tx.documents.access(actor, document_id)
        await self.discard(unused)
        return document

    async def reread(self, actor: Actor, document_id: DocumentId) -> Document:
        """Have a document read anew from its bytes; what inside it was cancelled is read too.

        Raises: NotFound, Conflict.
        """
        async with self._storage.transaction() as tx:
            await tx.documents.access(actor, document_id)
            document = await tx.readings.document(document_id)
            if document.status == "reading":
                raise Conflict(reason="the document is being read")
            if document.status == "replaced":
                raise Conflict(reason="a newer version has taken the place of this document")
            if not document.keeps_bytes:
                raise Conflict(reason="the bytes of a file that cannot be read are not kept")
            unused = [*await tx.readings.start_again(document_id)]
            for part in await tx.documents.with_parts(actor, document_id):
                if part.status == "cancelled":
                    unused.extend(await tx.readings.start_again(part.document_id))
            document = await tx.documents.access(actor, document_id)
        await self.discard(unused)
        return document

    async def remove(self, actor: Actor, document_id: DocumentId) -> None:
        """Delete a document, its text, its index entries, and its bytes when nothing else needs them."""
        async with self._storage.transaction() as tx:
            unused = await tx.documents.remove(actor, document_id)
        await self.discard(unused)

    async def discard(self, hashes: Sequence[str]) -> None:
        """Delete blobs that have lost their last document, unless an upload uses them again."""
        await discard_blobs(self._storage, self._blobs, hashes)

    async def pages(self, actor: Actor, document_id: DocumentId) -> tuple[Page, ...]:
        """What was read of each page, without its text."""
        async with self._storage.transaction() as tx:
            return await tx.documents.view_pages(actor, document_id)
