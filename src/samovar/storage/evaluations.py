"""Question sets in PostgreSQL."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any, Final

from sqlalchemy import ColumnElement, Row, and_, delete, func, insert, select, text, update

from samovar.domain.actor import Actor
from samovar.domain.errors import Conflict, EvaluationRunning, NotFound
from samovar.domain.evaluation import (
    AskedQuestion,
    Evaluation,
    EvaluationStatus,
    QuestionAnswer,
    QuestionProblem,
    SearchSetting,
    SetQuestion,
)
from samovar.domain.ids import BaseId, EvaluationId, UserId
from samovar.storage.connection import Connection
from samovar.storage.runs import OWNER_LOCKS
from samovar.storage.tables import evaluation_questions, evaluations

__all__ = ["PostgresEvaluations"]

_IS_LIVE: Final = evaluations.c.status.in_(("waiting", "running"))
_DONE: Final = (
    select(func.count())
    .where(
        evaluation_questions.c.evaluation_id == evaluations.c.evaluation_id, evaluation_questions.c.ranks.is_not(None)
    )
    .scalar_subquery()
    .label("done")
)
_INTERRUPT: Final = text("""
UPDATE evaluations SET status = 'interrupted', finished_at = now()
WHERE status IN ('waiting', 'running') AND server <> :server AND NOT EXISTS (
    SELECT FROM pg_locks
    WHERE locktype = 'advisory' AND granted AND objsubid = 2
      AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
      AND classid = CAST(:locks AS oid) AND objid = CAST(evaluations.server AS oid)
)
""")


class PostgresEvaluations:
    """Implements the port ``Evaluations``."""

    def __init__(self, connection: Connection, server: int) -> None:
        """Work on the connection of one transaction, for the serving process of this number."""
        self._connection = connection
        self._server = server

    async def add(self, actor: Actor, evaluation: Evaluation, questions: Sequence[SetQuestion], *, keep: int) -> None:
        """Store a new set. Raises: EvaluationRunning."""
        columns = {
            "evaluation_id": evaluation.evaluation_id,
            "owner_id": actor.user_id,
            "base_id": evaluation.base_id,
            "name": evaluation.name,
            "status": evaluation.status,
            "server": self._server,
            "settings": [{**asdict(setting), "arms": sorted(setting.arms)} for setting in evaluation.settings],
            "question_count": len(questions),
            "created_at": evaluation.created_at,
        }
        try:
            await self._connection.execute(insert(evaluations).values(**columns))
        except Conflict as error:
            raise EvaluationRunning from error
        rows = [
            {"evaluation_id": evaluation.evaluation_id, "number": number, "asked": asdict(question)}
            for number, question in enumerate(questions, start=1)
        ]
        await self._connection.execute(insert(evaluation_questions), rows)
        newest = (
            select(evaluations.c.evaluation_id)
            .where(evaluations.c.owner_id == actor.user_id)
            .order_by(evaluations.c.position.desc())
            .limit(keep)
        )
        await self._connection.execute(
            delete(evaluations).where(
                evaluations.c.owner_id == actor.user_id, evaluations.c.evaluation_id.not_in(newest), ~_IS_LIVE
            )
        )

    async def recent(self, actor: Actor, *, base_id: BaseId | None = None) -> tuple[Evaluation, ...]:
        """List the actor's own, the newest first."""
        statement = (
            select(evaluations, _DONE)
            .where(evaluations.c.owner_id == actor.user_id)
            .order_by(evaluations.c.position.desc())
        )
        if base_id is not None:
            statement = statement.where(evaluations.c.base_id == base_id)
        return tuple(_evaluation(row) for row in await self._connection.execute(statement))

    async def access(self, actor: Actor, evaluation_id: EvaluationId) -> Evaluation:
        """Read one. Raises: NotFound."""
        statement = select(evaluations, _DONE).where(_own(actor, evaluation_id))
        row = (await self._connection.execute(statement)).one_or_none()
        if row is None:
            raise NotFound(what="question set")
        return _evaluation(row)

    async def questions(self, actor: Actor, evaluation_id: EvaluationId) -> tuple[AskedQuestion, ...]:
        """Read the questions in order, without answers; none for what is not the actor's own."""
        columns = (column for column in evaluation_questions.c if column.name != "answers")
        statement = (
            select(*columns)
            .join(evaluations, evaluations.c.evaluation_id == evaluation_questions.c.evaluation_id)
            .where(_own(actor, evaluation_id))
            .order_by(evaluation_questions.c.number)
        )
        return tuple(_question(row) for row in await self._connection.execute(statement))

    async def question(self, actor: Actor, evaluation_id: EvaluationId, number: int) -> AskedQuestion:
        """Read one question with its answers. Raises: NotFound."""
        statement = (
            select(evaluation_questions)
            .join(evaluations, evaluations.c.evaluation_id == evaluation_questions.c.evaluation_id)
            .where(_own(actor, evaluation_id), evaluation_questions.c.number == number)
        )
        row = (await self._connection.execute(statement)).one_or_none()
        if row is None:
            raise NotFound(what="question")
        return _question(row, row.answers)

    async def remove(self, actor: Actor, evaluation_id: EvaluationId) -> None:
        """Delete one with its questions. Raises: NotFound."""
        if (await self._connection.execute(delete(evaluations).where(_own(actor, evaluation_id)))).rowcount == 0:
            raise NotFound(what="question set")

    async def move(
        self, evaluation_id: EvaluationId, status: EvaluationStatus, *, error_code: str | None = None
    ) -> bool:
        """Set the status of one that has not ended; False for one that has, or is gone."""
        values: dict[str, Any] = {"status": status, "error_code": error_code}
        if status not in ("waiting", "running"):
            values["finished_at"] = func.now()
        statement = update(evaluations).where(evaluations.c.evaluation_id == evaluation_id, _IS_LIVE).values(**values)
        return bool((await self._connection.execute(statement)).rowcount)

    async def save_answers(
        self,
        evaluation_id: EvaluationId,
        number: int,
        answers: Sequence[QuestionAnswer],
        *,
        problem: QuestionProblem | None,
    ) -> bool:
        """Store what was found for a question; False when the set does not run any more."""
        statement = (
            update(evaluation_questions)
            .where(
                evaluation_questions.c.evaluation_id == evaluation_id,
                evaluation_questions.c.number == number,
                evaluation_questions.c.evaluation_id == evaluations.c.evaluation_id,
                evaluations.c.status == "running",
            )
            .values(
                problem=problem,
                ranks=[answer.rank for answer in answers],
                took_ms=[answer.took_ms for answer in answers],
                answers=[asdict(answer) for answer in answers],
            )
        )
        return bool((await self._connection.execute(statement)).rowcount)

    async def interrupt_orphans(self) -> None:
        """End as ``interrupted`` each one whose serving process is gone."""
        await self._connection.execute(_INTERRUPT, {"server": self._server, "locks": OWNER_LOCKS})


def _own(actor: Actor, evaluation_id: EvaluationId) -> ColumnElement[bool]:
    return and_(evaluations.c.evaluation_id == evaluation_id, evaluations.c.owner_id == actor.user_id)


def _evaluation(row: Row[Any]) -> Evaluation:
    return Evaluation(
        evaluation_id=EvaluationId(row.evaluation_id),
        owner_id=UserId(row.owner_id),
        base_id=BaseId(row.base_id),
        name=row.name,
        status=row.status,
        error_code=row.error_code,
        question_count=row.question_count,
        done=row.done,
        settings=tuple(SearchSetting(**{**setting, "arms": frozenset(setting["arms"])}) for setting in row.settings),
        created_at=row.created_at,
        finished_at=row.finished_at,
    )


def _question(row: Row[Any], answers: Sequence[dict[str, Any]] | None = None) -> AskedQuestion:
    return AskedQuestion(
        number=row.number,
        question=SetQuestion(**row.asked),
        problem=row.problem,
        ranks=None if row.ranks is None else tuple(row.ranks),
        took_ms=None if row.took_ms is None else tuple(row.took_ms),
        answers=None if answers is None else tuple(_answer(answer) for answer in answers),
    )


def _answer(answer: dict[str, Any]) -> QuestionAnswer:
    return QuestionAnswer(**{**answer, "notes": tuple(answer["notes"]), "found": tuple(answer["found"])})
