"""Trees of messages, made at once."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from tests.support.database import make_chat, make_message

from samovar.domain.actor import Actor
from samovar.domain.chat import Chat, ChatFilter, Message
from samovar.domain.ids import ChatId, MessageId
from samovar.ports.storage import Storage, Transaction

__all__ = ["START", "chats_of", "line_of", "plant"]

#: When the first message of a planted tree was said; each is a minute after the one before.
START = datetime(2025, 3, 1, 9, tzinfo=UTC)


def line_of(chat_id: ChatId, count: int, *, parent_id: MessageId | None = None, first: int = 1) -> list[Message]:
    """Questions and replies by turns, each below the one before; they are called by their numbers."""
    line: list[Message] = []
    for number in range(first, first + count):
        message = make_message(
            chat_id, role="user" if number % 2 else "assistant", text=f"message {number}", parent_id=parent_id
        )
        line.append(replace(message, position=number, created_at=START + timedelta(minutes=number)))
        parent_id = message.message_id
    return line


async def plant(storage: Storage, actor: Actor, count: int, *, title: str = "Long") -> tuple[Chat, Sequence[Message]]:
    """A chat with one branch of so many messages, its end shown."""
    chat = make_chat(actor, title=title)
    messages = line_of(chat.chat_id, count)
    chat = replace(chat, head_id=messages[-1].message_id if messages else None)
    async with storage.transaction() as tx:
        await tx.archive.add_chat(actor, chat, messages)
        stored = await tx.chats.messages(actor, chat.chat_id)
        return await tx.chats.access(actor, chat.chat_id), stored


async def chats_of(tx: Transaction, actor: Actor) -> tuple[Chat, ...]:
    """Every chat of the actor, the one changed last first."""
    return (await tx.chats.list(actor, ChatFilter(shelf="all"), before=None, limit=100_000)).chats
