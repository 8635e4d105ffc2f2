"""Knowledge bases, their documents, and which of them a chat searches."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Annotated, Final
from uuid import UUID

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import JSONResponse, Response

from samovar.api.deps import Asker, Services, ServicesOf
from samovar.api.document_body import document_line, report_body
from samovar.api.documents import whole_document
from samovar.domain.actor import Actor
from samovar.domain.document import DocumentStatus, KnowledgeBase
from samovar.domain.errors import InvalidRequest
from samovar.domain.ids import BaseId, ChatId, DocumentId, new_base_id

__all__ = ["router"]

router = APIRouter(prefix="/api", tags=["bases"])

_LONGEST_NAME: Final = 200
_MOST_BASES_OF_CHAT: Final = 100
_COUNTED: Final[tuple[DocumentStatus, ...]] = ("ready", "reading", "failed", "cancelled")


class NewBaseBody(BaseModel):
    """A base to make."""

    model_config = ConfigDict(extra="forbid")
    name: str = Field(max_length=_LONGEST_NAME)
    describes_figures: bool = False
    is_shared: bool = False


class BaseBody(BaseModel):
    """What of a base can be changed; a field that is absent stays as it is."""

    model_config = ConfigDict(extra="forbid")
    name: str | None = Field(None, max_length=_LONGEST_NAME)
    describes_figures: bool | None = None
    is_shared: bool | None = None


class BasesOfChatBody(BaseModel):
    """The bases that a chat is to search."""

    model_config = ConfigDict(extra="forbid")
    base_ids: list[UUID] = Field(max_length=_MOST_BASES_OF_CHAT)


@router.get("/bases")
async def list_bases(actor: Asker, services: ServicesOf) -> Response:
    """List the own bases and then those that others share, oldest first."""
    async with services.storage.transaction() as tx:
        bases = await tx.bases.view_all(actor)
        counts = await tx.bases.view_counts(actor)
    return JSONResponse({"bases": [_body(actor, base, counts.get(base.base_id, {})) for base in bases]})


@router.post("/bases")
async def create_base(body: NewBaseBody, actor: Asker, services: ServicesOf) -> Response:
    """Make a base."""
    name = _name(body.name)
    async with services.storage.transaction() as tx:
        base = KnowledgeBase(
            base_id=new_base_id(),
            owner_id=actor.user_id,
            name=name,
            describes_figures=body.describes_figures,
            is_shared=body.is_shared,
            created_at=await tx.now(),
        )
        await tx.bases.add(actor, base)
    return JSONResponse(_body(actor, base, {}), status_code=201)


@router.get("/bases/{base_id}")
async def read_base(base_id: UUID, actor: Asker, services: ServicesOf) -> Response:
    """Read one base."""
    return JSONResponse(await _read(services, actor, BaseId(base_id)))


@router.patch("/bases/{base_id}")
async def change_base(base_id: UUID, body: BaseBody, actor: Asker, services: ServicesOf) -> Response:
    """Change what the body names; a base that somebody else shares is not found here."""
    async with services.storage.transaction() as tx:
        base = await tx.bases.access(actor, BaseId(base_id))
        if body.name is not None:
            base = replace(base, name=_name(body.name))
        if body.describes_figures is not None:
            base = replace(base, describes_figures=body.describes_figures)
        if body.is_shared is not None:
            base = replace(base, is_shared=body.is_shared)
        await tx.bases.save(actor, base)
        if body.describes_figures is not None:
            await services.describer.follow_base(tx, base.base_id, describes_figures=body.describes_figures)
    services.describer.wake()
    return JSONResponse(await _read(services, actor, base.base_id))


@router.delete("/bases/{base_id}")
async def delete_base(base_id: UUID, actor: Asker, services: ServicesOf) -> Response:
    """Delete a base with its documents."""
    async with services.storage.transaction() as tx:
        unused = await tx.bases.remove(actor, BaseId(base_id))
    await services.intake.discard(unused)
    return Response(status_code=204)


@router.get("/bases/{base_id}/documents")
async def list_documents(
    base_id: UUID,
    actor: Asker,
    services: ServicesOf,
    status: DocumentStatus | None = None,
    name: Annotated[str | None, Query(max_length=_LONGEST_NAME)] = None,
    before: UUID | None = None,
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
) -> Response:
    """List the documents of a base, newest first."""
    async with services.storage.transaction() as tx:
        found = await tx.documents.view_base(
            actor,
            BaseId(base_id),
            status=status,
            name=name,
            before=DocumentId(before) if before else None,
            limit=limit + 1,
        )
        shown = found[:limit]
        counts = await tx.documents.view_page_counts(actor, [document.document_id for document in shown])
    return JSONResponse(
        {
            "documents": [
                {**document_line(document), "report": report_body(counts.get(document.document_id, ()))}
                for document in shown
            ],
            "next": str(shown[-1].document_id) if len(found) > limit else None,
        }
    )


@router.post("/bases/{base_id}/documents")
async def upload(
    base_id: UUID,
    request: Request,
    actor: Asker,
    services: ServicesOf,
    name: Annotated[str, Query(min_length=1, max_length=1000)],
    path: Annotated[str | None, Query(min_length=1, max_length=4000)] = None,
) -> Response:
    """Take a file into a base; it is read in its turn."""
    async with services.uploads.receive(request, name, most_bytes=services.intake.most_bytes) as content:
        taken = await services.intake.take(actor, name=name, content=content, base_id=BaseId(base_id), path=path)
    body = await whole_document(services, actor, taken)
    return JSONResponse(body, status_code=202 if taken.status == "reading" else 200)


@router.get("/chats/{chat_id}/bases")
async def read_bases_of_chat(chat_id: UUID, actor: Asker, services: ServicesOf) -> Response:
    """List the bases that a chat searches."""
    return JSONResponse(await _of_chat(services, actor, ChatId(chat_id)))


@router.put("/chats/{chat_id}/bases")
async def choose_bases_of_chat(chat_id: UUID, body: BasesOfChatBody, actor: Asker, services: ServicesOf) -> Response:
    """Choose the bases that a chat searches."""
    async with services.storage.transaction() as tx:
        await tx.bases.set_of_chat(actor, ChatId(chat_id), [BaseId(base_id) for base_id in body.base_ids])
    return JSONResponse(await _of_chat(services, actor, ChatId(chat_id)))


async def _of_chat(services: Services, actor: Actor, chat_id: ChatId) -> dict[str, object]:
    async with services.storage.transaction() as tx:
        bases = await tx.bases.of_chat(actor, chat_id)
        counts = await tx.bases.view_counts(actor)
    return {"bases": [_body(actor, base, counts.get(base.base_id, {})) for base in bases]}


async def _read(services: Services, actor: Actor, base_id: BaseId) -> dict[str, object]:
    async with services.storage.transaction() as tx:
        base = await tx.bases.view(actor, base_id)
        counts = await tx.bases.view_counts(actor)
    return _body(actor, base, counts.get(base_id, {}))


def _name(name: str) -> str:
    """A name as it is shown. Raises: InvalidRequest when nothing can be seen of it."""
    shown = " ".join(name.split())
    if not shown or not shown.isprintable():
        raise InvalidRequest(reason="a knowledge base has a name that can be shown")
    return shown


def _body(actor: Actor, base: KnowledgeBase, counts: Mapping[DocumentStatus, int]) -> dict[str, object]:
    return {
        "id": str(base.base_id),
        "name": base.name,
        "describes_figures": base.describes_figures,
        "is_shared": base.is_shared,
        "is_own": base.owner_id == actor.user_id,
        "documents": {status: counts.get(status, 0) for status in _COUNTED},
        "created_at": base.created_at.isoformat(),
    }
