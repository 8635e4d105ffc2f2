"""Chats and their messages."""

from dataclasses import replace
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Header
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import JSONResponse, Response

from samovar.api.deps import Asker, ServicesOf
from samovar.api.document_body import document_body
from samovar.api.documents import LARGEST_NUMBER
from samovar.domain.chat import Chat, Message, SentPage
from samovar.domain.citation import citation_to_json
from samovar.domain.errors import InvalidRequest, NotFound
from samovar.domain.ids import ChatId, DocumentId, MessageId, new_chat_id
from samovar.domain.image_tasks import ImageTask
from samovar.domain.parameters import GenerationParameters, read_parameters

__all__ = ["router"]

router = APIRouter(prefix="/api", tags=["chats"])

_MOST_CHATS = 1000
_LONGEST_TITLE = 200
_LONGEST_SYSTEM_PROMPT = 50_000


class ChatBody(BaseModel):
    """What of a chat can be written; a field that is absent stays as it is."""

    model_config = ConfigDict(extra="forbid")
    title: str | None = Field(None, max_length=_LONGEST_TITLE)
    system_prompt: str | None = Field(None, max_length=_LONGEST_SYSTEM_PROMPT)
    model: str | None = Field(None, max_length=500)
    parameters: dict[str, object] | None = None
    head_id: UUID | None = None


class PageBody(BaseModel):
    """A page of a document."""

    model_config = ConfigDict(extra="forbid")
    document_id: UUID
    page: int = Field(ge=1, le=LARGEST_NUMBER)


class MessageBody(BaseModel):
    """A message to send."""

    model_config = ConfigDict(extra="forbid")
    # Turns know the real limit; any limit here makes pydantic look for half characters too.
    text: str = Field(max_length=4_000_000)
    parent_id: UUID | None = None
    document_ids: list[UUID] = Field(default_factory=list)
    pages: list[PageBody] = Field(default_factory=list)
    task: ImageTask | None = None


@router.get("/chats")
async def list_chats(actor: Asker, services: ServicesOf) -> Response:
    """List the chats, the one changed last first."""
    async with services.storage.transaction() as tx:
        chats = await tx.chats.recent(actor, limit=_MOST_CHATS)
    return JSONResponse({"chats": [chat_body(chat) for chat in chats]})


@router.post("/chats")
async def create_chat(body: ChatBody, actor: Asker, services: ServicesOf) -> Response:
    """Begin a chat."""
    async with services.storage.transaction() as tx:
        now = await tx.now()
        chat = Chat(
            chat_id=new_chat_id(),
            owner_id=actor.user_id,
            title=(body.title or "").strip(),
            system_prompt=body.system_prompt or "",
            model=body.model,
            parameters=read_parameters(body.parameters) if body.parameters else GenerationParameters(),
            head_id=None,
            created_at=now,
            updated_at=now,
        )
        await tx.chats.add(actor, chat)
    return JSONResponse(chat_body(chat), status_code=201)


@router.get("/chats/{chat_id}")
async def read_chat(chat_id: UUID, actor: Asker, services: ServicesOf) -> Response:
    """Read a chat with its whole tree and its documents."""
    async with services.storage.transaction() as tx:
        chat = await tx.chats.access(actor, ChatId(chat_id))
        messages = await tx.chats.messages(actor, chat.chat_id)
        documents = await tx.documents.of_chat(actor, chat.chat_id)
        ids = [found.document_id for found in documents]
        pages = await tx.documents.view_pages_of(actor, ids) if ids else {}
        figures = await tx.figures.view_documents(actor, ids) if ids else {}
    return JSONResponse(
        {
            "chat": chat_body(chat),
            "messages": [message_body(message) for message in messages],
            "documents": [
                document_body(found, pages.get(found.document_id, ()), figures.get(found.document_id, ()))
                for found in documents
            ],
        }
    )


@router.patch("/chats/{chat_id}")
async def change_chat(chat_id: UUID, body: ChatBody, actor: Asker, services: ServicesOf) -> Response:
    """Change what the body names."""
    named = body.model_fields_set
    async with services.storage.transaction() as tx:
        chat = await tx.chats.access(actor, ChatId(chat_id), for_update=True)
        if "title" in named:
            title = (body.title or "").strip()
            if not title:
                raise InvalidRequest(reason="a title has at least one character")
            chat = replace(chat, title=title)
        if "system_prompt" in named:
            chat = replace(chat, system_prompt=body.system_prompt or "")
        if "model" in named:
            chat = replace(chat, model=body.model)
        if "parameters" in named:
            chat = replace(chat, parameters=read_parameters(body.parameters or {}))
        if "head_id" in named and body.head_id is not None:
            head = await tx.chats.access_message(actor, MessageId(body.head_id))
            if head.chat_id != chat.chat_id:
                raise NotFound(what="message")
            chat = replace(chat, head_id=head.message_id)
        await tx.chats.save(actor, chat)
        chat = await tx.chats.access(actor, chat.chat_id)
    return JSONResponse(chat_body(chat))


@router.delete("/chats/{chat_id}")
async def delete_chat(chat_id: UUID, actor: Asker, services: ServicesOf) -> Response:
    """Delete a chat with everything that only it needs."""
    await services.intake.discard(await services.turns.remove_chat(actor, ChatId(chat_id)))
    return Response(status_code=204)


@router.post("/chats/{chat_id}/messages")
async def send_message(
    chat_id: UUID,
    body: MessageBody,
    actor: Asker,
    services: ServicesOf,
    idempotency_key: Annotated[str | None, Header(max_length=100)] = None,
) -> Response:
    """Store a message and start its reply."""
    turn = await services.turns.submit(
        actor,
        ChatId(chat_id),
        text=body.text,
        parent_id=MessageId(body.parent_id) if body.parent_id else None,
        document_ids=[DocumentId(document_id) for document_id in body.document_ids],
        pages=[SentPage(document_id=DocumentId(sent.document_id), page=sent.page) for sent in body.pages],
        task=body.task,
        idempotency_key=idempotency_key,
    )
    assert turn.message is not None
    return JSONResponse(
        {"message": message_body(turn.message), "reply": message_body(turn.reply), "run_id": str(turn.run_id)},
        status_code=201,
    )


class AgainBody(BaseModel):
    """How a reply is made again."""

    model_config = ConfigDict(extra="forbid")
    model: str | None = Field(None, max_length=500)


@router.post("/messages/{message_id}/regenerate")
async def regenerate(message_id: UUID, actor: Asker, services: ServicesOf, body: AgainBody | None = None) -> Response:
    """Write another reply beside this one, by another model if one is named."""
    turn = await services.turns.regenerate(actor, MessageId(message_id), model=body.model if body else None)
    return JSONResponse({"reply": message_body(turn.reply), "run_id": str(turn.run_id)}, status_code=201)


@router.post("/messages/{message_id}/continue")
async def go_on(message_id: UUID, actor: Asker, services: ServicesOf) -> Response:
    """Write another reply beside this one, which begins with its words and goes on."""
    turn = await services.turns.go_on(actor, MessageId(message_id))
    return JSONResponse({"reply": message_body(turn.reply), "run_id": str(turn.run_id)}, status_code=201)


def chat_body(chat: Chat) -> dict[str, object]:
    """A chat as the page shows it."""
    return {
        "id": str(chat.chat_id),
        "title": chat.title,
        "system_prompt": chat.system_prompt,
        "model": chat.model,
        "parameters": chat.parameters.chosen(),
        "head_id": str(chat.head_id) if chat.head_id else None,
        "created_at": chat.created_at.isoformat(),
        "updated_at": chat.updated_at.isoformat(),
    }


def message_body(message: Message) -> dict[str, object]:
    """A message as the page shows it."""
    return {
        "id": str(message.message_id),
        "parent_id": str(message.parent_id) if message.parent_id else None,
        "position": message.position,
        "role": message.role,
        "text": message.text,
        "reasoning": message.reasoning,
        "document_ids": [str(document_id) for document_id in message.document_ids],
        "pages": [{"document_id": str(sent.document_id), "page": sent.page} for sent in message.pages],
        "task": message.task,
        "run_id": str(message.run_id) if message.run_id else None,
        "run_status": message.run_status,
        "error_code": message.error_code,
        "outcome": dict(message.outcome) if message.outcome else None,
        "model": message.model,
        "citations": [citation_to_json(citation) for citation in message.citations],
        "created_at": message.created_at.isoformat(),
    }
