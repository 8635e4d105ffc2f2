"""Chats in from the exports of other programs, and out into files."""

from typing import Annotated, Final, Literal
from urllib.parse import quote
from uuid import UUID

from fastapi import APIRouter, Query, Request
from starlette.responses import JSONResponse, Response

from samovar.api.closing import ClosingStream
from samovar.api.deps import Asker, ServicesOf
from samovar.domain.ids import ChatId
from samovar.interchange.exporting import ExportedFile, ExportFormat
from samovar.interchange.storing import ImportResult
from samovar.interchange.transcript import Language

__all__ = ["import_body", "router"]

router = APIRouter(prefix="/api", tags=["interchange"])

_LONGEST_NAME: Final = 255
#: Shown as a page, a file with somebody else's words could be anything.
_HEADERS: Final = {"X-Content-Type-Options": "nosniff", "Content-Security-Policy": "sandbox; default-src 'none'"}


@router.post("/import")
async def import_chats(
    request: Request,
    actor: Asker,
    services: ServicesOf,
    name: Annotated[str, Query(min_length=1, max_length=_LONGEST_NAME)],
) -> Response:
    """Take in the chats of a file, which is the body; whose form it has is told by its content."""
    async with services.arrivals.receive(request, name) as path:
        result = await services.chat_import.take(actor, path, name)
    services.messages.look()
    return JSONResponse(import_body(result))


@router.get("/chats/{chat_id}/export")
async def export_chat(
    chat_id: UUID,
    actor: Asker,
    services: ServicesOf,
    form: Annotated[ExportFormat, Query(alias="format")] = "json",
    language: Language = "en",
) -> Response:
    """One chat as a file: JSON with the whole tree, the others with the branch that is shown."""
    return _download(await services.chat_export.one(actor, ChatId(chat_id), form, language))


@router.get("/export")
async def export_chats(
    actor: Asker,
    services: ServicesOf,
    form: Annotated[Literal["json", "markdown"], Query(alias="format")] = "json",
    language: Language = "en",
) -> Response:
    """All chats as one file: JSON, or Markdown in a ZIP."""
    return _download(services.chat_export.all(actor, form, language))


def import_body(result: ImportResult) -> dict[str, object]:
    """What an import says of itself."""
    return {
        "source": result.source,
        "chats": result.chats,
        "messages": result.messages,
        "skipped": result.skipped,
        "problems": [
            {"what": problem.what, "count": problem.count, "example": problem.example} for problem in result.problems
        ],
    }


def _download(file: ExportedFile) -> Response:
    disposition = f"attachment; filename*=UTF-8''{quote(file.name, safe='')}"
    return ClosingStream(
        file.pieces, media_type=file.media_type, headers={**_HEADERS, "Content-Disposition": disposition}
    )
