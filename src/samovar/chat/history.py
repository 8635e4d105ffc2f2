"""What was said before the question: which turns are sent as they are, and why the others are not.

Turns are sent without gaps, the newest first to be kept. While all fit, the prompt only grows, and the backend's cache
serves it. Once they do not, each new turn would push out an old one and have everything read anew; so the beginning
moves in steps, and stays where it is for some turns.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Final

from samovar.chat.counting import PieceCounting, sent_tokens
from samovar.chat.material import Exchange, TurnMaterial
from samovar.chat.message_pieces import message_pieces
from samovar.domain.chat import Message
from samovar.domain.generation import ModelDescription
from samovar.domain.ledger import Piece
from samovar.gateway.tokens import IMAGE_TOKENS, MESSAGE_OVERHEAD_TOKENS, estimate_tokens

__all__ = ["History", "exchanges_of", "left_out_pieces", "read_history", "unread_pieces", "window_of"]

#: Turns are counted in groups, so that an endless history is not counted to its beginning.
_COUNTED_AT_ONCE: Final = 16
#: The beginning of the window moves in steps of at most this part of what fits.
_STEP_SHARE: Final = 4
#: Messages that were left out are listed one by one up to here, the newest; those before them as one piece.
_MOST_LISTED: Final = 100
_SHOWN_CHARACTERS: Final = 400


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """The turns before the question by what may be done with them, each list oldest first.

    ``open``: those that may be sent. ``summarised``: those that the summary stands for. ``closed``: those of an older
    context.
    """

    open: tuple[Exchange, ...] = ()
    summarised: tuple[Exchange, ...] = ()
    closed: tuple[Exchange, ...] = ()


def exchanges_of(messages: Sequence[Message], *, before: int = 0) -> tuple[Exchange, ...]:
    """Group messages of a branch by question. ``before`` is how many questions were asked before the first of them.

    What precedes the first question (an imported greeting) belongs to the turn before, or is a turn of its own.
    """
    groups: list[list[Message]] = []
    number = before
    numbers: list[int] = []
    for message in messages:
        if message.role == "user" or not groups:
            number += message.role == "user"
            groups.append([])
            numbers.append(number)
        groups[-1].append(message)
    return tuple(Exchange(number=number, messages=tuple(group)) for number, group in zip(numbers, groups, strict=True))


def read_history(material: TurnMaterial, *, has_summary: bool) -> History:
    """Sort the turns before the question; ``has_summary`` tells whether the summary is sent."""
    through = material.summary.through_position if has_summary and material.summary is not None else None
    history: dict[str, list[Exchange]] = {"open": [], "summarised": [], "closed": []}
    for exchange in exchanges_of(material.branch[:-1], before=material.beyond.turns):
        history[_place(exchange, material.context_after, through)].append(exchange)
    return History(**{name: tuple(exchanges) for name, exchanges in history.items()})


def _place(exchange: Exchange, context_after: int | None, through: int | None) -> str:
    if context_after is not None and exchange.messages[0].position <= context_after:
        return "closed"
    if through is not None and exchange.messages[-1].position <= through:
        return "summarised"
    return "open"


async def window_of(
    exchanges: Sequence[Exchange],
    material: TurnMaterial,
    description: ModelDescription,
    counting: PieceCounting,
    *,
    room: int,
) -> list[list[list[Piece]]]:
    """The newest of the turns that fit into ``room`` tokens, oldest first.

    Shape: one list for each turn that is sent, with a list of pieces for each of its messages; pictures that do not
    fit are among them, left out.
    """
    window: list[list[list[Piece]]] = []
    left = room
    for start in range(len(exchanges), 0, -_COUNTED_AT_ONCE):
        group = exchanges[max(0, start - _COUNTED_AT_ONCE) : start]
        for exchange in reversed(group):
            counted = await _counted(exchange, material, description, counting)
            fitted = _fit(counted, left)
            if fitted is None:
                return _from_step(window, exchanges)
            window.insert(0, fitted)
            left -= sum(sent_tokens(pieces) for pieces in fitted)
            if _is_cut(fitted):
                return _from_step(window, exchanges)
    return window


async def _counted(
    exchange: Exchange, material: TurnMaterial, description: ModelDescription, counting: PieceCounting
) -> list[list[Piece]]:
    pieces = [message_pieces(message, material, description, exchange.number) for message in exchange.messages]
    counted = iter(await counting.count([piece for message in pieces for piece in message]))
    return [[next(counted) for _ in message] for message in pieces]


def _fit(exchange: Sequence[Sequence[Piece]], room: int) -> list[list[Piece]] | None:
    """A turn with as many of its pictures, the last ones first, as fit; None when its words alone do not."""
    left = room - sum(piece.tokens for message in exchange for piece in message if piece.kind != "image")
    if left < 0:
        return None
    fitted: list[list[Piece]] = []
    for message in reversed(exchange):
        pieces: list[Piece] = []
        for piece in reversed(message):
            if piece.kind == "image" and piece.sent:
                if piece.tokens > left:
                    pieces.insert(0, replace(piece, sent=False, reason="no_room"))
                    continue
                left -= piece.tokens
            pieces.insert(0, piece)
        fitted.insert(0, pieces)
    return fitted


def _is_cut(exchange: Iterable[Iterable[Piece]]) -> bool:
    """Whether a picture found no room: nothing older is sent then."""
    return any(piece.reason == "no_room" for message in exchange for piece in message)


def _from_step(window: list[list[list[Piece]]], exchanges: Sequence[Exchange]) -> list[list[list[Piece]]]:
    """Let the window begin at a turn whose number the step divides."""
    step = 1
    while step * 2 * _STEP_SHARE <= len(window):
        step *= 2
    if step == 1:
        return window
    first = exchanges[len(exchanges) - len(window)].number
    return window[-first % step :]


def left_out_pieces(
    exchanges: Sequence[tuple[Exchange, str]], material: TurnMaterial, description: ModelDescription
) -> list[Piece]:
    """The pieces of turns that are not sent, each with its reason, and of those that were never read.

    Shape: turns oldest first to pieces oldest first; what lies far back is one piece for each reason. Their tokens are
    estimated.
    """
    pieces: list[Piece] = []
    for exchange, reason in exchanges:
        for message in exchange.messages:
            for piece in message_pieces(message, material, description, exchange.number):
                tokens = IMAGE_TOKENS if piece.image else estimate_tokens(piece.text) + MESSAGE_OVERHEAD_TOKENS
                text = piece.text
                if len(text) > _SHOWN_CHARACTERS:
                    text = text[:_SHOWN_CHARACTERS].rstrip() + "…"
                pieces.append(
                    replace(piece, text=text, tokens=tokens, sent=False, reason=piece.reason or reason, image=None)
                )
    far, near = pieces[:-_MOST_LISTED], pieces[-_MOST_LISTED:]
    folded: dict[str, tuple[int, int]] = {}
    for piece in far:
        count, tokens = folded.get(piece.reason or "", (0, 0))
        folded[piece.reason or ""] = (count + (piece.kind == "turn"), tokens + piece.tokens)
    return [*(_folded(reason, count, tokens) for reason, (count, tokens) in folded.items() if count), *near]


def unread_pieces(reasons: Iterable[str]) -> list[Piece]:
    """One piece for each reason why messages that were not even read are not sent."""
    counts: dict[str, int] = {}
    for reason in reasons:
        counts[reason] = counts.get(reason, 0) + 1
    return [_folded(reason, count, 0) for reason, count in counts.items()]


def _folded(reason: str, count: int, tokens: int) -> Piece:
    return Piece(
        kind="turn",
        role="user",
        label=f"{count} messages",
        text="",
        tokens=tokens,
        message=0,
        sent=False,
        reason=reason,
        origin={"messages": str(count)},
    )
