"""``samovar models``: what can answer."""

import asyncio
import time
from typing import Final

import typer

from samovar.api.system import model_body
from samovar.app import open_services
from samovar.cli import model_files
from samovar.cli.output import DataDir, Json, load_settings, print_json, run_async
from samovar.gateway.directory import ModelListing
from samovar.settings import Settings
from samovar.telemetry.metrics import Metrics

__all__ = ["app"]

_LOADING_WAIT_S: Final = 60.0


app = typer.Typer(help="Models that can answer, and the model files that are kept here.")
app.command("list")(model_files.list_files)
app.command("import")(model_files.import_file)
app.command("download")(model_files.download)
app.command("remove")(model_files.remove)


@app.callback(invoke_without_command=True)
def models(context: typer.Context, as_json: Json = False, data_dir: DataDir = None) -> None:
    """List the models of every backend, with what each can do."""
    if context.invoked_subcommand is not None:
        if as_json or data_dir is not None:
            raise typer.BadParameter(f"options of `{context.invoked_subcommand}` stand after it")
        return
    listing = run_async(_list(load_settings(data_dir)))
    default = listing.default.model_id if listing.default else None
    if as_json:
        problems = [
            {"backend": found.backend, "code": found.error.code, "title": found.error.message}
            for found in listing.problems
        ]
        print_json(
            {"default": default, "models": [model_body(choice) for choice in listing.choices], "problems": problems}
        )
        return
    for choice in listing.choices:
        can = choice.description.capabilities
        mark = "*" if choice.model_id == default else " "
        facts = [choice.description.backend, choice.description.state, f"{can.context_tokens or '?'} tokens"]
        facts += [can.quantisation or "?", {True: "vision", False: "text", None: "vision unknown"}[can.vision]]
        print(f"{mark} {choice.model_id}  ({', '.join(facts)})")
    for found in listing.problems:
        print(f"! {found.backend}: {found.error.message} {found.error.advice}")


async def _list(settings: Settings) -> ModelListing:
    async with open_services(settings, Metrics(), engine_use="shared") as services:
        give_up_at = time.monotonic() + _LOADING_WAIT_S
        while True:
            listing = await services.models.list()
            is_loading = any(choice.description.state == "loading" for choice in listing.choices)
            if not is_loading or time.monotonic() > give_up_at:
                return listing
            await asyncio.sleep(0.25)
