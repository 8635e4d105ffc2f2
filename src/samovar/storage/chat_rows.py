"""Chats and messages as rows, for every repository that reads or writes them."""

from typing import Any, Final
from uuid import UUID

from sqlalchemy import Row, Select, case, func, select
from sqlalchemy.dialects.postgresql import aggregate_order_by

from samovar.domain.chat import Chat, Message, SentPage
from samovar.domain.citation import citation_from_json
from samovar.domain.context import PinnedFact
from samovar.domain.ids import ChatId, DocumentId, ExampleSetId, MessageId, RunId, UserId
from samovar.domain.parameters import GenerationParameters
from samovar.storage.tables import chats, message_documents, messages, runs

__all__ = ["WHOLE", "chat_of", "editable", "message_of", "message_rows"]

#: The page of a document that was attached as a whole.
WHOLE: Final = 0


def editable(chat: Chat) -> dict[str, Any]:
    """The columns that can be written anew."""
    return {
        "title": chat.title,
        "system_prompt": chat.system_prompt,
        "model": chat.model,
        "parameters": chat.parameters.chosen(),
        "head_id": chat.head_id,
        "folder": chat.folder,
        "tags": list(chat.tags),
        "is_pinned": chat.is_pinned,
        "is_archived": chat.is_archived,
        "strategy": chat.strategy,
        "context_after": chat.context_after,
        "facts": [
            {"text": fact.text, "message_id": str(fact.message_id) if fact.message_id else None} for fact in chat.facts
        ],
        "examples_id": chat.examples_id,
    }


def chat_of(row: Row[Any]) -> Chat:
    """A row of ``chats`` as a chat."""
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
        folder=row.folder,
        tags=tuple(row.tags),
        is_pinned=row.is_pinned,
        is_archived=row.is_archived,
        strategy=row.strategy,
        context_after=row.context_after,
        facts=tuple(_fact(stored) for stored in row.facts),
        examples_id=ExampleSetId(row.examples_id) if row.examples_id else None,
        created_at=row.created_at,
        updated_at=row.updated_at,
    )


def _fact(stored: dict[str, Any]) -> PinnedFact:
    said_in = stored["message_id"]
    return PinnedFact(text=stored["text"], message_id=MessageId(UUID(said_in)) if said_in else None)


def message_rows() -> Select[Any]:
    """Read messages with their runs and attachments, joined with their chats; ``message_of`` takes the rows."""
    of_message = message_documents.c.message_id == messages.c.message_id
    attached = (
        select(
            func.jsonb_agg(
                aggregate_order_by(
                    func.jsonb_build_array(message_documents.c.document_id, message_documents.c.page),
                    message_documents.c.place,
                )
            )
        )
        .where(of_message)
        .scalar_subquery()
    )
    # Few messages have any, and putting nothing in order takes ten times as long as seeing that nothing is there. Not
    # EXISTS, for which the planner may read the whole table.
    has_any = select(message_documents.c.place).where(of_message).limit(1).scalar_subquery().is_not(None)
    return (
        select(
            messages,
            case((has_any, attached)).label("attached"),
            runs.c.run_id,
            runs.c.status.label("run_status"),
            runs.c.error_code,
            runs.c.outcome,
            func.coalesce(runs.c.model, messages.c.model).label("answered_by"),
        )
        .join(chats, chats.c.chat_id == messages.c.chat_id)
        .outerjoin(runs, runs.c.message_id == messages.c.message_id)
    )


def message_of(row: Row[Any]) -> Message:
    """A row of ``message_rows`` as a message."""
    attached = [(DocumentId(UUID(document_id)), page) for document_id, page in row.attached or ()]
    return Message(
        message_id=MessageId(row.message_id),
        chat_id=ChatId(row.chat_id),
        parent_id=MessageId(row.parent_id) if row.parent_id else None,
        position=row.position,
        role=row.role,
        text=row.text,
        reasoning=row.reasoning,
        document_ids=tuple(document_id for document_id, page in attached if page == WHOLE),
        pages=tuple(SentPage(document_id=document_id, page=page) for document_id, page in attached if page != WHOLE),
        task=row.task,
        run_id=RunId(row.run_id) if row.run_id else None,
        run_status=row.run_status,
        error_code=row.error_code,
        outcome=row.outcome,
        model=row.answered_by,
        citations=tuple(citation_from_json(stored) for stored in row.citations),
        created_at=row.created_at,
    )
