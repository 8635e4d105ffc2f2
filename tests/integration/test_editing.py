"""What can be done to a chat and its tree, and what is refused."""

import asyncio
from uuid import uuid4

import pytest
from tests.support.application import Client, Running, run_application
from tests.support.database import another_actor, make_chat

from samovar.settings import Settings

NOBODY = "00000000-0000-4000-8000-000000000000"


async def test_a_chat_is_changed_in_what_the_body_names_and_in_nothing_else(running: Running) -> None:
    chat_id = await running.client.new_chat(
        model="text", title="Tea", system_prompt="Be brief.", parameters={"temperature": 0.5, "stop": ["END"]}
    )
    path = f"/api/chats/{chat_id}"
    expected: dict[str, object] = {
        "title": "Tea",
        "system_prompt": "Be brief.",
        "model": "text",
        "parameters": {"temperature": 0.5, "stop": ["END"]},
    }
    changes: list[tuple[dict[str, object], dict[str, object]]] = [
        ({}, {}),
        ({"title": "  Jam "}, {"title": "Jam"}),
        ({"system_prompt": "Be long."}, {"system_prompt": "Be long."}),
        ({"model": "echo"}, {"model": "echo"}),
        ({"parameters": {"seed": 7}}, {"parameters": {"seed": 7}}),
        (
            {"system_prompt": None, "model": None, "parameters": None},
            {"system_prompt": "", "model": None, "parameters": {}},
        ),
    ]
    for body, change in changes:
        status, changed = await running.client.send("PATCH", path, body)
        expected |= change
        assert status == 200
        assert {name: changed[name] for name in expected} == expected
        _, found = await running.client.send("GET", path)
        assert found["chat"] == changed


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"title": "  "}, "invalid_request"),
        ({"title": None}, "invalid_request"),
        ({"title": "x" * 201}, "invalid_request"),
        ({"parameters": {"temperature": 3}}, "invalid_parameter"),
        ({"owner_id": NOBODY}, "invalid_request"),
    ],
)
async def test_a_change_that_cannot_be_is_refused_whole(running: Running, body: dict[str, object], code: str) -> None:
    chat_id = await running.client.new_chat(title="Tea", model="text")
    path = f"/api/chats/{chat_id}"
    _, before = await running.client.send("GET", path)
    status, problem = await running.client.send("PATCH", path, {"system_prompt": "New.", **body})
    assert (status, problem["code"]) == (400, code)
    _, after = await running.client.send("GET", path)
    assert after == before


async def test_the_head_is_a_message_of_the_same_chat(running: Running) -> None:
    one, other = [await running.client.new_chat(model="text") for _ in range(2)]
    turn, _ = await running.client.answer(one, "Tea?")
    for head_id in (turn["reply"]["id"], NOBODY):
        status, problem = await running.client.send("PATCH", f"/api/chats/{other}", {"head_id": head_id})
        assert (status, problem["code"]) == (404, "not_found")
    status, chat = await running.client.send("PATCH", f"/api/chats/{one}", {"head_id": None})
    assert (status, chat["head_id"]) == (200, turn["reply"]["id"])


async def test_the_chats_are_listed_with_the_one_changed_last_first(running: Running) -> None:
    first, second = [await running.client.new_chat(title="Tea") for _ in range(2)]

    async def newest() -> list[str]:
        _, found = await running.client.send("GET", "/api/chats")
        return [chat["id"] for chat in found["chats"]][:2]

    assert await newest() == [second, first]
    await running.client.send("PATCH", f"/api/chats/{first}", {"title": "Jam"})
    assert await newest() == [first, second]


async def test_a_message_above_the_limit_is_refused_with_the_limit(settings: Settings) -> None:
    short = settings.model_copy(update={"limits": settings.limits.model_copy(update={"message_characters": 1000})})
    async with run_application(short) as running:
        chat_id = await running.client.new_chat(model="text")
        path = f"/api/chats/{chat_id}/messages"
        status, problem = await running.client.send("POST", path, {"text": "ё" * 1001})
        assert (status, problem["code"]) == (400, "invalid_request")
        assert "1000" in problem["title"]
        status, _ = await running.client.send("POST", path, {"text": "ё" * 1000})
        assert status == 201


async def test_a_message_names_at_most_twenty_files(running: Running) -> None:
    chat_id = await running.client.new_chat(model="text")
    body = {"text": "Look", "document_ids": [str(uuid4()) for _ in range(21)]}
    status, problem = await running.client.send("POST", f"/api/chats/{chat_id}/messages", body)
    assert (status, problem["code"]) == (400, "invalid_request")


async def test_a_file_of_another_chat_cannot_be_sent_along(running: Running) -> None:
    one, other = [await running.client.new_chat(model="text") for _ in range(2)]
    _, document = await running.client.upload(one, "tea.txt", b"Tea is hot.")
    for document_id in (document["id"], NOBODY):
        body = {"text": "Look", "document_ids": [document_id]}
        status, problem = await running.client.send("POST", f"/api/chats/{other}/messages", body)
        assert (status, problem["code"], problem["values"]) == (404, "not_found", {"what": "document"})
    _, found = await running.client.send("GET", f"/api/chats/{other}")
    assert found["messages"] == []


async def test_a_message_stands_below_a_reply_of_its_own_chat(running: Running) -> None:
    one, other = [await running.client.new_chat(model="text") for _ in range(2)]
    turn, _ = await running.client.answer(one, "Tea?")
    for chat_id, parent_id, status in (
        (other, turn["reply"]["id"], 404),
        (one, NOBODY, 404),
        (one, turn["message"]["id"], 400),
    ):
        body = {"text": "And?", "parent_id": parent_id}
        found, _ = await running.client.send("POST", f"/api/chats/{chat_id}/messages", body)
        assert found == status
    _, tree = await running.client.send("GET", f"/api/chats/{one}")
    assert len(tree["messages"]) == 2


async def test_only_a_reply_is_made_again(running: Running) -> None:
    chat_id = await running.client.new_chat(model="text")
    turn, _ = await running.client.answer(chat_id, "Tea?")
    status, problem = await running.client.send("POST", f"/api/messages/{turn['message']['id']}/regenerate")
    assert (status, problem["code"]) == (400, "invalid_request")
    status, problem = await running.client.send("POST", f"/api/messages/{NOBODY}/regenerate")
    assert (status, problem["code"]) == (404, "not_found")


async def test_a_chat_begun_with_a_file_and_no_words_has_no_title_yet(running: Running) -> None:
    chat_id = await running.client.new_chat(model="text")
    _, document = await running.client.upload(chat_id, "tea.txt", b"Tea is hot.")
    turn, events = await running.client.answer(chat_id, " \n\t\n", document_ids=[document["id"]])
    assert events[-1].body["status"] == "done"
    _, found = await running.client.send("GET", f"/api/chats/{chat_id}")
    assert found["chat"]["title"] == ""
    await running.client.answer(chat_id, "\n\n  What is hot?  \nSay.", parent_id=turn["reply"]["id"])
    _, found = await running.client.send("GET", f"/api/chats/{chat_id}")
    assert found["chat"]["title"] == "What is hot?"


async def test_a_run_that_is_over_can_be_stopped_again_without_harm(running: Running) -> None:
    chat_id = await running.client.new_chat(model="text")
    turn, _ = await running.client.answer(chat_id, "Tea?")
    status, _ = await running.client.send("POST", f"/api/runs/{turn['run_id']}/stop")
    assert status == 202
    _, found = await running.client.send("GET", f"/api/chats/{chat_id}")
    assert found["messages"][-1]["run_status"] == "done"


async def test_a_chat_of_somebody_else_does_not_exist(settings: Settings) -> None:
    async with run_application(settings) as running:
        assert settings.database_url is not None
        stranger = await another_actor(settings.database_url)
        chat = make_chat(stranger)
        async with running.services.storage.transaction() as tx:
            await tx.chats.add(stranger, chat)
        path = f"/api/chats/{chat.chat_id}"
        answers = await asyncio.gather(
            running.client.send("GET", path),
            running.client.send("PATCH", path, {"title": "Mine"}),
            running.client.send("DELETE", path),
            running.client.send("POST", f"{path}/messages", {"text": "Hello"}),
            upload_status(running.client, str(chat.chat_id)),
        )
        assert [status for status, _ in answers] == [404] * 5
        async with running.services.storage.transaction() as tx:
            assert await tx.chats.access(stranger, chat.chat_id) == chat


async def upload_status(client: Client, chat_id: str) -> tuple[int, object]:
    return await client.upload(chat_id, "tea.txt", b"Tea is hot.")
