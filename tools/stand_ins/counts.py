"""Counts of tokens, true or not, and the memory of prompts that a prompt cache would have."""

from collections import deque
from dataclasses import dataclass
from typing import Final

from .answer import Answer
from .behaviour import Behaviour

__all__ = ["Counts", "PromptCache", "count_tokens"]

_PROMPTS_KEPT: Final = 8
_HUGE: Final = 10**12


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """What a reply says about its tokens. None: the server says nothing of it."""

    prompt: int | str | None
    completion: int | str
    cached: int = 0
    reasoning: int = 0
    whole_prompt: int = 0

    @property
    def total(self) -> int | str:
        """Prompt and completion together, where they are numbers."""
        if isinstance(self.prompt, str) or isinstance(self.completion, str):
            return "many"
        return (self.prompt or 0) + self.completion


class PromptCache:
    """The last prompts of each model."""

    def __init__(self) -> None:
        self._prompts: dict[str, deque[list[str]]] = {}

    def find(self, model: str, tokens: list[str]) -> int:
        """Return how many tokens at the beginning were seen before, and remember the prompt."""
        known = self._prompts.setdefault(model, deque(maxlen=_PROMPTS_KEPT))
        longest = max((_common(tokens, other) for other in known), default=0)
        known.append(tokens)
        return longest

    def forget(self, model: str) -> None:
        """Forget the prompts of a model that left the memory."""
        self._prompts.pop(model, None)


def count_tokens(prompt: list[str], answer: Answer, seen: int, behaviour: Behaviour) -> Counts | None:
    """Count as the behaviour says; None where no counts are sent. ``seen`` is what the cache found."""
    read = len(prompt) if behaviour.evaluates_at_most is None else min(len(prompt), behaviour.evaluates_at_most)
    seen = min(seen, read)
    match behaviour.usage:
        case "missing":
            return None
        case "zero":
            return Counts(prompt=0, completion=0)
        case "huge":
            return Counts(prompt=_HUGE, completion=_HUGE)
        case "negative":
            return Counts(prompt=-5, completion=-5)
        case "words":
            return Counts(prompt="many", completion="few")
        case "true":
            pass
    written, thoughts = answer.tokens, len(answer.reasoning)
    if behaviour.prompt_cache == "subtracted":
        left = read - seen
        return Counts(prompt=left or None, completion=written, reasoning=thoughts, whole_prompt=read)
    # A server that reports its cache always reads the last token again: it needs its logits.
    cached = min(seen, max(0, read - 1)) if behaviour.prompt_cache == "reported" else 0
    return Counts(prompt=read, completion=written, cached=cached, reasoning=thoughts, whole_prompt=read)


def _common(one: list[str], other: list[str]) -> int:
    for index, (left, right) in enumerate(zip(one, other, strict=False)):
        if left != right:
            return index
    return min(len(one), len(other))
