"""Pictures that stand in documents: the picture itself, its description, and what is seen on it."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import JSONResponse, Response

from samovar.api.deps import Asker, ServicesOf
from samovar.api.document_body import entity_body, figure_body
from samovar.api.documents import FILE_HEADERS, LARGEST_NUMBER, PageNumber
from samovar.domain.ids import DocumentId

__all__ = ["router"]

router = APIRouter(prefix="/api/documents/{document_id}/figures/{number}", tags=["figures"])

FigureNumber = Annotated[int, Path(ge=1, le=LARGEST_NUMBER)]


class ModelBody(BaseModel):
    """The model that is to look; without one the usual one does."""

    model_config = ConfigDict(extra="forbid")
    model: str | None = Field(None, min_length=1, max_length=500)


@router.get("/image")
async def read_picture(
    document_id: UUID, number: FigureNumber, actor: Asker, services: ServicesOf, page: PageNumber = None
) -> Response:
    """The picture, as the parser has encoded it anew."""
    async with services.storage.transaction() as tx:
        figure = await tx.figures.view(actor, DocumentId(document_id), page, number)
    content = await services.blobs.get(figure.sha256)
    return Response(content, media_type=figure.media_type, headers=FILE_HEADERS)


@router.get("/entities")
async def read_entities(
    document_id: UUID, number: FigureNumber, actor: Asker, services: ServicesOf, page: PageNumber = None
) -> Response:
    """What was seen on the picture when it was last looked at."""
    async with services.storage.transaction() as tx:
        figure = await tx.figures.view(actor, DocumentId(document_id), page, number)
        found = await tx.figures.view_entities(actor, figure.document_id, figure.page, figure.number)
    return JSONResponse({"entities": [entity_body(entity) for entity in found]})


@router.post("/describe")
async def describe(
    document_id: UUID,
    number: FigureNumber,
    body: ModelBody,
    actor: Asker,
    services: ServicesOf,
    page: PageNumber = None,
) -> Response:
    """Have the picture described; it is done in its turn."""
    figure = await services.describer.ask(actor, DocumentId(document_id), page, number, body.model)
    return JSONResponse(figure_body(figure), status_code=202)


@router.post("/entities")
async def find_entities(
    document_id: UUID,
    number: FigureNumber,
    body: ModelBody,
    actor: Asker,
    services: ServicesOf,
    page: PageNumber = None,
) -> Response:
    """Find anew what is on the picture."""
    seen = await services.observer.observe(actor, DocumentId(document_id), page, number, body.model)
    if actor.key is not None:
        services.quotas.spend(actor.key.key_id, seen.tokens)
    return JSONResponse(
        {
            "entities": [entity_body(entity) for entity in seen.entities],
            "left_out": [{"kinds": list(missing.kinds), "reason": missing.reason} for missing in seen.left_out],
        }
    )
