"""``samovar models import``, ``download``, ``list`` and ``remove``: the model files that are kept here."""

import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Final

import typer

from samovar.cli.output import DataDir, Json, load_settings, plain, print_json, run_async
from samovar.cli.weights_words import say
from samovar.cli.words import language_of
from samovar.settings import Settings
from samovar.weights.advice import size_text
from samovar.weights.folder import ModelFile, models_in
from samovar.weights.hub import Hub, HubFile, read_hub_file

__all__ = ["download", "import_file", "list_files", "remove"]

_TOLD_EVERY_S: Final = 0.5

Checksum = Annotated[str | None, typer.Option("--sha256", help="SHA-256 that the file must have.")]


def import_file(
    file: Annotated[Path, typer.Argument(help="A GGUF file; of a model in parts, the first.")],
    sha256: Checksum = None,
    link: Annotated[bool, typer.Option("--link", help="Link instead of copying, where both lie on one disk.")] = False,
    as_json: Json = False,
    data_dir: DataDir = None,
) -> None:
    """Check a model file and keep a copy of it, which is found by its name."""
    folder = models_in(load_settings(data_dir).data_dir)
    _tell_kept(folder.take_in(file, sha256=sha256, is_link=link), as_json=as_json)


def download(
    repo: Annotated[str, typer.Argument(help="Repository on the hub: publisher/name.")],
    file: Annotated[str, typer.Argument(help="Name of a .gguf file in it; of a model in parts, the first.")],
    sha256: Checksum = None,
    as_json: Json = False,
    data_dir: DataDir = None,
) -> None:
    """Fetch a model file from the hub, if the settings allow it; a download that was cut goes on."""
    settings = load_settings(data_dir)
    _tell_kept(run_async(_download(settings, read_hub_file(repo, file), sha256)), as_json=as_json)


def list_files(as_json: Json = False, data_dir: DataDir = None) -> None:
    """List the model files that are kept."""
    files = models_in(load_settings(data_dir).data_dir).files()
    if as_json:
        print_json({"files": [_body(file) for file in files]})
        return
    for file in files:
        header = file.header
        facts = [size_text(file.size_bytes, language_of())]
        if file.error is not None:
            facts.append(say("damaged", reason=file.error.values.get("reason", file.error.message)))
        elif header is not None and header.is_projector:
            facts.append(say("projector"))
        elif header is not None:
            facts += [header.quantisation or "?", header.architecture]
        print(plain(f"{file.name}  ({', '.join(facts)})"))
    if not files:
        print(say("no_files"))


def remove(name: Annotated[str, typer.Argument(help="Name of a kept model file.")], data_dir: DataDir = None) -> None:
    """Delete a model file that is kept."""
    models_in(load_settings(data_dir).data_dir).remove(name)
    print(say("removed", name=plain(name)))


async def _download(settings: Settings, wanted: HubFile, sha256: str | None) -> ModelFile:
    hub = Hub(settings.downloads, models_in(settings.data_dir))
    try:
        return await hub.download(wanted, sha256=sha256, on_progress=_teller())
    finally:
        await hub.close()
        if sys.stderr.isatty():
            print(file=sys.stderr)


def _teller() -> Callable[[int, int | None], None]:
    """Tell on one line of a terminal how far it is; where nobody watches, tell nothing."""
    told_at = 0.0

    def tell(came: int, size_bytes: int | None) -> None:
        nonlocal told_at
        if not sys.stderr.isatty() or time.monotonic() < told_at + _TOLD_EVERY_S:
            return
        told_at = time.monotonic()
        whole = size_text(size_bytes, language_of()) if size_bytes else "?"
        print(f"\r{say('came', came=size_text(came, language_of()), all=whole)}  ", end="", file=sys.stderr)

    return tell


def _tell_kept(file: ModelFile, *, as_json: bool) -> None:
    if as_json:
        print_json(_body(file))
        return
    sums = file.record.sha256 if file.record else ()
    print(say("kept", name=file.name, sha256=sums[0]) if len(sums) == 1 else say("kept_parts", name=file.name))
    if file.header is not None and not file.header.is_projector:
        print(say("choose", name=file.name))


def _body(file: ModelFile) -> dict[str, object]:
    record, header = file.record, file.header
    return {
        "name": file.name,
        "path": str(file.path),
        "size_bytes": file.size_bytes,
        "sha256": record.sha256[0] if record and len(record.sha256) == 1 else None,
        "origin": record.origin if record else None,
        "architecture": header.architecture if header else None,
        "quantisation": header.quantisation if header else None,
        "is_projector": header.is_projector if header else False,
        "error": file.error.code if file.error else None,
    }
