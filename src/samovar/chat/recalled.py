"""Earlier turns that come back beside the question: those that bear on it most, whole, as far as there is room."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from samovar.chat.counting import PieceCounting
from samovar.chat.material import Exchange, TurnMaterial
from samovar.chat.records import set_recalled
from samovar.domain.generation import ModelDescription
from samovar.domain.ids import MessageId
from samovar.domain.image_tasks import is_russian
from samovar.domain.ledger import Piece

__all__ = ["Recalled", "fit_recalled"]

#: More than these would be a second conversation beside the first.
_MOST_TURNS: Final = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Recalled:
    """The turns that came back, oldest first, and their pieces with the words around them."""

    exchanges: tuple[Exchange, ...] = ()
    pieces: tuple[Piece, ...] = ()


async def fit_recalled(
    exchanges: Sequence[Exchange],
    material: TurnMaterial,
    description: ModelDescription,
    counting: PieceCounting,
    *,
    room: int,
    has_passages: bool,
) -> Recalled:
    """Choose the turns that bear on the question most, question and answer together, and fit into ``room`` tokens.

    A turn that is too long by itself is passed over. Raises: BackendError.
    """
    scores = {exchange.number: _score(exchange, material.recalled) for exchange in exchanges}
    ranked = sorted(
        (exchange for exchange in exchanges if scores[exchange.number] > 0 and _says_something(exchange)),
        key=lambda exchange: (-scores[exchange.number], -exchange.number),
    )
    chosen: list[Exchange] = []
    best = Recalled()
    for exchange in ranked[: 2 * _MOST_TURNS]:
        tried = sorted([*chosen, exchange], key=lambda one: one.number)
        pieces = await counting.count(_pieces(tried, material, description, has_passages=has_passages))
        if sum(piece.tokens for piece in pieces) > room:
            continue
        chosen = tried
        best = Recalled(exchanges=tuple(tried), pieces=tuple(pieces))
        if len(chosen) == _MOST_TURNS:
            break
    return best


def _score(exchange: Exchange, scores: Mapping[MessageId, float]) -> float:
    return max((scores.get(message.message_id, 0.0) for message in exchange.messages), default=0.0)


def _says_something(exchange: Exchange) -> bool:
    return any(message.text.strip() for message in exchange.messages)


def _pieces(
    exchanges: Sequence[Exchange], material: TurnMaterial, description: ModelDescription, *, has_passages: bool
) -> list[Piece]:
    question = material.question
    record = set_recalled(
        exchanges,
        secret=question.message_id.bytes,
        russian=is_russian(question.text),
        demonstration=description.is_demonstration,
        has_passages=has_passages,
    )
    messages = [
        (exchange.number, message) for exchange in exchanges for message in exchange.messages if message.text.strip()
    ]
    pieces = [
        Piece(
            kind="recalled",
            role="user",
            label=message.role,
            text=text,
            tokens=0,
            message=0,
            origin={"message_id": str(message.message_id), "turn": str(number)},
        )
        for (number, message), text in zip(messages, record.texts, strict=True)
    ]
    return [*_rules(record.before), *pieces, *_rules(record.after)]


def _rules(text: str) -> list[Piece]:
    return [Piece(kind="rules", role="user", label="rules", text=text, tokens=0, message=0)] if text else []
