"""The line of a branch: its messages without their words, for whoever decides which of them to read."""

from typing import Final

from sqlalchemy import bindparam, text
from sqlalchemy.types import Uuid

from samovar.domain.actor import Actor
from samovar.domain.chat import LineNode
from samovar.domain.ids import ChatId, MessageId
from samovar.storage.connection import Connection

__all__ = ["read_line"]

# From the head to the root by primary key. The length of a long text is known without reading it (TOAST).
_LINE: Final = text("""
WITH RECURSIVE line AS (
    SELECT message_id, parent_id, position, role, octet_length(messages.text) AS size_bytes
    FROM messages JOIN chats USING (chat_id)
    WHERE chat_id = :chat AND chats.owner_id = :actor AND message_id = :head
    UNION ALL
    SELECT above.message_id, above.parent_id, above.position, above.role, octet_length(above.text)
    FROM line JOIN messages AS above ON above.message_id = line.parent_id
)
SELECT message_id, position, role, size_bytes FROM line ORDER BY position
""").bindparams(
    bindparam("chat", type_=Uuid),
    bindparam("actor", type_=Uuid),
    bindparam("head", type_=Uuid),
)


async def read_line(connection: Connection, actor: Actor, chat_id: ChatId, head_id: MessageId) -> tuple[LineNode, ...]:
    """Read the line of the branch that ends at a message; see the port. Of somebody else's chat it is empty."""
    rows = await connection.execute(_LINE, {"chat": chat_id, "actor": actor.user_id, "head": head_id})
    return tuple(LineNode(MessageId(row.message_id), row.position, row.role, row.size_bytes) for row in rows)
