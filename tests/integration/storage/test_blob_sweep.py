"""What no row refers to is taken away at a start, and nothing else ever."""

import asyncio
import os
import time
from pathlib import Path

import pytest
from tests.support.application import run_application, scripted_settings
from tests.support.database import make_document

from samovar.domain.actor import Actor
from samovar.storage import FileBlobStore, PostgresStorage
from samovar.storage.blob_sweep import BlobSweep, Swept

HOUR_S = 3600.0


def age(folder: Path, sha256: str, hours: float = 2.0) -> None:
    """Let bytes rest for hours."""
    then = time.time() - hours * HOUR_S
    os.utime(folder / "blobs" / sha256[:2] / sha256[2:], (then, then))


async def stored(blobs: FileBlobStore) -> set[str]:
    return {sha256 async for sha256 in blobs.hashes()}


async def put_used(storage: PostgresStorage, blobs: FileBlobStore, actor: Actor, content: bytes) -> str:
    """Put bytes with their document."""
    sha256 = await blobs.put(content)
    async with storage.transaction() as tx:
        await tx.documents.add(actor, make_document(actor, sha256=sha256), chat_id=None)
    return sha256


@pytest.fixture
async def kept(storage: PostgresStorage, blobs: FileBlobStore, actor: Actor, tmp_path: Path) -> str:
    """Old bytes of a document."""
    sha256 = await put_used(storage, blobs, actor, b"kept")
    age(tmp_path, sha256)
    return sha256


async def test_old_bytes_without_a_row_go_and_all_others_stay(
    storage: PostgresStorage, blobs: FileBlobStore, kept: str, tmp_path: Path
) -> None:
    forgotten, young = await blobs.put(b"forgotten"), await blobs.put(b"young")
    age(tmp_path, forgotten)
    age(tmp_path, young, hours=0.9)
    assert await BlobSweep(storage, blobs).run() == Swept(blobs=1, size_bytes=9)
    assert await stored(blobs) == {kept, young}
    assert await BlobSweep(storage, blobs).run() == Swept()


async def test_what_was_being_written_at_a_crash_goes(
    storage: PostgresStorage, blobs: FileBlobStore, kept: str, tmp_path: Path
) -> None:
    folder = tmp_path / "blobs" / kept[:2]
    old, new, strange = folder / f".{'0' * 16}", folder / f".{'1' * 16}", folder / ".notes"
    for path in (old, new, strange):
        path.write_bytes(b"half")
    for path in (old, strange):
        os.utime(path, (0, 0))
    assert await BlobSweep(storage, blobs).run() == Swept(unfinished=1)
    assert (old.exists(), new.exists(), strange.exists()) == (False, True, True)


@pytest.mark.usefixtures("kept")
async def test_one_sweep_is_bounded_and_the_next_goes_on(
    storage: PostgresStorage, blobs: FileBlobStore, tmp_path: Path
) -> None:
    for number in range(5):
        age(tmp_path, await blobs.put(b"%d" % number))
    assert await BlobSweep(storage, blobs, most_removed=3).run() == Swept(blobs=3, size_bytes=3, is_complete=False)
    assert await BlobSweep(storage, blobs, most_removed=3).run() == Swept(blobs=2, size_bytes=2)


@pytest.mark.usefixtures("kept")
async def test_a_file_that_is_being_taken_in_waits_for_its_row_and_stays(
    storage: PostgresStorage, blobs: FileBlobStore, actor: Actor, tmp_path: Path
) -> None:
    sha256 = await blobs.put(b"again")
    age(tmp_path, sha256)
    async with storage.transaction() as upload:
        await upload.documents.hold_blob(sha256)
        sweep = asyncio.create_task(BlobSweep(storage, blobs).run())
        await asyncio.sleep(0.3)
        assert not sweep.done()
        await upload.documents.add(actor, make_document(actor, sha256=sha256), chat_id=None)
    assert await sweep == Swept()
    assert sha256 in await stored(blobs)


async def test_bytes_put_again_are_never_taken_at_that_moment(blobs: FileBlobStore, tmp_path: Path) -> None:
    sha256 = await blobs.put(b"again and again")
    for _ in range(300):
        age(tmp_path, sha256)
        await asyncio.gather(blobs.remove_rested(sha256, HOUR_S), blobs.put(b"again and again"))
        assert await blobs.get(sha256) == b"again and again"
        assert await blobs.remove_rested(sha256, HOUR_S) is None


async def test_files_of_another_database_are_left_alone(
    storage: PostgresStorage, blobs: FileBlobStore, tmp_path: Path
) -> None:
    strange = await blobs.put(b"of others")
    age(tmp_path, strange)
    assert await BlobSweep(storage, blobs).run() is None
    await blobs.set_owner("somebody else")
    assert await BlobSweep(storage, blobs).run() is None
    assert await stored(blobs) == {strange}


async def test_a_folder_known_to_be_ours_is_swept_when_its_last_document_is_gone(
    storage: PostgresStorage, blobs: FileBlobStore, kept: str, actor: Actor
) -> None:
    assert await BlobSweep(storage, blobs).run() == Swept()
    async with storage.transaction() as tx:
        document = await tx.documents.by_content(actor, kept, chat_id=None, base_id=None)
        assert document is not None
        await tx.documents.remove(actor, document.document_id)
    assert await BlobSweep(storage, blobs).run() == Swept(blobs=1, size_bytes=4)
    assert kept not in await stored(blobs)


@pytest.mark.usefixtures("kept")
async def test_a_server_sweeps_when_it_starts(blobs: FileBlobStore, clean_database_url: str, tmp_path: Path) -> None:
    forgotten = await blobs.put(b"forgotten")
    age(tmp_path, forgotten)
    async with run_application(scripted_settings(tmp_path, clean_database_url), engine_use="own"), asyncio.timeout(30):
        while forgotten in await stored(blobs):
            await asyncio.sleep(0.05)
