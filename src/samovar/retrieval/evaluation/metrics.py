"""Measures of a ranking against the units that are right, each right or wrong (binary relevance), and of latency."""

import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Final

__all__ = ["CUTS", "ArmMetrics", "Ranking", "mean_metrics", "ndcg", "percentile", "recall", "reciprocal_rank"]

#: Recall is told for so many of the first units.
CUTS: Final = (1, 5, 10)
_DEPTH: Final = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Ranking:
    """What was found for one question.

    Shape: ``ranks`` are those of the right units that were found, from 1, ascending; ``right`` says how many units are
    right in all. Units: milliseconds.
    """

    ranks: tuple[int, ...]
    right: int
    took_ms: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ArmMetrics:
    """Means over questions, from 0 to 1, and the latency of one question in milliseconds."""

    questions: int
    recall: tuple[float, ...]
    mrr: float
    ndcg: float
    p50_ms: float
    p95_ms: float

    def body(self) -> dict[str, float]:
        """The form that scripts rely on."""
        return {
            **{f"recall@{cut}": round(value, 4) for cut, value in zip(CUTS, self.recall, strict=True)},
            f"mrr@{_DEPTH}": round(self.mrr, 4),
            f"ndcg@{_DEPTH}": round(self.ndcg, 4),
            "p50_ms": round(self.p50_ms, 2),
            "p95_ms": round(self.p95_ms, 2),
        }


def mean_metrics(rankings: Sequence[Ranking]) -> ArmMetrics:
    """Average over questions. Shape: at least one."""
    count = len(rankings)
    took = [one.took_ms for one in rankings]
    return ArmMetrics(
        questions=count,
        recall=tuple(math.fsum(recall(one.ranks, one.right, cut) for one in rankings) / count for cut in CUTS),
        mrr=math.fsum(reciprocal_rank(one.ranks, _DEPTH) for one in rankings) / count,
        ndcg=math.fsum(ndcg(one.ranks, one.right, _DEPTH) for one in rankings) / count,
        p50_ms=percentile(took, 50),
        p95_ms=percentile(took, 95),
    )


def recall(ranks: Collection[int], right: int, cut: int) -> float:
    """The share of the right units that stand among the first ``cut``, of those that have room there.

    Source: Thakur et al. 2021, "BEIR", capped recall: with two right units, one of them at the first place is all that
    can be had there.
    """
    return sum(rank <= cut for rank in ranks) / min(right, cut)


def reciprocal_rank(ranks: Collection[int], depth: int) -> float:
    """One over the rank of the first right unit; 0 when it is not among the first ``depth``."""
    first = min(ranks, default=depth + 1)
    return 1 / first if first <= depth else 0.0


def ndcg(ranks: Collection[int], right: int, depth: int) -> float:
    """Discounted cumulative gain against that of the best order. Source: Järvelin and Kekäläinen 2002."""
    gain = math.fsum(1 / math.log2(rank + 1) for rank in ranks if rank <= depth)
    return gain / math.fsum(1 / math.log2(rank + 1) for rank in range(1, min(right, depth) + 1))


def percentile(values: Sequence[float], percent: float) -> float:
    """The value below which so many per cent lie, between neighbours in proportion. Shape: at least one value."""
    ordered = sorted(values)
    place = (len(ordered) - 1) * percent / 100
    below = math.floor(place)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (ordered[above] - ordered[below]) * (place - below)
