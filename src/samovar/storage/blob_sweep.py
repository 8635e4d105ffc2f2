"""Takes away the bytes that no row refers to: what a crash has left between a file and its row."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from samovar.domain.errors import SamovarError
from samovar.storage.blobs import FileBlobStore
from samovar.telemetry.log import get_log

if TYPE_CHECKING:  # the database's libraries load while the database starts
    from samovar.storage.postgres import PostgresStorage

__all__ = ["BlobSweep", "Swept"]

log = get_log(__name__)

#: A transaction that stores a row ends long before, so bytes that rest longer without a row will have none.
_REST_S: Final = 3600.0
_MOST_REMOVED: Final = 1000
_BATCH: Final = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Swept:
    """What one sweep has taken away; where it is not complete, the next start goes on."""

    blobs: int = 0
    size_bytes: int = 0
    unfinished: int = 0
    is_complete: bool = True


class BlobSweep:
    """One sweep in the background.

    It looks at what nobody has put for an hour, and takes away what neither a document nor a figure refers to. Three
    things keep an upload under way safe: bytes that are put again are touched; who takes in a file holds its hash in
    the database (``hold_blob``), and so does the sweep; and the store itself compares the time once more while nobody
    can put.

    A folder of files belongs to the database whose rows were first seen to refer to it. Started on another database,
    by mistake or to try something, the sweep touches nothing.
    """

    def __init__(
        self,
        storage: "PostgresStorage",
        blobs: FileBlobStore,
        *,
        rest_s: float = _REST_S,
        most_removed: int = _MOST_REMOVED,
    ) -> None:
        """Take the storage and its blobs; nothing runs yet."""
        self._storage = storage
        self._blobs = blobs
        self._rest_s = rest_s
        self._most_removed = most_removed
        self._working: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin."""
        if self._working is None:
            self._working = asyncio.create_task(self._work(), name="sweep of blobs")

    async def close(self) -> None:
        """Stop, wherever it is."""
        if self._working is not None:
            self._working.cancel()
            with suppress(asyncio.CancelledError):
                await self._working
            self._working = None

    async def run(self) -> Swept | None:
        """Sweep once; None where it cannot be told whose files these are. Raises: StorageError."""
        rested = await self._blobs.rested(self._rest_s)
        unused = await self._unused(rested)
        if not await self._is_ours(is_used=len(unused) < len(rested)):
            return None
        blobs = size_bytes = 0
        for sha256 in unused[: self._most_removed]:
            async with self._storage.transaction() as tx:
                await tx.documents.hold_blob(sha256)
                is_needed = await tx.documents.needs_blob(sha256)
                removed_bytes = None if is_needed else await self._blobs.remove_rested(sha256, self._rest_s)
            if removed_bytes is not None:
                blobs += 1
                size_bytes += removed_bytes
        return Swept(
            blobs=blobs,
            size_bytes=size_bytes,
            unfinished=await self._blobs.remove_unfinished(self._rest_s),
            is_complete=len(unused) <= self._most_removed,
        )

    async def _work(self) -> None:
        try:
            swept = await self.run()
        except SamovarError as error:
            log.warning("blobs.not_swept", reason=error.code)
            return
        if swept is None:
            log.info("blobs.not_swept", reason="not_known_to_be_ours")
        elif swept.blobs or swept.unfinished:
            log.info(
                "blobs.swept",
                blobs=swept.blobs,
                size_bytes=swept.size_bytes,
                unfinished=swept.unfinished,
                is_complete=swept.is_complete,
            )

    async def _unused(self, rested: Sequence[str]) -> list[str]:
        unused: list[str] = []
        for start in range(0, len(rested), _BATCH):
            async with self._storage.transaction() as tx:
                unused.extend(await tx.documents.unused_blobs(set(rested[start : start + _BATCH])))
        return unused

    async def _is_ours(self, *, is_used: bool) -> bool:
        async with self._storage.transaction() as tx:
            owner = str((await tx.accounts.first_user()).user_id)
        noted = await self._blobs.owner()
        if noted is None and is_used:
            await self._blobs.set_owner(owner)
            return True
        return noted == owner
