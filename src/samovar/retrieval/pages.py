"""A chunk is judged also by its page: a sentence says more beside others that fit the question."""

from collections.abc import Hashable, Mapping
from typing import Final

from samovar.domain.ids import ChunkId

__all__ = ["lean_on_page"]

#: How much of a score is the best one of the same page; measured in docs/adr/0019-fusion.md.
_PAGE_SHARE: Final = 0.25


def lean_on_page(scores: Mapping[ChunkId, float], pages: Mapping[ChunkId, Hashable | None]) -> dict[ChunkId, float]:
    """Make a quarter of each score that of the best chunk of the same page; best first, of equals the order stays.

    ``pages``: the same for chunks of one page, as in ``(document, page)``; None for a chunk that stands alone.
    """
    best: dict[Hashable, float] = {}
    for chunk, score in scores.items():
        if (page := pages[chunk]) is not None:
            best[page] = max(score, best.get(page, 0.0))
    leaned = {
        chunk: score if (page := pages[chunk]) is None else (1 - _PAGE_SHARE) * score + _PAGE_SHARE * best[page]
        for chunk, score in scores.items()
    }
    return dict(sorted(leaned.items(), key=lambda scored: -scored[1]))
