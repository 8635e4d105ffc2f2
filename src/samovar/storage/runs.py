"""Runs and their events in PostgreSQL."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from sqlalchemy import Row, and_, bindparam, insert, select, text, update
from sqlalchemy.dialects.postgresql import JSONB

from samovar.domain.actor import Actor
from samovar.domain.citation import Citation, citation_to_json
from samovar.domain.errors import Conflict, NotFound
from samovar.domain.event import FINAL_EVENT, RunEvent
from samovar.domain.generation import Usage
from samovar.domain.ids import ChatId, MessageId, RunId
from samovar.domain.run import Checkpoint, Run, RunStatus
from samovar.storage.connection import Connection
from samovar.storage.run_events import pack, unpack
from samovar.storage.tables import chats, messages, run_events, runs

__all__ = ["OWNER_LOCKS", "PostgresRuns"]

#: The first key of the advisory locks by which serving processes show that they live.
OWNER_LOCKS: Final = 0x5A30

#: The columns that ``finish`` writes, and the one that it finds the run by.
_ENDED: Final = (
    "run_id",
    "status",
    "last_seq",
    "error_code",
    "outcome",
    "prompt_tokens",
    "completion_tokens",
    "cached_tokens",
)

# Statements are built once: building one costs more than running it. The hot path first: runs, messages and
# events in one round trip. A run that has ended is left alone, so that a process which lost its lock for a
# while cannot write behind the end. A batch may come again, and longer, when its writer never heard that the
# first one was committed.
_CHECKPOINT: Final = text("""
WITH given AS (
    SELECT * FROM jsonb_to_recordset(:given) AS given (
        run_id uuid, first_seq integer, last_seq integer, body jsonb, text text, reasoning text
    )
), run AS (
    UPDATE runs SET status = 'running', last_seq = given.last_seq FROM given
    WHERE runs.run_id = given.run_id AND runs.status IN ('queued', 'running')
    RETURNING runs.run_id, runs.message_id
), stored AS (
    INSERT INTO run_events (run_id, first_seq, last_seq, body)
    SELECT run_id, given.first_seq, given.last_seq, given.body FROM given JOIN run USING (run_id)
    ON CONFLICT (run_id, first_seq) DO UPDATE SET last_seq = excluded.last_seq, body = excluded.body
), written AS (
    UPDATE messages SET text = given.text, reasoning = given.reasoning FROM given JOIN run USING (run_id)
    WHERE messages.message_id = run.message_id
)
SELECT run_id FROM run
""").bindparams(bindparam("given", type_=JSONB))

_FINISH: Final = text("""
WITH run AS (
    UPDATE runs SET status = :status, last_seq = :last_seq, error_code = :error_code, outcome = :outcome,
        prompt_tokens = :prompt_tokens, completion_tokens = :completion_tokens, cached_tokens = :cached_tokens
    WHERE run_id = :run_id AND status IN ('queued', 'running')
    RETURNING run_id, message_id
), stored AS (
    INSERT INTO run_events (run_id, first_seq, last_seq, body)
    SELECT run_id, :first_seq, :last_seq, :body FROM run
    ON CONFLICT (run_id, first_seq) DO UPDATE SET last_seq = excluded.last_seq, body = excluded.body
)
UPDATE messages SET text = :text, reasoning = :reasoning, citations = :citations
FROM run WHERE messages.message_id = run.message_id
""").bindparams(
    *(bindparam(name, type_=runs.c[name].type) for name in _ENDED),
    *(bindparam(name, type_=run_events.c[name].type) for name in ("first_seq", "body")),
    *(bindparam(name, type_=messages.c[name].type) for name in ("text", "reasoning", "citations")),
)

_INTERRUPT: Final = text("""
WITH gone AS (
    UPDATE runs SET status = 'interrupted', last_seq = last_seq + 1
    WHERE status IN ('queued', 'running') AND owner <> :owner AND NOT EXISTS (
        SELECT FROM pg_locks
        WHERE locktype = 'advisory' AND granted AND objsubid = 2
          AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
          AND classid = CAST(:locks AS oid) AND objid = CAST(runs.owner AS oid)
    )
    RETURNING run_id, last_seq
)
INSERT INTO run_events (run_id, first_seq, last_seq, body)
SELECT run_id, last_seq, last_seq,
    jsonb_build_array(jsonb_build_array(last_seq, CAST(:kind AS text), CAST(:body AS jsonb)))
FROM gone RETURNING run_id
""").bindparams(bindparam("body", type_=JSONB))


_OF_ACTOR: Final = and_(runs.c.run_id == bindparam("of_run"), chats.c.owner_id == bindparam("of_owner"))
_ADD: Final = insert(runs)
_ACCESS: Final = (
    select(*(column for column in runs.c if column.name not in ("ledger", "outcome")))
    .join(chats, chats.c.chat_id == runs.c.chat_id)
    .where(_OF_ACTOR)
)
_EVENTS_AFTER: Final = (
    select(run_events.c.body)
    .join(runs, runs.c.run_id == run_events.c.run_id)
    .join(chats, chats.c.chat_id == runs.c.chat_id)
    .where(_OF_ACTOR, run_events.c.last_seq > bindparam("after"))
    .order_by(run_events.c.first_seq)
)
_SAVE_CHOICE: Final = update(runs).where(runs.c.run_id == bindparam("of_run"))


class PostgresRuns:
    """Implements the port ``Runs``."""

    def __init__(self, connection: Connection, owner: int) -> None:
        """Work on the connection of one transaction, for one serving process."""
        self._connection = connection
        self._owner = owner

    async def add(self, run: Run) -> None:
        """Store a new run."""
        values = {
            "run_id": run.run_id,
            "chat_id": run.chat_id,
            "message_id": run.message_id,
            "status": run.status,
            "owner": run.owner,
            "model": run.model,
            "backend": run.backend,
            "last_seq": run.last_seq,
            "error_code": run.error_code,
            "created_at": run.created_at,
            **_usage_columns(run.usage),
        }
        await self._connection.execute(_ADD, values)

    async def access(self, actor: Actor, run_id: RunId) -> Run:
        """Read one run of the actor's own. Raises: NotFound."""
        parameters = {"of_run": run_id, "of_owner": actor.user_id}
        row = (await self._connection.execute(_ACCESS, parameters)).one_or_none()
        if row is None:
            raise NotFound(what="run")
        return _run(row)

    async def events_after(self, actor: Actor, run_id: RunId, seq: int) -> tuple[RunEvent, ...]:
        """Read the stored events with a number above ``seq``, in order. Raises: NotFound."""
        parameters = {"of_run": run_id, "of_owner": actor.user_id, "after": seq}
        batches = (await self._connection.execute(_EVENTS_AFTER, parameters)).scalars().all()
        if not batches:
            await self.access(actor, run_id)
        return tuple(event for batch in batches for event in unpack(batch) if event.seq > seq)

    async def checkpoint(self, checkpoints: Sequence[Checkpoint]) -> frozenset[RunId]:
        """Append events and store the replies so far, all in one round trip; return the ids of those that live."""
        given = [{**_checkpoint_columns(last), "run_id": str(last.run_id)} for last in checkpoints]
        found = await self._connection.execute(_CHECKPOINT, {"given": given})
        return frozenset(RunId(row.run_id) for row in found)

    async def finish(
        self,
        last: Checkpoint,
        *,
        status: RunStatus,
        error_code: str | None,
        usage: Usage | None,
        citations: Sequence[Citation],
        outcome: Mapping[str, object],
    ) -> None:
        """Store the last events and how the run ended, in one round trip.

        Raises: NotFound when the run was deleted, Conflict when it has ended already.
        """
        parameters = {
            **_checkpoint_columns(last),
            "run_id": last.run_id,
            "status": status,
            "error_code": error_code,
            "outcome": dict(outcome),
            "citations": [citation_to_json(citation) for citation in citations],
            **_usage_columns(usage),
        }
        if (await self._connection.execute(_FINISH, parameters)).rowcount == 0:
            await self._explain(last.run_id)

    async def save_choice(self, run_id: RunId, *, model: str, backend: str, ledger: Mapping[str, object]) -> None:
        """Record which model answers, and what it is shown. Raises: NotFound."""
        parameters = {"of_run": run_id, "model": model, "backend": backend, "ledger": dict(ledger)}
        if (await self._connection.execute(_SAVE_CHOICE, parameters)).rowcount == 0:
            raise NotFound(what="run")

    async def ledger(self, actor: Actor, run_id: RunId) -> Mapping[str, object]:
        """Read what the model was shown; empty before the request was made. Raises: NotFound."""
        statement = (
            select(runs.c.ledger)
            .join(chats, chats.c.chat_id == runs.c.chat_id)
            .where(runs.c.run_id == run_id, chats.c.owner_id == actor.user_id)
        )
        row = (await self._connection.execute(statement)).one_or_none()
        if row is None:
            raise NotFound(what="run")
        return row.ledger or {}

    async def interrupt_orphans(self) -> tuple[RunId, ...]:
        """End as ``interrupted`` each live run whose owner is gone; return their ids."""
        parameters = {
            "owner": self._owner,
            "locks": OWNER_LOCKS,
            "kind": FINAL_EVENT,
            "body": {"status": "interrupted", "error": None},
        }
        return tuple(RunId(row.run_id) for row in await self._connection.execute(_INTERRUPT, parameters))

    async def _explain(self, run_id: RunId) -> None:
        found = await self._connection.execute(select(runs.c.status).where(runs.c.run_id == run_id))
        if found.one_or_none() is None:
            raise NotFound(what="run")
        raise Conflict(reason="the answer has ended already")


def _checkpoint_columns(checkpoint: Checkpoint) -> dict[str, object]:
    return {
        "first_seq": checkpoint.events[0].seq,
        "last_seq": checkpoint.events[-1].seq,
        "body": pack(checkpoint.events),
        "text": checkpoint.text,
        "reasoning": checkpoint.reasoning,
    }


def _usage_columns(usage: Usage | None) -> dict[str, int | None]:
    return {
        "prompt_tokens": usage.prompt_tokens if usage else None,
        "completion_tokens": usage.completion_tokens if usage else None,
        "cached_tokens": usage.cached_tokens if usage else None,
    }


def _run(row: Row[Any]) -> Run:
    usage = None
    if row.prompt_tokens is not None:
        usage = Usage(
            prompt_tokens=row.prompt_tokens, completion_tokens=row.completion_tokens, cached_tokens=row.cached_tokens
        )
    return Run(
        run_id=RunId(row.run_id),
        chat_id=ChatId(row.chat_id),
        message_id=MessageId(row.message_id),
        status=row.status,
        owner=row.owner,
        model=row.model,
        backend=row.backend,
        last_seq=row.last_seq,
        error_code=row.error_code,
        usage=usage,
        created_at=row.created_at,
    )
