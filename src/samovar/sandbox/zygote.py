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
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, NoReturn, cast

from samovar.ocr.data import file_name, is_language_data
from samovar.ports.parser import Parser, ParserLimits
from samovar.sandbox.confine import (
    EXIT_NOT_CONFINED,
    EXIT_OUT_OF_MEMORY,
    ProcessLimits,
    Step,
    confine,
    die_with_parent,
    prepare,
    readable_folders,
)
from samovar.sandbox.wire import FILE_TASK, PAGE_TASK
from samovar.sandbox.work import OCR_ENGINE, Bench, serve

__all__ = ["main"]

_CONTROL: Final = 0
_JOB: Final = 3
_EXIT_BROKE: Final = 70
#: Who reads a whole file gives way to whoever answers a person.
_FILE_NICENESS: Final = 10
_LONGEST_COMPLAINT: Final = 500
_RSS_UNIT_BYTES: Final = 1 if sys.platform == "darwin" else 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class _Plan:
    """What every child needs to know, settled before the first fork."""

    bench: Bench
    page_limits: ProcessLimits
    file_limits: ProcessLimits
    readable: tuple[str, ...]
    steps: frozenset[Step]


def main(argument: str) -> None:
    """Load the parsers that ``argument`` (JSON) names, then serve until the other side closes."""
    die_with_parent(os.getppid())
    order = json.loads(argument)
    page_limits = ProcessLimits(memory_bytes=order["memory_bytes"], cpu_s=order["page_cpu_s"])
    parsers, not_loaded = _load(order["parsers"])
    readable = readable_folders()
    tessdata, languages = order["tessdata"], tuple(order["languages"])
    if tessdata and not _has_language_data(tessdata, languages):
        tessdata, not_loaded[OCR_ENGINE] = None, f"damaged language data in {tessdata}"
    if tessdata:
        importlib.import_module(OCR_ENGINE)
        readable += (tessdata,)
    control = socket.socket(fileno=_CONTROL)
    prepare()
    gc.collect()
    gc.freeze()  # children share what is loaded; a collection in a child would copy it
    plan = _Plan(
        bench=Bench(
            parsers=parsers,
            limits=ParserLimits(**order["parser_limits"]),
            frame_bytes=order["frame_bytes"],
            attachment_bytes=order["attachment_bytes"],
            tessdata=tessdata,
            languages=languages,
        ),
        page_limits=page_limits,
        file_limits=replace(page_limits, cpu_s=order["file_cpu_s"]),
        readable=readable,
        steps=_try_steps(page_limits, readable),
    )
    control.sendall(json.dumps({"steps": sorted(plan.steps), "not_loaded": not_loaded}).encode() + b"\n")
    _Zygote(control, plan).serve()


def _load(names: Sequence[str]) -> tuple[Sequence[Parser], dict[str, str]]:
    """Import parsers. Shape: those that could be, and why the others could not; a missing library costs its own."""
    parsers: list[Parser] = []
    not_loaded: dict[str, str] = {}
    for name in names:
        try:
            parsers.append(cast("Parser", importlib.import_module(name)))
        except ImportError as error:
            not_loaded[name] = str(error)[:_LONGEST_COMPLAINT]
    return parsers, not_loaded


def _has_language_data(tessdata: str, languages: Sequence[str]) -> bool:
    """Look into the files before a child does: Tesseract aborts on what is no language data."""
    try:
        return all(is_language_data((Path(tessdata) / file_name(language)).read_bytes()) for language in languages)
    except OSError:
        return False


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
            if mark == FILE_TASK:
                os.nice(_FILE_NICENESS)
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
        serve(_JOB, plan.bench)
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
