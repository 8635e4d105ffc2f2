"""What was deleted never appears again; what was quoted from it stays as text."""

from typing import Any

import psycopg
import pytest
from tests.integration.test_library import add, new_base
from tests.integration.test_sharing import new_person, passages, put_picture, share, their_base
from tests.support.application import Event, Running
from tests.support.shared_world import HashedWords

from samovar.chat import reply
from samovar.chat.citing import cite_answer

SECRET = "The pass word of the cellar is cranberry."


async def rows_of(running: Running, document_id: str) -> dict[str, int]:
    """How many rows each table still holds of a document."""
    assert running.settings.database_url is not None
    async with await psycopg.AsyncConnection.connect(running.settings.database_url) as connection:
        found = await connection.execute(
            "SELECT table_name FROM information_schema.columns"
            " WHERE column_name = 'document_id' AND table_schema = current_schema()"
        )
        tables = sorted(name for (name,) in await found.fetchall())
        counts = {}
        for table in tables:
            counted = await connection.execute(f'SELECT count(*) FROM "{table}" WHERE document_id = %s', (document_id,))
            row = await counted.fetchone()
            assert row is not None
            counts[table] = row[0]
    return counts


async def fill_vectors(running: Running) -> None:
    """Give every chunk a vector, as the filler would."""
    embedder = HashedWords()
    async with running.services.storage.transaction() as tx:
        await tx.vectors.use(embedder.name, len(embedder.vector("")))
        while wanting := await tx.vectors.wanting(embedder.name, limit=100):
            await tx.vectors.add(embedder.name, {chunk_id: embedder.vector(text) for chunk_id, text in wanting})


async def test_a_deleted_document_never_appears_again_and_its_quotes_stay_as_text(running: Running) -> None:
    base = await new_base(running)
    document = await add(running, base["id"], "cellar.txt", SECRET.encode())
    await fill_vectors(running)
    chat_id = await running.client.new_chat(model="echo")
    await running.client.send("PUT", f"/api/chats/{chat_id}/bases", {"base_ids": [base["id"]]})
    turn, events = await running.client.answer(chat_id, f"What is the pass word of the cellar? {SECRET}")
    assert [passage["text"] for passage in passages(events)] == [SECRET]
    before = await rows_of(running, document["id"])
    assert {"chunks", "documents", "pages", "vectors"} <= {table for table, count in before.items() if count}
    assert (await running.client.send("DELETE", f"/api/documents/{document['id']}"))[0] == 204
    assert set((await rows_of(running, document["id"])).values()) == {0}
    _, found = await running.client.send("GET", f"/api/chats/{chat_id}")
    citations = found["messages"][-1]["citations"]
    assert any(one["quote"] == SECRET and one["document_id"] == document["id"] for one in citations), citations
    assert found["documents"] == []
    for part in ("", "/text", "/file", "/find?text=cellar", "/boxes?start=0&end=3", "/words", "/parts"):
        status, problem = await running.client.send("GET", f"/api/documents/{document['id']}{part}")
        assert (status, problem["code"]) == (404, "not_found"), part
    _, after = await running.client.answer(
        chat_id, "What is the pass word of the cellar?", parent_id=turn["reply"]["id"]
    )
    assert passages(after) == []
    grounding = [event.body for event in after if event.kind == "grounding"]
    assert all(not one["nearest"] for one in grounding)


async def test_pictures_and_what_was_seen_on_them_go_with_their_document(running: Running) -> None:
    person = await new_person(running)
    base = await their_base(running, person, shared=True)
    document = await put_picture(running, person, base)
    before = await rows_of(running, str(document.document_id))
    assert {"figures", "entities"} <= {table for table, count in before.items() if count}
    async with running.services.storage.transaction() as tx:
        unused = await tx.bases.remove(person, base.base_id)
    await running.services.intake.discard(unused)
    assert set((await rows_of(running, str(document.document_id))).values()) == {0}
    for path in ("", "/figures/1/image?page=1", "/figures/1/entities?page=1", "/image"):
        status, _ = await running.client.send("GET", f"/api/documents/{document.document_id}{path}")
        assert status == 404, path


@pytest.mark.parametrize("end", ["deleted", "shared no more"])
async def test_a_quote_is_not_called_checked_when_the_right_to_read_went_while_the_answer_was_written(
    running: Running, end: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    person = await new_person(running)
    base = await their_base(running, person, shared=True)
    document = await put_picture(running, person, base, SECRET)
    chat_id = await running.client.new_chat(model="echo")
    await running.client.send("PUT", f"/api/chats/{chat_id}/bases", {"base_ids": [str(base.base_id)]})
    question = f"What is the pass word of the cellar? {SECRET}"
    turn, before = await running.client.answer(chat_id, question)
    assert any(one["verified"] for one in citations_of(before)), "with the right it is checked"

    async def cite_too_late(*given: Any) -> None:
        if end == "deleted":
            async with running.services.storage.transaction() as tx:
                await tx.documents.remove(person, document.document_id)
        else:
            await share(running, person, base, shared=False)
        await cite_answer(*given)

    monkeypatch.setattr(reply, "cite_answer", cite_too_late)
    _, after = await running.client.answer(chat_id, question, parent_id=turn["reply"]["id"])
    assert passages(after), "it was found"
    assert not any(one["verified"] for one in citations_of(after))


def citations_of(events: list[Event]) -> list[dict[str, Any]]:
    return [citation for event in events if event.kind == "citations" for citation in event.body["citations"]]
