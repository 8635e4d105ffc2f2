"""The ledger of a completion that is relayed, for programs that ask for it with ``"samovar": {"ledger": true}``."""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

import orjson

from samovar.api.closing import Chunks
from samovar.domain.errors import InvalidParameter
from samovar.domain.generation import Role
from samovar.domain.ledger import CountedBy, Ledger, Piece, PieceKind, to_json
from samovar.domain.parameters import GenerationParameters
from samovar.gateway.directory import ModelChoice
from samovar.gateway.tokens import ASSUMED_CONTEXT_TOKENS, IMAGE_TOKENS, MESSAGE_OVERHEAD_TOKENS, TokenCounter
from samovar.gateway.trim import message_words, reply_room

__all__ = ["EXTENSION", "LedgerFirst", "completion_ledger", "takes_ledger", "with_ledger"]

#: The one field of a request that is ours, and of a reply.
EXTENSION: Final = "samovar"
_KINDS: Final[Mapping[str, PieceKind]] = {"system": "system", "developer": "system"}
#: Results of tools come to the model as if the user had said them.
_ROLES: Final[Mapping[str, Role]] = {"system": "system", "developer": "system", "assistant": "assistant"}


def takes_ledger(payload: dict[str, Any]) -> bool:
    """Take our field out of a request, and tell whether it asks for the ledger. Raises: InvalidParameter."""
    asked = payload.pop(EXTENSION, None)
    if asked is None:
        return False
    if not isinstance(asked, dict) or not asked.keys() <= {"ledger"} or not isinstance(asked.get("ledger"), bool):
        raise InvalidParameter(EXTENSION, 'must be {"ledger": true} or {"ledger": false}')
    return bool(asked["ledger"])


async def completion_ledger(
    payload: Mapping[str, Any], sent: Sequence[Mapping[str, Any]], choice: ModelChoice, counter: TokenCounter
) -> Mapping[str, object]:
    """Tell what of a request a model is sent, with its tokens, and what was left out.

    ``payload`` is the request as it came, ``sent`` those of its messages that are passed on, the very same objects.
    Pictures are told by their place alone. Raises: BackendError.
    """
    messages: Sequence[Mapping[str, Any]] = payload["messages"]
    staying = {id(message) for message in sent}
    questions = [place for place, message in enumerate(messages) if message["role"] == "user"]
    last = questions[-1] if questions else len(messages)
    pieces: list[Piece] = []
    if payload.get("tools"):
        pieces.append(_piece("system", "system", "tools", orjson.dumps(payload["tools"]).decode(), 0))
    for place, message in enumerate(messages):
        role = message["role"]
        kind = _KINDS.get(role, "question" if place == last else "turn")
        is_sent = id(message) in staying
        words = [*message_words(message)]
        if message.get("tool_calls"):
            words.append(orjson.dumps(message["tool_calls"]).decode())
        pieces.append(_piece(kind, role, role, "\n".join(words), place, is_sent=is_sent))
        content = message.get("content")
        pictures = sum(part.get("type") == "image_url" for part in content) if isinstance(content, list) else 0
        pieces.extend(
            _piece("image", role, f"image {number + 1}", "", place, is_sent=is_sent) for number in range(pictures)
        )
    counted, counted_by = await _count(pieces, choice, counter)
    context_tokens = choice.description.capabilities.context_tokens or ASSUMED_CONTEXT_TOKENS
    ledger = Ledger(
        model=choice.description.model,
        backend=choice.backend.name,
        context_tokens=context_tokens,
        reply_tokens=reply_room(payload, context_tokens),
        counted_by=counted_by,
        parameters=GenerationParameters(),
        pieces=tuple(counted),
    )
    return to_json(ledger)


def with_ledger(content: bytes, ledger: Mapping[str, object]) -> bytes:
    """Put the ledger into a whole reply; one that is no JSON object stays as it is."""
    try:
        body = orjson.loads(content)
    except orjson.JSONDecodeError:
        return content
    if not isinstance(body, dict):
        return content
    return orjson.dumps({**body, EXTENSION: {"ledger": ledger}})


class LedgerFirst:
    """A stream of events with the ledger in front of them, as a chunk without choices."""

    def __init__(self, body: Chunks, ledger: Mapping[str, object]) -> None:
        """Take over ``body``."""
        self._body = body
        self._chunks = aiter(body)
        chunk = {"object": "chat.completion.chunk", "choices": [], EXTENSION: {"ledger": ledger}}
        self._before = b"data: " + orjson.dumps(chunk) + b"\n\n"

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self

    async def __anext__(self) -> bytes:
        chunk = self._before + await anext(self._chunks)
        self._before = b""
        return chunk

    async def aclose(self) -> None:
        """End the stream behind it."""
        await self._body.aclose()


def _piece(kind: PieceKind, role: str, label: str, text: str, place: int, *, is_sent: bool = True) -> Piece:
    return Piece(
        kind=kind,
        role=_ROLES.get(role, "user"),
        label=label,
        text=text,
        tokens=0,
        message=place,
        sent=is_sent,
        reason=None if is_sent else "no_room",
        origin={"place": str(place)},
    )


async def _count(pieces: Sequence[Piece], choice: ModelChoice, counter: TokenCounter) -> tuple[list[Piece], CountedBy]:
    counts, counted_by = await counter.count(choice.backend, choice.description.model, [one.text for one in pieces])
    return [
        replace(piece, tokens=IMAGE_TOKENS if piece.kind == "image" else count + MESSAGE_OVERHEAD_TOKENS)
        for piece, count in zip(pieces, counts, strict=True)
    ], counted_by
