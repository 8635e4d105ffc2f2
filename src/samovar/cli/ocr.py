"""``samovar ocr``: the language data that reading scans needs."""

from pathlib import Path
from typing import Annotated

import typer

from samovar.cli.output import DataDir, load_settings
from samovar.ocr.data import FOLDER, find
from samovar.ocr.fetch import fetch, take

__all__ = ["app"]

app = typer.Typer(help="Language data for reading scans.", no_args_is_help=True)


@app.callback()
def ocr() -> None:
    """Language data for reading scans."""


@app.command()
def install(
    source: Annotated[
        list[Path] | None,
        typer.Option(
            "--from",
            help="Take it from a folder, a .deb package or a .traineddata file; may be given again.",
            show_default="the packages of Debian or Ubuntu, by apt-get",
        ),
    ] = None,
    to: Annotated[
        Path | None, typer.Option(help="Folder to put it into.", show_default=f"{FOLDER} in the data folder")
    ] = None,
    data_dir: DataDir = None,
) -> None:
    """Get Tesseract's Russian and English language data; needs no root."""
    settings = load_settings(data_dir)
    folder = (to or settings.data_dir / FOLDER).absolute()
    if source is None and to is None and (found := find(settings.data_dir, settings.ocr.tessdata)) is not None:
        print(found)
        return
    print(take(source, folder) if source else fetch(folder))
