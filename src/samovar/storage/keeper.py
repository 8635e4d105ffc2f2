"""The keeper: a small process that stops the embedded PostgreSQL when nobody uses it any more.

It runs as a program of its own (``python -I -S keeper.py …``) and imports nothing but the
standard library, so that it takes a few megabytes. Four lock files in the server's folder tell
the whole state, because the kernel frees a lock however its holder dies:

* ``start.lock``  — held alone by whoever starts or stops the server;
* ``users.lock``  — shared by every process that uses the server;
* ``server.lock`` — held by the server's own processes as long as one of them lives;
* ``keeper.lock`` — held by the keeper.
"""

import fcntl
import os
import signal
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Final, NoReturn

__all__ = ["is_postmaster", "is_running", "main", "read_postmaster", "stop_server", "take_lock"]

CLUSTER: Final = "pgdata"
NOTHING: Final = "-"
_LOG_LIMIT_BYTES: Final = 4_000_000
_LOG_CHECK_S: Final = 60.0
_POLL_S: Final = 0.004
_FAST_STOP_S: Final = 30.0
_IMMEDIATE_STOP_S: Final = 10.0


def take_lock(path: Path, *, shared: bool = False) -> int | None:
    """Take the lock of a file without waiting; return its descriptor, or None when it is held."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return None
    except OSError:
        os.close(descriptor)
        raise
    return descriptor


def is_running(folder: Path) -> bool:
    """Tell whether a process of the server lives."""
    descriptor = take_lock(folder / "server.lock")
    if descriptor is None:
        return True
    os.close(descriptor)
    return False


def read_postmaster(folder: Path) -> tuple[int, str] | None:
    """Read (process id, status) from ``postmaster.pid``; None when it is absent or half written."""
    try:
        lines = (folder / CLUSTER / "postmaster.pid").read_text().splitlines()
        return int(lines[0]), lines[7].strip() if len(lines) > 7 else ""
    except (OSError, ValueError, IndexError):
        return None


def stop_server(folder: Path) -> bool:
    """Stop the server and wait for its end; the caller holds ``start.lock``.

    Fast at first (clients are disconnected, everything is written), at once if that hangs.
    """
    for way, patience_s in ((signal.SIGINT, _FAST_STOP_S), (signal.SIGQUIT, _IMMEDIATE_STOP_S)):
        postmaster = read_postmaster(folder)
        if postmaster is not None and is_running(folder) and is_postmaster(postmaster[0], folder):
            with suppress(ProcessLookupError):
                os.kill(postmaster[0], way)
        if _wait_for_end(folder, patience_s):
            return True
    return False


def _wait_for_end(folder: Path, patience_s: float) -> bool:
    deadline = time.monotonic() + patience_s
    while is_running(folder):
        if time.monotonic() > deadline:
            return False
        time.sleep(_POLL_S)
    return True


def is_postmaster(pid: int, folder: Path) -> bool:
    """Tell by its command line whether a process is ours; after a crash the id may be reused."""
    try:
        command = Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace")
    except OSError:
        if Path("/proc/self").exists():
            return False
        import subprocess  # only where there is no /proc: the keeper stays small elsewhere

        command = subprocess.run(
            ["/bin/ps", "-ww", "-o", "command=", "-p", str(pid)], capture_output=True, text=True, check=False, timeout=5
        ).stdout
    return str(folder / CLUSTER) in command


def main(arguments: list[str]) -> None:
    """Start the server if a command is given, then watch it.

    Arguments: folder, descriptor of ``keeper.lock`` or ``-`` (do not watch), descriptor of
    ``server.lock`` or ``-``, user id and group id of the server or ``-``, command.
    """
    folder, keeper_lock, server_lock, user_id, group_id, *command = arguments
    if os.fork():
        os._exit(0)
    if keeper_lock != NOTHING:
        os.set_inheritable(int(keeper_lock), False)
    if command:
        _launch(command, int(server_lock), user_id, group_id)
    if keeper_lock != NOTHING:
        _watch(Path(folder), int(keeper_lock))


def _launch(command: list[str], server_lock: int, user_id: str, group_id: str) -> None:
    if os.fork():
        os.close(server_lock)
        return
    try:
        _become_server(command, user_id, group_id)
    except OSError as error:
        os.write(2, f"samovar: cannot run {command[0]}: {error}\n".encode())
    os._exit(127)


def _become_server(command: list[str], user_id: str, group_id: str) -> NoReturn:
    os.setsid()
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    os.umask(0o077)
    if user_id != NOTHING:
        os.setgroups([])
        os.setgid(int(group_id))
        os.setuid(int(user_id))
    os.execv(command[0], command)  # noqa: S606  # our own binary, by its whole path, without a shell


def _watch(folder: Path, keeper_lock: int) -> None:
    for ignored in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGCHLD):
        signal.signal(ignored, signal.SIG_IGN)
    signal.signal(signal.SIGALRM, _bound_log)
    signal.setitimer(signal.ITIMER_REAL, _LOG_CHECK_S, _LOG_CHECK_S)
    users = os.open(folder / "users.lock", os.O_RDWR | os.O_CREAT, 0o600)
    start = os.open(folder / "start.lock", os.O_RDWR | os.O_CREAT, 0o600)
    while True:
        fcntl.flock(users, fcntl.LOCK_EX)
        fcntl.flock(users, fcntl.LOCK_UN)
        # Starters take start.lock first, so this order cannot end in a deadlock.
        fcntl.flock(start, fcntl.LOCK_EX)
        if _is_unused(users):
            stop_server(folder)
            # The next starter must find no keeper: its lock goes before start.lock does.
            os.close(keeper_lock)
            return
        fcntl.flock(start, fcntl.LOCK_UN)


def _is_unused(users: int) -> bool:
    try:
        fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _bound_log(_signal: int, _frame: object) -> None:
    if os.fstat(2).st_size > _LOG_LIMIT_BYTES:
        os.ftruncate(2, 0)


if __name__ == "__main__":
    main(sys.argv[1:])
