"""Knowledge bases that are shared: everybody reads and searches them, and their owner alone changes them."""

from dataclasses import replace
from io import BytesIO
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest
from PIL import Image
from tests.integration.test_library import NOBODY, add, library_routes, new_base, owner_of
from tests.support.application import Event, Running
from tests.support.database import make_chunk, make_document

from samovar.domain.actor import Actor
from samovar.domain.document import Document, DocumentFigure, Entity, KnowledgeBase
from samovar.domain.errors import NotFound
from samovar.domain.ids import BaseId, new_base_id, new_user_id
from samovar.domain.layout import Rectangle, Word
from samovar.domain.page import Page

SECRET = "The pass word of the cellar is cranberry."


def database_of(running: Running) -> str:
    assert running.settings.database_url is not None
    return running.settings.database_url


async def new_person(running: Running) -> Actor:
    user_id = new_user_id()
    async with await psycopg.AsyncConnection.connect(database_of(running), autocommit=True) as connection:
        await connection.execute("INSERT INTO users (user_id, name) VALUES (%s, 'somebody')", (user_id,))
    return Actor(user_id=user_id, entry_point="cookie")


async def set_active(running: Running, person: Actor, *, active: bool) -> None:
    async with await psycopg.AsyncConnection.connect(database_of(running), autocommit=True) as connection:
        await connection.execute("UPDATE users SET is_active = %s WHERE user_id = %s", (active, person.user_id))


async def their_base(running: Running, person: Actor, *, shared: bool, name: str | None = None) -> KnowledgeBase:
    base = KnowledgeBase(
        base_id=new_base_id(),
        owner_id=person.user_id,
        name=name or f"Theirs {uuid4()}",
        is_shared=shared,
        created_at=(await now(running)),
    )
    async with running.services.storage.transaction() as tx:
        await tx.bases.add(person, base)
    return base


async def now(running: Running) -> Any:
    async with running.services.storage.transaction() as tx:
        return await tx.now()


async def share(running: Running, person: Actor, base: KnowledgeBase, *, shared: bool) -> None:
    async with running.services.storage.transaction() as tx:
        await tx.bases.save(person, replace(base, is_shared=shared))


async def put_picture(running: Running, person: Actor, base: KnowledgeBase, text: str = SECRET) -> Document:
    """A picture with words on it, as OCR leaves it, in a base."""
    file = BytesIO()
    Image.new("RGB", (100, 50), "white").save(file, "PNG")
    sha256 = await running.services.blobs.put(file.getvalue())
    document = replace(make_document(person, name="cellar.png", sha256=sha256, base=base), kind="image", page_count=1)
    word = Word(start=0, end=3, box=Rectangle(x=10.0, y=10.0, width=30.0, height=10.0), confidence=0.9)
    page = Page(number=1, text=text, status="ocr", width=200.0, height=100.0, confidence=0.9, words=(word,))
    figure = DocumentFigure(
        document_id=document.document_id, page=1, number=1, sha256=sha256, media_type="image/png", width=100, height=50
    )
    async with running.services.storage.transaction() as tx:
        await tx.documents.add(person, document, chat_id=None)
        chunk = make_chunk(document.document_id, text, page=1)
        await tx.readings.save_pages(document.document_id, [page], [figure], [chunk])
        seen = Entity(kind="object", label="cup", box=None, confidence=None, found_by="eye")
        await tx.figures.set_entities(document.document_id, 1, 1, [seen])
    return document


async def status_of(running: Running, method: str, path: str, base: KnowledgeBase, document: Document) -> int:
    """Ask a route of the library about a base or a document by its id."""
    filled = path.replace("{base_id}", str(base.base_id)).replace("{document_id}", str(document.document_id))
    filled = filled.replace("{number}", "1") + "?page=1&start=0&end=1&text=a&name=x.txt"
    body = {"PATCH": {"name": "Mine", "is_shared": False}, "POST": {}}.get(method)
    async with running.client.session.request(method, filled, json=body) as reply:
        return reply.status


async def all_statuses(running: Running, base: KnowledgeBase, document: Document) -> dict[tuple[str, str], int]:
    return {(method, path): await status_of(running, method, path, base, document) for method, path in library_routes()}


async def test_a_shared_base_is_read_by_everyone_and_changed_by_its_owner_alone(running: Running) -> None:
    person = await new_person(running)
    base = await their_base(running, person, shared=True)
    document = await put_picture(running, person, base)
    statuses = await all_statuses(running, base, document)
    reading = {route: status for route, status in statuses.items() if route[0] == "GET"}
    writing = {route: status for route, status in statuses.items() if route[0] != "GET"}
    assert len(reading) >= 12, reading
    assert set(reading.values()) == {200}, reading
    assert len(writing) >= 6, writing
    assert set(writing.values()) == {404}, writing
    async with running.services.storage.transaction() as tx:
        assert await tx.bases.access(person, base.base_id) == base
        assert (await tx.documents.access(person, document.document_id)).status == "ready"
    _, listing = await running.client.send("GET", "/api/bases")
    [listed] = [found for found in listing["bases"] if found["id"] == str(base.base_id)]
    assert (listed["is_shared"], listed["is_own"], listed["documents"]["ready"]) == (True, False, 1)
    _, documents = await running.client.send("GET", f"/api/bases/{base.base_id}/documents")
    assert [found["id"] for found in documents["documents"]] == [str(document.document_id)]


@pytest.mark.parametrize("end", ["shared no more", "suspended", "deleted"])
async def test_what_is_shared_no_more_is_gone_at_once(running: Running, end: str) -> None:
    person = await new_person(running)
    base = await their_base(running, person, shared=True)
    document = await put_picture(running, person, base)
    chat_id = await running.client.new_chat(model="text")
    path = f"/api/chats/{chat_id}/bases"
    status, chosen = await running.client.send("PUT", path, {"base_ids": [str(base.base_id)]})
    assert (status, [found["is_own"] for found in chosen["bases"]]) == (200, [False])
    turn, before = await running.client.answer(chat_id, "What is the pass word of the cellar?")
    assert [passage["text"] for passage in passages(before)] == [SECRET]
    if end == "shared no more":
        await share(running, person, base, shared=False)
    elif end == "suspended":
        await set_active(running, person, active=False)
    else:
        async with await psycopg.AsyncConnection.connect(database_of(running), autocommit=True) as connection:
            await connection.execute("DELETE FROM users WHERE user_id = %s", (person.user_id,))
    assert await running.client.send("GET", path) == (200, {"bases": []})
    question = "What is the pass word of the cellar? #" + base.name
    _, after = await running.client.answer(chat_id, question, parent_id=turn["reply"]["id"])
    assert passages(after) == []
    statuses = await all_statuses(running, base, document)
    assert set(statuses.values()) == {404}, statuses
    assert (await running.client.send("PUT", path, {"base_ids": [str(base.base_id)]}))[0] == 404
    _, listing = await running.client.send("GET", "/api/bases")
    assert str(base.base_id) not in str(listing)
    if end == "suspended":
        await set_active(running, person, active=True)
        assert [found["id"] for found in (await running.client.send("GET", path))[1]["bases"]] == [str(base.base_id)]


def passages(events: list[Event]) -> list[dict[str, Any]]:
    return [passage for event in events if event.kind == "passages" for passage in event.body["passages"]]


async def test_ids_in_bodies_open_no_more_than_ids_in_paths(running: Running) -> None:
    person = await new_person(running)
    private, shared = await their_base(running, person, shared=False), await their_base(running, person, shared=True)
    hidden, shown = await put_picture(running, person, private), await put_picture(running, person, shared)
    chat_id = await running.client.new_chat(model="image")
    for ids, expected in (
        ([private.base_id], 404),
        ([shared.base_id, private.base_id], 404),
        ([NOBODY], 404),
        ([shared.base_id], 200),
    ):
        status, _ = await running.client.send(
            "PUT", f"/api/chats/{chat_id}/bases", {"base_ids": [str(base_id) for base_id in ids]}
        )
        assert status == expected, ids
    for attached, expected in (
        ({"document_ids": [str(hidden.document_id)]}, 404),
        ({"document_ids": [str(shown.document_id)]}, 404),
        ({"pages": [{"document_id": str(hidden.document_id), "page": 1}]}, 404),
        ({"pages": [{"document_id": str(shown.document_id), "page": 1}]}, 201),
    ):
        message = {"text": "What is it?", "parent_id": None, **attached}
        status, turn = await running.client.send("POST", f"/api/chats/{chat_id}/messages", message)
        assert status == expected, attached
        if status == 201:
            await running.client.whole_run(turn["run_id"])


async def test_a_page_that_may_be_read_no_more_is_left_out_of_the_next_answer(running: Running) -> None:
    person = await new_person(running)
    base = await their_base(running, person, shared=True)
    document = await put_picture(running, person, base)
    chat_id = await running.client.new_chat(model="image")
    message = {"text": "What?", "parent_id": None, "pages": [{"document_id": str(document.document_id), "page": 1}]}
    status, turn = await running.client.send("POST", f"/api/chats/{chat_id}/messages", message)
    assert status == 201
    await running.client.whole_run(turn["run_id"])
    await share(running, person, base, shared=False)
    _, events = await running.client.answer(chat_id, "And now?", parent_id=turn["reply"]["id"])
    assert events[-1].body == {"status": "done", "error": None}
    [notice] = [event.body["values"] for event in events if event.kind == "notice"]
    assert (notice["count"], notice["reason"]) == (1, "not_found")


async def test_a_name_means_ones_own_base_before_one_that_is_shared(running: Running) -> None:
    person = await new_person(running)
    theirs = await their_base(running, person, shared=True, name="Cellar Papers")
    await put_picture(running, person, theirs)
    chat_id = await running.client.new_chat(model="text")
    question = "#cellar papers What is the pass word of the cellar?"
    _, events = await running.client.answer(chat_id, question)
    assert [passage["text"] for passage in passages(events)] == [SECRET]
    mine = await new_base(running, name="Cellar papers")
    await add(running, mine["id"], "cellar.txt", b"The pass word of the cellar is blueberry.")
    _, events = await running.client.answer(chat_id, question)
    assert [passage["text"] for passage in passages(events)] == ["The pass word of the cellar is blueberry."]


async def test_the_owner_shares_a_base_and_takes_it_back(running: Running) -> None:
    base = await new_base(running)
    assert (base["is_shared"], base["is_own"]) == (False, True)
    path = f"/api/bases/{base['id']}"
    person = await new_person(running)
    for shared in (True, False):
        status, changed = await running.client.send("PATCH", path, {"is_shared": shared})
        assert (status, changed["is_shared"], changed["name"]) == (200, shared, base["name"])
        async with running.services.storage.transaction() as tx:
            assert base["name"] in [found.name for found in await tx.bases.view_all(await owner_of(running))]
            visible = [found.name for found in await tx.bases.view_all(person)]
        assert (base["name"] in visible) is shared
    _, renamed = await running.client.send("PATCH", path, {"name": f"Renamed {uuid4()}"})
    assert renamed["is_shared"] is False
    at_once = await new_base(running, is_shared=True)
    assert at_once["is_shared"] is True


async def test_nothing_can_be_put_into_the_base_of_somebody_else(running: Running) -> None:
    person, owner = await new_person(running), await owner_of(running)
    base = await their_base(running, person, shared=True)
    document = await put_picture(running, person, base)
    other = await new_base(running)
    async with running.services.storage.transaction() as tx:
        for attempt in (
            tx.documents.add(owner, make_document(owner, base=base), chat_id=None),
            tx.bases.save(owner, replace(base, name="Mine", owner_id=owner.user_id)),
            tx.bases.remove(owner, base.base_id),
            tx.documents.access(owner, document.document_id),
            tx.documents.remove(owner, document.document_id),
            tx.documents.with_parts(owner, document.document_id),
            tx.figures.access(owner, document.document_id, 1, 1),
            tx.bases.access(owner, base.base_id),
        ):
            with pytest.raises(NotFound):
                await attempt
        # The place in somebody else's list is no way to learn of a document.
        assert (
            await tx.documents.view_base(owner, BaseId(UUID(other["id"])), before=document.document_id, limit=5) == ()
        )
