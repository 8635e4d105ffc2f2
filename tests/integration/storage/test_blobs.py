"""Blobs in a folder."""

import errno
import hashlib
import os
import subprocess
from pathlib import Path

import pytest

from samovar.domain.errors import BlobDamaged, StorageReadOnly
from samovar.storage import FileBlobStore


def where(folder: Path, sha256: str) -> Path:
    return folder / "blobs" / sha256[:2] / sha256[2:]


async def test_bytes_are_kept_under_their_hash_once(blobs: FileBlobStore, tmp_path: Path) -> None:
    content = os.urandom(100_000)
    sha256 = await blobs.put(content)
    assert sha256 == hashlib.sha256(content).hexdigest()
    written = where(tmp_path, sha256).stat()
    assert await blobs.put(content) == sha256
    assert where(tmp_path, sha256).stat().st_ino == written.st_ino
    assert written.st_mode & 0o077 == 0
    assert await blobs.get(sha256) == content
    empty = await blobs.put(b"")
    assert [found async for found in blobs.hashes()] == sorted([sha256, empty])


async def test_every_flipped_byte_is_noticed_and_putting_the_bytes_again_mends_it(
    blobs: FileBlobStore, tmp_path: Path
) -> None:
    content = os.urandom(100)
    sha256 = await blobs.put(content)
    path = where(tmp_path, sha256)
    for place in range(100):
        damaged = bytearray(content)
        damaged[place] ^= 1
        path.write_bytes(damaged)
        with pytest.raises(BlobDamaged):
            await blobs.get(sha256)
    await blobs.put(content)
    assert await blobs.get(sha256) == content


async def test_a_removed_blob_is_gone_and_can_be_removed_again(blobs: FileBlobStore) -> None:
    sha256 = await blobs.put(b"tea")
    await blobs.remove(sha256)
    await blobs.remove(sha256)
    assert [found async for found in blobs.hashes()] == []
    with pytest.raises(BlobDamaged):
        await blobs.get(sha256)


@pytest.mark.parametrize(
    "name", ["", "..", "../../etc/passwd", "A" * 64, "a" * 63, "a" * 65, "a" * 62 + "/a", "a" * 64 + "\n"]
)
async def test_a_name_that_is_not_a_hash_reaches_no_file(blobs: FileBlobStore, name: str) -> None:
    with pytest.raises(BlobDamaged):
        await blobs.get(name)
    with pytest.raises(BlobDamaged):
        await blobs.remove(name)


async def test_a_file_in_the_way_means_that_nothing_can_be_saved(tmp_path: Path) -> None:
    (tmp_path / "blobs").write_text("in the way")
    with pytest.raises(StorageReadOnly):
        await FileBlobStore(tmp_path / "blobs").put(b"tea")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can mount a small disk")
async def test_a_full_disk_is_named_and_leaves_no_half_written_file(tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", disk], check=False, capture_output=True
    )
    if mounted.returncode != 0:
        pytest.skip("this system mounts no small disk")
    try:
        store = FileBlobStore(disk / "blobs")
        kept = await store.put(b"small")
        with pytest.raises(StorageReadOnly, match="the disk is full") as raised:
            await store.put(os.urandom(1_000_000))
        assert isinstance(raised.value.__cause__, OSError)
        assert raised.value.__cause__.errno == errno.ENOSPC
        assert [found async for found in store.hashes()] == [kept]
        assert sum(1 for path in disk.rglob("*") if path.is_file()) == 1
        await store.put(b"still small")
        subprocess.run(["mount", "-o", "remount,ro", disk], check=True)
        with pytest.raises(StorageReadOnly, match="read-only"):
            await store.put(b"new")
        assert await store.get(kept) == b"small"
    finally:
        subprocess.run(["umount", disk], check=True)
