"""Temporary chats: the whole conversation comes with each question, and goes with its answer."""

from datetime import UTC, datetime
from functools import partial
from typing import Final, Literal
from uuid import UUID

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from samovar.api import sse
from samovar.api.closing import ClosingStream
from samovar.api.deps import Asker, ServicesOf, identify
from samovar.chat.temporary import TemporaryChat
from samovar.domain.actor import Actor
from samovar.domain.chat import Chat, Message
from samovar.domain.errors import InvalidRequest, MessageEmpty
from samovar.domain.ids import BaseId, ChatId, MessageId, new_chat_id, new_message_id
from samovar.domain.parameters import GenerationParameters, read_parameters

__all__ = ["router"]

router = APIRouter(prefix="/api/temporary", tags=["temporary"])

_MOST_MESSAGES: Final = 2_000
_MOST_BASES: Final = 50


class SaidBody(BaseModel):
    """A message of the conversation."""

    model_config = ConfigDict(extra="forbid")
    role: Literal["user", "assistant"]
    text: str = Field(max_length=4_000_000)


class TemporaryBody(BaseModel):
    """A question with everything that was said before it."""

    model_config = ConfigDict(extra="forbid")
    messages: list[SaidBody] = Field(min_length=1, max_length=_MOST_MESSAGES)
    system_prompt: str = Field("", max_length=50_000)
    model: str | None = Field(None, max_length=500)
    parameters: dict[str, object] | None = None
    base_ids: list[UUID] = Field(default_factory=list, max_length=_MOST_BASES)


@router.post("/reply")
async def reply(body: TemporaryBody, request: Request, actor: Asker, services: ServicesOf) -> Response:
    """Answer as a stream of the events of a run; closing the line ends it, and nothing is stored."""
    asked = _read(body, actor)
    batches = services.unkept.reply(actor, asked)
    return ClosingStream(
        sse.stream(batches, partial(identify, request, services)),
        media_type="text/event-stream",
        headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
    )


def _read(body: TemporaryBody, actor: Actor) -> TemporaryChat:
    if body.messages[-1].role != "user":
        raise InvalidRequest(reason="the last message is the question")
    if not body.messages[-1].text.strip():
        raise MessageEmpty
    now = datetime.now(UTC)
    chat_id = new_chat_id()
    return TemporaryChat(
        chat=Chat(
            chat_id=chat_id,
            owner_id=actor.user_id,
            title="",
            system_prompt=body.system_prompt,
            model=body.model,
            parameters=read_parameters(body.parameters) if body.parameters else GenerationParameters(),
            head_id=None,
            created_at=now,
            updated_at=now,
        ),
        branch=_branch(body.messages, chat_id, now),
        base_ids=tuple(BaseId(base_id) for base_id in dict.fromkeys(body.base_ids)),
    )


def _branch(messages: list[SaidBody], chat_id: ChatId, now: datetime) -> tuple[Message, ...]:
    branch: list[Message] = []
    parent_id: MessageId | None = None
    for position, said in enumerate(messages, start=1):
        branch.append(
            Message(
                message_id=new_message_id(),
                chat_id=chat_id,
                parent_id=parent_id,
                position=position,
                role=said.role,
                text=said.text,
                created_at=now,
            )
        )
        parent_id = branch[-1].message_id
    return tuple(branch)
