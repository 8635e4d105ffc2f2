"""Chats and their messages in PostgreSQL."""

from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Any, Final

from sqlalchemy import Select, and_, bindparam, delete, exists, func, insert, select, update
from sqlalchemy.dialects.postgresql import insert as insert_or_skip

from samovar.domain.actor import Actor
from samovar.domain.chat import Chat, ChatFilter, ChatPage, LineNode, Message, TreeNode
from samovar.domain.citation import citation_to_json
from samovar.domain.errors import Conflict, NotFound
from samovar.domain.ids import ChatId, DocumentId, MessageId
from samovar.domain.run import Run
from samovar.storage.attachments import attach, read_unsent
from samovar.storage.branches import read_branch, read_newest_leaf, read_outline, read_siblings
from samovar.storage.chat_list import list_chats, list_folders, list_tags
from samovar.storage.chat_rows import chat_of, editable, message_of, message_rows
from samovar.storage.connection import Connection
from samovar.storage.documents import delete_documents
from samovar.storage.lines import read_line
from samovar.storage.tables import chat_changes, chat_documents, chats, documents, messages
from samovar.storage.turns import insert_turn

__all__ = ["PostgresChats"]


#: The columns of a message that is stored, beside its chat.
_WRITTEN: Final = (
    "message_id",
    "parent_id",
    "role",
    "text",
    "reasoning",
    "model",
    "citations",
    "idempotency_key",
    "task",
    "created_at",
)


class PostgresChats:
    """Implements the port ``Chats``."""

    def __init__(self, connection: Connection) -> None:
        """Work on the connection of one transaction."""
        self._connection = connection

    async def add(self, actor: Actor, chat: Chat) -> None:
        """Store a new chat."""
        values = {
            "chat_id": chat.chat_id,
            "owner_id": actor.user_id,
            "created_at": chat.created_at,
            "updated_at": chat.updated_at,
            **editable(chat),
        }
        await self._connection.execute(_ADD, values)

    async def access(self, actor: Actor, chat_id: ChatId, *, for_update: bool = False) -> Chat:
        """Read one chat; ``for_update`` locks its row. Raises: NotFound."""
        statement = _ACCESS_AND_LOCK if for_update else _ACCESS
        row = (await self._connection.execute(statement, _key(actor, chat_id))).one_or_none()
        if row is None:
            raise NotFound(what="chat")
        return chat_of(row)

    async def list(self, actor: Actor, where: ChatFilter, *, before: int | None, limit: int) -> ChatPage:
        """List the chats, all pinned ones first; see the port."""
        return await list_chats(self._connection, actor, where, before=before, limit=limit)

    async def folders(self, actor: Actor) -> tuple[str, ...]:
        """The folders that have chats, in order, without the empty name."""
        return await list_folders(self._connection, actor)

    async def tags(self, actor: Actor) -> tuple[str, ...]:
        """The tags that chats have, in order."""
        return await list_tags(self._connection, actor)

    async def save(self, actor: Actor, chat: Chat, *, moves_up: bool = True) -> None:
        """Write what can be edited and the head; move the chat to the top, or leave it where it is.

        Raises: NotFound.
        """
        parameters = {**_key(actor, chat.chat_id), **editable(chat)}
        if (await self._connection.execute(_SAVE_AND_MOVE if moves_up else _SAVE, parameters)).rowcount == 0:
            raise NotFound(what="chat")

    async def remove(self, actor: Actor, chat_id: ChatId) -> tuple[str, ...]:
        """Delete a chat and what it alone needs; return the hashes of blobs left without reference."""
        await self.access(actor, chat_id, for_update=True)
        attached = select(chat_documents.c.document_id).where(chat_documents.c.chat_id == chat_id)
        candidates = (await self._connection.execute(attached)).scalars().all()
        await self._connection.execute(delete(chats).where(chats.c.chat_id == chat_id))
        unneeded = and_(
            documents.c.document_id.in_(candidates),
            documents.c.owner_id == actor.user_id,
            documents.c.base_id.is_(None),
            ~exists().where(chat_documents.c.document_id == documents.c.document_id),
        )
        return await delete_documents(self._connection, unneeded)

    async def add_message(self, actor: Actor, message: Message, *, idempotency_key: str | None = None) -> Message:
        """Store a message. Raises: NotFound for a chat, parent or document of somebody else, Conflict."""
        position = await self._insert_message(actor, message, idempotency_key)
        await attach(self._connection, actor, [message])
        return replace(message, position=position)

    async def add_turn(
        self,
        actor: Actor,
        chat: Chat,
        question: Message,
        reply: Message,
        run: Run,
        *,
        idempotency_key: str | None = None,
    ) -> tuple[Message, Message]:
        """Store a question, its empty reply and its run; write the title of the chat and its new head.

        All of it happens when the question does. Return both messages with their positions. Raises: NotFound,
        Conflict when the key was used.
        """
        positions = await insert_turn(self._connection, actor, chat, question, reply, run, idempotency_key)
        if positions is None:
            await self.access(actor, chat.chat_id)
            raise Conflict(reason="this message has been sent already")
        await attach(self._connection, actor, [question])
        return replace(question, position=positions[0]), replace(reply, position=positions[1])

    async def message_by_idempotency_key(self, actor: Actor, chat_id: ChatId, key: str) -> Message | None:
        """Find the message that an earlier submit with this key made."""
        found = await self._messages(_MESSAGE_BY_KEY, {**_key(actor, chat_id), "of_key": key})
        return found[0] if found else None

    async def access_message(self, actor: Actor, message_id: MessageId) -> Message:
        """Read one message. Raises: NotFound."""
        found = await self._messages(_MESSAGE, {"of_owner": actor.user_id, "of_message": message_id})
        if not found:
            raise NotFound(what="message")
        return found[0]

    async def messages(self, actor: Actor, chat_id: ChatId) -> tuple[Message, ...]:
        """Read the whole tree of a chat, ordered by position. Raises: NotFound."""
        found = await self._messages(_MESSAGES, _key(actor, chat_id))
        if not found:
            await self.access(actor, chat_id)
        return found

    async def line(self, actor: Actor, chat_id: ChatId, head_id: MessageId) -> tuple[LineNode, ...]:
        """Read the branch that ends at a message without its words; see the port."""
        return await read_line(self._connection, actor, chat_id, head_id)

    async def branch(
        self, actor: Actor, chat_id: ChatId, head_id: MessageId, *, limit: int | None = None
    ) -> tuple[Message, ...]:
        """Read the branch that ends at a message, oldest first: its last ``limit`` messages. Raises: NotFound."""
        return await read_branch(self._connection, actor, chat_id, head_id, limit=limit)

    async def newest_leaf(self, actor: Actor, message_id: MessageId) -> MessageId:
        """The end of the newest branch through a message. Raises: NotFound."""
        return await read_newest_leaf(self._connection, actor, message_id)

    async def newest_position(self, actor: Actor, chat_id: ChatId) -> int | None:
        """The position of the newest message of a chat; None without any, or without the chat."""
        found: int | None = (
            await self._connection.execute(_NEWEST_POSITION, _key(actor, chat_id))
        ).scalar_one_or_none()
        return found

    async def siblings(
        self, actor: Actor, message_ids: Collection[MessageId]
    ) -> Mapping[MessageId, tuple[MessageId, ...]]:
        """The versions of messages, oldest first; only of those with more than one."""
        return await read_siblings(self._connection, actor, message_ids)

    async def unsent_documents(self, actor: Actor, chat_id: ChatId) -> tuple[DocumentId, ...]:
        """List the documents of a chat that no message of its tree refers to."""
        return await read_unsent(self._connection, actor, chat_id)

    async def outline(self, actor: Actor, chat_id: ChatId, *, limit: int) -> tuple[TreeNode, ...]:
        """Read the newest ``limit`` nodes of the tree, ordered by position. Raises: NotFound."""
        nodes = await read_outline(self._connection, actor, chat_id, limit=limit)
        if not nodes:
            await self.access(actor, chat_id)
        return nodes

    async def _messages(self, statement: Select[Any], parameters: Mapping[str, object]) -> tuple[Message, ...]:
        return tuple(message_of(row) for row in await self._connection.execute(statement, parameters))

    async def _insert_message(self, actor: Actor, message: Message, idempotency_key: str | None) -> int:
        parameters = {
            **_key(actor, message.chat_id),
            "new_message_id": message.message_id,
            "new_parent_id": message.parent_id,
            "new_role": message.role,
            "new_text": message.text,
            "new_reasoning": message.reasoning,
            "new_model": message.model,
            "new_citations": [citation_to_json(citation) for citation in message.citations],
            "new_idempotency_key": idempotency_key,
            "new_task": message.task,
            "new_created_at": message.created_at,
        }
        position: int | None = (await self._connection.execute(_ADD_MESSAGE, parameters)).scalar_one_or_none()
        if position is None:
            await self.access(actor, message.chat_id)
            raise Conflict(reason="this message has been sent already")
        return position


def _key(actor: Actor, chat_id: ChatId) -> dict[str, object]:
    """What the statements below call the chat and whose it is."""
    return {"of_chat": chat_id, "of_owner": actor.user_id}


# The statements of every message are built once: building one costs more than running it.
_OWN: Final = and_(chats.c.chat_id == bindparam("of_chat"), chats.c.owner_id == bindparam("of_owner"))
_ADD: Final = insert(chats)
_ACCESS: Final = select(chats).where(_OWN)
_ACCESS_AND_LOCK: Final = _ACCESS.with_for_update()
_SAVE: Final = update(chats).where(_OWN)
_SAVE_AND_MOVE: Final = _SAVE.values(change=chat_changes.next_value(), updated_at=func.clock_timestamp())
_OWN_MESSAGES: Final = message_rows().where(chats.c.owner_id == bindparam("of_owner")).order_by(messages.c.position)
_MESSAGES: Final = _OWN_MESSAGES.where(messages.c.chat_id == bindparam("of_chat"))
_MESSAGE: Final = _OWN_MESSAGES.where(messages.c.message_id == bindparam("of_message"))
_NEWEST_POSITION: Final = (
    select(messages.c.position)
    .join(chats, chats.c.chat_id == messages.c.chat_id)
    .where(_OWN, messages.c.chat_id == bindparam("of_chat"))
    .order_by(messages.c.position.desc())
    .limit(1)
)
_MESSAGE_BY_KEY: Final = _MESSAGES.where(messages.c.idempotency_key == bindparam("of_key"))
_ADD_MESSAGE: Final = (
    insert_or_skip(messages)
    .from_select(
        ["chat_id", *_WRITTEN],
        select(chats.c.chat_id, *(bindparam(f"new_{name}", type_=messages.c[name].type) for name in _WRITTEN)).where(
            _OWN
        ),
    )
    .on_conflict_do_nothing(constraint="messages_idempotency_key_key")
    .returning(messages.c.position)
)
