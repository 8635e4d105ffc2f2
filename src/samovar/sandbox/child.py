"""One child of the zygote, as seen from outside: what it answers, how long that takes, and how it ended."""

import asyncio
import json
import signal
import socket
from collections.abc import AsyncGenerator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Final, TypeAlias

from samovar.domain.errors import DocumentError, FileDamaged, FileTooComplex
from samovar.ports.parser import NOT_CONFINED
from samovar.sandbox.confine import EXIT_NOT_CONFINED, EXIT_OUT_OF_MEMORY
from samovar.sandbox.launch import Zygote, ZygoteGoneError, frame_bytes
from samovar.sandbox.sockets import NoReplyError, joined_sockets, receive, receive_line
from samovar.sandbox.wire import FILE_TASK, LENGTHS, PAGE_TASK, pack
from samovar.settings import LimitsSettings
from samovar.telemetry.log import get_log

__all__ = ["ChildLostError", "Frame", "Task", "run_child"]

log = get_log(__name__)

Task: TypeAlias = Mapping[str, str | int]

#: How long the zygote may take to tell how a child ended.
_ENDING_TIMEOUT_S: Final = 2.0
_MEBIBYTE: Final = 1 << 20
_MEGABYTE: Final = 1_000_000
_HEAD_SPARE_BYTES: Final = 16 * _MEBIBYTE
#: A byte of a file in an old encoding can become a character of three bytes.
_HEAD_RATIO: Final = 3
#: A child that dies with this much of its memory in use died of it.
_MEMORY_SHARE: Final = 0.25
_PART: Final = b'{"part"'


class ChildLostError(Exception):
    """A child ended without the frame that was waited for; ``error`` says why, ``waited_s`` for how long."""

    def __init__(self, error: DocumentError, waited_s: float = 0.0) -> None:
        """Keep what is known."""
        super().__init__(error.code)
        self.error = error
        self.waited_s = waited_s


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """One answer of a child, not yet understood."""

    head: memoryview
    body: memoryview


@dataclass(frozen=True, slots=True, kw_only=True)
class _Ending:
    """How a child ended: its exit code (negative for a signal) and the most memory that it held."""

    code: int
    peak_bytes: int


async def run_child(
    zygote: Zygote, task: Task, content: bytes, *, name: str, limits: LimitsSettings, patience_s: float
) -> AsyncGenerator[Frame, None]:
    """Start one child and hand over its frames; to leave closes the sockets and so ends the child.

    ``patience_s`` is how long each frame may take, counted while it is waited for: who is slow to ask for the next
    frame makes the child wait, and loses it no time. Raises: ChildLostError, ZygoteGoneError.
    """
    loop = asyncio.get_running_loop()
    is_file = task["task"] == "read"
    with joined_sockets() as (talk, child_talk), joined_sockets() as (watch, zygote_watch):
        try:
            mark = FILE_TASK if is_file else PAGE_TASK
            socket.send_fds(zygote.control, [mark], [child_talk.fileno(), zygote_watch.fileno()])
        except OSError as error:
            raise ZygoteGoneError from error
        child_talk.close()
        zygote_watch.close()
        is_last, is_asked = False, False
        try:
            while not is_last:
                started = loop.time()
                try:
                    async with asyncio.timeout(patience_s):
                        if not is_asked:
                            await _ask(talk, task, content)
                            is_asked = True
                        frame = await _frame(talk, limits)
                except TimeoutError as error:
                    raise ChildLostError(FileTooComplex(name=name, reason="time"), loop.time() - started) from error
                except NoReplyError as error:
                    ending = await _ending(watch)
                    log.warning("sandbox.child_lost", task=task["task"], code=ending.code, peak_bytes=ending.peak_bytes)
                    verdict = _verdict(ending, name, limits)
                    raise ChildLostError(verdict, loop.time() - started) from error
                is_last = not (is_file and bytes(frame.head[: len(_PART)]) == _PART)
                yield frame
        finally:
            # Whoever leaves, and why: the memory of the child is free before its place is taken by another one.
            with suppress(ZygoteGoneError):
                await _ending(watch)


async def _ask(talk: socket.socket, task: Task, content: bytes) -> None:
    loop = asyncio.get_running_loop()
    try:
        await loop.sock_sendall(talk, pack(task, len(content)))
        await loop.sock_sendall(talk, content)
    except ConnectionError as error:
        raise NoReplyError from error


async def _frame(talk: socket.socket, limits: LimitsSettings) -> Frame:
    try:
        head_bytes, body_bytes = LENGTHS.unpack(await receive(talk, LENGTHS.size))
        most = _HEAD_RATIO * limits.upload_mb * _MEGABYTE + _HEAD_SPARE_BYTES
        if head_bytes > most or body_bytes > frame_bytes(limits):
            raise NoReplyError
        return Frame(head=await receive(talk, head_bytes), body=await receive(talk, body_bytes))
    except ConnectionError as error:
        raise NoReplyError from error


def _verdict(ending: _Ending, name: str, limits: LimitsSettings) -> DocumentError:
    """Say why a child that gave no reply ended, as far as can be known from outside."""
    if ending.code == EXIT_NOT_CONFINED:
        return FileTooComplex(name=name, reason=NOT_CONFINED)
    if ending.code == -signal.SIGXCPU:
        return FileTooComplex(name=name, reason="time")
    if ending.code in (EXIT_OUT_OF_MEMORY, -signal.SIGKILL):
        return FileTooComplex(name=name, reason="memory")
    if ending.peak_bytes >= _MEMORY_SHARE * limits.parser_mb * _MEBIBYTE:
        return FileTooComplex(name=name, reason="memory")
    return FileDamaged(name=name)


async def _ending(watch: socket.socket) -> _Ending:
    """End the child, unless it has ended by itself, and hear from the zygote how. Raises: ZygoteGoneError."""
    try:
        watch.shutdown(socket.SHUT_WR)
        async with asyncio.timeout(_ENDING_TIMEOUT_S):
            ending = json.loads(await receive_line(watch))
    except (TimeoutError, NoReplyError, OSError) as error:
        raise ZygoteGoneError from error
    return _Ending(code=ending["code"], peak_bytes=ending["peak_bytes"])
