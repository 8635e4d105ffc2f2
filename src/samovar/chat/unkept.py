"""Replies of temporary chats, written for one reader and gone with it."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing, suppress

from samovar.chat.follow import from_memory
from samovar.chat.live import LiveRun
from samovar.chat.reply import ReplyWriter
from samovar.chat.runs import RunHub, error_body, tokens_spent
from samovar.chat.temporary import TemporaryChat
from samovar.domain.actor import Actor
from samovar.domain.errors import Conflict, SamovarError, TooMany
from samovar.domain.event import RunEvent
from samovar.domain.ids import KeyId, new_run_id
from samovar.domain.run import Run, RunStatus
from samovar.telemetry.log import get_log

__all__ = ["UnkeptReplies"]

log = get_log(__name__)


class UnkeptReplies:
    """Writes replies that nobody can come back to."""

    def __init__(self, writer: ReplyWriter, hub: RunHub, on_spent: Callable[[KeyId, int], None]) -> None:
        """Take places among the replies of ``hub``; ``on_spent`` hears what keys have used."""
        self._writer = writer
        self._hub = hub
        self._on_spent = on_spent

    async def reply(self, actor: Actor, asked: TemporaryChat) -> AsyncGenerator[Sequence[RunEvent], None]:
        """Write a reply, and give its events in batches until its end; close the generator to stop."""
        try:
            with self._hub.room():
                async with aclosing(self._written(actor, asked)) as batches:
                    async for batch in batches:
                        yield batch
        except (TooMany, Conflict) as error:
            yield (RunEvent(seq=1, kind="end", body={"status": "failed", "error": error_body(error)}),)

    async def _written(self, actor: Actor, asked: TemporaryChat) -> AsyncGenerator[Sequence[RunEvent], None]:
        live = LiveRun(_run(asked), actor)
        live.emit("status", status="running")
        writing = asyncio.create_task(self._write(actor, live, asked), name="temporary reply")
        batches = from_memory(live, 0)
        try:
            async for batch in batches:
                yield batch
        finally:
            await batches.aclose()
            writing.cancel()
            with suppress(asyncio.CancelledError):
                await writing

    async def _write(self, actor: Actor, live: LiveRun, asked: TemporaryChat) -> None:
        status: RunStatus = "stopped"
        error: SamovarError | None = None
        try:
            await self._writer.write_unkept(actor, live, asked)
            status = "done"
        except SamovarError as failure:
            status, error = "failed", failure
        except Exception as failure:  # noqa: BLE001 - the task's end: the reader waits for one, whatever has happened
            # The log has of an error where it came from, and not its words: they may be what was said.
            status, error = "failed", SamovarError()
            log.error("temporary.crashed", error=failure)
        finally:
            if actor.key is not None:
                self._on_spent(actor.key.key_id, tokens_spent(live))
            log.info("temporary.ended", status=status, code=error.code if error else None)
            live.emit("end", status=status, error=error_body(error) if error else None)


def _run(asked: TemporaryChat) -> Run:
    return Run(
        run_id=new_run_id(),
        chat_id=asked.chat.chat_id,
        message_id=asked.branch[-1].message_id,
        status="running",
        owner=0,
        model=asked.chat.model,
        backend=None,
        last_seq=0,
        created_at=asked.chat.created_at,
    )
