"""Question sets that are run against a knowledge base, to compare settings of search."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from samovar.domain.ids import BaseId, EvaluationId, UserId
from samovar.domain.search import Arm, DenseState, FusionMethod

__all__ = [
    "AskedQuestion",
    "Evaluation",
    "EvaluationStatus",
    "QuestionAnswer",
    "QuestionProblem",
    "SearchSetting",
    "SetQuestion",
]

#: ``waiting`` for another one to end; ``interrupted`` by the end of the server.
EvaluationStatus = Literal["waiting", "running", "done", "cancelled", "failed", "interrupted"]
#: The base has no ready document of the name that the question tells.
QuestionProblem = Literal["document_unknown"]


@dataclass(frozen=True, slots=True, kw_only=True)
class SetQuestion:
    """A question and what is known of the right passage: its document by name or path, its page, a text in it."""

    question: str
    document: str | None = None
    page: int | None = None
    text: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchSetting:
    """A way of searching; ``passages`` is how many of those found a model would be shown."""

    arms: frozenset[Arm]
    fusion: FusionMethod
    rerank: Literal["none", "light", "model"]
    passages: int


@dataclass(frozen=True, slots=True, kw_only=True)
class QuestionAnswer:
    """What one setting has found for one question.

    ``rank`` is that of the first right passage, None when it is not among those looked at. ``found`` are the best, as
    JSON without their texts: a document that is deleted leaves none behind. ``notes`` are codes of errors.
    """

    rank: int | None
    took_ms: float
    dense: DenseState
    notes: tuple[str, ...]
    found: tuple[Mapping[str, Any], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class AskedQuestion:
    """A question with its number in the set, from 1, and how it went.

    ``ranks`` and ``took_ms`` (milliseconds) are in the order of the settings, and None until it was asked. ``answers``
    are read for one question only.
    """

    number: int
    question: SetQuestion
    problem: QuestionProblem | None = None
    ranks: tuple[int | None, ...] | None = None
    took_ms: tuple[float, ...] | None = None
    answers: tuple[QuestionAnswer, ...] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluation:
    """A question set that is run, or was; ``done`` counts the questions that were asked with every setting."""

    evaluation_id: EvaluationId
    owner_id: UserId
    base_id: BaseId
    name: str
    status: EvaluationStatus
    error_code: str | None = None
    question_count: int
    done: int = 0
    settings: tuple[SearchSetting, ...]
    created_at: datetime
    finished_at: datetime | None = None

    @property
    def is_live(self) -> bool:
        """Tell whether it has not ended."""
        return self.status in ("waiting", "running")
