"""The ledger of a turn: every piece that is sent to the model, and every piece that is not.

The request to the backend is rendered from the ledger and from nothing else.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Literal, TypeVar, get_args

from samovar.domain.errors import InvalidRequest, NotFound
from samovar.domain.generation import ChatRequest, ImagePart, PromptMessage, Role, TextPart
from samovar.domain.parameters import GenerationParameters

__all__ = [
    "CountedBy",
    "Ledger",
    "Piece",
    "PieceKind",
    "from_json",
    "render",
    "request_to_json",
    "to_json",
    "with_defaults",
]

#: ``example``: one side of a turn to learn from. ``facts``: what is pinned. ``recalled``: an earlier turn that came
#: back, for it bears on the question. ``rules``: our words before the passages, where they begin and end, and that they
#: are no instructions.
PieceKind = Literal[
    "system", "example", "facts", "summary", "recalled", "turn", "rules", "passage", "image", "question"
]
CountedBy = Literal["tokenizer", "calibrated", "estimate"]
_Name = TypeVar("_Name", bound=str)
#: Kinds whose text is a part of the message that the next piece stands in.
_JOINS_NEXT: Final = ("image", "rules", "passage")


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """One piece of the context. ``message`` is the index of the prompt message it belongs to.

    ``origin`` tells where it comes from, by names and ids: ``message_id``, ``summary_id``, ``examples_id``,
    ``document_id``, ``chunk_id``, ``page``, of a picture its ``sha256`` and ``media_type``, of an earlier turn its
    number ``turn`` (from 1), and ``messages`` of a piece that stands for several messages. A piece that was left out
    has ``sent`` False and a ``reason``: ``no_room`` (the budget was spent), ``summarised`` (the summary stands for it),
    ``new_context`` (said before the system prompt was changed), ``far_from_question`` (nearer examples were chosen),
    or, of a picture, why it cannot be shown. The tokens of a turn that was left out may be estimated.
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


def to_json(ledger: Ledger) -> dict[str, object]:
    """The ledger as plain JSON, from which ``from_json`` makes it again; pictures appear by their SHA-256."""
    return {
        "model": ledger.model,
        "backend": ledger.backend,
        "context_tokens": ledger.context_tokens,
        "reply_tokens": ledger.reply_tokens,
        "budget_tokens": ledger.context_tokens - ledger.reply_tokens,
        "sent_tokens": ledger.sent_tokens,
        "counted_by": ledger.counted_by,
        "parameters": ledger.parameters.chosen(),
        # PostgreSQL's jsonb sorts the keys of objects, and backends read the properties of a schema in order.
        "json_schema": None if ledger.parameters.json_schema is None else json.dumps(ledger.parameters.json_schema),
        "pieces": [_piece_to_json(piece) for piece in ledger.pieces],
    }


def from_json(body: Mapping[str, object], pictures: Mapping[str, bytes] | None = None) -> Ledger:
    """Make the ledger again that ``to_json`` wrote, also from what older versions have stored.

    ``pictures`` holds the bytes of those that were sent by their SHA-256 (hex). Without it pictures have no bytes:
    enough to tell a request by ``request_to_json``, not to send it. Raises: NotFound for a picture that is missing
    from ``pictures``, InvalidRequest for what is no ledger.
    """
    try:
        whole = with_defaults(body)
        pieces = [_object(piece) for piece in _list(whole["pieces"])]
        return Ledger(
            model=_text(whole["model"]),
            backend=_text(whole["backend"]),
            context_tokens=_number(whole["context_tokens"]),
            reply_tokens=_number(whole["reply_tokens"]),
            counted_by=_one_of(whole["counted_by"], get_args(CountedBy)),
            parameters=_parameters(_object(whole["parameters"]), whole.get("json_schema")),
            pieces=tuple(_piece_from_json(piece, pictures) for piece in pieces),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise InvalidRequest(reason="this is no ledger") from error


def with_defaults(body: Mapping[str, object]) -> dict[str, object]:
    """A stored ledger with the fields that older versions did not write; an empty one stays empty.

    Source: ledgers of version 0.1 have no places of messages; there every turn was a message of its own, and pictures,
    rules and passages belonged to the text that follows them.
    """
    pieces = body.get("pieces")
    if not isinstance(pieces, list) or not all(isinstance(piece, Mapping) for piece in pieces):
        return dict(body)
    message = 0
    told: list[dict[str, object]] = []
    for piece in pieces:
        told.append({"message": message, "origin": {}, **piece})
        message += piece.get("kind") not in _JOINS_NEXT
    sent = sum(tokens for piece in told if piece.get("sent") and isinstance(tokens := piece.get("tokens"), int))
    context, reply = body.get("context_tokens"), body.get("reply_tokens")
    budget = context - reply if isinstance(context, int) and isinstance(reply, int) else 0
    return {"sent_tokens": sent, "budget_tokens": budget, **body, "pieces": told}


def request_to_json(ledger: Ledger) -> dict[str, object]:
    """The request as plain JSON, free of any backend's form; a picture is told by SHA-256, type and name."""
    messages: list[dict[str, object]] = []
    last: int | None = None
    for piece in ledger.pieces:
        if not piece.sent:
            continue
        part: dict[str, object] = {"type": "text", "text": piece.text}
        if piece.image is not None:
            part = {"type": "image", **_picture_origin(piece.image), **piece.origin}
            part = {name: part.get(name) for name in ("type", "sha256", "media_type", "name")}
        if messages and last == piece.message:
            parts = messages[-1]["parts"]
            assert isinstance(parts, list)
            parts.append(part)
        else:
            messages.append({"role": piece.role, "parts": [part]})
            last = piece.message
    return {"model": ledger.model, "messages": messages, "parameters": ledger.parameters.chosen()}


def _piece_to_json(piece: Piece) -> dict[str, object]:
    return {
        "kind": piece.kind,
        "role": piece.role,
        "label": piece.label,
        "text": piece.text,
        "tokens": piece.tokens,
        "message": piece.message,
        "sent": piece.sent,
        "reason": piece.reason,
        "origin": {**(_picture_origin(piece.image) if piece.image else {}), **piece.origin},
    }


def _picture_origin(image: ImagePart) -> dict[str, str]:
    if not image.content:
        return {"media_type": image.media_type, "name": image.name}
    digest = hashlib.sha256(image.content).hexdigest()
    return {"sha256": digest, "media_type": image.media_type, "name": image.name}


def _piece_from_json(body: Mapping[str, object], pictures: Mapping[str, bytes] | None) -> Piece:
    origin = {_text(name): _text(value) for name, value in _object(body["origin"]).items()}
    kind: PieceKind = _one_of(body["kind"], get_args(PieceKind))
    reason = body["reason"]
    image: ImagePart | None = None
    if kind == "image" and body["sent"] is True:
        image = _picture(origin, _text(body["label"]), pictures)
    return Piece(
        kind=kind,
        role=_one_of(body["role"], get_args(Role)),
        label=_text(body["label"]),
        text=_text(body["text"]),
        tokens=_number(body["tokens"]),
        message=_number(body["message"]),
        image=image,
        sent=body["sent"] is True,
        reason=None if reason is None else _text(reason),
        origin=origin,
    )


def _picture(origin: Mapping[str, str], label: str, pictures: Mapping[str, bytes] | None) -> ImagePart:
    content = b"" if pictures is None else pictures.get(origin.get("sha256", ""))
    if content is None:
        raise NotFound(what="picture")
    return ImagePart(
        media_type="image/png" if origin.get("media_type") == "image/png" else "image/jpeg",
        content=content,
        name=origin.get("name", label),
    )


def _parameters(chosen: Mapping[str, object], schema: object) -> GenerationParameters:
    values = {name: tuple(value) if isinstance(value, list) else value for name, value in chosen.items()}
    if schema is not None:
        values["json_schema"] = json.loads(_text(schema))
    return GenerationParameters(**values)  # type: ignore[arg-type]  # written by ``chosen`` of the same class


def _one_of(value: object, names: tuple[_Name, ...]) -> _Name:
    for name in names:
        if value == name:
            return name
    raise ValueError(value)


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(value)
    return value


def _number(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError(value)
    return value


def _object(value: object) -> Mapping[str, object]:
    if not isinstance(value, Mapping):
        raise TypeError(value)
    return value


def _list(value: object) -> Sequence[object]:
    if not isinstance(value, list | tuple):
        raise TypeError(value)
    return value
