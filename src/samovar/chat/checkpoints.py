"""Stores what live runs write while they write it, the words of many in one transaction.

An event is stored within a second, or sooner when its run has many.
"""

import asyncio
import time
from collections.abc import Iterable, Iterator
from contextlib import suppress
from typing import Final

from samovar.chat.live import FULL_EVENTS, LiveRun
from samovar.domain.errors import SamovarError, StorageUnavailable
from samovar.domain.ids import RunId
from samovar.ports.storage import Storage
from samovar.telemetry.log import get_log

__all__ = ["Checkpoints"]

log = get_log(__name__)

CHECKPOINT_S: Final = 1.0
_LOOK_S: Final = 0.25
_PAUSE_S: Final = 1.0
#: What one transaction takes: it must not hold up those who wait for the next one.
_MOST_RUNS: Final = 100
_MOST_CHARACTERS: Final = 2_000_000


class Checkpoints:
    """Looks after the live runs of a hub; close it at the end."""

    def __init__(self, storage: Storage) -> None:
        """Store into ``storage``."""
        self._storage = storage
        self._runs: dict[RunId, LiveRun] = {}
        self._task: asyncio.Task[None] | None = None
        self._wanted = asyncio.Event()
        #: Held while events are on their way to the database, so that no batch is stored twice.
        self._storing = asyncio.Lock()
        self._on_the_way: frozenset[RunId] = frozenset()

    def add(self, live: LiveRun) -> None:
        """Look after a run from now on."""
        self._runs[live.run.run_id] = live
        live.on_full = self._wanted.set
        if self._task is None:
            self._task = asyncio.create_task(self._keep(), name="checkpoints")
        self._wanted.set()

    async def release(self, live: LiveRun) -> None:
        """Look after it no more, and return when nothing of it is on its way to the database."""
        self._runs.pop(live.run.run_id, None)
        if live.run.run_id in self._on_the_way:
            async with self._storing:
                pass

    async def close(self) -> None:
        """Store nothing more."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
            self._task = None

    async def _keep(self) -> None:
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(_LOOK_S if self._runs else None):
                    await self._wanted.wait()
            self._wanted.clear()
            latest = time.monotonic() - CHECKPOINT_S + _LOOK_S
            try:
                for few in _together(live for live in self._runs.values() if _is_due(live, latest)):
                    await self._store(few)
            except StorageUnavailable as error:
                log.warning("run.checkpoint_failed", code=error.code)
                await asyncio.sleep(_PAUSE_S)

    async def _store(self, few: list[LiveRun]) -> None:
        """Store these, or, when that fails, each by itself. Raises: StorageUnavailable."""
        try:
            await self._store_together(few)
        except StorageUnavailable:
            raise
        except Exception as error:  # noqa: BLE001 - the worker loop: what ails one run must not keep others from the disk
            if len(few) > 1:
                for live in few:
                    await self._store([live])
                return
            code = error.code if isinstance(error, SamovarError) else SamovarError.code
            log.warning("run.checkpoint_failed", run=str(few[0].run.run_id), code=code, error=type(error).__name__)
            few[0].unstored_since = time.monotonic()

    async def _store_together(self, few: list[LiveRun]) -> None:
        async with self._storing:
            # Some may have ended while others were stored.
            few = [live for live in few if live.run.run_id in self._runs]
            if not few:
                return
            self._on_the_way = frozenset(live.run.run_id for live in few)
            try:
                at = time.monotonic()
                checkpoints = [live.checkpoint() for live in few]
                async with self._storage.transaction() as tx:
                    alive = await tx.runs.checkpoint(checkpoints)
                for live, checkpoint in zip(few, checkpoints, strict=True):
                    if live.run.run_id in alive:
                        live.note_stored(checkpoint.events[-1].seq, at)
                    else:
                        # The chat was deleted, or the run was ended from elsewhere: nothing is left to store.
                        self._runs.pop(live.run.run_id, None)
            finally:
                self._on_the_way = frozenset()


def _is_due(live: LiveRun, latest: float) -> bool:
    if live.unstored_since is None:
        return False
    return live.unstored_since <= latest or live.seq - live.run.last_seq >= FULL_EVENTS


def _together(runs: Iterable[LiveRun]) -> Iterator[list[LiveRun]]:
    """Part runs into groups that fit into one transaction."""
    few: list[LiveRun] = []
    characters = 0
    for live in tuple(runs):
        few.append(live)
        characters += len(live.whole_text()) + len(live.reasoning)
        if len(few) == _MOST_RUNS or characters >= _MOST_CHARACTERS:
            yield few
            few, characters = [], 0
    if few:
        yield few
