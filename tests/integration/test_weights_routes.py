"""The routes of model files: catalogue, machine, fit, files and downloads, over a whole Samovar."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from tests.support.application import Running, run_application
from tests.support.gguf_files import write_model
from tests.support.hub import StandInHub, run_hub

from samovar.engine.models import find_default_model
from samovar.settings import BackendsSettings, DownloadsSettings, EngineSettings, Settings
from samovar.weights.folder import models_in

GB = 1_000_000_000
FIELDS = {
    "block_count": 2,
    "embedding_length": 64,
    "attention.head_count": 4,
    "feed_forward_length": 96,
    "context_length": 4096,
}
TENSORS = {"blk.0.attn_q.weight": (64, 64), "blk.1.attn_q.weight": (64, 64)}
FIT_NAMES = [
    "weights_bytes", "kv_bytes", "overhead_bytes", "total_bytes", "memory_bytes", "fits", "max_context", "gpu_layers",
    "advice",
]  # fmt: skip
REPO, FILE = "tea/samovar-gguf", "samovar.gguf"


@pytest.fixture
async def stand_in(tmp_path: Path) -> AsyncIterator[StandInHub]:
    async with run_hub() as hub:
        path = write_model(tmp_path / FILE, fields=FIELDS, tensors=TENSORS)
        hub.files[f"{REPO}/{FILE}"] = path.read_bytes()
        yield hub


def with_downloads(settings: Settings, hub: StandInHub) -> Settings:
    return settings.model_copy(
        update={"downloads": DownloadsSettings(enabled=True, hub_url=hub.url, hosts=("store.example.org",))}
    )


def keep_model(settings: Settings, folder: Path) -> str:
    source = write_model(folder / "kept.gguf", fields=FIELDS, tensors=TENSORS)
    return models_in(settings.data_dir).take_in(source).name


async def test_the_machine_is_shown(running: Running) -> None:
    status, machine = await running.client.send("GET", "/api/machine")
    assert status == 200
    assert machine["usable_bytes"] > 0
    assert machine["available_bytes"] <= machine["memory_bytes"]
    assert isinstance(machine["gpus"], list)


async def test_the_catalogue_is_filtered(running: Running) -> None:
    async def ask(query: str) -> dict[str, Any]:
        status, body = await running.client.send("GET", f"/api/catalogue{query}")
        assert status == 200
        return dict(body)

    everything = await ask("")
    assert {"MIT", "Apache-2.0"} <= set(everything["licences"])
    assert "ru" in everything["languages"]
    chosen = await ask("?licence=mit,apache-2.0&language=ru&vision=false")
    assert 0 < len(chosen["models"]) < len(everything["models"])
    for entry in chosen["models"]:
        assert entry["licence"] in ("MIT", "Apache-2.0")
        assert "ru" in entry["languages"]
        assert entry["vision"] is False
    for entry in (await ask("?fits=true"))["models"]:
        assert entry["fit"]["fits"] is True
    assert (await ask("?licence=nothing"))["models"] == []


async def test_a_model_of_the_catalogue_is_estimated(running: Running) -> None:
    body = {"model": "qwen3-8b", "quantisation": "Q4_K_M", "context": 16_384, "kv": "q8_0", "memory_bytes": 12 * GB}
    status, found = await running.client.send("POST", "/api/fit", body)
    assert status == 200
    assert list(found) == FIT_NAMES
    assert found["weights_bytes"] == 5_030_000_000
    assert found["kv_bytes"] == 2 * 16_384 * 36 * 8 * 128 * 34 // 32
    assert (found["fits"], found["memory_bytes"]) == (True, 12 * GB)
    status, russian = await running.client.send("POST", "/api/fit", {**body, "language": "ru"})
    assert russian["advice"] != found["advice"]
    status, here = await running.client.send("POST", "/api/fit", {"model": "qwen3-8b"})
    assert (status, here["memory_bytes"] > 0) == (200, True)


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"model": "nobody-knows-it"}, 404, "not_found"),
        ({"model": "qwen3-8b", "quantisation": "Q1"}, 404, "not_found"),
        ({"model": "gigachat-20b-a3b-instruct"}, 400, "invalid_request"),
        ({"model": "../../etc/passwd.gguf"}, 404, "not_found"),
        ({"model": "/etc/passwd.gguf"}, 404, "not_found"),
        ({"model": "qwen3-8b", "context": 10**9}, 400, "invalid_request"),
        ({"model": "qwen3-8b", "context": -1}, 400, "invalid_request"),
        ({"model": "qwen3-8b", "kv": "q1"}, 400, "invalid_request"),
        ({"model": "qwen3-8b", "memory_bytes": 2**60}, 400, "invalid_request"),
        ({"model": "qwen3-8b", "path": "/etc"}, 400, "invalid_request"),
        ({"model": "x" * 1000}, 400, "invalid_request"),
        ({}, 400, "invalid_request"),
    ],
)
async def test_what_cannot_be_estimated_is_named(
    running: Running, body: dict[str, object], status: int, code: str
) -> None:
    found, problem = await running.client.send("POST", "/api/fit", body)
    assert (found, problem["code"]) == (status, code)


async def test_a_kept_file_is_listed_estimated_and_deleted(settings: Settings, tmp_path: Path) -> None:
    name = keep_model(settings, tmp_path)
    async with run_application(settings) as running:
        status, listing = await running.client.send("GET", "/api/model-files")
        (file,) = listing["files"]
        assert (status, file["name"], file["origin"], file["in_use"]) == (200, name, "import", False)
        assert (file["architecture"], file["quantisation"], file["context_tokens"]) == ("llama", "Q8_0", 4096)
        assert len(file["sha256"]) == 64
        assert str(tmp_path) not in str(listing)
        status, found = await running.client.send("POST", "/api/fit", {"model": name, "memory_bytes": GB})
        assert (status, found["fits"], found["max_context"]) == (200, True, 4096)
        assert (await running.client.send("DELETE", f"/api/model-files/{name}"))[0] == 204
        assert (await running.client.send("DELETE", f"/api/model-files/{name}"))[0] == 404
        assert (await running.client.send("GET", "/api/model-files"))[1]["files"] == []
    assert list((settings.data_dir / "models").iterdir()) == []


async def test_a_damaged_file_is_shown_with_its_fault(settings: Settings, tmp_path: Path) -> None:
    name = keep_model(settings, tmp_path)
    path = settings.data_dir / "models" / name
    path.write_bytes(path.read_bytes()[:-64])
    async with run_application(settings) as running:
        _, listing = await running.client.send("GET", "/api/model-files")
        assert listing["files"][0]["error"]["code"] == "model_file_invalid"
        status, problem = await running.client.send("POST", "/api/fit", {"model": name})
        assert (status, problem["code"]) == (503, "model_file_invalid")


@pytest.mark.parametrize("name", ["..", "..%2F..%2Fetc%2Fpasswd", "%2Fetc%2Fpasswd", ".hidden.gguf", "a%00.gguf"])
async def test_no_name_deletes_anything_else(running: Running, name: str) -> None:
    outside = running.settings.data_dir / "keep.gguf"
    outside.write_bytes(b"x")
    status, _ = await running.client.send("DELETE", f"/api/model-files/{name}")
    assert status in (404, 405)
    assert outside.exists()


async def test_downloads_are_off_unless_the_administrator_wants_them(running: Running) -> None:
    status, problem = await running.client.send("POST", "/api/model-files/download", {"repo": REPO, "file": FILE})
    assert (status, problem["code"]) == (403, "downloads_off")
    _, listing = await running.client.send("GET", "/api/model-files")
    assert listing["downloads_enabled"] is False
    _, system = await running.client.send("GET", "/api/system")
    assert system["outside_connections"] is False


async def test_a_download_is_shown_while_it_runs_and_afterwards(settings: Settings, stand_in: StandInHub) -> None:
    async with run_application(with_downloads(settings, stand_in)) as running:
        _, system = await running.client.send("GET", "/api/system")
        assert system["outside_connections"] is True
        wanted = {"repo": REPO, "file": FILE, "sha256": stand_in.sha256(f"{REPO}/{FILE}")}
        status, begun = await running.client.send("POST", "/api/model-files/download", wanted)
        assert (status, begun["name"], begun["status"]) == (202, FILE, "running")
        async with asyncio.timeout(30):
            while True:
                _, listing = await running.client.send("GET", "/api/model-files")
                (download,) = listing["downloads"]
                if download["status"] != "running":
                    break
                await asyncio.sleep(0.02)
        assert (download["status"], download["error"]) == ("done", None)
        assert [(file["name"], file["origin"], file["repo"]) for file in listing["files"]] == [(FILE, "download", REPO)]
        status, problem = await running.client.send("POST", "/api/model-files/download", wanted)
        assert (status, problem["code"]) == (409, "conflict")


@pytest.mark.parametrize(
    "body",
    [
        {"repo": "a/../b", "file": FILE},
        {"repo": REPO, "file": "../x.gguf"},
        {"repo": REPO, "file": "x.exe"},
        {"repo": REPO, "file": FILE, "sha256": "short"},
        {"repo": "http://evil.example.org/x", "file": FILE},
    ],
)
async def test_what_is_no_file_of_a_hub_is_refused(
    settings: Settings, stand_in: StandInHub, body: dict[str, str]
) -> None:
    async with run_application(with_downloads(settings, stand_in)) as running:
        status, problem = await running.client.send("POST", "/api/model-files/download", body)
        assert (status, problem["code"]) == (400, "invalid_parameter")
        assert stand_in.requests == []


async def test_a_download_that_is_deleted_stops(settings: Settings, stand_in: StandInHub) -> None:
    stand_in.silent_after = 0
    async with run_application(with_downloads(settings, stand_in)) as running:
        await running.client.send("POST", "/api/model-files/download", {"repo": REPO, "file": FILE})
        assert (await running.client.send("DELETE", f"/api/model-files/{FILE}"))[0] == 204
        _, listing = await running.client.send("GET", "/api/model-files")
        assert listing["downloads"] == listing["files"] == []


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/api/machine"),
        ("GET", "/api/catalogue"),
        ("POST", "/api/fit"),
        ("GET", "/api/model-files"),
        ("POST", "/api/model-files/download"),
        ("DELETE", "/api/model-files/x.gguf"),
    ],
)
async def test_strangers_see_nothing(running: Running, method: str, path: str) -> None:
    body = {"model": "qwen3-8b"} if path == "/api/fit" else {"repo": REPO, "file": FILE}
    async with (
        aiohttp.ClientSession(headers={"X-Samovar": "1"}) as stranger,
        stranger.request(method, running.client.address + path, json=body if method == "POST" else None) as reply,
    ):
        assert reply.status == 401


@pytest.mark.engine
async def test_the_file_that_the_engine_has_loaded_is_not_deleted(tmp_path: Path, fresh_database_url: str) -> None:
    default = find_default_model()
    assert default is not None
    data_dir = tmp_path / "data"
    name = models_in(data_dir).take_in(default).name
    settings = Settings(
        data_dir=data_dir,
        database_url=fresh_database_url,
        engine=EngineSettings(model_file=Path(name), context_tokens=512, threads=1),
        backends=BackendsSettings(scripted=True),
    )
    async with run_application(settings, engine_use="own") as running:
        _, listing = await running.client.send("GET", "/api/model-files")
        assert [(file["name"], file["in_use"]) for file in listing["files"]] == [(name, True)]
        status, problem = await running.client.send("DELETE", f"/api/model-files/{name}")
        assert (status, problem["code"]) == (409, "conflict")
