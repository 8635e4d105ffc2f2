"""The server's own reader of imports: a process of low priority, started when documents of bases wait.

Reading takes the interpreter and the event loop for milliseconds at a time, thousands of times in a large import.
In a process of its own that costs the answers of the server nothing but processor time, and of that it gets what is
left.
"""

import asyncio
import logging
import sys
from asyncio.subprocess import PIPE, Process
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from typing import Final, Literal

from samovar.domain.errors import StorageError
from samovar.ingest.orders import Orders, Report
from samovar.ingest.priority import yield_to_others
from samovar.ports.queue import News, ReadingQueue
from samovar.settings import Settings
from samovar.telemetry.log import get_log
from samovar.telemetry.metrics import Metrics

__all__ = ["Importer", "ImporterState"]

#: ``off``: nothing waits. ``running``: the process lives. ``pausing``: it died and is started again soon.
#: ``failed``: it died too often in a row; it is tried once more after a long while, or when something new waits.
ImporterState = Literal["off", "running", "pausing", "failed"]

_log = get_log(__name__)

_COMMAND: Final = (sys.executable, "-P", "-m", "samovar", "worker", "--under-server")
#: What waits is looked for again after this, should news of it have been lost.
_LOOK_AGAIN_S: Final = 30.0
#: Nobody tells when a worker elsewhere is killed.
_LOOK_AFTER_OTHERS_S: Final = 5.0
_FIRST_PAUSE_S: Final = 0.5
_LONGEST_PAUSE_S: Final = 60.0
_PAUSE_WHEN_FAILED_S: Final = 600.0
#: Deaths in a row, without a document that ended or a life that was long, after which it is called failed.
_TRIES: Final = 8
_LONG_LIFE_S: Final = 30.0
_END_TIMEOUT_S: Final = 3.0


class Importer:
    """Supervises the process; one event loop starts and stops it."""

    def __init__(self, queue: ReadingQueue, settings: Settings, metrics: Metrics, *, imports: int) -> None:
        """Have ``imports`` documents read at once, with these settings; what has ended counts in ``metrics``."""
        self._queue = queue
        self._orders = Orders(
            settings=settings, imports=imports, verbose=logging.getLogger("samovar").isEnabledFor(logging.INFO)
        )
        self._metrics = metrics
        self._news = asyncio.Event()
        self._state: ImporterState = "off"
        self._process: Process | None = None
        self._report = Report()
        self._life: asyncio.Task[None] | None = None
        self._unsubscribe: Callable[[], None] | None = None

    @property
    def state(self) -> ImporterState:
        """Whether the process lives, and if not, why."""
        return self._state

    @property
    def is_reading(self) -> bool:
        """Tell whether the process reads a document now."""
        return self._report.reading > 0

    @property
    def process_id(self) -> int | None:
        """The process that lives now, or None."""
        return self._process.pid if self._process else None

    def start(self) -> None:
        """Begin to watch the queue; no process is started before something waits."""
        if self._life is None:
            self._unsubscribe = self._queue.subscribe(self._hear)
            self._life = asyncio.create_task(self._live(), name="importer")

    async def close(self) -> None:
        """End the process, politely for three seconds; what it was reading is taken up where it stands."""
        if self._unsubscribe is not None:
            self._unsubscribe()
            self._unsubscribe = None
        if self._life is not None:
            self._life.cancel()
            await asyncio.gather(self._life, return_exceptions=True)
            self._life = None
        self._state = "off"

    def _hear(self, news: News) -> None:
        if news.kind == "waiting":
            self._news.set()

    async def _live(self) -> None:
        deaths = 0
        while True:
            await self._until_needed()
            status, has_proved_itself = await self._live_once()
            if status == 0:
                deaths = 0
                self._state = "off"
                continue
            deaths = 1 if has_proved_itself else deaths + 1
            _log.warning("importer.died", status=status, deaths=deaths)
            if deaths >= _TRIES:
                self._state = "failed"
                _log.error("importer.given_up", status=status, deaths=deaths)
                self._news.clear()
                await asyncio.sleep(_LONGEST_PAUSE_S)
                await self._wait_for_news(_PAUSE_WHEN_FAILED_S)
                continue
            self._state = "pausing"
            await asyncio.sleep(min(_LONGEST_PAUSE_S, _FIRST_PAUSE_S * 2 ** (deaths - 1)))

    async def _until_needed(self) -> None:
        """Return when a document of a base waits that nobody reads."""
        while True:
            self._news.clear()
            pause_s = _LOOK_AGAIN_S
            try:
                if await self._queue.has_unclaimed(scope="imports"):
                    return
                if not await self._queue.is_empty(scope="imports"):
                    pause_s = _LOOK_AFTER_OTHERS_S
            except StorageError:
                # The queue looks for its connection, and has news when it is back.
                pass
            self._state = "off"
            await self._wait_for_news(pause_s)

    async def _wait_for_news(self, pause_s: float) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(pause_s):
                await self._news.wait()

    async def _live_once(self) -> tuple[int, bool]:
        """Run one process to its end; return its exit status, and whether it was of use."""
        loop = asyncio.get_running_loop()
        began = loop.time()
        try:
            self._process = process = await asyncio.create_subprocess_exec(
                *_COMMAND,
                stdin=PIPE,
                stdout=PIPE,
                start_new_session=True,  # Ctrl+C is for the server, which then ends the process
            )
        except OSError as error:
            _log.error("importer.not_started", error=error)
            return -1, False
        self._state = "running"
        try:
            yield_to_others(process.pid)
            _log.info("importer.started", pid=process.pid)
            await self._give_orders(process)
            await self._follow(process)
            status = await process.wait()
            return status, bool(self._report.ended) or loop.time() - began > _LONG_LIFE_S
        finally:
            self._process, self._report = None, Report()
            await _end(process)

    async def _give_orders(self, process: Process) -> None:
        assert process.stdin is not None
        process.stdin.write(self._orders.write())
        with suppress(ConnectionError):
            await process.stdin.drain()

    async def _follow(self, process: Process) -> None:
        """Take reports until there are no more; count what has ended since the one before."""
        assert process.stdout is not None
        self._report = Report()
        async for line in process.stdout:
            try:
                report = Report.read(line)
            except (ValueError, KeyError):
                # The last words of a process that was killed.
                continue
            for how, count in (Counter(report.ended) - Counter(self._report.ended)).items():
                self._metrics.documents.labels(how).inc(count)
            self._report = report


async def _end(process: Process) -> None:
    if process.returncode is not None:
        return
    with suppress(ProcessLookupError):
        process.terminate()
    try:
        async with asyncio.timeout(_END_TIMEOUT_S):
            await process.wait()
    except TimeoutError:
        with suppress(ProcessLookupError):
            process.kill()
        await process.wait()
