"""The files with chats inside an upload: itself, or those of a ZIP. Nothing is unpacked to a disk."""

import struct
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import BinaryIO, Final
from zipfile import ZIP_DEFLATED, ZIP_STORED, BadZipFile, ZipFile, ZipInfo

from samovar.domain.errors import FileEncrypted, ImportDamaged, ImportPackingUnknown, ImportTooComplex
from samovar.interchange.limits import (
    MOST_DIRECTORY_BYTES,
    MOST_ENTRIES,
    MOST_UNPACKED_BYTES,
    MOST_UNPACKED_RATIO,
    PIECE_BYTES,
)
from samovar.interchange.report import Report

__all__ = ["ChatFile", "chat_files"]

_ZIP_MARKS: Final = (b"PK\x03\x04", b"PK\x05\x06")
_BEGINNINGS: Final = (b"{", b"[")
_BYTE_ORDER_MARK: Final = b"\xef\xbb\xbf"
_SNIFFED_BYTES: Final = 256
#: Bits of an entry's flags: encrypted, either way; a patch of another file. Source: APPNOTE 6.3.10 (2022), 4.4.4.
_ENCRYPTED: Final = 0x41
_PATCH: Final = 0x20
#: No export is smaller than this and unpacks to much.
_ALWAYS_ALLOWED_BYTES: Final = 64_000_000
#: What reading an archive raises when it is damaged.
_FAULTS: Final = (BadZipFile, zlib.error, EOFError, struct.error, ValueError, RuntimeError, OSError, IndexError)


@dataclass(frozen=True, slots=True, kw_only=True)
class ChatFile:
    """A file of JSON; ``name`` is for reports alone. ``read`` hands out its next bytes, or raises ImportDamaged."""

    name: str
    read: Callable[[int], bytes]


def chat_files(file: BinaryIO, name: str, report: Report) -> Iterator[ChatFile]:
    """List what begins like JSON, by content; what does not is counted.

    Raises: FileEncrypted, ImportDamaged, ImportPackingUnknown, ImportTooComplex.
    """
    is_zip = file.read(4) in _ZIP_MARKS
    file.seek(0)
    if is_zip:
        yield from _zipped(file, name, report)
    else:
        yield ChatFile(name=name, read=file.read)


class _Guarded:
    """A file of which no large part is read at once: the list of entries is as long as its maker says."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.seek = file.seek
        self.tell = file.tell
        self.seekable = file.seekable

    def read(self, size: int = -1) -> bytes:
        if size > MOST_DIRECTORY_BYTES:
            raise OverflowError
        part = self._file.read(MOST_DIRECTORY_BYTES + 1 if size < 0 else size)
        if len(part) > MOST_DIRECTORY_BYTES:
            raise OverflowError
        return part


def _zipped(file: BinaryIO, name: str, report: Report) -> Iterator[ChatFile]:
    try:
        archive = ZipFile(_Guarded(file))
    except OverflowError as error:
        raise ImportTooComplex(name=name, reason="too many entries") from error
    except NotImplementedError as error:
        # The list of entries says that a later version of the format is needed than zipfile knows (above 6.3).
        raise ImportPackingUnknown(name=name) from error
    except _FAULTS as error:
        raise ImportDamaged(name=name) from error
    with archive:
        entries = [entry for entry in archive.infolist() if not entry.filename.endswith("/")]
        if len(entries) > MOST_ENTRIES:
            raise ImportTooComplex(name=name, reason="too many entries")
        if entries and all(entry.flag_bits & _ENCRYPTED for entry in entries):
            raise FileEncrypted(name=name)
        if entries and all(_is_packed_rarely(entry) for entry in entries):
            raise ImportPackingUnknown(name=name)
        room = _Room(name)
        for entry in sorted(entries, key=lambda entry: entry.filename):
            try:
                holds_json = _holds_json(archive, entry)
            except (*_FAULTS, OverflowError):
                report.note("broken_file", entry.filename)
                continue
            if not holds_json:
                report.note("archive_entry", entry.filename)
                continue
            with archive.open(entry) as stream:
                yield ChatFile(name=entry.filename, read=_counted(stream.read, room, entry, name))


def _is_packed_rarely(entry: ZipInfo) -> bool:
    return entry.compress_type not in (ZIP_STORED, ZIP_DEFLATED) or bool(entry.flag_bits & _PATCH)


def _holds_json(archive: ZipFile, entry: ZipInfo) -> bool:
    """Tell by the first bytes; what is encrypted or packed in a rare way holds nothing for us."""
    if entry.flag_bits & _ENCRYPTED or _is_packed_rarely(entry):
        return False
    with archive.open(entry) as stream:
        first = stream.read(_SNIFFED_BYTES)
    return first.removeprefix(_BYTE_ORDER_MARK).lstrip().startswith(_BEGINNINGS)


@dataclass(slots=True)
class _Room:
    """What an archive has unpacked to so far."""

    name: str
    unpacked_bytes: int = 0

    def take(self, size_bytes: int, *, entry_bytes: int, packed_bytes: int) -> None:
        """Count more. Raises: ImportTooComplex."""
        self.unpacked_bytes += size_bytes
        allowed = max(_ALWAYS_ALLOWED_BYTES, packed_bytes * MOST_UNPACKED_RATIO)
        if self.unpacked_bytes > MOST_UNPACKED_BYTES or entry_bytes > allowed:
            raise ImportTooComplex(name=self.name, reason="it unpacks to far more than its size")


def _counted(read: Callable[[int], bytes], room: _Room, entry: ZipInfo, name: str) -> Callable[[int], bytes]:
    taken = 0

    def read_counted(size: int) -> bytes:
        nonlocal taken
        try:
            part = read(min(size, PIECE_BYTES))
        except (*_FAULTS, OverflowError) as error:
            raise ImportDamaged(name=name) from error
        taken += len(part)
        room.take(len(part), entry_bytes=taken, packed_bytes=entry.compress_size)
        return part

    return read_counted
