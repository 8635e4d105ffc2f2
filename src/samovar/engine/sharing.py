"""One engine for several Samovar commands: where a running one is found by the others."""

import asyncio
import contextlib
import json
import os
import stat
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

import aiohttp
from yarl import URL

from samovar.domain.errors import EngineError
from samovar.egress import EgressClient, EgressGuard, is_on_this_machine
from samovar.engine.models import ChosenModel, choose_model
from samovar.ports.backend import Endpoint
from samovar.settings import EngineSettings

__all__ = ["Advertisement", "advertise", "answers", "join_engine", "withdraw"]

_FILE: Final = "engine.json"
_MAX_FILE_BYTES: Final = 16_384
_ANSWER_TIMEOUT_S: Final = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Advertisement:
    """A running engine, for commands of the same person on the same data folder."""

    url: str
    key: str
    pid: int
    model_file: str
    mmproj_file: str | None
    context_tokens: int

    @classmethod
    def of(cls, endpoint: Endpoint, pid: int, model: ChosenModel) -> "Advertisement":
        """Describe an engine that is ready."""
        return cls(
            url=endpoint.url,
            key=endpoint.key or "",
            pid=pid,
            model_file=str(model.path),
            mmproj_file=str(model.projector) if model.projector else None,
            context_tokens=model.context_tokens,
        )


def advertise(data_dir: Path, advertisement: Advertisement) -> None:
    """Write where the engine listens, readable by its owner alone. Raises: OSError."""
    path = _path(data_dir)
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = path.with_name(f"{_FILE}.{os.getpid()}")
    draft.unlink(missing_ok=True)
    draft.touch(mode=0o600, exist_ok=False)
    draft.write_text(json.dumps(asdict(advertisement)))
    draft.replace(path)


def withdraw(data_dir: Path, advertisement: Advertisement) -> None:
    """Remove the advertisement unless another engine has taken its place."""
    with contextlib.suppress(OSError):
        if _read(data_dir) == advertisement:
            _path(data_dir).unlink(missing_ok=True)


async def join_engine(data_dir: Path, settings: EngineSettings) -> Endpoint | None:
    """Return the endpoint of an engine that already runs with these settings and answers, or None."""
    if not settings.enabled:
        return None
    found = await asyncio.to_thread(_find, data_dir, settings)
    if found is None:
        return None
    guard = EgressGuard()
    guard.allow(found.url)
    client = EgressClient(guard)
    try:
        endpoint = Endpoint(url=found.url, key=found.key)
        return endpoint if await answers(client, endpoint) else None
    finally:
        await client.close()


async def answers(client: EgressClient, endpoint: Endpoint) -> bool:
    """Tell whether the engine answers and takes the key."""
    try:
        async with asyncio.timeout(_ANSWER_TIMEOUT_S):
            reply = await client.request(
                "GET", f"{endpoint.url}/v1/models", headers={"Authorization": f"Bearer {endpoint.key}"}
            )
            async with reply:
                await reply.read()
                return reply.status == 200
    except (aiohttp.ClientError, TimeoutError, OSError):
        return False


def _find(data_dir: Path, settings: EngineSettings) -> Advertisement | None:
    try:
        found = _read(data_dir)
        wanted = choose_model(settings, data_dir)
    except (OSError, EngineError):
        return None
    if found is None or not is_on_this_machine(URL(found.url).host or ""):
        return None
    same = (
        found.model_file == str(wanted.path)
        and found.mmproj_file == (str(wanted.projector) if wanted.projector else None)
        and found.context_tokens == wanted.context_tokens
    )
    return found if same else None


def _read(data_dir: Path) -> Advertisement | None:
    """Read the file if nobody else could have written it."""
    path = _path(data_dir)
    with contextlib.suppress(FileNotFoundError, ValueError, TypeError), path.open("rb") as file:
        details = os.fstat(file.fileno())
        if details.st_uid == os.getuid() and not stat.S_IMODE(details.st_mode) & 0o077:
            return Advertisement(**json.loads(file.read(_MAX_FILE_BYTES)))
    return None


def _path(data_dir: Path) -> Path:
    return data_dir / "engine" / _FILE
