"""Question sets over HTTP: run, followed, compared, cancelled, deleted, and seen by their owner alone."""

import asyncio
from typing import Any
from uuid import UUID

import psycopg
import pytest
from fastapi.routing import APIRoute
from tests.integration.test_library import add, new_base
from tests.support.application import Running, run_application
from tests.support.database import another_actor

from samovar.api.server import ROUTERS
from samovar.domain.document import KnowledgeBase
from samovar.domain.evaluation import Evaluation, SearchSetting, SetQuestion
from samovar.domain.ids import BaseId, new_base_id, new_evaluation_id
from samovar.settings import Settings

NOBODY = "00000000-0000-4000-8000-000000000000"
WORDS = {"arms": ["lexical"], "rerank": "none", "passages": 1}
PATIENCE_S = 60.0


async def harbour(running: Running) -> dict[str, Any]:
    """A base of three papers."""
    base = await new_base(running)
    for name, text in (
        ("pier.txt", "The pier closes at dusk. The pier master lives beside the pier."),
        ("ropes.txt", "Ropes lie on the quay beside the pier; each rope is thirty metres long."),
        ("ferry.txt", "The ferry leaves every hour. Паром идёт каждый час."),
    ):
        await add(running, base["id"], name, text.encode(), path=f"harbour/{name}")
    return base


async def run(running: Running, base: dict[str, Any], questions: list[Any], *settings: Any) -> tuple[int, Any]:
    body = {
        "base_id": base["id"],
        "name": " First\ttry ",
        "questions": questions,
        "settings": list(settings) or [WORDS],
    }
    return await running.client.send("POST", "/api/evaluations", body)


async def ended(running: Running, evaluation_id: str) -> dict[str, Any]:
    async with asyncio.timeout(PATIENCE_S):
        while True:
            status, found = await running.client.send("GET", f"/api/evaluations/{evaluation_id}")
            assert status == 200, found
            if found["status"] not in ("waiting", "running"):
                return dict(found)
            await asyncio.sleep(0.05)


def held(running: Running) -> asyncio.Lock:
    """Entered, keeps any set from being run, as if another one were."""
    return running.services.question_sets._turn


async def test_settings_are_compared_on_what_is_known_of_the_right_passages(running: Running) -> None:
    base = await harbour(running)
    questions = [
        {"question": "When does the pier close?", "document": "PIER.TXT"},
        {"question": "How long is a rope?", "text": "thirty  METRES"},
        {"question": "Как часто идет паром?", "document": "harbour/ferry.txt", "text": "паром идет каждый час"},
        {"question": "Which pier?", "document": "ropes.txt"},
        {"question": "What of whales?", "document": "whales.txt"},
        {"question": "When does the pier close?", "document": "pier.txt", "page": 7},
    ]
    status, begun = await run(running, base, questions, WORDS, {"arms": ["lexical"], "passages": 2})
    assert status == 201, begun
    assert (begun["name"], begun["question_count"], begun["base_id"]) == ("First try", 6, base["id"])
    found = await ended(running, begun["id"])
    assert (found["status"], found["done"], found["error"], found["seconds_left"]) == ("done", 6, None, None)
    assert found["finished_at"] > found["created_at"]
    assert found["settings"] == [
        {"arms": ["lexical"], "fusion": "weighted", "rerank": "none", "passages": 1},
        {"arms": ["lexical"], "fusion": "weighted", "rerank": "light", "passages": 2},
    ]
    assert [one["ranks"][0] for one in found["questions"]] == [1, 1, 1, 2, None, None]
    assert [one["problem"] for one in found["questions"]] == [None, None, None, None, "document_unknown", None]
    assert found["questions"][1] == {
        "n": 2,
        "question": "How long is a rope?",
        "document": None,
        "page": None,
        "text": "thirty  METRES",
        "problem": None,
        "ranks": found["questions"][1]["ranks"],
    }
    first = found["results"][0]
    # Ranks 1, 1, 1, 2 and two that are not found.
    assert first["questions"] == 6
    assert (first["recall@1"], first["recall@5"], first["recall@10"]) == (0.5, 0.6667, 0.6667)
    assert (first["mrr@10"], first["ndcg@10"], first["recall@passages"]) == (0.5833, 0.6052, 0.5)
    assert 0 < first["p50_ms"] <= first["p95_ms"]
    status, listed = await running.client.send("GET", f"/api/evaluations?base={base['id']}")
    assert status == 200
    assert listed["evaluations"] == [{name: value for name, value in found.items() if name != "questions"}]


async def test_what_was_found_is_shown_with_its_reasons_until_it_is_deleted(running: Running) -> None:
    base = await harbour(running)
    _, begun = await run(running, base, [{"question": "pier master", "document": "pier.txt"}], WORDS)
    await ended(running, begun["id"])
    address = f"/api/evaluations/{begun['id']}/questions/1"
    status, found = await running.client.send("GET", address)
    assert status == 200, found
    [answer] = found["answers"]
    assert (answer["rank"], answer["dense"], answer["notes"]) == (1, "off", [])
    assert [(one["rank"], one["is_right"]) for one in answer["found"]] == [(1, True), (2, False)]
    hit = answer["found"][0]["hit"]
    assert hit["document"] == "pier.txt"
    assert hit["text"].startswith("The pier closes")
    assert hit["evidence"]["lexical"]["rank"] == 1
    assert set(hit["evidence"]["matched"]) == {"pier", "master"}
    assert hit["score"] > 0
    # The text of a document that was deleted is nowhere any more.
    status, _ = await running.client.send("DELETE", f"/api/documents/{hit['document_id']}")
    assert status == 204
    _, after = await running.client.send("GET", address)
    assert [one["hit"] is None for one in after["answers"][0]["found"]] == [True, False]
    assert "closes" not in str(after)
    status, problem = await running.client.send("GET", f"/api/evaluations/{begun['id']}/questions/2")
    assert (status, problem["code"]) == (404, "not_found")


async def test_a_person_has_one_set_that_has_not_ended(running: Running) -> None:
    base = await harbour(running)
    question = {"question": "pier", "document": "pier.txt"}
    async with held(running):
        status, waiting = await run(running, base, [question])
        assert (status, waiting["status"], waiting["done"]) == (201, "waiting", 0)
        assert waiting["results"][0]["questions"] == 0
        assert waiting["results"][0]["mrr@10"] is None
        assert waiting["questions"][0]["ranks"] is None
        status, problem = await run(running, base, [question])
        assert (status, problem["code"]) == (409, "evaluation_running")
        _, answers = await running.client.send("GET", f"/api/evaluations/{waiting['id']}/questions/1")
        assert answers["answers"] is None
        status, cancelled = await running.client.send("POST", f"/api/evaluations/{waiting['id']}/cancel")
        assert (status, cancelled["status"]) == (200, "cancelled")
        assert "questions" not in cancelled
        # To cancel again changes nothing.
        _, again = await running.client.send("POST", f"/api/evaluations/{waiting['id']}/cancel")
        assert again == cancelled
        status, other = await run(running, base, [question])
        assert status == 201
    assert (await ended(running, other["id"]))["status"] == "done"
    assert (await ended(running, waiting["id"]))["status"] == "cancelled"


async def test_a_set_is_deleted_also_while_it_waits(running: Running) -> None:
    base = await harbour(running)
    async with held(running):
        _, waiting = await run(running, base, [{"question": "pier", "document": "pier.txt"}])
        assert (await running.client.send("DELETE", f"/api/evaluations/{waiting['id']}"))[0] == 204
        assert (await running.client.send("GET", f"/api/evaluations/{waiting['id']}"))[0] == 404
    _, listed = await running.client.send("GET", f"/api/evaluations?base={base['id']}")
    assert listed == {"evaluations": []}


async def test_a_set_goes_with_its_base(running: Running) -> None:
    base = await harbour(running)
    _, begun = await run(running, base, [{"question": "pier", "document": "pier.txt"}])
    await ended(running, begun["id"])
    assert (await running.client.send("DELETE", f"/api/bases/{base['id']}"))[0] == 204
    assert (await running.client.send("GET", f"/api/evaluations/{begun['id']}"))[0] == 404


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"questions": []}, "questions"),
        ({"questions": [{"question": "x", "document": "a"}] * 501}, "questions"),
        ({"questions": [{"question": "x"}]}, "question 1: it names neither"),
        ({"questions": [{"question": "x", "page": 1}]}, "question 1: it names neither"),
        ({"questions": [{"question": "x", "text": " "}]}, "question 1: text is empty"),
        ({"questions": [{"question": " ", "text": "a"}]}, "question 1: question is empty"),
        ({"questions": [{"question": "x" * 2001, "text": "a"}]}, "questions.0.question"),
        ({"questions": [{"question": "x", "text": "a", "more": 1}]}, "questions.0.more"),
        ({"settings": []}, "settings"),
        ({"settings": [WORDS] * 5}, "settings"),
        ({"settings": [{"arms": []}]}, "settings.0.arms"),
        ({"settings": [{"arms": ["magic"]}]}, "settings.0.arms.0"),
        ({"settings": [{"passages": 51}]}, "settings.0.passages"),
        ({"base_id": "x"}, "base_id"),
    ],
)
async def test_what_is_not_in_the_reference_is_refused(running: Running, change: dict[str, Any], reason: str) -> None:
    body = {"base_id": NOBODY, "questions": [{"question": "x", "document": "a"}], "settings": [WORDS], **change}
    status, problem = await running.client.send("POST", "/api/evaluations", body)
    assert (status, problem["code"]) == (400, "invalid_request")
    assert reason in problem["title"]


async def test_the_newest_fifty_sets_are_kept(settings: Settings) -> None:
    async with run_application(settings) as running:
        actor = await running.services.sign_in.owner()
        base = await new_base(running)
        ids = []
        for number in range(52):
            async with running.services.storage.transaction() as tx:
                one = await _evaluation(running, base["id"], str(number))
                await tx.evaluations.add(actor, one, [SetQuestion(question="x", document="y")], keep=50)
                await tx.evaluations.move(one.evaluation_id, "done")
                ids.append(str(one.evaluation_id))
        _, listed = await running.client.send("GET", "/api/evaluations")
        assert [one["id"] for one in listed["evaluations"]] == ids[:1:-1]


async def test_a_set_ends_as_interrupted_with_its_server(settings: Settings) -> None:
    async with run_application(settings) as running:
        base = await harbour(running)
        await held(running).acquire()
        _, begun = await run(running, base, [{"question": "pier", "document": "pier.txt"}])
    async with run_application(settings) as running:
        found = await ended(running, begun["id"])
        assert found["status"] == "interrupted"
        # The server was killed: nobody could write down how it ended.
        assert settings.database_url is not None
        async with await psycopg.AsyncConnection.connect(settings.database_url, autocommit=True) as connection:
            await connection.execute("UPDATE evaluations SET status = 'running', server = 1, finished_at = NULL")
    async with run_application(settings) as running:
        assert (await ended(running, begun["id"]))["status"] == "interrupted"


async def test_nobody_sees_stops_or_deletes_the_set_of_somebody_else(settings: Settings) -> None:
    async with run_application(settings) as running:
        assert settings.database_url is not None
        stranger = await another_actor(settings.database_url)
        async with running.services.storage.transaction() as tx:
            base = KnowledgeBase(
                base_id=new_base_id(), owner_id=stranger.user_id, name="Theirs", created_at=await tx.now()
            )
            await tx.bases.add(stranger, base)
        theirs = await _evaluation(running, str(base.base_id), "Theirs")
        async with running.services.storage.transaction() as tx:
            await tx.evaluations.add(stranger, theirs, [SetQuestion(question="x", document="y")], keep=50)
        routes = [
            (method, route.path)
            for router in ROUTERS
            for route in router.routes
            if isinstance(route, APIRoute) and "{evaluation_id}" in route.path
            for method in route.methods or ()
        ]
        assert len(routes) == 4
        for evaluation_id in (str(theirs.evaluation_id), NOBODY):
            for method, path in routes:
                filled = path.replace("{evaluation_id}", evaluation_id).replace("{number}", "1")
                status, problem = await running.client.send(method, filled)
                assert (status, problem["code"]) == (404, "not_found"), (method, path)
        _, listed = await running.client.send("GET", "/api/evaluations")
        assert listed == {"evaluations": []}
        status, _ = await run(running, {"id": str(base.base_id)}, [{"question": "x", "document": "y"}])
        assert status == 404, "nor runs one on a base of theirs"
        async with running.services.storage.transaction() as tx:
            assert (await tx.evaluations.access(stranger, theirs.evaluation_id)).status == "waiting"


async def _evaluation(running: Running, base_id: str, name: str) -> Evaluation:
    owner = await running.services.sign_in.owner()
    async with running.services.storage.transaction() as tx:
        now = await tx.now()
    return Evaluation(
        evaluation_id=new_evaluation_id(),
        owner_id=owner.user_id,
        base_id=BaseId(UUID(base_id)),
        name=name,
        status="waiting",
        question_count=1,
        settings=(SearchSetting(arms=frozenset({"lexical"}), fusion="weighted", rerank="none", passages=6),),
        created_at=now,
    )
