"""Fit a conversation in OpenAI's form into a model's context, when a program asks for it.

The system prompt, the last question and what follows it always stay; of the turns before, the newest that fit.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import orjson

from samovar.domain.errors import ContextExceeded
from samovar.gateway.directory import ModelChoice
from samovar.gateway.tokens import (
    ASSUMED_CONTEXT_TOKENS,
    IMAGE_TOKENS,
    MESSAGE_OVERHEAD_TOKENS,
    REPLY_SHARE,
    TokenCounter,
)

__all__ = ["TrimmedConversation", "message_words", "reply_room", "trim_conversation"]

#: Turns are counted in groups, so that an endless history is not counted to its beginning.
_TURNS_AT_ONCE: Final = 8
_SYSTEM_ROLES: Final = ("system", "developer")

_Message = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class TrimmedConversation:
    """The messages to send, in their order, and how many were left out."""

    messages: list[_Message]
    left_out: int


async def trim_conversation(
    payload: Mapping[str, Any], choice: ModelChoice, counter: TokenCounter
) -> TrimmedConversation:
    """Drop the oldest turns of ``payload["messages"]`` until the rest fits beside the reply.

    A turn is a question with everything up to the next one, so that calls of tools keep their results.

    Raises: ContextExceeded when what must stay is too long; BackendError.
    """
    messages: Sequence[_Message] = payload["messages"]
    fixed, turns = _split(messages)
    context_tokens = choice.description.capabilities.context_tokens or ASSUMED_CONTEXT_TOKENS
    reply_tokens = reply_room(payload, context_tokens)
    kept = [messages[index] for index in fixed]
    needed = await _count(kept, choice, counter) + await _count_tools(payload, choice, counter)
    left = context_tokens - reply_tokens - needed
    if left < 0:
        raise ContextExceeded(
            needed_tokens=needed + reply_tokens, context_tokens=context_tokens, model=choice.description.model
        )
    staying = set(fixed)
    for start in range(0, len(turns), _TURNS_AT_ONCE):
        group = turns[start : start + _TURNS_AT_ONCE]
        costs = await _count_each([[messages[index] for index in turn] for turn in group], choice, counter)
        for turn, tokens in zip(group, costs, strict=True):
            left -= tokens
            # Once a turn is left out, everything before it is too: a gap would make no sense.
            if left < 0:
                return _keep(messages, staying)
            staying.update(turn)
    return _keep(messages, staying)


def message_words(message: Mapping[str, Any]) -> list[str]:
    """The texts of a message, which has been checked: its content, or the text parts of it."""
    content = message.get("content")
    if isinstance(content, str):
        return [content]
    parts = content if isinstance(content, list) else []
    return [part["text"] for part in parts if isinstance(part.get("text"), str)]


def _keep(messages: Sequence[_Message], staying: set[int]) -> TrimmedConversation:
    kept = [message for index, message in enumerate(messages) if index in staying]
    return TrimmedConversation(messages=kept, left_out=len(messages) - len(kept))


def _split(messages: Sequence[_Message]) -> tuple[list[int], list[list[int]]]:
    """The places of what always stays, and those of the turns before it, the newest turn first."""
    roles = [message["role"] for message in messages]
    questions = [index for index, role in enumerate(roles) if role == "user"]
    last = questions[-1] if questions else 0
    fixed = [index for index, role in enumerate(roles) if index >= last or role in _SYSTEM_ROLES]
    turns: list[list[int]] = []
    for index in range(last):
        if roles[index] in _SYSTEM_ROLES:
            continue
        if roles[index] == "user" or not turns:
            turns.append([])
        turns[-1].append(index)
    return fixed, turns[::-1]


def reply_room(payload: Mapping[str, Any], context_tokens: int) -> int:
    """The tokens that are kept for a reply: what the request asks for, or else a share of the context."""
    asked = payload.get("max_completion_tokens") or payload.get("max_tokens") or context_tokens // REPLY_SHARE
    return min(int(asked), context_tokens - 1)


async def _count(messages: Sequence[_Message], choice: ModelChoice, counter: TokenCounter) -> int:
    return (await _count_each([messages], choice, counter))[0] if messages else 0


async def _count_each(turns: Sequence[Sequence[_Message]], choice: ModelChoice, counter: TokenCounter) -> Sequence[int]:
    """Tokens of each turn, with what the template and the pictures add."""
    texts = [_text(message) for turn in turns for message in turn]
    counts, _ = await counter.count(choice.backend, choice.description.model, texts)
    remaining = iter(counts)
    return [
        sum(next(remaining) + MESSAGE_OVERHEAD_TOKENS + IMAGE_TOKENS * _pictures(message) for message in turn)
        for turn in turns
    ]


async def _count_tools(payload: Mapping[str, Any], choice: ModelChoice, counter: TokenCounter) -> int:
    tools = payload.get("tools")
    if not tools:
        return 0
    counts, _ = await counter.count(choice.backend, choice.description.model, [orjson.dumps(tools).decode()])
    return counts[0]


def _text(message: _Message) -> str:
    words = message_words(message)
    if message.get("tool_calls"):
        words.append(orjson.dumps(message["tool_calls"]).decode())
    return "\n".join(words)


def _pictures(message: _Message) -> int:
    content = message.get("content")
    return sum(part.get("type") == "image_url" for part in content) if isinstance(content, list) else 0
