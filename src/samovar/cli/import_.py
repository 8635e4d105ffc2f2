"""``samovar import``: chats from the exports of other programs, with a report of what was not understood."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Final

import typer

from samovar.api.deps import Services
from samovar.api.interchange import import_body
from samovar.app import open_services
from samovar.cli.interchange_words import say_interchange, say_loss
from samovar.cli.output import DataDir, Json, load_settings, plain, print_json, run_async
from samovar.cli.words import error_line
from samovar.domain.actor import Actor
from samovar.domain.errors import ImportTooLarge, InvalidRequest, SamovarError, StorageError
from samovar.interchange.storing import ImportResult
from samovar.settings import Settings
from samovar.telemetry.metrics import Metrics

__all__ = ["import_chats"]

_MEGABYTE: Final = 1_000_000


def import_chats(
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="Exports as they came: ZIP or JSON.")],
    as_json: Json = False,
    data_dir: DataDir = None,
) -> None:
    """Take in chats of ChatGPT, Claude, Open WebUI, LibreChat or Samovar.

    Chats that were imported before are skipped. What was not understood is counted and told.
    """
    if not run_async(_import(load_settings(data_dir), files, as_json=as_json)):
        raise typer.Exit(1)


async def _import(settings: Settings, files: list[Path], *, as_json: bool) -> bool:
    reports: list[dict[str, object]] = []
    is_good = True
    async with open_services(settings, Metrics(), engine_use="none") as services:
        actor = await services.sign_in.owner()
        for path in files:
            try:
                result = await _take(services, actor, path, most_mb=settings.limits.import_mb)
            except StorageError:
                raise
            except SamovarError as error:
                is_good = False
                reports.append({"file": path.name, "error": error.code, "reason": f"{error.message} {error.advice}"})
                print(error_line(error), file=sys.stderr)
                continue
            reports.append({"file": path.name, "error": None, **import_body(result)})
            if not as_json:
                print("\n".join(_lines(path.name, result)))
    if as_json:
        print_json({"files": reports})
    return is_good


async def _take(services: Services, actor: Actor, path: Path, *, most_mb: int) -> ImportResult:
    size_bytes = _size(path)
    if size_bytes > most_mb * _MEGABYTE:
        raise ImportTooLarge(name=path.name, limit_mb=most_mb)
    with _progress(path.name, size_bytes) as on_progress:
        try:
            return await services.chat_import.take(actor, path, path.name, on_progress=on_progress)
        except OSError as error:
            raise InvalidRequest(reason=f"{path} cannot be read ({error.strerror or error})") from error


def _size(path: Path) -> int:
    try:
        if not path.is_file():
            raise InvalidRequest(reason=f"{path} is not a file")
        return path.stat().st_size
    except OSError as error:
        raise InvalidRequest(reason=f"{path} cannot be read ({error.strerror or error})") from error


@contextmanager
def _progress(name: str, size_bytes: int) -> Iterator[Callable[[int], None]]:
    """A bar on a terminal; where nobody looks there is none."""
    if not sys.stderr.isatty():
        yield lambda _bytes: None
        return
    from rich.console import Console
    from rich.markup import escape
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task(escape(say_interchange("reading", name=plain(name))), total=size_bytes)
        yield lambda read_bytes: progress.update(task, completed=read_bytes)


def _lines(name: str, result: ImportResult) -> Iterator[str]:
    yield say_interchange("took", name=plain(name), chats=result.chats, messages=result.messages, source=result.source)
    if result.skipped:
        yield "  " + say_interchange("skipped", count=result.skipped)
    for problem in result.problems:
        example = f" ({say_interchange('example', example=plain(problem.example))})" if problem.example else ""
        yield "  " + say_interchange("loss", words=say_loss(problem.what), count=problem.count) + example
