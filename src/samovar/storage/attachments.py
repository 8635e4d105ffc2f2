"""What messages refer to: documents as a whole, and pages that are sent as pictures."""

from collections.abc import Sequence

from sqlalchemy import insert, select

from samovar.domain.actor import Actor
from samovar.domain.chat import Message
from samovar.domain.errors import NotFound
from samovar.domain.ids import ChatId, DocumentId
from samovar.storage.chat_rows import WHOLE
from samovar.storage.connection import Connection
from samovar.storage.rights import readable_document
from samovar.storage.tables import chat_documents, documents, message_documents, messages

__all__ = ["attach", "read_unsent"]


async def attach(connection: Connection, actor: Actor, messages: Sequence[Message]) -> None:
    """Store what these messages refer to, in its order. Raises: NotFound for what the actor may not read."""
    sent = [
        {"message_id": message.message_id, "document_id": document_id, "page": page, "place": place}
        for message in messages
        for place, (document_id, page) in enumerate(
            dict.fromkeys(
                [
                    *((document_id, WHOLE) for document_id in message.document_ids),
                    *((page.document_id, page.page) for page in message.pages),
                ]
            )
        )
    ]
    if not sent:
        return
    wanted = {row["document_id"] for row in sent}
    readable = select(documents.c.document_id).where(documents.c.document_id.in_(wanted), readable_document(actor))
    if len((await connection.execute(readable)).all()) != len(wanted):
        raise NotFound(what="document")
    await connection.execute(insert(message_documents), sent)


async def read_unsent(connection: Connection, actor: Actor, chat_id: ChatId) -> tuple[DocumentId, ...]:
    """The documents of a chat that no message of its tree refers to; those of others are left out."""
    sent = (
        select(message_documents.c.document_id)
        .join(messages, messages.c.message_id == message_documents.c.message_id)
        .where(messages.c.chat_id == chat_id)
    )
    unsent = (
        select(documents.c.document_id)
        .join(chat_documents, chat_documents.c.document_id == documents.c.document_id)
        .where(chat_documents.c.chat_id == chat_id, readable_document(actor), documents.c.document_id.not_in(sent))
        .order_by(documents.c.document_id)
    )
    return tuple(DocumentId(row.document_id) for row in await connection.execute(unsent))
