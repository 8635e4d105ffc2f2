"""Files kept under the hash of their content: ``blobs/ab/cdef…``.

Who puts bytes holds their folder (flock, shared) until they lie there, new or touched; who takes away what has rested
holds it alone. So bytes that were just put are never taken for forgotten ones, in whatever process either happens.
"""

import asyncio
import errno
import fcntl
import hashlib
import os
import re
import secrets
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from samovar.domain.errors import BlobDamaged, StorageReadOnly, StorageUnavailable
from samovar.storage.durable import sync_folder

__all__ = ["FileBlobStore"]

_HASH: Final = re.compile(r"[0-9a-f]{64}")
_FOLDERS: Final = "[0-9a-f][0-9a-f]"
_UNFINISHED: Final = re.compile(r"\.[0-9a-f]{16}")
_OWNER: Final = ".owner"
_LONGEST_OWNER: Final = 200
_NOT_WRITABLE: Final = {
    errno.ENOSPC: "the disk is full",
    errno.EDQUOT: "the disk quota is used up",
    errno.EROFS: "the disk is read-only",
    errno.EACCES: "the data folder is not writable",
    errno.EPERM: "the data folder is not writable",
}


class FileBlobStore:
    """Implements the port ``BlobStore`` in one folder; file work runs in threads."""

    def __init__(self, folder: Path) -> None:
        """Name the folder; it is made when the first blob comes."""
        self._folder = folder

    async def put(self, content: bytes) -> str:
        """Store bytes durably; return their hash. Raises: StorageReadOnly."""
        return await asyncio.to_thread(self._put, content)

    async def get(self, sha256: str) -> bytes:
        """Read bytes back, compared with their hash. Raises: BlobDamaged."""
        return await asyncio.to_thread(self._get, sha256)

    async def remove(self, sha256: str) -> None:
        """Delete bytes; nothing happens if they are gone already. Raises: StorageReadOnly."""
        await asyncio.to_thread(self._remove, sha256)

    async def hashes(self) -> AsyncIterator[str]:
        """List what is stored, sorted."""
        for sha256 in await asyncio.to_thread(self._list):
            yield sha256

    async def rested(self, rest_s: float) -> list[str]:
        """List the hashes of what nobody has put for so many seconds, sorted."""
        return await asyncio.to_thread(self._rested, rest_s)

    async def remove_rested(self, sha256: str, rest_s: float) -> int | None:
        """Delete bytes that nobody has put for so many seconds; return their size, or None where they stay.

        Raises: StorageReadOnly.
        """
        return await asyncio.to_thread(self._remove_rested, self._path(sha256), rest_s)

    async def remove_unfinished(self, rest_s: float) -> int:
        """Delete what was being written when a process died, so many seconds ago; return how many files.

        Raises: StorageReadOnly.
        """
        return await asyncio.to_thread(self._remove_unfinished, rest_s)

    async def owner(self) -> str | None:
        """Whose rows refer to these bytes, as far as it was noted."""
        return await asyncio.to_thread(self._owner)

    async def set_owner(self, owner: str) -> None:
        """Note whose rows refer to these bytes. Raises: StorageReadOnly."""
        await asyncio.to_thread(self._set_owner, owner)

    def _path(self, sha256: str) -> Path:
        if _HASH.fullmatch(sha256) is None:
            raise BlobDamaged
        return self._folder / sha256[:2] / sha256[2:]

    def _put(self, content: bytes) -> str:
        sha256 = hashlib.sha256(content).hexdigest()
        path = self._path(sha256)
        with _writable():
            if not path.parent.is_dir():
                self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
                path.parent.mkdir(exist_ok=True, mode=0o700)
                sync_folder(self._folder)
            with _held(path.parent, alone=False):
                if self._is_whole(path, sha256):
                    os.utime(path)
                else:
                    _write(path, content)
        return sha256

    def _is_whole(self, path: Path, sha256: str) -> bool:
        """A damaged copy is written again rather than trusted."""
        try:
            return hashlib.sha256(path.read_bytes()).hexdigest() == sha256
        except OSError:
            return False

    def _get(self, sha256: str) -> bytes:
        try:
            content = self._path(sha256).read_bytes()
        except FileNotFoundError as error:
            raise BlobDamaged from error
        except OSError as error:
            raise (BlobDamaged if error.errno == errno.EIO else StorageUnavailable) from error
        if hashlib.sha256(content).hexdigest() != sha256:
            raise BlobDamaged
        return content

    def _remove(self, sha256: str) -> None:
        with _writable():
            self._path(sha256).unlink(missing_ok=True)

    def _list(self) -> list[str]:
        found = (path.parent.name + path.name for path in self._folder.glob(f"{_FOLDERS}/*"))
        return sorted(name for name in found if _HASH.fullmatch(name))

    def _rested(self, rest_s: float) -> list[str]:
        return [sha256 for sha256 in self._list() if _has_rested(self._path(sha256), rest_s)]

    def _remove_rested(self, path: Path, rest_s: float) -> int | None:
        with _writable():
            try:
                with _held(path.parent, alone=True):
                    if not _has_rested(path, rest_s):
                        return None
                    size_bytes = path.stat().st_size
                    path.unlink()
                    return size_bytes
            except (FileNotFoundError, BlockingIOError):  # gone already, or somebody is putting
                return None

    def _remove_unfinished(self, rest_s: float) -> int:
        found = (path for path in self._folder.glob(f"{_FOLDERS}/.*") if _UNFINISHED.fullmatch(path.name))
        return sum(self._remove_rested(path, rest_s) is not None for path in found)

    def _owner(self) -> str | None:
        try:
            with (self._folder / _OWNER).open(encoding="utf-8") as file:
                return file.read(_LONGEST_OWNER).strip()
        except FileNotFoundError:
            return None
        except (OSError, ValueError) as error:
            raise StorageUnavailable from error

    def _set_owner(self, owner: str) -> None:
        with _writable():
            _write(self._folder / _OWNER, owner.encode())


def _has_rested(path: Path, rest_s: float) -> bool:
    with suppress(OSError):
        return time.time() - path.stat().st_mtime >= rest_s
    return False


@contextmanager
def _held(folder: Path, *, alone: bool) -> Iterator[None]:
    """Hold a folder; alone at once or not at all (BlockingIOError), together with others as soon as they let it."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB if alone else fcntl.LOCK_SH)
        yield
    finally:
        os.close(descriptor)


def _write(path: Path, content: bytes) -> None:
    """Write aside, make it durable, and give it its name in one step."""
    unfinished = path.with_name(f".{secrets.token_hex(8)}")
    try:
        descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(descriptor)
        unfinished.replace(path)
    except BaseException:
        unfinished.unlink(missing_ok=True)
        raise
    sync_folder(path.parent)


@contextmanager
def _writable() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        reason = _NOT_WRITABLE.get(error.errno or 0, error.strerror or "the disk does not answer")
        raise StorageReadOnly(reason=reason) from error
