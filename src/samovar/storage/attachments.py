"""What messages refer to: documents as a whole, and pages that are sent as pictures."""

from collections.abc import Sequence

from sqlalchemy import insert, select

from samovar.domain.actor import Actor
from samovar.domain.chat import Message
from samovar.domain.errors import NotFound
from samovar.storage.chat_rows import WHOLE
from samovar.storage.connection import Connection
from samovar.storage.rights import readable_document
from samovar.storage.tables import documents, message_documents

__all__ = ["attach"]


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
