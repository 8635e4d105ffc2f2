"""How much context a request asks Ollama for.

Ollama reserves memory for the whole context when it loads a model, and loads it anew when a request asks for another
length. So the length is the smallest power of two, 2,048 at least, that holds the prompt and the reply, within what
the settings allow and the model knows; but never less than what the copy in memory has, which would be evicted
for nothing. Lengths only grow while a model stays loaded.
"""

from collections.abc import Mapping
from typing import Final

import orjson

__all__ = ["DEFAULT_CONTEXT_TOKENS", "choose_context", "estimate_prompt"]

#: The longest context that is asked for where the settings name none.
DEFAULT_CONTEXT_TOKENS: Final = 8192
_SMALLEST: Final = 2048
#: Room for an answer whose length nobody has bounded.
_REPLY_TOKENS: Final = 2048
#: What Ollama itself counts for a picture when it measures a prompt.
_IMAGE_TOKENS: Final = 768
#: What chat templates put around a message.
_MESSAGE_TOKENS: Final = 8


def choose_context(needed: int, *, most: int, loaded: int | None) -> int:
    """Return the context length to ask for; ``needed``, ``most`` and ``loaded`` in tokens."""
    step = _SMALLEST
    while step < needed:
        step *= 2
    return max(min(step, most), loaded or 0)


def estimate_prompt(payload: Mapping[str, object], max_tokens: int | None) -> int:
    """Tokens that an ``/api/chat`` request and its reply take, rather too many than too few."""
    messages = payload.get("messages")
    total = max_tokens if max_tokens is not None and max_tokens >= 0 else _REPLY_TOKENS
    for message in messages if isinstance(messages, list) else ():
        total += _MESSAGE_TOKENS + _IMAGE_TOKENS * len(message.get("images", ()))
        total += _estimate(f"{message.get('content', '')}{message.get('thinking', '')}")
        if "tool_calls" in message:
            total += _estimate_json(message["tool_calls"])
    return total + _estimate_json(payload.get("tools") or "")


def _estimate(text: str) -> int:
    # English runs at about four characters a token, Cyrillic at two to three in common vocabularies.
    narrow = len(text) if text.isascii() else sum(character.isascii() for character in text)
    return narrow // 3 + (len(text) - narrow + 1) // 2 + 1


def _estimate_json(value: object) -> int:
    return len(orjson.dumps(value)) // 2
