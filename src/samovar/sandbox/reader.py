"""The reader of documents: hands each file to a confined child and believes nothing that comes back."""

import asyncio
import json
import os
import signal
import socket
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping
from contextlib import aclosing, suppress
from dataclasses import dataclass
from typing import Any, Final, TypeAlias, TypeVar

from samovar.domain.errors import DocumentError, FileDamaged, FileEmpty, FileTooComplex, FileTooLarge
from samovar.domain.layout import Rectangle, Word
from samovar.domain.page import DocumentKind, Page, ParsedPage, ParsedPart, Picture
from samovar.sandbox.confine import EXIT_NOT_CONFINED, Confinement
from samovar.sandbox.launch import Zygote, ZygoteGoneError, end, launch
from samovar.sandbox.reply import (
    ReplyError,
    decode_head,
    decode_parts,
    decode_picture,
    decode_probe,
    decode_rectangles,
    decode_word_boxes,
    raise_error,
)
from samovar.sandbox.sockets import NoReplyError, joined_sockets, receive, receive_line
from samovar.sandbox.wire import END, LENGTHS, pack
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
#: Parts in a frame, at most.
_FRAME_PARTS: Final = 16
_PARTS: Final = b'{"parts":'
#: No page has more characters than so many times the bytes of its file (which may be compressed).
_LONGEST_TEXT_RATIO: Final = 1100

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

    @property
    def recognises_text(self) -> bool:
        """Tell whether OCR can run here."""
        return False

    async def read(self, content: bytes, *, name: str, first_page: int = 1) -> AsyncIterator[ParsedPart]:
        """Find out the type by content and hand over the parts as they come. Raises: DocumentError."""
        if not content:
            raise FileEmpty(name=name)
        self._require_size(content, name)
        task: _Task = {"task": "read", "name": name, "first_page": first_page, "frame_parts": _FRAME_PARTS}
        async with self._slots, aclosing(self._frames(task, content, name)) as frames:
            async for raw_head, body in frames:
                for part in await self._understand(raw_head, body, name, self._decode_parts):
                    yield part

    async def recognise(self, content: bytes, *, kind: DocumentKind, page: int, name: str) -> ParsedPage:
        """Read one page by OCR. Raises: DocumentError."""
        del content, kind, name
        number = page
        return ParsedPage(page=Page(number=number, text="", status="skipped", reason="ocr_unavailable"))

    async def render_page(self, content: bytes, *, kind: DocumentKind, page: int, width_px: int) -> Picture:
        """Draw one page (counted from 1), 200 to 2400 pixels wide. Raises: DocumentError."""
        task: _Task = {"task": "render", "kind": kind, "page": page, "width_px": width_px}
        return await self._ask(task, content, name=f"p. {page}", decode=decode_picture)

    async def words(self, content: bytes, *, kind: DocumentKind, page: int) -> tuple[Word, ...]:
        """Find the box of every word of one page's text layer. Raises: DocumentError."""
        task: _Task = {"task": "words", "kind": kind, "page": page}

        def decode(head: Mapping[str, Any], body: bytes) -> tuple[Word, ...]:
            del body
            return decode_word_boxes(head, length=len(content) * _LONGEST_TEXT_RATIO)

        return await self._ask(task, content, name=f"p. {page}", decode=decode)

    async def locate(
        self, content: bytes, *, kind: DocumentKind, page: int, start: int, end: int
    ) -> tuple[Rectangle, ...]:
        """Find the boxes of the characters ``start:end`` of one page's text layer. Raises: DocumentError."""
        task: _Task = {"task": "locate", "kind": kind, "page": page, "start": start, "end": end}
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
        self._require_size(content, name)
        async with self._slots, aclosing(self._frames(task, content, name)) as frames:
            async for raw_head, body in frames:
                return await self._understand(raw_head, body, name, decode)
        raise FileDamaged(name=name)

    def _require_size(self, content: bytes, name: str) -> None:
        if len(content) > self._limits.upload_mb * _MEGABYTE:
            raise FileTooLarge(name=name, limit_mb=self._limits.upload_mb)

    def _decode_parts(self, head: Mapping[str, Any], body: bytes) -> tuple[ParsedPart, ...]:
        return () if head == END else decode_parts(head, body, most_pages=self._limits.pages)

    async def _understand(
        self, raw_head: bytes, body: bytes, name: str, decode: Callable[[Mapping[str, Any], bytes], Answer]
    ) -> Answer:
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

    async def _frames(self, task: _Task, content: bytes, name: str) -> AsyncGenerator[tuple[bytes, bytes], None]:
        """Hand over what a child answers, frame by frame; once more from the start when the zygote was lost."""
        for _ in range(_TRIES):
            zygote = await self._running(name)
            answered = False
            try:
                async with aclosing(self._run_child(zygote, task, content, name)) as frames:
                    async for frame in frames:
                        answered = True
                        yield frame
                return
            except ZygoteGoneError:
                await self._forget(zygote)
                if answered:
                    break
        raise FileTooComplex(name=name, reason=_REASON_LOST)

    async def _run_child(
        self, zygote: Zygote, task: _Task, content: bytes, name: str
    ) -> AsyncGenerator[tuple[bytes, bytes], None]:
        """Start one child and wait for its frames; to leave closes the sockets and so ends the child."""
        with joined_sockets() as (talk, child_talk), joined_sockets() as (watch, zygote_watch):
            try:
                socket.send_fds(zygote.control, [b"+"], [child_talk.fileno(), zygote_watch.fileno()])
            except OSError as error:
                raise ZygoteGoneError from error
            child_talk.close()
            zygote_watch.close()
            is_last = False
            try:
                async with asyncio.timeout(self._limits.parser_s):
                    await self._ask_child(talk, task, content)
                while not is_last:
                    async with asyncio.timeout(self._limits.parser_s):
                        raw_head, body = await self._frame(talk)
                    is_last = task["task"] != "read" or not raw_head.startswith(_PARTS)
                    yield raw_head, body
            except TimeoutError as error:
                await _dismiss(watch)
                raise FileTooComplex(name=name, reason="time") from error
            except NoReplyError as error:
                raise self._verdict(await _ending(watch), name) from error
            await _dismiss(watch)

    async def _ask_child(self, talk: socket.socket, task: _Task, content: bytes) -> None:
        loop = asyncio.get_running_loop()
        try:
            await loop.sock_sendall(talk, pack(task, len(content)))
            await loop.sock_sendall(talk, content)
        except ConnectionError as error:
            raise NoReplyError from error

    async def _frame(self, talk: socket.socket) -> tuple[bytes, bytes]:
        try:
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
