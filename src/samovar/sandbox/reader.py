"""The reader of documents: hands each file to a confined child and believes nothing that comes back."""

import asyncio
import json
import logging
import os
import signal
import socket
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final, TypeAlias, TypeVar

import samovar
from samovar.domain.document import DocumentKind, ParsedDocument, Picture, Rectangle
from samovar.domain.errors import DocumentError, FileDamaged, FileEmpty, FileTooComplex, FileTooLarge
from samovar.sandbox.confine import EXIT_NOT_CONFINED, Confinement, level_of
from samovar.sandbox.reply import (
    ReplyError,
    decode_document,
    decode_head,
    decode_picture,
    decode_probe,
    decode_rectangles,
    raise_error,
)
from samovar.sandbox.wire import LENGTHS, pack
from samovar.settings import LimitsSettings

__all__ = ["SandboxedReader", "parser_modules"]

_log = logging.getLogger(__name__)
Answer = TypeVar("Answer")
_Task: TypeAlias = Mapping[str, str | int]

_PARSERS: Final = "samovar.parsers"
_START: Final = (
    "import sys; sys.argv[1] in sys.path or sys.path.insert(0, sys.argv[1]); "
    "from samovar.sandbox.zygote import main; main(sys.argv[2])"
)
_START_TIMEOUT_S: Final = 30.0
_END_TIMEOUT_S: Final = 2.0
#: Nothing of our own environment, where keys may be, but what a loader needs to find libraries.
_ENVIRONMENT_KEPT: Final = ("PATH", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "SYSTEMROOT")
_MEBIBYTE: Final = 1 << 20
_MEGABYTE: Final = 1_000_000
_HEAD_SPARE_BYTES: Final = 16 * _MEBIBYTE
_LARGEST_BODY_BYTES: Final = 64 * _MEBIBYTE
#: Decoding a reply larger than this would hold up the loop.
_SMALL_REPLY_BYTES: Final = 256 * 1024
#: A child that dies with this much of its memory in use died of it.
_MEMORY_SHARE: Final = 0.25
_TRIES: Final = 2
_LONGEST_COMPLAINT: Final = 4096

_REASON_LOST: Final = "the parser was stopped"
_REASON_NOT_STARTED: Final = "the parser did not start"
_REASON_NOT_CONFINED: Final = "the parser could not be confined"


class _ZygoteGoneError(Exception):
    """The zygote ended while it was needed."""


class _NoReplyError(Exception):
    """The child ended without a whole reply."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Ending:
    """How a child ended: its exit code (negative for a signal) and the most memory that it held."""

    code: int
    peak_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class _Zygote:
    process: Process
    control: socket.socket
    confinement: Confinement


def parser_modules() -> tuple[str, ...]:
    """Name the parsers: every public file of the folder, none of them imported."""
    specification = find_spec(_PARSERS)
    places = (specification.submodule_search_locations if specification else None) or ()
    names = {path.stem for place in places for path in Path(place).glob("*.py") if not path.stem.startswith("_")}
    return tuple(f"{_PARSERS}.{name}" for name in sorted(names))


class SandboxedReader:
    """Reads files in children of a zygote; starts by itself at the first file, or earlier with ``start``.

    At most as many files are read at once as there are cores; the others wait their turn.
    """

    def __init__(self, limits: LimitsSettings) -> None:
        """Keep the limits; nothing is started yet."""
        self._limits = limits
        self._slots = asyncio.Semaphore(max(1, os.cpu_count() or 1))
        self._starting = asyncio.Lock()
        self._zygote: _Zygote | None = None

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
                await _end(zygote)

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
            except _ZygoteGoneError:
                await self._forget(zygote)
        raise FileTooComplex(name=name, reason=_REASON_LOST)

    async def _run_child(self, zygote: _Zygote, task: _Task, content: bytes, name: str) -> tuple[bytes, bytes]:
        """Start one child and wait for its reply; to leave closes the sockets and so ends the child."""
        with _pair() as (talk, child_talk), _pair() as (watch, zygote_watch):
            try:
                socket.send_fds(zygote.control, [b"+"], [child_talk.fileno(), zygote_watch.fileno()])
            except OSError as error:
                raise _ZygoteGoneError from error
            child_talk.close()
            zygote_watch.close()
            try:
                async with asyncio.timeout(self._limits.parser_s):
                    return await self._exchange(talk, task, content)
            except TimeoutError as error:
                raise FileTooComplex(name=name, reason="time") from error
            except _NoReplyError as error:
                raise self._verdict(await _ending(watch), name) from error

    async def _exchange(self, talk: socket.socket, task: _Task, content: bytes) -> tuple[bytes, bytes]:
        loop = asyncio.get_running_loop()
        try:
            await loop.sock_sendall(talk, pack(task, len(content)))
            await loop.sock_sendall(talk, content)
            head_bytes, body_bytes = LENGTHS.unpack(await _receive(talk, LENGTHS.size))
            most = 2 * self._limits.upload_mb * _MEGABYTE + _HEAD_SPARE_BYTES
            if head_bytes > most or body_bytes > _LARGEST_BODY_BYTES:
                raise _NoReplyError
            return await _receive(talk, head_bytes), await _receive(talk, body_bytes)
        except ConnectionError as error:
            raise _NoReplyError from error

    def _verdict(self, ending: _Ending, name: str) -> DocumentError:
        """Say why a child that gave no reply ended, as far as can be known from outside."""
        if ending.code == EXIT_NOT_CONFINED:
            return FileTooComplex(name=name, reason=_REASON_NOT_CONFINED)
        if ending.code == -signal.SIGXCPU:
            return FileTooComplex(name=name, reason="time")
        if ending.code == -signal.SIGKILL or ending.peak_bytes >= _MEMORY_SHARE * self._limits.parser_mb * _MEBIBYTE:
            return FileTooComplex(name=name, reason="memory")
        return FileDamaged(name=name)

    async def _running(self, name: str) -> _Zygote:
        """The zygote, started when there is none."""
        async with self._starting:
            if self._zygote is not None and self._zygote.process.returncode is not None:
                await _end(self._zygote)
                self._zygote = None
            if self._zygote is None:
                try:
                    self._zygote = await _launch(self._limits)
                except _ZygoteGoneError as error:
                    raise FileTooComplex(name=name, reason=_REASON_NOT_STARTED) from error
            return self._zygote

    async def _forget(self, zygote: _Zygote) -> None:
        async with self._starting:
            if self._zygote is zygote:
                self._zygote = None
                await _end(zygote)


async def _launch(limits: LimitsSettings) -> _Zygote:
    """Start a zygote and wait until its parsers are loaded. Raises: _ZygoteGoneError."""
    order = {
        "parsers": parser_modules(),
        "memory_bytes": limits.parser_mb * _MEBIBYTE,
        "cpu_s": limits.parser_s,
        "pages": limits.pages,
        "pixels": limits.picture_megapixels * _MEGABYTE,
    }
    package_folder = str(Path(samovar.__file__).parents[1])
    command = (sys.executable, "-I", "-c", _START, package_folder, json.dumps(order))
    environment = {key: os.environ[key] for key in _ENVIRONMENT_KEPT if key in os.environ}
    control, zygote_control = socket.socketpair()
    control.setblocking(False)
    with zygote_control:
        try:
            process = await asyncio.create_subprocess_exec(
                *command,
                stdin=zygote_control.fileno(),
                stdout=DEVNULL,
                stderr=PIPE,
                cwd="/",
                env=environment,
                start_new_session=True,
            )
        except OSError as error:
            control.close()
            raise _ZygoteGoneError from error
    try:
        async with asyncio.timeout(_START_TIMEOUT_S):
            steps = json.loads(await _receive_line(control))["steps"]
    except (TimeoutError, _NoReplyError, ConnectionError) as error:
        control.close()
        complaint = await _complaint(process)
        _log.error("sandbox.start_failed", extra={"detail": complaint})
        raise _ZygoteGoneError from error
    return _Zygote(process=process, control=control, confinement=level_of(frozenset(steps)))


async def _complaint(process: Process) -> str:
    """End a zygote that did not start and read what it last said."""
    with suppress(ProcessLookupError):
        process.kill()
    _, complaint = await process.communicate()
    return complaint.decode("utf-8", "replace")[-_LONGEST_COMPLAINT:]


async def _end(zygote: _Zygote) -> None:
    """Close the control socket, on which the zygote ends itself and its children; insist if it does not."""
    zygote.control.close()
    try:
        async with asyncio.timeout(_END_TIMEOUT_S):
            await zygote.process.communicate()
    except TimeoutError:
        with suppress(ProcessLookupError):
            zygote.process.kill()
        await zygote.process.communicate()


@contextmanager
def _pair() -> Iterator[tuple[socket.socket, socket.socket]]:
    """Two joined sockets: ours, which does not block, and the one to hand over."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        ours.setblocking(False)
        yield ours, theirs


async def _ending(watch: socket.socket) -> _Ending:
    """Hear from the zygote how the child ended. Raises: _ZygoteGoneError."""
    try:
        async with asyncio.timeout(_END_TIMEOUT_S):
            ending = json.loads(await _receive_line(watch))
    except (TimeoutError, _NoReplyError, ConnectionError) as error:
        raise _ZygoteGoneError from error
    return _Ending(code=ending["code"], peak_bytes=ending["peak_bytes"])


async def _receive_line(place: socket.socket) -> bytes:
    line = b""
    loop = asyncio.get_running_loop()
    while not line.endswith(b"\n"):
        piece = await loop.sock_recv(place, _LONGEST_COMPLAINT)
        if not piece:
            raise _NoReplyError
        line += piece
    return line


async def _receive(place: socket.socket, size_bytes: int) -> bytes:
    """Receive exactly so many bytes. Raises: _NoReplyError at an early end."""
    loop = asyncio.get_running_loop()
    content = bytearray(size_bytes)
    rest = memoryview(content)
    while rest:
        received = await loop.sock_recv_into(place, rest)
        if received == 0:
            raise _NoReplyError
        rest = rest[received:]
    return bytes(content)
