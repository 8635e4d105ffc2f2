"""Question sets: how well settings of search do on a knowledge base."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import APIRouter, Path
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import JSONResponse, Response

from samovar.api.deps import Asker, ServicesOf
from samovar.api.hit_body import evidence_body, hit_body
from samovar.api.problems import problem_body
from samovar.domain.document import Passage
from samovar.domain.errors import InvalidRequest, error_from_code
from samovar.domain.evaluation import AskedQuestion, Evaluation, QuestionAnswer, SearchSetting, SetQuestion
from samovar.domain.ids import BaseId, ChunkId, EvaluationId
from samovar.domain.search import Arm, ArmHit, Evidence, FusionMethod
from samovar.retrieval.evaluation.metrics import Ranking, mean_metrics, recall
from samovar.retrieval.findings import RerankMethod

__all__ = ["router"]

router = APIRouter(prefix="/api/evaluations", tags=["evaluations"])

_MOST_QUESTIONS: Final = 500
_MOST_SETTINGS: Final = 4
_LONGEST_TEXT: Final = 2_000
_LONGEST_NAME: Final = 200
_LONGEST_PATH: Final = 4_000
_LARGEST_NUMBER: Final = 2**31 - 1

QuestionNumber = Annotated[int, Path(ge=1, le=_LARGEST_NUMBER)]


class QuestionBody(BaseModel):
    """A question and what is known of the right passage."""

    model_config = ConfigDict(extra="forbid")
    question: str = Field(min_length=1, max_length=_LONGEST_TEXT)
    document: str | None = Field(None, min_length=1, max_length=_LONGEST_PATH)
    page: int | None = Field(None, ge=1, le=_LARGEST_NUMBER)
    text: str | None = Field(None, min_length=1, max_length=_LONGEST_TEXT)


class SettingBody(BaseModel):
    """A way of searching; what is left out is as in the settings of the installation."""

    model_config = ConfigDict(extra="forbid")
    arms: list[Arm] | None = Field(None, min_length=1, max_length=2)
    fusion: FusionMethod | None = None
    rerank: RerankMethod | None = None
    passages: int | None = Field(None, ge=1, le=50)


class EvaluationBody(BaseModel):
    """A question set to run."""

    model_config = ConfigDict(extra="forbid")
    base_id: UUID
    name: str = Field("", max_length=_LONGEST_NAME)
    questions: list[QuestionBody] = Field(min_length=1, max_length=_MOST_QUESTIONS)
    settings: list[SettingBody] = Field(min_length=1, max_length=_MOST_SETTINGS)


@router.post("")
async def start(body: EvaluationBody, actor: Asker, services: ServicesOf) -> Response:
    """Begin to run a set."""
    usual = services.question_sets.usual
    evaluation = await services.question_sets.start(
        actor,
        BaseId(body.base_id),
        [_question(question, number) for number, question in enumerate(body.questions, start=1)],
        [_setting(setting, usual) for setting in body.settings],
        name=" ".join(body.name.split()),
    )
    return JSONResponse(await _whole(evaluation.evaluation_id, actor, services), status_code=201)


@router.get("")
async def list_evaluations(actor: Asker, services: ServicesOf, base: UUID | None = None) -> Response:
    """List the sets, newest first."""
    async with services.storage.transaction() as tx:
        found = await tx.evaluations.recent(actor, base_id=BaseId(base) if base else None)
        asked = [await tx.evaluations.questions(actor, one.evaluation_id) for one in found]
    return JSONResponse({"evaluations": [_line(one, questions) for one, questions in zip(found, asked, strict=True)]})


@router.get("/{evaluation_id}")
async def read(evaluation_id: UUID, actor: Asker, services: ServicesOf) -> Response:
    """Read one with its questions."""
    return JSONResponse(await _whole(EvaluationId(evaluation_id), actor, services))


@router.get("/{evaluation_id}/questions/{number}")
async def read_question(evaluation_id: UUID, number: QuestionNumber, actor: Asker, services: ServicesOf) -> Response:
    """Tell what each setting has found for one question; what is gone, or may be read no more, is left out."""
    async with services.storage.transaction() as tx:
        asked = await tx.evaluations.question(actor, EvaluationId(evaluation_id), number)
        chunks = {_chunk(one) for answer in asked.answers or () for one in answer.found}
        passages = {one.chunk.chunk_id: one for one in await tx.search.passages(actor, list(chunks))}
    answers = None if asked.answers is None else [_answer(answer, passages) for answer in asked.answers]
    return JSONResponse({**_question_body(asked), "answers": answers})


@router.post("/{evaluation_id}/cancel")
async def cancel(evaluation_id: UUID, actor: Asker, services: ServicesOf) -> Response:
    """Stop one; what was asked so far stays."""
    evaluation = await services.question_sets.cancel(actor, EvaluationId(evaluation_id))
    async with services.storage.transaction() as tx:
        asked = await tx.evaluations.questions(actor, evaluation.evaluation_id)
    return JSONResponse(_line(evaluation, asked))


@router.delete("/{evaluation_id}")
async def delete(evaluation_id: UUID, actor: Asker, services: ServicesOf) -> Response:
    """Delete one; if it runs it is stopped first."""
    await services.question_sets.remove(actor, EvaluationId(evaluation_id))
    return Response(status_code=204)


def _question(body: QuestionBody, number: int) -> SetQuestion:
    """Raises: InvalidRequest for a question that says nothing of the right passage."""
    for name, value in (("question", body.question), ("document", body.document), ("text", body.text)):
        if value is not None and not value.strip():
            raise InvalidRequest(reason=f"question {number}: {name} is empty")
    if body.document is None and body.text is None:
        raise InvalidRequest(reason=f"question {number}: it names neither the document nor a text of the right passage")
    return SetQuestion(question=body.question, document=body.document, page=body.page, text=body.text)


def _setting(body: SettingBody, usual: SearchSetting) -> SearchSetting:
    return SearchSetting(
        arms=usual.arms if body.arms is None else frozenset(body.arms),
        fusion=body.fusion or usual.fusion,
        rerank=body.rerank or usual.rerank,
        passages=body.passages or usual.passages,
    )


async def _whole(evaluation_id: EvaluationId, actor: Asker, services: ServicesOf) -> Mapping[str, object]:
    async with services.storage.transaction() as tx:
        evaluation = await tx.evaluations.access(actor, evaluation_id)
        asked = await tx.evaluations.questions(actor, evaluation_id)
    questions = [{**_question_body(one), "ranks": None if one.ranks is None else list(one.ranks)} for one in asked]
    return {**_line(evaluation, asked), "questions": questions}


def _line(evaluation: Evaluation, asked: Sequence[AskedQuestion]) -> Mapping[str, object]:
    return {
        "id": str(evaluation.evaluation_id),
        "base_id": str(evaluation.base_id),
        "name": evaluation.name,
        "status": evaluation.status,
        "error": problem_body(error_from_code(evaluation.error_code)) if evaluation.error_code else None,
        "question_count": evaluation.question_count,
        "done": evaluation.done,
        "seconds_left": _seconds_left(evaluation, asked),
        "settings": [
            {
                "arms": sorted(setting.arms, reverse=True),
                "fusion": setting.fusion,
                "rerank": setting.rerank,
                "passages": setting.passages,
            }
            for setting in evaluation.settings
        ],
        "results": [_result(place, setting, asked) for place, setting in enumerate(evaluation.settings)],
        "created_at": evaluation.created_at.isoformat(),
        "finished_at": evaluation.finished_at.isoformat() if evaluation.finished_at else None,
    }


def _seconds_left(evaluation: Evaluation, asked: Sequence[AskedQuestion]) -> float | None:
    """How long the rest takes if it takes as long as what was asked."""
    took_ms = [sum(one.took_ms) for one in asked if one.took_ms is not None]
    if evaluation.status != "running" or not took_ms:
        return None
    return round((evaluation.question_count - len(took_ms)) * sum(took_ms) / len(took_ms) / 1000, 1)


def _result(place: int, setting: SearchSetting, asked: Sequence[AskedQuestion]) -> Mapping[str, object]:
    rankings = [
        Ranking(ranks=() if rank is None else (rank,), right=1, took_ms=one.took_ms[place])
        for one in asked
        if one.ranks is not None and one.took_ms is not None
        for rank in (one.ranks[place],)
    ]
    if not rankings:
        names = ("recall@1", "recall@5", "recall@10", "mrr@10", "ndcg@10", "recall@passages", "p50_ms", "p95_ms")
        return {"questions": 0, **dict.fromkeys(names)}
    shown = sum(recall(one.ranks, 1, setting.passages) for one in rankings) / len(rankings)
    return {"questions": len(rankings), **mean_metrics(rankings).body(), "recall@passages": round(shown, 4)}


def _question_body(asked: AskedQuestion) -> Mapping[str, object]:
    question = asked.question
    return {
        "n": asked.number,
        "question": question.question,
        "document": question.document,
        "page": question.page,
        "text": question.text,
        "problem": asked.problem,
    }


def _answer(answer: QuestionAnswer, passages: Mapping[ChunkId, Passage]) -> Mapping[str, object]:
    return {
        "rank": answer.rank,
        "took_ms": answer.took_ms,
        "dense": answer.dense,
        "notes": list(answer.notes),
        "found": [
            {"rank": one["rank"], "is_right": one["is_right"], "hit": _hit(one, passages.get(_chunk(one)))}
            for one in answer.found
        ],
    }


def _hit(one: Mapping[str, Any], passage: Passage | None) -> Mapping[str, object] | None:
    if passage is None:
        return None
    told = one["evidence"]
    evidence = None if told is None else evidence_body(_evidence(told))
    return {**hit_body(replace(passage, score=one["score"]), explain=False), "evidence": evidence}


def _evidence(told: Mapping[str, Any]) -> Evidence:
    arms = {name: None if told[name] is None else ArmHit(**told[name]) for name in ("lexical", "dense")}
    return Evidence(**{**told, **arms, "matched": tuple(told["matched"])})


def _chunk(one: Mapping[str, Any]) -> ChunkId:
    return ChunkId(UUID(one["chunk_id"]))
