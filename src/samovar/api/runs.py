"""Runs: their events, their end, and what the model was shown."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Header
from starlette.responses import JSONResponse, Response, StreamingResponse

from samovar.api import sse
from samovar.api.deps import Asker, ServicesOf
from samovar.chat.follow import follow_run
from samovar.domain.errors import InvalidRequest
from samovar.domain.ids import RunId

__all__ = ["router"]

router = APIRouter(prefix="/api/runs", tags=["runs"])


@router.get("/{run_id}/events")
async def events(
    run_id: UUID, actor: Asker, services: ServicesOf, last_event_id: Annotated[str | None, Header()] = None
) -> Response:
    """Follow a run from the start, or from the event after ``Last-Event-ID``."""
    after: int | None = None
    if last_event_id is not None:
        if not last_event_id.isdigit() or len(last_event_id) > 12:
            raise InvalidRequest(reason="Last-Event-ID is a number")
        after = int(last_event_id)
    batches = follow_run(services.storage, services.hub, actor, RunId(run_id), after=after)
    # The first batch is awaited here, so that a run of somebody else is a 404 and not a broken stream.
    first = await anext(batches)
    return StreamingResponse(
        sse.stream(first, batches),
        media_type="text/event-stream",
        headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
    )


@router.post("/{run_id}/stop")
async def stop(run_id: UUID, actor: Asker, services: ServicesOf) -> Response:
    """End a run; its stream tells when it has ended."""
    await services.turns.stop(actor, RunId(run_id))
    return Response(status_code=202)


@router.get("/{run_id}/ledger")
async def ledger(run_id: UUID, actor: Asker, services: ServicesOf) -> Response:
    """What the model was shown, and what was left out."""
    async with services.storage.transaction() as tx:
        found = await tx.runs.ledger(actor, RunId(run_id))
    return JSONResponse(dict(found))
