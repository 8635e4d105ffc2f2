"""How many tokens a text has: exactly where the backend counts, else by an estimate that learns from answers."""

import asyncio
from collections import OrderedDict
from collections.abc import Sequence
from typing import Final, Protocol

from samovar.domain.ledger import CountedBy

__all__ = ["CountsTokens", "TokenCounter", "estimate_tokens"]

_COUNTS_KEPT: Final = 4096
_MODELS_KEPT: Final = 256
#: Shares of newer answers in what is believed of a model, and what is added to stay on the safe side.
_NEWEST_SHARE: Final = 0.3
_MARGIN: Final = 1.05
#: Answers to short prompts say more of the chat template than of the text.
_LEAST_LEARNT_FROM: Final = 200
_BOUNDS: Final = (0.3, 2.0)


class CountsTokens(Protocol):
    """The part of a backend that counts."""

    name: str

    async def count_tokens(self, model: str, text: str) -> int | None:
        """Count exactly, or return None."""
        ...


def estimate_tokens(text: str) -> int:
    """Tokens of a text without a tokenizer, rather too many than too few.

    Source: English runs at about 4 characters a token, Cyrillic at 2 to 3 in common vocabularies.
    """
    wide = 0 if text.isascii() else len(text) - len(text.encode("ascii", "ignore"))
    return 1 + (len(text) - wide) // 3 + (wide + 1) // 2


class TokenCounter:
    """Counts with the backend's tokenizer and remembers; estimates where there is none."""

    def __init__(self) -> None:
        """Start with nothing counted and nothing learnt."""
        self._counts: OrderedDict[tuple[str, str, str], int] = OrderedDict()
        self._factors: OrderedDict[tuple[str, str], float] = OrderedDict()

    async def count(self, source: CountsTokens, model: str, texts: Sequence[str]) -> tuple[list[int], CountedBy]:
        """Count several texts. Shape: n texts to n counts, and how they were obtained.

        Raises: BackendError.
        """
        place = source.name
        missing = [text for text in dict.fromkeys(texts) if text and (place, model, text) not in self._counts]
        counted = await asyncio.gather(*(source.count_tokens(model, text) for text in missing))
        if any(count is None for count in counted):
            return self._estimate(place, model, texts)
        for text, count in zip(missing, counted, strict=True):
            self._counts[place, model, text] = count or 0
        counts = [self._counts.get((place, model, text), 0) for text in texts]
        while len(self._counts) > _COUNTS_KEPT:
            self._counts.popitem(last=False)
        return counts, "tokenizer"

    def learn(self, backend: str, model: str, texts: Sequence[str], prompt_tokens: int) -> None:
        """Compare an estimate with what the backend says it read, for the next one."""
        estimated = sum(map(estimate_tokens, texts))
        if min(estimated, prompt_tokens) < _LEAST_LEARNT_FROM:
            return
        low, high = _BOUNDS
        factor = min(max(prompt_tokens / estimated, low), high)
        known = self._factors.pop((backend, model), factor)
        self._factors[backend, model] = known + (factor - known) * _NEWEST_SHARE
        while len(self._factors) > _MODELS_KEPT:
            self._factors.popitem(last=False)

    def _estimate(self, backend: str, model: str, texts: Sequence[str]) -> tuple[list[int], CountedBy]:
        factor = self._factors.get((backend, model))
        if factor is None:
            return [estimate_tokens(text) for text in texts], "estimate"
        return [round(estimate_tokens(text) * factor * _MARGIN) + 1 for text in texts], "calibrated"
