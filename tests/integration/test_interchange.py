"""Chats out of one Samovar and into another, through the API and through the database."""

import asyncio
import io
import json
import zipfile
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import docx
import pypdfium2
from tests.support.application import Client, Running
from tests.support.database import another_actor, make_chat, make_message
from tests.support.exports import chatgpt_chat, chatgpt_node, zipped

from samovar.domain.actor import Actor
from samovar.domain.chat import Chat
from samovar.domain.citation import Citation
from samovar.domain.context import PinnedFact, Summary
from samovar.domain.ids import new_document_id, new_run_id, new_summary_id
from samovar.domain.parameters import GenerationParameters
from samovar.interchange.exporting import ChatExport
from samovar.interchange.storing import ChatImport
from samovar.storage import PostgresStorage

START = datetime(2024, 3, 1, 12, 0, 0, 123456, tzinfo=UTC)


async def add_rich_chat(storage: PostgresStorage, actor: Actor, *, title: str = "Заварка") -> Chat:
    """A chat with everything that a chat can have, but for files."""
    chat = make_chat(actor)
    question = replace(make_message(chat.chat_id, text="Как?\n```\nx"), position=1, created_at=START, task="answer")
    reply = replace(
        make_message(chat.chat_id, role="assistant", text="Так [1].", parent_id=question.message_id),
        position=2,
        reasoning="Подумаю.",
        model="qwen3",
        run_id=new_run_id(),
        run_status="stopped",
        error_code="backend_broke",
        outcome={"notices": [{"code": "reply_cut"}], "usage": None, "error": None, "grounding": None},
        citations=(
            Citation(
                n=1,
                document_id=new_document_id(),
                document="чай.pdf",
                page=3,
                start=1,
                end=9,
                quote="кипяток",
                verified=True,
                origin="model",
            ),
        ),
        created_at=START + timedelta(seconds=1),
    )
    other = replace(
        make_message(chat.chat_id, role="assistant", text="Иначе.", parent_id=question.message_id),
        position=3,
        created_at=START + timedelta(seconds=2),
    )
    chat = replace(
        chat,
        title=title,
        system_prompt="Кратко.",
        model="qwen3",
        parameters=GenerationParameters(temperature=0.5, stop=("END",), json_schema={"type": "object"}),
        head_id=reply.message_id,
        folder="Дом/Кухня",
        tags=("чай", "tea"),
        is_pinned=True,
        is_archived=True,
        strategy="recall",
        context_after=2,
        facts=(PinnedFact(text="Воды 80 °C", message_id=reply.message_id), PinnedFact(text="Чай")),
        created_at=START,
        updated_at=START + timedelta(days=1),
    )
    summary = Summary(
        summary_id=new_summary_id(),
        chat_id=chat.chat_id,
        through_id=reply.message_id,
        through_position=2,
        turns=2,
        text="О чае.",
        model="qwen3",
        is_active=False,
        is_edited=True,
        created_at=START,
    )
    async with storage.transaction() as tx:
        await tx.archive.add_chat(actor, chat, [question, reply, other])
        await tx.summaries.add(actor, summary)
    return chat


async def exported(storage: PostgresStorage, actor: Actor) -> bytes:
    return b"".join([piece async for piece in ChatExport(storage).all(actor, "json", "en").pieces])


async def remove_all(storage: PostgresStorage, actor: Actor) -> None:
    async with storage.transaction() as tx:
        for chat in [chat async for chat in tx.archive.chats(actor)]:
            await tx.chats.remove(actor, chat.chat_id)


async def test_export_import_export_is_the_same_to_the_byte(
    storage: PostgresStorage, actor: Actor, tmp_path: Path
) -> None:
    await add_rich_chat(storage, actor)
    await add_rich_chat(storage, actor, title='"\\ \u2028 😀')
    await add_rich_chat(storage, actor, title="")
    first = await exported(storage, actor)
    path = tmp_path / "chats.json"
    await asyncio.to_thread(path.write_bytes, first)
    again = await ChatImport(storage).take(actor, path, "chats.json")
    assert (again.source, again.chats, again.skipped, again.problems) == ("samovar", 0, 3, ())
    await remove_all(storage, actor)
    result = await ChatImport(storage).take(actor, path, "chats.json")
    assert (result.chats, result.messages, result.skipped, result.problems) == (3, 9, 0, ())
    assert await exported(storage, actor) == first
    assert json.loads(first)["chats"][0]["summaries"][0]["text"] == "О чае."


async def test_an_export_in_other_hands_gets_ids_of_its_own_and_touches_nothing(
    storage: PostgresStorage, actor: Actor, tmp_path: Path, clean_database_url: str
) -> None:
    chat = await add_rich_chat(storage, actor)
    before = await exported(storage, actor)
    path = tmp_path / "chats.json"
    await asyncio.to_thread(path.write_bytes, before)
    other = await another_actor(clean_database_url)
    result = await ChatImport(storage).take(other, path, "chats.json")
    assert (result.chats, [problem.what for problem in result.problems]) == (1, ["chat_of_another"])
    assert (await ChatImport(storage).take(other, path, "chats.json")).skipped == 1
    assert await exported(storage, actor) == before
    theirs = json.loads(await exported(storage, other))["chats"][0]
    assert theirs["id"] != str(chat.chat_id)
    assert [message["text"] for message in theirs["messages"]] == ["Как?\n```\nx", "Так [1].", "Иначе."]


async def test_files_and_examples_that_are_not_here_are_told(
    storage: PostgresStorage, actor: Actor, tmp_path: Path
) -> None:
    chat = await add_rich_chat(storage, actor)
    value = json.loads(await exported(storage, actor))
    await remove_all(storage, actor)
    value["chats"][0]["examples_id"] = str(uuid4())
    lost = {"id": str(uuid4()), "name": "чай.pdf", "sha256": "0" * 64, "page": None}
    value["chats"][0]["messages"][0]["documents"] = [lost, {**lost, "page": 2}]
    path = tmp_path / "chats.json"
    await asyncio.to_thread(path.write_text, json.dumps(value))
    result = await ChatImport(storage).take(actor, path, "chats.json")
    assert {(problem.what, problem.count) for problem in result.problems} == {
        ("document_missing", 2),
        ("examples_missing", 1),
    }
    async with storage.reading() as tx:
        assert (await tx.chats.access(actor, chat.chat_id)).examples_id is None


async def upload(client: Client, name: str, content: bytes) -> tuple[int, Any]:
    async with client.session.post("/api/import", params={"name": name}, data=content) as reply:
        return reply.status, await reply.json(content_type=None)


async def download(client: Client, path: str) -> tuple[int, str, bytes]:
    async with client.session.get(path) as reply:
        return reply.status, reply.headers.get("Content-Disposition", ""), await reply.read()


def tea() -> dict[str, Any]:
    nodes = [chatgpt_node("q", None, "user", "Как заварить чай?"), chatgpt_node("a", "q", "assistant", "**Кипятком**.")]
    return chatgpt_chat(nodes)


async def test_a_chat_comes_in_by_the_api_is_found_and_goes_out_in_every_form(running: Running) -> None:
    client = running.client
    status, body = await upload(client, "чаты.zip", zipped({"conversations.json": [tea()], "x.png": b"\x89PNG"}))
    assert status == 200
    assert body == {
        "source": "chatgpt",
        "chats": 1,
        "messages": 2,
        "skipped": 0,
        "problems": [{"what": "archive_entry", "count": 1, "example": "x.png"}],
    }
    assert (await upload(client, "again", json.dumps([tea()]).encode()))[1]["skipped"] == 1
    _, found = await client.send("GET", "/api/find?q=заварить")
    assert [one["title"] for one in found["messages"]][:1] == ["Заварка чая"]
    chat_id = found["messages"][0]["chat_id"]
    status, disposition, content = await download(client, f"/api/chats/{chat_id}/export?format=json")
    assert status == 200
    assert disposition.startswith("attachment")
    assert disposition.endswith(".json")
    assert json.loads(content)["chats"][0]["id"] == chat_id
    _, _, content = await download(client, f"/api/chats/{chat_id}/export?format=markdown&language=ru")
    assert "## Вы" in content.decode()
    assert "**Кипятком**." in content.decode()
    _, _, content = await download(client, f"/api/chats/{chat_id}/export?format=docx")
    assert "Кипятком." in [paragraph.text for paragraph in docx.Document(io.BytesIO(content)).paragraphs]
    _, _, content = await download(client, f"/api/chats/{chat_id}/export?format=pdf")
    document = pypdfium2.PdfDocument(content)
    assert "Кипятком." in document[0].get_textpage().get_text_bounded()
    document.close()
    _, _, content = await download(client, "/api/export?format=markdown")
    assert "Заварка чая.md" in zipfile.ZipFile(io.BytesIO(content)).namelist()
    assert (await download(client, "/api/export?format=pdf"))[0] == 400
    assert (await download(client, f"/api/chats/{uuid4()}/export"))[0] == 404


async def test_a_refused_upload_leaves_no_file_behind(running: Running) -> None:
    for content, code in ((b"hello", "import_unrecognised"), (b"PK\x03\x04 nonsense", "import_damaged")):
        status, body = await upload(running.client, "x", content)
        assert (status >= 400, body["code"]) == (True, code)
    folder = running.settings.data_dir / "arrivals"
    assert list(folder.iterdir()) == []
