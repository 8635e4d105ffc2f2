"""How many tokens a text has: exactly where the backend counts, else by an estimate that learns from answers."""

import asyncio
import hashlib
from collections import OrderedDict
from collections.abc import Sequence
from typing import Final, Protocol

from samovar.domain.ledger import CountedBy

__all__ = [
    "ASSUMED_CONTEXT_TOKENS",
    "IMAGE_TOKENS",
    "MESSAGE_OVERHEAD_TOKENS",
    "REPLY_SHARE",
    "CountsTokens",
    "TokenCounter",
    "estimate_tokens",
]

#: Taken for a backend that does not tell its context length; the smallest that is common today.
ASSUMED_CONTEXT_TOKENS: Final = 4096
#: What a chat template adds around one message, rounded up.
MESSAGE_OVERHEAD_TOKENS: Final = 8
#: What backends take for one picture differs; Ollama counts this many.
IMAGE_TOKENS: Final = 768
#: The share of the context that is kept for a reply without a limit of its own: one part of so many.
REPLY_SHARE: Final = 4

_COUNTS_KEPT: Final = 4096
_MODELS_KEPT: Final = 256
#: Texts of one conversation that a backend is asked about at a time.
_AT_ONCE: Final = 16
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


def _digest(text: str) -> bytes:
    # JSON can spell half of a character, which UTF-8 cannot.
    return hashlib.blake2b(text.encode(errors="surrogatepass"), digest_size=16).digest()


class TokenCounter:
    """Counts with the backend's tokenizer and remembers; estimates where there is none."""

    def __init__(self) -> None:
        """Start with nothing counted and nothing learnt."""
        #: By backend, model and digest: texts of a megabyte each are not kept for the sake of a number.
        self._counts: OrderedDict[tuple[str, str, bytes], int] = OrderedDict()
        self._factors: OrderedDict[tuple[str, str], float] = OrderedDict()

    async def count(self, source: CountsTokens, model: str, texts: Sequence[str]) -> tuple[list[int], CountedBy]:
        """Count several texts. Shape: n texts to n counts, and how they were obtained.

        Raises: BackendError.
        """
        place = source.name
        # Empty texts are not asked about.
        known = {text: self._counts.get((place, model, _digest(text))) if text else 0 for text in texts}
        missing = [text for text, count in known.items() if count is None]
        for start in range(0, len(missing), _AT_ONCE):
            # A few at a time: a conversation of ten thousand messages must not take every connection there is.
            group = missing[start : start + _AT_ONCE]
            counted = await asyncio.gather(*(source.count_tokens(model, text) for text in group))
            for text, count in zip(group, counted, strict=True):
                if count is None:
                    return self._estimate(place, model, texts)
                known[text] = self._counts[place, model, _digest(text)] = count
        while len(self._counts) > _COUNTS_KEPT:
            self._counts.popitem(last=False)
        return [known[text] or 0 for text in texts], "tokenizer"

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
