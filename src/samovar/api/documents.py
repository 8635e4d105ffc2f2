"""Documents: upload, pages, pictures, places."""

from collections.abc import Sequence
from typing import Annotated, Final
from uuid import UUID

from fastapi import APIRouter, Query, Request
from starlette.responses import JSONResponse, Response

from samovar.api.deps import Asker, Services, ServicesOf
from samovar.api.problems import problem_body
from samovar.domain.actor import Actor
from samovar.domain.document import Document
from samovar.domain.errors import FileTooLarge, InvalidRequest, NotFound, error_from_code
from samovar.domain.ids import ChatId, DocumentId
from samovar.domain.page import Page, Picture

__all__ = ["document_body", "router"]

router = APIRouter(prefix="/api", tags=["documents"])

#: An upload is read to its end before it is refused, or the browser would see a broken line
#: instead of the reason; but not for ever.
_DRAIN_FACTOR: Final = 20
#: What the database takes for a page number.
_LARGEST_NUMBER: Final = 2**31 - 1
_FILE_POLICY: Final = {
    "Content-Security-Policy": "sandbox; default-src 'none'",
    "Cache-Control": "private, max-age=3600",
}


@router.post("/chats/{chat_id}/documents")
async def upload(
    chat_id: UUID,
    request: Request,
    actor: Asker,
    services: ServicesOf,
    name: Annotated[str, Query(min_length=1, max_length=1000)],
) -> Response:
    """Take a file in; it is searchable when this answers."""
    content = await _read_body(request, name, services.intake.most_bytes)
    document = await services.intake.take(actor, name=name, content=content, chat_id=ChatId(chat_id))
    pages = await services.intake.pages(actor, document.document_id)
    return JSONResponse(document_body(document, pages), status_code=201)


@router.get("/documents/{document_id}")
async def read_document(document_id: UUID, actor: Asker, services: ServicesOf) -> Response:
    """A document with what was read of each page."""
    async with services.storage.transaction() as tx:
        document = await tx.documents.access(actor, DocumentId(document_id))
    pages = await services.intake.pages(actor, document.document_id)
    return JSONResponse(document_body(document, pages))


@router.delete("/documents/{document_id}")
async def delete_document(document_id: UUID, actor: Asker, services: ServicesOf) -> Response:
    """Delete a document everywhere."""
    await services.intake.remove(actor, DocumentId(document_id))
    return Response(status_code=204)


@router.get("/documents/{document_id}/text")
async def read_text(
    document_id: UUID,
    actor: Asker,
    services: ServicesOf,
    page: Annotated[int | None, Query(ge=1, le=_LARGEST_NUMBER)] = None,
) -> Response:
    """The text of a page."""
    async with services.storage.transaction() as tx:
        found = await tx.documents.page(actor, DocumentId(document_id), page)
    return JSONResponse({"page": found.number, "text": found.text})


@router.get("/documents/{document_id}/image")
async def read_image(
    document_id: UUID,
    actor: Asker,
    services: ServicesOf,
    page: Annotated[int, Query(ge=1, le=_LARGEST_NUMBER)] = 1,
    width: Annotated[int, Query(ge=50, le=4000)] = 1200,
) -> Response:
    """A page drawn as a picture, or the picture that the document is."""
    picture = await _picture(services, actor, DocumentId(document_id), page, width)
    return Response(picture[1], media_type=picture[0], headers=_FILE_POLICY)


@router.get("/documents/{document_id}/boxes")
async def read_boxes(
    document_id: UUID,
    actor: Asker,
    services: ServicesOf,
    page: Annotated[int, Query(ge=1, le=_LARGEST_NUMBER)],
    start: Annotated[int, Query(ge=0)],
    end: Annotated[int, Query(ge=0)],
) -> Response:
    """Where characters stand on a page."""
    async with services.storage.transaction() as tx:
        document = await tx.documents.access(actor, DocumentId(document_id))
        if document.kind != "pdf":
            raise InvalidRequest(reason="only the pages of a PDF have places")
        found = await tx.documents.page(actor, document.document_id, page)
    if not start < end <= len(found.text):
        raise InvalidRequest(reason="start and end lie outside the page")
    content = await services.blobs.get(document.sha256)
    boxes = await services.reader.locate(content, kind=document.kind, page=page, start=start, end=end)
    return JSONResponse(
        {
            "width": found.width,
            "height": found.height,
            "boxes": [{"x": box.x, "y": box.y, "width": box.width, "height": box.height} for box in boxes],
        }
    )


async def _read_body(request: Request, name: str, most_bytes: int) -> bytes:
    parts: list[bytes] = []
    size_bytes = 0
    async for part in request.stream():
        size_bytes += len(part)
        if size_bytes <= most_bytes:
            parts.append(part)
        elif size_bytes > most_bytes * _DRAIN_FACTOR:
            break
        else:
            parts.clear()
    if size_bytes > most_bytes:
        raise FileTooLarge(name=name, limit_mb=most_bytes // 1_000_000)
    return b"".join(parts)


async def _picture(
    services: Services, actor: Actor, document_id: DocumentId, page: int, width_px: int
) -> tuple[str, bytes]:
    async with services.storage.transaction() as tx:
        document = await tx.documents.access(actor, document_id)
        stored = await tx.figures.of_document(actor, document_id) if document.kind == "image" else ()
    if stored:
        return stored[0].media_type, await services.blobs.get(stored[0].sha256)
    if document.kind != "pdf" or page > document.page_count:
        raise NotFound(what="page")
    content = await services.blobs.get(document.sha256)
    drawn: Picture = await services.reader.render_page(content, kind=document.kind, page=page, width_px=width_px)
    return drawn.media_type, drawn.content


def _error(document: Document) -> dict[str, object] | None:
    if document.error_code is None:
        return None
    return problem_body(error_from_code(document.error_code, name=document.name))


def document_body(document: Document, pages: Sequence[Page]) -> dict[str, object]:
    """A document as the page shows it."""
    return {
        "id": str(document.document_id),
        "name": document.name,
        "kind": document.kind,
        "media_type": document.media_type,
        "size_bytes": document.size_bytes,
        "status": document.status,
        "error": _error(document),
        "page_count": document.page_count,
        "pages": [
            {
                "page": page.number,
                "status": page.status,
                "reason": page.reason,
                "width": page.width,
                "height": page.height,
            }
            for page in pages
        ],
        "created_at": document.created_at.isoformat(),
    }
