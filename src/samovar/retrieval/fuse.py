"""Fusion: what two arms say of each chunk becomes one score."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from samovar.domain.ids import ChunkId
from samovar.domain.search import ArmHits, FusionMethod

__all__ = ["fuse"]

_NOTHING: Final[Mapping[ChunkId, float]] = MappingProxyType({})
_DENSE_SHARE: Final = 0.7
_RANK_OFFSET: Final = 60
_COSINE_FLOOR: Final = 0.7


def fuse(
    lexical: ArmHits,
    dense: ArmHits | None,
    *,
    more_lexical: Mapping[ChunkId, float] = _NOTHING,
    more_dense: Mapping[ChunkId, float] = _NOTHING,
    method: FusionMethod = "weighted",
) -> dict[ChunkId, float]:
    """Give every chunk that an arm has found one score from 0 to 1, best first.

    ``dense`` is None when no vectors took part. ``more_lexical`` and ``more_dense`` are the scores of chunks that the
    arm in question left out of its hits but the other one has found; a chunk that is in neither counts as nothing
    there.
    """
    if dense is None:
        dense = ArmHits(arm="dense", scores={}, perfect=1.0, state="off")
    found = [*lexical.scores, *(chunk for chunk in dense.scores if chunk not in lexical.scores)]
    if method == "rrf":
        ranks = [{chunk: rank for rank, chunk in enumerate(arm.scores, 1)} for arm in (lexical, dense) if arm.scores]
        scale = (_RANK_OFFSET + 1) / max(1, len(ranks))
        fused = {
            chunk: scale * sum(1 / (_RANK_OFFSET + rank[chunk]) for rank in ranks if chunk in rank) for chunk in found
        }
    else:
        words = {**more_lexical, **lexical.scores}
        cosines = {**more_dense, **dense.scores}
        share = _DENSE_SHARE if dense.scores else 0.0
        fused = {
            chunk: share * _clamp((cosines.get(chunk, 0.0) - _COSINE_FLOOR) / (1 - _COSINE_FLOOR))
            + (1 - share) * _clamp(words.get(chunk, 0.0) / (lexical.perfect or 1.0))
            for chunk in found
        }
    return dict(sorted(fused.items(), key=lambda one: -one[1]))


def _clamp(score: float) -> float:
    return min(1.0, max(0.0, score))
