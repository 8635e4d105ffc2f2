"""``samovar doctor``: the state of each part, where its data lies, and what to do."""

import asyncio
import os
import platform
import shutil
import socket
import sys
import time
from collections.abc import Awaitable, Callable
from dataclasses import asdict, dataclass
from importlib.resources import files
from pathlib import Path
from typing import Final, Literal

import typer

from samovar import __version__, registry
from samovar.cli.faces import look_at_faces, say_faces
from samovar.cli.ocr_words import say_ocr
from samovar.cli.output import DataDir, Json, load_settings, print_json, run_async
from samovar.domain.errors import BlobDamaged, SamovarError, StorageUnavailable
from samovar.engine.models import choose_model
from samovar.ocr.data import LANGUAGES, find
from samovar.ocr.engine import EngineNotLoadedError, load
from samovar.ports.queue import ReadingQueue
from samovar.sandbox.reader import SandboxedReader
from samovar.settings import Settings
from samovar.storage import FileBlobStore, open_storage

__all__ = ["doctor"]

State = Literal["ok", "warning", "failed"]
_CONNECT_S: Final = 10.0
_LITTLE_SPACE_BYTES: Final = 1_000_000_000
_SIGNS: Final = {"ok": "✓", "warning": "!", "failed": "✗"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One part of the installation."""

    name: str
    state: State
    detail: str
    advice: str | None = None


def doctor(as_json: Json = False, data_dir: DataDir = None) -> None:
    """Check every part and say what to do about what is wrong."""
    parts = run_async(_examine(load_settings(data_dir)))
    if as_json:
        print_json({"parts": [asdict(part) for part in parts]})
    else:
        for part in parts:
            print(f"{_SIGNS[part.state]} {part.name:10} {part.detail}")
            if part.advice:
                print(f"  {'':10} → {part.advice}")
    if any(part.state == "failed" for part in parts):
        raise typer.Exit(1)


async def _examine(settings: Settings) -> list[Part]:
    parts = [_program(), _data_folder(settings)]
    for name, check in (
        ("database", _database),
        ("imports", _imports),
        ("files", _files),
        ("model", _model),
        ("parsers", _parsers),
        ("ocr", _ocr),
        ("faces", _faces),
        ("web app", _web_app),
        ("port", _port),
        ("backends", _backends),
    ):
        parts.append(await _guarded(name, check, settings))
    return parts


async def _guarded(name: str, check: Callable[[Settings], Awaitable[Part]], settings: Settings) -> Part:
    try:
        return await check(settings)
    except SamovarError as error:
        return Part(name=name, state="failed", detail=error.message, advice=error.advice)


def _program() -> Part:
    detail = f"samovar {__version__}, Python {platform.python_version()} at {sys.prefix}"
    return Part(name="program", state="ok", detail=detail)


def _data_folder(settings: Settings) -> Part:
    folder = settings.data_dir
    existing = next((parent for parent in (folder, *folder.parents) if parent.exists()), Path("/"))
    if not existing.is_dir() or not os.access(existing, os.W_OK):
        return Part(
            name="data",
            state="failed",
            detail=f"{folder} cannot be written",
            advice="Choose another with --data-dir or SAMOVAR_DATA_DIR, or change its rights.",
        )
    free_bytes = shutil.disk_usage(existing).free
    detail = f"{folder}, {free_bytes / 1e9:.1f} GB free"
    if free_bytes < _LITTLE_SPACE_BYTES:
        return Part(name="data", state="warning", detail=detail, advice="Free some disk space.")
    return Part(name="data", state="ok", detail=detail)


async def _database(settings: Settings) -> Part:
    storage = await open_storage(data_dir=settings.data_dir, database_url=settings.database_url)
    try:
        found = await storage.describe()
    finally:
        await storage.close()
    kind = "embedded" if found.is_embedded else "yours"
    size_mb = found.size_bytes / 1e6
    return Part(
        name="database",
        state="ok",
        detail=f"PostgreSQL {found.server_version} ({kind}), schema {found.schema_revision}, {size_mb:.0f} MB, "
        f"{found.location}",
    )


async def _imports(settings: Settings) -> Part:
    """Tell whether documents of bases wait that nobody reads, in any process of this installation."""
    storage = await open_storage(data_dir=settings.data_dir, database_url=settings.database_url)
    queue = storage.queue()
    try:
        is_read = not await _has_unclaimed(queue)
    finally:
        await queue.close()
        await storage.close()
    if is_read:
        return Part(name="imports", state="ok", detail="no document waits without a reader")
    return Part(
        name="imports",
        state="warning",
        detail="documents of knowledge bases wait, and nobody reads them at this moment",
        advice="Start `samovar serve` or `samovar worker`. If one runs, its log says why it does not read.",
    )


async def _has_unclaimed(queue: ReadingQueue) -> bool:
    """Ask once the queue has connected. Raises: StorageUnavailable when it does not in ten seconds."""
    queue.start()
    give_up_at = time.monotonic() + _CONNECT_S
    while True:
        try:
            return await queue.has_unclaimed(scope="imports")
        except StorageUnavailable:
            if time.monotonic() > give_up_at:
                raise
        await asyncio.sleep(0.02)


async def _files(settings: Settings) -> Part:
    """Count the attached files and compare each with its hash."""
    blobs = FileBlobStore(settings.data_dir / "blobs")
    count, size_bytes, damaged = 0, 0, 0
    async for sha256 in blobs.hashes():
        try:
            size_bytes += len(await blobs.get(sha256))
        except BlobDamaged:
            damaged += 1
        count += 1
    detail = f"{count} attached, {size_bytes / 1e6:.1f} MB, {settings.data_dir / 'blobs'}"
    if damaged:
        return Part(name="files", state="failed", detail=f"{detail}; damaged: {damaged}", advice=BlobDamaged().advice)
    return Part(name="files", state="ok", detail=detail)


async def _model(settings: Settings) -> Part:
    if not settings.engine.enabled:
        return Part(name="model", state="ok", detail="the embedded engine is off")
    model = choose_model(settings.engine, settings.data_dir)
    detail = f"{model.name}, {model.context_tokens} tokens, {model.path}"
    if settings.engine.model_file is None:
        return Part(
            name="model",
            state="warning",
            detail=f"{detail} (the demonstration model: English only, knows little)",
            advice="Name a real model: SAMOVAR_ENGINE_MODEL_FILE=/path/to/model.gguf, "
            "or a backend with OLLAMA_HOST or OPENAI_BASE_URL.",
        )
    return Part(name="model", state="ok", detail=detail)


async def _parsers(settings: Settings) -> Part:
    reader = SandboxedReader(settings.limits)
    try:
        async for _ in reader.read(b"samovar", name="doctor.txt"):
            pass
        level = reader.confinement
    finally:
        await reader.close()
    kinds = ", ".join(registry.kinds("parsers"))
    if level == "full":
        return Part(name="parsers", state="ok", detail=f"{kinds}; confined by Landlock and seccomp")
    return Part(
        name="parsers",
        state="warning",
        detail=f"{kinds}; confinement: {level}",
        advice="Use Linux 5.13 or newer with Landlock and seccomp for full confinement.",
    )


async def _ocr(settings: Settings) -> Part:
    """Load the engine with its data: what it says here is what a page would meet."""
    if not settings.ocr.enabled:
        return Part(name="ocr", state="ok", detail=say_ocr("off"))
    folder = find(settings.data_dir, settings.ocr.tessdata)
    if folder is None:
        named = settings.ocr.tessdata
        detail = say_ocr("missing_there", folder=named) if named else say_ocr("missing")
        return Part(name="ocr", state="warning", detail=detail, advice=say_ocr("get"))
    try:
        version = load(folder, LANGUAGES).version
    except EngineNotLoadedError:
        return Part(name="ocr", state="failed", detail=say_ocr("broken", folder=folder), advice=say_ocr("get_anew"))
    detail = say_ocr("ready", version=version, languages="+".join(LANGUAGES), folder=folder)
    return Part(name="ocr", state="ok", detail=detail)


async def _faces(_settings: Settings) -> Part:
    """Try the detector; to do without it is a choice, not a fault."""
    match await look_at_faces():
        case "ready":
            return Part(name="faces", state="ok", detail=say_faces("ready"))
        case "missing":
            return Part(name="faces", state="ok", detail=say_faces("missing"), advice=say_faces("get"))
        case "broken":
            return Part(name="faces", state="failed", detail=say_faces("broken"), advice=say_faces("get_anew"))


async def _web_app(_settings: Settings) -> Part:
    if files("samovar").joinpath("static", "index.html").is_file():
        return Part(name="web app", state="ok", detail="built")
    return Part(name="web app", state="failed", detail="not built", advice="Run `make web`, or install the wheel.")


async def _port(settings: Settings) -> Part:
    host, port = settings.server.host, settings.server.port
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.settimeout(1.0)
        try:
            taken = probe.connect_ex((host, port)) == 0
        except OSError as error:
            advice = "Correct server.host."
            return Part(name="port", state="failed", detail=f"{host}: {error.strerror or error}", advice=advice)
    if taken:
        return Part(
            name="port",
            state="warning",
            detail=f"{host}:{port} is taken: Samovar runs already, or another program does",
            advice="If it is another program, start with --port.",
        )
    return Part(name="port", state="ok", detail=f"{host}:{port} is free")


async def _backends(settings: Settings) -> Part:
    named = [
        f"{kind} {_without_user(address)}"
        for kind, address in (
            ("openai", settings.backends.openai_base_url),
            ("ollama", settings.backends.ollama_host),
        )
        if address
    ]
    return Part(name="backends", state="ok", detail="; ".join(named) or "none besides the embedded engine")


def _without_user(address: str) -> str:
    """An address without the name and password that may stand before its host."""
    scheme, slashes, rest = address.rpartition("://")
    return scheme + slashes + rest.rpartition("@")[2]
