"""Build the ledger of a turn: what is sent to the model within its context length.

Order of importance: the system prompt and the question always, then the passages of the
documents, then as many earlier turns as fit, the newest first. The text before the question
stays the same from turn to turn, so that the backend's prompt cache can serve it again.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from samovar.domain.chat import Message
from samovar.domain.document import Passage
from samovar.domain.errors import ContextExceeded
from samovar.domain.generation import ImagePart, ModelDescription
from samovar.domain.ids import DocumentId
from samovar.domain.ledger import Ledger, Piece
from samovar.domain.parameters import GenerationParameters
from samovar.gateway.tokens import (
    ASSUMED_CONTEXT_TOKENS,
    IMAGE_TOKENS,
    MESSAGE_OVERHEAD_TOKENS,
    REPLY_SHARE,
    CountsTokens,
    TokenCounter,
)
from samovar.retrieval.cite import SOFT_HYPHEN

__all__ = ["DEFAULT_SYSTEM_PROMPT", "TurnMaterial", "build_ledger", "text_tokens"]

DEFAULT_SYSTEM_PROMPT: Final = "You are a helpful assistant. Answer briefly, in the language of the question."
#: The demonstration model soon repeats itself; what it has to say it says at once.
_DEMONSTRATION_REPLY_TOKENS: Final = 320
#: Answers from documents should follow them, not the dice.
_DOCUMENT_TEMPERATURE: Final = 0.2


@dataclass(frozen=True, slots=True, kw_only=True)
class TurnMaterial:
    """Everything that a turn could show to the model.

    ``branch`` ends with the question. ``pictures`` maps the image documents attached to messages
    of the branch to what can be sent of them.
    """

    system_prompt: str
    branch: tuple[Message, ...]
    passages: tuple[Passage, ...]
    pictures: Mapping[DocumentId, ImagePart]
    parameters: GenerationParameters


async def build_ledger(
    material: TurnMaterial, description: ModelDescription, source: CountsTokens, counter: TokenCounter
) -> Ledger:
    """Decide what is sent.

    Raises: ContextExceeded when the system prompt and the question alone are too long.
    """
    context_tokens = description.capabilities.context_tokens or ASSUMED_CONTEXT_TOKENS
    reply_tokens = _reply_tokens(material.parameters, description, context_tokens)
    pieces = _all_pieces(material, description)
    counts, counted_by = await counter.count(source, description.model, [piece.text for piece in pieces])
    pieces = [
        replace(piece, tokens=IMAGE_TOKENS if piece.image else count + _overhead(piece))
        for piece, count in zip(pieces, counts, strict=True)
    ]
    fitted = _fit(pieces, budget=context_tokens - reply_tokens)
    needed = sum(piece.tokens for piece in fitted if piece.sent)
    if needed > context_tokens - reply_tokens:
        raise ContextExceeded(
            needed_tokens=needed + reply_tokens, context_tokens=context_tokens, model=description.model
        )
    return Ledger(
        model=description.model,
        backend=description.backend,
        context_tokens=context_tokens,
        reply_tokens=reply_tokens,
        counted_by=counted_by,
        parameters=_parameters(material, reply_tokens),
        pieces=tuple(fitted),
    )


def _reply_tokens(parameters: GenerationParameters, description: ModelDescription, context_tokens: int) -> int:
    if parameters.max_tokens is not None:
        return min(parameters.max_tokens, context_tokens - 1)
    share = context_tokens // REPLY_SHARE
    return min(share, _DEMONSTRATION_REPLY_TOKENS) if description.is_demonstration else share


def _parameters(material: TurnMaterial, reply_tokens: int) -> GenerationParameters:
    parameters = replace(material.parameters, max_tokens=reply_tokens)
    if material.passages and parameters.temperature is None:
        parameters = replace(parameters, temperature=_DOCUMENT_TEMPERATURE)
    return parameters


def _overhead(piece: Piece) -> int:
    return 0 if piece.kind in ("passage", "image") else MESSAGE_OVERHEAD_TOKENS


def text_tokens(ledger: Ledger) -> int:
    """The tokens of the words that were sent, without pictures and without what a chat template adds."""
    return sum(piece.tokens - _overhead(piece) for piece in ledger.pieces if piece.sent and not piece.image)


def _all_pieces(material: TurnMaterial, description: ModelDescription) -> list[Piece]:
    pieces = [
        Piece(
            kind="system",
            role="system",
            label="system prompt",
            text=material.system_prompt or DEFAULT_SYSTEM_PROMPT,
            tokens=0,
            message=0,
        )
    ]
    *earlier, question = material.branch
    for index, message in enumerate(earlier, start=1):
        if message.text:
            pieces.append(
                Piece(kind="turn", role=message.role, label=message.role, text=message.text, tokens=0, message=index)
            )
        pieces.extend(_images(message, material, description, index))
    last = len(earlier) + 1
    russian = _is_russian(question.text)
    for number, passage in enumerate(material.passages, start=1):
        pieces.append(
            Piece(
                kind="passage",
                role="user",
                label=_passage_label(passage, russian=russian),
                text=f"[{number}] {_passage_label(passage, russian=russian)}\n{_disarm(passage.chunk.text)}\n\n",
                tokens=0,
                message=last,
            )
        )
    pieces.extend(_images(question, material, description, last))
    text = _instruction(question.text, description, russian=russian) if material.passages else question.text
    pieces.append(Piece(kind="question", role="user", label="question", text=text, tokens=0, message=last))
    return pieces


def _images(message: Message, material: TurnMaterial, description: ModelDescription, index: int) -> list[Piece]:
    can_see = description.capabilities.vision is True
    return [
        Piece(
            kind="image",
            role="user",
            label=material.pictures[document_id].name,
            text="",
            tokens=0,
            message=index,
            image=material.pictures[document_id],
            sent=can_see,
            reason=None if can_see else "no_vision",
        )
        for document_id in message.document_ids
        if document_id in material.pictures
    ]


def _passage_label(passage: Passage, *, russian: bool) -> str:
    if passage.chunk.page is None:
        return passage.document
    return f"{passage.document}, {'страница' if russian else 'page'} {passage.chunk.page}"


def _disarm(text: str) -> str:
    """Break up what a chat template would read as the end of the message; join divided words."""
    return (
        text.replace(SOFT_HYPHEN, "").replace("<|", "< |").replace("[INST]", "[ INST]").replace("[/INST]", "[ /INST]")
    )


def _is_russian(text: str) -> bool:
    return any("а" <= character <= "я" or character == "ё" for character in text.lower())


def _instruction(question: str, description: ModelDescription, *, russian: bool) -> str:
    if description.is_demonstration:
        # A model this small copies the labels instead of the words; code finds the places afterwards.
        return f"Using only the passages above, answer: {question}"
    if russian:
        return (
            "Ответь на вопрос только по этим выдержкам. После каждого утверждения поставь номер выдержки, "
            f"например [1]. Если ответа в них нет, так и скажи.\n\nВопрос: {question}"
        )
    return (
        "Answer the question from these passages only. After each statement put the number of its passage, "
        f"like [1]. If they do not hold the answer, say so.\n\nQuestion: {question}"
    )


def _fit(pieces: Sequence[Piece], *, budget: int) -> list[Piece]:
    """Keep what must stay, then passages by rank, then turns from the newest back."""
    left = budget - sum(piece.tokens for piece in pieces if piece.kind in ("system", "question"))
    kept: dict[int, bool] = {}
    for index, piece in enumerate(pieces):
        if piece.kind == "passage":
            kept[index] = piece.tokens <= left
            left -= piece.tokens if kept[index] else 0
    newest_first = [index for index, piece in enumerate(pieces) if piece.kind in ("turn", "image") and piece.sent]
    room = True
    for index in reversed(newest_first):
        # Once a turn is left out, everything before it is too: a gap would make no sense.
        room = room and pieces[index].tokens <= left
        kept[index] = room
        left -= pieces[index].tokens if room else 0
    return [
        piece if kept.get(index, True) else replace(piece, sent=False, reason="no_room")
        for index, piece in enumerate(pieces)
    ]
