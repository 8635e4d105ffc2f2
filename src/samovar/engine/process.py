"""One life of the engine's process: launched, listening, ended."""

import asyncio
import contextlib
import json
import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import psutil

from samovar.engine.models import ChosenModel
from samovar.settings import EngineSettings

__all__ = ["EngineProcess", "Report", "choose_threads"]

_CHILD: Final = Path(__file__).with_name("child.py")
#: Loading some hundred gigabytes from a slow disk takes this long; more is a process that hangs.
_LOAD_TIMEOUT_S: Final = 1800.0
_STOP_TIMEOUT_S: Final = 3.0
#: All that the child needs of our environment. Keys and passwords that others keep there stay with us.
_INHERITED: Final = (
    "CUDA_VISIBLE_DEVICES", "DYLD_LIBRARY_PATH", "HIP_VISIBLE_DEVICES", "HOME", "LANG", "LC_ALL", "LD_LIBRARY_PATH",
    "PATH", "PYTHONHOME", "PYTHONPATH", "SYSTEMROOT", "TMPDIR", "VIRTUAL_ENV",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What the process said about its start: where it listens, or None if it could not load."""

    url: str | None


class EngineProcess:
    """A running child."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    @classmethod
    async def launch(cls, model: ChosenModel, settings: EngineSettings, key: str) -> "EngineProcess":
        """Start the process and tell it what to load; loading goes on."""
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-P",
            str(_CHILD),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env=_environment(),
            start_new_session=True,
        )
        assert process.stdin is not None
        # A few hundred bytes fit into the pipe, so there is nothing to wait for; if the child is already gone, its
        # silence on standard output tells.
        process.stdin.write(json.dumps(_orders(model, settings, key)).encode() + b"\n")
        return cls(process)

    @property
    def pid(self) -> int:
        """The process id."""
        return self._process.pid

    @property
    def errors(self) -> asyncio.StreamReader:
        """Standard error; somebody must read it, or the process stops when the pipe is full."""
        assert self._process.stderr is not None
        return self._process.stderr

    async def wait_report(self) -> Report:
        """Wait until the model is loaded or the process gives up."""
        assert self._process.stdout is not None
        try:
            async with asyncio.timeout(_LOAD_TIMEOUT_S):
                line = await self._process.stdout.readline()
        except TimeoutError:
            return Report(url=None)
        try:
            event = json.loads(line)
        except ValueError:
            return Report(url=None)
        url = event.get("url") if isinstance(event, dict) else None
        return Report(url=url if isinstance(url, str) else None)

    async def wait_end(self) -> int:
        """Wait until the process has ended; return its exit status, negative for a signal."""
        return await self._process.wait()

    def kill(self) -> None:
        """End the process at once."""
        with contextlib.suppress(ProcessLookupError):
            self._process.kill()

    async def stop(self) -> None:
        """End the process, politely for three seconds."""
        with contextlib.suppress(ProcessLookupError):
            self._process.terminate()
        try:
            async with asyncio.timeout(_STOP_TIMEOUT_S):
                await self._process.wait()
        except TimeoutError:
            self.kill()
            await self._process.wait()


def choose_threads(settings: EngineSettings) -> int:
    """Return the number of threads: as set, else one less than the physical cores that we may use, at least one.

    The core left over keeps the server and the browser answering; threads on shared cores wait for each other.
    """
    if settings.threads:
        return settings.threads
    cores = psutil.cpu_count(logical=False) or os.cpu_count() or 1
    if sys.platform == "linux":
        cores = min(cores, len(os.sched_getaffinity(0)))
    return max(1, cores - 1)


def _orders(model: ChosenModel, settings: EngineSettings, key: str) -> dict[str, object]:
    return {
        "parent_pid": os.getpid(),
        "model_file": str(model.path),
        "model_name": model.name,
        "mmproj_file": str(model.projector) if model.projector else None,
        "key": key,
        "context_tokens": model.context_tokens,
        "parallel": settings.parallel,
        "threads": choose_threads(settings),
        "batch_tokens": settings.batch_tokens,
        "kv_cache": settings.kv_cache,
        "prompt_cache_mb": settings.prompt_cache_mb,
        "gpu_layers": settings.gpu_layers,
    }


def _environment() -> dict[str, str]:
    inherited = {name: os.environ[name] for name in _INHERITED if name in os.environ}
    return {**inherited, "OMP_WAIT_POLICY": "passive", "PYTHONDONTWRITEBYTECODE": "1"}
