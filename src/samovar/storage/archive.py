"""Whole chats in and out of PostgreSQL, for import and export."""

from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Final

from sqlalchemy import ARRAY, Text, Uuid, bindparam, func, insert, literal, select, text, update
from sqlalchemy.dialects.postgresql import TIMESTAMP
from sqlalchemy.dialects.postgresql import insert as insert_or_skip

from samovar.domain.actor import Actor
from samovar.domain.chat import Chat, Message
from samovar.domain.citation import citation_to_json
from samovar.domain.errors import NotFound
from samovar.domain.event import FINAL_EVENT, RunEvent
from samovar.domain.ids import MessageId
from samovar.domain.run import LIVE_STATUSES
from samovar.storage.attachments import attach
from samovar.storage.chat_rows import chat_of, editable
from samovar.storage.connection import Connection
from samovar.storage.plain import write_json
from samovar.storage.run_events import pack
from samovar.storage.tables import StoredText, chat_documents, chats, documents, messages, run_events, runs

__all__ = ["PostgresArchive"]

#: What is sent to the database at once.
_BATCH_MESSAGES: Final = 500
_BATCH_CHARACTERS: Final = 1_000_000
_BATCH_CHATS: Final = 50
#: No serving process has this number.
_NOBODY: Final = 0
#: Imported chats are listed after those that were used here, by their dates: a second each has so many places, all
#: below the first change of a chat, and all of them whole numbers for JavaScript, which counts to 2**53.
_PLACES: Final = 2**22
_FIRST_PLACE: Final = -(2**53)
_SECONDS: Final = 2**31 - 1
_BEGINNING: Final = datetime(2000, 1, 1, tzinfo=UTC)


class PostgresArchive:
    """Implements the port ``Archive``."""

    def __init__(self, connection: Connection) -> None:
        """Work on the connection of one transaction."""
        self._connection = connection

    async def add_chat(self, actor: Actor, chat: Chat, messages: Sequence[Message]) -> None:
        """Store a chat with its tree as it is, parents before children, with its dates; positions are given anew.

        ``context_after`` is understood by the positions that the messages come with. The list of chats has the chat
        after all that were used here. Raises: Conflict for known ids, NotFound for a head, a parent, a document or an
        example set that is not there.
        """
        _check_tree(chat, messages)
        await self._add_row(actor, chat)
        for batch in _batches(messages):
            await self._connection.execute(_ADD_MESSAGES, _columns(chat, batch))
            await self._add_runs(chat, batch)
            await attach(self._connection, actor, batch)
        await self._attach_to_chat(actor, chat, messages)
        await self._begin_context(chat, messages)

    async def chats(self, actor: Actor) -> AsyncIterator[Chat]:
        """Every chat of the actor, oldest first, a few at a time; those deleted meanwhile are left out."""
        every = select(chats.c.chat_id).where(chats.c.owner_id == actor.user_id)
        ids = (await self._connection.execute(every.order_by(chats.c.created_at, chats.c.chat_id))).scalars().all()
        for start in range(0, len(ids), _BATCH_CHATS):
            batch = ids[start : start + _BATCH_CHATS]
            rows = await self._connection.execute(select(chats).where(chats.c.chat_id.in_(batch)))
            found = {row.chat_id: row for row in rows}
            for chat_id in batch:
                if chat_id in found:
                    yield chat_of(found[chat_id])

    async def _add_row(self, actor: Actor, chat: Chat) -> None:
        first = _first_place(chat.updated_at)
        taken = select(func.max(chats.c.change)).where(
            chats.c.owner_id == actor.user_id, chats.c.change.between(first, first + _PLACES - 1)
        )
        await self._connection.execute(
            insert(chats).values(
                chat_id=chat.chat_id,
                owner_id=actor.user_id,
                change=func.coalesce(taken.scalar_subquery() + 1, literal(first, chats.c.change.type)),
                created_at=chat.created_at,
                updated_at=chat.updated_at,
                **editable(replace(chat, context_after=None)),
            )
        )

    async def _add_runs(self, chat: Chat, batch: Sequence[Message]) -> None:
        replies = [message for message in batch if message.run_id is not None]
        if not replies:
            return
        ended = [_ended(message) for message in replies]
        await self._connection.execute(
            insert(runs),
            [
                {
                    "run_id": message.run_id,
                    "chat_id": chat.chat_id,
                    "message_id": message.message_id,
                    "status": status,
                    "owner": _NOBODY,
                    "model": message.model,
                    "outcome": dict(message.outcome) if message.outcome else None,
                    "last_seq": events[-1].seq,
                    "error_code": message.error_code,
                    "created_at": message.created_at,
                }
                for message, (status, events) in zip(replies, ended, strict=True)
            ],
        )
        # Whoever follows the run hears what it said and that it has ended.
        await self._connection.execute(
            insert(run_events),
            [
                {"run_id": message.run_id, "first_seq": 1, "last_seq": events[-1].seq, "body": pack(events)}
                for message, (_, events) in zip(replies, ended, strict=True)
            ],
        )

    async def _attach_to_chat(self, actor: Actor, chat: Chat, given: Sequence[Message]) -> None:
        """Files are the chat's too, as if they had been uploaded to it."""
        wanted = {document_id for message in given for document_id in message.document_ids}
        if not wanted:
            return
        own = select(documents.c.document_id).where(
            documents.c.document_id.in_(wanted), documents.c.owner_id == actor.user_id
        )
        found = (await self._connection.execute(own)).scalars().all()
        if len(found) != len(wanted):
            raise NotFound(what="document")
        rows = [{"chat_id": chat.chat_id, "document_id": document_id} for document_id in found]
        await self._connection.execute(insert_or_skip(chat_documents).on_conflict_do_nothing(), rows)

    async def _begin_context(self, chat: Chat, given: Sequence[Message]) -> None:
        if chat.context_after is None:
            return
        earlier = [message for message in given if message.position <= chat.context_after]
        if not earlier:
            return
        last = max(earlier, key=lambda message: message.position)
        position = select(messages.c.position).where(messages.c.message_id == last.message_id).scalar_subquery()
        await self._connection.execute(
            update(chats).where(chats.c.chat_id == chat.chat_id).values(context_after=position)
        )


def _check_tree(chat: Chat, given: Sequence[Message]) -> None:
    """Raises: NotFound for a parent that does not come before, or a head that does not come."""
    known: set[MessageId] = set()
    for message in given:
        if message.parent_id is not None and message.parent_id not in known:
            raise NotFound(what="message")
        known.add(message.message_id)
    if chat.head_id is not None and chat.head_id not in known:
        raise NotFound(what="message")


def _first_place(updated_at: datetime) -> int:
    """The lowest place of a second in the list of chats; times before and after what it can hold go to its ends."""
    second = int((updated_at - _BEGINNING).total_seconds())
    return _FIRST_PLACE + min(max(second, 0), _SECONDS) * _PLACES


def _batches(given: Sequence[Message]) -> Iterator[Sequence[Message]]:
    start = characters = 0
    for place, message in enumerate(given):
        characters += len(message.text) + len(message.reasoning)
        if characters >= _BATCH_CHARACTERS or place + 1 - start >= _BATCH_MESSAGES:
            yield given[start : place + 1]
            start, characters = place + 1, 0
    if start < len(given):
        yield given[start:]


def _ended(message: Message) -> tuple[str, tuple[RunEvent, ...]]:
    """How a run ended that is not written any more, and the events that tell it."""
    status = message.run_status or "done"
    if status in LIVE_STATUSES:
        status = "interrupted"
    error = message.outcome.get("error") if message.outcome else None
    said = RunEvent(seq=1, kind="replace", body={"text": message.text, "reasoning": message.reasoning})
    return status, (said, RunEvent(seq=2, kind=FINAL_EVENT, body={"status": status, "error": error}))


def _columns(chat: Chat, batch: Sequence[Message]) -> dict[str, object]:
    return {
        "of_chat": chat.chat_id,
        "message_ids": [message.message_id for message in batch],
        "parent_ids": [message.parent_id for message in batch],
        "roles": [message.role for message in batch],
        "texts": [message.text for message in batch],
        "reasonings": [message.reasoning for message in batch],
        "models": [message.model for message in batch],
        "citations": [write_json([citation_to_json(citation) for citation in message.citations]) for message in batch],
        "tasks": [message.task for message in batch],
        "moments": [message.created_at for message in batch],
    }


# Rows are numbered in the order in which they are selected, so positions keep the order of what was given.
_ADD_MESSAGES: Final = text("""
INSERT INTO messages (chat_id, message_id, parent_id, role, text, reasoning, model, citations, task, created_at)
SELECT :of_chat, message_id, parent_id, role, text, reasoning, model, citations::jsonb, task, created_at
FROM unnest(
    CAST(:message_ids AS uuid[]), CAST(:parent_ids AS uuid[]), CAST(:roles AS text[]), CAST(:texts AS text[]),
    CAST(:reasonings AS text[]), CAST(:models AS text[]), CAST(:citations AS text[]), CAST(:tasks AS text[]),
    CAST(:moments AS timestamptz[])
) WITH ORDINALITY
    AS given (message_id, parent_id, role, text, reasoning, model, citations, task, created_at, place)
ORDER BY place
""").bindparams(
    bindparam("of_chat", type_=chats.c.chat_id.type),
    bindparam("message_ids", type_=ARRAY(Uuid)),
    bindparam("parent_ids", type_=ARRAY(Uuid)),
    *(bindparam(name, type_=ARRAY(StoredText)) for name in ("roles", "texts", "reasonings", "models", "tasks")),
    bindparam("citations", type_=ARRAY(Text)),
    bindparam("moments", type_=ARRAY(TIMESTAMP(timezone=True))),
)
