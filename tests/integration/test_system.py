"""The state of the installation, the pages of documents, and the web app, as a browser asks for them."""

import gzip
import re
from typing import Any

import pytest
from tests.support import papers
from tests.support.application import Client, Running, run_application

from samovar import __version__
from samovar.domain.parameters import PARAMETER_RANGES
from samovar.settings import Settings

NOBODY = "00000000-0000-4000-8000-000000000000"


async def attach(running: Running, name: str, content: bytes) -> dict[str, Any]:
    chat_id = await running.client.new_chat(model="text")
    status, document = await running.client.upload(chat_id, name, content)
    assert status == 201, document
    return dict(document)


async def test_the_system_bar_has_its_figures(running: Running) -> None:
    status, found = await running.client.send("GET", "/api/system")
    assert status == 200
    assert (found["ready"], found["database"], found["runs"]) == (True, "ok", 0)
    assert found["engine"] == {"state": "off", "detail": None, "error_code": None}
    assert found["outside_connections"] is False
    assert 0 < found["memory_bytes"] < found["memory_total_bytes"]
    assert found["cpu_percent"] >= 0


async def test_answers_being_written_are_counted(running: Running) -> None:
    chat_id = await running.client.new_chat(model="slow")
    turn = await running.client.say(chat_id, "[[slow tokens=500 pace=50]]")
    _, found = await running.client.send("GET", "/api/system")
    assert found["runs"] == 1
    await running.client.send("POST", f"/api/runs/{turn['run_id']}/stop")
    await running.client.whole_run(turn["run_id"])
    _, found = await running.client.send("GET", "/api/system")
    assert found["runs"] == 0


async def test_a_server_that_does_not_answer_is_told_beside_the_models_of_the_others(settings: Settings) -> None:
    backends = settings.backends.model_copy(update={"ollama_host": "http://127.0.0.1:9"})
    async with run_application(settings.model_copy(update={"backends": backends})) as running:
        status, found = await running.client.send("GET", "/api/models")
        assert status == 200
        [problem] = found["problems"]
        assert (problem["backend"], problem["code"]) == ("ollama", "backend_unreachable")
        assert problem["title"]
        assert problem["detail"]
        ids = [model["id"] for model in found["models"]]
        assert found["default"] in ids
        text = found["models"][ids.index("text")]
        assert (text["backend"], text["state"], text["context_tokens"]) == ("scripted", "ready", 4096)
        assert (text["vision"], text["unsupported_parameters"]) == (True, [])


async def test_without_any_model_the_list_is_empty_and_a_reply_says_why(settings: Settings) -> None:
    backends = settings.backends.model_copy(update={"scripted": False})
    async with run_application(settings.model_copy(update={"backends": backends})) as running:
        assert await running.client.send("GET", "/api/models") == (
            200,
            {"default": None, "models": [], "problems": []},
        )
        chat_id = await running.client.new_chat()
        _, events = await running.client.answer(chat_id, "Hello")
        assert (events[-1].body["status"], events[-1].body["error"]["code"]) == ("failed", "no_model")


async def test_every_parameter_is_described_by_its_range(running: Running) -> None:
    _, found = await running.client.send("GET", "/api/parameters")
    assert set(found) == {*PARAMETER_RANGES, "reasoning_effort", "json_schema"}
    assert found["temperature"] == {"min": 0.0, "max": 2.0, "whole": False}
    assert found["seed"]["whole"] is True
    assert found["reasoning_effort"] == {"choices": ["none", "low", "medium", "high"]}
    assert found["json_schema"] == {"type": "object"}


async def test_every_preset_lies_within_its_own_ranges_and_is_what_a_chat_takes(running: Running) -> None:
    _, found = await running.client.send("GET", "/api/presets")
    assert [preset["name"] for preset in found["presets"]] == ["technical", "creative", "dialogue", "extraction"]
    for preset in found["presets"]:
        for name, bounds in preset["ranges"].items():
            assert bounds["min"] <= preset["parameters"][name] <= bounds["max"]
        status, chat = await running.client.send("POST", "/api/chats", {"parameters": preset["parameters"]})
        assert (status, chat["parameters"]) == (201, preset["parameters"])


async def test_health_readiness_and_metrics_need_no_sign_in(running: Running) -> None:
    stranger = Client(running.client.address)
    try:
        status, health = await stranger.send("GET", "/health")
        assert (status, health["status"], health["version"]) == (200, "ok", __version__)
        assert await stranger.send("GET", "/ready") == (200, {"status": "ready"})
        async with stranger.session.get("/metrics") as reply:
            assert reply.status == 200
            assert reply.content_type == "text/plain"
            metrics = await reply.text()
    finally:
        await stranger.close()
    assert "samovar_live_runs" in metrics
    assert 'samovar_http_requests_total{method="GET",status="200"}' in metrics


async def test_a_document_is_read_again_as_it_was_taken_in(running: Running) -> None:
    document = await attach(running, "manual.pdf", papers.english_pdf())
    path = f"/api/documents/{document['id']}"
    assert await running.client.send("GET", path) == (200, document)
    assert document["error"] is None
    assert [page["page"] for page in document["pages"]] == [1, 2, 3]
    status, problem = await running.client.send("GET", f"/api/documents/{NOBODY}")
    assert (status, problem["code"]) == (404, "not_found")


async def test_a_text_document_is_one_text_without_pages_pictures_or_places(running: Running) -> None:
    document = await attach(running, "tea.txt", "Чай горячий.".encode())
    path = f"/api/documents/{document['id']}"
    _, found = await running.client.send("GET", f"{path}/text")
    assert (found["page"], found["text"], found["links"]) == (None, "Чай горячий.", [])
    assert (await running.client.send("GET", f"{path}/boxes?start=0&end=3"))[1]["boxes"] == []
    for question, status, code in (
        ("/text?page=1", 404, "not_found"),
        ("/image", 404, "not_found"),
        ("/boxes?page=1&start=0&end=3", 404, "not_found"),
    ):
        found, problem = await running.client.send("GET", path + question)
        assert (found, problem["code"]) == (status, code), question


@pytest.mark.parametrize(
    ("question", "status"),
    [
        ("/text?page=3", 200),
        ("/text?page=4", 404),
        ("/text", 404),
        ("/text?page=0", 400),
        ("/text?page=2147483648", 400),
        ("/image?page=4", 404),
        ("/image?page=1&width=49", 400),
        ("/image?page=1&width=4001", 400),
        ("/boxes?page=1&start=0&end=1", 200),
        ("/boxes?page=1&start=1&end=1", 400),
        ("/boxes?page=1&start=5&end=2", 400),
        ("/boxes?page=1&start=0&end=999999", 400),
        ("/boxes?page=4&start=0&end=1", 404),
        ("/boxes?page=1&start=-1&end=1", 400),
        ("/boxes?page=1", 400),
    ],
)
async def test_a_place_outside_a_pdf_is_refused(running: Running, question: str, status: int) -> None:
    document = await attach(running, "manual.pdf", papers.english_pdf())
    found, answer = await running.client.send("GET", f"/api/documents/{document['id']}{question}")
    assert found == status, answer
    if status != 200:
        assert answer["code"] == ("not_found" if status == 404 else "invalid_request")


async def test_a_picture_is_shown_as_it_was_kept_and_has_no_places(running: Running) -> None:
    document = await attach(running, "circle.png", papers.red_circle_png())
    path = f"/api/documents/{document['id']}"
    async with running.client.session.get(f"{path}/image") as reply:
        content = await reply.read()
        assert reply.status == 200
        assert "sandbox" in reply.headers["Content-Security-Policy"]
        assert reply.headers["Cache-Control"] == "private, max-age=3600"
    assert content.startswith({"image/png": b"\x89PNG", "image/jpeg": b"\xff\xd8"}[reply.content_type])
    status, problem = await running.client.send("GET", f"{path}/boxes?start=0&end=1")
    assert (status, problem["code"]) == (400, "invalid_request"), "there are no words on it"


async def test_a_document_whose_bytes_are_damaged_is_said_to_be(running: Running) -> None:
    document = await attach(running, "own.pdf", papers.columns_pdf())
    [kept] = [
        path
        for path in (running.settings.data_dir / "blobs").rglob("*")
        if path.is_file() and path.read_bytes() == papers.columns_pdf()
    ]
    kept.chmod(0o600)
    kept.write_bytes(kept.read_bytes()[:-1] + b"?")
    status, problem = await running.client.send("GET", f"/api/documents/{document['id']}/image?page=1")
    assert (status, problem["code"]) == (500, "blob_damaged")
    _, text = await running.client.send("GET", f"/api/documents/{document['id']}/text?page=1")
    assert text["text"], "what was read of it stays"


async def test_the_web_app_is_sent_compressed_to_those_who_can_read_it(running: Running) -> None:
    answers = {}
    for encoding in ("gzip", "identity"):
        async with running.client.session.get(
            "/", headers={"Accept-Encoding": encoding}, auto_decompress=False
        ) as reply:
            assert reply.status == 200
            assert reply.content_type == "text/html"
            assert reply.headers["Vary"] == "Accept-Encoding"
            assert reply.headers["Cache-Control"] == "no-cache"
            answers[encoding] = (reply.headers.get("Content-Encoding"), await reply.read())
    assert answers["identity"][0] is None
    assert answers["gzip"][0] == "gzip"
    assert gzip.decompress(answers["gzip"][1]) == answers["identity"][1]


async def test_the_files_that_the_page_names_are_there_and_cached_for_ever(running: Running) -> None:
    async with running.client.session.get("/") as reply:
        page = await reply.text()
    named = re.findall(r'(?:src|href)="(/assets/[^"]+)"', page)
    assert named
    for path in named:
        async with running.client.session.get(path) as reply:
            assert reply.status == 200, path
            assert "immutable" in reply.headers["Cache-Control"]
            assert reply.content_type in ("text/javascript", "text/css")


async def test_the_page_answers_for_its_own_addresses_and_for_no_file_that_is_missing(running: Running) -> None:
    async with running.client.session.get("/") as reply:
        page = await reply.text()
    for path, status in (
        (f"/chat/{NOBODY}", 200),
        ("/sign-in", 200),
        ("/nothing.js", 404),
        ("/pyproject.toml", 404),
        ("/API/chats", 404),
        ("/assets/", 404),
    ):
        async with running.client.session.get(path) as reply:
            assert reply.status == status, path
            if status == 200:
                assert await reply.text() == page
