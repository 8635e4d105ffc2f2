"""Files on their way in: each is bounded, and so are all of them together."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from fastapi import Request

from samovar.domain.errors import FileTooLarge, TooMany

__all__ = ["UploadRoom"]

_MEGABYTE: Final = 1_000_000
#: An upload is read to its end before it is refused, or the browser would see a broken line
#: instead of the reason; but not for ever.
_DRAIN_FACTOR: Final = 20
_RETRY_AFTER_S: Final = 5


class UploadRoom:
    """The memory that files may take while they arrive and until they are on disk."""

    def __init__(self, *, most_bytes: int) -> None:
        """Hold at most ``most_bytes`` bytes of uploads at once; a single file may always come in."""
        self._most_bytes = most_bytes
        self._taken_bytes = 0

    @property
    def taken_bytes(self) -> int:
        """How much is held now."""
        return self._taken_bytes

    @asynccontextmanager
    async def receive(self, request: Request, name: str, *, most_bytes: int) -> AsyncIterator[bytes]:
        """Read a body whole and hold its place until the context ends.

        Raises: FileTooLarge above ``most_bytes``, TooMany when there is no room beside the other uploads.
        """
        place = _Place(self)
        try:
            yield await self._read(request, name, most_bytes, place)
        finally:
            place.leave()

    async def _read(self, request: Request, name: str, most_bytes: int, place: "_Place") -> bytes:
        # The length that is announced is claimed at once: two halves of files help nobody.
        announced = request.headers.get("content-length", "")
        has_room = not announced.isdigit() or int(announced) > most_bytes or place.claim(int(announced))
        # One growing piece: thousands of small ones would leave the heap in holes that are never given back.
        content = bytearray()
        size_bytes = 0
        async for part in request.stream():
            size_bytes += len(part)
            has_room = has_room and (size_bytes > most_bytes or place.claim(size_bytes))
            if has_room and size_bytes <= most_bytes:
                content += part
                continue
            content.clear()
            place.leave()
            if size_bytes > most_bytes * _DRAIN_FACTOR:
                break
        if size_bytes > most_bytes:
            raise FileTooLarge(name=name, limit_mb=most_bytes // _MEGABYTE)
        if not has_room:
            raise TooMany(what="uploads", retry_after_s=_RETRY_AFTER_S)
        return bytes(content)

    def _grow(self, by_bytes: int, *, held_bytes: int) -> bool:
        others_bytes = self._taken_bytes - held_bytes
        if others_bytes and self._taken_bytes + by_bytes > self._most_bytes:
            return False
        self._taken_bytes += by_bytes
        return True

    def _shrink(self, by_bytes: int) -> None:
        self._taken_bytes -= by_bytes


class _Place:
    """What one upload holds of the room."""

    def __init__(self, room: UploadRoom) -> None:
        self._room = room
        self._held_bytes = 0

    def claim(self, size_bytes: int) -> bool:
        """Hold at least ``size_bytes``; False when there is no room for them."""
        more_bytes = size_bytes - self._held_bytes
        if more_bytes <= 0:
            return True
        if not self._room._grow(more_bytes, held_bytes=self._held_bytes):
            return False
        self._held_bytes = size_bytes
        return True

    def leave(self) -> None:
        """Give everything back; once more does nothing."""
        self._room._shrink(self._held_bytes)
        self._held_bytes = 0
