"""Delete bytes that nothing refers to any more."""

from collections.abc import Iterable

from samovar.ports.storage import BlobStore, Storage

__all__ = ["discard_blobs"]


async def discard_blobs(storage: Storage, blobs: BlobStore, hashes: Iterable[str]) -> None:
    """Delete blobs that have lost their last document, unless somebody uses them again. Raises: StorageError."""
    for sha256 in hashes:
        async with storage.transaction() as tx:
            await tx.documents.hold_blob(sha256)
            if not await tx.documents.needs_blob(sha256):
                await blobs.remove(sha256)
