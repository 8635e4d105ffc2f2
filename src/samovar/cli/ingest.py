"""``samovar ingest``: files and folders into a knowledge base, with a report of what was read."""

import asyncio
import signal
from collections.abc import Coroutine, Iterable
from contextlib import suppress
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from samovar.api.deps import Services
from samovar.app import open_services
from samovar.cli.files import NamedFile, find_files, read_file
from samovar.cli.output import DataDir, Json, load_settings, plain, print_json, run_async
from samovar.cli.report import ReadReport, print_report, read_report, report_body
from samovar.domain.actor import Actor
from samovar.domain.errors import SamovarError
from samovar.domain.ids import BaseId
from samovar.settings import Settings
from samovar.telemetry.metrics import Metrics

__all__ = ["ingest"]

#: Files on their way at once: enough that no reader waits, few enough for memory.
_FILES_AT_ONCE: Final = 4
_LOOK_EVERY_S: Final = 1.0
#: No document takes longer to read; whoever waits is told that it is still being read.
_LONGEST_WAIT_S: Final = 24 * 3600.0

#: What tells one state of a file from another: time of the last change in nanoseconds, size in bytes.
_State = tuple[int, int]


def ingest(
    path: Annotated[list[Path], typer.Argument(help="Files to read; a folder means all that is in it.")],
    base: Annotated[str | None, typer.Option(help="Name of the knowledge base; it is made if there is none.")] = None,
    watch: Annotated[bool, typer.Option("--watch", help="Go on, and read what is new or changed.")] = False,
    as_json: Json = False,
    data_dir: DataDir = None,
) -> None:
    """Read files into a knowledge base, so that `samovar search` finds what they say.

    A file that has changed since it was read takes the place of its earlier version.
    """
    if not run_async(_ingest(load_settings(data_dir), path, base, watch=watch, as_json=as_json)):
        raise typer.Exit(1)


async def _ingest(settings: Settings, paths: list[Path], base: str | None, *, watch: bool, as_json: bool) -> bool:
    async with open_services(
        settings, Metrics(), engine_use="none", imports=max(1, settings.ingest.workers)
    ) as services:
        actor = await services.sign_in.owner()
        base_id = None if base is None else await services.intake.base_named(actor, base)
        work = _Ingest(services, actor, base_id, upload_mb=settings.limits.upload_mb, as_json=as_json, watches=watch)
        if watch:
            await _until_stopped(_follow(work, paths))
            return True
        await work.take(work.found(paths))
        if as_json:
            print_json({"documents": work.reports, "left_out": work.left_out})
        return work.all_ready


async def _follow(work: "_Ingest", paths: list[Path]) -> None:
    await work.take(work.found(paths))
    while True:
        await asyncio.sleep(_LOOK_EVERY_S)
        await work.take(work.settled(paths))


async def _until_stopped(following: Coroutine[Any, Any, None]) -> None:
    """Go on until Ctrl+C or the end of the service: to be stopped is the one way in which this ends well."""
    task = asyncio.create_task(following, name="follow folders")
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, task.cancel)
    with suppress(asyncio.CancelledError):
        await task


class _Ingest:
    """What is brought in by one run of the command."""

    def __init__(
        self,
        services: Services,
        actor: Actor,
        base_id: BaseId | None,
        *,
        upload_mb: int,
        as_json: bool,
        watches: bool,
    ) -> None:
        self._services = services
        self._actor = actor
        self._base_id = base_id
        self._upload_mb = upload_mb
        self._as_json = as_json
        self._watches = watches
        self._taken: dict[Path, _State] = {}
        self._seen: dict[Path, _State] = {}
        self.reports: list[dict[str, object]] = []
        self.left_out: list[str] = []
        self.all_ready = True

    def found(self, paths: Iterable[Path]) -> list[NamedFile]:
        """List the files, and note which are left out."""
        files: list[NamedFile] = []
        for file, is_left_out in find_files(paths):
            if not is_left_out:
                files.append(file)
                self._seen[file.path] = self._taken[file.path] = _state(file.path)
            elif file.place not in self.left_out:
                self.left_out.append(file.place)
                if not self._as_json:
                    print(f"left out  {plain(file.place)}: hidden or temporary")
        return files

    def settled(self, paths: Iterable[Path]) -> list[NamedFile]:
        """List the files that are new or have changed, once nobody writes them any more."""
        files: list[NamedFile] = []
        for file, is_left_out in find_files(paths):
            state = _state(file.path)
            was, self._seen[file.path] = self._seen.get(file.path), state
            if is_left_out or state == self._taken.get(file.path) or state != was or state == (0, 0):
                continue
            self._taken[file.path] = state
            files.append(file)
        return files

    async def take(self, files: Iterable[NamedFile]) -> None:
        """Bring files in, a few at once, and report on them in their order."""
        waiting: list[asyncio.Task[list[dict[str, object]]]] = []
        room = asyncio.Semaphore(_FILES_AT_ONCE)
        try:
            for file in files:
                await room.acquire()
                task = asyncio.create_task(self._take(file), name="a file on its way")
                task.add_done_callback(lambda _: room.release())
                waiting.append(task)
                while waiting and waiting[0].done():
                    self._note(waiting.pop(0).result())
            while waiting:
                self._note(await waiting[0])
                waiting.pop(0)
        finally:
            for task in waiting:
                task.cancel()
            await asyncio.gather(*waiting, return_exceptions=True)

    def _note(self, reports: list[dict[str, object]]) -> None:
        for body in reports:
            self.all_ready = self.all_ready and body["status"] == "ready"
            if self._watches and self._as_json:
                print_json(body)
            elif not self._watches:
                self.reports.append(body)

    async def _take(self, file: NamedFile) -> list[dict[str, object]]:
        """Bring one file in and wait until it and all that is inside it are read."""
        try:
            content = await asyncio.to_thread(read_file, file.path, self._upload_mb)
            document = await self._services.intake.take(
                self._actor, name=file.path.name, content=content, base_id=self._base_id, path=file.place
            )
            del content
            await self._services.intake.wait(self._actor, document.document_id, timeout_s=_LONGEST_WAIT_S)
            async with self._services.storage.transaction() as tx:
                documents = await tx.documents.with_parts(self._actor, document.document_id)
            found = [await read_report(self._services, self._actor, one) for one in documents]
        except SamovarError as error:
            return [self._refused(file, error)]
        return [self._told(one) for one in found]

    def _told(self, found: ReadReport) -> dict[str, object]:
        if not self._as_json:
            print_report(found)
        return report_body(found)

    def _refused(self, file: NamedFile, error: SamovarError) -> dict[str, object]:
        reason = f"{error.message} {error.advice}"
        if not self._as_json:
            print(f"failed    {plain(file.place)}\n          {plain(reason)}")
        return {
            "id": None,
            "name": file.path.name,
            "path": file.place,
            "kind": None,
            "status": "failed",
            "error": error.code,
            "pages": [{"page": 1, "status": "failed", "reason": reason, "confidence": None}],
            "figures": [],
        }


def _state(path: Path) -> _State:
    """The state of a file; that of one which is gone is (0, 0)."""
    try:
        found = path.stat()
    except OSError:
        return 0, 0
    return found.st_mtime_ns, found.st_size
