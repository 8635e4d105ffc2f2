"""A run: the making of one reply, which belongs to the server and not to a reader."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from samovar.domain.event import RunEvent
from samovar.domain.generation import Usage
from samovar.domain.ids import ChatId, MessageId, RunId

__all__ = ["LIVE_STATUSES", "Checkpoint", "Run", "RunStatus"]

RunStatus = Literal["queued", "running", "done", "stopped", "failed", "interrupted"]
LIVE_STATUSES: frozenset[RunStatus] = frozenset({"queued", "running"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """The row of a run. ``last_seq`` is the number of its last stored event.

    ``owner`` is the serving process that writes it; a run whose owner is gone is interrupted.
    """

    run_id: RunId
    chat_id: ChatId
    message_id: MessageId
    status: RunStatus
    owner: int
    model: str | None
    backend: str | None
    last_seq: int
    error_code: str | None = None
    usage: Usage | None = None
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkpoint:
    """What of a live run is to be stored: the events that are not, at least one, and the whole reply so far."""

    run_id: RunId
    events: tuple[RunEvent, ...]
    text: str
    reasoning: str
