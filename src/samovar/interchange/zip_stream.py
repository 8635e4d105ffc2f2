"""A ZIP that is written as it is sent, one entry in memory at a time."""

from datetime import datetime
from io import RawIOBase
from typing import TYPE_CHECKING, Final
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

__all__ = ["ZipStream"]

#: The first year that the format can spell. Source: APPNOTE 6.3.10 (2022), section 4.4.6.
_FIRST_YEAR: Final = 1980
_LAST_YEAR: Final = 2107


class _Outlet(RawIOBase):
    """Takes what is written and hands it out once; no seeking, so sizes stand after each entry."""

    def __init__(self) -> None:
        super().__init__()
        self._parts: list[bytes] = []

    def writable(self) -> bool:
        return True

    def write(self, part: "ReadableBuffer", /) -> int:
        content = bytes(part)
        self._parts.append(content)
        return len(content)

    def take(self) -> bytes:
        taken, self._parts = b"".join(self._parts), []
        return taken


class ZipStream:
    """Makes the bytes of a ZIP entry by entry."""

    def __init__(self) -> None:
        """Begin with none."""
        self._outlet = _Outlet()
        self._archive = ZipFile(self._outlet, "w", ZIP_DEFLATED)

    def add(self, name: str, content: bytes, changed_at: datetime) -> bytes:
        """Pack an entry; return the bytes to send."""
        year = min(max(changed_at.year, _FIRST_YEAR), _LAST_YEAR)
        entry = ZipInfo(name, (year, *changed_at.timetuple()[1:6]))
        entry.compress_type = ZIP_DEFLATED
        self._archive.writestr(entry, content)
        return self._outlet.take()

    def end(self) -> bytes:
        """Close the archive; return its last bytes."""
        self._archive.close()
        return self._outlet.take()
