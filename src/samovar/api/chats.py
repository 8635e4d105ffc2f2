"""Chats and their messages."""

from dataclasses import replace
from typing import Annotated, Final
from uuid import UUID

from fastapi import APIRouter, Header, Query
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import JSONResponse, Response

from samovar.api.chat_body import ChatBody, chat_body, message_body, siblings_body, tree_body, with_changes
from samovar.api.deps import Asker, ServicesOf
from samovar.api.document_body import document_body
from samovar.api.documents import LARGEST_NUMBER
from samovar.domain.actor import Actor
from samovar.domain.chat import Chat, ChatFilter, Message, SentPage, Shelf
from samovar.domain.errors import InvalidRequest, NotFound
from samovar.domain.ids import ChatId, DocumentId, MessageId, new_chat_id
from samovar.domain.image_tasks import ImageTask
from samovar.domain.parameters import GenerationParameters
from samovar.ports.storage import Transaction

__all__ = ["router"]

router = APIRouter(prefix="/api", tags=["chats"])

_MOST_CHATS: Final = 1000
#: Longer than folders and tags that are typed here: an import may have brought others.
_LONGEST_NAME: Final = 1000
_MOST_MESSAGES: Final = 200
#: Messages that a page shows at first.
_USUAL_MESSAGES: Final = 60
_MOST_NODES: Final = 20_000
#: Whole numbers that JavaScript can spell.
_LARGEST_CHANGE: Final = 2**53
#: Changes that bring a chat to the top of the list, as a new message does. To put it away, to pin it, or to look at
#: another branch says nothing about when it was last talked in.
_MOVING: Final = frozenset({"title", "system_prompt", "model", "parameters"})

Limit = Annotated[int, Query(ge=1, le=_MOST_MESSAGES)]


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


class ShownBody(BaseModel):
    """The message whose branch is to be shown."""

    model_config = ConfigDict(extra="forbid")
    message_id: UUID


@router.get("/chats")
async def list_chats(
    actor: Asker,
    services: ServicesOf,
    shelf: Shelf = "active",
    folder: Annotated[str, Query(max_length=_LONGEST_NAME)] = "",
    tag: Annotated[str, Query(max_length=_LONGEST_NAME)] = "",
    before: Annotated[int | None, Query(ge=-_LARGEST_CHANGE, le=_LARGEST_CHANGE)] = None,
    limit: Annotated[int, Query(ge=1, le=_MOST_CHATS)] = _MOST_CHATS,
) -> Response:
    """List the chats, the one changed last first, all pinned ones before them; and the folders and tags there are."""
    where = ChatFilter(shelf=shelf, folder=folder or None, tag=tag or None)
    async with services.storage.transaction() as tx:
        page = await tx.chats.list(actor, where, before=before, limit=limit)
        folders = await tx.chats.folders(actor)
        tags = await tx.chats.tags(actor)
    return JSONResponse(
        {
            "chats": [chat_body(chat) for chat in page.chats],
            "next": page.next,
            "folders": list(folders),
            "tags": list(tags),
        }
    )


@router.post("/chats")
async def create_chat(body: ChatBody, actor: Asker, services: ServicesOf) -> Response:
    """Begin a chat."""
    async with services.storage.transaction() as tx:
        now = await tx.now()
        empty = Chat(
            chat_id=new_chat_id(),
            owner_id=actor.user_id,
            title=(body.title or "").strip(),
            system_prompt="",
            model=None,
            parameters=GenerationParameters(),
            head_id=None,
            created_at=now,
            updated_at=now,
        )
        chat = with_changes(empty, body)
        await _check_facts(tx, actor, empty, chat)
        await tx.chats.add(actor, chat)
    return JSONResponse(chat_body(chat), status_code=201)


@router.get("/chats/{chat_id}")
async def read_chat(chat_id: UUID, actor: Asker, services: ServicesOf, limit: Limit | None = None) -> Response:
    """Read a chat with its documents: its whole tree, or the last messages of the branch that is shown."""
    async with services.storage.transaction() as tx:
        chat = await tx.chats.access(actor, ChatId(chat_id))
        if limit is not None:
            return JSONResponse(await _opened(tx, actor, chat, limit))
        messages = await tx.chats.messages(actor, chat.chat_id)
        documents = await _documents(tx, actor, chat)
    return JSONResponse(
        {
            "chat": chat_body(chat),
            "messages": [message_body(message) for message in messages],
            "documents": documents,
        }
    )


@router.get("/chats/{chat_id}/messages")
async def read_earlier(
    chat_id: UUID, actor: Asker, services: ServicesOf, before: UUID, limit: Limit = _USUAL_MESSAGES
) -> Response:
    """Read the messages that lead to one, oldest first: the last ``limit`` of them."""
    async with services.storage.transaction() as tx:
        shown = await _message_of(tx, actor, ChatId(chat_id), MessageId(before))
        return JSONResponse(await _part(tx, actor, shown.chat_id, shown.parent_id, limit))


@router.get("/chats/{chat_id}/tree")
async def read_tree(chat_id: UUID, actor: Asker, services: ServicesOf) -> Response:
    """Read the outline of a chat: every message by its beginning, the newest ones of a very large tree."""
    async with services.storage.transaction() as tx:
        nodes = await tx.chats.outline(actor, ChatId(chat_id), limit=_MOST_NODES + 1)
    return JSONResponse(tree_body(nodes[-_MOST_NODES:], is_cut=len(nodes) > _MOST_NODES))


@router.post("/chats/{chat_id}/show")
async def show_branch(
    chat_id: UUID, body: ShownBody, actor: Asker, services: ServicesOf, limit: Limit = _USUAL_MESSAGES
) -> Response:
    """Show the newest branch through a message; answers as reading the chat with ``limit`` does."""
    async with services.storage.transaction() as tx:
        chat = await tx.chats.access(actor, ChatId(chat_id), for_update=True)
        named = await _message_of(tx, actor, chat.chat_id, MessageId(body.message_id))
        chat = replace(chat, head_id=await tx.chats.newest_leaf(actor, named.message_id))
        await tx.chats.save(actor, chat, moves_up=False)
        return JSONResponse(await _opened(tx, actor, chat, limit))


@router.patch("/chats/{chat_id}")
async def change_chat(chat_id: UUID, body: ChatBody, actor: Asker, services: ServicesOf) -> Response:
    """Change what the body names. A new system prompt begins a new context, unless the body ends the old one too."""
    named = body.model_fields_set
    async with services.storage.transaction() as tx:
        old = await tx.chats.access(actor, ChatId(chat_id), for_update=True)
        chat = with_changes(old, body)
        if "title" in named:
            title = (body.title or "").strip()
            if not title:
                raise InvalidRequest(reason="a title has at least one character")
            chat = replace(chat, title=title)
        if body.head_id is not None:
            head = await _message_of(tx, actor, chat.chat_id, MessageId(body.head_id))
            chat = replace(chat, head_id=head.message_id)
        await _check_facts(tx, actor, old, chat)
        if "context_after" in named:
            chat = replace(chat, context_after=None)
        elif chat.system_prompt != old.system_prompt:
            newest = await tx.chats.newest_position(actor, chat.chat_id)
            chat = replace(chat, context_after=newest)
        await tx.chats.save(actor, chat, moves_up=not _MOVING.isdisjoint(named))
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


@router.get("/messages/{message_id}")
async def read_message(message_id: UUID, actor: Asker, services: ServicesOf) -> Response:
    """Read one message, such as a version that is not on the branch shown."""
    async with services.storage.transaction() as tx:
        return JSONResponse(message_body(await tx.chats.access_message(actor, MessageId(message_id))))


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


async def _message_of(tx: Transaction, actor: Actor, chat_id: ChatId, message_id: MessageId) -> Message:
    """Raises: NotFound when it is not a message of this chat."""
    message = await tx.chats.access_message(actor, message_id)
    if message.chat_id != chat_id:
        raise NotFound(what="message")
    return message


async def _check_facts(tx: Transaction, actor: Actor, old: Chat, new: Chat) -> None:
    """Raises: NotFound for a fact that was said somewhere else."""
    known = {fact.message_id for fact in old.facts}
    for message_id in {fact.message_id for fact in new.facts} - known:
        if message_id is not None:
            await _message_of(tx, actor, new.chat_id, message_id)


async def _opened(tx: Transaction, actor: Actor, chat: Chat, limit: int) -> dict[str, object]:
    return {
        "chat": chat_body(chat),
        **await _part(tx, actor, chat.chat_id, chat.head_id, limit),
        "documents": await _documents(tx, actor, chat),
        "unsent_document_ids": [str(found) for found in await tx.chats.unsent_documents(actor, chat.chat_id)],
    }


async def _part(
    tx: Transaction, actor: Actor, chat_id: ChatId, head_id: MessageId | None, limit: int
) -> dict[str, object]:
    """The end of a branch, whether there is more before it, and the versions of its messages."""
    branch = await tx.chats.branch(actor, chat_id, head_id, limit=limit + 1) if head_id is not None else ()
    shown = branch[-limit:]
    siblings = await tx.chats.siblings(actor, [message.message_id for message in shown]) if shown else {}
    return {
        "messages": [message_body(message) for message in shown],
        "earlier": len(branch) > limit,
        "siblings": siblings_body(siblings),
    }


async def _documents(tx: Transaction, actor: Actor, chat: Chat) -> list[dict[str, object]]:
    documents = await tx.documents.of_chat(actor, chat.chat_id)
    ids = [found.document_id for found in documents]
    pages = await tx.documents.view_pages_of(actor, ids) if ids else {}
    figures = await tx.figures.view_documents(actor, ids) if ids else {}
    return [
        document_body(found, pages.get(found.document_id, ()), figures.get(found.document_id, ()))
        for found in documents
    ]
