"""The ledger of a turn: every piece that is sent to the model, and every piece that is not.

The request to the backend is rendered from the ledger and from nothing else.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from samovar.domain.generation import ChatRequest, ImagePart, PromptMessage, Role, TextPart
from samovar.domain.parameters import GenerationParameters

__all__ = ["CountedBy", "Ledger", "Piece", "PieceKind", "render", "to_json"]

#: ``example``: one side of a turn to learn from. ``facts``: what is pinned. ``recalled``: an earlier turn that came
#: back, for it bears on the question. ``rules``: our words before the passages, where they begin and end, and that they
#: are no instructions.
PieceKind = Literal[
    "system", "example", "facts", "summary", "recalled", "turn", "rules", "passage", "image", "question"
]
CountedBy = Literal["tokenizer", "calibrated", "estimate"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """One piece of the context. ``message`` is the index of the prompt message it belongs to.

    ``origin`` tells where it comes from, by names and ids: ``message_id``, ``summary_id``, ``examples_id``,
    ``document_id``, ``chunk_id``, ``page``, and of a picture its ``sha256`` and ``media_type``. A piece that was left
    out has ``sent`` False and a ``reason``: ``no_room`` (the budget was spent), ``summarised`` (the summary stands for
    it), ``new_context`` (said before the system prompt was changed), ``far_from_question`` (nearer examples were chosen),
    or, of a picture, why it cannot be shown.
    """

    kind: PieceKind
    role: Role
    label: str
    text: str
    tokens: int
    message: int
    image: ImagePart | None = None
    sent: bool = True
    reason: str | None = None
    origin: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ledger:
    """Everything about one request. Units: tokens."""

    model: str
    backend: str
    context_tokens: int
    reply_tokens: int
    counted_by: CountedBy
    parameters: GenerationParameters
    pieces: tuple[Piece, ...]

    @property
    def sent_tokens(self) -> int:
        """The tokens of all pieces that are sent."""
        return sum(piece.tokens for piece in self.pieces if piece.sent)


def render(ledger: Ledger) -> ChatRequest:
    """Build the request: the sent pieces, joined by message, in order."""
    messages: list[PromptMessage] = []
    indexes: list[int] = []
    for piece in ledger.pieces:
        if not piece.sent:
            continue
        part = piece.image or TextPart(text=piece.text)
        if indexes and indexes[-1] == piece.message:
            last = messages[-1]
            messages[-1] = PromptMessage(role=last.role, parts=(*last.parts, part))
        else:
            messages.append(PromptMessage(role=piece.role, parts=(part,)))
            indexes.append(piece.message)
    return ChatRequest(model=ledger.model, messages=tuple(messages), parameters=ledger.parameters)


def to_json(ledger: Ledger) -> Mapping[str, object]:
    """The ledger as plain JSON; pictures appear by their label."""
    return {
        "model": ledger.model,
        "backend": ledger.backend,
        "context_tokens": ledger.context_tokens,
        "reply_tokens": ledger.reply_tokens,
        "counted_by": ledger.counted_by,
        "parameters": ledger.parameters.chosen(),
        "pieces": [
            {
                "kind": piece.kind,
                "role": piece.role,
                "label": piece.label,
                "text": piece.text,
                "tokens": piece.tokens,
                "sent": piece.sent,
                "reason": piece.reason,
            }
            for piece in ledger.pieces
        ],
    }
