"""Files through the whole house: upload, sandbox, index, page, citation."""

import asyncio
import hashlib
from typing import Any

import pytest
from tests.support import papers
from tests.support.application import Running, run_application

from samovar.settings import LimitsSettings, OcrSettings, Settings


async def attach(running: Running, chat_id: str, name: str, content: bytes) -> dict[str, Any]:
    status, document = await running.client.upload(chat_id, name, content)
    assert status == 201, document
    return dict(document)


async def test_a_pdf_is_read_page_by_page_and_drawn(running: Running) -> None:
    chat_id = await running.client.new_chat(model="text")
    document = await attach(running, chat_id, "manual.pdf", papers.english_pdf())
    assert (document["kind"], document["page_count"], document["status"]) == ("pdf", 3, "ready")
    assert [page["status"] for page in document["pages"]] == ["text", "text", "text"]
    path = f"/api/documents/{document['id']}"
    _, page = await running.client.send("GET", f"{path}/text?page=2")
    start = page["text"].index("7431")
    _, found = await running.client.send("GET", f"{path}/boxes?page=2&start={start}&end={start + 4}")
    [box] = found["boxes"]
    assert 0 < box["x"] < found["width"]
    assert 0 < box["y"] < found["height"]
    async with running.client.session.get(f"{path}/image?page=2&width=600") as image:
        assert image.status == 200
        assert image.content_type in ("image/png", "image/jpeg")
        assert "sandbox" in image.headers["Content-Security-Policy"]


@pytest.mark.parametrize(
    ("make_pdf", "question", "claim"),
    [
        (papers.english_pdf, "Which port does the service listen on?", papers.ENGLISH_FACT),
        (papers.russian_pdf, "На каком порту отвечает служба поддержки?", papers.RUSSIAN_FACT),
    ],
)
async def test_the_right_page_is_cited_with_a_verified_quote(
    running: Running, make_pdf: Any, question: str, claim: str
) -> None:
    chat_id = await running.client.new_chat(model="echo")
    await attach(running, chat_id, "paper.pdf", make_pdf())
    # The echo says the claim again, as its own last sentence.
    _, events = await running.client.answer(chat_id, f"{question} {claim}")
    [passages] = [event.body["passages"] for event in events if event.kind == "passages"]
    assert passages[0]["page"] == 2
    _, found = await running.client.send("GET", f"/api/chats/{chat_id}")
    citations = found["messages"][-1]["citations"]
    assert any(citation["page"] == 2 and citation["verified"] and "7431" in citation["quote"] for citation in citations)


async def test_an_answer_that_invents_is_not_given_a_checked_source_of_its_own(running: Running) -> None:
    chat_id = await running.client.new_chat(model="text")
    await attach(running, chat_id, "manual.pdf", papers.english_pdf())
    _, events = await running.client.answer(chat_id, "Which port does the service listen on?")
    [citations] = [event.body["citations"] for event in events if event.kind == "citations"]
    assert {citation["origin"] for citation in citations} == {"nearest"}


@pytest.mark.parametrize(
    ("name", "content", "status", "code"),
    [
        ("empty.txt", b"", 422, "file_empty"),
        ("blank.txt", b" \n\n ", 422, "file_empty"),
        ("program.pdf", b"\x7fELF" + bytes(range(256)) * 4, 415, "file_type_unknown"),
        ("cut.pdf", papers.truncated_pdf(), 422, "file_damaged"),
        ("locked.pdf", papers.encrypted_pdf(), 422, "file_encrypted"),
        ("bomb.png", papers.pixel_bomb_png(), 422, "file_too_complex"),
    ],
)
async def test_a_bad_file_is_refused_with_the_reason_and_nothing_is_kept(
    running: Running, name: str, content: bytes, status: int, code: str
) -> None:
    chat_id = await running.client.new_chat(model="text")
    before = [sha256 async for sha256 in running.services.blobs.hashes()]
    found_status, problem = await running.client.upload(chat_id, name, content)
    assert (found_status, problem["code"]) == (status, code), problem
    assert name in problem["title"]
    assert problem["detail"]
    _, chat = await running.client.send("GET", f"/api/chats/{chat_id}")
    assert chat["documents"] == []
    assert [sha256 async for sha256 in running.services.blobs.hashes()] == before


async def test_a_file_above_the_limit_is_refused_with_the_limit(settings: Settings) -> None:
    small = settings.model_copy(update={"limits": LimitsSettings(upload_mb=1)})
    async with run_application(small) as running:
        chat_id = await running.client.new_chat()
        status, problem = await running.client.upload(chat_id, "big.txt", b"word " * 300_000)
        assert (status, problem["code"], problem["values"]["limit_mb"]) == (413, "file_too_large", 1)


async def test_the_same_file_twice_is_one_document(running: Running) -> None:
    chat_id = await running.client.new_chat()
    first = await attach(running, chat_id, "a.txt", b"Tea is hot.")
    second = await attach(running, chat_id, "b.txt", b"Tea is hot.")
    assert first["id"] == second["id"]


async def test_a_deleted_document_never_appears_in_an_answer(running: Running) -> None:
    chat_id = await running.client.new_chat(model="echo")
    before_attached = [sha256 async for sha256 in running.services.blobs.hashes()]
    document = await attach(running, chat_id, "secret.txt", "Пароль от погреба: клюква.".encode())
    _, before = await running.client.answer(chat_id, "Какой пароль от погреба?")
    assert "клюква" in str(before)
    status, _ = await running.client.send("DELETE", f"/api/documents/{document['id']}")
    assert status == 204
    _, after = await running.client.answer(chat_id, "Какой пароль от погреба?")
    assert "клюква" not in str(after)
    assert [sha256 async for sha256 in running.services.blobs.hashes()] == before_attached


async def test_a_file_deleted_and_attached_again_at_once_keeps_its_bytes(running: Running) -> None:
    chat_ids = [await running.client.new_chat() for _ in range(6)]
    content = b"The same bytes in every chat."
    first = await attach(running, chat_ids[0], "same.txt", content)
    await asyncio.gather(
        running.client.send("DELETE", f"/api/documents/{first['id']}"),
        *(attach(running, chat_id, "same.txt", content) for chat_id in chat_ids[1:]),
    )
    assert await running.services.blobs.get(hashlib.sha256(content).hexdigest()) == content


async def test_documents_of_one_chat_are_not_seen_by_another(running: Running) -> None:
    one, other = await running.client.new_chat(model="echo"), await running.client.new_chat(model="echo")
    await attach(running, one, "secret.txt", b"The cellar password is cranberry.")
    _, events = await running.client.answer(other, "What is the cellar password?")
    assert "cranberry" not in str(events)


async def test_a_file_name_is_shown_without_folders_and_used_for_no_path(running: Running) -> None:
    chat_id = await running.client.new_chat()
    names = ("../../etc/passwd", "..\\..\\windows\\system.ini", "a\u202ecod.txt", "\u0000x.txt")
    for position, name in enumerate(names):
        document = await attach(running, chat_id, name, f"text {position}".encode())
        assert not set(document["name"]) & set("/\\\u202e\u0000")
    kept = {path.name for path in running.settings.data_dir.rglob("*") if path.is_file()}
    assert not kept & {"passwd", "system.ini"}


async def test_a_picture_goes_to_a_model_that_sees_and_to_no_other(running: Running) -> None:
    content = papers.red_circle_png()
    for model, told in (("image", False), ("blind", True)):
        chat_id = await running.client.new_chat(model=model)
        document = await attach(running, chat_id, "circle.png", content)
        assert document["kind"] == "image"
        _, events = await running.client.answer(chat_id, "What is it?", document_ids=[document["id"]])
        notices = [event.body["code"] for event in events if event.kind == "notice"]
        assert ("image_not_sent" in notices) == told
        assert events[-1].body["status"] == "done"
        if model == "image":
            _, found = await running.client.send("GET", f"/api/chats/{chat_id}")
            assert "I see 1 pictures" in found["messages"][-1]["text"]


async def test_a_scan_that_is_not_recognised_is_kept_and_said_to_have_no_text(settings: Settings) -> None:
    async with run_application(settings.model_copy(update={"ocr": OcrSettings(enabled=False)})) as running:
        chat_id = await running.client.new_chat(model="text")
        document = await attach(running, chat_id, "scan.pdf", papers.scan_pdf())
        assert not {page["status"] for page in document["pages"]} & {"text", "ocr", "waiting"}
        assert {page["reason"] for page in document["pages"]} <= {"ocr_off", "ocr_unavailable"}
        _, events = await running.client.answer(chat_id, "What does it say?")
        assert "no_passage_found" in [event.body.get("code") for event in events if event.kind == "notice"]


async def test_uploads_side_by_side_are_all_found(running: Running) -> None:
    chat_id = await running.client.new_chat(model="echo")
    await asyncio.gather(
        *(attach(running, chat_id, f"{n}.txt", f"Item number{n} costs {n} roubles.".encode()) for n in range(12))
    )
    _, events = await running.client.answer(chat_id, "What does number7 cost?")
    [passages] = [event.body["passages"] for event in events if event.kind == "passages"]
    assert passages[0]["document"] == "7.txt"
