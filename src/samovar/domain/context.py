"""What of a long chat a model is shown: the strategies, pinned facts and summaries."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal, get_args

from samovar.domain.ids import ChatId, MessageId, SummaryId

__all__ = ["CONTEXT_STRATEGIES", "ContextStrategy", "PinnedFact", "Summary", "SummaryFault", "summary_for"]

#: ``window``: the newest turns that fit. ``summary``: older ones as a summary too. ``recall``: those older ones that
#: bear on the question come back in full too. ``auto``: all of it. Pinned facts are sent by each of them.
ContextStrategy = Literal["auto", "window", "summary", "recall"]
CONTEXT_STRATEGIES: Final[tuple[ContextStrategy, ...]] = get_args(ContextStrategy)
#: Why a summary that a model has written is not taken.
SummaryFault = Literal["empty", "reasoning", "too_long", "facts_changed", "facts_lost", "cut"]


@dataclass(frozen=True, slots=True, kw_only=True)
class PinnedFact:
    """Something that the model is told with every question; ``message_id`` is where it was said, if anywhere."""

    text: str
    message_id: MessageId | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """What stands for the turns of a branch up to and with ``through_id``; the turns themselves stay as they are.

    ``through_position`` is the position of that message, ``turns`` how many messages it stands for. ``text`` is what
    is sent: the model's words, or a person's once ``is_edited``. With ``is_active`` False the summary was undone, and
    the turns are sent again.
    """

    summary_id: SummaryId
    chat_id: ChatId
    through_id: MessageId
    through_position: int
    turns: int
    text: str
    model: str
    is_active: bool
    is_edited: bool
    created_at: datetime


def summary_for(summaries: Sequence[Summary], branch: Sequence[MessageId], *, after: int | None) -> Summary | None:
    """The summary that reaches farthest into a branch and does not reach back before the position ``after``.

    Shape: ``branch`` are the ids of its messages. None when no active summary ends on the branch.
    """
    on_branch = set(branch)
    fitting = [
        one
        for one in summaries
        if one.is_active and one.through_id in on_branch and (after is None or one.through_position > after)
    ]
    return max(fitting, key=lambda one: one.through_position, default=None)
