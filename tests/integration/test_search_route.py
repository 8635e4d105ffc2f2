"""Search over HTTP: what is found, within what is asked for, and why."""

from io import BytesIO
from typing import Any
from urllib.parse import urlencode

import pytest
from tests.integration.test_library import add, new_base
from tests.support.application import Running
from tests.support.database import another_actor, make_chunk, make_document

from samovar.domain.document import KnowledgeBase
from samovar.domain.ids import new_base_id
from samovar.domain.page import Page

NOBODY = "00000000-0000-4000-8000-000000000000"


async def find(running: Running, q: str, **query: Any) -> dict[str, Any]:
    status, found = await running.client.send("GET", f"/api/search?{urlencode({'q': q, **query}, doseq=True)}")
    assert status == 200, found
    return dict(found)


def documents(found: dict[str, Any]) -> list[str]:
    return [hit["document"] for hit in found["hits"]]


async def test_a_hit_tells_its_place_and_with_explain_the_reasons(running: Running) -> None:
    base = await new_base(running)
    text = b"Rules of the harbour. The pier closes at dusk. Ropes lie on the quay."
    document = await add(running, base["id"], "harbour.txt", text, path="rules/harbour.txt")
    found = await find(running, "when does the pier close", base=base["id"], explain=1)
    [hit] = found["hits"]
    assert (hit["document"], hit["document_id"], hit["path"]) == ("harbour.txt", document["id"], "rules/harbour.txt")
    assert (hit["page"], hit["figure"]) == (None, None)
    assert hit["text"] == text.decode()[hit["start"] : hit["end"]]
    assert 0 < hit["score"] <= 1
    evidence = hit["evidence"]
    assert evidence["lexical"]["rank"] == 1
    assert evidence["lexical"]["score"] > 0
    assert set(evidence["matched"]) == {"pier", "closes"}
    assert evidence["searched"] == "when does the pier close"
    assert 0 < evidence["fused"] <= 1
    assert evidence["reranked"] == hit["score"]
    assert set(found["stems"]) >= {"pier", "close"}
    assert found["took_ms"]
    assert all(took >= 0 for took in found["took_ms"].values())
    plain = await find(running, "when does the pier close", base=base["id"])
    assert (plain["took_ms"], plain["stems"], plain["hits"][0]["evidence"]) == (None, None, None)
    assert plain["dense"] in ("off", "filling", "used")


async def test_filters_narrow_what_is_searched(running: Running) -> None:
    one, other = await new_base(running), await new_base(running)
    first = await add(running, one["id"], "walnuts.txt", b"Walnuts are cracked.", path="nuts/walnuts.txt")
    await add(running, one["id"], "hazel.md", b"# Hazel\n\nHazel and walnuts are nuts.", path="bush/hazel.md")
    await add(running, other["id"], "pie.txt", b"A pie of walnuts.")
    both = [one["id"], other["id"]]
    assert sorted(documents(await find(running, "walnuts", base=both))) == ["hazel.md", "pie.txt", "walnuts.txt"]
    assert sorted(documents(await find(running, "walnuts", base=one["id"]))) == ["hazel.md", "walnuts.txt"]
    for query, expected in (
        ({"document": first["id"]}, ["walnuts.txt"]),
        ({"name": "HAZEL"}, ["hazel.md"]),
        ({"folder": "nuts/"}, ["walnuts.txt"]),
        ({"kind": "markdown"}, ["hazel.md"]),
        ({"kind": ["pdf", "docx"]}, []),
        ({"since": "2999-01-01T00:00:00Z"}, []),
        ({"until": "2001-01-01T00:00:00+03:00"}, []),
        ({"limit": 1}, None),
    ):
        found = documents(await find(running, "walnuts", base=both, **query))
        assert found == expected if expected is not None else len(found) == 1, query


async def test_nothing_is_found_by_an_arm_that_is_not_asked(running: Running) -> None:
    base = await new_base(running)
    await add(running, base["id"], "kite.txt", b"A kite needs wind.")
    found = await find(running, "kite", base=base["id"], arm="lexical", rerank="none", explain=1)
    [hit] = found["hits"]
    assert (hit["evidence"]["dense"], hit["evidence"]["reranked"], found["dense"]) == (None, None, "off")


@pytest.mark.parametrize(
    "query",
    [
        "",
        "q=",
        "q=" + "x" * 2001,
        "q=a&limit=0",
        "q=a&limit=51",
        "q=a&kind=exe",
        "q=a&base=1",
        "q=a&since=2024-01-01T00:00:00",
        "q=a&arm=both",
        "q=a&rerank=magic",
        "q=a&" + "&".join(["document=" + NOBODY] * 101),
    ],
)
async def test_what_is_not_in_the_reference_is_refused(running: Running, query: str) -> None:
    status, problem = await running.client.send("GET", f"/api/search?{query}")
    assert (status, problem["code"]) == (400, "invalid_request"), query


async def test_nobody_searches_what_belongs_to_somebody_else(running: Running) -> None:
    assert running.settings.database_url is not None
    stranger = await another_actor(running.settings.database_url)
    async with running.services.storage.transaction() as tx:
        base = KnowledgeBase(base_id=new_base_id(), owner_id=stranger.user_id, name="Theirs", created_at=await tx.now())
        await tx.bases.add(stranger, base)
        document = make_document(stranger, name="secret.txt", base=base, status="reading")
        await tx.documents.add(stranger, document, chat_id=None)
        text = "The zeppelin flies at noon."
        chunk = make_chunk(document.document_id, text)
        await tx.readings.save_pages(document.document_id, [Page(number=None, text=text, status="text")], [], [chunk])
        await tx.readings.finish(document.document_id)
    assert documents(await find(running, "zeppelin", document=str(document.document_id))) == []
    assert "secret.txt" not in documents(await find(running, "zeppelin"))
    for base_id in (base.base_id, NOBODY):
        status, problem = await running.client.send("GET", f"/api/search?q=zeppelin&base={base_id}")
        assert (status, problem["code"]) == (404, "not_found")


async def test_files_of_chats_are_found_without_a_base(running: Running) -> None:
    chat_id = await running.client.new_chat(model="text")
    status, _ = await running.client.upload(chat_id, "gondola.txt", BytesIO(b"Gondolas are black.").read())
    assert status == 201
    assert documents(await find(running, "gondolas")) == ["gondola.txt"]
