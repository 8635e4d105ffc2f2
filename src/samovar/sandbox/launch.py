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

__all__ = ["Zygote", "ZygoteGoneError", "end", "launch", "parser_modules"]

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
_MEBIBYTE: Final = 1 << 20
_MEGAPIXEL: Final = 1_000_000


class ZygoteGoneError(Exception):
    """The zygote ended, or could not start, while it was needed."""


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


async def launch(limits: LimitsSettings) -> Zygote:
    """Start a zygote and wait until its parsers are loaded. Raises: ZygoteGoneError."""
    control, zygote_control = socket.socketpair()
    control.setblocking(False)
    with ExitStack() as undo:
        undo.enter_context(control)
        with zygote_control:
            process = await _spawn(zygote_control, limits)
        try:
            async with asyncio.timeout(_START_TIMEOUT_S):
                steps = json.loads(await receive_line(control))["steps"]
        except (TimeoutError, NoReplyError, ConnectionError) as error:
            log.error("sandbox.start_failed", detail=await _complaint(process))
            raise ZygoteGoneError from error
        except asyncio.CancelledError:
            await _complaint(process)
            raise
        undo.pop_all()
    return Zygote(process=process, control=control, confinement=level_of(frozenset(steps)))


async def end(zygote: Zygote) -> None:
    """Close the control socket, on which the zygote ends itself and its children; insist if it does not."""
    zygote.control.close()
    try:
        async with asyncio.timeout(_END_TIMEOUT_S):
            await zygote.process.communicate()
    except TimeoutError:
        await _complaint(zygote.process)


async def _spawn(control: socket.socket, limits: LimitsSettings) -> Process:
    order = {
        "parsers": parser_modules(),
        "memory_bytes": limits.parser_mb * _MEBIBYTE,
        "cpu_s": limits.parser_s,
        "pages": limits.pages,
        "pixels": limits.picture_megapixels * _MEGAPIXEL,
    }
    package_folder = str(Path(samovar.__file__).parents[1])
    try:
        return await asyncio.create_subprocess_exec(
            *(sys.executable, "-I", "-c", _START, package_folder, json.dumps(order)),
            stdin=control.fileno(),
            stdout=DEVNULL,
            stderr=PIPE,
            cwd="/",
            env={key: os.environ[key] for key in _ENVIRONMENT_KEPT if key in os.environ},
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
