"""Keeps the pool true while nobody asks: health, servers that come and go, and what other processes have added."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Final

from samovar.domain.errors import SamovarError
from samovar.gateway.discovery import Discovery
from samovar.gateway.pool import BackendPool
from samovar.telemetry.log import get_log

__all__ = ["BackendWatch"]

_HEALTH_EVERY_S: Final = 10.0
_LOOK_EVERY_S: Final = 30.0

_log = get_log(__name__)


class BackendWatch:
    """A task in the background, from ``start`` to ``close``."""

    def __init__(
        self,
        pool: BackendPool,
        discovery: Discovery,
        sync: Callable[[], Awaitable[None]],
        *,
        health_every_s: float = _HEALTH_EVERY_S,
        look_every_s: float = _LOOK_EVERY_S,
    ) -> None:
        """Take ``sync`` as the way to read again what was added by hand."""
        self._pool = pool
        self._discovery = discovery
        self._sync = sync
        self._health_every_s = health_every_s
        self._look_every_s = look_every_s
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to watch."""
        self._task = asyncio.create_task(self._watch(), name="watch the backends")
        self._task.add_done_callback(_tell_defect)

    async def close(self) -> None:
        """Stop watching."""
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            await asyncio.wait({task})

    async def look_now(self) -> None:
        """Look at everything anew, whatever rests."""
        await self._sync()
        await self._discovery.look()
        await self._pool.ask_all(now=True)

    async def _watch(self) -> None:
        looked_at = time.monotonic()
        while True:
            await asyncio.sleep(self._health_every_s)
            try:
                await self._pool.ask_all()
                if time.monotonic() - looked_at >= self._look_every_s:
                    await self._sync()
                    await self._discovery.look(everything=False)
                    looked_at = time.monotonic()
            except SamovarError as error:
                # The database may be away; the next round will do better.
                _log.warning("backends.not_watched", code=error.code)


def _tell_defect(task: asyncio.Task[None]) -> None:
    if not task.cancelled() and (error := task.exception()) is not None:
        _log.error("backends.watch_ended", error=error)
