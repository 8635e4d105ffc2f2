"""Decide which turns of a branch a summary is to stand for: the oldest, in time, and never the newest."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from samovar.chat.history import exchanges_of
from samovar.chat.summary_check import SourceTurn
from samovar.domain.chat import LineNode, Message
from samovar.domain.context import Summary, summary_for
from samovar.domain.ids import MessageId

__all__ = ["MOST_READ", "SummaryPlan", "TurnRoom", "plan_summary", "read_room", "was_undone"]

#: From this part of the room on, turns are summed up: before they reach the limit, so that none is ever left out.
_NEAR: Final = 0.6
#: The newest turns, up to this part of the room, stay as they are.
_KEPT: Final = 0.3
#: Asked for by a person, the newer half of the turns stays, if that is less.
_KEPT_OF_ALL: Final = 0.5
#: So many messages are read at a time; what lies beyond them is summed up the next time.
MOST_READ: Final = 400
#: Shorter turns are hardly made shorter still.
_FEWEST_TOKENS: Final = 100
#: What a summary may take of the room, of its source, and at all. Units of the last: tokens.
_SHARE_OF_ROOM: Final = 0.15
_SHARE_OF_SOURCE: Final = 0.5
_MOST_TOKENS: Final = 2048
#: Kept of the context for our own words in the request, which vary by a little.
_WORDS_AROUND: Final = 600
#: Counts may be estimates.
_CAUTION: Final = 0.9
#: Kinds of pieces that every request of the chat has beside its turns and their summary.
_STANDING: Final = ("system", "facts", "example")


@dataclass(frozen=True, slots=True, kw_only=True)
class TurnRoom:
    """What turns may take of a model's context. Units: tokens. ``is_short``: some turns were left out already."""

    context: int
    turns: int
    used: int = 0
    is_short: bool = False

    @property
    def is_near(self) -> bool:
        """Whether the limit is near."""
        return self.is_short or self.used > _NEAR * self.turns


@dataclass(frozen=True, slots=True, kw_only=True)
class SummaryPlan:
    """What is to be summed up: ``earlier``, a summary that is folded in, and the ``messages`` after it, oldest first.

    ``turns`` is how many messages the summary will stand for. Units: tokens.
    """

    earlier: Summary | None
    messages: tuple[Message, ...]
    turns: int
    source_tokens: int
    most_tokens: int

    @property
    def through(self) -> Message:
        """The last message that the summary stands for."""
        return self.messages[-1]

    @property
    def source(self) -> tuple[SourceTurn, ...]:
        """The words that the summary is checked against."""
        earlier = (SourceTurn(text=self.earlier.text, by_person=True),) if self.earlier else ()
        said = (SourceTurn(text=one.text, by_person=one.role == "user") for one in self.messages)
        return (*earlier, *said)


def read_room(ledger: Mapping[str, object]) -> TurnRoom | None:
    """The room for turns in the request that a ledger tells of; None when it tells of none."""
    context, reply, pieces = (ledger.get(name) for name in ("context_tokens", "reply_tokens", "pieces"))
    if not isinstance(context, int) or not isinstance(reply, int) or not isinstance(pieces, Sequence):
        return None
    standing = used = 0
    is_short = False
    for piece in pieces:
        if not isinstance(piece, Mapping):
            continue
        kind, tokens = piece.get("kind"), piece.get("tokens")
        is_turn = kind in ("turn", "question")
        is_short = is_short or (kind == "turn" and piece.get("reason") == "no_room")
        if not piece.get("sent") or not isinstance(tokens, int):
            continue
        standing += tokens if kind in _STANDING else 0
        used += tokens if is_turn else 0
    return TurnRoom(context=context, turns=max(0, context - reply - standing), used=used, is_short=is_short)


def was_undone(summaries: Sequence[Summary], line: Sequence[LineNode], *, after: int | None) -> bool:
    """Tell whether a person has undone what would be made again: a summary that reaches beyond the one in force."""
    ids = [node.message_id for node in line]
    in_force = summary_for(summaries, ids, after=after)
    reached = max(after or 0, in_force.through_position if in_force else 0)
    on_branch = frozenset(ids)
    return any(
        not one.is_active and one.through_id in on_branch and one.through_position > reached for one in summaries
    )


def plan_summary(
    messages: Sequence[Message],
    tokens: Mapping[MessageId, int],
    room: TurnRoom,
    *,
    earlier: Summary | None,
    earlier_tokens: int,
    unread: int,
    is_forced: bool,
) -> SummaryPlan | None:
    """Choose the oldest turns that are to be summed up; None when there is no need, or nothing to be gained.

    ``messages`` are those after ``earlier``, oldest first, with their tokens; ``unread`` is how many follow them. Turns
    are taken whole, with all of their answers; the last one is never taken.
    """
    exchanges = exchanges_of(messages)
    sizes = [sum(tokens[one.message_id] for one in exchange.messages) for exchange in exchanges]
    used = sum(sizes)
    if not is_forced and not unread and used <= _NEAR * room.turns:
        return None
    kept = min(_KEPT * room.turns, _KEPT_OF_ALL * used) if not unread else 0.0
    most = min(int(_SHARE_OF_ROOM * room.turns), _MOST_TOKENS)
    capacity = int(_CAUTION * (room.context - most - _WORDS_AROUND)) - earlier_tokens
    taken = _taken(sizes, kept=kept, capacity=capacity)
    chosen = tuple(one for exchange in exchanges[:taken] for one in exchange.messages)
    source_tokens = sum(sizes[:taken]) + earlier_tokens
    most = min(most, int(_SHARE_OF_SOURCE * source_tokens))
    if not any(one.text.strip() for one in chosen) or source_tokens < _FEWEST_TOKENS:
        return None
    return SummaryPlan(
        earlier=earlier,
        messages=chosen,
        turns=len(chosen) + (earlier.turns if earlier else 0),
        source_tokens=source_tokens,
        most_tokens=most,
    )


def _taken(sizes: Sequence[int], *, kept: float, capacity: int) -> int:
    """How many of the oldest turns are taken: all but the newest that stay, as far as the model can read them.

    One that is too long to be read is taken alone: it will be shown in part.
    """
    left = sum(sizes)
    taken = read = 0
    for size in sizes[:-1]:
        if left <= kept or (taken and read + size > capacity):
            break
        left -= size
        read += size
        taken += 1
    return taken
