"""A file that is still arriving: it can be left at any byte and gone on with later."""

import fcntl
import hashlib
import json
import os
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO, Final

from samovar.domain.errors import Conflict
from samovar.weights.durable import writable

__all__ = ["Draft"]

_MAX_NOTE_BYTES: Final = 10_000
_READ_BYTES: Final = 1 << 22


class Draft:
    """What has come of one file, with a note beside it that says which file it is.

    Its methods wait for the disk: call them in a thread.
    """

    def __init__(self, path: Path) -> None:
        """Name the file; nothing is opened yet."""
        self.path = path
        self.size_bytes = 0
        self.sha256: str | None = None
        self._note = path.with_name(path.name + ".json")
        self._file: BinaryIO | None = None
        self._sum = hashlib.sha256()

    @property
    def found_sha256(self) -> str:
        """The checksum of what has come so far."""
        return self._sum.hexdigest()

    def open(self) -> None:
        """Take the file for this process alone, and read again what came earlier.

        Raises: Conflict when another process fetches the same file, StorageReadOnly.
        """
        with writable():
            self._file = self.path.open("ab+")
            try:
                fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                self.close()
                raise Conflict(reason="this file is being downloaded already") from error
            self.sha256 = self._read_note()
            if self.sha256 is None:
                self._file.truncate(0)
            self._file.seek(0)
            while piece := self._file.read(_READ_BYTES):
                self._sum.update(piece)
                self.size_bytes += len(piece)

    def expect(self, sha256: str) -> bool:
        """Say which file is coming; False when what came before belongs to another one, and was thrown away."""
        if self.sha256 == sha256:
            return True
        is_fresh = self.size_bytes == 0
        self.restart()
        with writable():
            self._note.write_text(json.dumps({"sha256": sha256}), encoding="utf-8")
        self.sha256 = sha256
        return is_fresh

    def write(self, piece: bytes) -> None:
        """Add what has come. Raises: StorageReadOnly."""
        assert self._file is not None
        with writable():
            self._file.write(piece)
            self._file.flush()
        self._sum.update(piece)
        self.size_bytes += len(piece)

    def restart(self) -> None:
        """Throw away what has come. Raises: StorageReadOnly."""
        assert self._file is not None
        with writable():
            self._file.truncate(0)
        self._sum = hashlib.sha256()
        self.size_bytes = 0

    def close(self) -> None:
        """Leave it for later."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def remove(self) -> None:
        """Throw it away with its note."""
        self.close()
        with suppress(OSError):
            self.path.unlink(missing_ok=True)
            self._note.unlink(missing_ok=True)

    def forget_note(self) -> None:
        """Remove the note of a file that is whole and has its name."""
        with suppress(OSError):
            self._note.unlink(missing_ok=True)

    def _read_note(self) -> str | None:
        with suppress(OSError, ValueError, RecursionError):
            descriptor = os.open(self._note, os.O_RDONLY | os.O_NOFOLLOW)
            with os.fdopen(descriptor, "rb") as file:
                found = json.loads(file.read(_MAX_NOTE_BYTES))
            sha256 = found.get("sha256") if isinstance(found, dict) else None
            return sha256 if isinstance(sha256, str) else None
        return None
