"""``samovar export``: one chat or all of them into files."""

import os
import sys
from contextlib import suppress
from pathlib import Path
from typing import Annotated, Literal
from uuid import UUID

import typer

from samovar.app import open_services
from samovar.cli.interchange_words import say_interchange
from samovar.cli.output import DataDir, load_settings, run_async
from samovar.cli.words import language_of
from samovar.domain.errors import StorageReadOnly
from samovar.domain.ids import ChatId
from samovar.interchange.exporting import ExportedFile, ExportFormat
from samovar.settings import Settings
from samovar.telemetry.metrics import Metrics

__all__ = ["export"]

_STANDARD_OUTPUT = "-"


def export(
    chat: Annotated[UUID | None, typer.Option(help="The id of one chat.", show_default=False)] = None,
    all_chats: Annotated[bool, typer.Option("--all", help="All chats: JSON, or Markdown in a ZIP.")] = False,
    form: Annotated[ExportFormat, typer.Option("--format", help="Form of the file.")] = "json",
    out: Annotated[
        str | None, typer.Option(help="File to write; - for standard output.", show_default="named after the chat")
    ] = None,
    data_dir: DataDir = None,
) -> None:
    """Write one chat, or all of them, into a file.

    JSON keeps everything and can be imported again; the other forms have the branch that is shown.
    """
    if all_chats == (chat is not None):
        raise typer.BadParameter("choose one of --chat and --all")
    if all_chats and form not in ("json", "markdown"):
        raise typer.BadParameter("all chats go out as json or markdown", param_hint="--format")
    run_async(_export(load_settings(data_dir), None if chat is None else ChatId(chat), form, out))


async def _export(settings: Settings, chat_id: ChatId | None, form: ExportFormat, out: str | None) -> None:
    async with open_services(settings, Metrics(), engine_use="none") as services:
        actor = await services.sign_in.owner()
        if chat_id is not None:
            file = await services.chat_export.one(actor, chat_id, form, language_of())
        else:
            of_all: Literal["json", "markdown"] = "json" if form == "json" else "markdown"
            file = services.chat_export.all(actor, of_all, language_of())
        if out == _STANDARD_OUTPUT:
            async for piece in file.pieces:
                sys.stdout.buffer.write(piece)
            sys.stdout.buffer.flush()
            return
        path = Path(out or file.name)
        await _write(file, path)
    print(say_interchange("wrote", path=path), file=sys.stderr)


async def _write(file: ExportedFile, path: Path) -> None:
    """Write beside the place and move there at the end: a file is whole, or it is not there."""
    beside = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        try:
            with beside.open("wb") as target:
                async for piece in file.pieces:
                    target.write(piece)
            beside.replace(path)
        finally:
            with suppress(OSError):
                beside.unlink(missing_ok=True)
    except OSError as error:
        raise StorageReadOnly(reason=f"{path}: {error.strerror or error}") from error
