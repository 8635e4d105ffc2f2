"""Large files on their way in: straight to the disk, bounded, one at a time, and gone when they have been read."""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from tempfile import mkstemp
from typing import Final

from fastapi import Request

from samovar.domain.errors import ImportTooLarge, StorageReadOnly, TooMany

__all__ = ["Arrivals"]

_MEGABYTE: Final = 1_000_000
#: An upload is read to its end before it is refused, or the browser would see a broken line instead of the reason.
_DRAIN_FACTOR: Final = 2
_RETRY_AFTER_S: Final = 30
#: Pieces of the line are small; each write is a trip to a thread.
_WRITTEN_AT_ONCE: Final = 4 * 1024 * 1024
_PRIVATE: Final = 0o700


class Arrivals:
    """The folder where uploads lie while they are read."""

    def __init__(self, folder: Path, *, most_mb: int) -> None:
        """Keep files of at most ``most_mb`` MB (millions of bytes) in ``folder``."""
        self._folder = folder
        self._most_mb = most_mb
        self._is_taken = False

    @asynccontextmanager
    async def receive(self, request: Request, name: str) -> AsyncIterator[Path]:
        """Write a body to a file, which is deleted when the context ends, whatever happens.

        Raises: ImportTooLarge, TooMany while another one is here, StorageReadOnly when the disk is full.
        """
        if self._is_taken:
            raise TooMany(what="imports", retry_after_s=_RETRY_AFTER_S)
        self._is_taken = True
        try:
            path = await asyncio.to_thread(self._new_file)
            try:
                await self._write(request, name, path)
                yield path
            finally:
                await asyncio.to_thread(path.unlink, missing_ok=True)
        except OSError as error:
            raise StorageReadOnly(reason=error.strerror or "the disk cannot be written") from error
        finally:
            self._is_taken = False

    def _new_file(self) -> Path:
        self._folder.mkdir(mode=_PRIVATE, parents=True, exist_ok=True)
        for left in self._folder.iterdir():
            left.unlink(missing_ok=True)  # of a server that was killed
        handle, path = mkstemp(dir=self._folder)
        os.close(handle)
        return Path(path)

    async def _write(self, request: Request, name: str, path: Path) -> None:
        most_bytes = self._most_mb * _MEGABYTE
        size_bytes = 0
        waiting = bytearray()
        async for part in request.stream():
            size_bytes += len(part)
            if size_bytes > most_bytes:
                waiting.clear()
                if size_bytes > most_bytes * _DRAIN_FACTOR:
                    break
                continue
            waiting += part
            if len(waiting) >= _WRITTEN_AT_ONCE:
                await asyncio.to_thread(_append, path, bytes(waiting))
                waiting.clear()
        if size_bytes > most_bytes:
            raise ImportTooLarge(name=name, limit_mb=self._most_mb)
        await asyncio.to_thread(_append, path, bytes(waiting))


def _append(path: Path, content: bytes) -> None:
    with path.open("ab") as file:
        file.write(content)
