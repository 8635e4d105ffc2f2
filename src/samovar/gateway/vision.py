"""Whether a model really sees: it is shown two pictures of one colour each and asked for the colours."""

import asyncio
import re
import struct
import zlib
from collections.abc import Hashable, Mapping
from contextlib import aclosing
from secrets import SystemRandom
from typing import Final, Literal

from samovar.domain.errors import (
    BackendError,
    BackendRefused,
    BackendTimeout,
    Conflict,
    ImageRefused,
    ModelLoading,
    ModelUnknown,
)
from samovar.domain.generation import ChatRequest, Failed, ImagePart, PromptMessage, TextDelta, TextPart
from samovar.domain.parameters import GenerationParameters
from samovar.gateway.pool import Member

__all__ = ["Sight", "plain_picture", "try_vision"]

#: ``refuses``: a picture is an error; ``ignores``: pictures are accepted, and the answers are wrong.
Sight = Literal["sees", "refuses", "ignores"]

#: A model that guesses is right twice in a row once in 36 times; one that always says the same, never.
_COLOURS: Final[Mapping[str, tuple[int, int, int]]] = {
    "red": (225, 25, 25),
    "green": (25, 165, 50),
    "blue": (30, 60, 225),
    "yellow": (245, 225, 30),
    "black": (5, 5, 5),
    "white": (250, 250, 250),
}
_NAMED: Final = re.compile(r"\b(" + "|".join(_COLOURS) + r")\b", re.IGNORECASE)
_QUESTION: Final = f"Which colour fills the picture? Answer with one word: {', '.join(_COLOURS)}."
#: The side of the picture in pixels: what vision models are commonly trained on; some refuse less than 28.
_SIDE: Final = 224
#: Enough for a model that thinks before it says one word.
_MAX_TOKENS: Final = 512
_PATIENCE_S: Final = 60.0


async def try_vision(member: Member, model: str, who: Hashable, *, may_load: bool = False) -> Sight:
    """Show a model two pictures and remember the outcome on its backend.

    Raises: ModelUnknown, ModelLoading, Conflict when it is not loaded and ``may_load`` is not set, and the
    BackendError that kept the trial from telling anything.
    """
    found = next((described for described in member.models if described.model == model), None)
    if found is None:
        raise ModelUnknown(model=model)
    if found.state != "ready":
        raise ModelLoading(model=model)
    if found.capabilities.loaded is False and not may_load:
        raise Conflict(reason=f"{model} is not loaded, and loading it could push another model out")
    lease = await member.queue.enter(who)
    try:
        async with asyncio.timeout(_PATIENCE_S):
            outcome = await _show(member, model)
    except TimeoutError as error:
        raise BackendTimeout(backend=member.spec.name, seconds=round(_PATIENCE_S)) from error
    finally:
        lease.leave()
    member.note_sight(model, outcome == "sees")
    return outcome


def plain_picture(colour: tuple[int, int, int]) -> bytes:
    """A square of one colour (red, green, blue; 0 to 255 each) as PNG. Source: PNG specification, W3C, 2003."""
    row = b"\0" + bytes(colour) * _SIDE
    header = struct.pack(">IIBBBBB", _SIDE, _SIDE, 8, 2, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(row * _SIDE, 9)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body)) for kind, body in chunks
    )


async def _show(member: Member, model: str) -> Sight:
    for colour in SystemRandom().sample(list(_COLOURS), 2):
        picture = ImagePart(media_type="image/png", content=plain_picture(_COLOURS[colour]))
        try:
            answer = await _ask(member, model, (picture, TextPart(text=_QUESTION)))
        except ImageRefused:
            return "refuses"
        except BackendRefused as error:
            await _ask_in_words(member, model, error)
            return "refuses"
        if {named.lower() for named in _NAMED.findall(answer)} != {colour}:
            return "ignores"
    return "sees"


async def _ask_in_words(member: Member, model: str, refusal: BackendRefused) -> None:
    """Make sure that it was the picture which was refused. Raises: the refusal when words are refused too."""
    try:
        await _ask(member, model, (TextPart(text="Answer with one word: which colour is the sky?"),))
    except BackendError as error:
        raise refusal from error


async def _ask(member: Member, model: str, parts: tuple[TextPart | ImagePart, ...]) -> str:
    """The words of an answer. Raises: BackendError."""
    request = ChatRequest(
        model=model,
        messages=(PromptMessage(role="user", parts=parts),),
        parameters=GenerationParameters(max_tokens=_MAX_TOKENS),
    )
    answer = ""
    async with aclosing(member.backend.stream(request)) as events:
        async for event in events:
            if isinstance(event, TextDelta):
                answer += event.text
            if isinstance(event, Failed):
                raise event.error
    return answer
