"""Writing model files so that a crash leaves either the whole file or none."""

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from samovar.domain.errors import StorageReadOnly

__all__ = ["publish", "space_for", "writable"]


def publish(draft: Path, final: Path) -> None:
    """Make a finished draft durable and give it its name in one step. Raises: OSError."""
    _sync(draft)
    draft.replace(final)
    _sync(final.parent)


def space_for(folder: Path, size_bytes: int) -> None:
    """Refuse at once what the disk cannot hold. Raises: StorageReadOnly."""
    found = os.statvfs(folder)
    if found.f_bavail * found.f_frsize < size_bytes:
        raise StorageReadOnly(reason=f"the disk has no room for {size_bytes / 1e9:.1f} GB")


@contextmanager
def writable() -> Iterator[None]:
    """Turn what the disk says into our words."""
    try:
        yield
    except OSError as error:
        full = error.errno in (errno.ENOSPC, errno.EDQUOT)
        reason = "the disk is full" if full else (error.strerror or "the disk does not answer")
        raise StorageReadOnly(reason=reason) from error


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
