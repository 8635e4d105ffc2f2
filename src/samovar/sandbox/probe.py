"""Try from inside what a confined process must not be able to do."""

import ctypes
import os
import socket
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

__all__ = ["ATTEMPTS", "attempt_everything"]

#: Attaches without stopping the other process, so that an attempt that succeeds does no harm.
_PTRACE_SEIZE: Final = 0x4206


def _open_socket() -> None:
    socket.socket(socket.AF_INET).close()


def _open_local_socket() -> None:
    socket.socket(socket.AF_UNIX).close()


def _run_program() -> None:
    try:
        os.execv("/nonexistent/program", ["program"])  # noqa: S606 - the attempt itself is the test
    except FileNotFoundError:
        return


def _fork() -> None:
    if (child := os.fork()) == 0:
        os._exit(0)
    os.waitpid(child, 0)


def _read_password_file() -> None:
    Path("/etc/passwd").read_bytes()


def _list_root() -> None:
    list(Path("/").iterdir())


def _write_file() -> None:
    path = Path(tempfile.gettempdir()) / f"probe-{os.getpid()}"
    path.write_bytes(b"x")
    path.unlink()


def _change_mode() -> None:
    Path(__file__).chmod(0o644)


def _signal_parent() -> None:
    os.kill(os.getppid(), 0)


def _trace_parent() -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.ptrace(_PTRACE_SEIZE, os.getppid(), None, None) != 0:
        raise OSError(ctypes.get_errno(), "ptrace")


def _take_two_gibibytes() -> None:
    bytearray(2 << 30)


ATTEMPTS: Final[Mapping[str, Callable[[], None]]] = {
    "socket": _open_socket,
    "local_socket": _open_local_socket,
    "exec": _run_program,
    "fork": _fork,
    "read_password_file": _read_password_file,
    "list_root": _list_root,
    "write_file": _write_file,
    "change_mode": _change_mode,
    "signal_parent": _signal_parent,
    "trace_parent": _trace_parent,
    "two_gibibytes": _take_two_gibibytes,
}


def attempt_everything() -> Mapping[str, bool]:
    """Try each thing and tell whether it was refused."""
    return {name: _is_refused(attempt) for name, attempt in ATTEMPTS.items()}


def _is_refused(attempt: Callable[[], None]) -> bool:
    try:
        attempt()
    except (OSError, MemoryError):
        return True
    return False
