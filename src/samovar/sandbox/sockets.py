"""Joined sockets between processes, and receiving from them without blocking the loop."""

import asyncio
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

__all__ = ["NoReplyError", "joined_sockets", "receive", "receive_line"]

_PIECE_BYTES: Final = 4096
_LONGEST_LINE: Final = 65_536


class NoReplyError(Exception):
    """The other side ended before it had said everything."""


@contextmanager
def joined_sockets() -> Iterator[tuple[socket.socket, socket.socket]]:
    """Make two joined sockets: ours, which does not block, and the one to hand over."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        ours.setblocking(False)
        yield ours, theirs


async def receive(place: socket.socket, size_bytes: int) -> memoryview:
    """Receive exactly so many bytes, held once. Raises: NoReplyError, ConnectionError."""
    loop = asyncio.get_running_loop()
    content = memoryview(bytearray(size_bytes))
    rest = content
    while rest:
        received = await loop.sock_recv_into(place, rest)
        if received == 0:
            raise NoReplyError
        rest = rest[received:]
    return content


async def receive_line(place: socket.socket) -> bytes:
    """Receive one line, the only one that will come. Raises: NoReplyError, ConnectionError."""
    line = b""
    loop = asyncio.get_running_loop()
    while not line.endswith(b"\n"):
        piece = await loop.sock_recv(place, _PIECE_BYTES)
        if not piece or len(line) > _LONGEST_LINE:
            raise NoReplyError
        line += piece
    return line
