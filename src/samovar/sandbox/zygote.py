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
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from io import BufferedReader
from typing import Any, Final, NoReturn, cast

from samovar.domain.errors import DocumentError, FileTypeUnknown
from samovar.domain.page import ParsedPart
from samovar.ports.parser import PageParser, Parser, ParserLimits
from samovar.sandbox.confine import EXIT_NOT_CONFINED, ProcessLimits, Step, confine, die_with_parent, readable_folders
from samovar.sandbox.probe import attempt_everything
from samovar.sandbox.wire import (
    END,
    LENGTHS,
    Head,
    encode_parts,
    encode_picture,
    encode_rectangles,
    encode_word_boxes,
    pack,
    size_of,
)

__all__ = ["main"]

_CONTROL: Final = 0
_JOB: Final = 3
_EXIT_BROKE: Final = 70
_FRAME_BYTES: Final = 4 << 20
_FRAME_EVERY_S: Final = 0.2
_RSS_UNIT_BYTES: Final = 1 if sys.platform == "darwin" else 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class _Plan:
    """What every child needs to know, settled before the first fork."""

    parsers: Sequence[Parser]
    parser_limits: ParserLimits
    process_limits: ProcessLimits
    readable: tuple[str, ...]
    steps: frozenset[Step]


def main(argument: str) -> None:
    """Load the parsers that ``argument`` (JSON) names, then serve until the other side closes."""
    die_with_parent(os.getppid())
    order = json.loads(argument)
    process_limits = ProcessLimits(memory_bytes=order["memory_bytes"], cpu_s=order["cpu_s"])
    parsers = [cast("Parser", importlib.import_module(name)) for name in order["parsers"]]
    readable = readable_folders()
    control = socket.socket(fileno=_CONTROL)
    gc.collect()
    gc.freeze()  # children share what is loaded; a collection in a child would copy it
    plan = _Plan(
        parsers=parsers,
        parser_limits=ParserLimits(pages=order["pages"], pixels=order["pixels"]),
        process_limits=process_limits,
        readable=readable,
        steps=_try_steps(process_limits, readable),
    )
    control.sendall(json.dumps({"steps": sorted(plan.steps)}).encode() + b"\n")
    _Zygote(control, plan).serve()


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
        if not mark or len(descriptors) != 2:
            return False
        job, watch = descriptors[0], socket.socket(fileno=descriptors[1])
        parent = os.getpid()
        child = os.fork()
        if child == 0:
            _be_child(job, parent, self._plan)
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


def _be_child(job: int, parent: int, plan: _Plan) -> NoReturn:
    """Leave everything behind, confine, answer one request, end."""
    code = _EXIT_BROKE
    try:
        die_with_parent(parent)
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        _keep_only(job)
        if confine(plan.process_limits, plan.readable) != plan.steps:
            os._exit(EXIT_NOT_CONFINED)
        with open(_JOB, "rb", closefd=False) as stream:
            head, body = _receive(stream)
        _answer(head, body, plan)
        code = 0
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
    except MemoryError:
        _send(({"error": "file_too_complex", "reason": "memory"}, b""))
    except RecursionError:
        _send(({"error": "file_damaged"}, b""))


def _read(head: Mapping[str, Any], body: bytes, plan: _Plan) -> None:
    """Send the parts of a file in frames: soon enough to show progress, seldom enough to cost nothing."""
    name = head["name"]
    parser = next((parser for parser in plan.parsers if parser.recognises(body, name)), None)
    if parser is None:
        raise FileTypeUnknown(name=name)
    parts: list[ParsedPart] = []
    held_bytes, sent_at = 0, time.monotonic()
    for part in parser.read(body, name, plan.parser_limits, first_page=head["first_page"]):
        parts.append(part)
        held_bytes += size_of(part)
        if (
            len(parts) >= head["frame_parts"]
            or held_bytes >= _FRAME_BYTES
            or time.monotonic() - sent_at >= _FRAME_EVERY_S
        ):
            _send(encode_parts(parts))
            parts.clear()
            held_bytes, sent_at = 0, time.monotonic()
    if parts:
        _send(encode_parts(parts))
    _send((END, b""))


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
        case _:
            return encode_rectangles(pages.locate(body, head["page"], head["start"], head["end"])), b""
