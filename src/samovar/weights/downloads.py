"""Downloads that go on by themselves while the server runs, and what has become of each."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final, Literal

from samovar.domain.errors import Conflict, DownloadsOff, SamovarError
from samovar.telemetry.log import get_log
from samovar.weights.draft import Draft
from samovar.weights.folder import ModelFolder, read_sha256
from samovar.weights.gguf import part_names
from samovar.weights.hub import Hub, HubFile

__all__ = ["Download", "Downloads"]

DownloadStatus = Literal["running", "done", "failed"]

_MOST_REMEMBERED: Final = 20

_log = get_log(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Download:
    """One download as it stands now. ``name`` is that of the model file that it becomes."""

    name: str
    repo: str
    file: str
    status: DownloadStatus
    received_bytes: int = 0
    size_bytes: int | None = None
    error: SamovarError | None = None


class Downloads:
    """Runs one download at a time; the disk and the line are shared by all."""

    def __init__(self, hub: Hub, folder: ModelFolder) -> None:
        """Fetch from this hub into this folder."""
        self._hub = hub
        self._folder = folder
        self._known: dict[str, Download] = {}
        self._task: asyncio.Task[None] | None = None
        self._running: str | None = None

    @property
    def is_enabled(self) -> bool:
        """Whether the administrator allows downloads."""
        return self._hub.is_enabled

    @property
    def outside_hosts(self) -> tuple[str, ...]:
        """Hosts beyond this machine that a download may reach."""
        return self._hub.outside_hosts

    def list(self) -> tuple[Download, ...]:
        """What was asked for since the server started, the latest last."""
        return tuple(self._known.values())

    async def start(self, wanted: HubFile, *, sha256: str | None = None) -> Download:
        """Begin a download. Raises: DownloadsOff, Conflict, InvalidParameter, StorageReadOnly."""
        if not self.is_enabled:
            raise DownloadsOff
        expected = read_sha256(sha256)
        name = wanted.names[0]
        await asyncio.to_thread(self._folder.make_room, name, 0)
        if self._task is not None and not self._task.done():
            raise Conflict(reason=f"{self._running} is being downloaded")
        # Nothing is waited for from here on, so that two requests at once start one download.
        self._running = name
        begun = self._note(Download(name=name, repo=wanted.repo, file=wanted.file, status="running"))
        self._task = asyncio.create_task(self._run(wanted, name, expected), name="download")
        return begun

    async def stop(self, name: str) -> bool:
        """End the download of that name and throw away what has come; False when nothing is known of it.

        Raises: NotFound for what can be no name.
        """
        drafts = [Draft(self._folder.draft_path(part)) for part in part_names(name)]
        known = self._known.pop(name, None)
        if self._running == name:
            await self._cancel()
        came = [draft for draft in drafts if await asyncio.to_thread(draft.path.exists)]
        for draft in came:
            await asyncio.to_thread(draft.remove)
        return known is not None or bool(came)

    async def close(self) -> None:
        """End what runs; what has come stays for the next time."""
        await self._cancel()
        await self._hub.close()

    async def _cancel(self) -> None:
        task, self._task, self._running = self._task, None, None
        if task is not None:
            task.cancel()
            await asyncio.wait({task})

    async def _run(self, wanted: HubFile, name: str, expected: str | None) -> None:
        try:
            kept = await self._hub.download(wanted, sha256=expected, on_progress=self._progress(name))
        except SamovarError as error:
            _log.warning("model.download_failed", code=error.code)
            self._change(name, status="failed", error=error)
        except asyncio.CancelledError:
            self._known.pop(name, None)
            raise
        except Exception as error:  # noqa: BLE001  # a worker's border: the reader of the list learns of it
            _log.error("model.download_crashed", error=error)
            self._change(name, status="failed", error=SamovarError())
        else:
            self._change(name, status="done", received_bytes=kept.size_bytes, size_bytes=kept.size_bytes)

    def _progress(self, name: str) -> Callable[[int, int | None], None]:
        def told(received_bytes: int, size_bytes: int | None) -> None:
            self._change(name, received_bytes=received_bytes, size_bytes=size_bytes)

        return told

    def _change(self, name: str, **changes: object) -> None:
        if (known := self._known.get(name)) is not None:
            self._known[name] = replace(known, **changes)  # type: ignore[arg-type]  # fields by name

    def _note(self, download: Download) -> Download:
        self._known.pop(download.name, None)
        self._known[download.name] = download
        while len(self._known) > _MOST_REMEMBERED:
            self._known.pop(next(iter(self._known)))
        return download
