"""Pictures of documents described and looked at, by the scripted model and by a tiny eye that really sees."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from io import BytesIO
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from PIL import Image, ImageDraw, ImageFont
from reportlab.lib.utils import ImageReader
from reportlab.pdfgen.canvas import Canvas
from tests.support import papers
from tests.support.application import Running, run_application, scripted_settings
from tests.support.database import fresh_database
from tests.support.servers import Exchange, PlayingServer, play

from samovar.engine.supervisor import Engine
from samovar.settings import BackendServer, EngineSettings, Settings, VisionSettings
from samovar.storage.embedded import EmbeddedServer
from samovar.vision.faces import network_file

DATA = Path(__file__).parents[1] / "data"
PROJECTOR = DATA / "tiny-eye.mmproj.gguf"
#: A part of NASA's portrait of the astronaut Eileen Collins, in the public domain; 240 × 240 pixels.
PORTRAIT = DATA / "eileen-collins.jpg"
SEEN = "A samovar boils water for tea."
_PATIENCE_S = 90


@pytest.fixture(scope="module")
async def looking(database_server: EmbeddedServer, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Running]:
    """An application whose describer works, with the scripted model as its eye."""
    with fresh_database(database_server) as database:
        settings = scripted_settings(tmp_path_factory.mktemp("data"), database)
        settings = settings.model_copy(update={"vision": VisionSettings(model="text", figures=2)})
        async with run_application(settings) as application:
            application.services.describer.start()
            yield application


@pytest.fixture(scope="module")
async def seeing(database_server: EmbeddedServer, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Running]:
    """The real engine with the tiny vision projector."""
    with fresh_database(database_server) as database:
        settings: Settings = scripted_settings(tmp_path_factory.mktemp("data"), database).model_copy(
            update={
                "engine": EngineSettings(threads=1, context_tokens=2048, mmproj_file=PROJECTOR),
                "vision": VisionSettings(model="SmolLM2-135M-Instruct", description_tokens=24),
            }
        )
        async with run_application(settings, engine_use="own") as application:
            assert isinstance(application.services.engine, Engine)
            assert await application.services.engine.wait_ready(_PATIENCE_S)
            yield application


def scene(colour: str, shape: str, size_px: int = 128) -> bytes:
    picture = Image.new("RGB", (128, 128), (240, 240, 240))
    pen = ImageDraw.Draw(picture)
    fill = {"red": (220, 40, 40), "blue": (40, 70, 220)}[colour]
    if shape == "circle":
        pen.ellipse((32, 32, 96, 96), fill=fill)
    elif shape == "triangle":
        pen.polygon([(64, 32), (32, 90), (96, 90)], fill=fill)
    else:
        pen.rectangle((32, 32, 96, 96), fill=fill)
    file = BytesIO()
    picture.resize((size_px, size_px)).save(file, "PNG")
    return file.getvalue()


def pdf_of(*pictures: bytes, words: str = "Figures of the harbour.") -> bytes:
    """A page of words with pictures under them."""
    file = BytesIO()
    canvas = Canvas(file, pagesize=(595, 842), invariant=True)
    canvas.drawString(72, 720, words)
    for place, picture in enumerate(pictures):
        canvas.drawImage(ImageReader(BytesIO(picture)), 72 + 150 * (place % 3), 560 - 150 * (place // 3), 128, 128)
    canvas.showPage()
    canvas.save()
    return file.getvalue()


async def new_base(running: Running, *, describes_figures: bool) -> str:
    body = {"name": f"Base {uuid4()}", "describes_figures": describes_figures}
    status, base = await running.client.send("POST", "/api/bases", body)
    assert status == 201, base
    return str(base["id"])


async def add(running: Running, base_id: str, name: str, content: bytes) -> dict[str, Any]:
    async with running.client.session.post(
        f"/api/bases/{base_id}/documents", params={"name": name}, data=BytesIO(content)
    ) as reply:
        assert reply.status == 202, await reply.text()
        document = await reply.json()
    return await until(running, document["id"], lambda found: found["status"] != "reading")


async def until(running: Running, document_id: str, is_done: Any) -> dict[str, Any]:
    async with asyncio.timeout(_PATIENCE_S):
        while True:
            _, document = await running.client.send("GET", f"/api/documents/{document_id}")
            if is_done(document):
                return dict(document)
            await asyncio.sleep(0.05)


def is_settled(document: dict[str, Any]) -> bool:
    return all(figure["status"] not in ("found", "waiting") for figure in document["figures"])


async def chat_over(running: Running, base_id: str, **fields: Any) -> str:
    chat_id = await running.client.new_chat(**fields)
    status, _ = await running.client.send("PUT", f"/api/chats/{chat_id}/bases", {"base_ids": [base_id]})
    assert status == 200
    return chat_id


async def test_a_base_by_choice_has_its_pictures_described_and_the_words_are_the_models(looking: Running) -> None:
    base_id = await new_base(looking, describes_figures=True)
    document = await add(looking, base_id, "harbour.pdf", pdf_of(papers.red_circle_png()))
    chunks_before = document["chunk_count"]
    document = await until(looking, document["id"], is_settled)
    [figure] = document["figures"]
    assert (figure["status"], figure["reason"], figure["described_by"]) == ("described", None, "text")
    assert figure["description"].startswith(SEEN)
    assert document["chunk_count"] >= chunks_before >= 1
    chat_id = await chat_over(looking, base_id, model="text")
    turn, events = await looking.client.answer(chat_id, "What boils water for tea?")
    [passages] = [event.body["passages"] for event in events if event.kind == "passages"]
    assert (passages[0]["page"], passages[0]["figure"], passages[0]["described_by"]) == (1, 1, "text")
    _, found = await looking.client.send("GET", f"/api/chats/{chat_id}")
    citations = [citation for citation in found["messages"][-1]["citations"] if citation["quote"]]
    assert citations
    for citation in citations:
        assert (citation["figure"], citation["described_by"], citation["verified"]) == (1, "text", True)
        assert citation["quote"] == figure["description"][citation["start"] : citation["end"]].strip()
    _, ledger = await looking.client.send("GET", f"/api/runs/{turn['run_id']}/ledger")
    [piece] = [piece for piece in ledger["pieces"] if piece["kind"] == "passage"]
    assert piece["label"] == "harbour.pdf, page 1, picture 1 as described by the model text"
    assert piece["label"] in piece["text"]


async def test_a_base_that_did_not_ask_sends_no_picture_anywhere_until_it_does(looking: Running) -> None:
    base_id = await new_base(looking, describes_figures=False)
    document = await add(looking, base_id, "harbour.pdf", pdf_of(papers.red_circle_png()))
    assert [figure["status"] for figure in document["figures"]] == ["found"]
    looking.services.describer.wake()
    await asyncio.sleep(0.5)
    _, same = await looking.client.send("GET", f"/api/documents/{document['id']}")
    assert same == document
    await looking.client.send("PATCH", f"/api/bases/{base_id}", {"describes_figures": True})
    described = await until(looking, document["id"], is_settled)
    assert [figure["status"] for figure in described["figures"]] == ["described"]


async def test_what_is_not_described_says_why(looking: Running) -> None:
    base_id = await new_base(looking, describes_figures=True)
    small = papers.red_circle_png(40)
    pictures = [scene("red", "circle"), small, scene("blue", "square"), scene("red", "circle"), scene("red", "square")]
    document = await add(looking, base_id, "many.pdf", pdf_of(*pictures))
    document = await until(looking, document["id"], is_settled)
    told = sorted((figure["status"], figure["reason"]) for figure in document["figures"])
    assert [status for status, _ in told].count("described") == 2
    reasons = {reason for status, reason in told if status == "skipped"}
    assert {"too_small", "too_many"} <= reasons <= {"too_small", "too_many", "repeated"}


async def test_a_person_asks_for_a_description_and_for_another_by_another_model(looking: Running) -> None:
    chat_id = await looking.client.new_chat(model="text")
    _, document = await looking.client.upload(chat_id, "circle.png", papers.red_circle_png())
    path = f"/api/documents/{document['id']}"
    for model, begins in (("text", SEEN), ("russian", "Самовар кипятит")):
        status, figure = await looking.client.send("POST", f"{path}/figures/1/describe", {"model": model})
        assert (status, figure["status"]) == (202, "waiting")
        document = await until(looking, document["id"], is_settled)
        assert document["figures"][0]["described_by"] == model
        assert document["figures"][0]["description"].startswith(begins)
    assert document["chunk_count"] == 1, "the new description took the place of the old"
    status, problem = await looking.client.send("POST", f"{path}/figures/1/describe", {"model": "blind"})
    assert (status, problem["code"]) == (422, "model_without_vision")
    status, problem = await looking.client.send("POST", f"{path}/figures/1/describe", {"model": "nobody"})
    assert (status, problem["code"]) == (404, "model_unknown")
    for missing in (f"{path}/figures/2/describe", f"{path}/figures/1/describe?page=7"):
        assert (await looking.client.send("POST", missing, {}))[0] == 404


async def test_a_model_that_fails_or_says_nothing_is_told_and_the_next_picture_goes_on(looking: Running) -> None:
    chat_id = await looking.client.new_chat(model="text")
    for model, reason in (("empty", "empty_answer"), ("error-key", "backend_unauthorised")):
        _, document = await looking.client.upload(chat_id, f"{model}.png", papers.red_circle_png(100 + len(model)))
        path = f"/api/documents/{document['id']}/figures/1/describe"
        assert (await looking.client.send("POST", path, {"model": model}))[0] == 202
        document = await until(looking, document["id"], is_settled)
        assert (document["figures"][0]["status"], document["figures"][0]["reason"]) == ("failed", reason)
        assert (await looking.client.send("POST", path, {"model": "text"}))[0] == 202
        document = await until(looking, document["id"], is_settled)
        assert document["figures"][0]["status"] == "described"


async def test_without_a_model_that_sees_pictures_wait_and_say_so(settings: Settings) -> None:
    backends = settings.backends.model_copy(update={"scripted": False})
    async with run_application(settings.model_copy(update={"backends": backends})) as running:
        base_id = await new_base(running, describes_figures=True)
        document = await add(running, base_id, "harbour.pdf", pdf_of(papers.red_circle_png()))
        running.services.describer.start()
        document = await until(running, document["id"], lambda found: found["figures"][0]["reason"] is not None)
        assert (document["figures"][0]["status"], document["figures"][0]["reason"]) == ("waiting", "no_vision_model")
        path = f"/api/documents/{document['id']}/figures/1"
        status, problem = await running.client.send("POST", f"{path}/describe?page=1", {})
        assert (status, problem["code"]) == (422, "no_vision_model")
        status, seen = await running.client.send("POST", f"{path}/entities?page=1", {})
        assert status == 200
        kinds = ["object", "table", "chart", "stamp", "signature"]
        assert {"kinds": kinds, "reason": "no_vision_model"} in seen["left_out"]


async def test_a_description_survives_the_end_of_the_server(settings: Settings) -> None:
    settings = settings.model_copy(update={"vision": VisionSettings(model="text")})
    async with run_application(settings) as running:
        base_id = await new_base(running, describes_figures=True)
        document = await add(running, base_id, "harbour.pdf", pdf_of(papers.red_circle_png()))
        assert [figure["status"] for figure in document["figures"]] == ["waiting"]
    async with run_application(settings) as running:
        running.services.describer.start()
        document = await until(running, document["id"], is_settled)
        assert [figure["status"] for figure in document["figures"]] == ["described"]


def eye_that_says(words: str) -> list[Exchange]:
    """A model server of one model, whose name says that it sees, and that always answers the same."""
    listing = {"object": "list", "data": [{"id": "qwen2.5-vl-7b", "object": "model"}]}
    choice = {"index": 0, "delta": {"content": words}, "finish_reason": "stop"}
    usage = {"prompt_tokens": 900, "completion_tokens": 50, "total_tokens": 950}
    events = [{"choices": [choice]}, {"choices": [], "usage": usage}]
    stream = "".join(f"data: {json.dumps(event)}\n\n" for event in events) + "data: [DONE]\n\n"
    models = json.dumps(listing).encode()
    return [
        Exchange(method="GET", path="/v1/models", status=200, content_type="application/json", body=models),
        Exchange(
            method="POST",
            path="/v1/chat/completions",
            status=200,
            content_type="text/event-stream",
            body=stream.encode(),
        ),
    ]


@asynccontextmanager
async def looked_at(settings: Settings, words: str) -> AsyncIterator[tuple[Running, str, PlayingServer]]:
    """An application over such a server, with a portrait in a chat; yields the path of its figure too."""
    async with play(eye_that_says(words)) as server:
        eye = BackendServer(name="eye", kind="openai", url=server.url)
        backends = settings.backends.model_copy(update={"servers": (eye,), "scripted": False})
        async with run_application(settings.model_copy(update={"backends": backends})) as running:
            chat_id = await running.client.new_chat()
            status, document = await running.client.upload(chat_id, "portrait.jpg", PORTRAIT.read_bytes())
            assert status == 201, document
            yield running, f"/api/documents/{document['id']}/figures/1/entities", server


async def test_things_on_a_picture_become_records_with_boxes_that_say_who_found_them(settings: Settings) -> None:
    cup = {"kind": "object", "label": "helmet", "left": 500, "top": 500, "right": 1500, "bottom": 1000}
    wrong = {"kind": "object", "label": "spoon"}
    face = {"kind": "face", "label": "a woman", "left": 300, "top": 200, "right": 700, "bottom": 750}
    answer = json.dumps({"entities": [cup, wrong, face]})
    async with looked_at(settings, answer) as (running, path, server):
        status, seen = await running.client.send("POST", path, {})
        assert status == 200, seen
        [helmet] = [entity for entity in seen["entities"] if entity["kind"] == "object"]
        assert helmet["box"] == {"x": 120.0, "y": 120.0, "width": 120.0, "height": 120.0}
        assert (helmet["label"], helmet["found_by"], helmet["confidence"]) == ("helmet", "qwen2.5-vl-7b", None)
        kinds = ["object", "table", "chart", "stamp", "signature"]
        assert {"kinds": kinds, "reason": "records_invalid"} in seen["left_out"]
        faces = [entity for entity in seen["entities"] if entity["kind"] == "face"]
        if network_file() is None:
            assert {"kinds": ["face"], "reason": "faces_not_installed"} in seen["left_out"]
            assert [found["found_by"] for found in faces] == ["qwen2.5-vl-7b"]
        else:
            # The detector has looked, so what the model says of faces is not told a second time.
            assert [found["found_by"] for found in faces] == ["centerface"]
            assert faces[0]["confidence"] > 0.7
        _, kept = await running.client.send("GET", path)
        assert kept["entities"] == seen["entities"]
        asked = server.requests_to("/v1/chat/completions")[-1].json
        assert asked["response_format"]["json_schema"]["schema"]["required"] == ["entities"]
        [picture] = [part for part in asked["messages"][-1]["content"] if part["type"] == "image_url"]
        assert picture["image_url"]["url"].startswith("data:image/")


async def test_an_answer_that_is_no_json_spoils_nothing_else(settings: Settings) -> None:
    async with looked_at(settings, "I see a woman in an orange suit.") as (running, path, _):
        status, seen = await running.client.send("POST", path, {"model": "qwen2.5-vl-7b"})
        assert status == 200
        assert {entity["kind"] for entity in seen["entities"]} <= {"face", "text"}
        assert "answer_invalid" in [missing["reason"] for missing in seen["left_out"]]


async def test_the_words_on_a_picture_become_lines_with_boxes_where_ocr_can_run(settings: Settings) -> None:
    picture = Image.new("RGB", (900, 300), "white")
    pen = ImageDraw.Draw(picture)
    for line, words in enumerate(("Tea costs twelve roubles", "Coffee costs twenty")):
        pen.text((60, 50 + 110 * line), words, fill="black", font=ImageFont.load_default(56))
    file = BytesIO()
    picture.save(file, "PNG")
    paper = BytesIO()
    canvas = Canvas(paper, pagesize=(595, 842), invariant=True)
    canvas.drawString(72, 720, "Prices of the harbour.")
    canvas.drawImage(ImageReader(BytesIO(file.getvalue())), 72, 400, 450, 150)
    canvas.showPage()
    canvas.save()
    async with looked_at(settings, '{"entities": []}') as (running, _, _):
        base_id = await new_base(running, describes_figures=False)
        # Once as a picture of its own, whose words were read at the intake, once on a page of a PDF.
        for name, content in (("list.png", file.getvalue()), ("list.pdf", paper.getvalue())):
            document = await add(running, base_id, name, content)
            [figure] = document["figures"]
            page = "" if figure["page"] is None else f"?page={figure['page']}"
            path = f"/api/documents/{document['id']}/figures/1/entities{page}"
            status, seen = await running.client.send("POST", path, {})
            assert status == 200, seen
            if not running.services.reader.recognises_text:
                assert {"kinds": ["text"], "reason": "ocr_unavailable"} in seen["left_out"]
                continue
            lines = [entity for entity in seen["entities"] if entity["kind"] == "text"]
            assert [line["label"] for line in lines] == ["Tea costs twelve roubles", "Coffee costs twenty"]
            assert {line["found_by"] for line in lines} == {"ocr"}
            for line, top in zip(lines, (50, 160), strict=True):
                scale = figure["width"] / 900
                assert abs(line["box"]["x"] - 60 * scale) < 15 * scale
                assert top * scale - 15 < line["box"]["y"] < (top + 60) * scale
                assert line["confidence"] > 0.5


async def test_a_program_pays_for_the_tokens_of_a_look(settings: Settings) -> None:
    async with looked_at(settings, '{"entities": []}') as (running, path, _):
        key = await running.new_key("app", tokens_per_day=900)
        headers = {"Authorization": f"Bearer {key}"}
        statuses = []
        for _ in range(2):
            async with running.client.session.post(path, json={}, headers=headers) as reply:
                statuses.append(reply.status)
        assert statuses == [200, 429]


async def test_the_tiny_eye_describes_a_picture_of_a_pdf_and_it_is_found(seeing: Running) -> None:
    base_id = await new_base(seeing, describes_figures=True)
    document = await add(seeing, base_id, "shapes.pdf", pdf_of(scene("red", "circle"), words="Shapes of the harbour."))
    document = await until(seeing, document["id"], is_settled)
    [figure] = document["figures"]
    assert figure["status"] == "described", figure
    assert figure["described_by"] == "SmolLM2-135M-Instruct"
    assert "red circle" in figure["description"]
    chat_id = await chat_over(seeing, base_id, model="echo")
    _, events = await seeing.client.answer(chat_id, "Where is a red circle?")
    [passages] = [event.body["passages"] for event in events if event.kind == "passages"]
    # The page's own words stand before what a model says of its pictures.
    [described] = [passage for passage in passages if passage["figure"] == 1]
    assert "red circle" in described["text"]
    assert described["described_by"] == "SmolLM2-135M-Instruct"
    _, found = await seeing.client.send("GET", f"/api/chats/{chat_id}")
    cited = [citation for citation in found["messages"][-1]["citations"] if citation["figure"] == 1]
    assert cited
    assert {citation["described_by"] for citation in cited} == {"SmolLM2-135M-Instruct"}
    assert all(citation["verified"] == bool(citation["quote"]) for citation in cited)


async def test_the_tiny_eye_does_image_tasks_on_a_picture_and_on_a_page(seeing: Running) -> None:
    chat_id = await seeing.client.new_chat(
        model="SmolLM2-135M-Instruct", parameters={"temperature": 0, "max_tokens": 24}
    )
    _, picture = await seeing.client.upload(chat_id, "shape.png", scene("blue", "triangle"))
    drawn = BytesIO()
    canvas = Canvas(drawn, pagesize=(400, 400), invariant=True)
    canvas.drawImage(ImageReader(BytesIO(scene("red", "circle", 400))), 0, 0, 400, 400)
    canvas.showPage()
    canvas.save()
    _, paper = await seeing.client.upload(chat_id, "shape.pdf", drawn.getvalue())
    for body, words in (
        ({"task": "describe", "document_ids": [picture["id"]]}, "blue triangle"),
        ({"task": "describe", "pages": [{"document_id": paper["id"], "page": 1}]}, "red circle"),
        (
            {"task": "answer", "text": "What is in the picture?", "pages": [{"document_id": paper["id"], "page": 1}]},
            "circle",
        ),
    ):
        sent = {"text": "", "parent_id": None, **body}
        status, turn = await seeing.client.send("POST", f"/api/chats/{chat_id}/messages", sent)
        assert status == 201, turn
        events = await seeing.client.whole_run(turn["run_id"])
        assert events[-1].body["status"] == "done", events[-1].body
        _, found = await seeing.client.send("GET", f"/api/chats/{chat_id}")
        assert words in found["messages"][-1]["text"], (body, found["messages"][-1]["text"])
