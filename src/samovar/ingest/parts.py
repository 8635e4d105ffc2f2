"""Files inside files: a letter's attachments, an archive's members become documents of their own."""

import hashlib
from collections.abc import Sequence
from typing import Final

from samovar.domain.document import Document
from samovar.domain.errors import FileEmpty, FileTooComplex, FileTooLarge, InvalidRequest, SamovarError
from samovar.domain.ids import new_document_id
from samovar.domain.page import Attachment
from samovar.ingest.intake import safe_name, safe_path
from samovar.ports.storage import BlobStore, Transaction

__all__ = ["DEEPEST", "MOST_PARTS", "Parts"]

#: A letter in an archive in a letter; what lies deeper is named and not read.
DEEPEST: Final = 3
#: The most files inside one file, however deep.
MOST_PARTS: Final = 5000
_MEGABYTE: Final = 1_000_000


class Parts:
    """Stores what was inside a document beside it. What cannot be taken is a failed document with the reason."""

    def __init__(self, blobs: BlobStore, *, upload_mb: int) -> None:
        """Take files up to ``upload_mb`` megabytes."""
        self._blobs = blobs
        self._upload_mb = upload_mb

    async def add(self, tx: Transaction, parent: Document, attachments: Sequence[Attachment]) -> None:
        """Store parts of ``parent``, to be read in their turn; one that is there already changes nothing."""
        if not attachments:
            return
        depth, count = await tx.readings.nesting(parent.document_id)
        for attachment in attachments:
            if count > MOST_PARTS:
                return  # The one that says so is there.
            count += await self._add(tx, parent, attachment, depth=depth, count=count)

    async def _add(self, tx: Transaction, parent: Document, attachment: Attachment, *, depth: int, count: int) -> bool:
        name, path = _names(parent, attachment)
        error: SamovarError | None = None
        if count == MOST_PARTS:
            name, path = "…", f"{parent.path or parent.name}/…"
            error = FileTooComplex(name=name, reason="entries")
        elif depth >= DEEPEST:
            error = FileTooComplex(name=name, reason="depth")
        elif not attachment.content:
            error = FileEmpty(name=name)
        elif len(attachment.content) > self._upload_mb * _MEGABYTE:
            error = FileTooLarge(name=name, limit_mb=self._upload_mb)
        sha256 = hashlib.sha256(attachment.content).hexdigest()
        reason = None if error is None else error.values.get("reason")
        part = Document(
            document_id=new_document_id(),
            owner_id=parent.owner_id,
            base_id=parent.base_id,
            parent_id=parent.document_id,
            name=name,
            path=path,
            kind=None,
            media_type="application/octet-stream",
            size_bytes=len(attachment.content),
            sha256=sha256,
            status="reading" if error is None else "failed",
            stage="queued" if error is None else None,
            error_code=None if error is None else error.code,
            error_reason=None if reason is None else str(reason),
            created_at=await tx.now() if error else await tx.documents.hold_blob(sha256),
        )
        if error is None:
            await self._blobs.put(attachment.content)
        return await tx.readings.add_part(part)


def _names(parent: Document, attachment: Attachment) -> tuple[str, str]:
    """The name and the place of a part; one without a name is told by its number of bytes."""
    inside = attachment.name
    try:
        name = safe_name(inside)
        return name, safe_path(f"{parent.path or parent.name}/{inside}")
    except InvalidRequest:
        name = hashlib.sha256(attachment.content).hexdigest()[:12]
        return name, f"{(parent.path or parent.name)[:1000]}/{name}"
