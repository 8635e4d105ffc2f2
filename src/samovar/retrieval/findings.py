"""What a search is told and what it tells."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal

from samovar.domain.document import Passage
from samovar.domain.search import Arm, DenseState, FusionMethod, SearchText

__all__ = ["Findings", "RerankMethod", "RetrieverOptions"]

#: ``model``: by the re-ranking model of the settings; ``light``: by the words of question and passage.
RerankMethod = Literal["none", "light", "model"]
#: Passages far behind the best one cost tokens, distract small models and rarely hold the answer.
_SHARE_OF_BEST: Final = 0.35


@dataclass(frozen=True, slots=True, kw_only=True)
class RetrieverOptions:
    """How a search is done; ``passages`` is the most that it returns."""

    arms: frozenset[Arm] = frozenset({"lexical", "dense"})
    fusion: FusionMethod = "weighted"
    rerank: RerankMethod = "light"
    passages: int = 6
    share_of_best: float = _SHARE_OF_BEST


@dataclass(frozen=True, slots=True, kw_only=True)
class Findings:
    """What was found for a question.

    ``passages``: best first, without those far behind the best. ``nearest``: the best whatever they are worth, for when
    the answer is not in the documents. ``stems``: the words looked for with their rarity. ``dense``: whether vectors
    took part. ``notes``: codes of errors that the search went on without. ``took_ms``: milliseconds by stage.
    """

    texts: tuple[SearchText, ...] = ()
    passages: tuple[Passage, ...] = ()
    nearest: tuple[Passage, ...] = ()
    stems: Mapping[str, float] = field(default_factory=dict)
    dense: DenseState = "off"
    notes: tuple[str, ...] = ()
    took_ms: Mapping[str, float] = field(default_factory=dict)
