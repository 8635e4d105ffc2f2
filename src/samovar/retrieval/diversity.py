"""Diversity: of chunks that say the same, the best stays and the others move behind what says something else."""

from collections.abc import Mapping, Sequence
from typing import Final

from samovar.domain.ids import ChunkId

__all__ = ["push_down_repeats"]

_SHINGLE: Final = 3
_SAME: Final = 0.8


def push_down_repeats(ranked: Sequence[ChunkId], stems: Mapping[ChunkId, Sequence[str]]) -> list[ChunkId]:
    """Move chunks that repeat a better one to the end, in their order.

    ``ranked``: best first. ``stems``: the stems of each in order of the text; a chunk that is missing repeats nothing.
    """
    kept: list[ChunkId] = []
    repeats: list[ChunkId] = []
    seen: list[frozenset[tuple[str, ...]]] = []
    for chunk in ranked:
        shingles = _shingles(stems.get(chunk, ()))
        if any(_same(shingles, other) for other in seen):
            repeats.append(chunk)
        else:
            kept.append(chunk)
            seen.append(shingles)
    return kept + repeats


def _shingles(stems: Sequence[str]) -> frozenset[tuple[str, ...]]:
    return frozenset(tuple(stems[place : place + _SHINGLE]) for place in range(max(0, len(stems) - _SHINGLE + 1)))


def _same(one: frozenset[tuple[str, ...]], other: frozenset[tuple[str, ...]]) -> bool:
    return bool(one and other) and len(one & other) >= _SAME * min(len(one), len(other))
