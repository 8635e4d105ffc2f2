"""The filter of system calls, run by a small machine of our own, and the names of the levels."""

import errno
import platform
import re
import struct
from pathlib import Path

import pytest

from samovar.sandbox.confine import filter_program, level_of, readable_folders
from samovar.sandbox.syscalls import AUDIT_ARCHITECTURES, DENIED

_ALLOW = 0x7FFF0000
_REFUSE = 0x00050000 | errno.EPERM
_KILL = 0x80000000
#: Calls that reading a file cannot do without. Source: the same headers as the table's.
_NEEDED = {
    "x86_64": {"read": 0, "write": 1, "mmap": 9, "mprotect": 10, "munmap": 11, "openat": 257, "exit_group": 231},
    "aarch64": {"read": 63, "write": 64, "mmap": 222, "mprotect": 226, "munmap": 215, "openat": 56, "exit_group": 94},
}  # fmt: skip


def _run(program: bytes, architecture: int, number: int) -> int:
    """Run the filter as the kernel does. Source: linux/filter.h."""
    lines = [struct.unpack("=HBBI", program[place : place + 8]) for place in range(0, len(program), 8)]
    accumulator, place = 0, 0
    while True:
        code, jump_true, jump_false, value = lines[place]
        place += 1
        if code == 0x06:
            return int(value)
        if code == 0x20:
            accumulator = {0: number, 4: architecture}[value]
        else:
            holds = accumulator == value if code == 0x15 else accumulator >= value
            place += jump_true if holds else jump_false


@pytest.mark.parametrize("machine", sorted(DENIED))
def test_every_call_of_the_table_is_refused_and_no_needed_one(machine: str) -> None:
    program = filter_program(machine)
    architecture = AUDIT_ARCHITECTURES[machine]
    assert all(_run(program, architecture, number) == _REFUSE for number in DENIED[machine])
    assert all(_run(program, architecture, number) == _ALLOW for number in _NEEDED[machine].values())
    others = set(range(470)) - set(DENIED[machine])
    assert all(_run(program, architecture, number) == _ALLOW for number in others)


@pytest.mark.parametrize("machine", sorted(DENIED))
def test_calls_by_another_architecture_end_the_process(machine: str) -> None:
    program = filter_program(machine)
    for other, architecture in AUDIT_ARCHITECTURES.items():
        if other != machine:
            assert _run(program, architecture, 0) == _KILL
    assert _run(program, AUDIT_ARCHITECTURES[machine], 0x40000000) == _KILL


@pytest.mark.skipif(platform.machine() != "x86_64", reason="compares with the headers of x86_64")
def test_the_numbers_are_those_of_the_headers_where_these_are_installed() -> None:
    header = Path("/usr/include/x86_64-linux-gnu/asm/unistd_64.h")
    if not header.exists():
        pytest.skip("no kernel headers here")
    numbers = {int(number) for number in re.findall(r"#define __NR_\w+ (\d+)", header.read_text())}
    assert {number for number in DENIED["x86_64"] if number < 450} <= numbers


def test_the_level_is_full_only_with_both_landlock_and_seccomp() -> None:
    assert level_of(frozenset({"memory", "landlock", "seccomp"})) == "full"
    assert level_of(frozenset({"seccomp"})) == level_of(frozenset({"landlock"})) == "partial"
    assert level_of(frozenset({"memory", "no_new_privs"})) == "limits"


def test_only_folders_of_python_and_fonts_can_be_read() -> None:
    folders = readable_folders()
    assert folders
    assert not {"/", "/etc", "/home", "/root", "/tmp"} & set(folders)
