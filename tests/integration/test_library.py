"""Knowledge bases and their documents over HTTP: uploads, lists, places, files, and what belongs to somebody else."""

import asyncio
import json
from email.message import EmailMessage
from io import BytesIO
from typing import Any
from uuid import uuid4

import pytest
from fastapi.routing import APIRoute
from PIL import Image
from tests.support import papers
from tests.support.application import Running, run_application
from tests.support.database import another_actor, make_chat

from samovar.api.server import ROUTERS
from samovar.domain.actor import Actor
from samovar.domain.document import Document, DocumentFigure, Entity, KnowledgeBase
from samovar.domain.ids import DocumentId, new_base_id, new_document_id
from samovar.domain.layout import Rectangle, Word
from samovar.domain.page import Page
from samovar.settings import LimitsSettings, Settings

NOBODY = "00000000-0000-4000-8000-000000000000"


async def new_base(running: Running, **fields: Any) -> dict[str, Any]:
    status, base = await running.client.send("POST", "/api/bases", {"name": f"Base {uuid4()}", **fields})
    assert status == 201, base
    return dict(base)


async def put(running: Running, base_id: str, name: str, content: bytes, **query: str) -> tuple[int, Any]:
    async with running.client.session.post(
        f"/api/bases/{base_id}/documents", params={"name": name, **query}, data=BytesIO(content)
    ) as reply:
        return reply.status, await reply.json(content_type=None)


async def until_read(running: Running, document_id: str) -> dict[str, Any]:
    async with asyncio.timeout(60):
        while True:
            status, document = await running.client.send("GET", f"/api/documents/{document_id}")
            assert status == 200, document
            if document["status"] != "reading":
                return dict(document)
            await asyncio.sleep(0.05)


async def add(running: Running, base_id: str, name: str, content: bytes, **query: str) -> dict[str, Any]:
    status, document = await put(running, base_id, name, content, **query)
    assert status == 202, document
    return await until_read(running, document["id"])


async def test_a_base_is_made_renamed_listed_and_deleted_with_its_documents(running: Running) -> None:
    base = await new_base(running, name=" Manuals\t2026 ")
    assert (base["name"], base["describes_figures"]) == ("Manuals 2026", False)
    assert base["documents"] == {"ready": 0, "reading": 0, "failed": 0, "cancelled": 0}
    path = f"/api/bases/{base['id']}"
    document = await add(running, base["id"], "tea.txt", b"Tea is hot.")
    status, changed = await running.client.send("PATCH", path, {"name": "Handbooks", "describes_figures": True})
    assert status == 200
    assert (changed["name"], changed["describes_figures"], changed["documents"]["ready"]) == ("Handbooks", True, 1)
    _, listing = await running.client.send("GET", "/api/bases")
    assert changed in listing["bases"]
    assert await running.client.send("GET", path) == (200, changed)
    assert (await running.client.send("DELETE", path))[0] == 204
    for gone in (path, f"/api/documents/{document['id']}", f"{path}/documents"):
        status, problem = await running.client.send("GET", gone)
        assert (status, problem["code"]) == (404, "not_found"), gone


@pytest.mark.parametrize("body", [{}, {"name": " "}, {"name": "x" * 201}, {"name": "a\u0000b"}, {"name": "x", "y": 1}])
async def test_a_base_without_a_name_that_can_be_shown_is_refused(running: Running, body: dict[str, Any]) -> None:
    status, problem = await running.client.send("POST", "/api/bases", body)
    assert (status, problem["code"]) == (400, "invalid_request")


async def test_two_bases_of_one_name_are_a_conflict(running: Running) -> None:
    one, other = await new_base(running), await new_base(running)
    status, problem = await running.client.send("POST", "/api/bases", {"name": one["name"]})
    assert (status, problem["code"]) == (409, "conflict")
    status, problem = await running.client.send("PATCH", f"/api/bases/{other['id']}", {"name": one["name"]})
    assert (status, problem["code"]) == (409, "conflict")


async def test_the_list_of_documents_turns_pages_and_is_filtered(running: Running) -> None:
    base = await new_base(running)
    for number in range(5):
        await add(running, base["id"], f"report {number}.txt", f"Number {number}.".encode(), path=f"2026/r{number}.txt")
    path = f"/api/bases/{base['id']}/documents"
    _, first = await running.client.send("GET", f"{path}?limit=2")
    assert [found["name"] for found in first["documents"]] == ["report 4.txt", "report 3.txt"]
    assert {"pages", "figures", "outline"} & set(first["documents"][0]) == set()
    _, second = await running.client.send("GET", f"{path}?limit=3&before={first['next']}")
    assert [found["name"] for found in second["documents"]] == ["report 2.txt", "report 1.txt", "report 0.txt"]
    assert second["next"] is None
    _, named = await running.client.send("GET", f"{path}?name=R3.TXT")
    assert [found["path"] for found in named["documents"]] == ["2026/r3.txt"]
    _, failed = await running.client.send("GET", f"{path}?status=failed")
    assert failed == {"documents": [], "next": None}
    for wrong in ("status=lost", "limit=0", "limit=501", "before=x"):
        assert (await running.client.send("GET", f"{path}?{wrong}"))[0] == 400, wrong


async def test_the_same_bytes_are_one_document_and_a_new_version_takes_the_place_of_the_old(running: Running) -> None:
    base = await new_base(running)
    first = await add(running, base["id"], "price.txt", b"Tea costs 10.", path="lists/price.txt")
    status, same = await put(running, base["id"], "price.txt", b"Tea costs 10.", path="lists/price.txt")
    assert (status, same["id"]) == (200, first["id"])
    second = await add(running, base["id"], "price.txt", b"Tea costs 12.", path="lists/price.txt")
    _, old = await running.client.send("GET", f"/api/documents/{first['id']}")
    assert (old["status"], old["replaced_by"]) == ("replaced", second["id"])
    _, text = await running.client.send("GET", f"/api/documents/{first['id']}/text")
    assert text["text"].strip() == "Tea costs 10.", "old citations stay readable"
    _, replaced = await running.client.send("GET", f"/api/bases/{base['id']}/documents?status=replaced")
    assert [found["id"] for found in replaced["documents"]] == [first["id"]]


async def test_a_bad_file_of_a_base_stays_as_a_line_with_the_reason(running: Running) -> None:
    base = await new_base(running)
    document = await add(running, base["id"], "locked.pdf", papers.encrypted_pdf())
    assert (document["status"], document["error"]["code"]) == ("failed", "file_encrypted")
    assert "locked.pdf" in document["error"]["title"]
    status, problem = await running.client.send("GET", f"/api/documents/{document['id']}/file")
    assert (status, problem["code"]) == (404, "not_found")
    status, problem = await running.client.send("POST", f"/api/documents/{document['id']}/reread")
    assert (status, problem["code"]) == (409, "conflict")


async def test_a_document_is_read_anew(running: Running) -> None:
    base = await new_base(running)
    document = await add(running, base["id"], "manual.pdf", papers.english_pdf())
    status, again = await running.client.send("POST", f"/api/documents/{document['id']}/reread")
    assert (status, again["id"]) == (202, document["id"])
    assert await until_read(running, document["id"]) == document
    status, same = await running.client.send("POST", f"/api/documents/{document['id']}/cancel")
    assert (status, same["status"]) == (200, "ready"), "what was read already stays"


async def test_a_chat_searches_the_bases_that_were_chosen_for_it(running: Running) -> None:
    base, other = await new_base(running), await new_base(running)
    await add(running, base["id"], "cellar.txt", "Пароль от погреба: клюква.".encode())
    chat_id = await running.client.new_chat(model="echo")
    path = f"/api/chats/{chat_id}/bases"
    assert await running.client.send("GET", path) == (200, {"bases": []})
    _, before = await running.client.answer(chat_id, "Какой пароль от погреба?")
    assert "клюква" not in str(before)
    status, chosen = await running.client.send("PUT", path, {"base_ids": [base["id"], other["id"], base["id"]]})
    assert status == 200
    assert [found["id"] for found in chosen["bases"]] == [base["id"], other["id"]]
    _, after = await running.client.answer(chat_id, "Какой пароль от погреба?")
    [passages] = [event.body["passages"] for event in after if event.kind == "passages"]
    assert [passage["text"] for passage in passages] == ["Пароль от погреба: клюква."]
    for ids in ([NOBODY], ["x"], [str(uuid4()) for _ in range(101)]):
        assert (await running.client.send("PUT", path, {"base_ids": ids}))[0] in (400, 404)
    assert await running.client.send("PUT", path, {"base_ids": []}) == (200, {"bases": []})


async def test_the_file_comes_back_as_an_attachment_that_can_do_nothing(running: Running) -> None:
    base = await new_base(running)
    content = "<script>alert(1)</script> Чай".encode()
    document = await add(running, base["id"], "Чай; filename=evil.html.txt", content)
    async with running.client.session.get(f"/api/documents/{document['id']}/file") as reply:
        assert await reply.read() == content
        assert reply.content_type == "application/octet-stream"
        assert reply.headers["Content-Security-Policy"] == "sandbox; default-src 'none'"
        assert reply.headers["X-Content-Type-Options"] == "nosniff"
        disposition = reply.headers["Content-Disposition"]
    assert disposition.startswith("attachment; filename*=UTF-8''%D0%A7")
    assert disposition.count("filename") == 2, "the name adds no parameter of its own"
    assert ";" not in disposition.partition("''")[2]


async def test_words_and_boxes_of_a_digital_pdf_lie_on_the_page(running: Running) -> None:
    base = await new_base(running)
    document = await add(running, base["id"], "manual.pdf", papers.english_pdf())
    path = f"/api/documents/{document['id']}"
    _, page = await running.client.send("GET", f"{path}/text?page=2")
    _, layer = await running.client.send("GET", f"{path}/words?page=2")
    start = page["text"].index("7431")
    [word] = [word for word in layer["words"] if word[0] <= start < word[1]]
    _, found = await running.client.send("GET", f"{path}/boxes?page=2&start={start}&end={start + 4}")
    [box] = found["boxes"]
    assert (found["width"], found["height"]) == (layer["width"], layer["height"])
    assert abs(box["y"] - word[3]) < 8
    assert word[2] - 2 <= box["x"] <= word[2] + word[4]
    assert page["blocks"], "a page has blocks"
    for block in page["blocks"]:
        assert 0 <= block["start"] <= block["end"] <= len(page["text"])


async def test_words_are_found_in_a_document(running: Running) -> None:
    base = await new_base(running)
    document = await add(running, base["id"], "manual.pdf", papers.english_pdf())
    path = f"/api/documents/{document['id']}/find"
    status, found = await running.client.send("GET", f"{path}?text=7431")
    assert status == 200
    assert [place["page"] for place in found["found"]] == [2]
    assert found["more"] is False
    _, some = await running.client.send("GET", f"{path}?text=e&limit=3")
    assert (len(some["found"]), some["more"]) == (3, True)
    for wrong in ("text=", "text=%20", f"text={'x' * 201}", "text=a&limit=0"):
        status, problem = await running.client.send("GET", f"{path}?{wrong}")
        assert (status, problem["code"]) == (400, "invalid_request")


async def test_a_format_without_places_has_no_boxes_and_no_words(running: Running) -> None:
    base = await new_base(running)
    document = await add(running, base["id"], "tea.txt", b"Tea is hot.")
    path = f"/api/documents/{document['id']}"
    assert (await running.client.send("GET", f"{path}/boxes?start=0&end=3"))[1]["boxes"] == []
    assert (await running.client.send("GET", f"{path}/words"))[1]["words"] == []


async def owner_of(running: Running) -> Actor:
    return await running.services.sign_in.owner()


async def store_scan(running: Running, actor: Actor) -> DocumentId:
    """A scanned page as OCR leaves it, with a picture on it."""
    file = BytesIO()
    Image.new("RGB", (100, 50), "white").save(file, "PNG")
    sha256 = await running.services.blobs.put(file.getvalue())
    document_id = new_document_id()
    text = "Чай горячий\nКофе"
    words = tuple(
        Word(start=start, end=end, box=Rectangle(x=x, y=y, width=30.0, height=10.0), confidence=0.9)
        for start, end, x, y in ((0, 3, 10.0, 10.0), (4, 11, 50.0, 10.0), (12, 16, 10.0, 30.0))
    )
    async with running.services.storage.transaction() as tx:
        document = Document(
            document_id=document_id,
            owner_id=actor.user_id,
            name="scan.pdf",
            kind="pdf",
            media_type="application/pdf",
            size_bytes=10,
            sha256=sha256,
            status="ready",
            page_count=1,
            created_at=await tx.now(),
        )
        await tx.documents.add(actor, document, chat_id=None)
        page = Page(number=1, text=text, status="ocr", width=200.0, height=100.0, confidence=0.9, words=words)
        figure = DocumentFigure(
            document_id=document_id, page=1, number=1, sha256=sha256, media_type="image/png", width=100, height=50
        )
        await tx.readings.save_pages(document_id, [page], [figure])
        seen = Entity(kind="object", label="cup", box=None, confidence=None, found_by="eye")
        await tx.figures.set_entities(document_id, 1, 1, [seen])
    return document_id


async def test_the_places_of_a_scan_are_those_of_its_words(running: Running) -> None:
    document_id = await store_scan(running, await owner_of(running))
    path = f"/api/documents/{document_id}"
    # From the middle of the first word to the first letter of the last.
    _, found = await running.client.send("GET", f"{path}/boxes?page=1&start=2&end=13")
    assert [(box["x"], box["y"]) for box in found["boxes"]] == [(10.0, 10.0), (50.0, 10.0), (10.0, 30.0)]
    _, one = await running.client.send("GET", f"{path}/boxes?page=1&start=4&end=5")
    assert [box["x"] for box in one["boxes"]] == [50.0]
    _, layer = await running.client.send("GET", f"{path}/words?page=1")
    assert layer["words"][0] == [0, 3, 10.0, 10.0, 30.0, 10.0]
    _, document = await running.client.send("GET", path)
    assert abs(document["pages"][0]["confidence"] - 0.9) < 1e-6
    assert document["figures"][0]["status"] == "found"
    _, entities = await running.client.send("GET", f"{path}/figures/1/entities?page=1")
    assert [entity["label"] for entity in entities["entities"]] == ["cup"]
    async with running.client.session.get(f"{path}/figures/1/image?page=1") as picture:
        assert (picture.status, picture.content_type) == (200, "image/png")
        assert picture.headers["X-Content-Type-Options"] == "nosniff"
        assert "sandbox" in picture.headers["Content-Security-Policy"]


async def test_uploads_beyond_the_common_room_are_refused_with_a_time_to_come_again(settings: Settings) -> None:
    limits = LimitsSettings(upload_mb=2, uploads_mb=3)
    async with run_application(settings.model_copy(update={"limits": limits})) as running:
        base = await new_base(running)
        held = asyncio.Event()
        sent = asyncio.Event()

        async def slowly() -> Any:
            yield b"x" * 1_900_000
            sent.set()
            await held.wait()
            yield b"tea"

        url = f"/api/bases/{base['id']}/documents"
        # Without a length only what has come counts, so the first half is what is held.
        first = asyncio.create_task(_post_status(running, url, slowly()))
        await sent.wait()
        async with asyncio.timeout(30):
            while running.services.uploads.taken_bytes < 1_900_000:
                await asyncio.sleep(0.01)
        too_much = BytesIO(b"y" * 1_500_000)
        async with running.client.session.post(url, params={"name": "b.txt"}, data=too_much) as reply:
            problem = json.loads(await reply.read())
            assert (reply.status, problem["code"]) == (429, "too_many")
            assert int(reply.headers["Retry-After"]) > 0
        held.set()
        assert await first == 202
        assert running.services.uploads.taken_bytes == 0


async def _post_status(running: Running, url: str, body: Any) -> int:
    async with running.client.session.post(url, params={"name": "a.txt"}, data=body) as reply:
        return reply.status


def library_routes() -> list[tuple[str, str]]:
    return sorted(
        (method, route.path)
        for router in ROUTERS
        for route in router.routes
        if isinstance(route, APIRoute)
        for method in route.methods or ()
        if any(part in route.path for part in ("{base_id}", "{document_id}"))
    )


async def test_nothing_of_another_person_can_be_seen_changed_or_deleted(settings: Settings) -> None:
    async with run_application(settings) as running:
        assert settings.database_url is not None
        stranger = await another_actor(settings.database_url)
        chat = make_chat(stranger)
        document_id = await store_scan(running, stranger)
        async with running.services.storage.transaction() as tx:
            base = KnowledgeBase(
                base_id=new_base_id(), owner_id=stranger.user_id, name="Theirs", created_at=await tx.now()
            )
            await tx.bases.add(stranger, base)
            await tx.chats.add(stranger, chat)
        bodies: dict[str, Any] = {"PATCH": {"name": "Mine"}, "PUT": {"base_ids": []}, "POST": {}}
        query = "?page=1&start=0&end=1&text=a&name=x.txt"
        routes = [*library_routes(), ("GET", "/api/chats/{chat_id}/bases"), ("PUT", "/api/chats/{chat_id}/bases")]
        assert len(routes) > 20
        for known in (True, False):
            for method, path in routes:
                filled = path.replace("{number}", "1")
                for name, own in (("base_id", base.base_id), ("document_id", document_id), ("chat_id", chat.chat_id)):
                    filled = filled.replace("{" + name + "}", str(own) if known else NOBODY)
                status, problem = await running.client.send(method, filled + query, bodies.get(method))
                assert (status, problem["code"]) == (404, "not_found"), (method, path, problem)
        # Ids in bodies: bases for a chat of one's own, pages for a message of one's own.
        own_chat = await running.client.new_chat(model="image")
        status, _ = await running.client.send("PUT", f"/api/chats/{own_chat}/bases", {"base_ids": [str(base.base_id)]})
        assert status == 404
        for attached in (
            {"document_ids": [str(document_id)]},
            {"pages": [{"document_id": str(document_id), "page": 1}]},
        ):
            message = {"text": "What?", "parent_id": None, **attached}
            status, _ = await running.client.send("POST", f"/api/chats/{own_chat}/messages", message)
            assert status == 404, attached
        _, listing = await running.client.send("GET", "/api/bases")
        assert base.name not in str(listing)
        async with running.services.storage.transaction() as tx:
            assert await tx.bases.access(stranger, base.base_id) == base
            assert (await tx.documents.access(stranger, document_id)).status == "ready"


async def test_only_a_key_for_the_app_opens_the_library(running: Running) -> None:
    base = await new_base(running)
    document = await add(running, base["id"], "tea.txt", b"Tea is hot.")
    paths = ("/api/bases", f"/api/bases/{base['id']}/documents", f"/api/documents/{document['id']}/file")
    keys = {scope: await running.new_key(scope) for scope in ("app", "models", "chat")}
    for scope, key in keys.items():
        for path in paths:
            headers = {"Authorization": f"Bearer {key}"}
            async with running.client.session.get(path, headers=headers) as reply:
                expected = 200 if scope == "app" else 403
                assert reply.status == expected, (scope, path)


async def test_the_attachments_of_a_letter_are_documents_of_their_own(running: Running) -> None:
    base = await new_base(running)
    letter = EmailMessage()
    letter["From"], letter["To"], letter["Subject"] = "a@example.org", "b@example.org", "Tea"
    letter.set_content("The price list is attached.")
    letter.add_attachment(b"Tea costs 12 roubles.", maintype="text", subtype="plain", filename="prices.txt")
    letter.add_attachment(papers.red_circle_png(), maintype="image", subtype="png", filename="circle.png")
    document = await add(running, base["id"], "letter.eml", letter.as_bytes())
    async with asyncio.timeout(60):
        while True:
            _, found = await running.client.send("GET", f"/api/documents/{document['id']}/parts")
            if [part["status"] for part in found["documents"]] == ["ready", "ready"]:
                break
            await asyncio.sleep(0.05)
    prices, circle = found["documents"]
    assert (prices["name"], prices["parent_id"], prices["base_id"]) == ("prices.txt", document["id"], base["id"])
    assert (len(prices["pages"]), len(prices["figures"]), len(circle["figures"])) == (1, 0, 1)
    assert await running.client.send("GET", f"/api/documents/{circle['id']}") == (200, circle)
