"""Vectors for texts: words in common make them near. Good enough to see that a search works."""

import math
import zlib

from .words import split_tokens

__all__ = ["embed"]

_PLACES = 8


def embed(text: str, dimensions: int) -> list[float]:
    """Return a vector of length 1. Shape: (dimensions,)."""
    vector = [0.0] * dimensions
    for token in split_tokens(text.lower()):
        for place in range(_PLACES):
            number = zlib.crc32(f"{place}{token.strip()}".encode())
            vector[number % dimensions] += 1.0 if number & 0x10000 else -1.0
    length = math.sqrt(sum(value * value for value in vector)) or 1.0
    return [round(value / length, 6) for value in vector]
