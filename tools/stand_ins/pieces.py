"""An answer on its way: token by token at its pace, with the faults that the behaviour asks for."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass

from .answer import Answer, Call
from .behaviour import Behaviour
from .prompt import Prompt
from .words import split_tokens, write_sentences

__all__ = ["Broken", "Died", "EndedEarly", "Noise", "TextPiece", "Thought", "ToolPiece", "pieces_of"]


@dataclass(frozen=True, slots=True)
class Thought:
    """A token of reasoning."""

    text: str


@dataclass(frozen=True, slots=True)
class TextPiece:
    """A token of the answer."""

    text: str


@dataclass(frozen=True, slots=True)
class ToolPiece:
    """A call of a tool."""

    index: int
    call: Call


@dataclass(frozen=True, slots=True)
class Noise:
    """What no client asked for; ``is_garbage`` where it is not even JSON."""

    is_garbage: bool = False


class Died(Exception):
    """The connection is to be cut here."""


class Broken(Exception):
    """An error is to be told here."""


class EndedEarly(Exception):
    """The reply is to end here, without its last event."""


async def pieces_of(
    answer: Answer, prompt: Prompt, behaviour: Behaviour
) -> AsyncIterator[Thought | TextPiece | ToolPiece | Noise]:
    """Yield the answer. Raises: Died, Broken, EndedEarly where the behaviour says so."""
    await asyncio.sleep(behaviour.first_token_s)
    written = 0
    for piece in _tokens(answer, prompt, behaviour):
        await _misbehave(written, behaviour)
        if behaviour.tokens_per_s > 0 and written:
            await asyncio.sleep(1 / behaviour.tokens_per_s)
        elif behaviour.is_endless:
            await asyncio.sleep(0)
        yield piece
        written += 1
        if written == 1:
            if behaviour.sends_garbage:
                yield Noise(is_garbage=True)
            if behaviour.huge_delta_bytes:
                yield TextPiece("x" * behaviour.huge_delta_bytes)
        if behaviour.sends_unknown_events:
            yield Noise()
    await _misbehave(written, behaviour)


def _tokens(answer: Answer, prompt: Prompt, behaviour: Behaviour) -> Iterator[Thought | TextPiece | ToolPiece]:
    yield from (Thought(token) for token in answer.reasoning)
    yield from (TextPiece(token) for token in answer.text)
    if behaviour.is_endless:
        for sentence in write_sentences(prompt.seed, prompt.question):
            yield from (TextPiece(token) for token in split_tokens(" " + sentence))
    yield from (ToolPiece(index, call) for index, call in enumerate(answer.calls))


async def _misbehave(written: int, behaviour: Behaviour) -> None:
    if behaviour.hangs_after_tokens == written:
        await asyncio.Event().wait()
    if behaviour.dies_after_tokens == written:
        raise Died
    if behaviour.breaks_after_tokens == written:
        raise Broken
    if behaviour.ends_after_tokens == written:
        raise EndedEarly
