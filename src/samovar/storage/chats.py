"""Chats and their messages in PostgreSQL."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final
from uuid import UUID

from sqlalchemy import (
    Row,
    Select,
    and_,
    bindparam,
    delete,
    exists,
    func,
    insert,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import aggregate_order_by
from sqlalchemy.dialects.postgresql import insert as insert_or_skip

from samovar.domain.actor import Actor
from samovar.domain.chat import Chat, Message, SentPage
from samovar.domain.citation import citation_from_json, citation_to_json
from samovar.domain.errors import Conflict, NotFound
from samovar.domain.ids import ChatId, DocumentId, MessageId, RunId, UserId
from samovar.domain.parameters import GenerationParameters
from samovar.domain.run import Run
from samovar.storage.connection import Connection
from samovar.storage.documents import delete_documents
from samovar.storage.rights import readable_document
from samovar.storage.tables import (
    chat_changes,
    chat_documents,
    chats,
    documents,
    message_documents,
    messages,
    runs,
)
from samovar.storage.turns import insert_turn

__all__ = ["PostgresChats"]


#: The page of a document that was attached as a whole.
_WHOLE: Final = 0
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
            **_editable(chat),
        }
        await self._connection.execute(_ADD, values)

    async def access(self, actor: Actor, chat_id: ChatId, *, for_update: bool = False) -> Chat:
        """Read one chat; ``for_update`` locks its row. Raises: NotFound."""
        statement = _ACCESS_AND_LOCK if for_update else _ACCESS
        row = (await self._connection.execute(statement, _key(actor, chat_id))).one_or_none()
        if row is None:
            raise NotFound(what="chat")
        return _chat(row)

    async def recent(self, actor: Actor, *, limit: int) -> tuple[Chat, ...]:
        """List the chats, the one changed last first."""
        statement = select(chats).where(chats.c.owner_id == actor.user_id).order_by(chats.c.change.desc()).limit(limit)
        return tuple(_chat(row) for row in await self._connection.execute(statement))

    async def save(self, actor: Actor, chat: Chat) -> None:
        """Write what can be edited and the head; move the chat to the top. Raises: NotFound."""
        parameters = {**_key(actor, chat.chat_id), **_editable(chat)}
        if (await self._connection.execute(_SAVE, parameters)).rowcount == 0:
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
        await self._attach(actor, message)
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
        await self._attach(actor, question)
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

    async def _messages(self, statement: Select[Any], parameters: Mapping[str, object]) -> tuple[Message, ...]:
        return tuple(_message(row) for row in await self._connection.execute(statement, parameters))

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

    async def _attach(self, actor: Actor, message: Message) -> None:
        whole = [(document_id, _WHOLE) for document_id in message.document_ids]
        sent = list(dict.fromkeys([*whole, *((page.document_id, page.page) for page in message.pages)]))
        if not sent:
            return
        wanted = {document_id for document_id, _ in sent}
        readable = select(documents.c.document_id).where(documents.c.document_id.in_(wanted), readable_document(actor))
        if len((await self._connection.execute(readable)).all()) != len(wanted):
            raise NotFound(what="document")
        rows = [
            {"message_id": message.message_id, "document_id": document_id, "page": page, "place": place}
            for place, (document_id, page) in enumerate(sent)
        ]
        await self._connection.execute(insert(message_documents), rows)


def _key(actor: Actor, chat_id: ChatId) -> dict[str, object]:
    """What the statements below call the chat and whose it is."""
    return {"of_chat": chat_id, "of_owner": actor.user_id}


def _editable(chat: Chat) -> dict[str, Any]:
    return {
        "title": chat.title,
        "system_prompt": chat.system_prompt,
        "model": chat.model,
        "parameters": chat.parameters.chosen(),
        "head_id": chat.head_id,
    }


def _chat(row: Row[Any]) -> Chat:
    parameters: dict[str, Any] = {
        name: tuple(value) if name == "stop" else value for name, value in row.parameters.items()
    }
    return Chat(
        chat_id=ChatId(row.chat_id),
        owner_id=UserId(row.owner_id),
        title=row.title,
        system_prompt=row.system_prompt,
        model=row.model,
        parameters=GenerationParameters(**parameters),
        head_id=MessageId(row.head_id) if row.head_id else None,
        created_at=row.created_at,
        updated_at=row.updated_at,
    )


def _message_rows() -> Select[Any]:
    attached = (
        select(
            func.jsonb_agg(
                aggregate_order_by(
                    func.jsonb_build_array(message_documents.c.document_id, message_documents.c.page),
                    message_documents.c.place,
                )
            )
        )
        .where(message_documents.c.message_id == messages.c.message_id)
        .scalar_subquery()
    )
    return (
        select(
            messages,
            attached.label("attached"),
            runs.c.run_id,
            runs.c.status.label("run_status"),
            runs.c.error_code,
            runs.c.outcome,
            func.coalesce(runs.c.model, messages.c.model).label("answered_by"),
        )
        .join(chats, chats.c.chat_id == messages.c.chat_id)
        .outerjoin(runs, runs.c.message_id == messages.c.message_id)
    )


def _message(row: Row[Any]) -> Message:
    attached = [(DocumentId(UUID(document_id)), page) for document_id, page in row.attached or ()]
    return Message(
        message_id=MessageId(row.message_id),
        chat_id=ChatId(row.chat_id),
        parent_id=MessageId(row.parent_id) if row.parent_id else None,
        position=row.position,
        role=row.role,
        text=row.text,
        reasoning=row.reasoning,
        document_ids=tuple(document_id for document_id, page in attached if page == _WHOLE),
        pages=tuple(SentPage(document_id=document_id, page=page) for document_id, page in attached if page != _WHOLE),
        task=row.task,
        run_id=RunId(row.run_id) if row.run_id else None,
        run_status=row.run_status,
        error_code=row.error_code,
        outcome=row.outcome,
        model=row.answered_by,
        citations=tuple(citation_from_json(stored) for stored in row.citations),
        created_at=row.created_at,
    )


# The statements of every message are built once: building one costs more than running it.
_OWN: Final = and_(chats.c.chat_id == bindparam("of_chat"), chats.c.owner_id == bindparam("of_owner"))
_ADD: Final = insert(chats)
_ACCESS: Final = select(chats).where(_OWN)
_ACCESS_AND_LOCK: Final = _ACCESS.with_for_update()
_SAVE: Final = update(chats).where(_OWN).values(change=chat_changes.next_value(), updated_at=func.clock_timestamp())
_OWN_MESSAGES: Final = _message_rows().where(chats.c.owner_id == bindparam("of_owner")).order_by(messages.c.position)
_MESSAGES: Final = _OWN_MESSAGES.where(messages.c.chat_id == bindparam("of_chat"))
_MESSAGE: Final = _OWN_MESSAGES.where(messages.c.message_id == bindparam("of_message"))
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
