"""``samovar keys``: keys for programs."""

from typing import Annotated

import typer

from samovar.app import open_services
from samovar.cli.output import DataDir, load_settings, run_async
from samovar.settings import Settings
from samovar.telemetry.metrics import Metrics

__all__ = ["app"]

app = typer.Typer(help="Keys for programs.", no_args_is_help=True)


@app.callback()
def keys() -> None:
    """Keys for programs."""


@app.command()
def create(
    name: Annotated[str, typer.Option(help="What the key is for.")],
    data_dir: DataDir = None,
) -> None:
    """Make a key and print it; it is shown this once."""
    print(run_async(_create(load_settings(data_dir), name)))


async def _create(settings: Settings, name: str) -> str:
    async with open_services(settings, Metrics(), engine_use="none") as services:
        return await services.sign_in.new_key(await services.sign_in.owner(), name)
