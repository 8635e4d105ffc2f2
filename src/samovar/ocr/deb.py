"""The files inside a Debian package, without dpkg.

A package is an ``ar`` archive of three members; the third, ``data.tar`` in some compression, holds the files.
Source: deb(5), Debian 12 (2023); ar(5).
"""

import tarfile
from collections.abc import Iterator
from io import BytesIO
from pathlib import PurePosixPath
from typing import Final

__all__ = ["DebianPackageError", "members"]

_SIGNATURE: Final = b"!<arch>\n"
_HEAD_BYTES: Final = 60
_HEAD_END: Final = b"`\n"
_MOST_MEMBERS: Final = 1000


class DebianPackageError(Exception):
    """The bytes are not a Debian package that can be read here."""


def members(content: bytes, suffix: str, most_bytes: int) -> Iterator[tuple[str, bytes]]:
    """The files of a package whose name ends in ``suffix``: bare names and contents.

    Raises: DebianPackageError, also for a file larger than ``most_bytes``.
    """
    try:
        with tarfile.open(fileobj=BytesIO(_data(content))) as archive:
            for place, member in enumerate(archive):
                if place >= _MOST_MEMBERS:
                    raise DebianPackageError("too many files")
                if not member.isfile() or not member.name.endswith(suffix):
                    continue
                if member.size > most_bytes:
                    raise DebianPackageError(f"{PurePosixPath(member.name).name} is too large")
                file = archive.extractfile(member)
                if file is not None:
                    yield PurePosixPath(member.name).name, file.read(most_bytes)
    except (tarfile.TarError, EOFError, OSError) as error:
        raise DebianPackageError(str(error)) from error


def _data(content: bytes) -> bytes:
    """The third member of the outer archive, still compressed."""
    if not content.startswith(_SIGNATURE):
        raise DebianPackageError("it is not a Debian package")
    place = len(_SIGNATURE)
    while place + _HEAD_BYTES <= len(content):
        head = content[place : place + _HEAD_BYTES]
        size = head[48:58].strip()
        if not head.endswith(_HEAD_END) or not size.isdigit():
            raise DebianPackageError("it is damaged")
        start, end = place + _HEAD_BYTES, place + _HEAD_BYTES + int(size)
        if head[:16].startswith(b"data.tar"):
            if end > len(content):
                raise DebianPackageError("it is cut short")
            return content[start:end]
        place = end + end % 2  # members start at even places
    raise DebianPackageError("it holds no files")
