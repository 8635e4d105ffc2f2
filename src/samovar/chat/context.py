"""Build the prompt of a turn within the model's context length, and the ledger of what was sent and what was not.

Order of importance: the system prompt and the question always, then the passages of the
documents, then as many earlier turns as fit, the newest first. The text before the question
stays the same from turn to turn, so that the backend's prompt cache can serve it again.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from samovar.chat.fence import disarm
from samovar.chat.passages import join_neighbours, put_in_reading_order
from samovar.chat.pictures import TurnPicture
from samovar.chat.prompt import Grounds, PassageText, Setting, set_passages
from samovar.domain.chat import Message
from samovar.domain.document import Passage
from samovar.domain.errors import ContextExceeded
from samovar.domain.generation import ModelDescription
from samovar.domain.ids import ChunkId, MessageId
from samovar.domain.image_tasks import ImageTask, instruction, is_russian, schema_of
from samovar.domain.ledger import CountedBy, Ledger, Piece
from samovar.domain.parameters import GenerationParameters
from samovar.gateway.tokens import (
    ASSUMED_CONTEXT_TOKENS,
    IMAGE_TOKENS,
    MESSAGE_OVERHEAD_TOKENS,
    REPLY_SHARE,
    CountsTokens,
    TokenCounter,
)

__all__ = ["DEFAULT_SYSTEM_PROMPT", "Prompt", "TurnMaterial", "build_prompt", "text_tokens"]

DEFAULT_SYSTEM_PROMPT: Final = "You are a helpful assistant. Answer briefly, in the language of the question."
#: The demonstration model soon repeats itself; what it has to say it says at once.
_DEMONSTRATION_REPLY_TOKENS: Final = 320
#: Answers from documents should follow them, not the dice.
_DOCUMENT_TEMPERATURE: Final = 0.2


@dataclass(frozen=True, slots=True, kw_only=True)
class TurnMaterial:
    """Everything that a turn could show to the model.

    ``branch`` ends with the question. ``passages`` are those that were found, best first, and ``grounds`` how well
    they hold the answer. ``pictures`` are those of each message of the branch, in order. ``described_by`` names the
    model that wrote a passage which describes a picture.
    """

    system_prompt: str
    branch: tuple[Message, ...]
    passages: tuple[Passage, ...]
    parameters: GenerationParameters
    grounds: Grounds = "enough"
    pictures: Mapping[MessageId, tuple[TurnPicture, ...]] = field(default_factory=dict)
    described_by: Mapping[ChunkId, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Prompt:
    """What is sent. ``shown``: the passages as the model sees them, [1] first; neighbours are one passage."""

    ledger: Ledger
    shown: tuple[Passage, ...]


async def build_prompt(
    material: TurnMaterial, description: ModelDescription, source: CountsTokens, counter: TokenCounter
) -> Prompt:
    """Decide what is sent.

    Raises: ContextExceeded when the system prompt and the question alone are too long.
    """
    context_tokens = description.capabilities.context_tokens or ASSUMED_CONTEXT_TOKENS
    reply_tokens = _reply_tokens(material.parameters, description, context_tokens)
    budget = context_tokens - reply_tokens
    counting = _Counting(source, description.model, counter)
    history = await counting.count(_history(material, description))
    pictures = await counting.count(_images(material.branch[-1], material, description, len(material.branch)))
    question, shown = await _fit_passages(
        material, description, counting, room=budget - sum(piece.tokens for piece in history if piece.kind == "system")
    )
    left = budget - sum(piece.tokens for piece in (*history, *question) if piece.kind in _ALWAYS and piece.sent)
    pieces = _fit_turns([*history, *pictures], left=left) + question
    needed = sum(piece.tokens for piece in pieces if piece.sent)
    if needed > budget:
        raise ContextExceeded(
            needed_tokens=needed + reply_tokens, context_tokens=context_tokens, model=description.model
        )
    ledger = Ledger(
        model=description.model,
        backend=description.backend,
        context_tokens=context_tokens,
        reply_tokens=reply_tokens,
        counted_by=counting.counted_by,
        parameters=_parameters(material, reply_tokens),
        pieces=tuple(pieces),
    )
    return Prompt(ledger=ledger, shown=shown)


#: What is decided on before earlier turns and pictures share the room that is left.
_ALWAYS: Final = ("system", "rules", "passage", "question")
#: The words around the passages belong to the message of the question.
_WITHIN_A_MESSAGE: Final = ("rules", "passage", "image")


class _Counting:
    """Counts pieces with the tokenizer of one model; ``counted_by`` is the least exact of the ways used."""

    def __init__(self, source: CountsTokens, model: str, counter: TokenCounter) -> None:
        self._source = source
        self._model = model
        self._counter = counter
        self.counted_by: CountedBy = "tokenizer"

    async def count(self, pieces: Sequence[Piece]) -> list[Piece]:
        counts, counted_by = await self._counter.count(self._source, self._model, [piece.text for piece in pieces])
        if pieces and counted_by != "tokenizer":
            self.counted_by = counted_by
        return [
            replace(piece, tokens=IMAGE_TOKENS if piece.image else count + _overhead(piece))
            for piece, count in zip(pieces, counts, strict=True)
        ]


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
    return 0 if piece.kind in _WITHIN_A_MESSAGE else MESSAGE_OVERHEAD_TOKENS


def text_tokens(ledger: Ledger) -> int:
    """The tokens of the words that were sent, without pictures and without what a chat template adds."""
    return sum(piece.tokens - _overhead(piece) for piece in ledger.pieces if piece.sent and not piece.image)


def _history(material: TurnMaterial, description: ModelDescription) -> list[Piece]:
    """The system prompt and everything that was said before the question."""
    system = material.system_prompt or DEFAULT_SYSTEM_PROMPT
    pieces = [Piece(kind="system", role="system", label="system prompt", text=system, tokens=0, message=0)]
    for index, message in enumerate(material.branch[:-1], start=1):
        # In the order in which they were sent when they were the question, so that the cache holds them.
        pieces.extend(_images(message, material, description, index))
        if text := _said(message, material, description):
            pieces.append(Piece(kind="turn", role=message.role, label=message.role, text=text, tokens=0, message=index))
    return pieces


async def _fit_passages(
    material: TurnMaterial, description: ModelDescription, counting: _Counting, *, room: int
) -> tuple[list[Piece], tuple[Passage, ...]]:
    """Set the question with as many of the best passages as there is room for, and count it.

    Shape: the pieces of the last message in order, those left out behind the passages that were not; and the passages
    shown. When not even the best passage fits alone, it is passed over.
    """
    found = material.passages
    first, last = 0, len(found)
    while True:
        shown = join_neighbours(put_in_reading_order(found[first:last]))
        setting = _set(material, description, shown)
        pieces = await counting.count(_pieces(setting, len(material.branch)))
        over = sum(piece.tokens for piece in pieces) - room
        if over <= 0 or not shown:
            break
        if last - first > 1:
            last -= _too_many(found[first:last], pieces, over)
        else:
            first, last = first + 1, len(found)
    left_out = await counting.count(_left_out([*found[:first], *found[last:]], material))
    *before, question = pieces
    return [*before, *left_out, question], shown


def _too_many(ranked: Sequence[Passage], pieces: Sequence[Piece], over: int) -> int:
    """How many of the weakest hold more tokens than there is room for; always one, never all."""
    tokens = sum(piece.tokens for piece in pieces if piece.kind == "passage")
    per_character = tokens / max(1, sum(len(passage.chunk.text) for passage in ranked))
    dropped = 0
    for passage in reversed(ranked[1:]):
        dropped += 1
        over -= round(len(passage.chunk.text) * per_character)
        if over <= 0:
            break
    return dropped


def _set(material: TurnMaterial, description: ModelDescription, shown: Sequence[Passage]) -> Setting:
    question = material.branch[-1]
    return set_passages(
        _said(question, material, description),
        shown,
        grounds=material.grounds,
        described_by=material.described_by,
        # Nobody who writes a document knows it, and it is the same when the reply is made again.
        secret=question.message_id.bytes,
        russian=is_russian(question.text),
        demonstration=description.is_demonstration,
    )


def _pieces(setting: Setting, message: int) -> list[Piece]:
    question = Piece(kind="question", role="user", label="question", text=setting.question, tokens=0, message=message)
    rules = Piece(kind="rules", role="user", label="rules", text=setting.before, tokens=0, message=message)
    passages = [_passage_piece(text, message) for text in setting.passages]
    return [*([rules] if setting.before else []), *passages, question]


def _left_out(passages: Sequence[Passage], material: TurnMaterial) -> list[Piece]:
    pieces: list[Piece] = []
    for passage in passages:
        text = PassageText(label=passage.document, text=disarm(passage.chunk.text).text)
        pieces.append(replace(_passage_piece(text, len(material.branch)), sent=False, reason="no_room"))
    return pieces


def _passage_piece(text: PassageText, message: int) -> Piece:
    return Piece(kind="passage", role="user", label=text.label, text=text.text, tokens=0, message=message)


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


def _fit_turns(pieces: Sequence[Piece], *, left: int) -> list[Piece]:
    """Keep turns and pictures from the newest back, as many as there is room for."""
    fitted = list(pieces)
    room = True
    for index in reversed(range(len(pieces))):
        piece = pieces[index]
        if piece.kind not in ("turn", "image") or not piece.sent:
            continue
        # Once a turn is left out, everything before it is too: a gap would make no sense.
        room = room and piece.tokens <= left
        left -= piece.tokens if room else 0
        if not room:
            fitted[index] = replace(piece, sent=False, reason="no_room")
    return fitted
