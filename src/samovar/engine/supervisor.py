"""The embedded engine as the rest of Samovar sees it: it starts, answers, and comes back when it falls."""

import asyncio
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from samovar.domain.backend import LoadParameters
from samovar.domain.errors import BackendUnreachable, EngineDown, EngineError, ModelFileInvalid
from samovar.egress import EgressClient, EgressGuard
from samovar.engine.journal import Journal
from samovar.engine.models import ChosenModel, choose_model
from samovar.engine.process import EngineProcess
from samovar.engine.sharing import Advertisement, advertise, answers, withdraw
from samovar.ports.backend import BackendConfig, Endpoint
from samovar.ports.engine import EngineState
from samovar.settings import EngineSettings
from samovar.telemetry.log import get_log

__all__ = ["Engine", "EngineStatus"]

_NAME: Final = "engine"
_FIRST_PAUSE_S: Final = 1.0
_LONGEST_PAUSE_S: Final = 30.0
#: An engine that has answered for this long has proved itself: the next restart is quick again.
_PROVEN_AFTER_S: Final = 60.0
_HEALTH_EVERY_S: Final = 10.0
_MISSES_BEFORE_RESTART: Final = 3

_log = get_log(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineStatus:
    """How the engine is; ``detail`` is a sentence, ``error_code`` a code of ``domain.errors``."""

    state: EngineState
    detail: str = ""
    error_code: str | None = None


class Engine:
    """The supervised engine. One event loop starts, asks and stops it."""

    def __init__(
        self, settings: EngineSettings, data_dir: Path, *, on_restart: Callable[[], object] = lambda: None
    ) -> None:
        self._settings = settings
        self._on_restart = on_restart
        self._data_dir = data_dir
        self._journal = Journal(data_dir / "engine" / "engine.log")
        self._status = EngineStatus(state="off")
        self._error: EngineError | None = None
        self._changed = asyncio.Event()
        self._model: ChosenModel | None = None
        self._endpoint: Endpoint | None = None
        self._process: EngineProcess | None = None
        self._life: asyncio.Task[None] | None = None
        guard = EgressGuard()
        guard.allow(self.url)
        self._client = EgressClient(guard)

    @property
    def status(self) -> EngineStatus:
        """State, detail and error code, taken at one moment."""
        return self._status

    @property
    def state(self) -> EngineState:
        """Off, starting, ready or failed; a failed engine may still be trying again."""
        return self._status.state

    @property
    def detail(self) -> str:
        """What happened last, in a sentence; empty while all is well."""
        return self._status.detail

    @property
    def error_code(self) -> str | None:
        """The code of the error behind the state, or None."""
        return self._status.error_code

    @property
    def error(self) -> EngineError | None:
        """What keeps it from answering, or None."""
        return self._error

    @property
    def model_name(self) -> str | None:
        """The name of the model, without its path; None before the start."""
        if self._model is not None:
            return self._model.name
        return self._settings.model_file.stem if self._settings.model_file else None

    @property
    def model(self) -> ChosenModel | None:
        """The checked model file; None before the start and when no file can be used."""
        return self._model

    @property
    def model_files(self) -> tuple[Path, ...]:
        """The files that it has loaded or is loading: the model, and its projector if there is one."""
        if self._model is None:
            return ()
        return (self._model.path, *([self._model.projector] if self._model.projector else []))

    @property
    def is_demonstration(self) -> bool:
        """Whether this is the small model that comes with Samovar."""
        return self._settings.model_file is None

    @property
    def pid(self) -> int | None:
        """The process that runs now, or None."""
        return self._process.pid if self._process else None

    @property
    def log_lines(self) -> tuple[str, ...]:
        """The last lines that the engine wrote, oldest first."""
        return self._journal.lines

    def url(self) -> str | None:
        """Where it listens now, for the list of allowed servers."""
        return self._endpoint.url if self._endpoint else None

    def endpoint(self) -> Endpoint | None:
        """Where to send requests now, or None while it is not ready."""
        return self._endpoint

    def backend_config(self, *, first_token_timeout_s: float, idle_timeout_s: float) -> BackendConfig:
        """Describe this engine for the llama.cpp adapter; ask after the start."""
        return BackendConfig(
            name=_NAME,
            endpoint=self._endpoint_or_error,
            first_token_timeout_s=first_token_timeout_s,
            idle_timeout_s=idle_timeout_s,
            load=LoadParameters(context_tokens=self._model.context_tokens if self._model else None),
            model=self.model_name,
            is_demonstration=self.is_demonstration,
        )

    async def start(self) -> None:
        """Check the model file, then load it in the background; returns within a moment, whatever the file is."""
        if not self._settings.enabled or self._life is not None:
            return
        self._become("starting")
        try:
            self._model = await asyncio.to_thread(choose_model, self._settings, self._data_dir)
        except EngineError as error:
            self._become("failed", error)
            return
        self._life = asyncio.create_task(self._live(self._model), name="engine")

    async def stop(self) -> None:
        """End the process and forget it; the engine can be started again."""
        life, self._life = self._life, None
        if life is not None:
            life.cancel()
            await asyncio.wait({life})
        await self._client.close()
        self._become("off")

    async def wait_ready(self, timeout_s: float) -> bool:
        """Wait until requests can be sent; False when that takes longer, or will not happen by itself."""
        try:
            async with asyncio.timeout(timeout_s):
                while self._status.state != "ready":
                    if self._life is None:
                        return False
                    await self._changed.wait()
        except TimeoutError:
            return False
        return True

    def _endpoint_or_error(self) -> Endpoint | None:
        if self._status.state in ("failed", "off"):
            raise BackendUnreachable(backend=_NAME, reason=self._status.detail)
        return self._endpoint

    def _become(self, state: EngineState, error: EngineError | None = None) -> None:
        self._error = error
        self._status = EngineStatus(
            state=state, detail=error.message if error else "", error_code=error.code if error else None
        )
        _log.info("engine.changed", state=state, error_code=self._status.error_code, pid=self.pid)
        changed, self._changed = self._changed, asyncio.Event()
        changed.set()

    async def _live(self, model: ChosenModel) -> None:
        """Run one process after another, with a longer pause after each that did not last."""
        pause_s = _FIRST_PAUSE_S
        while True:
            began = time.monotonic()
            was_ready = False
            try:
                was_ready = await self._live_once(model)
                error = self._explain(model, was_ready=was_ready)
            except OSError as failure:
                error = EngineDown(reason=failure.strerror or "its process could not be started")
            self._become("starting" if was_ready else "failed", error)
            if was_ready and time.monotonic() - began > _PROVEN_AFTER_S:
                pause_s = _FIRST_PAUSE_S
            await asyncio.sleep(pause_s)
            self._on_restart()
            pause_s = min(pause_s * 2, _LONGEST_PAUSE_S)
            self._become("starting", error)

    async def _live_once(self, model: ChosenModel) -> bool:
        """Run one process to its end; return whether it came to answer."""
        key = secrets.token_urlsafe(32)
        self._process = process = await EngineProcess.launch(model, self._settings, key)
        advertisement: Advertisement | None = None
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._journal.follow(process.errors))
                report = await process.wait_report()
                if report.url is None:
                    process.kill()
                else:
                    endpoint = Endpoint(url=report.url, key=key)
                    advertisement = Advertisement.of(endpoint, process.pid, model)
                    await asyncio.to_thread(self._advertise, advertisement)
                    self._endpoint = endpoint
                    self._become("ready")
                    await self._watch(process, endpoint)
        finally:
            self._endpoint = None
            await process.stop()
            self._process = None
            if advertisement is not None:
                await asyncio.to_thread(withdraw, self._data_dir, advertisement)
        return report.url is not None

    async def _watch(self, process: EngineProcess, endpoint: Endpoint) -> None:
        """Return when the process has ended; end it when it no longer answers."""
        ended = asyncio.ensure_future(process.wait_end())
        misses = 0
        try:
            while not ended.done():
                await asyncio.wait({ended}, timeout=_HEALTH_EVERY_S)
                if ended.done():
                    return
                misses = 0 if await answers(self._client, endpoint) else misses + 1
                if misses >= _MISSES_BEFORE_RESTART:
                    process.kill()
        finally:
            self._endpoint = None
            ended.cancel()

    def _advertise(self, advertisement: Advertisement) -> None:
        try:
            advertise(self._data_dir, advertisement)
        except OSError as error:
            # Other commands load the model themselves; this one works.
            _log.warning("engine.not_shared", reason=error.strerror)

    def _explain(self, model: ChosenModel, *, was_ready: bool) -> EngineError:
        if was_ready:
            return EngineDown(reason="its process ended")
        reason = self._journal.last_error()
        if reason is None:
            return EngineDown(reason="it ended before the model was loaded")
        return ModelFileInvalid(path=str(model.path), reason=reason)
