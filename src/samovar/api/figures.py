"""Pictures that stand in documents: the picture itself, its description, and what is seen on it."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path
from starlette.responses import JSONResponse, Response

from samovar.api.deps import Asker, ServicesOf
from samovar.api.document_body import entity_body
from samovar.api.documents import FILE_HEADERS, LARGEST_NUMBER, PageNumber
from samovar.domain.ids import DocumentId

__all__ = ["router"]

router = APIRouter(prefix="/api/documents/{document_id}/figures/{number}", tags=["figures"])

FigureNumber = Annotated[int, Path(ge=1, le=LARGEST_NUMBER)]


@router.get("/image")
async def read_picture(
    document_id: UUID, number: FigureNumber, actor: Asker, services: ServicesOf, page: PageNumber = None
) -> Response:
    """The picture, as the parser has encoded it anew."""
    async with services.storage.transaction() as tx:
        figure = await tx.figures.access(actor, DocumentId(document_id), page, number)
    content = await services.blobs.get(figure.sha256)
    return Response(content, media_type=figure.media_type, headers=FILE_HEADERS)


@router.get("/entities")
async def read_entities(
    document_id: UUID, number: FigureNumber, actor: Asker, services: ServicesOf, page: PageNumber = None
) -> Response:
    """What was seen on the picture when it was last looked at."""
    async with services.storage.transaction() as tx:
        figure = await tx.figures.access(actor, DocumentId(document_id), page, number)
        found = await tx.figures.entities(actor, figure.document_id, figure.page, figure.number)
    return JSONResponse({"entities": [entity_body(entity) for entity in found]})
