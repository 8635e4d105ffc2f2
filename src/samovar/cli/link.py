"""``samovar link``: a new one-time sign-in link."""

from typing import Annotated

import typer

from samovar.app import open_services
from samovar.cli.output import DataDir, load_settings, page_address, run_async
from samovar.settings import Settings
from samovar.telemetry.metrics import Metrics

__all__ = ["link"]


def link(
    data_dir: DataDir = None,
    port: Annotated[
        int | None, typer.Option(min=1, max=65535, help="Port of the running server.", show_default="7680")
    ] = None,
) -> None:
    """Print a new one-time sign-in link for the running server."""
    settings = load_settings(data_dir)
    token = run_async(_new_link(settings))
    server = settings.server
    print(f"{page_address(server.host, port or server.port, server.public_hosts)}/sign-in#token={token}")


async def _new_link(settings: Settings) -> str:
    async with open_services(settings, Metrics(), engine_use="none") as services:
        return await services.sign_in.new_link()
