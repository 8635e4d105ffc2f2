"""What every verb shares: the options, the way results and errors are printed, and the loop."""

import asyncio
import json
import unicodedata
from collections.abc import Coroutine, Sequence
from pathlib import Path
from typing import Annotated, Any, TypeVar

import typer

from samovar.cli.words import set_language
from samovar.settings import Settings, read_settings

__all__ = ["DataDir", "Json", "load_settings", "page_address", "plain", "print_json", "run_async"]

Result = TypeVar("Result")

DataDir = Annotated[
    Path | None,
    typer.Option("--data-dir", help="Folder of everything that Samovar keeps (SAMOVAR_DATA_DIR).", show_default=False),
]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]


def load_settings(data_dir: Path | None, **overrides: Any) -> Settings:
    """Read the settings with the command line's on top. Raises: SettingsInvalid."""
    settings = read_settings(data_dir=data_dir.absolute() if data_dir else None, **overrides)
    set_language(settings.language)
    return settings


def print_json(value: object) -> None:
    """Print a result for programs, on one line."""
    print(json.dumps(value, ensure_ascii=False), flush=True)


def plain(text: str) -> str:
    """A text for the terminal: what would steer it (escape sequences) shows as a mark instead."""
    return "".join(
        character if character in "\n\t" or unicodedata.category(character) != "Cc" else "\ufffd" for character in text
    )


def page_address(host: str, port: int, public_hosts: Sequence[str] = ()) -> str:
    """Where a browser finds the server: at its public address over TLS, else on this machine."""
    if over_tls := [name for name in public_hosts if name.startswith("https://")]:
        return over_tls[0].rstrip("/")
    own = {"0.0.0.0": "127.0.0.1", "0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - only compared
    return f"http://[{own}]:{port}" if ":" in own else f"http://{own}:{port}"


def run_async(work: Coroutine[Any, Any, Result]) -> Result:
    """Run to the end."""
    try:
        import uvloop
    except ImportError:
        return asyncio.run(work)
    return uvloop.run(work)
