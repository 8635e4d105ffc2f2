"""Summaries of the beginnings of branches in PostgreSQL."""

from typing import Any

from sqlalchemy import Row, Select, and_, insert, select, update

from samovar.domain.actor import Actor
from samovar.domain.context import Summary
from samovar.domain.errors import NotFound
from samovar.domain.ids import ChatId, MessageId, SummaryId
from samovar.storage.connection import Connection
from samovar.storage.tables import chats, messages, summaries

__all__ = ["PostgresSummaries"]


class PostgresSummaries:
    """Implements the port ``Summaries``."""

    def __init__(self, connection: Connection) -> None:
        """Work on the connection of one transaction."""
        self._connection = connection

    async def add(self, actor: Actor, summary: Summary) -> None:
        """Store a summary. Raises: NotFound for a chat of somebody else, or a message of another chat."""
        await self._require_chat(actor, summary.chat_id)
        statement = insert(summaries).values(
            summary_id=summary.summary_id,
            chat_id=summary.chat_id,
            through_id=summary.through_id,
            turns=summary.turns,
            text=summary.text,
            model=summary.model,
            is_active=summary.is_active,
            is_edited=summary.is_edited,
            created_at=summary.created_at,
        )
        await self._connection.execute(statement)

    async def of_chat(self, actor: Actor, chat_id: ChatId) -> tuple[Summary, ...]:
        """List the summaries of a chat, those undone included, in the order of their making. Raises: NotFound."""
        statement = _rows(actor).where(summaries.c.chat_id == chat_id).order_by(summaries.c.position)
        found = (await self._connection.execute(statement)).all()
        if not found:
            await self._require_chat(actor, chat_id)
        return tuple(_summary(row) for row in found)

    async def access(self, actor: Actor, summary_id: SummaryId) -> Summary:
        """Read one. Raises: NotFound."""
        statement = _rows(actor).where(summaries.c.summary_id == summary_id)
        row = (await self._connection.execute(statement)).one_or_none()
        if row is None:
            raise NotFound(what="summary")
        return _summary(row)

    async def save(self, actor: Actor, summary: Summary) -> None:
        """Write text, ``is_active`` and ``is_edited``. Raises: NotFound."""
        own = select(chats.c.chat_id).where(chats.c.owner_id == actor.user_id)
        statement = (
            update(summaries)
            .where(summaries.c.summary_id == summary.summary_id, summaries.c.chat_id.in_(own))
            .values(text=summary.text, is_active=summary.is_active, is_edited=summary.is_edited)
        )
        if (await self._connection.execute(statement)).rowcount == 0:
            raise NotFound(what="summary")

    async def _require_chat(self, actor: Actor, chat_id: ChatId) -> None:
        own = select(chats.c.chat_id).where(chats.c.chat_id == chat_id, chats.c.owner_id == actor.user_id)
        if (await self._connection.execute(own)).one_or_none() is None:
            raise NotFound(what="chat")


def _rows(actor: Actor) -> Select[Any]:
    through = and_(messages.c.chat_id == summaries.c.chat_id, messages.c.message_id == summaries.c.through_id)
    return (
        select(summaries, messages.c.position.label("through_position"))
        .join(chats, chats.c.chat_id == summaries.c.chat_id)
        .join(messages, through)
        .where(chats.c.owner_id == actor.user_id)
    )


def _summary(row: Row[Any]) -> Summary:
    return Summary(
        summary_id=SummaryId(row.summary_id),
        chat_id=ChatId(row.chat_id),
        through_id=MessageId(row.through_id),
        through_position=row.through_position,
        turns=row.turns,
        text=row.text,
        model=row.model,
        is_active=row.is_active,
        is_edited=row.is_edited,
        created_at=row.created_at,
    )
