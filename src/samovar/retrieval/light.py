"""The light re-ranker: reads the stems of a question and of each candidate together, without a model."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from samovar.domain.ids import ChunkId
from samovar.ports.search import StemmedWord

__all__ = ["Candidate", "rerank_light"]

_COVERAGE_SHARE: Final = 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A chunk to be read again.

    ``fused``: its score from fusion, 0 to 1. ``words``: its stemmed words in order. ``titles``: the stems of its
    headings and of the title of its document.
    """

    fused: float
    words: Sequence[StemmedWord]
    titles: Collection[str] = ()


def rerank_light(
    question: Sequence[StemmedWord], rarity: Mapping[str, float], candidates: Mapping[ChunkId, Candidate]
) -> dict[ChunkId, float]:
    """Score candidates anew, best first, each from 0 to 1.

    ``question``: its stemmed words in order. ``rarity``: the weight of each of its stems (``ArmHits.stems``); a stem
    that is missing there is in no text and counts as nothing.
    """
    wanted = {word.stem: rarity.get(word.stem, 0.0) for word in question}
    whole = sum(wanted.values()) or 1.0
    scores = {
        chunk: (1 - _COVERAGE_SHARE) * candidate.fused
        + _COVERAGE_SHARE
        * sum(weight for stem, weight in wanted.items() if stem in {word.stem for word in candidate.words})
        / whole
        for chunk, candidate in candidates.items()
    }
    return dict(sorted(scores.items(), key=lambda one: -one[1]))
