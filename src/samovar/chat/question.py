"""The last message: the question, and the passages before it as far as there is room for them."""

from collections.abc import Sequence
from dataclasses import replace

from samovar.chat.counting import PieceCounting
from samovar.chat.fence import disarm
from samovar.chat.material import TurnMaterial
from samovar.chat.message_pieces import said
from samovar.chat.passages import join_neighbours, put_in_reading_order
from samovar.chat.prompt import PassageText, Setting, set_passages
from samovar.domain.document import Passage
from samovar.domain.generation import ModelDescription
from samovar.domain.image_tasks import is_russian
from samovar.domain.ledger import Piece

__all__ = ["fit_passages"]


async def fit_passages(
    material: TurnMaterial, description: ModelDescription, counting: PieceCounting, *, room: int
) -> tuple[list[Piece], tuple[Passage, ...]]:
    """Set the question with as many of the best passages as there is room for, and count it.

    Shape: the pieces of the last message in order, those left out behind the passages that were not; and the passages
    shown. When not even the best passage fits alone, it is passed over. Without room for any, the question stands
    alone, which may take more than ``room``.
    """
    found = material.passages
    first, last = 0, len(found)
    while True:
        shown = join_neighbours(put_in_reading_order(found[first:last]))
        setting = _set(material, description, shown)
        pieces = await counting.count(_pieces(setting, shown, material))
        over = sum(piece.tokens for piece in pieces) - room
        if over <= 0 or not shown:
            break
        if last - first > 1:
            last -= _too_many(found[first:last], pieces, over)
        else:
            first, last = first + 1, len(found)
    left_out = await counting.count(_left_out([*found[:first], *found[last:]]))
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
    question = material.question
    return set_passages(
        said(question, material, description),
        shown,
        grounds=material.grounds,
        described_by=material.described_by,
        # Nobody who writes a document knows it, and it is the same when the reply is made again.
        secret=question.message_id.bytes,
        russian=is_russian(question.text),
        demonstration=description.is_demonstration,
    )


def _pieces(setting: Setting, shown: Sequence[Passage], material: TurnMaterial) -> list[Piece]:
    origin = {"message_id": str(material.question.message_id)}
    question = Piece(
        kind="question", role="user", label="question", text=setting.question, tokens=0, message=0, origin=origin
    )
    rules = Piece(kind="rules", role="user", label="rules", text=setting.before, tokens=0, message=0)
    passages = [_passage_piece(text, one) for text, one in zip(setting.passages, shown, strict=True)]
    return [*([rules] if setting.before else []), *passages, question]


def _left_out(passages: Sequence[Passage]) -> list[Piece]:
    pieces: list[Piece] = []
    for passage in passages:
        text = PassageText(label=passage.document, text=disarm(passage.chunk.text).text)
        pieces.append(replace(_passage_piece(text, passage), sent=False, reason="no_room"))
    return pieces


def _passage_piece(text: PassageText, passage: Passage) -> Piece:
    chunk = passage.chunk
    page = {} if chunk.page is None else {"page": str(chunk.page)}
    origin = {"document_id": str(chunk.document_id), "chunk_id": str(chunk.chunk_id), **page}
    return Piece(kind="passage", role="user", label=text.label, text=text.text, tokens=0, message=0, origin=origin)
