"""Runs: replies that belong to the server, from their start to their stored end."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Final

from samovar.chat.checkpoints import Checkpoints
from samovar.chat.live import LiveRun
from samovar.domain.actor import Actor
from samovar.domain.errors import Conflict, NotFound, SamovarError, StorageError, TooMany
from samovar.domain.event import RunEvent
from samovar.domain.ids import ChatId, KeyId, RunId
from samovar.domain.run import Checkpoint, Run, RunStatus
from samovar.ports.storage import Storage
from samovar.telemetry.log import get_log
from samovar.telemetry.metrics import Metrics

__all__ = ["RunHub", "error_body", "tokens_spent"]

log = get_log(__name__)

_STORE_RETRY_S: Final = (0.1, 0.3, 1.0, 2.0, 5.0, 10.0, 10.0)


def error_body(error: SamovarError) -> dict[str, object]:
    """An error as the events and the API show it."""
    return {"code": error.code, "title": error.message, "detail": error.advice, "values": dict(error.values)}


Work = Callable[[LiveRun], Awaitable[None]]


class RunHub:
    """Starts, stops and stores the runs of this process; close it at the end."""

    def __init__(
        self,
        storage: Storage,
        metrics: Metrics,
        *,
        most_runs: int,
        on_spent: Callable[[KeyId, int], None] = lambda key_id, tokens: None,
    ) -> None:
        """Write at most ``most_runs`` replies at the same time; ``on_spent`` hears what keys have used."""
        self._storage = storage
        self._metrics = metrics
        self._most_runs = most_runs
        self._on_spent = on_spent
        self._checkpoints = Checkpoints(storage)
        self._live: dict[RunId, LiveRun] = {}
        self._tasks: dict[RunId, asyncio.Task[None]] = {}
        self._stopping: set[RunId] = set()
        self._reserved = 0
        self._is_closing = False
        self._on_ended: list[Callable[[LiveRun], None]] = []

    def __len__(self) -> int:
        """How many replies are being written."""
        return len(self._live)

    def subscribe(self, on_ended: Callable[[LiveRun], None]) -> None:
        """Call ``on_ended`` with each run when its readers have seen the end; it only notes what is to be done."""
        self._on_ended.append(on_ended)

    @contextmanager
    def room(self) -> Iterator[None]:
        """Keep a place for one reply while its row is stored; start it before leaving.

        Raises: TooMany, Conflict when the server is stopping.
        """
        if self._is_closing:
            raise Conflict(reason="the server is stopping")
        if len(self._live) + self._reserved >= self._most_runs:
            raise TooMany(what="answers", retry_after_s=5)
        self._reserved += 1
        try:
            yield
        finally:
            self._reserved -= 1

    def live(self, actor: Actor, run_id: RunId) -> LiveRun | None:
        """The run, if this process is writing it for this user."""
        live = self._live.get(run_id)
        return live if live is not None and live.actor.user_id == actor.user_id else None

    def start(self, actor: Actor, run: Run, work: Work) -> LiveRun:
        """Begin to write a reply whose row is stored; ``work`` raises SamovarError when it fails."""
        live = LiveRun(run, actor)
        self._live[run.run_id] = live
        self._metrics.live_runs.set(len(self._live))
        self._checkpoints.add(live)
        task = asyncio.create_task(self._write(live, work), name=f"run {run.run_id}")
        self._tasks[run.run_id] = task
        return live

    def stop(self, run_id: RunId) -> None:
        """End a run at the user's wish; nothing happens when it is over."""
        if task := self._tasks.get(run_id):
            self._stopping.add(run_id)
            task.cancel()

    async def stop_chat(self, chat_id: ChatId) -> None:
        """End every run of a chat and return when their ends are stored."""
        runs = [live.run.run_id for live in self._live.values() if live.run.chat_id == chat_id]
        tasks = [self._tasks[run_id] for run_id in runs]
        for run_id in runs:
            self.stop(run_id)
        if tasks:
            await asyncio.wait(tasks)

    async def close(self) -> None:
        """End every run as interrupted and wait until that is stored."""
        self._is_closing = True
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self._checkpoints.close()

    async def _write(self, live: LiveRun, work: Work) -> None:
        run_id = live.run.run_id
        status: RunStatus = "done"
        error: SamovarError | None = None
        try:
            live.emit("status", status="running")
            await work(live)
        except asyncio.CancelledError:
            status = "stopped" if run_id in self._stopping else "interrupted"
        except SamovarError as failure:
            status, error = "failed", failure
        except Exception as failure:  # noqa: BLE001 - the worker loop: a defect ends this run alone, and is told
            status, error = "failed", SamovarError()
            log.error("run.crashed", error=failure, run=str(run_id))
        finally:
            # From here on the end is stored whatever happens: a second cancel neither cuts it short
            # nor makes those who wait for this task believe that it is done.
            ending = asyncio.create_task(self._end(live, status, error), name=f"end of {run_id}")
            while not ending.done():
                with suppress(asyncio.CancelledError):
                    await asyncio.shield(ending)
            ending.result()

    async def _end(self, live: LiveRun, status: RunStatus, error: SamovarError | None) -> None:
        await self._checkpoints.release(live)
        body: dict[str, object] = {"status": status, "error": error_body(error) if error else None}
        try:
            if not await self._store_end(live, status, error, body):
                body = {"status": "failed", "error": error_body(StorageError())}
        finally:
            live.emit("end", **body)
            run_id = live.run.run_id
            self._live.pop(run_id, None)
            self._tasks.pop(run_id, None)
            self._stopping.discard(run_id)
            self._metrics.live_runs.set(len(self._live))
            self._metrics.runs.labels(status).inc()
            if live.actor.key is not None:
                self._on_spent(live.actor.key.key_id, tokens_spent(live))
            if live.usage:
                self._metrics.prompt_tokens.inc(live.usage.prompt_tokens)
                self._metrics.completion_tokens.inc(live.usage.completion_tokens)
            if live.first_token_at:
                self._metrics.first_token_seconds.observe(live.first_token_at - live.started_at)
            log.info("run.ended", run=str(run_id), status=status, events=live.seq, code=error.code if error else None)
            for on_ended in self._on_ended:
                on_ended(live)

    async def _store_end(
        self, live: LiveRun, status: RunStatus, error: SamovarError | None, body: dict[str, object]
    ) -> bool:
        """Store the rest and the end in one transaction before any reader sees the end."""
        end = RunEvent(seq=live.seq + 1, kind="end", body=body)
        for pause_s in (*_STORE_RETRY_S, None):
            last = Checkpoint(
                run_id=live.run.run_id,
                events=(*live.events(live.run.last_seq), end),
                text=live.whole_text(),
                reasoning=live.reasoning,
            )
            try:
                async with self._storage.transaction() as tx:
                    await tx.runs.finish(
                        last,
                        status=status,
                        error_code=error.code if error else None,
                        usage=live.usage,
                        citations=live.citations,
                        outcome={
                            "notices": live.notices,
                            "usage": live.figures,
                            "error": body["error"],
                            "grounding": live.grounding,
                        },
                    )
            except (NotFound, Conflict):
                return True  # Deleted, or ended from elsewhere: what is stored stands.
            except StorageError as failure:
                log.warning("run.end_not_stored", run=str(live.run.run_id), code=failure.code)
                if pause_s is None or self._is_closing:
                    return False
                await asyncio.sleep(pause_s)
            else:
                return True
        return False


def tokens_spent(live: LiveRun) -> int:
    """What a reply has cost; where its backend does not tell, each event counts for a token."""
    return live.seq if live.usage is None else live.usage.prompt_tokens + live.usage.completion_tokens
