"""Rights for the server's user: it may pass, and nothing more."""

import os
import stat
import subprocess
from pathlib import Path

import pytest

from samovar.storage.server_user import ServerUser, allow_passage, allow_reading, find_server_user

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root needs another user")

STRANGER_ID = 54321


def may(user_id: int, path: Path, *, how: str) -> bool:
    done = subprocess.run(
        ["/usr/bin/test", how, path], user=user_id, group=user_id, extra_groups=[], check=False, cwd="/"
    )
    return done.returncode == 0


def test_the_user_may_pass_closed_folders_and_not_read_them_and_nobody_else_may(tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    inner = closed / "inner"
    inner.mkdir(parents=True)
    closed.chmod(0o700)
    inner.chmod(0o755)
    user = find_server_user()
    assert user is not None
    allow_passage(user, inner)
    assert may(user.user_id, inner, how="-r")
    assert may(user.user_id, closed, how="-x")
    assert not may(user.user_id, closed, how="-r")
    assert not may(user.user_id, closed, how="-w")
    assert not may(STRANGER_ID, closed, how="-x")
    status = closed.stat()
    assert (status.st_uid, stat.S_IMODE(status.st_mode) & 0o707) == (0, 0o700)
    # A second time changes nothing, and another user's entry stays beside it.
    allow_passage(ServerUser(user_id=STRANGER_ID, group_id=STRANGER_ID), inner)
    allow_passage(user, inner)
    assert may(STRANGER_ID, closed, how="-x")
    assert may(user.user_id, closed, how="-x")


def test_a_folder_that_others_may_pass_is_left_as_it_is(tmp_path: Path) -> None:
    open_folder = tmp_path / "open"
    open_folder.mkdir(mode=0o755)
    open_folder.chmod(0o755)
    user = find_server_user()
    assert user is not None
    allow_passage(user, open_folder)
    assert "system.posix_acl_access" not in os.listxattr(open_folder)


def test_programs_installed_for_root_alone_become_readable(tmp_path: Path) -> None:
    program = tmp_path / "bin" / "postgres"
    program.parent.mkdir(mode=0o700)
    program.write_text("")
    program.chmod(0o700)
    shared = tmp_path / "bin" / "data"
    shared.write_text("")
    shared.chmod(0o600)
    allow_reading(tmp_path, program)
    assert stat.S_IMODE(program.stat().st_mode) == 0o755
    assert stat.S_IMODE(shared.stat().st_mode) == 0o644
    assert stat.S_IMODE(program.parent.stat().st_mode) == 0o755
