"""What every embedder does with texts and vectors."""

from array import array
from collections.abc import Sequence
from math import isfinite, sqrt
from typing import Final

from samovar.ports.embedder import Vector

__all__ = ["LONGEST_PASSAGE", "LONGEST_QUESTION", "clean_passage", "clean_question", "unit_vector"]

#: Characters. No chunk of ours is longer; of anything else the beginning has to do.
LONGEST_PASSAGE: Final = 4_000
#: Characters. Whoever pastes pages asks at the beginning or at the end, and waits for the vector.
LONGEST_QUESTION: Final = 1_500
#: A text without words gets the vector of this, since servers refuse an empty one.
_NOTHING: Final = "."


def clean_passage(text: str) -> str:
    """Prepare a text for a tokenizer: never empty, no NUL (which ends a text in C), no half of a character."""
    return _clean(text[:LONGEST_PASSAGE])


def clean_question(text: str) -> str:
    """Prepare a question like a passage; of a long one the beginning and the end."""
    half = LONGEST_QUESTION // 2
    return _clean(text if len(text) <= LONGEST_QUESTION else f"{text[:half]} {text[-half:]}")


def unit_vector(numbers: Sequence[float]) -> Vector | None:
    """The same direction at length 1 (L2); None for what has no direction: zeros, NaN, infinities."""
    try:
        length = sqrt(sum(number * number for number in numbers))
    except OverflowError:  # An integer beyond all floats.
        return None
    if not isfinite(length) or length == 0.0:
        return None
    return array("f", [number / length for number in numbers])


def _clean(text: str) -> str:
    whole = text.replace("\0", " ").strip()
    try:
        whole.encode()
    except UnicodeEncodeError:
        # Two halves that belong together become one character, a half without its other becomes U+FFFD.
        whole = whole.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return whole or _NOTHING
