"""``samovar worker``: read what waits, for servers that leave it to others or have more than they can do."""

import asyncio
import os
import signal
import sys
import threading
import time
from typing import Annotated, Final

import typer

from samovar import __version__
from samovar.app import open_workers
from samovar.cli.output import DataDir, load_settings, run_async
from samovar.domain.errors import SettingsInvalid
from samovar.ingest.orders import Orders, Report
from samovar.ingest.worker import import_readers, usual_readers
from samovar.ports.queue import QueueScope
from samovar.settings import Settings
from samovar.telemetry.log import configure_logging
from samovar.telemetry.metrics import Metrics

__all__ = ["worker"]

#: A process that the server has started ends when it had nothing to read for so long.
_IDLE_S: Final = 60.0
#: How long a process without its server may take to end by itself.
_ORPHAN_S: Final = 5.0
_HOWS: Final = ("ready", "refused")


def worker(
    documents: Annotated[int | None, typer.Option(min=1, max=64, help="Documents of bases read at once.")] = None,
    imports_only: Annotated[
        bool, typer.Option("--imports-only", help="Leave files of chats to others: read documents of bases only.")
    ] = False,
    under_server: Annotated[
        bool,
        typer.Option("--under-server", hidden=True, help="For the server, which starts it so and gives it orders."),
    ] = False,
    data_dir: DataDir = None,
) -> None:
    """Read documents until Ctrl+C, on any machine with the same database and the same folder of files.

    What is being read when it ends is taken up by another worker, or by this one later.
    """
    if under_server:
        run_async(_work_under_server(_take_orders()))
        return
    settings = load_settings(data_dir)
    count = documents or max(1, settings.ingest.workers)
    run_async(_work(settings, import_readers(count) if imports_only else usual_readers(count)))


async def _work(settings: Settings, readers: tuple[QueueScope, ...]) -> None:
    stopped = _until_signal()
    async with open_workers(settings, Metrics(), readers=readers):
        print(f"Samovar {__version__}  worker")
        print(f"Data / Данные:  {settings.data_dir}")
        print("Stop / Остановить:  Ctrl+C", flush=True)
        await stopped.wait()


def _take_orders() -> Orders:
    """Read what the server wants. Raises: SettingsInvalid when it is no server that speaks."""
    try:
        return Orders.read(sys.stdin.buffer.readline())
    except (ValueError, KeyError, TypeError) as error:
        raise SettingsInvalid(reason="--under-server is for the server alone") from error


async def _work_under_server(orders: Orders) -> None:
    """Read imports until there are none for a minute, or the server ends, by a signal or by its death."""
    configure_logging(verbose=orders.verbose)
    stopped, changed, metrics = _until_signal(), asyncio.Event(), Metrics()
    _watch_server(asyncio.get_running_loop(), stopped)
    async with open_workers(
        orders.settings, metrics, readers=import_readers(orders.imports), as_guest=True, on_change=changed.set
    ) as workers:
        stopping = asyncio.ensure_future(stopped.wait())
        while not stopping.done():
            _report(workers.reading, metrics)
            changing = asyncio.ensure_future(changed.wait())
            timeout_s = None if workers.reading else _IDLE_S
            done, _ = await asyncio.wait({stopping, changing}, timeout=timeout_s, return_when=asyncio.FIRST_COMPLETED)
            changing.cancel()
            changed.clear()
            if not done and not workers.reading:
                break
        stopping.cancel()


def _until_signal() -> asyncio.Event:
    stopped = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    return stopped


def _watch_server(loop: asyncio.AbstractEventLoop, stopped: asyncio.Event) -> None:
    """Stop when standard input ends, as it does however the server ends."""

    def watch() -> None:
        while os.read(sys.stdin.fileno(), 4096):
            pass
        loop.call_soon_threadsafe(stopped.set)
        time.sleep(_ORPHAN_S)
        os._exit(1)

    threading.Thread(target=watch, name="server's life", daemon=True).start()


def _report(reading: int, metrics: Metrics) -> None:
    counts = {how: metrics.registry.get_sample_value("samovar_documents_total", {"status": how}) for how in _HOWS}
    report = Report(reading=reading, ended={how: int(count) for how, count in counts.items() if count})
    try:
        os.write(sys.stdout.fileno(), report.write())
    except BrokenPipeError:
        # The server is gone, which the other pipe tells as well.
        return
