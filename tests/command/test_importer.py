"""The process in which ``samovar serve`` has imports read comes when it is needed, and never outlives its server."""

import asyncio
import json
import signal
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil
import psycopg
import pytest
from tests.support import papers
from tests.support.application import Client
from tests.support.process import ServeProcess, clean_environment, run_command, serve

from samovar.storage.cluster import Cluster

PATIENCE_S = 90.0
ENVIRONMENT = {"SAMOVAR_OCR_ENABLED": "false"}


async def sign_in(server: ServeProcess) -> Client:
    client = Client(server.address)
    status, _ = await client.send("POST", "/api/session", {"token": server.link.partition("token=")[2]})
    assert status == 204
    return client


async def new_base(client: Client) -> str:
    status, base = await client.send("POST", "/api/bases", {"name": "Papers"})
    assert status == 201
    return str(base["id"])


async def put(client: Client, base_id: str, name: str, content: bytes) -> None:
    address = f"/api/bases/{base_id}/documents"
    async with client.session.post(address, params={"name": name}, data=content) as reply:
        assert reply.status == 202


async def until_read(client: Client, base_id: str) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while True:
            status, base = await client.send("GET", f"/api/bases/{base_id}")
            assert status == 200
            if base["documents"]["reading"] == 0:
                return
            await asyncio.sleep(0.1)


def importers(server: ServeProcess) -> list[psutil.Process]:
    found = []
    for child in psutil.Process(server.process.pid).children():
        with suppress(psutil.NoSuchProcess):
            if "--under-server" in child.cmdline() and child.status() != psutil.STATUS_ZOMBIE:
                found.append(child)
    return found


async def until(is_so: Callable[[], Any]) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while not is_so():
            await asyncio.sleep(0.05)


def is_alive(process: psutil.Process) -> bool:
    with suppress(psutil.NoSuchProcess):
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    return False


async def ready_count(server: ServeProcess) -> float:
    client = Client(server.address)
    async with client.session.get("/metrics") as reply:
        lines = (await reply.text()).splitlines()
    await client.close()
    prefix = 'samovar_documents_total{status="ready"} '
    return next((float(line.removeprefix(prefix)) for line in lines if line.startswith(prefix)), 0.0)


async def test_an_import_is_read_apart_at_low_priority_and_a_file_of_a_chat_is_not(place: Path) -> None:
    with serve(place, "--no-engine", environment=ENVIRONMENT) as server:
        client = await sign_in(server)
        chat_id = await client.new_chat()
        status, _ = await client.upload(chat_id, "note.txt", b"Tea at five.")
        assert status in (201, 202)
        assert importers(server) == []
        _, health = await client.send("GET", "/health")
        assert health["imports"] == "off"

        base_id = await new_base(client)
        await put(client, base_id, "long.pdf", papers.long_pdf(160))
        await until(lambda: importers(server) and importers(server)[0].children())
        [importer] = importers(server)
        processes = [importer, *importer.children(recursive=True)]
        assert {process.nice() for process in processes} == {19}
        await until_read(client, base_id)
        assert psutil.Process(server.process.pid).nice() < 19
        # One backend or more has worked for the importer; those of the server keep their priority.
        backends = await backends_of(place)
        assert 19 in backends
        assert min(backends) < 19

        _, health = await client.send("GET", "/health")
        assert health["imports"] == "running"
        async with asyncio.timeout(PATIENCE_S):
            while await ready_count(server) < 2:
                await asyncio.sleep(0.1)
        assert await ready_count(server) == 2
        await client.close()
        server.stop()
        assert not any(is_alive(process) for process in processes)


async def backends_of(data_dir: Path) -> list[int]:
    """The nice values of the processes of PostgreSQL that serve somebody."""
    address = Cluster(data_dir).address
    url = f"postgresql://{address.user}:{address.password}@/{address.database}?host={address.socket_folder}"
    async with await psycopg.AsyncConnection.connect(url) as connection:
        rows = await (
            await connection.execute("SELECT pid FROM pg_stat_activity WHERE application_name = 'samovar'")
        ).fetchall()
    return [psutil.Process(pid).nice() for (pid,) in rows]


async def test_the_reader_of_imports_ends_with_a_server_that_is_killed(place: Path) -> None:
    with serve(place, "--no-engine", environment=ENVIRONMENT) as server:
        client = await sign_in(server)
        base_id = await new_base(client)
        await put(client, base_id, "long.pdf", papers.long_pdf(160))
        await until(lambda: importers(server) and importers(server)[0].children())
        [importer] = importers(server)
        processes = [importer, *importer.children(recursive=True)]
        await client.close()
        server.kill()
        await until(lambda: not any(is_alive(process) for process in processes))


async def test_a_server_without_readers_starts_none(place: Path) -> None:
    with serve(place, "--no-engine", environment={**ENVIRONMENT, "SAMOVAR_INGEST_WORKERS": "0"}) as server:
        client = await sign_in(server)
        base_id = await new_base(client)
        await put(client, base_id, "note.txt", b"Tea at five.")
        _, health = await client.send("GET", "/health")
        assert health["imports"] is None
        assert importers(server) == []
        await client.close()
        doctor = run_command("doctor", "--json", "--data-dir", str(place), environment=ENVIRONMENT)
        parts = {part["name"]: part for part in json.loads(doctor.stdout)["parts"]}
        assert parts["imports"]["state"] == "warning"

        command = [sys.executable, "-m", "samovar", "worker", "--imports-only", "--data-dir", str(place)]
        worker = subprocess.Popen(command, env=clean_environment(ENVIRONMENT), stdout=subprocess.DEVNULL)
        try:
            client = await sign_in_again(server, place)
            await until_read(client, base_id)
            await client.close()
        finally:
            worker.send_signal(signal.SIGTERM)
            assert worker.wait(PATIENCE_S) == 0


async def sign_in_again(server: ServeProcess, place: Path) -> Client:
    """A link works once; the command makes another."""
    link = run_command("link", "--data-dir", str(place)).stdout
    client = Client(server.address)
    status, _ = await client.send("POST", "/api/session", {"token": link.strip().partition("token=")[2]})
    assert status == 204
    return client


@pytest.mark.parametrize("orders", [b"", b"{}\n", b"tea\n", b'{"settings": 1, "imports": 1, "verbose": false}\n'])
def test_the_option_of_the_server_is_refused_to_others(orders: bytes) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "samovar", "worker", "--under-server"],
        input=orders,
        env=clean_environment(),
        capture_output=True,
        timeout=PATIENCE_S,
        check=False,
    )
    assert done.returncode == 1
    assert b"Traceback" not in done.stderr
