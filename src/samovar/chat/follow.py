"""Follow a run as a reader: from memory while it is written here, else from what is stored."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from dataclasses import replace
from typing import Final

from samovar.chat.runs import LiveRun, RunHub
from samovar.domain.actor import Actor
from samovar.domain.event import FINAL_EVENT, UNNUMBERED, RunEvent
from samovar.domain.ids import RunId
from samovar.domain.run import LIVE_STATUSES
from samovar.ports.storage import Storage

__all__ = ["follow_run", "join_deltas", "summarise"]

#: Tokens that arrive within this time travel together; the eye does not see the difference.
COALESCE_S: Final = 0.03
_POLL_S: Final = 0.5


async def follow_run(
    storage: Storage, hub: RunHub, actor: Actor, run_id: RunId, *, after: int | None
) -> AsyncGenerator[Sequence[RunEvent], None]:
    """Open the events of a run, in batches until its end.

    ``after`` is the last event that the reader has; None starts with the whole text so far.
    Raises: NotFound when the run is not the actor's.
    """
    if live := hub.live(actor, run_id):
        return _from_memory(live, after)
    async with storage.transaction() as tx:
        await tx.runs.access(actor, run_id)
    return _from_storage(storage, actor, run_id, after)


async def _from_memory(live: LiveRun, after: int | None) -> AsyncGenerator[Sequence[RunEvent], None]:
    if after is not None and after > live.seq:
        after = None  # No such event was ever sent: tell everything rather than wait for a number that never comes.
    seen = after or 0
    if after is None and live.seq:
        batch = summarise(tuple(live.events(0)))
        seen = live.seq
        yield batch
        if batch[-1].kind == FINAL_EVENT:
            return
    while True:
        await live.wait_beyond(seen)
        batch = join_deltas(tuple(live.events(seen)))
        seen = batch[-1].seq
        yield batch
        if batch[-1].kind == FINAL_EVENT:
            return
        await asyncio.sleep(COALESCE_S)


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
            async with storage.transaction() as tx:
                await tx.runs.interrupt_orphans()
            await asyncio.sleep(_POLL_S)


def join_deltas(events: Sequence[RunEvent]) -> tuple[RunEvent, ...]:
    """Join neighbouring deltas into one, numbered as the last of them."""
    joined: list[RunEvent] = []
    texts: list[str] = []
    for event in events:
        if event.kind == "delta":
            texts.append(str(event.body["text"]))
            if len(texts) > 1:
                joined.pop()
            joined.append(RunEvent(seq=event.seq, kind="delta", body={"text": ""}))
            continue
        _close(joined, texts)
        joined.append(event)
    _close(joined, texts)
    return tuple(joined)


def _close(joined: list[RunEvent], texts: list[str]) -> None:
    if texts:
        joined[-1] = RunEvent(seq=joined[-1].seq, kind="delta", body={"text": "".join(texts)})
        texts.clear()


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
