"""Workers: take what waits in the queue, one document each, until they are closed."""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Final, Protocol

from samovar.domain.errors import StorageError
from samovar.domain.ids import DocumentId
from samovar.ports.queue import News, QueueScope, ReadingQueue
from samovar.telemetry.log import get_log

__all__ = ["DocumentReading", "Workers", "chat_readers", "import_readers", "usual_readers"]

log = get_log(__name__)

_ANY: Final[QueueScope] = "all"
_CHATS: Final[QueueScope] = "chats"
_IMPORTS: Final[QueueScope] = "imports"
#: What waits is looked for again after this, should news of it have been lost.
_LOOK_AGAIN_S: Final = 30.0
_LOOK_AFTER_OTHERS_S: Final = 1.0
_FIRST_PAUSE_S: Final = 0.5
_LONGEST_PAUSE_S: Final = 60.0
#: A document that meets an error of our own so often is given up.
_TRIES: Final = 3


class DocumentReading(Protocol):
    """What is done with a document that was claimed."""

    async def read(self, document_id: DocumentId) -> None:
        """Carry on with a document from where it stands, to its end. Raises: StorageError."""
        ...

    async def give_up(self, document_id: DocumentId) -> None:
        """End the reading of a document by an error of our own. Raises: StorageError."""
        ...


def usual_readers(imports: int) -> tuple[QueueScope, ...]:
    """Readers of a process that reads everything, ``imports`` documents at once.

    A file of a chat never waits behind an import: one reader more takes nothing else.
    """
    return (*[_ANY] * imports, _CHATS)


def chat_readers(imports: int) -> tuple[QueueScope, ...]:
    """Readers of a process that leaves imports to another: as many for files of chats as it would have with them."""
    return (_CHATS,) * (imports + 1)


def import_readers(imports: int) -> tuple[QueueScope, ...]:
    """Readers of a process that leaves files of chats to another."""
    return (_IMPORTS,) * imports


class Workers:
    """Readers of one process."""

    def __init__(
        self,
        queue: ReadingQueue,
        reading: DocumentReading,
        *,
        readers: Sequence[QueueScope],
        on_change: Callable[[], None] = lambda: None,
    ) -> None:
        """Have one reader for each of ``readers``; ``on_change`` is told when one begins or ends a document."""
        self._queue = queue
        self._reading = reading
        self._readers = tuple(readers)
        self._on_change = on_change
        self._tasks: list[asyncio.Task[None]] = []
        self._reads: dict[DocumentId, asyncio.Task[None]] = {}
        self._wakes: list[asyncio.Event] = []
        self._errors: dict[DocumentId, int] = {}
        self._later: dict[DocumentId, float] = {}
        self._unsubscribe: Callable[[], None] | None = None

    def start(self) -> None:
        """Begin to take what waits."""
        if self._tasks:
            return
        self._unsubscribe = self._queue.subscribe(self._hear)
        for number, scope in enumerate(self._readers):
            wake = asyncio.Event()
            self._wakes.append(wake)
            work = self._work(wake, scope)
            self._tasks.append(asyncio.create_task(work, name=f"reader of documents {number}"))

    async def close(self) -> None:
        """Stop at once; what was being read is taken up again where it stands."""
        if self._unsubscribe is not None:
            self._unsubscribe()
            self._unsubscribe = None
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks.clear()

    @property
    def reading(self) -> int:
        """How many documents are being read: whoever can wait should."""
        return len(self._reads)

    def _hear(self, news: News) -> None:
        if news.kind == "waiting":
            for wake in self._wakes:
                wake.set()
        elif news.kind == "lost":
            # Another process may have claimed by now what this one was reading.
            for task in self._reads.values():
                task.cancel()
        elif news.kind == "stopped" and news.document_id in self._reads:
            self._reads[news.document_id].cancel()

    async def _work(self, wake: asyncio.Event, scope: QueueScope) -> None:
        while True:
            wake.clear()
            if not await self._do_one(scope):
                pause_s = await self._pause_s(scope)
                with suppress(TimeoutError):
                    async with asyncio.timeout(pause_s):
                        await wake.wait()

    async def _do_one(self, scope: QueueScope) -> bool:
        """Read one document; False when there is none."""
        now = asyncio.get_running_loop().time()
        self._later = {document_id: until for document_id, until in self._later.items() if until > now}
        try:
            document_id = await self._queue.claim(scope=scope, except_for=self._later)
            if document_id is None:
                return False
            await self._read(document_id)
            return True
        except StorageError:
            # The queue looks for its connection and says so; its news wake this one.
            return False

    async def _pause_s(self, scope: QueueScope) -> float:
        """How long to wait for news: not long while others read, for nobody tells when one of them is killed."""
        try:
            pause_s = _LOOK_AGAIN_S if await self._queue.is_empty(scope=scope) else _LOOK_AFTER_OTHERS_S
        except StorageError:
            pause_s = _LOOK_AGAIN_S
        now = asyncio.get_running_loop().time()
        return min([pause_s, *(max(0.05, until - now) for until in self._later.values())])

    async def _read(self, document_id: DocumentId) -> None:
        task = asyncio.create_task(self._reading.read(document_id), name=f"reading {document_id}")
        self._reads[document_id] = task
        self._on_change()
        try:
            await asyncio.wait({task})
            await self._settle(document_id, task)
        finally:
            # Here by cancellation too: nothing goes on without its claim.
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            del self._reads[document_id]
            self._on_change()
            await self._queue.release(document_id)

    async def _settle(self, document_id: DocumentId, task: asyncio.Task[None]) -> None:
        self._later.pop(document_id, None)
        if task.cancelled():
            return
        error = task.exception()
        if error is None:
            self._errors.pop(document_id, None)
            return
        count = self._errors[document_id] = self._errors.get(document_id, 0) + 1
        if isinstance(error, StorageError):
            log.warning("document.postponed", code=error.code, document=str(document_id))
        else:
            log.error("document.crashed", error=error, document=str(document_id))
            if count >= _TRIES:
                del self._errors[document_id]
                await self._reading.give_up(document_id)
                return
        pause_s = min(_LONGEST_PAUSE_S, _FIRST_PAUSE_S * 2 ** (count - 1))
        self._later[document_id] = asyncio.get_running_loop().time() + pause_s
