"""Run question sets against a knowledge base, one at a time, in the background of a server."""

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from typing import Any, Final

from samovar.domain.actor import Actor
from samovar.domain.document import Passage
from samovar.domain.errors import SamovarError, StorageError
from samovar.domain.evaluation import (
    AskedQuestion,
    Evaluation,
    EvaluationStatus,
    QuestionAnswer,
    QuestionProblem,
    SearchSetting,
    SetQuestion,
)
from samovar.domain.ids import BaseId, EvaluationId, new_evaluation_id
from samovar.domain.search import SearchScope, SearchText
from samovar.ports.storage import Storage
from samovar.retrieval.findings import Findings, RetrieverOptions
from samovar.retrieval.search import Retriever
from samovar.telemetry.log import get_log

__all__ = ["DEPTH", "QuestionSets", "is_right"]

log = get_log(__name__)

#: So many of the passages are looked at, or as many as the setting would show a model if that is more.
DEPTH: Final = 10
_KEPT_SETS: Final = 50
#: Answers go first, but not for ever.
_BUSY_POLL_S: Final = 0.1
_BUSY_POLLS: Final = 100
_DOCUMENTS_OF_A_NAME: Final = 100


class QuestionSets:
    """Starts, runs and cancels question sets; belongs to one serving process."""

    def __init__(self, storage: Storage, retriever: Retriever, *, is_busy: Callable[[], bool] = lambda: False) -> None:
        """Search by ``retriever``; each question waits a little while ``is_busy``: somebody is being answered."""
        self._storage = storage
        self._retriever = retriever
        self._is_busy = is_busy
        self._turn = asyncio.Lock()
        self._running: dict[EvaluationId, asyncio.Task[None]] = {}

    @property
    def usual(self) -> SearchSetting:
        """How the installation searches."""
        options = self._retriever.options
        return SearchSetting(arms=options.arms, fusion=options.fusion, rerank=options.rerank, passages=options.passages)

    async def start(
        self,
        actor: Actor,
        base_id: BaseId,
        questions: Sequence[SetQuestion],
        settings: Sequence[SearchSetting],
        *,
        name: str = "",
    ) -> Evaluation:
        """Store a set and begin to run it. Raises: NotFound, EvaluationRunning, StorageError."""
        async with self._storage.transaction() as tx:
            await tx.bases.view(actor, base_id)
            evaluation = Evaluation(
                evaluation_id=new_evaluation_id(),
                owner_id=actor.user_id,
                base_id=base_id,
                name=name,
                status="waiting",
                question_count=len(questions),
                settings=tuple(settings),
                created_at=await tx.now(),
            )
            await tx.evaluations.add(actor, evaluation, questions, keep=_KEPT_SETS)
        task = asyncio.create_task(self._run(actor, evaluation), name="run a question set")
        self._running[evaluation.evaluation_id] = task
        task.add_done_callback(lambda _: self._running.pop(evaluation.evaluation_id, None))
        return evaluation

    async def cancel(self, actor: Actor, evaluation_id: EvaluationId) -> Evaluation:
        """Stop one, whichever process runs it; what was asked stays. Raises: NotFound, StorageError."""
        async with self._storage.transaction() as tx:
            await tx.evaluations.access(actor, evaluation_id)
            await tx.evaluations.move(evaluation_id, "cancelled")
            evaluation = await tx.evaluations.access(actor, evaluation_id)
        await self._stop(evaluation_id)
        return evaluation

    async def remove(self, actor: Actor, evaluation_id: EvaluationId) -> None:
        """Delete one, and stop it first if it runs. Raises: NotFound, StorageError."""
        async with self._storage.transaction() as tx:
            await tx.evaluations.remove(actor, evaluation_id)
        await self._stop(evaluation_id)

    async def close(self) -> None:
        """Stop; what runs ends as interrupted."""
        for evaluation_id in list(self._running):
            await self._stop(evaluation_id)

    async def _stop(self, evaluation_id: EvaluationId) -> None:
        task = self._running.get(evaluation_id)
        if task is not None:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def _run(self, actor: Actor, evaluation: Evaluation) -> None:
        """Run one in its turn, and store how it ended."""
        status: EvaluationStatus = "interrupted"
        code: str | None = None
        try:
            async with self._turn:
                await self._ask_all(actor, evaluation)
            status = "done"
        except SamovarError as error:
            # The base can be deleted, and the set with it; then there is nothing to tell.
            status, code = "failed", error.code
            log.warning("evaluation.failed", code=error.code)
        except Exception as error:  # noqa: BLE001 - the worker loop: a defect ends this set alone, and is told
            status, code = "failed", SamovarError.code
            log.error("evaluation.crashed", error=error)
        finally:
            await asyncio.shield(self._end(evaluation.evaluation_id, status, code))

    async def _end(self, evaluation_id: EvaluationId, status: EvaluationStatus, code: str | None) -> None:
        try:
            async with self._storage.transaction() as tx:
                # One that was cancelled has its status already.
                await tx.evaluations.move(evaluation_id, status, error_code=code)
        except StorageError as error:
            log.warning("evaluation.not_ended", code=error.code)

    async def _ask_all(self, actor: Actor, evaluation: Evaluation) -> None:
        async with self._storage.transaction() as tx:
            if not await tx.evaluations.move(evaluation.evaluation_id, "running"):
                return
            questions = await tx.evaluations.questions(actor, evaluation.evaluation_id)
        known: dict[str, bool] = {}
        for asked in questions:
            await self._let_others_go_first()
            problem: QuestionProblem | None = None
            if asked.question.document is not None:
                name = asked.question.document
                if name not in known:
                    known[name] = await self._is_known(actor, evaluation.base_id, name)
                problem = None if known[name] else "document_unknown"
            answers = [await self._ask(actor, evaluation.base_id, asked, setting) for setting in evaluation.settings]
            async with self._storage.transaction() as tx:
                goes_on = await tx.evaluations.save_answers(
                    evaluation.evaluation_id, asked.number, answers, problem=problem
                )
            if not goes_on:
                return

    async def _let_others_go_first(self) -> None:
        for _ in range(_BUSY_POLLS):
            if not self._is_busy():
                return
            await asyncio.sleep(_BUSY_POLL_S)

    async def _is_known(self, actor: Actor, base_id: BaseId, name: str) -> bool:
        async with self._storage.transaction() as tx:
            found = await tx.documents.view_base(actor, base_id, status="ready", name=name, limit=_DOCUMENTS_OF_A_NAME)
        return any(_is_named(name, one.name, one.path) for one in found)

    async def _ask(self, actor: Actor, base_id: BaseId, asked: AskedQuestion, setting: SearchSetting) -> QuestionAnswer:
        options = RetrieverOptions(
            arms=setting.arms,
            fusion=setting.fusion,
            rerank=setting.rerank,
            passages=max(DEPTH, setting.passages),
        )
        since = time.perf_counter()
        found = await self._retriever.find(
            actor, [SearchText(text=asked.question.question)], SearchScope(base_ids=(base_id,)), options=options
        )
        return _answer(asked.question, found, (time.perf_counter() - since) * 1000)


def is_right(question: SetQuestion, passage: Passage) -> bool:
    """Tell whether a passage is the one that is asked for, by everything that the question says of it."""
    if question.document is not None and not _is_named(question.document, passage.document, passage.path):
        return False
    if question.page is not None and passage.chunk.page != question.page:
        return False
    return question.text is None or _plain(question.text) in _plain(passage.chunk.text)


def _answer(question: SetQuestion, found: Findings, took_ms: float) -> QuestionAnswer:
    right = [is_right(question, passage) for passage in found.nearest]
    return QuestionAnswer(
        rank=right.index(True) + 1 if True in right else None,
        took_ms=round(took_ms, 2),
        dense=found.dense,
        notes=found.notes,
        found=tuple(
            _without_text(passage, rank=rank, is_right=right[rank - 1])
            for rank, passage in enumerate(found.nearest[:DEPTH], start=1)
        ),
    )


def _without_text(passage: Passage, *, rank: int, is_right: bool) -> Mapping[str, Any]:
    evidence = None if passage.evidence is None else asdict(passage.evidence)
    return {
        "rank": rank,
        "is_right": is_right,
        "chunk_id": str(passage.chunk.chunk_id),
        "score": passage.score,
        "evidence": evidence,
    }


def _is_named(wanted: str, *names: str | None) -> bool:
    return any(name is not None and _plain(name) == _plain(wanted) for name in names)


def _plain(text: str) -> str:
    """A text as it is compared: in any case, with any white space, with or without the dots of ё."""
    return " ".join(text.casefold().replace("ё", "е").split())
