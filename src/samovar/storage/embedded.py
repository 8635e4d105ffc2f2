"""The embedded PostgreSQL: started at first use, shared by every Samovar process of a data folder.

Everything here blocks and belongs in a thread. The server listens on a Unix socket alone, asks
for a password that only the owner of the data folder can read, and ends with its last user.
"""

import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from samovar.domain.errors import StorageUnavailable
from samovar.storage import keeper
from samovar.storage.cluster import DATABASE, Cluster, ServerAddress

__all__ = ["EmbeddedServer"]

_PATIENCE_S: Final = 60.0
_POLL_S: Final = 0.003
_KEEPER_WAKES_S: Final = 0.05
_KEEPER_ENDS_S: Final = 1.0

_held_locks: set[int] = set()


def _forget_locks() -> None:
    """A forked child must not keep the server alive after its parent."""
    for descriptor in _held_locks:
        os.close(descriptor)
    _held_locks.clear()


os.register_at_fork(after_in_child=_forget_locks)


class EmbeddedServer:
    """One process's share in the server of one data folder."""

    def __init__(self, data_dir: Path) -> None:
        """Name the data folder; nothing is touched before ``join``."""
        self._cluster = Cluster(data_dir)
        self._users_lock: int | None = None
        self._has_left = False
        # A join that nobody waits for any more may still run in its thread when we leave.
        self._one_at_a_time = threading.Lock()

    @property
    def data_dir(self) -> Path:
        """The data folder."""
        return self._cluster.data_dir

    @property
    def folder(self) -> Path:
        """Where the cluster, the locks, the password and the log lie."""
        return self._cluster.folder

    @property
    def address(self) -> ServerAddress:
        """How to connect; valid after ``join``."""
        return self._cluster.address

    def join(self) -> None:
        """Start the server, or share the one that runs; a share that is held already stays.

        Raises: DataFolderUnusable when the folder cannot hold a server, StorageUnavailable when
        the server does not come up in time.
        """
        with self._one_at_a_time, self._explained():
            if self._has_left:
                raise StorageUnavailable
            self._cluster.make_folders()
            with self._alone():
                first = self._users_lock is None
                if self._users_lock is None:
                    self._users_lock = self._wait_for_lock("users.lock", shared=True)
                try:
                    self._ensure_running()
                except BaseException:
                    if first:
                        self._release()
                    raise

    def leave(self) -> None:
        """Give the share back for good; the last user stops the server and waits for its end."""
        with self._one_at_a_time, self._explained():
            self._has_left = True
            if self._users_lock is not None and self._stop_if_unused():
                self._wait_for_keeper()

    def _stop_if_unused(self) -> bool:
        with self._alone():
            self._release()
            sole = self._take_users_lock_alone()
            if sole is None:
                return False
            try:
                keeper.stop_server(self.folder)
            finally:
                os.close(sole)
            return True

    def _wait_for_keeper(self) -> None:
        """Let the keeper end before we do, so that nothing of ours stays behind in the folder."""
        deadline = time.monotonic() + _KEEPER_ENDS_S
        while (descriptor := keeper.take_lock(self.folder / "keeper.lock")) is None and time.monotonic() < deadline:
            time.sleep(_POLL_S)
        if descriptor is not None:
            os.close(descriptor)

    def is_reachable(self) -> bool:
        """Tell whether the socket is in its place."""
        return self._cluster.socket_file.exists()

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise self._cluster.unusable(error.strerror or str(error)) from error
        except subprocess.TimeoutExpired as error:
            raise StorageUnavailable from error

    @contextmanager
    def _alone(self) -> Iterator[None]:
        descriptor = self._wait_for_lock("start.lock", shared=False)
        try:
            yield
        finally:
            _held_locks.discard(descriptor)
            os.close(descriptor)

    def _wait_for_lock(self, name: str, *, shared: bool) -> int:
        deadline = time.monotonic() + _PATIENCE_S
        while (descriptor := keeper.take_lock(self.folder / name, shared=shared)) is None:
            _pause_until(deadline)
        _held_locks.add(descriptor)
        return descriptor

    def _take_users_lock_alone(self) -> int | None:
        """The keeper holds this lock for a moment when it wakes; another user holds it for long."""
        deadline = time.monotonic() + _KEEPER_WAKES_S
        while (descriptor := keeper.take_lock(self.folder / "users.lock")) is None and time.monotonic() < deadline:
            time.sleep(_POLL_S)
        return descriptor

    def _release(self) -> None:
        if self._users_lock is not None:
            _held_locks.discard(self._users_lock)
            os.close(self._users_lock)
            self._users_lock = None

    def _ensure_running(self) -> None:
        deadline = time.monotonic() + _PATIENCE_S
        while keeper.is_running(self.folder):
            if self._is_ready():
                if self.is_reachable():
                    self._launch(None)
                    return
                keeper.stop_server(self.folder)
            else:
                _pause_until(deadline)
        self._start(deadline)

    def _start(self, deadline: float) -> None:
        self._launch(self._cluster.prepare())
        while not self._is_ready():
            if not keeper.is_running(self.folder):
                raise self._cluster.unusable(f"PostgreSQL did not start ({self._cluster.last_complaint()})")
            _pause_until(deadline)
        prepared = self.folder / "prepared"
        if not prepared.exists():
            _prepare_database(self.address)
            prepared.touch(mode=0o600)

    def _is_ready(self) -> bool:
        postmaster = keeper.read_postmaster(self.folder)
        return postmaster is not None and postmaster[1] == "ready" and keeper.is_postmaster(postmaster[0], self.folder)

    def _launch(self, command: list[str] | None) -> None:
        """Start the server if a command is given, and a keeper if none watches."""
        locks = {"keeper": keeper.take_lock(self.folder / "keeper.lock")}
        if command is not None:
            locks["server"] = keeper.take_lock(self.folder / "server.lock")
        passed = [descriptor for descriptor in locks.values() if descriptor is not None]
        if not passed:
            return
        user = self._cluster.server_user
        numbers = (locks["keeper"], locks.get("server"), user and user.user_id, user and user.group_id)
        log = self._cluster.open_log()
        try:
            subprocess.run(
                [sys.executable, "-I", "-S", keeper.__file__, str(self.folder)]
                + [keeper.NOTHING if number is None else str(number) for number in numbers]
                + (command or []),
                pass_fds=passed,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd="/",
                env={"LC_ALL": "C", "PATH": "/usr/bin:/bin"},
                start_new_session=True,
                check=True,
                timeout=_PATIENCE_S,
            )
        except subprocess.CalledProcessError as error:
            raise self._cluster.unusable(f"PostgreSQL did not start ({self._cluster.last_complaint()})") from error
        finally:
            for descriptor in (log, *passed):
                os.close(descriptor)


def _pause_until(deadline: float) -> None:
    if time.monotonic() > deadline:
        raise StorageUnavailable
    time.sleep(_POLL_S)


def _prepare_database(address: ServerAddress) -> None:
    """Make the role and the database of every day; a half-done attempt is completed."""
    import psycopg  # slow to import, and needed at the very first start alone
    from psycopg import sql

    def connect(database: str) -> psycopg.Connection:
        superuser = address.as_superuser(database)
        return psycopg.connect(
            host=str(superuser.socket_folder),
            user=superuser.user,
            password=superuser.password,
            dbname=superuser.database,
            autocommit=True,
            connect_timeout=10,
        )

    name = sql.Identifier(DATABASE)
    try:
        with connect("postgres") as server:
            if server.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", (DATABASE,)).fetchone() is None:
                server.execute(sql.SQL("CREATE ROLE {} LOGIN PASSWORD {}").format(name, sql.Literal(address.password)))
            if server.execute("SELECT 1 FROM pg_database WHERE datname = %s", (DATABASE,)).fetchone() is None:
                server.execute(sql.SQL("CREATE DATABASE {0} OWNER {0}").format(name))
        with connect(DATABASE) as database:
            database.execute("CREATE EXTENSION IF NOT EXISTS vector")
    except psycopg.Error as error:
        raise StorageUnavailable from error
