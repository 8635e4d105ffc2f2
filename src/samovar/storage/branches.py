"""The tree of a chat, read by the branch: no statement touches more of it than it tells about."""

from collections.abc import Collection
from typing import Any, Final

from sqlalchemy import Select, and_, bindparam, literal, select, text

from samovar.domain.actor import Actor
from samovar.domain.chat import Message, TreeNode
from samovar.domain.errors import NotFound
from samovar.domain.ids import ChatId, MessageId
from samovar.storage.chat_rows import message_of, message_rows
from samovar.storage.connection import Connection
from samovar.storage.tables import chats, messages

__all__ = ["read_branch", "read_newest_leaf", "read_outline", "read_siblings"]

#: A branch without limit ends at its root long before so many messages.
_NO_LIMIT: Final = 2**31 - 1
#: How much of a message the outline shows, in characters.
_START_LENGTH: Final = 100


async def read_branch(
    connection: Connection, actor: Actor, chat_id: ChatId, head_id: MessageId, *, limit: int | None
) -> tuple[Message, ...]:
    """Read the branch that ends at a message, oldest first: its last ``limit`` messages.

    Raises: NotFound when the message is not in this chat.
    """
    parameters = {
        "of_chat": chat_id,
        "of_owner": actor.user_id,
        "of_head": head_id,
        "at_most": _NO_LIMIT if limit is None else limit,
    }
    found = (await connection.execute(_BRANCH, parameters)).all()
    if not found:
        raise NotFound(what="message")
    return tuple(message_of(row) for row in found)


async def read_newest_leaf(connection: Connection, actor: Actor, message_id: MessageId) -> MessageId:
    """The newest message under a message, or itself: positions only grow, so nothing follows it. Raises: NotFound."""
    found = await connection.execute(_NEWEST_LEAF, {"of_owner": actor.user_id, "of_message": message_id})
    row = found.one_or_none()
    if row is None:
        raise NotFound(what="message")
    return MessageId(row.message_id)


async def read_siblings(
    connection: Connection, actor: Actor, message_ids: Collection[MessageId]
) -> dict[MessageId, tuple[MessageId, ...]]:
    """The versions of messages, oldest first, themselves among them; only of those with more than one."""
    found = await connection.execute(_SIBLINGS, {"of_owner": actor.user_id, "of_messages": list(message_ids)})
    return {MessageId(row.message_id): tuple(MessageId(version) for version in row.versions) for row in found}


async def read_outline(connection: Connection, actor: Actor, chat_id: ChatId, *, limit: int) -> tuple[TreeNode, ...]:
    """Read the newest ``limit`` nodes of the tree of a chat, ordered by position; none for an unknown chat."""
    parameters = {"of_chat": chat_id, "of_owner": actor.user_id, "at_most": limit, "length": _START_LENGTH}
    found = (await connection.execute(_OUTLINE, parameters)).all()
    return tuple(
        TreeNode(
            message_id=MessageId(row.message_id),
            parent_id=MessageId(row.parent_id) if row.parent_id else None,
            role=row.role,
            start=row.start,
            model=row.model,
            created_at=row.created_at,
        )
        for row in reversed(found)
    )


def _branch() -> Select[Any]:
    head, parent = messages.alias("head"), messages.alias("parent")
    walked = (
        select(head.c.message_id, head.c.parent_id, literal(1).label("depth"))
        .join(chats, chats.c.chat_id == head.c.chat_id)
        .where(
            head.c.message_id == bindparam("of_head"),
            head.c.chat_id == bindparam("of_chat"),
            chats.c.owner_id == bindparam("of_owner"),
        )
        .cte("walked", recursive=True)
    )
    walked = walked.union_all(
        select(parent.c.message_id, parent.c.parent_id, walked.c.depth + 1)
        .join(walked, and_(parent.c.chat_id == bindparam("of_chat"), parent.c.message_id == walked.c.parent_id))
        .where(walked.c.depth < bindparam("at_most"))
    )
    return message_rows().join(walked, walked.c.message_id == messages.c.message_id).order_by(walked.c.depth.desc())


_BRANCH: Final = _branch()
_NEWEST_LEAF: Final = text("""
WITH RECURSIVE below AS (
    SELECT top.chat_id, top.message_id, top.position
    FROM messages AS top JOIN chats USING (chat_id)
    WHERE top.message_id = :of_message AND chats.owner_id = :of_owner
    UNION ALL
    SELECT child.chat_id, child.message_id, child.position
    FROM below JOIN messages AS child ON child.chat_id = below.chat_id AND child.parent_id = below.message_id
)
SELECT message_id FROM below ORDER BY position DESC LIMIT 1
""").bindparams(
    bindparam("of_owner", type_=chats.c.owner_id.type), bindparam("of_message", type_=messages.c.message_id.type)
)
# The messages come first, by their keys: else the planner may look through every chat of the owner for them. Two arms:
# no index serves a comparison that takes two NULLs for equal.
_SIBLINGS: Final = text("""
WITH asked AS MATERIALIZED (
    SELECT message_id, parent_id, chat_id FROM messages WHERE message_id = ANY(:of_messages)
)
SELECT asked.message_id, array_agg(version.message_id ORDER BY version.position) AS versions
FROM asked JOIN chats USING (chat_id) CROSS JOIN LATERAL (
    SELECT message_id, position FROM messages
    WHERE chat_id = asked.chat_id AND parent_id = asked.parent_id
    UNION ALL
    SELECT message_id, position FROM messages
    WHERE asked.parent_id IS NULL AND chat_id = asked.chat_id AND parent_id IS NULL
) AS version
WHERE chats.owner_id = :of_owner
GROUP BY asked.message_id
HAVING count(*) > 1
""").bindparams(bindparam("of_owner", type_=chats.c.owner_id.type), bindparam("of_messages"))
_OUTLINE: Final = text("""
SELECT messages.message_id, parent_id, role, left(text, :length) AS start, messages.created_at,
    coalesce(runs.model, messages.model) AS model
FROM chats JOIN messages USING (chat_id) LEFT JOIN runs ON runs.message_id = messages.message_id
WHERE chats.chat_id = :of_chat AND chats.owner_id = :of_owner
ORDER BY messages.position DESC LIMIT :at_most
""").bindparams(bindparam("of_owner", type_=chats.c.owner_id.type), bindparam("of_chat", type_=chats.c.chat_id.type))
