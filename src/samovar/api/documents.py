"""Documents: upload to a chat, the read report, text, places, the page as a picture, the file itself."""

from collections.abc import Mapping
from contextlib import suppress
from typing import Annotated, Final
from urllib.parse import quote
from uuid import UUID

from fastapi import APIRouter, Query, Request
from starlette.responses import JSONResponse, Response

from samovar.api.deps import Asker, Services, ServicesOf
from samovar.api.document_body import block_body, box_body, document_body, document_error
from samovar.chat.pictures import DRAWN_KINDS
from samovar.domain.actor import Actor
from samovar.domain.document import Document
from samovar.domain.errors import InvalidRequest, NotFound
from samovar.domain.ids import ChatId, DocumentId
from samovar.domain.layout import Rectangle, Word
from samovar.domain.page import Page

__all__ = ["FILE_HEADERS", "LARGEST_NUMBER", "PageNumber", "router", "whole_document"]

router = APIRouter(prefix="/api", tags=["documents"])

#: What the database takes for a page number.
LARGEST_NUMBER: Final = 2**31 - 1
#: What came from people is shown as a picture or handed out to be kept, and never runs.
FILE_HEADERS: Final[Mapping[str, str]] = {
    "Content-Security-Policy": "sandbox; default-src 'none'",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "private, max-age=3600",
}
_LONGEST_SEARCH: Final = 200

PageNumber = Annotated[int | None, Query(ge=1, le=LARGEST_NUMBER)]


@router.post("/chats/{chat_id}/documents")
async def upload(
    chat_id: UUID,
    request: Request,
    actor: Asker,
    services: ServicesOf,
    name: Annotated[str, Query(min_length=1, max_length=1000)],
    wait: Annotated[float, Query(ge=0, le=60, allow_inf_nan=False)] = 20.0,
) -> Response:
    """Take a file into a chat and wait a little until it is read."""
    async with services.uploads.receive(request, name, most_bytes=services.intake.most_bytes) as content:
        document = await services.intake.take(actor, name=name, content=content, chat_id=ChatId(chat_id))
    if document.status == "reading":
        document = await services.intake.wait(actor, document.document_id, timeout_s=wait)
    if document.status == "failed":
        with suppress(NotFound):  # somebody brought the same bytes at the same time, and has seen the verdict first
            await services.intake.remove(actor, document.document_id)
        error = document_error(document)
        assert error is not None, "what has failed has a code"
        raise error
    status_code = 202 if document.status == "reading" else 201
    return JSONResponse(await whole_document(services, actor, document), status_code=status_code)


@router.get("/documents/{document_id}")
async def read_document(document_id: UUID, actor: Asker, services: ServicesOf) -> Response:
    """A document with its read report."""
    document = await _view(services, actor, document_id)
    return JSONResponse(await whole_document(services, actor, document))


@router.get("/documents/{document_id}/parts")
async def read_parts(document_id: UUID, actor: Asker, services: ServicesOf) -> Response:
    """The documents that were inside this one."""
    document = await _view(services, actor, document_id)
    async with services.storage.transaction() as tx:
        parts = await tx.documents.view_parts(actor, document.document_id)
        ids = [part.document_id for part in parts]
        pages = await tx.documents.view_pages_of(actor, ids)
        figures = await tx.figures.view_documents(actor, ids)
    return JSONResponse(
        {
            "documents": [
                document_body(part, pages.get(part.document_id, ()), figures.get(part.document_id, ()))
                for part in parts
            ]
        }
    )


@router.post("/documents/{document_id}/reread")
async def reread_document(document_id: UUID, actor: Asker, services: ServicesOf) -> Response:
    """Read a document anew from its bytes."""
    document = await services.intake.reread(actor, DocumentId(document_id))
    return JSONResponse(await whole_document(services, actor, document), status_code=202)


@router.post("/documents/{document_id}/cancel")
async def cancel_document(document_id: UUID, actor: Asker, services: ServicesOf) -> Response:
    """Stop reading a document."""
    document = await services.intake.cancel(actor, DocumentId(document_id))
    return JSONResponse(await whole_document(services, actor, document))


@router.delete("/documents/{document_id}")
async def delete_document(document_id: UUID, actor: Asker, services: ServicesOf) -> Response:
    """Delete a document everywhere."""
    await services.intake.remove(actor, DocumentId(document_id))
    return Response(status_code=204)


@router.get("/documents/{document_id}/file")
async def read_file(document_id: UUID, actor: Asker, services: ServicesOf) -> Response:
    """The bytes as they were taken in, to be kept and not to be shown."""
    document = await _view(services, actor, document_id)
    if not document.keeps_bytes:
        raise NotFound(what="file")
    content = await services.blobs.get(document.sha256)
    disposition = f"attachment; filename*=UTF-8''{quote(document.name, safe='')}"
    headers = {**FILE_HEADERS, "Content-Disposition": disposition}
    return Response(content, media_type="application/octet-stream", headers=headers)


@router.get("/documents/{document_id}/text")
async def read_text(document_id: UUID, actor: Asker, services: ServicesOf, page: PageNumber = None) -> Response:
    """The text of a page with its blocks and links."""
    async with services.storage.transaction() as tx:
        found = await tx.documents.view_page(actor, DocumentId(document_id), page)
    return JSONResponse(
        {
            "page": found.number,
            "text": found.text,
            "blocks": [block_body(block) for block in found.blocks],
            "links": [
                {"start": link.start, "end": link.end, "target": link.target, "page": link.page} for link in found.links
            ],
        }
    )


@router.get("/documents/{document_id}/words")
async def read_words(document_id: UUID, actor: Asker, services: ServicesOf, page: PageNumber = None) -> Response:
    """Where the words of a page stand."""
    document, found = await _page(services, actor, document_id, page)
    words = await _words(services, document, found)
    return JSONResponse(
        {
            "width": found.width,
            "height": found.height,
            "words": [
                [word.start, word.end, word.box.x, word.box.y, word.box.width, word.box.height] for word in words
            ],
        }
    )


@router.get("/documents/{document_id}/find")
async def find_text(
    document_id: UUID,
    actor: Asker,
    services: ServicesOf,
    text: Annotated[str, Query(min_length=1, max_length=_LONGEST_SEARCH)],
    limit: Annotated[int, Query(ge=1, le=1000)] = 200,
) -> Response:
    """Where words occur in a document."""
    if not text.strip():
        raise InvalidRequest(reason="there is nothing to look for")
    async with services.storage.transaction() as tx:
        found = await tx.documents.view_places(actor, DocumentId(document_id), text, limit=limit + 1)
    return JSONResponse(
        {
            "found": [{"page": page, "start": start, "end": end} for page, start, end in found[:limit]],
            "more": len(found) > limit,
        }
    )


@router.get("/documents/{document_id}/image")
async def read_image(
    document_id: UUID,
    actor: Asker,
    services: ServicesOf,
    page: Annotated[int, Query(ge=1, le=LARGEST_NUMBER)] = 1,
    width: Annotated[int, Query(ge=50, le=4000)] = 1200,
) -> Response:
    """A page drawn as a picture, or the picture that the document is."""
    document = await _view(services, actor, document_id)
    if document.kind == "image":
        async with services.storage.transaction() as tx:
            figures = await tx.figures.view_document(actor, document.document_id)
        shown = next((figure for figure in figures if (figure.page or 1) == page), None)
        if shown is None:
            raise NotFound(what="page")
        content = await services.blobs.get(shown.sha256)
        return Response(content, media_type=shown.media_type, headers=FILE_HEADERS)
    if document.kind not in DRAWN_KINDS or page > document.page_count:
        raise NotFound(what="page")
    content = await services.blobs.get(document.sha256)
    drawn = await services.reader.render_page(content, kind=document.kind, page=page, width_px=width)
    return Response(drawn.content, media_type=drawn.media_type, headers=FILE_HEADERS)


@router.get("/documents/{document_id}/boxes")
async def read_boxes(
    document_id: UUID,
    actor: Asker,
    services: ServicesOf,
    start: Annotated[int, Query(ge=0)],
    end: Annotated[int, Query(ge=0)],
    page: PageNumber = None,
) -> Response:
    """Where characters stand on a page; nowhere in a format without places."""
    document, found = await _page(services, actor, document_id, page)
    if not start < end <= len(found.text):
        raise InvalidRequest(reason="start and end lie outside the page")
    boxes = await _boxes(services, document, found, start, end)
    return JSONResponse({"width": found.width, "height": found.height, "boxes": [box_body(box) for box in boxes]})


async def whole_document(services: Services, actor: Actor, document: Document) -> dict[str, object]:
    """A document with its read report, as JSON."""
    async with services.storage.transaction() as tx:
        pages = await tx.documents.view_pages(actor, document.document_id)
        figures = await tx.figures.view_document(actor, document.document_id)
    return document_body(document, pages, figures)


async def _view(services: Services, actor: Actor, document_id: UUID) -> Document:
    async with services.storage.transaction() as tx:
        return await tx.documents.view(actor, DocumentId(document_id))


async def _page(services: Services, actor: Actor, document_id: UUID, number: int | None) -> tuple[Document, Page]:
    async with services.storage.transaction() as tx:
        document = await tx.documents.view(actor, DocumentId(document_id))
        return document, await tx.documents.view_page(actor, document.document_id, number)


async def _words(services: Services, document: Document, page: Page) -> tuple[Word, ...]:
    """The words of a page: as OCR has read them, or as the text layer holds them."""
    if page.words or document.kind not in DRAWN_KINDS or page.number is None or page.status != "text":
        return page.words
    content = await services.blobs.get(document.sha256)
    return await services.reader.words(content, kind=document.kind, page=page.number)


async def _boxes(services: Services, document: Document, page: Page, start: int, end: int) -> tuple[Rectangle, ...]:
    if page.words:
        return tuple(word.box for word in page.words if word.start < end and start < word.end)
    if document.kind not in DRAWN_KINDS or page.number is None or page.status != "text":
        return ()
    content = await services.blobs.get(document.sha256)
    return await services.reader.locate(content, kind=document.kind, page=page.number, start=start, end=end)
