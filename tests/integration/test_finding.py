"""Finding over HTTP: what was said a moment ago, what an import or a crash left, and what stands in documents."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from typing import Any

import psycopg
import pytest
from tests.support.application import Client, Running, run_application
from tests.support.database import another_actor, make_chat, make_message

from samovar.chat.message_index import MessageIndexer
from samovar.domain.actor import Actor
from samovar.domain.errors import StorageUnavailable
from samovar.ports.storage import Transaction
from samovar.settings import Settings
from samovar.storage import PostgresStorage

_PATIENCE_S = 60.0


async def _find(client: Client, query: str, **more: str) -> dict[str, Any]:
    async with client.session.get("/api/find", params={"q": query, **more}) as reply:
        assert reply.status == 200, await reply.text()
        return dict(await reply.json())


async def _until(ask: Callable[[], Awaitable[Any]]) -> Any:
    """What ``ask`` brings once it is something; a busy machine may take its time."""
    async with asyncio.timeout(_PATIENCE_S):
        while not (found := await ask()):
            await asyncio.sleep(0.05)
    return found


async def test_a_question_and_its_reply_are_found_after_its_end_with_their_words_marked(running: Running) -> None:
    client = running.client
    chat_id = await client.new_chat()
    turn, _ = await client.answer(chat_id, "Расскажи о кувшинках пожалуйста")
    asked = (await _until(lambda: _messages(client, "кувшинка from:me")))[0]
    assert asked["chat_id"] == chat_id
    assert asked["message_id"] == turn["message"]["id"]
    start, end = asked["marks"][0]
    assert asked["snippet"][start:end] == "кувшинках"
    assert asked["title"]
    async with running.services.storage.reading() as tx:
        owner = await running.services.sign_in.owner()
        messages = await tx.chats.messages(owner, chat_id)  # type: ignore[arg-type]  # PostgreSQL reads the text form
    reply = next(message for message in messages if message.role == "assistant")
    words = " ".join(reply.text.split()[:6])
    assert str(reply.message_id) in {one["message_id"] for one in (await _find(client, words))["messages"]}


async def test_how_the_query_was_read_and_what_of_it_was_not_is_told(running: Running) -> None:
    found = await _find(running.client, "тег:банк от:меня после:2026-05 до:завтра чай")
    assert found["query"] == {
        "words": "завтра чай",
        "tags": ["банк"],
        "folder": None,
        "role": "user",
        "since": "2026-05-01",
        "until": None,
    }
    assert found["problems"] == [{"typed": "до:завтра", "reason": "bad_date"}]


async def test_documents_are_found_with_their_page_and_marks(running: Running) -> None:
    client = running.client
    chat_id = await client.new_chat()
    status, document = await client.upload(chat_id, "ромашки.txt", "Ромашки растут у дороги.\n".encode())
    assert status in {200, 201, 202}, document

    async def passages() -> list[dict[str, Any]]:
        return list((await _find(client, "ромашка"))["documents"])

    (passage,) = await _until(passages)
    assert passage["document"] == "ромашки.txt"
    assert passage["document_id"] == document["id"]
    assert [passage["snippet"][start:end] for start, end in passage["marks"]] == ["Ромашки"]
    # Documents have no tags and senders of chats.
    assert (await _find(client, "ромашка from:me"))["documents"] == []
    assert (await _find(client, "ромашка before:2020"))["documents"] == []


@pytest.mark.parametrize("query", ["", "x" * 2_001])
async def test_an_empty_and_a_huge_query_are_refused(running: Running, query: str) -> None:
    async with running.client.session.get("/api/find", params={"q": query}) as reply:
        assert reply.status == 400


@pytest.mark.parametrize(
    "query", ["\x00", "' OR 1=1 --", "a & | ! ( <->", '"', "-", "tag:", "%_", "в и на", "🫖" * 900]
)
async def test_whatever_is_typed_is_only_looked_for(running: Running, query: str) -> None:
    found = await _find(running.client, query, limit="50")
    assert len(found["messages"]) <= 50


@pytest.mark.parametrize("limit", ["0", "51", "x"])
async def test_the_limit_is_bounded(running: Running, limit: str) -> None:
    async with running.client.session.get("/api/find", params={"q": "чай", "limit": limit}) as reply:
        assert reply.status == 400


async def test_nobody_finds_the_chats_and_files_of_others(running: Running) -> None:
    storage = running.services.storage
    assert isinstance(storage, PostgresStorage)
    stranger = await another_actor(storage.address)
    chat = make_chat(stranger, title="василёк")
    async with storage.transaction() as tx:
        await tx.chats.add(stranger, chat)
        message = await tx.chats.add_message(stranger, make_message(chat.chat_id, text="василёк"))
        await tx.message_search.index([message.message_id])
    found = await _find(running.client, "василёк")
    assert found["messages"] == found["documents"] == []


async def test_a_deleted_chat_is_found_no_more(running: Running) -> None:
    client = running.client
    chat_id = await client.new_chat()
    await client.answer(chat_id, "незабудка")
    await _until(lambda: _messages(client, "незабудка"))
    status, _ = await client.send("DELETE", f"/api/chats/{chat_id}")
    assert status == 204
    assert await _messages(client, "незабудка") == []


async def _messages(client: Client, query: str) -> list[dict[str, Any]]:
    """The messages found; a title is found without any index."""
    return [one for one in (await _find(client, query))["messages"] if one["message_id"]]


async def test_a_temporary_chat_is_not_indexed(running: Running) -> None:
    body = {"messages": [{"role": "user", "text": "подснежник"}]}
    async with running.client.session.post("/api/temporary/reply", json=body) as reply:
        assert reply.status == 200
        await reply.read()
    chat_id = await running.client.new_chat()
    await running.client.answer(chat_id, "после него сказано: ландыш")
    await _until(lambda: _messages(running.client, "ландыш"))
    assert await _messages(running.client, "подснежник") == []


async def test_what_a_crash_left_out_of_the_index_is_found_after_the_next_start(settings: Settings) -> None:
    async with run_application(settings) as first:
        chat_id = await first.client.new_chat()
        await first.client.answer(chat_id, "орхидея")
        await _until(lambda: _messages(first.client, "орхидея"))
        storage = first.services.storage
        assert isinstance(storage, PostgresStorage)
        await first.services.messages.close()
        with psycopg.connect(storage.address, autocommit=True) as connection:
            connection.execute("DELETE FROM message_words")
        assert await _messages(first.client, "орхидея") == []
    async with run_application(settings) as second:
        await _until(lambda: _messages(second.client, "орхидея"))


@pytest.fixture
async def indexer(storage: PostgresStorage) -> AsyncIterator[MessageIndexer]:
    made = MessageIndexer(storage)
    yield made
    await made.close()


async def _count(storage: PostgresStorage, expected: int) -> bool:
    with psycopg.connect(storage.address, autocommit=True) as connection:
        return connection.execute("SELECT count(*) FROM message_words").fetchone() == (expected,)


async def test_what_was_imported_is_taken_in_piece_by_piece_when_asked_to_look(
    storage: PostgresStorage, actor: Actor, indexer: MessageIndexer
) -> None:
    indexer.start()
    chat = make_chat(actor)
    async with storage.transaction() as tx:
        await tx.chats.add(actor, chat)
    with psycopg.connect(storage.address, autocommit=True) as connection:
        connection.execute(
            "INSERT INTO messages (message_id, chat_id, role, text, reasoning, citations) "
            "SELECT gen_random_uuid(), %s, 'user', 'тюльпан ' || number, '', '[]' "
            "FROM generate_series(1, 350) AS number",
            (chat.chat_id,),
        )
    indexer.look()
    assert await _until(lambda: _count(storage, 350))


async def test_one_message_that_is_gone_keeps_no_other_from_the_index(
    storage: PostgresStorage, actor: Actor, indexer: MessageIndexer
) -> None:
    chat, gone = make_chat(actor), make_chat(actor)
    kept = make_message(chat.chat_id, text="тюльпан")
    lost = make_message(gone.chat_id, text="тюльпан")
    async with storage.transaction() as tx:
        for one in (chat, gone):
            await tx.chats.add(actor, one)
        for message in (kept, lost):
            await tx.chats.add_message(actor, message)
        await tx.chats.remove(actor, gone.chat_id)
    indexer.add(lost.message_id)
    indexer.add(kept.message_id)
    indexer.start()
    assert await _until(lambda: _count(storage, 1))


class _FailingOnce:
    """A real storage of which one transaction fails."""

    def __init__(self, storage: PostgresStorage, fault: Exception) -> None:
        self._storage = storage
        self._faults = [fault]

    async def has_failed(self) -> bool:
        return not self._faults

    def transaction(self) -> AbstractAsyncContextManager[Transaction]:
        if self._faults:
            raise self._faults.pop()
        return self._storage.transaction()


@pytest.mark.parametrize("fault", [StorageUnavailable(), ZeroDivisionError()])
async def test_a_fault_costs_no_message_its_place_in_the_index(
    storage: PostgresStorage, actor: Actor, fault: Exception
) -> None:
    chat = make_chat(actor)
    said = make_message(chat.chat_id, text="тюльпан")
    async with storage.transaction() as tx:
        await tx.chats.add(actor, chat)
        await tx.chats.add_message(actor, said)
    failing = _FailingOnce(storage, fault)
    indexer = MessageIndexer(failing)
    indexer.add(said.message_id)
    indexer.start()
    try:
        await _until(failing.has_failed)
        if not isinstance(fault, StorageUnavailable):
            # What a defect has cost its turn is looked for once a minute, or when there is news.
            indexer.look()
        assert await _until(lambda: _count(storage, 1))
    finally:
        await indexer.close()


async def test_an_imported_chat_is_found(running: Running) -> None:
    said = [{"id": "a", "role": "user", "content": "гладиолус", "timestamp": 1_700_000_000}]
    chats = [{"id": "c", "title": "Цветы", "chat": {"title": "Цветы", "messages": said}}]
    async with running.client.session.post(
        "/api/import", params={"name": "chats.json"}, data=json.dumps(chats).encode()
    ) as reply:
        assert reply.status == 200, await reply.text()
        assert (await reply.json())["messages"] == 1
    (found,) = await _until(lambda: _messages(running.client, "гладиолус"))
    assert found["title"] == "Цветы"
