"""Finding what was said in chats and what stands in documents."""

from typing import Annotated, Final

from fastapi import APIRouter, Query
from starlette.responses import JSONResponse, Response

from samovar.api.deps import Asker, ServicesOf
from samovar.chat.finding import Found, find_everywhere

__all__ = ["router"]

router = APIRouter(prefix="/api", tags=["find"])

_LONGEST_QUERY: Final = 2_000


@router.get("/find")
async def find(
    actor: Asker,
    services: ServicesOf,
    q: Annotated[str, Query(min_length=1, max_length=_LONGEST_QUERY)],
    limit: Annotated[int, Query(ge=1, le=50)] = 20,
) -> Response:
    """Search all of one's chats, archived ones too, and the documents that one may read."""
    return JSONResponse(_body(await find_everywhere(services.storage, actor, q, limit=limit)))


def _body(found: Found) -> dict[str, object]:
    query = found.query
    return {
        "query": {
            "words": query.words,
            "tags": list(query.tags),
            "folder": query.folder,
            "role": query.role,
            "since": query.since.isoformat() if query.since else None,
            "until": query.until.isoformat() if query.until else None,
        },
        "problems": [{"typed": problem.typed, "reason": problem.reason} for problem in found.problems],
        "messages": [
            {
                "chat_id": str(message.chat_id),
                "title": message.title,
                "folder": message.folder,
                "message_id": str(message.message_id) if message.message_id else None,
                "role": message.role,
                "snippet": message.snippet,
                "marks": [list(mark) for mark in message.marks],
                "said_at": message.said_at.isoformat(),
            }
            for message in found.messages
        ],
        "documents": [
            {
                "document_id": str(passage.document_id),
                "document": passage.document,
                "page": passage.page,
                "snippet": passage.snippet,
                "marks": [list(mark) for mark in passage.marks],
            }
            for passage in found.documents
        ],
    }
