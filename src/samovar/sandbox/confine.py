"""Shut a process in: limits, no new privileges, Landlock, seccomp, in this order and for good.

Every step says whether it took hold, because kernels and containers differ in what they offer.
"""

import ctypes
import errno
import math
import os
import resource
import struct
import sys
import sysconfig
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final, Literal

from samovar.sandbox.syscalls import AUDIT_ARCHITECTURES, DENIED

__all__ = [
    "EXIT_NOT_CONFINED",
    "EXIT_OUT_OF_MEMORY",
    "Confinement",
    "ProcessLimits",
    "Step",
    "confine",
    "die_with_parent",
    "filter_program",
    "level_of",
    "prepare",
    "readable_folders",
]

Confinement = Literal["full", "partial", "limits"]
Step = Literal["memory", "time", "file_size", "core", "descriptors", "processes", "no_new_privs", "landlock", "seccomp"]

#: How a child ends that could not be confined as its zygote has promised.
EXIT_NOT_CONFINED: Final = 71
#: How a child ends that was refused memory.
EXIT_OUT_OF_MEMORY: Final = 72

_IS_LINUX: Final = sys.platform == "linux"
_DESCRIPTORS: Final = 32
#: The wall clock ends a file first; the CPU limit is for the case that nobody watches any more.
_CPU_GRACE_S: Final = 2

_PR_SET_PDEATHSIG: Final = 1
_PR_SET_SECCOMP: Final = 22
_PR_SET_NO_NEW_PRIVS: Final = 38
_SECCOMP_MODE_FILTER: Final = 2
_SIGKILL: Final = 9

# Landlock. Source: linux/landlock.h; the numbers are the same on every architecture.
_LANDLOCK_CREATE_RULESET: Final = 444
_LANDLOCK_ADD_RULE: Final = 445
_LANDLOCK_RESTRICT_SELF: Final = 446
_LANDLOCK_CREATE_RULESET_VERSION: Final = 1
_LANDLOCK_RULE_PATH_BENEATH: Final = 1
_LANDLOCK_READ: Final = (1 << 2) | (1 << 3)  # read file, read folder
#: How many kinds of file access each version of Landlock knows: execute … make symlink, then refer, truncate, ioctl.
_LANDLOCK_FILE_BITS: Final = {1: 13, 2: 14, 3: 15, 4: 15, 5: 16}
_LANDLOCK_NETWORK: Final = 0b11  # bind and connect TCP, from version 4
_LANDLOCK_SCOPE: Final = 0b11  # abstract sockets and signals, from version 6

# seccomp. Source: linux/seccomp.h, linux/filter.h.
_LOAD_WORD: Final = 0x20
_JUMP_IF_EQUAL: Final = 0x15
_JUMP_IF_AT_LEAST: Final = 0x35
_RETURN: Final = 0x06
_ARCHITECTURE_OFFSET: Final = 4
_NUMBER_OFFSET: Final = 0
_KILL_PROCESS: Final = 0x80000000
_REFUSE: Final = 0x00050000 | errno.EPERM
_ALLOW: Final = 0x7FFF0000
_X32_BIT: Final = 0x40000000

#: PDFium draws letters of fonts that a file does not bring along with the fonts of the system.
_FONT_FOLDERS: Final = ("/usr/share/fonts", "/usr/local/share/fonts", "/usr/share/X11/fonts")


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcessLimits:
    """What one process may take."""

    memory_bytes: int
    cpu_s: float


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("filter", ctypes.c_char_p))


def confine(limits: ProcessLimits, readable: Sequence[str]) -> frozenset[Step]:
    """Shut this process in and tell which steps took hold; there is no way back.

    ``readable`` are the only folders whose files can be opened afterwards, for reading.
    """
    steps: set[Step] = set(_set_limits(limits))
    if not _IS_LINUX:
        return frozenset(steps)
    libc = _libc()
    if libc.prctl(_PR_SET_NO_NEW_PRIVS, *_words(1, 0, 0, 0)) == 0:
        steps.add("no_new_privs")
        if _restrict_files(libc, readable):
            steps.add("landlock")
        if _filter_calls(libc):
            steps.add("seccomp")
    return frozenset(steps)


def prepare() -> None:
    """Make what ``confine`` needs, so that it is there in every process that is forked from this one."""
    if _IS_LINUX:
        _libc()
        _filter()


@cache
def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)


def level_of(steps: frozenset[Step]) -> Confinement:
    """Name the level in one word: ``full`` needs both Landlock and seccomp."""
    held = {"landlock", "seccomp"} & steps
    if len(held) == 2:
        return "full"
    return "partial" if held else "limits"


def die_with_parent(parent: int) -> None:
    """Have this process killed when its parent ends, however that ends."""
    if _IS_LINUX:
        _libc().prctl(_PR_SET_PDEATHSIG, *_words(_SIGKILL, 0, 0, 0))
    if os.getppid() != parent:
        os._exit(1)


def readable_folders() -> tuple[str, ...]:
    """The folders that a confined parser may read: Python's own, its packages, and the fonts."""
    own = [sysconfig.get_path(name) for name in ("stdlib", "platstdlib", "purelib", "platlib")]
    package = str(Path(__file__).parents[1])
    return tuple(folder for folder in dict.fromkeys([*own, package, *_FONT_FOLDERS]) if Path(folder).is_dir())


def _words(*values: int) -> Iterator[ctypes.c_ulong]:
    """Arguments of a variadic C function must be as wide as it reads them."""
    return (ctypes.c_ulong(value) for value in values)


def _set_limits(limits: ProcessLimits) -> Iterator[Step]:
    cpu_s = math.ceil(limits.cpu_s) + _CPU_GRACE_S
    wanted: list[tuple[Step, int, int]] = [
        ("memory", resource.RLIMIT_AS, limits.memory_bytes),
        ("time", resource.RLIMIT_CPU, cpu_s),
        ("file_size", resource.RLIMIT_FSIZE, 0),
        ("core", resource.RLIMIT_CORE, 0),
        ("descriptors", resource.RLIMIT_NOFILE, _DESCRIPTORS),
    ]
    if os.getuid() != 0:  # root is never held by this one
        wanted.append(("processes", resource.RLIMIT_NPROC, 0))
    for step, kind, value in wanted:
        with suppress(OSError, ValueError):  # macOS knows the names but not all of the limits
            resource.setrlimit(kind, (value, value))
            yield step


def _restrict_files(libc: ctypes.CDLL, readable: Sequence[str]) -> bool:
    """Take away every access to files, sockets and signals except reading in some folders."""
    version = libc.syscall(
        _long(_LANDLOCK_CREATE_RULESET), None, _long(0), ctypes.c_uint(_LANDLOCK_CREATE_RULESET_VERSION)
    )
    if version < 1:
        return False
    files = (1 << _LANDLOCK_FILE_BITS.get(version, max(_LANDLOCK_FILE_BITS.values()))) - 1
    attributes = struct.pack("=Q", files)
    if version >= 4:
        attributes += struct.pack("=Q", _LANDLOCK_NETWORK)
    if version >= 6:
        attributes += struct.pack("=Q", _LANDLOCK_SCOPE)
    ruleset = libc.syscall(_long(_LANDLOCK_CREATE_RULESET), attributes, _long(len(attributes)), ctypes.c_uint(0))
    if ruleset < 0:
        return False
    try:
        allowed = all(_allow_reading(libc, ruleset, folder) for folder in readable)
        return allowed and libc.syscall(_long(_LANDLOCK_RESTRICT_SELF), ctypes.c_int(ruleset), ctypes.c_uint(0)) == 0
    finally:
        os.close(ruleset)


def _allow_reading(libc: ctypes.CDLL, ruleset: int, folder: str) -> bool:
    try:
        place = os.open(folder, os.O_PATH | os.O_CLOEXEC)
    except OSError:
        return True  # what is not there need not be readable
    try:
        rule = struct.pack("=Qi", _LANDLOCK_READ, place)
        arguments = (ctypes.c_int(ruleset), ctypes.c_int(_LANDLOCK_RULE_PATH_BENEATH), rule, ctypes.c_uint(0))
        return bool(libc.syscall(_long(_LANDLOCK_ADD_RULE), *arguments) == 0)
    finally:
        os.close(place)


def _long(value: int) -> ctypes.c_long:
    return ctypes.c_long(value)


def _filter_calls(libc: ctypes.CDLL) -> bool:
    """Refuse the system calls that no parser needs; kill on a foreign architecture."""
    program = _filter()
    if program is None:
        return False
    arguments = (ctypes.c_ulong(_SECCOMP_MODE_FILTER), ctypes.byref(program), *_words(0, 0))
    return bool(libc.prctl(_PR_SET_SECCOMP, *arguments) == 0)


@cache
def _filter() -> _Program | None:
    """The filter for this machine, None where there is none."""
    machine = os.uname().machine
    if machine not in DENIED or sys.maxsize <= 2**32:
        return None
    code = filter_program(machine)
    return _Program(len(code) // 8, code)  # it keeps the bytes


def filter_program(machine: str) -> bytes:
    """Write the filter for one architecture. Shape: 8 bytes an instruction."""
    denied = DENIED[machine]
    lines = [
        (_LOAD_WORD, 0, 0, _ARCHITECTURE_OFFSET),
        (_JUMP_IF_EQUAL, 1, 0, AUDIT_ARCHITECTURES[machine]),
        (_RETURN, 0, 0, _KILL_PROCESS),
        (_LOAD_WORD, 0, 0, _NUMBER_OFFSET),
        (_JUMP_IF_AT_LEAST, 0, 1, _X32_BIT),
        (_RETURN, 0, 0, _KILL_PROCESS),
    ]
    for place, number in enumerate(denied):
        # Jump over the rest of the list and over "allow"; the distance must fit a byte.
        lines.append((_JUMP_IF_EQUAL, len(denied) - place, 0, number))
    lines += [(_RETURN, 0, 0, _ALLOW), (_RETURN, 0, 0, _REFUSE)]
    return b"".join(struct.pack("=HBBI", *line) for line in lines)
