"""``samovar ingest``: files into the library, with a report of what was read."""

from pathlib import Path
from typing import Annotated

import typer

from samovar.api.deps import Services
from samovar.app import open_services
from samovar.cli.files import read_file
from samovar.cli.output import DataDir, Json, load_settings, print_json, run_async
from samovar.domain.actor import Actor
from samovar.domain.errors import SamovarError
from samovar.settings import Settings
from samovar.telemetry.metrics import Metrics

__all__ = ["ingest"]


def ingest(
    path: Annotated[list[Path], typer.Argument(help="Files to read; a folder means the files in it.")],
    as_json: Json = False,
    data_dir: DataDir = None,
) -> None:
    """Read files into the library, so that `samovar search` finds what they say."""
    if not run_async(_ingest(load_settings(data_dir), path, as_json=as_json)):
        raise typer.Exit(1)


async def _ingest(settings: Settings, paths: list[Path], *, as_json: bool) -> bool:
    async with open_services(settings, Metrics(), engine_use="none") as services:
        actor = await services.sign_in.owner()
        reports = []
        for path in _files(paths):
            report = await _take(services, actor, path, settings.limits.upload_mb)
            reports.append(report)
            if not as_json:
                _print(report)
    if as_json:
        print_json({"documents": reports})
    return all(report["status"] == "ready" for report in reports)


def _files(paths: list[Path]) -> list[Path]:
    found: list[Path] = []
    for path in paths:
        if path.is_dir():
            found.extend(sorted(inner for inner in path.rglob("*") if inner.is_file()))
        else:
            found.append(path)
    return found


async def _take(services: Services, actor: Actor, path: Path, limit_mb: int) -> dict[str, object]:
    try:
        content = read_file(path, limit_mb)
        document = await services.intake.take(actor, name=path.name, content=content, chat_id=None)
        pages = await services.intake.pages(actor, document.document_id)
    except SamovarError as error:
        reason = f"{error.message} {error.advice}"
        return {
            "name": path.name,
            "status": "failed",
            "error": error.code,
            "pages": [{"page": 1, "status": "failed", "reason": reason}],
        }
    return {
        "name": document.name,
        "status": "ready",
        "error": None,
        "pages": [{"page": page.number or 1, "status": page.status, "reason": page.reason} for page in pages],
    }


def _print(report: dict[str, object]) -> None:
    pages = report["pages"]
    assert isinstance(pages, list)
    poor = [page for page in pages if page["status"] not in ("text", "picture")]
    print(f"{report['status']:7} {report['name']}: {len(pages)} p.")
    for page in poor:
        print(f"        {page['page']}: {page['status']}: {page['reason'] or ''}")
