"""The port to question sets and what came of them, as they last."""

from collections.abc import Sequence
from typing import Protocol

from samovar.domain.actor import Actor
from samovar.domain.evaluation import (
    AskedQuestion,
    Evaluation,
    EvaluationStatus,
    QuestionAnswer,
    QuestionProblem,
    SetQuestion,
)
from samovar.domain.ids import BaseId, EvaluationId

__all__ = ["Evaluations"]


class Evaluations(Protocol):
    """Question sets. What takes the actor raises NotFound for what is not the actor's own."""

    async def add(self, actor: Actor, evaluation: Evaluation, questions: Sequence[SetQuestion], *, keep: int) -> None:
        """Store a new set; of the actor's ended ones only the newest stay, ``keep`` with this one.

        Raises EvaluationRunning while another one of the actor's has not ended.
        """
        ...

    async def recent(self, actor: Actor, *, base_id: BaseId | None = None) -> tuple[Evaluation, ...]:
        """List the actor's own, the newest first."""
        ...

    async def access(self, actor: Actor, evaluation_id: EvaluationId) -> Evaluation:
        """Read one."""
        ...

    async def questions(self, actor: Actor, evaluation_id: EvaluationId) -> tuple[AskedQuestion, ...]:
        """Read the questions in order, without answers."""
        ...

    async def question(self, actor: Actor, evaluation_id: EvaluationId, number: int) -> AskedQuestion:
        """Read one question with its answers."""
        ...

    async def remove(self, actor: Actor, evaluation_id: EvaluationId) -> None:
        """Delete one with its questions."""
        ...

    async def move(
        self, evaluation_id: EvaluationId, status: EvaluationStatus, *, error_code: str | None = None
    ) -> bool:
        """Set the status of one that has not ended; False for one that has, or is gone."""
        ...

    async def save_answers(
        self,
        evaluation_id: EvaluationId,
        number: int,
        answers: Sequence[QuestionAnswer],
        *,
        problem: QuestionProblem | None,
    ) -> bool:
        """Store what was found for a question; False when the set does not run any more."""
        ...

    async def interrupt_orphans(self) -> None:
        """End as ``interrupted`` each one whose serving process is gone."""
        ...
