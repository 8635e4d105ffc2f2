"""Fusion: what two arms say of each chunk becomes one score.

Measured on XQuAD by mean reciprocal rank, see docs/adr/0019-fusion.md: the weighted sum is better than each arm alone
in both languages, for paragraphs and sentences, and when question and text differ in language. Reciprocal ranks are
not: ranks hide that an arm has found next to nothing.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, assert_never

from samovar.domain.ids import ChunkId
from samovar.domain.search import ArmHits, FusionMethod

__all__ = ["fuse"]

_NOTHING: Final[Mapping[ChunkId, float]] = MappingProxyType({})
#: 0.7 to 0.85 differ by less than 0.005.
_DENSE_SHARE: Final = 0.8
#: The cosine of texts that have nothing to do with each other: the median over all pairs is 0.70 to 0.75 for
#: multilingual-e5-small.
_UNRELATED: Final = 0.7
#: A short chunk that repeats the words of the question scores above one that holds each of them once: so far.
_MOST_LEXICAL: Final = 1.2
#: Above 1: one word in common out of eight says less than an eighth of what all eight do. A Russian text in which a
#: name stands in Latin letters would beat the right one, written in Cyrillic, for an English question.
_LEXICAL_POWER: Final = 1.5
#: Cormack, Clarke and Büttcher 2009 take 60; 20 measured better by 0.001.
_RANK_OFFSET: Final = 20


def fuse(
    lexical: ArmHits,
    dense: ArmHits | None,
    *,
    more_lexical: Mapping[ChunkId, float] = _NOTHING,
    more_dense: Mapping[ChunkId, float] = _NOTHING,
    unrelated: float = _UNRELATED,
    method: FusionMethod = "weighted",
) -> dict[ChunkId, float]:
    """Give every chunk that an arm has found one score from 0 to 1, best first; of equals the lexical arm's first.

    ``dense`` is None when no vectors took part. ``more_lexical`` and ``more_dense`` are the scores of chunks that the
    arm in question left out of its hits but the other one has found. A chunk that no BM25 score is known of has none
    of the words. A chunk that no cosine is known of has no vector yet, and is scored by its words alone.

    ``unrelated`` is the cosine that the embedder gives texts with nothing in common; the default is that of
    multilingual-e5-small.

    Scores of the weighted sum can be compared between questions: BM25 is divided by what a text with every word of
    the question would have (``ArmHits.perfect``, which must count the words that no chunk holds), cosines are
    measured from ``unrelated`` to 1. Those of ``rrf`` (reciprocal ranks: Cormack, Clarke and Büttcher 2009) cannot.
    """
    found = dict.fromkeys([*lexical.scores, *(dense.scores if dense is not None else ())])
    match method:
        case "weighted":
            words = {**more_lexical, **lexical.scores}
            cosines = {**more_dense, **dense.scores} if dense is not None else {}
            fused = {
                chunk: _weighted(words.get(chunk, 0.0), lexical.perfect, cosines.get(chunk), unrelated)
                for chunk in found
            }
        case "rrf":
            arms = [arm for arm in (lexical, dense) if arm is not None and arm.scores]
            ranks = [{chunk: rank for rank, chunk in enumerate(arm.scores, start=1)} for arm in arms]
            fused = {
                chunk: sum((_RANK_OFFSET + 1) / (_RANK_OFFSET + rank[chunk]) for rank in ranks if chunk in rank)
                / len(ranks)
                for chunk in found
            }
        case _:
            assert_never(method)
    return dict(sorted(fused.items(), key=lambda one: -one[1]))


def _weighted(bm25: float, perfect: float, cosine: float | None, unrelated: float) -> float:
    words = _unit(bm25 / (_MOST_LEXICAL * perfect)) ** _LEXICAL_POWER if perfect > 0 else 0.0
    if cosine is None:
        return words
    return _DENSE_SHARE * _unit((cosine - unrelated) / (1 - unrelated)) + (1 - _DENSE_SHARE) * words


def _unit(score: float) -> float:
    return min(1.0, max(0.0, score))
