"""Keep the vectors of a data set between runs: to embed thousands of texts takes minutes, and they do not change.

A file for each vector, named by a hash of the embedder's name and the text. Losing any of them costs time alone.
"""

import hashlib
import os
import secrets
import struct
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final

from samovar.ports.embedder import Vector

__all__ = ["VectorCache"]

_MARK: Final = b"samovar vector 1\n"
_DIGEST_BYTES: Final = 16
_MOST_DIMENSIONS: Final = 20_000
#: About 400 MB on a disk that gives each file a block of 4 kB.
_MOST_FILES: Final = 100_000


class VectorCache:
    """Vectors in a folder, by embedder and text; for one process's use at a time, though others do no harm."""

    def __init__(self, folder: Path, *, most_files: int = _MOST_FILES) -> None:
        """Name the folder; it is made when something is kept."""
        self._folder = folder
        self._most_files = most_files
        self.hits = 0
        self.misses = 0
        self.damaged = 0
        self.is_unwritable = False

    @property
    def folder(self) -> Path:
        """Where the vectors lie."""
        return self._folder

    def get(self, embedder: str, text: str) -> Vector | None:
        """Read a vector; one whose file is damaged counts as missing, and its file is removed."""
        path = self._path(embedder, text)
        try:
            content = path.read_bytes()
        except OSError:
            self.misses += 1
            return None
        vector = _read(content)
        if vector is None:
            self.damaged += 1
            self.misses += 1
            with suppress(OSError):
                path.unlink()
            return None
        self.hits += 1
        # What was used last is dropped last.
        with suppress(OSError):
            os.utime(path)
        return vector

    def put(self, embedder: str, text: str, vector: Vector) -> None:
        """Keep a vector. A folder that cannot be written to is noted, and no reason to stop."""
        path = self._path(embedder, text)
        new = path.with_name(f".{secrets.token_hex(8)}")
        try:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            new.write_bytes(_written(vector))
            new.replace(path)
        except OSError:
            self.is_unwritable = True
            with suppress(OSError):
                new.unlink()

    def trim(self) -> int:
        """Drop the files that were used longest ago, above the most that are kept; return how many."""
        files = sorted(self._files())
        surplus = files[: max(0, len(files) - self._most_files)]
        for _, path in surplus:
            with suppress(OSError):
                Path(path).unlink()
        return len(surplus)

    def _path(self, embedder: str, text: str) -> Path:
        digest = hashlib.sha256(f"{len(embedder)} {embedder} {text}".encode()).hexdigest()
        return self._folder / digest[:2] / digest[2:]

    def _files(self) -> Iterator[tuple[float, str]]:
        with suppress(OSError):
            for shelf in os.scandir(self._folder):
                if shelf.is_dir(follow_symlinks=False):
                    for found in os.scandir(shelf):
                        yield found.stat(follow_symlinks=False).st_mtime, found.path


def _written(vector: Sequence[float]) -> bytes:
    numbers = struct.pack(f"<{len(vector)}f", *vector)
    return _MARK + hashlib.sha256(numbers).digest()[:_DIGEST_BYTES] + numbers


def _read(content: bytes) -> Vector | None:
    start = len(_MARK) + _DIGEST_BYTES
    numbers = content[start:]
    if not content.startswith(_MARK) or not numbers or len(numbers) % 4 or len(numbers) > 4 * _MOST_DIMENSIONS:
        return None
    if hashlib.sha256(numbers).digest()[:_DIGEST_BYTES] != content[len(_MARK) : start]:
        return None
    return struct.unpack(f"<{len(numbers) // 4}f", numbers)
