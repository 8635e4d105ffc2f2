"""The reader of documents: hands each file to a confined child and believes nothing that comes back."""

import asyncio
import os
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import aclosing, suppress
from typing import Any, Final, TypeVar

from samovar.domain.errors import DocumentError, FileDamaged, FileEmpty, FileTooComplex, FileTooLarge
from samovar.domain.layout import Rectangle, Word
from samovar.domain.page import DocumentHead, DocumentKind, Page, ParsedPage, ParsedPart, Picture
from samovar.ports.lanes import Lane, lanes_for
from samovar.ports.parser import NOT_STARTED
from samovar.sandbox.child import ChildLostError, Frame, Task, run_child
from samovar.sandbox.confine import Confinement
from samovar.sandbox.lanes import in_order
from samovar.sandbox.launch import RECOGNITION_PATIENCE, Recognition, Zygote, ZygoteGoneError, end, launch
from samovar.sandbox.losses import REASON_STOPPED, Losses, page_reason
from samovar.sandbox.progress import FileProgress, Shares
from samovar.sandbox.reply import (
    ReplyError,
    decode_head,
    decode_part,
    decode_picture,
    decode_probe,
    decode_rectangles,
    decode_word_boxes,
    raise_error,
)
from samovar.sandbox.wire import END
from samovar.settings import LimitsSettings

__all__ = ["SandboxedReader"]

Answer = TypeVar("Answer")
_Decode = Callable[[Mapping[str, Any], memoryview], Answer]

_MEGABYTE: Final = 1_000_000
#: Decoding a reply larger than this would hold up the loop.
_SMALL_REPLY_BYTES: Final = 64 * 1024
_TRIES: Final = 2
#: So many children read one file at the most: more would wait for who stores the pages.
_MOST_LANES: Final = 4
#: Who cuts, stores and indexes the pages keeps about one core busy: children beside it would only slow it down.
_CORES_FOR_STORING: Final = 1
#: No page has more characters than so many times the bytes of its file (which may be compressed).
_LONGEST_TEXT_RATIO: Final = 1100


class SandboxedReader:
    """Reads files in children of a zygote; starts by itself at the first file, or earlier with ``start``.

    At most as many files are read at once as there are cores; the others wait their turn. So do pages that are
    recognised, and pages that are shown, each kind in a line of its own: who looks at a page does not wait for a
    folder of files, and a file may be read while its pages are recognised. A long PDF that comes while several cores
    have nothing to do is read by several children side by side; nobody ever waits for these.
    """

    def __init__(
        self, limits: LimitsSettings, recognition: Recognition | None = None, *, cores: int | None = None
    ) -> None:
        """Keep the limits, and what OCR needs where it is to run; nothing is started yet. None: all cores."""
        self._limits = limits
        self._recognition = recognition
        self._cores: Final = cores or max(1, os.cpu_count() or 1)
        cores = self._cores
        self._at_work = 0
        self._reading = asyncio.Semaphore(cores)
        self._recognising = asyncio.Semaphore(cores)
        self._showing = asyncio.Semaphore(cores)
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
        return self._recognition is not None

    async def read(self, content: bytes, *, name: str, first_page: int = 1) -> AsyncGenerator[ParsedPart, None]:
        """Find out the type by content and hand over the parts as they come.

        When a child dies, the page that it was at is handed over as failed and another child goes on after it,
        while the time that the file may lose lasts (see ``Losses``); then the pages that are still to come are
        handed over as failed, unread. A file that cannot be opened, or of which every page is lost, is an error.
        Raises: DocumentError.
        """
        if not content:
            raise FileEmpty(name=name)
        self._require_size(content, name)
        shares = Shares(
            figures=self._limits.figures,
            attachments=self._limits.zip_entries,
            size_bytes=self._limits.unpacked_mb * _MEGABYTE,
        )
        progress = FileProgress(name=name, first_page=first_page, shares=shares)
        losses = Losses(parser_s=self._limits.parser_s)
        async with self._reading:
            most_lanes = max(1, min(_MOST_LANES, self._cores - _CORES_FOR_STORING - self._at_work))
            while not losses.are_final:
                progress.begin()
                try:
                    async with aclosing(self._parts(content, name, progress, losses, most_lanes)) as parts:
                        async for part in parts:
                            yield part
                    break
                except ChildLostError as loss:
                    for part in losses.note(loss, progress):
                        yield part
                    most_lanes = 1  # a file that costs children gets one at a time
            for part in progress.finish(losses.first):
                yield part

    async def recognise(self, content: bytes, *, kind: DocumentKind, page: int, name: str) -> ParsedPage:
        """Read one page (counted from 1) by OCR: in three times ``limits.parser_s`` of work, six times on the clock.

        A page that is lost has the status ``failed``. Raises: FileTooLarge, FileTypeUnknown, and FileTooComplex
        where no child could be started.
        """
        if self._recognition is None:
            return ParsedPage(page=Page(number=page, text="", status="skipped", reason="ocr_unavailable"))
        task: Task = {"task": "recognise", "kind": kind, "page": page}

        def decode(head: Mapping[str, Any], body: memoryview) -> ParsedPage:
            part = decode_part(head, body, most_pages=self._limits.pages)
            if not isinstance(part, ParsedPage) or part.page.number != page or part.figures:
                raise ReplyError
            return part

        try:
            async with self._recognising:
                return await self._ask(task, content, name=name, decode=decode, patience=RECOGNITION_PATIENCE)
        except DocumentError as error:
            reason = page_reason(error)
            if reason is None:
                raise
            return ParsedPage(page=Page(number=page, text="", status="failed", reason=reason))

    async def render_page(self, content: bytes, *, kind: DocumentKind, page: int, width_px: int) -> Picture:
        """Draw one page (counted from 1), 200 to 2400 pixels wide. Raises: DocumentError."""
        task: Task = {"task": "render", "kind": kind, "page": page, "width_px": width_px}
        return await self._show(task, content, name=f"p. {page}", decode=decode_picture)

    async def words(self, content: bytes, *, kind: DocumentKind, page: int) -> tuple[Word, ...]:
        """Find the box of every word of one page's text layer. Raises: DocumentError."""
        task: Task = {"task": "words", "kind": kind, "page": page}

        length = len(content) * _LONGEST_TEXT_RATIO
        return await self._show(
            task, content, name=f"p. {page}", decode=lambda head, _: decode_word_boxes(head, length=length)
        )

    async def locate(
        self, content: bytes, *, kind: DocumentKind, page: int, start: int, end: int
    ) -> tuple[Rectangle, ...]:
        """Find the boxes of the characters ``start:end`` of one page's text layer. Raises: DocumentError."""
        task: Task = {"task": "locate", "kind": kind, "page": page, "start": start, "end": end}
        return await self._show(task, content, name=f"p. {page}", decode=lambda head, _: decode_rectangles(head))

    async def probe(self) -> Mapping[str, bool]:
        """Try from inside what must be impossible; True means refused. Raises: DocumentError."""
        return await self._show({"task": "probe"}, b"", name="", decode=lambda head, _: decode_probe(head))

    async def close(self) -> None:
        """End the zygote and with it every child."""
        async with self._starting:
            zygote, self._zygote = self._zygote, None
            if zygote is not None:
                await end(zygote)

    async def _show(self, task: Task, content: bytes, *, name: str, decode: _Decode[Answer]) -> Answer:
        async with self._showing:
            return await self._ask(task, content, name=name, decode=decode)

    async def _ask(
        self, task: Task, content: bytes, *, name: str, decode: _Decode[Answer], patience: float = 1.0
    ) -> Answer:
        """Have one child do one task, and read its answer with ``decode``; ``patience`` counts in ``parser_s``."""
        self._require_size(content, name)
        for _ in range(_TRIES):
            try:
                frames = self._frames(task, content, name, patience * self._limits.parser_s)
                async with aclosing(frames):
                    return await self._understand(await anext(frames), name, decode)
            except ChildLostError as loss:
                raise loss.error from loss
            except ZygoteGoneError:
                continue
        raise FileTooComplex(name=name, reason=REASON_STOPPED)

    async def _parts(
        self, content: bytes, name: str, progress: FileProgress, losses: Losses, most_lanes: int
    ) -> AsyncGenerator[ParsedPart, None]:
        """Have the file read from the next page on, and hand over what is new. Raises: ChildLostError."""
        loop = asyncio.get_running_loop()
        started = loop.time()
        first_page, patience_s = progress.next_page, losses.patience_s

        def lane_parts(lane: Lane) -> AsyncGenerator[ParsedPart, None]:
            task: Task = {
                "task": "read", "name": name, "first_page": first_page, "lane": lane.number, "lanes": lane.of
            }  # fmt: skip
            return self._child_parts(content, name, task, patience_s)

        async with aclosing(lane_parts(Lane(0, most_lanes))) as first:
            head = await anext(first, None)
            losses.spend_opening(loop.time() - started)
            try:
                if head is None:
                    raise ReplyError
                for new in progress.take(head):
                    yield new
                last_page = head.page_count if isinstance(head, DocumentHead) and head.kind == "pdf" else 0
                lanes = lanes_for(last_page - first_page + 1, most_lanes)
                rest = (
                    in_order(first, lane_parts, first_page=first_page, last_page=last_page, lanes=lanes)
                    if lanes > 1
                    else first
                )
                self._at_work += lanes
                try:
                    async with aclosing(rest):
                        async for part in rest:
                            for new in progress.take(part):
                                yield new
                finally:
                    self._at_work -= lanes
            except ReplyError as error:
                raise ChildLostError(FileDamaged(name=name)) from error

    async def _child_parts(
        self, content: bytes, name: str, task: Task, patience_s: float
    ) -> AsyncGenerator[ParsedPart, None]:
        """Hand over what one child reads, to its end. Raises: ChildLostError."""
        async with aclosing(self._frames(task, content, name, patience_s)) as frames:
            try:
                async for frame in frames:
                    part = await self._understand(frame, name, self._decode_part)
                    if part is None:
                        return
                    yield part
            except ZygoteGoneError as error:
                raise ChildLostError(FileTooComplex(name=name, reason=REASON_STOPPED)) from error
            except DocumentError as error:
                raise ChildLostError(error) from error
        raise ChildLostError(FileDamaged(name=name))

    def _decode_part(self, head: Mapping[str, Any], body: memoryview) -> ParsedPart | None:
        return None if head == END else decode_part(head, body, most_pages=self._limits.pages)

    def _require_size(self, content: bytes, name: str) -> None:
        if len(content) > self._limits.upload_mb * _MEGABYTE:
            raise FileTooLarge(name=name, limit_mb=self._limits.upload_mb)

    async def _understand(self, frame: Frame, name: str, decode: _Decode[Answer]) -> Answer:
        def understand() -> Answer:
            head = decode_head(frame.head)
            raise_error(head, name=name)
            return decode(head, frame.body)

        try:
            if len(frame.head) <= _SMALL_REPLY_BYTES:
                return understand()
            return await asyncio.to_thread(understand)
        except ReplyError as error:
            raise FileDamaged(name=name) from error

    async def _frames(self, task: Task, content: bytes, name: str, patience_s: float) -> AsyncGenerator[Frame, None]:
        """Hand over what one child answers. Raises: ChildLostError, ZygoteGoneError, FileTooComplex."""
        zygote = await self._running(name)
        child = run_child(zygote, task, content, name=name, limits=self._limits, patience_s=patience_s)
        try:
            async with aclosing(child):
                async for frame in child:
                    yield frame
        except ZygoteGoneError:
            await self._forget(zygote)
            raise

    async def _running(self, name: str) -> Zygote:
        """The zygote, started when there is none."""
        async with self._starting:
            if self._zygote is not None and self._zygote.process.returncode is not None:
                await end(self._zygote)
                self._zygote = None
            if self._zygote is None:
                try:
                    self._zygote = await launch(self._limits, self._recognition)
                except ZygoteGoneError as error:
                    raise FileTooComplex(name=name, reason=NOT_STARTED) from error
            return self._zygote

    async def _forget(self, zygote: Zygote) -> None:
        async with self._starting:
            if self._zygote is zygote:
                self._zygote = None
                await end(zygote)
