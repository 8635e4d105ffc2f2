"""Takes what was said into the index, behind the replies: nobody waits for it.

A question and its reply are taken in when the end of the reply is stored. Whatever the index lacks otherwise (a crash
came between, an import) is asked of the database: at the start, after an import, and now and then.
"""

import asyncio
import time
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, suppress
from typing import Final, Protocol

from samovar.domain.errors import SamovarError, StorageUnavailable
from samovar.domain.ids import MessageId
from samovar.ports.storage import Transaction
from samovar.telemetry.log import get_log

__all__ = ["MessageIndexer"]

log = get_log(__name__)

#: Replies that end within so long are taken in together.
_GATHER_S: Final = 0.25
_MOST_AT_ONCE: Final = 200
#: More than that wait only when the database is away for long; then it is asked what is missing.
_MOST_WAITING: Final = 10_000
#: What one transaction takes of what is missing: it must not keep the database from others for long.
_PIECE: Final = 100
_RETRY_S: Final = 2.0
#: Another process may import, and looking takes longer the more there is: a hundredth of the time at most.
_LOOK_AGAIN_S: Final = 60.0
_LOOK_AGAIN_IN_LOOKS: Final = 100.0
#: Answers go first: after each piece so many times its length is left to them, or as long again while nobody asks.
_PAUSE_IN_PIECES: Final = 1.0
_PAUSE_IN_PIECES_WHILE_BUSY: Final = 9.0


class _Transactions(Protocol):
    """As much of the storage as is asked for."""

    def transaction(self) -> AbstractAsyncContextManager[Transaction]: ...


class MessageIndexer:
    """Works in the background from ``start`` to ``close``."""

    def __init__(self, storage: _Transactions, is_busy: Callable[[], bool] = lambda: False) -> None:
        """Go slowly with what is old while ``is_busy``: somebody is being answered."""
        self._storage = storage
        self._is_busy = is_busy
        self._ended: dict[MessageId, None] = {}
        self._looks = True
        self._look_s = 0.0
        self._news = asyncio.Event()
        self._working: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin with what the index lacks."""
        if self._working is None:
            self._working = asyncio.create_task(self._work(), name="index messages")

    def add(self, message_id: MessageId) -> None:
        """Take in a reply that is stored to its end, and its question; returns at once."""
        if len(self._ended) < _MOST_WAITING:
            self._ended[message_id] = None
        else:
            self._looks = True
        self._news.set()

    def look(self) -> None:
        """Take in whatever is missing, after an import; returns at once."""
        self._looks = True
        self._news.set()

    async def close(self) -> None:
        """Stop; what is not indexed yet is found missing at the next start."""
        if self._working is not None:
            self._working.cancel()
            with suppress(asyncio.CancelledError):
                await self._working
            self._working = None

    async def _work(self) -> None:
        while True:
            self._news.clear()
            try:
                await self._take_ended()
                if self._looks:
                    await self._take_missing()
                    continue
            except StorageUnavailable as error:
                log.info("messages.index_waits", code=error.code)
                await asyncio.sleep(_RETRY_S)
                continue
            except Exception as error:  # noqa: BLE001 - the worker loop: nobody would begin it again, and nothing be found
                # What it had in hand is missing from the index, and tried again with what else is.
                log.error("messages.index_failed", error=error)
            await self._wait()

    async def _wait(self) -> None:
        """Return when something has ended, and a little later, so that what ends together is taken together."""
        if not self._ended and not self._news.is_set():
            try:
                async with asyncio.timeout(max(_LOOK_AGAIN_S, _LOOK_AGAIN_IN_LOOKS * self._look_s)):
                    await self._news.wait()
            except TimeoutError:
                self._looks = True
                return
        await asyncio.sleep(_GATHER_S)

    async def _take_ended(self) -> None:
        while self._ended:
            few = list(self._ended)[:_MOST_AT_ONCE]
            for message_id in few:
                del self._ended[message_id]
            try:
                await self._take(few)
            except StorageUnavailable:
                self._ended = dict.fromkeys(few) | self._ended
                raise

    async def _take(self, few: list[MessageId]) -> None:
        """Index these, or, when that fails, each by itself. Raises: StorageUnavailable."""
        try:
            async with self._storage.transaction() as tx:
                await tx.message_search.index(few)
        except StorageUnavailable:
            raise
        except SamovarError as error:
            if len(few) == 1:
                log.warning("messages.not_indexed", message=str(few[0]), code=error.code)
                return
            for message_id in few:
                await self._take([message_id])

    async def _take_missing(self) -> None:
        """Take in one piece of what is missing; there may be more when it was full."""
        started = time.monotonic()
        # Whoever asks to look meanwhile is heard, and what fails is tried again.
        self._looks = False
        try:
            async with self._storage.transaction() as tx:
                taken = await tx.message_search.index_missing(limit=_PIECE)
        except StorageUnavailable:
            self._looks = True
            raise
        self._looks = self._looks or taken == _PIECE
        self._look_s = time.monotonic() - started
        if self._looks:
            pause_s = self._look_s * (_PAUSE_IN_PIECES_WHILE_BUSY if self._is_busy() else _PAUSE_IN_PIECES)
            with suppress(TimeoutError):
                async with asyncio.timeout(pause_s):
                    await self._news.wait()
