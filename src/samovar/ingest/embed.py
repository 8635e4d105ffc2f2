"""Fill in the vectors of chunks, behind the text index: a document is found by its words at once, by its sense later.

One process of all that share a database fills, on one core, with the lowest urgency there is: it waits while answers
are written, and goes on in small steps when they never end. What has no vector yet is asked of the database, so that
nothing is lost by a crash and nothing is done twice.
"""

import asyncio
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from math import ceil
from typing import Final, Literal

from samovar.domain.errors import EmbedderUnavailable, StorageError
from samovar.domain.ids import ChunkId
from samovar.ports.embedder import Embedder, Vector
from samovar.ports.queue import News, ReadingQueue
from samovar.ports.storage import Storage
from samovar.telemetry.log import get_log

__all__ = ["FillState", "FillStatus", "VectorFiller"]

log = get_log(__name__)

#: News of chunks can be lost, and a picture that was described tells of none; whoever fills can die.
_LOOK_AGAIN_S: Final = 60.0
_FIRST_PAUSE_S: Final = 5.0
_LONGEST_PAUSE_S: Final = 300.0
#: Chunks that are read, and stored, in one short transaction, unless so much time has gone by before. After each batch
#: the file of a chat that has come meanwhile goes first.
_BATCH: Final = 16
_STORE_AFTER_S: Final = 5.0
#: A step is what cannot be interrupted: one text of a slow model, many of a quick one.
_MOST_AT_ONCE: Final = 16
_SHORT_STEP_S: Final = 0.25
_LONG_STEP_S: Final = 0.5
#: Answers go first, but not for ever: after so long, one step is done for each stretch of nine times its length.
_BUSY_POLL_S: Final = 0.25
_LONGEST_BUSY_S: Final = 30.0
_SHARE_WHILE_BUSY: Final = 9.0
#: How old the counts may be that are told: of a million chunks they take long, and then are taken seldom.
_COUNTS_LIFETIME_S: Final = 1.0
_COUNTS_LIFETIME_IN_COUNTS: Final = 20.0
#: What is embedded in place of a text that the model refuses: every chunk has a vector, and this one is near nothing.
_NOTHING: Final = "."

#: ``elsewhere``: another process fills. ``failed``: the embedder cannot be used now, and is tried again.
FillStatus = Literal["off", "filling", "waiting", "complete", "elsewhere", "failed"]


@dataclass(frozen=True, slots=True, kw_only=True)
class FillState:
    """How far the vectors have got.

    ``searched_by`` is the embedder that searches go by: the one before, until this one is complete. ``refused`` counts
    texts that the model did not take, since this process fills.
    """

    status: FillStatus
    embedder: str
    searched_by: str | None = None
    filled: int = 0
    total: int = 0
    refused: int = 0
    error_code: str | None = None


class VectorFiller:
    """Works in the background from ``start`` to ``close``. The embedder belongs to the caller."""

    def __init__(
        self,
        storage: Storage,
        queue: ReadingQueue,
        embedder: Embedder,
        is_busy: Callable[[], bool] = lambda: False,
    ) -> None:
        """Fill when ``queue`` tells of a document that is ready; wait while ``is_busy``: somebody is being answered."""
        self._storage = storage
        self._queue = queue
        self._embedder = embedder
        self._is_busy = is_busy
        self._news = asyncio.Event()
        self._unsubscribe: Callable[[], None] | None = None
        self._working: asyncio.Task[None] | None = None
        self._state = FillState(status="off", embedder=embedder.name)
        self._count_again_at = float("-inf")
        self._is_wanted = False
        self._at_once = 1
        self._step_s = 0.0
        self._is_patient = True

    def start(self) -> None:
        """Begin to fill what has no vector."""
        if self._working is None:
            self._unsubscribe = self._queue.subscribe(self._hear)
            self._working = asyncio.create_task(self._work(), name="fill vectors")

    def wake(self) -> None:
        """Look at once: a chunk may wait now."""
        self._news.set()

    async def close(self) -> None:
        """Stop; what was not stored yet is done again by whoever fills next."""
        if self._unsubscribe is not None:
            self._unsubscribe()
            self._unsubscribe = None
        if self._working is not None:
            self._working.cancel()
            with suppress(asyncio.CancelledError):
                await self._working
            self._working = None
        self._tell("off")

    async def state(self) -> FillState:
        """How far it has got; cheap to ask, for the database counts at most a twentieth of the time.

        Raises: StorageError.
        """
        await self._count()
        return self._state

    def _hear(self, news: News) -> None:
        if news.kind == "lost":
            # Another process may have the duty by now, and may want another embedder.
            self._is_wanted = False
        elif news.kind in ("ended", "waiting"):
            self._news.set()

    async def _work(self) -> None:
        pause_s = _FIRST_PAUSE_S
        while True:
            self._news.clear()
            try:
                await self._fill_all()
            except StorageError as error:
                log.info("vectors.waiting", code=error.code)
                self._is_wanted = False
                self._tell("waiting", error.code)
                # The queue tells when it is connected, for the first time and again.
                await self._wait_for_news(_FIRST_PAUSE_S)
                continue
            except EmbedderUnavailable as error:
                log.warning("vectors.failed", code=error.code, embedder=self._embedder.name)
                self._tell("failed", error.code)
            except Exception as error:  # noqa: BLE001 - the worker loop: a defect is told, and the rest goes on
                log.error("vectors.crashed", error=error)
                self._tell("failed", "internal")
            else:
                pause_s = _FIRST_PAUSE_S
                await self._wait_for_news(_LOOK_AGAIN_S)
                continue
            # Not ended by news: with many documents on their way, a failing server would be asked for each.
            await asyncio.sleep(pause_s)
            pause_s = min(pause_s * 2, _LONGEST_PAUSE_S)

    async def _wait_for_news(self, longest_s: float) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(longest_s):
                await self._news.wait()

    async def _fill_all(self) -> None:
        """Go on until nothing waits. Raises: EmbedderUnavailable, StorageError."""
        while await self._queue.take_duty("vectors"):
            if not self._is_wanted and not await self._want():
                return
            async with self._storage.transaction() as tx:
                waiting = await tx.vectors.wanting(self._embedder.name, limit=_BATCH)
            if not waiting:
                await self._finish()
                return
            self._tell("filling")
            await self._fill(waiting)
        self._tell("elsewhere")

    async def _want(self) -> bool:
        """Make this the embedder to search by. False while there is no text at all: no model is loaded for nothing."""
        await self._count(now=True)
        if self._state.total == 0:
            self._tell("complete")
            return False
        if self._embedder.dimensions is None:
            await self._embedder.embed_passages([_NOTHING])
        dimensions = self._embedder.dimensions
        assert dimensions is not None, "it has made a vector"
        async with self._storage.transaction() as tx:
            await tx.vectors.use(self._embedder.name, dimensions)
        self._is_wanted = True
        return True

    async def _fill(self, waiting: Sequence[tuple[ChunkId, str]]) -> None:
        """Embed chunks step by step and store them, all together unless that takes long."""
        made: dict[ChunkId, Vector] = {}
        stored_at = time.monotonic()
        start = 0
        while start < len(waiting):
            await self._be_polite()
            step = waiting[start : start + self._at_once]
            started_at = time.monotonic()
            vectors = await self._embed([text for _, text in step])
            self._measure(time.monotonic() - started_at)
            made.update(zip((chunk_id for chunk_id, _ in step), vectors, strict=True))
            start += len(step)
            if start == len(waiting) or time.monotonic() - stored_at > _STORE_AFTER_S:
                async with self._storage.transaction() as tx:
                    await tx.vectors.add(self._embedder.name, made)
                self._state = replace(self._state, filled=self._state.filled + len(made))
                made, stored_at = {}, time.monotonic()

    async def _embed(self, texts: Sequence[str]) -> Sequence[Vector]:
        """Embed a step. A text that is refused alone gets the vector of nothing, so that it holds up no other.

        Raises: EmbedderUnavailable where the embedder makes no vectors at all.
        """
        try:
            return await self._embedder.embed_passages(texts)
        except EmbedderUnavailable:
            if len(texts) > 1:
                return [vector for text in texts for vector in await self._embed([text])]
            nothing = await self._embedder.embed_passages([_NOTHING])
        log.warning("vectors.text_refused", embedder=self._embedder.name, characters=len(texts[0]))
        self._state = replace(self._state, refused=self._state.refused + 1)
        return nothing

    async def _finish(self) -> None:
        """Nothing waits: the vectors of an embedder before are of no more use."""
        name = self._embedder.name
        async with self._storage.transaction() as tx:
            if await tx.vectors.searched_by() == name:
                await tx.vectors.forget_others(name)
        await self._count()
        self._tell("complete")

    async def _count(self, *, now: bool = False) -> None:
        """Renew the counts, unless they are new and that will do."""
        began = time.monotonic()
        if began < self._count_again_at and not now:
            return
        async with self._storage.transaction() as tx:
            progress = await tx.vectors.progress(self._embedder.name)
            searched_by = await tx.vectors.searched_by()
        took_s = time.monotonic() - began
        self._count_again_at = began + max(_COUNTS_LIFETIME_S, _COUNTS_LIFETIME_IN_COUNTS * took_s)
        self._state = replace(self._state, filled=progress.filled, total=progress.total, searched_by=searched_by)

    async def _be_polite(self) -> None:
        """Wait while answers are written; when that never ends, for nine times as long as the last step took."""
        if not self._is_busy():
            self._is_patient = True
            return
        allowed_s = _LONGEST_BUSY_S if self._is_patient else max(_SHARE_WHILE_BUSY * self._step_s, _BUSY_POLL_S)
        self._tell("waiting")
        for _ in range(ceil(allowed_s / _BUSY_POLL_S)):
            await asyncio.sleep(_BUSY_POLL_S)
            if not self._is_busy():
                break
        self._is_patient = not self._is_busy()
        self._tell("filling")

    def _measure(self, step_s: float) -> None:
        self._step_s = step_s
        if step_s > _LONG_STEP_S:
            self._at_once = max(1, self._at_once // 2)
        elif step_s < _SHORT_STEP_S:
            self._at_once = min(_MOST_AT_ONCE, self._at_once * 2)

    def _tell(self, status: FillStatus, error_code: str | None = None) -> None:
        self._state = replace(self._state, status=status, error_code=error_code)
