"""The labels ``[n]`` by which an answer names its passages."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

__all__ = ["Label", "find_labels"]

_ONE: Final = r"[0-9]{1,2}"
_LABEL: Final = re.compile(rf"\[[ \u00a0]?({_ONE}(?:[ \u00a0]?[,;–-][ \u00a0]?{_ONE}){{0,11}})[ \u00a0]?\](?!\()")
_PART: Final = re.compile(rf"({_ONE})(?:[ \u00a0]?[–-][ \u00a0]?({_ONE}))?")


@dataclass(frozen=True, slots=True)
class Label:
    """``text[start:end]`` names the passages ``numbers``, in the order in which it does."""

    start: int
    end: int
    numbers: tuple[int, ...]


def find_labels(text: str, passages: int) -> list[Label]:
    """Find ``[1]``, ``[1, 2]`` and ``[1-3]``; ``passages`` is how many there are.

    A list or range of which no passage has a number is taken for something else, an interval perhaps; a single number
    is a label all the same. Links of Markdown, ``[1](address)``, are none.
    """
    labels: list[Label] = []
    for match in _LABEL.finditer(text):
        numbers = tuple(dict.fromkeys(_numbers(match[1])))
        if match[1].strip().isdigit() or any(1 <= number <= passages for number in numbers):
            labels.append(Label(match.start(), match.end(), numbers))
    return labels


def _numbers(inside: str) -> Iterable[int]:
    for part in _PART.finditer(inside):
        first, last = int(part[1]), int(part[2] or part[1])
        yield from range(first, last + 1) if first <= last else (first, last)
