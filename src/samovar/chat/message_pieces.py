"""The pieces of one message of a branch: its pictures, then its words."""

from samovar.chat.material import TurnMaterial
from samovar.domain.chat import Message
from samovar.domain.generation import ModelDescription
from samovar.domain.image_tasks import ImageTask, instruction, is_russian
from samovar.domain.ledger import Piece

__all__ = ["image_pieces", "message_pieces", "said"]


def message_pieces(message: Message, material: TurnMaterial, description: ModelDescription, turn: int) -> list[Piece]:
    """The pieces of an earlier message, of the turn with this number; none for one that says and shows nothing."""
    # In the order in which they were sent when they were the question, so that the cache holds them.
    pieces = image_pieces(message, material, description)
    if text := said(message, material, description):
        origin = {"message_id": str(message.message_id), "turn": str(turn)}
        pieces.append(
            Piece(kind="turn", role=message.role, label=message.role, text=text, tokens=0, message=0, origin=origin)
        )
    return pieces


def image_pieces(message: Message, material: TurnMaterial, description: ModelDescription) -> list[Piece]:
    """The pictures of a message; to a model that is not known to see they are not sent."""
    can_see = description.capabilities.vision is True
    return [
        Piece(
            kind="image",
            role="user",
            label=picture.name,
            text="",
            tokens=0,
            message=0,
            image=picture.image,
            sent=can_see and picture.image is not None,
            reason=picture.reason or (None if can_see else "no_vision"),
            origin={"message_id": str(message.message_id), **picture.origin},
        )
        for picture in material.pictures.get(message.message_id, ())
    ]


def said(message: Message, material: TurnMaterial, description: ModelDescription) -> str:
    """The words of a message as the model gets them: the task comes before what the person wrote."""
    if message.task is None:
        return message.text
    told = _told(message, message.task, material, description)
    return "\n\n".join(words for words in (told, message.text) if words.strip())


def _told(message: Message, task: ImageTask, material: TurnMaterial, description: ModelDescription) -> str:
    # A task may stand without words: the pictures' names and the talk before tell the language.
    names = (picture.name for picture in material.pictures.get(message.message_id, ()))
    words = (earlier.text for earlier in material.branch if earlier.role == "user")
    has_words = any(character.isalpha() for character in message.text)
    russian = is_russian(message.text if has_words else " ".join((*names, *words)))
    return instruction(task, russian=russian, demonstration=description.is_demonstration)
