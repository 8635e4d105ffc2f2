"""Summaries of long chats: what stands for which messages, and undoing it."""

from dataclasses import replace
from typing import Final
from uuid import UUID

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import JSONResponse, Response

from samovar.api.deps import Asker, ServicesOf
from samovar.domain.context import Summary
from samovar.domain.errors import InvalidRequest
from samovar.domain.ids import ChatId, SummaryId

__all__ = ["router"]

router = APIRouter(prefix="/api", tags=["chats"])

#: What a person writes is not checked otherwise. Units: characters.
_LONGEST_TEXT: Final = 20_000


class SummaryBody(BaseModel):
    """What of a summary can be changed; a field that is absent stays as it is."""

    model_config = ConfigDict(extra="forbid")
    text: str | None = Field(None, max_length=_LONGEST_TEXT)
    active: bool | None = None


@router.get("/chats/{chat_id}/summaries")
async def list_summaries(chat_id: UUID, actor: Asker, services: ServicesOf) -> Response:
    """List the summaries of a chat, those undone included, in the order of their making.

    Beside them: whether one is being made, and why the last one that a model wrote was not taken.
    """
    async with services.storage.reading() as tx:
        found = await tx.summaries.of_chat(actor, ChatId(chat_id))
    state = services.summariser.state(ChatId(chat_id))
    problem = state.problem
    return JSONResponse(
        {
            "summaries": [_body(summary) for summary in found],
            "making": state.is_making,
            "problem": {"reason": problem.reason, "at": problem.at.isoformat()} if problem else None,
        }
    )


@router.post("/chats/{chat_id}/summaries")
async def summarise(chat_id: UUID, actor: Asker, services: ServicesOf) -> Response:
    """Have the older messages of the branch that is shown summed up, in the background."""
    await services.summariser.ask(actor, ChatId(chat_id))
    return Response(status_code=202)


@router.patch("/summaries/{summary_id}")
async def change_summary(summary_id: UUID, body: SummaryBody, actor: Asker, services: ServicesOf) -> Response:
    """Write a summary in other words, undo it, or use it again.

    Undone, it stays listed, and its messages are sent as if it had never been.
    """
    if body.text is not None and not body.text.strip():
        raise InvalidRequest(reason="a summary has some text; undo it to go without")
    async with services.storage.transaction() as tx:
        summary = await tx.summaries.access(actor, SummaryId(summary_id))
        if body.text is not None and body.text.strip() != summary.text:
            summary = replace(summary, text=body.text.strip(), is_edited=True)
        if body.active is not None:
            summary = replace(summary, is_active=body.active)
        await tx.summaries.save(actor, summary)
    return JSONResponse(_body(summary))


def _body(summary: Summary) -> dict[str, object]:
    return {
        "id": str(summary.summary_id),
        "through_id": str(summary.through_id),
        "turns": summary.turns,
        "text": summary.text,
        "model": summary.model,
        "active": summary.is_active,
        "edited": summary.is_edited,
        "created_at": summary.created_at.isoformat(),
    }
