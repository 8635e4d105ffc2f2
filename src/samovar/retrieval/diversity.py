"""Diversity: of chunks that say the same, the best stays and the others move behind what says something else."""

from collections.abc import Mapping, Sequence
from typing import Final

from samovar.domain.ids import ChunkId

__all__ = ["push_down_repeats"]

#: Three stems in a row, as Broder 1997 compares documents by runs of words; two texts on one subject share few.
_SHINGLE_STEMS: Final = 3
#: One changed word of forty changes three shingles of thirty-eight; the overlap of neighbouring chunks is far below.
_SAME: Final = 0.8


def push_down_repeats(
    ranked: Sequence[ChunkId], stems: Mapping[ChunkId, Sequence[str]], *, wanted: int | None = None
) -> list[ChunkId]:
    """Move chunks that say little beyond one better chunk to the end, in their order; nothing is left out.

    ``ranked``: best first. Once as many as are ``wanted`` stand ahead, those behind them are not looked at any more.
    ``stems``: the stems of each in order of the text; a chunk that is missing or has none repeats nothing. A repeat
    shares four fifths of its runs of three stems with one better chunk (containment: Broder 1997), so a part of a
    better chunk is a repeat, and a longer chunk around a better one is not.
    """
    kept: list[ChunkId] = []
    repeats: list[ChunkId] = []
    seen: list[frozenset[tuple[str, ...]]] = []
    for place, chunk in enumerate(ranked):
        if len(kept) == wanted:
            return [*kept, *ranked[place:], *repeats]
        shingles = _shingles(stems.get(chunk, ()))
        if shingles and any(len(shingles & better) >= _SAME * len(shingles) for better in seen):
            repeats.append(chunk)
        else:
            kept.append(chunk)
            seen.append(shingles)
    return kept + repeats


def _shingles(stems: Sequence[str]) -> frozenset[tuple[str, ...]]:
    """Runs of three stems; a shorter text is one run."""
    if not stems:
        return frozenset()
    if len(stems) < _SHINGLE_STEMS:
        return frozenset([tuple(stems)])
    return frozenset(zip(*(stems[place:] for place in range(_SHINGLE_STEMS)), strict=False))
