"""kill -9 in the middle of reading, twenty times: what is read in the end is what a clean run reads (F2)."""

import asyncio
import io
import os
import random
import signal
import subprocess
import sys
import time
import zipfile
from contextlib import suppress
from pathlib import Path
from typing import Any

import aiohttp
import psutil
import psycopg
import pytest
from tests.support import papers
from tests.support.application import Client
from tests.support.database import temporary_folder
from tests.support.process import clean_environment, run_command, serve

from samovar.storage import keeper
from samovar.storage.chunks import text_of_chunk
from samovar.storage.embedded import EmbeddedServer

KILLS = 20
PATIENCE_S = 300.0
#: OCR of the same page takes seconds; that its pages are not read twice is held by tests of the pipeline.
ENVIRONMENT = {"SAMOVAR_OCR_ENABLED": "false"}

_PAGES = (
    "SELECT path, number, pages.status, reason, text, blocks::text, links::text"
    " FROM pages JOIN documents d USING (document_id)"
)
_CHUNKS = (
    f'SELECT path, page, start, "end", {text_of_chunk("chunks")}, headings, weights::text'
    " FROM chunks JOIN documents d USING (document_id)"
)
_FIGURES = "SELECT path, page, number, figures.sha256, width, height FROM figures JOIN documents d USING (document_id)"
_DOCUMENTS = (
    "SELECT path, kind, d.status, stage, error_code, page_count, pages_read, chunk_count, title FROM documents d"
)


def make_papers(folder: Path) -> None:
    """Digital, scanned, damaged and packed papers; the long one is long enough to be killed in."""
    folder.mkdir()
    (folder / "manual.pdf").write_bytes(papers.english_pdf())
    (folder / "порядок.pdf").write_bytes(papers.russian_pdf())
    (folder / "scan.pdf").write_bytes(papers.scan_pdf())
    (folder / "mixed.pdf").write_bytes(papers.mixed_pdf())
    (folder / "damaged.pdf").write_bytes(papers.damaged_page_pdf())
    (folder / "locked.pdf").write_bytes(papers.encrypted_pdf())
    (folder / "circle.png").write_bytes(papers.red_circle_png())
    (folder / "long.pdf").write_bytes(papers.long_pdf(160))
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as box:
        box.writestr("deep/manual.pdf", papers.english_pdf())
        box.writestr("note.txt", "Tea at five. " * 400)
        box.writestr("long.pdf", papers.long_pdf(60))
        box.writestr("odd.bin", b"\x00\x01\x02")
    (folder / "box.zip").write_bytes(packed.getvalue())


async def made(data_dir: Path) -> dict[str, list[tuple[Any, ...]]]:
    """Everything that reading has made, without random names."""
    server = EmbeddedServer(data_dir)
    await asyncio.to_thread(server.join)
    address = server.address
    url = f"postgresql://{address.user}:{address.password}@/{address.database}?host={address.socket_folder}"
    found: dict[str, list[tuple[Any, ...]]] = {}
    try:
        async with await psycopg.AsyncConnection.connect(url) as connection:
            for name, query in {
                "pages": _PAGES,
                "chunks": _CHUNKS,
                "figures": _FIGURES,
                "documents": _DOCUMENTS,
            }.items():
                rows = await (await connection.execute(query.encode())).fetchall()
                found[name] = sorted(rows, key=repr)
    finally:
        await asyncio.to_thread(server.leave)
    return found


def assert_equal(found: dict[str, list[tuple[Any, ...]]], expected: dict[str, list[tuple[Any, ...]]]) -> None:
    for name, rows in expected.items():
        assert len(found[name]) == len(rows), name
        for row, other in zip(found[name], rows, strict=True):
            assert row == other, name


@pytest.fixture(scope="module")
def paper_files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("crash") / "papers"
    make_papers(folder)
    return folder


@pytest.fixture(scope="module")
async def clean_run(paper_files: Path) -> dict[str, list[tuple[Any, ...]]]:
    """What one undisturbed run makes of the papers."""
    with temporary_folder() as folder:
        done = run_command(
            "ingest", str(paper_files), "--base", "Papers", "--data-dir", str(folder), environment=ENVIRONMENT
        )
        assert "damaged" in done.stdout
        found = await made(folder)
    assert len(found["chunks"]) > 220
    assert {row[2] for row in found["documents"]} == {"ready", "failed"}
    return found


async def upload_all(client: Client, folder: Path) -> str:
    status, base = await client.send("POST", "/api/bases", {"name": "Papers"})
    assert status == 201
    for file in sorted(folder.iterdir()):
        async with client.session.post(
            f"/api/bases/{base['id']}/documents", params={"name": file.name, "path": file.name}, data=file.read_bytes()
        ) as reply:
            assert reply.status == 202
    return str(base["id"])


async def sign_in(address: str, link: str) -> Client:
    client = Client(address)
    status, _ = await client.send("POST", "/api/session", {"token": link.partition("token=")[2]})
    assert status == 204
    return client


async def until_read(client: Client, base_id: str) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while True:
            status, base = await client.send("GET", f"/api/bases/{base_id}")
            if status == 503:
                # The database was killed: whoever asks is told to come again.
                await asyncio.sleep(0.1)
                continue
            assert status == 200
            if base["documents"]["reading"] == 0 and await parts_are_read(client, base_id):
                return
            await asyncio.sleep(0.1)


async def parts_are_read(client: Client, base_id: str) -> bool:
    status, listed = await client.send("GET", f"/api/bases/{base_id}/documents?status=reading")
    return status == 200 and not listed["documents"]


async def test_a_server_killed_twenty_times_while_it_reads_ends_with_what_a_clean_run_makes(
    place: Path, paper_files: Path, clean_run: dict[str, list[tuple[Any, ...]]]
) -> None:
    dice = random.Random(7680)
    base_id = ""
    for turn in range(KILLS):
        with serve(place, "--no-engine", environment=ENVIRONMENT) as server:
            if turn == 0:
                client = await sign_in(server.address, server.link)
                base_id = await upload_all(client, paper_files)
                await client.close()
            # The process that reads imports takes a second or two to begin.
            await asyncio.sleep(dice.uniform(0.0, 4.0))
            server.kill()
    with serve(place, "--no-engine", environment=ENVIRONMENT) as server:
        client = await sign_in(server.address, server.link)
        await until_read(client, base_id)
        await client.close()
    assert_equal(await made(place), clean_run)


async def test_workers_killed_twenty_times_are_replaced_within_seconds_and_nothing_is_read_twice(
    place: Path, paper_files: Path, clean_run: dict[str, list[tuple[Any, ...]]]
) -> None:
    dice = random.Random(15)
    command = [sys.executable, "-m", "samovar", "worker", "--data-dir", str(place)]
    with serve(place, "--no-engine", environment={**ENVIRONMENT, "SAMOVAR_INGEST_WORKERS": "0"}) as server:
        client = await sign_in(server.address, server.link)
        base_id = await upload_all(client, paper_files)

        def start() -> subprocess.Popen[bytes]:
            environment = clean_environment(ENVIRONMENT)
            return subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

        workers = [start(), start()]
        try:
            for turn in range(KILLS):
                await asyncio.sleep(dice.uniform(0.2, 1.6))
                workers[turn % 2].kill()
                workers[turn % 2].wait()
                workers[turn % 2] = start()
            await until_read(client, base_id)
            reread_at = time.monotonic()
            status, listed = await client.send("GET", f"/api/bases/{base_id}/documents?name=manual")
            assert status == 200
            document_id = next(one["id"] for one in listed["documents"] if one["path"] == "manual.pdf")
            status, _ = await client.send("POST", f"/api/documents/{document_id}/reread")
            assert status == 202
            await until_read(client, base_id)
            assert time.monotonic() - reread_at < PATIENCE_S
        finally:
            for worker in workers:
                worker.kill()
                worker.wait()
        await client.close()
    assert_equal(await made(place), clean_run)


# A process of the lowest priority begins late where others want the processors too, and here it begins twenty times.
@pytest.mark.timeout(1200)
async def test_the_servers_own_reader_of_imports_killed_twenty_times_ends_with_what_a_clean_run_makes(
    place: Path, paper_files: Path, clean_run: dict[str, list[tuple[Any, ...]]]
) -> None:
    dice = random.Random(18)
    with serve(place, "--no-engine", environment=ENVIRONMENT) as server:
        client = await sign_in(server.address, server.link)
        base_id = await upload_all(client, paper_files)
        for _ in range(KILLS):
            importer = await importer_at_work(client, base_id, server.process.pid)
            await asyncio.sleep(dice.uniform(0.0, 1.5))
            importer.kill()
            await asyncio.to_thread(importer.wait)
        await until_read(client, base_id)
        await client.close()
    assert_equal(await made(place), clean_run)


async def importer_at_work(client: Client, base_id: str, server_pid: int) -> psutil.Process:
    """The server's reader of imports, once it has ended a document; where none is left, some are read anew."""
    at_first: tuple[int, int] | None = None
    async with asyncio.timeout(PATIENCE_S):
        while True:
            status, base = await client.send("GET", f"/api/bases/{base_id}")
            assert status == 200
            left = base["documents"]["reading"]
            if left == 0:
                await read_anew(client, base_id)
                at_first = None
            elif found := importers(server_pid):
                if at_first is None or at_first[0] != found[0].pid or left > at_first[1]:
                    at_first = (found[0].pid, left)
                elif left < at_first[1]:
                    return found[0]
            await asyncio.sleep(0.02)


async def read_anew(client: Client, base_id: str) -> None:
    _, listed = await client.send("GET", f"/api/bases/{base_id}/documents?limit=100")
    for document in listed["documents"]:
        if document["path"] in ("manual.pdf", "порядок.pdf", "mixed.pdf", "long.pdf"):
            status, _ = await client.send("POST", f"/api/documents/{document['id']}/reread")
            assert status in (202, 409)


def importers(server_pid: int) -> list[psutil.Process]:
    """The processes that a server has started to read imports; at most one lives at a time."""
    found = []
    for child in psutil.Process(server_pid).children():
        with suppress(psutil.NoSuchProcess):
            if "--under-server" in child.cmdline() and child.status() != psutil.STATUS_ZOMBIE:
                found.append(child)
    assert len(found) <= 1
    return found


async def test_the_database_killed_while_documents_are_read_loses_nothing(
    place: Path, paper_files: Path, clean_run: dict[str, list[tuple[Any, ...]]]
) -> None:
    dice = random.Random(16)
    with serve(place, "--no-engine", environment=ENVIRONMENT) as server:
        client = await sign_in(server.address, server.link)
        base_id = await upload_all(client, paper_files)
        for _ in range(3):
            await asyncio.sleep(dice.uniform(0.3, 1.5))
            postmaster = keeper.read_postmaster(place / "postgres")
            assert postmaster is not None
            os.kill(postmaster[0], signal.SIGKILL)
            async with asyncio.timeout(PATIENCE_S):
                while not await is_ready(server.address):
                    await asyncio.sleep(0.1)
        await until_read(client, base_id)
        await client.close()
    assert_equal(await made(place), clean_run)


async def is_ready(address: str) -> bool:
    async with aiohttp.ClientSession() as session, session.get(f"{address}/ready") as reply:
        return reply.status == 200
