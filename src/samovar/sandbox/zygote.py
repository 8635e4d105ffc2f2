"""A process that has the parsers loaded and forks one confined child for each file.

It has one thread, opens no file of a stranger itself and ends with the process that started it.

Shape of the talk, on standard input, a stream socket: the zygote first writes one line of JSON. Then each byte
that arrives brings two sockets: one for the child's request and reply (see ``wire``), one on which the zygote
tells how the child ended. When the other side closes that second socket, the child is killed.
"""

import gc
import importlib
import json
import os
import resource
import select
import signal
import socket
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from io import BufferedReader
from pathlib import Path
from typing import Any, Final, NoReturn, cast

from samovar.domain.errors import DocumentError, FileDamaged, FileEncrypted, FileTypeUnknown
from samovar.domain.page import Attachment, Page, ParsedPage, ParsedPart
from samovar.ports.parser import PageParser, Parser, ParserLimits
from samovar.sandbox.confine import (
    EXIT_NOT_CONFINED,
    EXIT_OUT_OF_MEMORY,
    ProcessLimits,
    Step,
    confine,
    die_with_parent,
    readable_folders,
)
from samovar.sandbox.probe import attempt_everything
from samovar.sandbox.progress import keep_figures
from samovar.sandbox.wire import (
    END,
    FILE_TASK,
    LENGTHS,
    PAGE_TASK,
    Head,
    encode_part,
    encode_picture,
    encode_rectangles,
    encode_word_boxes,
    pack,
)

__all__ = ["main"]

_OCR_ENGINE: Final = "samovar.ocr.engine"
_CONTROL: Final = 0
_JOB: Final = 3
_EXIT_BROKE: Final = 70
_LONGEST_COMPLAINT: Final = 500
#: OCR reads paper at this many pixels an inch, which Tesseract is trained for, but no page wider than so many pixels.
_OCR_DPI: Final = 300
_OCR_WIDEST_PX: Final = 2400
_POINTS_IN_AN_INCH: Final = 72
_COMPOUND_FILE: Final = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_ENCRYPTED_PACKAGE: Final = "EncryptedPackage".encode("utf-16-le")
_RSS_UNIT_BYTES: Final = 1 if sys.platform == "darwin" else 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class _Plan:
    """What every child needs to know, settled before the first fork."""

    parsers: Sequence[Parser]
    parser_limits: ParserLimits
    page_limits: ProcessLimits
    file_limits: ProcessLimits
    frame_bytes: int
    attachment_bytes: int
    tessdata: str | None
    languages: tuple[str, ...]
    readable: tuple[str, ...]
    steps: frozenset[Step]


def main(argument: str) -> None:
    """Load the parsers that ``argument`` (JSON) names, then serve until the other side closes."""
    die_with_parent(os.getppid())
    order = json.loads(argument)
    page_limits = ProcessLimits(memory_bytes=order["memory_bytes"], cpu_s=order["page_cpu_s"])
    parsers, not_loaded = _load(order["parsers"])
    readable = readable_folders()
    if order["tessdata"]:
        importlib.import_module(_OCR_ENGINE)
        readable += (order["tessdata"],)
    control = socket.socket(fileno=_CONTROL)
    gc.collect()
    gc.freeze()  # children share what is loaded; a collection in a child would copy it
    plan = _Plan(
        parsers=parsers,
        parser_limits=ParserLimits(**order["parser_limits"]),
        page_limits=page_limits,
        file_limits=replace(page_limits, cpu_s=order["file_cpu_s"]),
        frame_bytes=order["frame_bytes"],
        attachment_bytes=order["attachment_bytes"],
        tessdata=order["tessdata"],
        languages=tuple(order["languages"]),
        readable=readable,
        steps=_try_steps(page_limits, readable),
    )
    control.sendall(json.dumps({"steps": sorted(plan.steps), "not_loaded": not_loaded}).encode() + b"\n")
    _Zygote(control, plan).serve()


def _load(names: Sequence[str]) -> tuple[Sequence[Parser], Mapping[str, str]]:
    """Import parsers. Shape: those that could be, and why the others could not; a missing library costs its own."""
    parsers: list[Parser] = []
    not_loaded: dict[str, str] = {}
    for name in names:
        try:
            parsers.append(cast("Parser", importlib.import_module(name)))
        except ImportError as error:
            not_loaded[name] = str(error)[:_LONGEST_COMPLAINT]
    return parsers, not_loaded


def _try_steps(limits: ProcessLimits, readable: Sequence[str]) -> frozenset[Step]:
    """Confine a child that does nothing else, to learn which steps take hold on this system."""
    answer, tell = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.write(tell, json.dumps(sorted(confine(limits, readable))).encode())
        finally:
            os._exit(0)
    os.close(tell)
    with os.fdopen(answer, "rb") as pipe:
        steps = pipe.read()
    os.waitpid(child, 0)
    return frozenset(json.loads(steps or b"[]"))


class _Zygote:
    """The loop: take jobs, fork, tell how children ended."""

    def __init__(self, control: socket.socket, plan: _Plan) -> None:
        self._control = control
        self._plan = plan
        self._watches: dict[int, socket.socket] = {}  # by process id of the child
        self._poll = select.poll()
        self._poll.register(control, select.POLLIN)
        self._woken, wake = socket.socketpair()
        self._woken.setblocking(False)
        wake.setblocking(False)
        self._wake = wake
        self._poll.register(self._woken, select.POLLIN)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.set_wakeup_fd(wake.fileno(), warn_on_full_buffer=False)

    def serve(self) -> None:
        while True:
            for place, _ in self._poll.poll():
                if place == self._control.fileno():
                    if not self._take_job():
                        self._kill_all()
                        return
                elif place == self._woken.fileno():
                    with suppress(BlockingIOError):
                        self._woken.recv(4096)
                else:
                    self._kill_unwatched(place)
            self._reap()

    def _take_job(self) -> bool:
        """Start one child; False when the other side has gone."""
        try:
            mark, descriptors, _, _ = socket.recv_fds(self._control, 1, 2)
        except ConnectionResetError:
            return False
        if mark not in (FILE_TASK, PAGE_TASK) or len(descriptors) != 2:
            return False
        limits = self._plan.file_limits if mark == FILE_TASK else self._plan.page_limits
        job, watch = descriptors[0], socket.socket(fileno=descriptors[1])
        parent = os.getpid()
        child = os.fork()
        if child == 0:
            _be_child(job, parent, self._plan, limits)
        os.close(job)
        self._watches[child] = watch
        self._poll.register(watch, select.POLLIN)
        return True

    def _kill_unwatched(self, place: int) -> None:
        for child, watch in self._watches.items():
            if watch.fileno() == place:
                self._poll.unregister(watch)
                os.kill(child, signal.SIGKILL)
                return

    def _kill_all(self) -> None:
        for child in self._watches:
            os.kill(child, signal.SIGKILL)

    def _reap(self) -> None:
        while self._watches:
            child, status, usage = os.wait4(-1, os.WNOHANG)
            if child == 0:
                return
            watch = self._watches.pop(child)
            with suppress(KeyError):
                self._poll.unregister(watch)
            ending = {"code": os.waitstatus_to_exitcode(status), "peak_bytes": usage.ru_maxrss * _RSS_UNIT_BYTES}
            with watch, suppress(OSError):
                watch.sendall(json.dumps(ending).encode() + b"\n")


def _be_child(job: int, parent: int, plan: _Plan, limits: ProcessLimits) -> NoReturn:
    """Leave everything behind, confine, answer one request, end."""
    code = _EXIT_BROKE
    try:
        die_with_parent(parent)
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        _keep_only(job)
        if confine(limits, plan.readable) != plan.steps:
            os._exit(EXIT_NOT_CONFINED)
        with open(_JOB, "rb", closefd=False) as stream:
            head, body = _receive(stream)
        _answer(head, body, plan)
        code = 0
    except MemoryError:
        code = EXIT_OUT_OF_MEMORY
    finally:
        # Whatever a parser threw ends here; without a reply the other side knows what to make of it.
        os._exit(code)


def _keep_only(job: int) -> None:
    """Close every descriptor but the job's, which becomes number 3."""
    null = os.open(os.devnull, os.O_RDWR)
    os.dup2(job, max(job, null, _JOB) + 1)
    os.dup2(max(job, null, _JOB) + 1, _JOB)
    for standard in (0, 1, 2):
        os.dup2(null, standard)
    os.closerange(_JOB + 1, resource.getrlimit(resource.RLIMIT_NOFILE)[0])


def _receive(stream: BufferedReader) -> tuple[Mapping[str, Any], bytes]:
    head_bytes, body_bytes = LENGTHS.unpack(stream.read(LENGTHS.size))
    return json.loads(stream.read(head_bytes)), stream.read(body_bytes)


def _send(frame: tuple[Head, bytes]) -> None:
    head, body = frame
    for content in (pack(head, len(body)), body):
        rest = memoryview(content)
        while rest:
            rest = rest[os.write(_JOB, rest) :]


def _answer(head: Mapping[str, Any], body: bytes, plan: _Plan) -> None:
    """Do what is asked; what a parser says about the file becomes an answer too."""
    try:
        if head["task"] == "read":
            _read(head, body, plan)
        else:
            _send(_work(head, body, plan))
    except DocumentError as error:
        _send(({"error": error.code, "reason": error.values.get("reason")}, b""))


def _read(head: Mapping[str, Any], body: bytes, plan: _Plan) -> None:
    """Send the parts of a file, each as soon as it is there."""
    name, first_page = head["name"], head["first_page"]
    parser = next((parser for parser in plan.parsers if parser.recognises(body, name)), None)
    if parser is None:
        raise FileEncrypted(name=name) if _is_encrypted_office_file(body) else FileTypeUnknown(name=name)
    for part in parser.read(body, name, plan.parser_limits, first_page=first_page):
        if not (isinstance(part, ParsedPage) and (part.page.number or 1) < first_page):
            _send(encode_part(_fit(part, plan)))
    _send((END, b""))


def _is_encrypted_office_file(content: bytes) -> bool:
    """Tell whether this is a new office file behind a password, which is no ZIP any more. Source: MS-OFFCRYPTO, 2.3."""
    return content.startswith(_COMPOUND_FILE) and _ENCRYPTED_PACKAGE in content


def _fit(part: ParsedPart, plan: _Plan) -> ParsedPart:
    """Make a part no larger than a frame may be.

    An attachment larger than any file may be is cut one byte above that: who takes it in refuses it by its size.
    """
    match part:
        case ParsedPage():
            return keep_figures(part, figures=plan.parser_limits.figures, size_bytes=plan.frame_bytes)
        case Attachment() if len(part.content) > plan.attachment_bytes:
            return replace(part, content=part.content[: plan.attachment_bytes + 1])
        case _:
            return part


def _work(head: Mapping[str, Any], body: bytes, plan: _Plan) -> tuple[Head, bytes]:
    if head["task"] == "probe":
        return {"refused": attempt_everything()}, b""
    shower = next(
        (parser for parser in plan.parsers if head["kind"] == parser.KIND and hasattr(parser, "render_page")), None
    )
    if shower is None:
        raise FileTypeUnknown(name="")
    pages = cast("PageParser", shower)  # it has what makes it one
    match head["task"]:
        case "render":
            return encode_picture(pages.render_page(body, head["page"], head["width_px"], plan.parser_limits))
        case "words":
            return encode_word_boxes(pages.words(body, head["page"])), b""
        case "recognise":
            return encode_part(ParsedPage(page=_recognise(pages, body, head["page"], plan)))
        case _:
            return encode_rectangles(pages.locate(body, head["page"], head["start"], head["end"])), b""


def _recognise(parser: PageParser, content: bytes, number: int, plan: _Plan) -> Page:
    """Draw a page as large as OCR reads best, and read it."""
    without_ocr = Page(number=number, text="", status="skipped", reason="ocr_unavailable")
    if plan.tessdata is None:
        return without_ocr
    from samovar.ocr.engine import EngineNotLoadedError, load  # the zygote has loaded it where there is its data

    try:
        engine = load(Path(plan.tessdata), plan.languages)
    except EngineNotLoadedError:
        return without_ocr
    width, height = _size_of(parser, content, number, plan)
    picture = parser.render_page(content, number, _width_for_ocr(parser, width), plan.parser_limits)
    page = engine.read(picture, page_width=width or picture.width, page_height=height or picture.height)
    return replace(page, number=number)


def _size_of(parser: PageParser, content: bytes, number: int, plan: _Plan) -> tuple[float | None, float | None]:
    """How large the page is in its own units."""
    limits = replace(plan.parser_limits, figures=0)  # its pictures are not asked for
    for part in parser.read(content, "", limits, first_page=number):
        if isinstance(part, ParsedPage) and part.page.number in (number, None):
            return part.page.width, part.page.height
    raise FileDamaged(name=f"p. {number}")


def _width_for_ocr(parser: PageParser, width: float | None) -> int:
    if width is None or parser.KIND == "image":
        return _OCR_WIDEST_PX  # a picture is never made larger
    return min(_OCR_WIDEST_PX, round(width * _OCR_DPI / _POINTS_IN_AN_INCH))
