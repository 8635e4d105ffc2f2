"""Runs: their events, their end, and what the model was shown."""

import re
from collections.abc import Mapping
from functools import partial
from typing import Annotated, Final
from uuid import UUID

from fastapi import APIRouter, Header, Request
from starlette.responses import JSONResponse, Response

from samovar.api import sse
from samovar.api.closing import ClosingStream
from samovar.api.deps import Asker, Services, ServicesOf, identify
from samovar.chat.follow import follow_run
from samovar.domain.actor import Actor
from samovar.domain.errors import InvalidRequest, NotFound
from samovar.domain.ids import RunId
from samovar.domain.ledger import from_json, request_to_json, with_defaults

__all__ = ["router"]

router = APIRouter(prefix="/api/runs", tags=["runs"])

#: Nine digits stay inside the database's integers, and no run has that many events.
_EVENT_NUMBER: Final = re.compile(r"[0-9]{1,9}")


@router.get("/{run_id}/events")
async def events(
    run_id: UUID,
    request: Request,
    actor: Asker,
    services: ServicesOf,
    last_event_id: Annotated[str | None, Header()] = None,
) -> Response:
    """Follow a run from the start, or from the event after ``Last-Event-ID``."""
    after: int | None = None
    if last_event_id is not None:
        if not _EVENT_NUMBER.fullmatch(last_event_id):
            raise InvalidRequest(reason="Last-Event-ID is a number")
        after = int(last_event_id)
    batches = await follow_run(services.storage, services.hub, actor, RunId(run_id), after=after)
    return ClosingStream(
        sse.stream(batches, partial(identify, request, services)),
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
    """What the model was shown, and what was left out; empty before the request was made."""
    return JSONResponse(with_defaults(await _stored_ledger(run_id, actor, services)))


@router.get("/{run_id}/request")
async def request(run_id: UUID, actor: Asker, services: ServicesOf) -> Response:
    """The request as it was sent, made again from the stored ledger; pictures are told by their SHA-256."""
    stored = await _stored_ledger(run_id, actor, services)
    if not stored:
        raise NotFound(what="request")
    return JSONResponse(request_to_json(from_json(stored)))


async def _stored_ledger(run_id: UUID, actor: Actor, services: Services) -> Mapping[str, object]:
    async with services.storage.reading() as tx:
        return await tx.runs.ledger(actor, RunId(run_id))
