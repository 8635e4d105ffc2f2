"""Image tasks in the chat, and pages that are sent as pictures, over the scripted model."""

import asyncio
import base64
import json
from io import BytesIO
from typing import Any
from uuid import UUID, uuid4

import pytest
from PIL import Image
from tests.support import papers
from tests.support.application import Event, Running

from samovar.backends._shared.payload import write_messages, write_parameters
from samovar.domain.image_tasks import CHART_SCHEMA, ENTITIES_SCHEMA, IMAGE_TASKS, instruction
from samovar.domain.ledger import from_json, render


async def attach(running: Running, chat_id: str, name: str, content: bytes) -> str:
    status, document = await running.client.upload(chat_id, name, content)
    assert status == 201, document
    return str(document["id"])


async def post(running: Running, chat_id: str, key: str | None = None, **body: Any) -> tuple[int, Any]:
    sent = {"text": "", "parent_id": None, **body}
    return await running.client.send(
        "POST", f"/api/chats/{chat_id}/messages", sent, **{"Idempotency-Key": key or str(uuid4())}
    )


async def sent_by(running: Running, run_id: str) -> dict[str, Any]:
    """What the model was sent, as the echoing scene tells it."""
    events: list[Event] = await running.client.whole_run(run_id)
    assert events[-1].body["status"] == "done", events[-1].body
    text = "".join(event.body["text"] for event in events if event.kind in ("delta", "replace"))
    return dict(json.loads(text))


async def ask(running: Running, chat_id: str, **body: Any) -> dict[str, Any]:
    status, turn = await post(running, chat_id, **body)
    assert status == 201, turn
    return await sent_by(running, turn["run_id"])


def parts_of(sent: dict[str, Any], kind: str) -> list[Any]:
    content = sent["messages"][-1]["content"]
    return [part[kind] for part in content if part["type"] == kind]


def pictures_of(sent: dict[str, Any]) -> list[Image.Image]:
    return [
        Image.open(BytesIO(base64.b64decode(part["url"].partition(",")[2]))) for part in parts_of(sent, "image_url")
    ]


@pytest.mark.parametrize("task", IMAGE_TASKS)
async def test_a_task_comes_with_its_instruction_its_picture_and_its_schema(running: Running, task: str) -> None:
    chat_id = await running.client.new_chat(model="echo")
    picture = await attach(running, chat_id, "circle.png", papers.red_circle_png())
    sent = await ask(running, chat_id, text="What colour is it?", task=task, document_ids=[picture])
    told = "".join(parts_of(sent, "text"))
    assert told == instruction(task, russian=False) + "\n\nWhat colour is it?"  # type: ignore[arg-type]  # of the table
    assert [image.size for image in pictures_of(sent)] == [(128, 128)]
    schema = {"entities": ENTITIES_SCHEMA, "chart": CHART_SCHEMA}.get(task)
    assert (sent["parameters"].get("response_format") is not None) == (schema is not None)
    if schema is not None:
        assert sent["parameters"]["response_format"]["json_schema"]["schema"] == json.loads(json.dumps(schema))


async def test_a_stored_ledger_makes_the_request_with_its_picture_and_its_schema_again(running: Running) -> None:
    chat_id = await running.client.new_chat(model="echo")
    picture = await attach(running, chat_id, "circle.png", papers.red_circle_png())
    _, turn = await post(running, chat_id, text="What is on it?", task="entities", document_ids=[picture])
    sent = await sent_by(running, turn["run_id"])
    _, ledger = await running.client.send("GET", f"/api/runs/{turn['run_id']}/ledger")
    [shown] = [piece["origin"] for piece in ledger["pieces"] if piece["kind"] == "image"]
    assert shown["document_id"] == picture
    content = await running.services.blobs.get(shown["sha256"])
    request = render(from_json(ledger, {shown["sha256"]: content}))
    assert json.dumps(write_messages(request)) == json.dumps(sent["messages"])
    assert json.dumps(write_parameters(request.parameters)) == json.dumps(sent["parameters"])


@pytest.mark.parametrize(
    ("text", "name", "russian"),
    [("Что на ней?", "circle.png", True), ("", "круг.png", True), ("", "circle.png", False)],
)
async def test_a_task_speaks_the_language_of_the_question_or_of_the_file(
    running: Running, text: str, name: str, russian: bool
) -> None:
    chat_id = await running.client.new_chat(model="echo")
    picture = await attach(running, chat_id, name, papers.red_circle_png())
    sent = await ask(running, chat_id, text=text, task="describe", document_ids=[picture])
    assert "".join(parts_of(sent, "text")).startswith(instruction("describe", russian=russian))


async def test_a_page_of_a_pdf_goes_to_the_model_as_a_picture(running: Running) -> None:
    chat_id = await running.client.new_chat(model="echo")
    document = await attach(running, chat_id, "manual.pdf", papers.english_pdf())
    pages = [{"document_id": document, "page": 2}, {"document_id": document, "page": 1}]
    sent = await ask(running, chat_id, text="What is on them?", task="answer", pages=pages)
    sizes = [image.size for image in pictures_of(sent)]
    assert all(1560 <= max(size) <= 1568 for size in sizes), sizes
    assert all(height > width for width, height in sizes)
    _, found = await running.client.send("GET", f"/api/chats/{chat_id}")
    question = found["messages"][0]
    assert (question["task"], question["pages"], question["document_ids"]) == ("answer", pages, [])


async def test_a_page_without_a_task_stands_beside_the_passages(running: Running) -> None:
    chat_id = await running.client.new_chat(model="echo")
    document = await attach(running, chat_id, "manual.pdf", papers.english_pdf())
    page = {"document_id": document, "page": 2}
    status, turn = await post(running, chat_id, text="Which port does the service listen on?", pages=[page])
    assert status == 201, turn
    events = await running.client.whole_run(turn["run_id"])
    assert [event for event in events if event.kind == "passages"]
    _, ledger = await running.client.send("GET", f"/api/runs/{turn['run_id']}/ledger")
    [image] = [piece for piece in ledger["pieces"] if piece["kind"] == "image"]
    assert (image["label"], image["sent"], image["reason"]) == ("manual.pdf, 2", True, None)
    assert image["tokens"] > 0


async def test_a_task_searches_no_documents(running: Running) -> None:
    chat_id = await running.client.new_chat(model="echo")
    await attach(running, chat_id, "manual.pdf", papers.english_pdf())
    picture = await attach(running, chat_id, "circle.png", papers.red_circle_png())
    asked = "Which port does the service listen on?"
    _, turn = await post(running, chat_id, text=asked, task="answer", document_ids=[picture])
    events = await running.client.whole_run(turn["run_id"])
    assert not [event for event in events if event.kind in ("passages", "citations", "notice")]


async def test_a_model_that_cannot_see_is_refused_before_anything_is_stored(running: Running) -> None:
    chat_id = await running.client.new_chat(model="blind")
    document = await attach(running, chat_id, "manual.pdf", papers.english_pdf())
    pages = [{"document_id": document, "page": 1}, {"document_id": document, "page": 2}]
    status, problem = await post(running, chat_id, text="What is there?", task="answer", pages=pages)
    assert (status, problem["code"]) == (422, "model_without_vision")
    assert problem["values"] == {"model": "blind", "pages_with_text": 2}
    _, found = await running.client.send("GET", f"/api/chats/{chat_id}")
    assert found["messages"] == []


async def test_making_again_with_a_model_that_cannot_see_is_refused_too(running: Running) -> None:
    chat_id = await running.client.new_chat(model="image")
    picture = await attach(running, chat_id, "circle.png", papers.red_circle_png())
    _, turn = await post(running, chat_id, task="describe", document_ids=[picture])
    await running.client.whole_run(turn["run_id"])
    await running.client.send("PATCH", f"/api/chats/{chat_id}", {"model": "blind"})
    status, problem = await running.client.send("POST", f"/api/messages/{turn['reply']['id']}/regenerate")
    assert (status, problem["code"]) == (422, "model_without_vision")


async def test_making_again_and_going_on_keep_task_and_pages(running: Running) -> None:
    chat_id = await running.client.new_chat(model="echo")
    document = await attach(running, chat_id, "manual.pdf", papers.english_pdf())
    page = {"document_id": document, "page": 1}
    _, turn = await post(running, chat_id, task="read", pages=[page])
    first = await sent_by(running, turn["run_id"])
    _, again = await running.client.send("POST", f"/api/messages/{turn['reply']['id']}/regenerate")
    assert await sent_by(running, again["run_id"]) == first
    # What was the question is sent word for word as a turn before, so that a cache can serve it.
    body = {"text": "[[echo]] And now?", "parent_id": again["reply"]["id"]}
    status, later = await post(running, chat_id, **body)
    assert status == 201
    _, ledger = await running.client.send("GET", f"/api/runs/{later['run_id']}/ledger")
    await running.client.whole_run(later["run_id"])
    _, ledger = await running.client.send("GET", f"/api/runs/{later['run_id']}/ledger")
    kinds = [piece["kind"] for piece in ledger["pieces"]]
    assert kinds[:3] == ["system", "image", "turn"]
    assert ledger["pieces"][2]["text"] == instruction("read", russian=False)


async def test_the_same_submit_twice_is_one_message_and_another_one_a_conflict(running: Running) -> None:
    chat_id = await running.client.new_chat(model="image")
    picture = await attach(running, chat_id, "circle.png", papers.red_circle_png())
    key = str(uuid4())
    body: dict[str, Any] = {"task": "describe", "document_ids": [picture]}
    answers = await asyncio.gather(*(post(running, chat_id, key, **body) for _ in range(3)))
    assert {status for status, _ in answers} == {201}
    assert len({turn["message"]["id"] for _, turn in answers}) == 1
    for changed in ({"task": "read"}, {"pages": [{"document_id": picture, "page": 1}]}):
        status, problem = await post(running, chat_id, key, **{**body, **changed})
        assert (status, problem["code"]) == (409, "conflict")


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"task": "describe"}, 400, "message_empty"),
        ({"task": "describe", "text": "What is it?"}, 400, "invalid_request"),
        ({"task": "describe", "document_ids": ["{pdf}"]}, 400, "invalid_request"),
        ({"task": "answer", "document_ids": ["{picture}"]}, 400, "message_empty"),
        ({"task": "paint", "document_ids": ["{picture}"]}, 400, "invalid_request"),
        ({"task": "read", "pages": [{"document_id": "{pdf}", "page": 4}]}, 404, "not_found"),
        ({"task": "read", "pages": [{"document_id": "{pdf}", "page": 0}]}, 400, "invalid_request"),
        ({"task": "read", "pages": [{"document_id": "{picture}", "page": 2}]}, 404, "not_found"),
        ({"task": "read", "pages": [{"document_id": "{text}", "page": 1}]}, 400, "invalid_request"),
        ({"task": "read", "pages": [{"document_id": str(UUID(int=4)), "page": 1}]}, 404, "not_found"),
        ({"task": "read", "pages": [{"document_id": "{pdf}", "page": 1, "width": 9}]}, 400, "invalid_request"),
    ],
    ids=str,
)
async def test_a_task_that_cannot_be_meant_is_refused(
    running: Running, body: dict[str, Any], status: int, code: str
) -> None:
    chat_id = await running.client.new_chat(model="image")
    names = {
        "{pdf}": await attach(running, chat_id, "manual.pdf", papers.english_pdf()),
        "{picture}": await attach(running, chat_id, "circle.png", papers.red_circle_png()),
        "{text}": await attach(running, chat_id, "tea.txt", b"Tea is hot."),
    }
    written = json.dumps(body)
    for name, document_id in names.items():
        written = written.replace(name, document_id)
    found, problem = await post(running, chat_id, **json.loads(written))
    assert (found, problem["code"]) == (status, code), problem
    _, chat = await running.client.send("GET", f"/api/chats/{chat_id}")
    assert chat["messages"] == []


async def test_eleven_pages_are_too_many(running: Running) -> None:
    chat_id = await running.client.new_chat(model="image")
    pages = [{"document_id": str(uuid4()), "page": 1} for _ in range(11)]
    status, problem = await post(running, chat_id, text="What?", pages=pages)
    assert (status, problem["code"]) == (400, "invalid_request")


async def test_old_pictures_give_way_to_new_ones_and_it_is_told(running: Running) -> None:
    chat_id = await running.client.new_chat(model="image", parameters={"max_tokens": 16})
    document = await attach(running, chat_id, "manual.pdf", papers.english_pdf())
    pictures = [await attach(running, chat_id, f"{size}.png", papers.red_circle_png(size)) for size in range(100, 120)]
    _, turn = await post(running, chat_id, text="What?", pages=[{"document_id": document, "page": 1}])
    await running.client.whole_run(turn["run_id"])
    body = {"text": "And these?", "parent_id": turn["reply"]["id"], "document_ids": pictures}
    _, later = await post(running, chat_id, **body)
    events = await running.client.whole_run(later["run_id"])
    [notice] = [event.body for event in events if event.kind == "notice" and event.body["code"] == "image_not_sent"]
    assert notice["values"]["count"] >= 1
    _, ledger = await running.client.send("GET", f"/api/runs/{later['run_id']}/ledger")
    images = [piece for piece in ledger["pieces"] if piece["kind"] == "image"]
    assert (images[0]["label"], images[0]["sent"], images[0]["reason"]) == ("manual.pdf, 1", False, "too_many")
