"""The system user under which PostgreSQL runs when Samovar itself runs as root.

PostgreSQL refuses to be root. The user owns the cluster and nothing else; folders above it that
the user may not pass get an access list entry that lets this one user pass and not read.
"""

import logging
import os
import shutil
import stat
import struct
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

__all__ = ["ServerUser", "allow_passage", "allow_reading", "find_server_user"]

USER_NAME: Final = "samovar-db"

_log = logging.getLogger(__name__)

_ACL_NAME: Final = "system.posix_acl_access"
_ACL_VERSION: Final = 2
_ACL_USER_OBJ, _ACL_USER, _ACL_GROUP_OBJ, _ACL_MASK, _ACL_OTHER = 0x01, 0x02, 0x04, 0x10, 0x20
_ACL_NO_ID: Final = 0xFFFFFFFF
_PASS: Final = 0o1
_COMMAND_TIMEOUT_S: Final = 20.0

AclEntry = tuple[int, int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerUser:
    """A user of this machine, by number."""

    user_id: int
    group_id: int


def find_server_user() -> ServerUser | None:
    """Return the server's user, made if need be; None when we are not root and need no other.

    Raises: OSError with the reason when the user cannot be made.
    """
    if os.geteuid() != 0:
        return None
    return _look_up() or _make_user()


def _look_up() -> ServerUser | None:
    import pwd  # absent on Windows, where nobody is root

    try:
        entry = pwd.getpwnam(USER_NAME)
    except KeyError:
        return None
    return ServerUser(user_id=entry.pw_uid, group_id=entry.pw_gid)


def _make_user() -> ServerUser:
    ways = (
        ("useradd", "--system", "--no-create-home", "--home-dir", "/nonexistent", "--shell", "/usr/sbin/nologin"),
        ("adduser", "-S", "-D", "-H", "-h", "/nonexistent", "-s", "/sbin/nologin"),
    )
    reason = "neither useradd nor adduser is there"
    for program, *options in ways:
        path = shutil.which(program, path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin")
        if path is None:
            continue
        done = subprocess.run(
            [path, *options, USER_NAME], capture_output=True, text=True, check=False, timeout=_COMMAND_TIMEOUT_S
        )
        user = _look_up()
        if user is not None:
            return user
        reason = done.stderr.strip() or f"{program} failed"
    raise OSError(
        f"PostgreSQL does not run as root, and the system user {USER_NAME} could not be made ({reason}); "
        "start Samovar as an ordinary user, or make that user"
    )


def allow_passage(user: ServerUser, path: Path) -> None:
    """Let the user pass every folder from the root down to ``path``. Raises: OSError."""
    for folder in (*reversed(path.parents), path):
        status = folder.stat()
        if not _may_pass(user, folder, status):
            _grant_passage(user, folder, status)


def allow_reading(installation: Path, program: Path) -> None:
    """Make programs that were installed for root alone readable to all; they hold no secret."""
    if program.stat().st_mode & 0o005 == 0o005:
        return
    _log.warning("storage.programs_opened")
    for path in (installation, *installation.rglob("*")):
        if not path.is_symlink():
            mode = stat.S_IMODE(path.stat().st_mode)
            path.chmod(mode | 0o044 | (0o011 if mode & 0o100 else 0))


def _may_pass(user: ServerUser, folder: Path, status: os.stat_result) -> bool:
    if status.st_uid == user.user_id:
        return bool(status.st_mode & stat.S_IXUSR)
    entries = _read_acl(folder)
    mask = next((permissions for tag, permissions, _ in entries if tag == _ACL_MASK), 0o7)
    for tag, permissions, identity in entries:
        if tag == _ACL_USER and identity == user.user_id:
            return bool(permissions & mask & _PASS)
    if status.st_gid == user.group_id:
        return bool(status.st_mode & stat.S_IXGRP)
    return bool(status.st_mode & stat.S_IXOTH)


def _grant_passage(user: ServerUser, folder: Path, status: os.stat_result) -> None:
    entries = _read_acl(folder) or _acl_of_mode(status.st_mode)
    kept = [entry for entry in entries if entry[0] != _ACL_MASK and (entry[0], entry[2]) != (_ACL_USER, user.user_id)]
    group_class = [permissions for tag, permissions, _ in kept if tag not in (_ACL_USER_OBJ, _ACL_OTHER)]
    previous_mask = next((permissions for tag, permissions, _ in entries if tag == _ACL_MASK), None)
    mask = _PASS | (previous_mask if previous_mask is not None else _union(group_class))
    kept += [(_ACL_USER, _PASS, user.user_id), (_ACL_MASK, mask, _ACL_NO_ID)]
    try:
        os.setxattr(folder, _ACL_NAME, _pack_acl(kept))
    except (OSError, AttributeError):
        _log.warning("storage.passage_opened_to_all")
        folder.chmod(stat.S_IMODE(status.st_mode) | stat.S_IXOTH)


def _union(permissions: list[int]) -> int:
    together = 0
    for one in permissions:
        together |= one
    return together


def _acl_of_mode(mode: int) -> list[AclEntry]:
    return [
        (_ACL_USER_OBJ, mode >> 6 & 0o7, _ACL_NO_ID),
        (_ACL_GROUP_OBJ, mode >> 3 & 0o7, _ACL_NO_ID),
        (_ACL_OTHER, mode & 0o7, _ACL_NO_ID),
    ]


def _read_acl(folder: Path) -> list[AclEntry]:
    try:
        packed = os.getxattr(folder, _ACL_NAME)
    except (OSError, AttributeError):
        return []
    return list(_unpack_acl(packed))


def _unpack_acl(packed: bytes) -> Iterator[AclEntry]:
    yield from struct.iter_unpack("<HHI", packed[4:])


def _pack_acl(entries: list[AclEntry]) -> bytes:
    """Source: the Linux header ``linux/posix_acl_xattr.h``; entries go by tag, then by id."""
    ordered = sorted(entries, key=lambda entry: (entry[0], entry[2]))
    return struct.pack("<I", _ACL_VERSION) + b"".join(struct.pack("<HHI", *entry) for entry in ordered)
