"""The reader of documents: hands each file to a confined child and believes nothing that comes back."""

import asyncio
import json
import os
import signal
import socket
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final, TypeAlias, TypeVar

from samovar.domain.document import DocumentKind, ParsedDocument, Picture, Rectangle
from samovar.domain.errors import DocumentError, FileDamaged, FileEmpty, FileTooComplex, FileTooLarge
from samovar.sandbox.confine import EXIT_NOT_CONFINED, Confinement
from samovar.sandbox.launch import Zygote, ZygoteGoneError, end, launch
from samovar.sandbox.reply import (
    ReplyError,
    decode_document,
    decode_head,
    decode_picture,
    decode_probe,
    decode_rectangles,
    raise_error,
)
from samovar.sandbox.sockets import NoReplyError, joined_sockets, receive, receive_line
from samovar.sandbox.wire import LENGTHS, pack
from samovar.settings import LimitsSettings

__all__ = ["SandboxedReader"]

Answer = TypeVar("Answer")
_Task: TypeAlias = Mapping[str, str | int]

#: How long the zygote may take to tell how a child ended.
_ENDING_TIMEOUT_S: Final = 2.0
_MEBIBYTE: Final = 1 << 20
_MEGABYTE: Final = 1_000_000
_HEAD_SPARE_BYTES: Final = 16 * _MEBIBYTE
_LARGEST_BODY_BYTES: Final = 64 * _MEBIBYTE
#: Decoding a reply larger than this would hold up the loop.
_SMALL_REPLY_BYTES: Final = 256 * 1024
#: A child that dies with this much of its memory in use died of it.
_MEMORY_SHARE: Final = 0.25
_TRIES: Final = 2

_REASON_LOST: Final = "the parser was stopped"
_REASON_NOT_STARTED: Final = "the parser did not start"
_REASON_NOT_CONFINED: Final = "the parser could not be confined"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Ending:
    """How a child ended: its exit code (negative for a signal) and the most memory that it held."""

    code: int
    peak_bytes: int


class SandboxedReader:
    """Reads files in children of a zygote; starts by itself at the first file, or earlier with ``start``.

    At most as many files are read at once as there are cores; the others wait their turn.
    """

    def __init__(self, limits: LimitsSettings) -> None:
        """Keep the limits; nothing is started yet."""
        self._limits = limits
        self._slots = asyncio.Semaphore(max(1, os.cpu_count() or 1))
        self._starting = asyncio.Lock()
        self._zygote: Zygote | None = None

    @property
    def confinement(self) -> Confinement:
        """What confines the children; until the zygote has tried, no more than limits is promised."""
        return self._zygote.confinement if self._zygote else "limits"

    @property
    def process_id(self) -> int | None:
        """The zygote's process id while it runs."""
        return self._zygote.process.pid if self._zygote else None

    async def start(self) -> None:
        """Load the parsers ahead of the first file. A failure shows when a file is read."""
        with suppress(DocumentError):
            await self._running("")

    async def parse(self, content: bytes, *, name: str) -> ParsedDocument:
        """Find out the type by content and read the text with its places. Raises: DocumentError."""
        if not content:
            raise FileEmpty(name=name)
        most_pages = self._limits.pages

        def decode(head: Mapping[str, Any], body: bytes) -> ParsedDocument:
            return decode_document(head, body, most_pages=most_pages)

        return await self._ask({"task": "parse", "name": name}, content, name=name, decode=decode)

    async def render_page(self, content: bytes, *, kind: DocumentKind, page: int, width_px: int) -> Picture:
        """Draw one page (counted from 1), 200 to 2400 pixels wide. Raises: DocumentError."""
        task: _Task = {"task": "render", "kind": kind, "page": page, "width_px": width_px}
        return await self._ask(task, content, name=f"p. {page}", decode=decode_picture)

    async def locate(self, content: bytes, *, page: int, start: int, end: int) -> tuple[Rectangle, ...]:
        """Find the boxes of the characters ``start:end`` of one page of a PDF. Raises: DocumentError."""
        task: _Task = {"task": "locate", "kind": "pdf", "page": page, "start": start, "end": end}
        return await self._ask(task, content, name=f"p. {page}", decode=lambda head, _: decode_rectangles(head))

    async def probe(self) -> Mapping[str, bool]:
        """Try from inside what must be impossible; True means refused. Raises: DocumentError."""
        return await self._ask({"task": "probe"}, b"", name="", decode=lambda head, _: decode_probe(head))

    async def close(self) -> None:
        """End the zygote and with it every child."""
        async with self._starting:
            zygote, self._zygote = self._zygote, None
            if zygote is not None:
                await end(zygote)

    async def _ask(
        self,
        task: _Task,
        content: bytes,
        *,
        name: str,
        decode: Callable[[Mapping[str, Any], bytes], Answer],
    ) -> Answer:
        """Have one child do one task, and read its answer with ``decode``."""
        if len(content) > self._limits.upload_mb * _MEGABYTE:
            raise FileTooLarge(name=name, limit_mb=self._limits.upload_mb)
        async with self._slots:
            raw_head, body = await self._try(task, content, name)

        def understand() -> Answer:
            head = decode_head(raw_head)
            raise_error(head, name=name)
            return decode(head, body)

        try:
            if len(raw_head) <= _SMALL_REPLY_BYTES:
                return understand()
            return await asyncio.to_thread(understand)
        except ReplyError as error:
            raise FileDamaged(name=name) from error

    async def _try(self, task: _Task, content: bytes, name: str) -> tuple[bytes, bytes]:
        """Run the task; once more when the zygote, not the child, was lost."""
        for _ in range(_TRIES):
            zygote = await self._running(name)
            try:
                return await self._run_child(zygote, task, content, name)
            except ZygoteGoneError:
                await self._forget(zygote)
        raise FileTooComplex(name=name, reason=_REASON_LOST)

    async def _run_child(self, zygote: Zygote, task: _Task, content: bytes, name: str) -> tuple[bytes, bytes]:
        """Start one child and wait for its reply; to leave closes the sockets and so ends the child."""
        with joined_sockets() as (talk, child_talk), joined_sockets() as (watch, zygote_watch):
            try:
                socket.send_fds(zygote.control, [b"+"], [child_talk.fileno(), zygote_watch.fileno()])
            except OSError as error:
                raise ZygoteGoneError from error
            child_talk.close()
            zygote_watch.close()
            try:
                async with asyncio.timeout(self._limits.parser_s):
                    reply = await self._exchange(talk, task, content)
            except TimeoutError as error:
                await _dismiss(watch)
                raise FileTooComplex(name=name, reason="time") from error
            except NoReplyError as error:
                raise self._verdict(await _ending(watch), name) from error
            await _dismiss(watch)
            return reply

    async def _exchange(self, talk: socket.socket, task: _Task, content: bytes) -> tuple[bytes, bytes]:
        loop = asyncio.get_running_loop()
        try:
            await loop.sock_sendall(talk, pack(task, len(content)))
            await loop.sock_sendall(talk, content)
            head_bytes, body_bytes = LENGTHS.unpack(await receive(talk, LENGTHS.size))
            most = 2 * self._limits.upload_mb * _MEGABYTE + _HEAD_SPARE_BYTES
            if head_bytes > most or body_bytes > _LARGEST_BODY_BYTES:
                raise NoReplyError
            return await receive(talk, head_bytes), await receive(talk, body_bytes)
        except ConnectionError as error:
            raise NoReplyError from error

    def _verdict(self, ending: _Ending, name: str) -> DocumentError:
        """Say why a child that gave no reply ended, as far as can be known from outside."""
        if ending.code == EXIT_NOT_CONFINED:
            return FileTooComplex(name=name, reason=_REASON_NOT_CONFINED)
        if ending.code == -signal.SIGXCPU:
            return FileTooComplex(name=name, reason="time")
        if ending.code == -signal.SIGKILL or ending.peak_bytes >= _MEMORY_SHARE * self._limits.parser_mb * _MEBIBYTE:
            return FileTooComplex(name=name, reason="memory")
        return FileDamaged(name=name)

    async def _running(self, name: str) -> Zygote:
        """The zygote, started when there is none."""
        async with self._starting:
            if self._zygote is not None and self._zygote.process.returncode is not None:
                await end(self._zygote)
                self._zygote = None
            if self._zygote is None:
                try:
                    self._zygote = await launch(self._limits)
                except ZygoteGoneError as error:
                    raise FileTooComplex(name=name, reason=_REASON_NOT_STARTED) from error
            return self._zygote

    async def _forget(self, zygote: Zygote) -> None:
        async with self._starting:
            if self._zygote is zygote:
                self._zygote = None
                await end(zygote)


async def _dismiss(watch: socket.socket) -> None:
    """Have the child ended and wait for it, so that its memory is free before the next one starts."""
    with suppress(ZygoteGoneError):
        await _ending(watch)


async def _ending(watch: socket.socket) -> _Ending:
    """End the child, unless it has ended by itself, and hear from the zygote how. Raises: ZygoteGoneError."""
    try:
        watch.shutdown(socket.SHUT_WR)
        async with asyncio.timeout(_ENDING_TIMEOUT_S):
            ending = json.loads(await receive_line(watch))
    except (TimeoutError, NoReplyError, OSError) as error:
        raise ZygoteGoneError from error
    return _Ending(code=ending["code"], peak_bytes=ending["peak_bytes"])
