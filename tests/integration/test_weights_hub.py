"""Downloads against a hub on loopback: cut lines, wrong bytes, redirects; what is kept is what was meant."""

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from tests.support.gguf_files import write_model
from tests.support.hub import StandInHub, run_hub

from samovar.domain.errors import (
    ChecksumMismatch,
    Conflict,
    DownloadFailed,
    DownloadsOff,
    InvalidParameter,
    ModelFileInvalid,
    SamovarError,
    SettingsInvalid,
)
from samovar.settings import DownloadsSettings
from samovar.weights.downloads import Download, Downloads
from samovar.weights.folder import ModelFile, ModelFolder
from samovar.weights.gguf import part_names
from samovar.weights.hub import Hub, read_hub_file

FIELDS = {"block_count": 4, "embedding_length": 512, "attention.head_count": 8}
TENSORS = {f"blk.{layer}.attn_q.weight": (512, 4096) for layer in range(4)}
REPO, FILE = "tea/samovar-gguf", "samovar-Q8_0.gguf"
KEY = f"{REPO}/{FILE}"


@pytest.fixture(scope="module")
def content(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A model of some megabytes, without two equal stretches."""
    path = write_model(tmp_path_factory.mktemp("source") / "m.gguf", fields=FIELDS, tensors=TENSORS)
    head = path.read_bytes()[:20_000]
    return head + random.Random(1).randbytes(path.stat().st_size - len(head))


@pytest.fixture
def folder(tmp_path: Path) -> ModelFolder:
    return ModelFolder(tmp_path / "models")


@pytest.fixture
async def stand_in(content: bytes) -> AsyncIterator[StandInHub]:
    async with run_hub() as hub:
        hub.files[KEY] = content
        yield hub


@asynccontextmanager
async def open_hub(stand_in: StandInHub, folder: ModelFolder, **changes: Any) -> AsyncIterator[Hub]:
    fields: dict[str, Any] = {"enabled": True, "hub_url": stand_in.url, "hosts": ()}
    timeout_s = changes.pop("idle_timeout_s", 10.0)
    hub = Hub(DownloadsSettings(**{**fields, **changes}), folder, pause_s=0.01, idle_timeout_s=timeout_s)
    try:
        yield hub
    finally:
        await hub.close()


async def fetch(stand_in: StandInHub, folder: ModelFolder, *, sha256: str | None = None, **changes: Any) -> ModelFile:
    async with open_hub(stand_in, folder, **changes) as hub:
        return await hub.download(read_hub_file(REPO, FILE), sha256=sha256)


def left_behind(folder: ModelFolder) -> list[str]:
    place = folder.path("x.gguf").parent
    return sorted(path.name for path in place.iterdir()) if place.is_dir() else []


async def test_off_means_that_nobody_is_asked(stand_in: StandInHub, folder: ModelFolder) -> None:
    with pytest.raises(DownloadsOff):
        await fetch(stand_in, folder, enabled=False)
    async with open_hub(stand_in, folder, enabled=False, hub_url="https://hub.example.org") as hub:
        assert hub.outside_hosts == ()
    assert stand_in.requests == []
    assert left_behind(folder) == []


async def test_a_file_comes_whole_and_with_its_record(stand_in: StandInHub, folder: ModelFolder) -> None:
    told: list[tuple[int, int | None]] = []
    async with open_hub(stand_in, folder) as hub:
        kept = await hub.download(read_hub_file(REPO, FILE), on_progress=lambda came, size: told.append((came, size)))
    assert kept.path.read_bytes() == stand_in.files[KEY]
    assert kept.record is not None
    assert kept.record.sha256 == (stand_in.sha256(KEY),)
    assert (kept.record.origin, kept.record.repo, kept.record.file) == ("download", REPO, FILE)
    size = len(stand_in.files[KEY])
    assert told[-1] == (size, size)
    assert left_behind(folder) == [FILE, f"{FILE}.json"]


async def test_a_file_in_a_folder_of_the_hub_gets_a_plain_name(stand_in: StandInHub, folder: ModelFolder) -> None:
    stand_in.files[f"{REPO}/Q8/{FILE}"] = stand_in.files[KEY]
    async with open_hub(stand_in, folder) as hub:
        assert (await hub.download(read_hub_file(REPO, f"Q8/{FILE}"))).name == FILE


async def test_the_store_is_followed_once_if_the_settings_name_it(stand_in: StandInHub, folder: ModelFolder) -> None:
    async with run_hub() as store:
        store.files, store.tells = stand_in.files, "nothing"
        stand_in.store = store.url
        kept = await fetch(stand_in, folder, hosts=(store.host,))
        assert kept.path.read_bytes() == stand_in.files[KEY]
        assert [path for path, _ in store.requests] == [f"/store/{KEY}"]


async def test_a_store_that_the_settings_do_not_name_is_never_asked(stand_in: StandInHub, folder: ModelFolder) -> None:
    async with run_hub() as store:
        store.files, stand_in.store = stand_in.files, store.url
        with pytest.raises(DownloadFailed, match="not a configured server"):
            await fetch(stand_in, folder)
        assert store.requests == []


@pytest.mark.parametrize(
    "store", ["file:///etc/passwd", "ftp://127.0.0.1", "http://user:secret@127.0.0.1", "http:///x"]
)
async def test_addresses_of_another_kind_are_not_followed(
    stand_in: StandInHub, folder: ModelFolder, store: str
) -> None:
    stand_in.store = store
    with pytest.raises(DownloadFailed):
        await fetch(stand_in, folder, hosts=("127.0.0.1",))


async def test_a_store_that_sends_on_again_is_refused(stand_in: StandInHub, folder: ModelFolder) -> None:
    stand_in.store, stand_in.hops = stand_in.url, 1
    with pytest.raises(DownloadFailed, match="302"):
        await fetch(stand_in, folder)


def starts(stand_in: StandInHub) -> list[int]:
    """Where each request wants to begin."""
    return [int(wanted.removeprefix("bytes=")[:-1]) if wanted else 0 for _, wanted in stand_in.requests]


async def test_a_line_that_is_cut_goes_on_where_it_stopped(stand_in: StandInHub, folder: ModelFolder) -> None:
    stand_in.cuts = [4_000_000, 0, 2_000_000, 1_500_000]
    kept = await fetch(stand_in, folder)
    assert kept.path.read_bytes() == stand_in.files[KEY]
    found = starts(stand_in)
    # What was on its way when the line was cut is lost: half a megabyte at most.
    assert len(found) == 5
    assert found == sorted(found)
    assert 3_400_000 <= found[1] == found[2] <= 4_000_000
    assert found[-1] <= 7_500_000


async def test_a_later_download_goes_on_where_an_earlier_one_gave_up(stand_in: StandInHub, folder: ModelFolder) -> None:
    stand_in.cuts = [4_000_000, 0, 0, 0, 0, 0, 0, 0]
    with pytest.raises(DownloadFailed):
        await fetch(stand_in, folder)
    assert left_behind(folder) == [f".{FILE}.part", f".{FILE}.part.json"]
    came = folder.draft_path(FILE).stat().st_size
    stand_in.cuts.clear()
    stand_in.requests.clear()
    await fetch(stand_in, folder)
    assert starts(stand_in) == [came]
    assert came >= 3_400_000
    assert left_behind(folder) == [FILE, f"{FILE}.json"]


async def test_a_part_of_another_file_is_thrown_away(stand_in: StandInHub, folder: ModelFolder, tmp_path: Path) -> None:
    stand_in.cuts = [4_000_000, 0, 0, 0, 0, 0]
    with pytest.raises(DownloadFailed):
        await fetch(stand_in, folder)
    stand_in.cuts.clear()
    stand_in.files[KEY] = stand_in.files[KEY][:-1000] + bytes(1000)
    kept = await fetch(stand_in, folder)
    assert kept.path.read_bytes() == stand_in.files[KEY]


async def test_a_whole_part_whose_end_was_missed_is_not_fetched_again(
    stand_in: StandInHub, folder: ModelFolder
) -> None:
    stand_in.cuts = [4_000_000, 0, 0, 0, 0, 0]
    with pytest.raises(DownloadFailed):
        await fetch(stand_in, folder)
    stand_in.cuts.clear()
    folder.draft_path(FILE).write_bytes(stand_in.files[KEY])
    stand_in.requests.clear()
    kept = await fetch(stand_in, folder)
    assert kept.path.read_bytes() == stand_in.files[KEY]
    assert starts(stand_in) == [len(stand_in.files[KEY])]


async def test_a_hub_that_knows_no_ranges_sends_all_of_it_again(stand_in: StandInHub, folder: ModelFolder) -> None:
    stand_in.ignores_ranges, stand_in.cuts = True, [4_000_000]
    kept = await fetch(stand_in, folder)
    assert kept.path.read_bytes() == stand_in.files[KEY]


async def test_wrong_bytes_are_noticed_and_thrown_away(stand_in: StandInHub, folder: ModelFolder) -> None:
    stand_in.instead = stand_in.files[KEY][:-1] + b"?"
    with pytest.raises(ChecksumMismatch):
        await fetch(stand_in, folder)
    assert not any(name.endswith((".gguf", ".part")) for name in left_behind(folder))


async def test_a_checksum_of_ones_own_counts_more_than_the_hubs(stand_in: StandInHub, folder: ModelFolder) -> None:
    with pytest.raises(ChecksumMismatch) as caught:
        await fetch(stand_in, folder, sha256="0" * 64)
    assert stand_in.sha256(KEY) in caught.value.message
    stand_in.tells = "nothing"
    with pytest.raises(ChecksumMismatch):
        await fetch(stand_in, folder, sha256="0" * 64)
    await fetch(stand_in, folder, sha256=stand_in.sha256(KEY))


async def test_the_pointer_tells_the_checksum_where_the_reply_does_not(
    stand_in: StandInHub, folder: ModelFolder
) -> None:
    stand_in.tells = "pointer"
    kept = await fetch(stand_in, folder)
    assert kept.record is not None
    assert kept.record.sha256 == (stand_in.sha256(KEY),)


async def test_without_any_checksum_nothing_is_kept(stand_in: StandInHub, folder: ModelFolder) -> None:
    stand_in.tells = "nothing"
    with pytest.raises(DownloadFailed, match="SHA-256"):
        await fetch(stand_in, folder)
    assert FILE not in left_behind(folder)


async def test_a_file_above_the_limit_is_refused_before_it_comes(stand_in: StandInHub, folder: ModelFolder) -> None:
    stand_in.store, stand_in.told_size = stand_in.url, 10
    await fetch(stand_in, folder)
    folder.remove(FILE)
    settings = DownloadsSettings(enabled=True, hub_url=stand_in.url, hosts=(), most_gb=1)
    hub = Hub(settings.model_copy(update={"most_gb": 0}), folder)
    try:
        with pytest.raises(DownloadFailed, match="most_gb"):
            await hub.download(read_hub_file(REPO, FILE))
    finally:
        await hub.close()


async def test_a_whole_file_that_is_no_model_is_not_kept(stand_in: StandInHub, folder: ModelFolder) -> None:
    stand_in.files[KEY] = b"<html>" * 1000
    with pytest.raises(ModelFileInvalid):
        await fetch(stand_in, folder)
    assert FILE not in left_behind(folder)


@pytest.mark.parametrize(("status", "reason"), [(401, "gated"), (403, "gated"), (418, "418")])
async def test_a_refusal_is_told_at_once(stand_in: StandInHub, folder: ModelFolder, status: int, reason: str) -> None:
    stand_in.refusals = [status]
    with pytest.raises(DownloadFailed, match=reason):
        await fetch(stand_in, folder)
    assert len(stand_in.requests) == 1


async def test_what_the_hub_does_not_have_is_told_as_that(stand_in: StandInHub, folder: ModelFolder) -> None:
    stand_in.files.clear()
    with pytest.raises(DownloadFailed, match="does not have it"):
        await fetch(stand_in, folder)


async def test_a_busy_hub_is_asked_again(stand_in: StandInHub, folder: ModelFolder) -> None:
    stand_in.refusals = [503, 429, 500]
    await fetch(stand_in, folder)
    stand_in.refusals = [503] * 20
    folder.remove(FILE)
    with pytest.raises(DownloadFailed, match="503"):
        await fetch(stand_in, folder)


async def test_a_hub_that_falls_silent_is_left(stand_in: StandInHub, folder: ModelFolder) -> None:
    stand_in.silent_after = 0
    with pytest.raises(DownloadFailed, match="silent"):
        await fetch(stand_in, folder, idle_timeout_s=0.2)


async def test_a_hub_that_is_not_there_is_told_as_that(folder: ModelFolder) -> None:
    async with run_hub() as gone:
        pass
    with pytest.raises(DownloadFailed, match="cannot be reached"):
        await fetch(gone, folder)


async def test_a_name_that_is_taken_is_not_fetched(stand_in: StandInHub, folder: ModelFolder) -> None:
    await fetch(stand_in, folder)
    stand_in.requests.clear()
    with pytest.raises(Conflict):
        await fetch(stand_in, folder)
    assert stand_in.requests == []


async def test_one_file_is_fetched_by_one_process_at_a_time(stand_in: StandInHub, folder: ModelFolder) -> None:
    stand_in.silent_after = 100_000
    async with open_hub(stand_in, folder) as hub:
        first = asyncio.create_task(hub.download(read_hub_file(REPO, FILE)))
        while not stand_in.requests:
            await asyncio.sleep(0.01)
        with pytest.raises(Conflict, match="already"):
            await fetch(stand_in, folder)
        first.cancel()
        await asyncio.wait({first})
    stand_in.silent_after = None
    await fetch(stand_in, folder)


async def test_all_parts_of_a_model_are_fetched(stand_in: StandInHub, folder: ModelFolder, tmp_path: Path) -> None:
    names = part_names("big-00001-of-00002.gguf")
    for number, name in enumerate(names):
        split = {"split.count": 2, "split.no": number}
        tensors = {f"blk.{number}.attn_q.weight": (512, 4096)}
        path = write_model(tmp_path / name, fields=FIELDS, tensors=tensors, general=split)
        stand_in.files[f"{REPO}/Q8/{name}"] = path.read_bytes()
    stand_in.cuts = [1_000_000]
    async with open_hub(stand_in, folder) as hub:
        kept = await hub.download(read_hub_file(REPO, f"Q8/{names[0]}"))
        with pytest.raises(InvalidParameter):
            await hub.download(read_hub_file(REPO, f"Q8/{names[0]}"), sha256="0" * 64)
    assert kept.header is not None
    assert kept.header.parts == 2
    assert kept.record is not None
    assert kept.record.sha256 == tuple(stand_in.sha256(f"{REPO}/Q8/{name}") for name in names)


@pytest.mark.parametrize(
    "address", ["", "hub", "ftp://hub", "https://hub/path", "https://me@hub", "https://hub?x=1", "https://", "http://["]
)
def test_the_address_of_the_hub_is_checked(folder: ModelFolder, address: str) -> None:
    with pytest.raises(SettingsInvalid, match="hub_url"):
        Hub(DownloadsSettings(enabled=True, hub_url=address), folder)


def test_what_a_download_may_reach_is_told(folder: ModelFolder) -> None:
    hub = Hub(DownloadsSettings(enabled=True, hosts=("store.example.org",)), folder)
    assert hub.outside_hosts == ("huggingface.co", "store.example.org")


async def settled(downloads: Downloads) -> Download:
    """The last download, once it no longer runs."""
    async with asyncio.timeout(30):
        while downloads.list()[-1].status == "running":
            await asyncio.sleep(0.01)
    return downloads.list()[-1]


async def test_a_download_goes_on_by_itself_and_tells_how_far_it_is(stand_in: StandInHub, folder: ModelFolder) -> None:
    async with open_hub(stand_in, folder) as hub:
        downloads = Downloads(hub, folder)
        begun = await downloads.start(read_hub_file(REPO, FILE))
        assert (begun.name, begun.status) == (FILE, "running")
        done = await settled(downloads)
        size = len(stand_in.files[KEY])
        assert (done.status, done.received_bytes, done.size_bytes, done.error) == ("done", size, size, None)
        with pytest.raises(Conflict):
            await downloads.start(read_hub_file(REPO, FILE))
        await downloads.close()


async def test_a_download_that_fails_says_why_and_can_be_asked_for_again(
    stand_in: StandInHub, folder: ModelFolder
) -> None:
    async with open_hub(stand_in, folder) as hub:
        downloads = Downloads(hub, folder)
        stand_in.refusals = [404]
        await downloads.start(read_hub_file(REPO, FILE))
        failed = await settled(downloads)
        assert isinstance(failed.error, SamovarError)
        assert (failed.status, failed.error.code) == ("failed", "download_failed")
        await downloads.start(read_hub_file(REPO, FILE))
        assert (await settled(downloads)).status == "done"
        assert len(downloads.list()) == 1
        await downloads.close()


async def test_a_download_can_be_stopped_and_leaves_nothing(stand_in: StandInHub, folder: ModelFolder) -> None:
    stand_in.silent_after = 100_000
    async with open_hub(stand_in, folder) as hub:
        downloads = Downloads(hub, folder)
        await downloads.start(read_hub_file(REPO, FILE))
        while f".{FILE}.part" not in left_behind(folder):
            await asyncio.sleep(0.01)
        with pytest.raises(Conflict, match="being downloaded"):
            await downloads.start(read_hub_file(REPO, "other.gguf"))
        assert await downloads.stop(FILE)
        assert not await downloads.stop(FILE)
        assert left_behind(folder) == []
        assert downloads.list() == ()
        await downloads.close()


async def test_the_end_of_the_server_keeps_what_has_come(stand_in: StandInHub, folder: ModelFolder) -> None:
    stand_in.silent_after = 300_000
    async with open_hub(stand_in, folder) as hub:
        downloads = Downloads(hub, folder)
        await downloads.start(read_hub_file(REPO, FILE))
        while not downloads.list()[-1].size_bytes:
            await asyncio.sleep(0.01)
        await downloads.close()
    assert f".{FILE}.part" in left_behind(folder)
