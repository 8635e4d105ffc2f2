"""Follow a run as a reader: from memory while it is written here, else from what is stored."""

import asyncio
import time
from collections.abc import AsyncGenerator, Callable, Sequence
from dataclasses import replace
from typing import Final

from samovar.chat.live import LiveRun
from samovar.chat.runs import RunHub
from samovar.domain.actor import Actor
from samovar.domain.event import FINAL_EVENT, UNNUMBERED, RunEvent
from samovar.domain.ids import RunId
from samovar.domain.run import LIVE_STATUSES
from samovar.ports.storage import Storage

__all__ = ["follow_run", "from_memory", "join_deltas", "summarise"]

#: Tokens that arrive within this time travel together; the eye does not see the difference.
COALESCE_S: Final = 0.05
#: With so many more answers at once, batches come half as often: the page stays as smooth as the tokens allow.
_CROWD: Final = 128
#: What may wait for more of its kind. The first words follow other events, and come at once.
_GATHERED: Final = frozenset({"delta", "reasoning"})
_POLL_S: Final = 0.5
#: After so long without an event a reader gets an empty batch, so that whoever sends can look around.
QUIET_S: Final = 0.25


async def follow_run(
    storage: Storage, hub: RunHub, actor: Actor, run_id: RunId, *, after: int | None
) -> AsyncGenerator[Sequence[RunEvent], None]:
    """Open the events of a run, in batches until its end; an empty one when nothing has happened for a while.

    ``after`` is the last event that the reader has; None starts with the whole text so far.
    Raises: NotFound when the run is not the actor's.
    """
    if live := hub.live(actor, run_id):
        return from_memory(live, after, crowd=hub.__len__)
    async with storage.transaction() as tx:
        await tx.runs.access(actor, run_id)
    return _from_storage(storage, actor, run_id, after)


async def from_memory(
    live: LiveRun, after: int | None, *, crowd: Callable[[], int] = lambda: 1
) -> AsyncGenerator[Sequence[RunEvent], None]:
    """Follow a run that is being written here; ``after`` and the batches are those of ``follow_run``.

    ``crowd`` tells how many answers are being written in all: the more, the longer tokens are gathered.
    """
    if after is not None and after > live.seq:
        after = None  # No such event was ever sent: tell everything rather than wait for a number that never comes.
    seen = after or 0
    if after is None and live.seq:
        batch = summarise(tuple(live.events(0)))
        seen = live.seq
        yield batch
        if batch[-1].kind == FINAL_EVENT:
            return
    listener = _Listener(live, crowd)
    try:
        while True:
            if not await listener.wait_beyond(seen):
                yield ()
                continue
            batch = join_deltas(tuple(live.events(seen)))
            seen = batch[-1].seq
            yield batch
            if batch[-1].kind == FINAL_EVENT:
                return
            if batch[-1].kind in _GATHERED:
                listener.rest()
    finally:
        listener.close()


class _Listener:
    """Wakes one reader for what is new, at once or when it has rested: ``COALESCE_S``, and longer in a crowd.

    Between two batches a reader costs a call an event, and neither a task nor a timer.
    """

    def __init__(self, live: LiveRun, crowd: Callable[[], int]) -> None:
        self._live = live
        self._crowd = crowd
        self._loop = asyncio.get_running_loop()
        self._woken: asyncio.Future[None] | None = None
        self._rest: asyncio.TimerHandle | None = None
        self._rested_at = self._heard_at = time.monotonic()
        self._quiet = self._loop.call_later(QUIET_S, self._look)
        live.listen(self._hear)

    async def wait_beyond(self, seq: int) -> bool:
        """Return True once there is an event with a number above ``seq``, False after ``QUIET_S`` without."""
        if self._live.seq <= seq or time.monotonic() < self._rested_at:
            self._woken = self._loop.create_future()
            if self._live.seq > seq:
                self._hear()
            try:
                await self._woken
            finally:
                self._woken = None
        self._heard_at = time.monotonic()
        return self._live.seq > seq

    def rest(self) -> None:
        """Let what follows the last batch gather for a while."""
        self._rested_at = self._heard_at + COALESCE_S * (1 + self._crowd() / _CROWD)

    def close(self) -> None:
        """Listen no more."""
        self._live.leave(self._hear)
        self._quiet.cancel()
        if self._rest is not None:
            self._rest.cancel()

    def _hear(self) -> None:
        if self._woken is None or self._rest is not None:
            return
        left_s = self._rested_at - time.monotonic()
        if left_s <= 0:
            self._wake()
        else:
            self._rest = self._loop.call_later(left_s, self._wake)

    def _look(self) -> None:
        left_s = self._heard_at + QUIET_S - time.monotonic()
        if left_s <= 0 and self._woken is not None:
            self._wake()
        self._quiet = self._loop.call_later(left_s if left_s > 0 else QUIET_S, self._look)

    def _wake(self) -> None:
        if self._rest is not None:
            self._rest.cancel()
            self._rest = None
        if self._woken is not None and not self._woken.done():
            self._woken.set_result(None)


async def _from_storage(
    storage: Storage, actor: Actor, run_id: RunId, after: int | None
) -> AsyncGenerator[Sequence[RunEvent], None]:
    seen = after or 0
    is_first = after is None
    while True:
        async with storage.transaction() as tx:
            run = await tx.runs.access(actor, run_id)
            events = await tx.runs.events_after(actor, run_id, seen)
        if events:
            seen = events[-1].seq
            yield summarise(events) if is_first else join_deltas(events)
            is_first = False
            if events[-1].kind == FINAL_EVENT:
                return
        elif run.status not in LIVE_STATUSES:
            # The reader has seen everything; it only missed that this was the end.
            yield (RunEvent(seq=max(seen, 1), kind=FINAL_EVENT, body={"status": run.status, "error": None}),)
            return
        else:
            yield ()
            async with storage.transaction() as tx:
                await tx.runs.interrupt_orphans()
            await asyncio.sleep(_POLL_S)


def join_deltas(events: Sequence[RunEvent]) -> tuple[RunEvent, ...]:
    """Join neighbouring deltas into one, numbered as the last of them."""
    joined: list[RunEvent] = []
    deltas: list[RunEvent] = []
    for event in events:
        if event.kind == "delta":
            deltas.append(event)
            continue
        if deltas:
            joined.append(_one_delta(deltas))
            deltas = []
        joined.append(event)
    if deltas:
        joined.append(_one_delta(deltas))
    return tuple(joined)


def _one_delta(deltas: Sequence[RunEvent]) -> RunEvent:
    if len(deltas) == 1:
        return deltas[0]
    text = "".join(str(delta.body["text"]) for delta in deltas)
    return RunEvent(seq=deltas[-1].seq, kind="delta", body={"text": text})


def summarise(events: Sequence[RunEvent]) -> tuple[RunEvent, ...]:
    """Fold everything so far into the other events and one ``replace`` with the whole text."""
    kept: list[RunEvent] = []
    text = ""
    reasoning = ""
    end: RunEvent | None = None
    queue: RunEvent | None = None
    for event in events:
        if event.kind == "queue":
            queue = event
            continue
        queue = None
        if event.kind == "delta":
            text += str(event.body["text"])
        elif event.kind == "reasoning":
            reasoning += str(event.body["text"])
        elif event.kind == "replace":
            text, reasoning = str(event.body["text"]), str(event.body["reasoning"])
        elif event.kind == FINAL_EVENT:
            end = event
        elif event.kind == "restart":
            kept = []
        elif event.kind != "progress":
            # Without a number: a reader that loses the line before the text must begin again.
            kept.append(replace(event, seq=UNNUMBERED))
    if queue is not None:
        kept.append(replace(queue, seq=UNNUMBERED))
    last = events[-1].seq - (1 if end else 0)
    kept.append(RunEvent(seq=max(last, 1), kind="replace", body={"text": text, "reasoning": reasoning}))
    return (*kept, end) if end else tuple(kept)
