"""``samovar worker``: read what waits, for servers that leave it to others or have more than they can do."""

import asyncio
import signal
from typing import Annotated

import typer

from samovar import __version__
from samovar.app import open_services
from samovar.cli.output import DataDir, load_settings, run_async
from samovar.settings import Settings
from samovar.telemetry.metrics import Metrics

__all__ = ["worker"]


def worker(
    documents: Annotated[int | None, typer.Option(min=1, max=64, help="Documents of bases read at once.")] = None,
    data_dir: DataDir = None,
) -> None:
    """Read documents until Ctrl+C, on any machine with the same database and the same folder of files.

    What is being read when it ends is taken up by another worker, or by this one later.
    """
    settings = load_settings(data_dir)
    run_async(_work(settings, documents or max(1, settings.ingest.workers)))


async def _work(settings: Settings, documents: int) -> None:
    stopped = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    async with open_services(settings, Metrics(), engine_use="none", imports=documents):
        print(f"Samovar {__version__}  worker")
        print(f"Data / Данные:  {settings.data_dir}")
        print("Stop / Остановить:  Ctrl+C", flush=True)
        await stopped.wait()
