"""Start a zygote and end it."""

import asyncio
import json
import os
import socket
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Final

import samovar
from samovar.sandbox.confine import Confinement, level_of
from samovar.sandbox.sockets import NoReplyError, receive_line
from samovar.settings import LimitsSettings
from samovar.telemetry.log import get_log

__all__ = [
    "RECOGNITION_PATIENCE",
    "Recognition",
    "Zygote",
    "ZygoteGoneError",
    "end",
    "frame_bytes",
    "launch",
    "parser_modules",
]

log = get_log(__name__)

_PARSERS: Final = "samovar.parsers"
_START: Final = (
    "import sys; sys.argv[1] in sys.path or sys.path.insert(0, sys.argv[1]); "
    "from samovar.sandbox.zygote import main; main(sys.argv[2])"
)
_START_TIMEOUT_S: Final = 30.0
_END_TIMEOUT_S: Final = 2.0
_LONGEST_COMPLAINT: Final = 2000
#: Nothing of our own environment, where keys may be, but what a loader needs to find libraries.
_ENVIRONMENT_KEPT: Final = ("PATH", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH")
#: One thread in every process: a zygote with more of them must not fork, a child cannot start any.
_ENVIRONMENT_SET: Final = {
    "OMP_THREAD_LIMIT": "1",
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    # A child lives for one file: what it frees it uses again for the next page. Given back to the system after each
    # page, as glibc does, it costs a quarter of the time of a PDF in page faults. Source: mallopt(3), 2024.
    "MALLOC_TOP_PAD_": "16777216",
    "MALLOC_TRIM_THRESHOLD_": "268435456",
    "MALLOC_MMAP_THRESHOLD_": "268435456",
}
_MEBIBYTE: Final = 1 << 20
_MILLION: Final = 1_000_000
#: Most bytes of pictures that one page hands over.
_FRAME_BYTES: Final = 64 * _MEBIBYTE
#: The clock of the wall ends a page; this ends a child that nobody watches any more.
_FILE_CPU_S: Final = 3600.0

#: How many times ``limits.parser_s`` OCR of a page may take of the processor, and on the clock: it keeps a processor
#: busy all the time, so that on a machine with much to do it waits more than it works.
_RECOGNITION_WORK: Final = 3
RECOGNITION_PATIENCE: Final = 6


class ZygoteGoneError(Exception):
    """The zygote ended, or could not start, while it was needed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recognition:
    """What OCR needs: the folder of Tesseract's language data, and the languages that are read together."""

    tessdata: Path
    languages: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Zygote:
    """A zygote that is ready: its process, the socket that takes jobs, and what confines its children."""

    process: Process
    control: socket.socket
    confinement: Confinement


def parser_modules() -> tuple[str, ...]:
    """Name the parsers: every public file of the folder, none of them imported."""
    specification = find_spec(_PARSERS)
    places = (specification.submodule_search_locations if specification else None) or ()
    names = {path.stem for place in places for path in Path(place).glob("*.py") if not path.stem.startswith("_")}
    return tuple(f"{_PARSERS}.{name}" for name in sorted(names))


def frame_bytes(limits: LimitsSettings) -> int:
    """The most bytes of pictures, or of one attachment, that a frame may hold."""
    return max(_FRAME_BYTES, limits.upload_mb * _MILLION + 1)


async def launch(limits: LimitsSettings, recognition: Recognition | None = None) -> Zygote:
    """Start a zygote and wait until its parsers, and OCR if asked for, are loaded. Raises: ZygoteGoneError."""
    control, zygote_control = socket.socketpair()
    control.setblocking(False)
    with ExitStack() as undo:
        undo.enter_context(control)
        with zygote_control:
            process = await _spawn(zygote_control, _order(limits, recognition))
        try:
            async with asyncio.timeout(_START_TIMEOUT_S):
                greeting = json.loads(await receive_line(control))
        except (TimeoutError, NoReplyError, ConnectionError) as error:
            log.error("sandbox.start_failed", detail=await _complaint(process))
            raise ZygoteGoneError from error
        except asyncio.CancelledError:
            await _complaint(process)
            raise
        undo.pop_all()
    for name, detail in greeting["not_loaded"].items():
        log.error("sandbox.not_loaded", part=name, detail=detail)
    return Zygote(process=process, control=control, confinement=level_of(frozenset(greeting["steps"])))


async def end(zygote: Zygote) -> None:
    """Close the control socket, on which the zygote ends itself and its children; insist if it does not."""
    zygote.control.close()
    try:
        async with asyncio.timeout(_END_TIMEOUT_S):
            await zygote.process.communicate()
    except TimeoutError:
        await _complaint(zygote.process)


def _order(limits: LimitsSettings, recognition: Recognition | None) -> str:
    return json.dumps(
        {
            "parsers": parser_modules(),
            "parser_limits": {
                "pages": limits.pages,
                "pixels": limits.picture_megapixels * _MILLION,
                "unpacked_bytes": limits.unpacked_mb * _MILLION,
                "entries": limits.zip_entries,
                "ratio": limits.zip_ratio,
                "figures": limits.figures,
            },
            "memory_bytes": limits.parser_mb * _MEBIBYTE,
            "page_cpu_s": _RECOGNITION_WORK * limits.parser_s,
            "file_cpu_s": max(_FILE_CPU_S, limits.parser_s),
            "frame_bytes": frame_bytes(limits),
            "attachment_bytes": limits.upload_mb * _MILLION,
            "tessdata": str(recognition.tessdata) if recognition else None,
            "languages": recognition.languages if recognition else (),
        }
    )


async def _spawn(control: socket.socket, order: str) -> Process:
    package_folder = str(Path(samovar.__file__).parents[1])
    try:
        return await asyncio.create_subprocess_exec(
            *(sys.executable, "-I", "-c", _START, package_folder, order),
            stdin=control.fileno(),
            stdout=DEVNULL,
            stderr=PIPE,
            cwd="/",
            env={key: os.environ[key] for key in _ENVIRONMENT_KEPT if key in os.environ} | _ENVIRONMENT_SET,
            start_new_session=True,  # Ctrl+C is for the server, which then closes the zygote
        )
    except OSError as error:
        raise ZygoteGoneError from error


async def _complaint(process: Process) -> str:
    """Kill a zygote and read what it last said."""
    with suppress(ProcessLookupError):
        process.kill()
    _, complaint = await process.communicate()
    return complaint.decode("utf-8", "replace")[-_LONGEST_COMPLAINT:]
