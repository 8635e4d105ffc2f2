"""Build the ledger of a turn: what is sent to the model within its context length.

Order of importance: the system prompt and the question always, then the passages of the
documents, then as many earlier turns as fit, the newest first. The text before the question
stays the same from turn to turn, so that the backend's prompt cache can serve it again.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from samovar.chat.pictures import TurnPicture
from samovar.domain.chat import Message
from samovar.domain.document import Passage
from samovar.domain.errors import ContextExceeded
from samovar.domain.generation import ModelDescription
from samovar.domain.ids import ChunkId, MessageId
from samovar.domain.image_tasks import ImageTask, instruction, is_russian, schema_of
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

    ``branch`` ends with the question. ``pictures`` are those of each message of the branch, in order.
    ``described_by`` names the model that wrote a passage which describes a picture.
    """

    system_prompt: str
    branch: tuple[Message, ...]
    passages: tuple[Passage, ...]
    parameters: GenerationParameters
    pictures: Mapping[MessageId, tuple[TurnPicture, ...]] = field(default_factory=dict)
    described_by: Mapping[ChunkId, str] = field(default_factory=dict)


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
    task = material.branch[-1].task
    if task is not None and (schema := schema_of(task)) is not None:
        parameters = replace(parameters, json_schema=schema)
    if (material.passages or task) and parameters.temperature is None:
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
        # In the order in which they were sent when they were the question, so that the cache holds them.
        pieces.extend(_images(message, material, description, index))
        if text := _said(message, material, description):
            pieces.append(Piece(kind="turn", role=message.role, label=message.role, text=text, tokens=0, message=index))
    last = len(earlier) + 1
    russian = is_russian(question.text)
    for number, passage in enumerate(material.passages, start=1):
        label = _passage_label(passage, material.described_by.get(passage.chunk.chunk_id), russian=russian)
        pieces.append(
            Piece(
                kind="passage",
                role="user",
                label=label,
                text=f"[{number}] {label}\n{_disarm(passage.chunk.text)}\n\n",
                tokens=0,
                message=last,
            )
        )
    pieces.extend(_images(question, material, description, last))
    text = _said(question, material, description)
    if material.passages:
        text = _instruction(text, description, russian=russian)
    pieces.append(Piece(kind="question", role="user", label="question", text=text, tokens=0, message=last))
    return pieces


def _images(message: Message, material: TurnMaterial, description: ModelDescription, index: int) -> list[Piece]:
    can_see = description.capabilities.vision is True
    return [
        Piece(
            kind="image",
            role="user",
            label=picture.name,
            text="",
            tokens=0,
            message=index,
            image=picture.image,
            sent=can_see and picture.image is not None,
            reason=picture.reason or (None if can_see else "no_vision"),
        )
        for picture in material.pictures.get(message.message_id, ())
    ]


def _said(message: Message, material: TurnMaterial, description: ModelDescription) -> str:
    """The words of a message as the model gets them: the task comes before what the person wrote."""
    if message.task is None:
        return message.text
    told = _told(message, message.task, material, description)
    return "\n\n".join(words for words in (told, message.text) if words.strip())


def _told(message: Message, task: ImageTask, material: TurnMaterial, description: ModelDescription) -> str:
    # A task may stand without words: the pictures' names and the talk before tell the language.
    names = (picture.name for picture in material.pictures.get(message.message_id, ()))
    words = (said.text for said in material.branch if said.role == "user")
    has_words = any(character.isalpha() for character in message.text)
    russian = is_russian(message.text if has_words else " ".join((*names, *words)))
    return instruction(task, russian=russian, demonstration=description.is_demonstration)


def _passage_label(passage: Passage, described_by: str | None, *, russian: bool) -> str:
    """Where a passage stands; of a description also that a model wrote it and not the author."""
    label = passage.document
    if passage.chunk.page is not None:
        label += f", {'страница' if russian else 'page'} {passage.chunk.page}"
    if passage.chunk.figure is not None:
        model = described_by or ("неизвестной" if russian else "unknown")
        label += (
            f", рисунок {passage.chunk.figure} по описанию модели {model}"
            if russian
            else f", picture {passage.chunk.figure} as described by the model {model}"
        )
    return label


def _disarm(text: str) -> str:
    """Break up what a chat template would read as the end of the message; join divided words."""
    return (
        text.replace(SOFT_HYPHEN, "").replace("<|", "< |").replace("[INST]", "[ INST]").replace("[/INST]", "[ /INST]")
    )


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
