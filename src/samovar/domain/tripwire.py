"""The tripwire: a backend that read fewer tokens than were sent has cut the prompt, and must not do so in silence."""

import re
from collections.abc import Iterable
from typing import Final

__all__ = ["least_tokens", "was_cut"]

#: Tokenizers in use split a text at white space and between letters, digits and signs before they look for tokens,
#: so each run of letters takes one token or more. Scripts without spaces run on: of those, four characters
#: are never taken for more than a token. Source: pre-tokenizers of GPT-2, Llama 3, Qwen 2.5, Gemma, 2019-2026.
_WORD: Final = re.compile(r"[^\W\d_]+")
_UNSPACED: Final = re.compile(r"[\u0e00-\u0e7f\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")
#: A chat template may drop white space and empty messages; words it keeps.
_TOLERANCE: Final = 0.9
#: Below this a template that leaves out one short message would look like a cut.
_SLACK_TOKENS: Final = 64


def least_tokens(text: str) -> int:
    """The fewest tokens that any common tokenizer makes of a text."""
    unspaced = len(_UNSPACED.findall(text)) if not text.isascii() else 0
    if unspaced:
        return sum(1 for _ in _WORD.finditer(_UNSPACED.sub(" ", text))) + unspaced // 4
    return sum(1 for _ in _WORD.finditer(text))


def was_cut(texts: Iterable[str], prompt_tokens: int, *, counted_tokens: int | None = None) -> bool:
    """Tell whether ``prompt_tokens`` (the whole prompt, cached parts included) cannot hold these texts.

    ``counted_tokens`` is their exact count where the backend's tokenizer made it.
    """
    least = counted_tokens if counted_tokens is not None else sum(map(least_tokens, texts))
    return prompt_tokens < least * _TOLERANCE - _SLACK_TOKENS
