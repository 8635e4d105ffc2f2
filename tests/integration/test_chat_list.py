"""The list of chats over HTTP: shelves, folders, tags, pins and pages; what of a chat can be chosen."""

from io import BytesIO
from typing import Any

import pytest
from tests.support.application import Running, run_application
from tests.support.database import another_actor, make_chat

from samovar.domain.examples import ExampleSet
from samovar.domain.ids import new_examples_id
from samovar.settings import Settings

NOBODY = "00000000-0000-4000-8000-000000000000"


async def listed(running: Running, query: str = "") -> dict[str, Any]:
    status, found = await running.client.send("GET", f"/api/chats{query}")
    assert status == 200, found
    return dict(found)


async def titles(running: Running, query: str = "") -> list[str]:
    return [chat["title"] for chat in (await listed(running, query))["chats"]]


async def test_an_old_client_gets_every_active_chat(settings: Settings) -> None:
    async with run_application(settings) as running:
        for title in ("one", "two", "three"):
            await running.client.new_chat(title=title, archived=title == "two")
        found = await listed(running)
        assert [chat["title"] for chat in found["chats"]] == ["three", "one"]
        assert found["next"] is None


async def test_chats_are_listed_by_shelf_folder_tag_and_page(settings: Settings) -> None:
    async with run_application(settings) as running:
        chats: dict[str, dict[str, object]] = {
            "loans": {"folder": "Bank/Loans", "tags": ["red"]},
            "bank": {"folder": "Bank"},
            "old": {"folder": "Bank", "archived": True, "tags": ["blue"]},
            "first": {"pinned": True},
        }
        for title, fields in chats.items():
            await running.client.new_chat(title=title, **fields)
        found = await listed(running)
        assert [chat["title"] for chat in found["chats"]] == ["first", "bank", "loans"]
        assert (found["folders"], found["tags"]) == (["Bank", "Bank/Loans"], ["blue", "red"])
        assert await titles(running, "?shelf=archived") == ["old"]
        assert await titles(running, "?shelf=all") == ["first", "old", "bank", "loans"]
        assert await titles(running, "?folder=Bank&shelf=all") == ["old", "bank", "loans"]
        assert await titles(running, "?folder=Bank%2FLoans") == ["loans"]
        assert await titles(running, "?tag=red") == ["loans"]
        assert await titles(running, "?folder=&tag=") == ["first", "bank", "loans"]
        page = await listed(running, "?limit=1")
        assert [chat["title"] for chat in page["chats"]] == ["first", "bank"]
        rest = await listed(running, f"?limit=1&before={page['next']}")
        assert ([chat["title"] for chat in rest["chats"]], rest["next"]) == (["loans"], None)


@pytest.mark.parametrize(
    "query",
    ["?shelf=bin", "?limit=0", "?limit=1001", "?before=x", f"?before={2**60}", "?folder=" + "f" * 1001, "?limit=-1"],
)
async def test_a_list_that_cannot_be_meant_is_refused(running: Running, query: str) -> None:
    status, problem = await running.client.send("GET", f"/api/chats{query}")
    assert (status, problem["code"]) == (400, "invalid_request")


@pytest.mark.parametrize("query", ["?folder=%00", "?tag=%ED%A0%80", "?folder=../..&tag=%27%3B--"])
async def test_a_list_of_what_nobody_has_is_empty(running: Running, query: str) -> None:
    assert await titles(running, query) == []


async def test_what_is_chosen_for_a_chat_is_kept_and_null_takes_it_away(running: Running) -> None:
    chat_id = await running.client.new_chat(title="Tea")
    path = f"/api/chats/{chat_id}"
    status, chat = await running.client.send(
        "PATCH",
        path,
        {
            "folder": "  Банк / Loans //",
            "tags": [" red ", "Red", "", "ё"],
            "pinned": True,
            "archived": True,
            "strategy": "window",
            "facts": [{"text": " He is 40. "}],
        },
    )
    expected: dict[str, object] = {
        "folder": "Банк/Loans",
        "tags": ["red", "ё"],
        "pinned": True,
        "archived": True,
        "strategy": "window",
        "facts": [{"text": "He is 40.", "message_id": None}],
        "examples_id": None,
        "context_after": None,
    }
    assert status == 200, chat
    assert {name: chat[name] for name in expected} == expected
    _, found = await running.client.send("GET", path)
    assert found["chat"] == chat
    _, bare = await running.client.send("PATCH", path, dict.fromkeys(expected))
    usual = {"folder": "", "tags": [], "pinned": False, "archived": False, "strategy": "auto", "facts": []}
    assert {name: bare[name] for name in usual} == usual


@pytest.mark.parametrize(
    "body",
    [
        {"folder": "a/b/c/d/e/f"},
        {"folder": "x" * 201},
        {"folder": ".."},
        {"folder": "Bank/../Loans"},
        {"folder": "Bank/. /Loans"},
        {"folder": "a\x00b"},
        {"folder": "a\nb"},
        {"folder": "a\u202eb"},
        {"folder": "x" * 900_000},
        {"folder": 7},
        {"tags": ["x" * 41]},
        {"tags": [f"tag {number}" for number in range(21)]},
        {"tags": ["a\x00"]},
        {"tags": ["x" * 900_000]},
        {"tags": "red"},
        {"tags": [None]},
        {"strategy": "forget"},
        {"pinned": "perhaps"},
        {"facts": [{"text": "x" * 2001}]},
        {"facts": [{"text": "  "}]},
        {"facts": [{"text": "one"}] * 51},
        {"facts": [{"text": "one", "place": 1}]},
        {"facts": ["one"]},
        {"context_after": 1},
        {"context_after": 0},
        {"examples_id": "mine"},
    ],
    ids=lambda body: str(body)[:40],
)
async def test_a_choice_out_of_bounds_is_refused_whole(running: Running, body: dict[str, object]) -> None:
    chat_id = await running.client.new_chat(title="Tea")
    path = f"/api/chats/{chat_id}"
    _, before = await running.client.send("GET", path)
    status, problem = await running.client.send("PATCH", path, {"title": "New", **body})
    assert (status, problem["code"]) == (400, "invalid_request"), problem
    assert len(problem["title"]) < 500
    status, problem = await running.client.send("POST", "/api/chats", body)
    assert (status, problem["code"]) == (400, "invalid_request"), problem
    _, after = await running.client.send("GET", path)
    assert after == before


async def test_half_a_character_is_refused_in_every_new_field(running: Running) -> None:
    half = '"\\ud800"'
    for body in (f'{{"folder": {half}}}', f'{{"tags": [{half}]}}', f'{{"facts": [{{"text": {half}}}]}}'):
        async with running.client.session.post(
            "/api/chats", data=body.encode(), headers={"Content-Type": "application/json"}
        ) as reply:
            assert reply.status == 400, body


@pytest.mark.parametrize(
    "field", ['"folder": "{}"', '"tags": ["{}"]', '"facts": [{{"text": "{}"}}]', '"strategy": "{}"']
)
async def test_ten_megabytes_in_a_field_are_refused_in_a_few_words(running: Running, field: str) -> None:
    body = BytesIO(("{" + field.format("x" * 10_000_000) + "}").encode())
    async with running.client.session.post(
        "/api/chats", data=body, headers={"Content-Type": "application/json"}
    ) as reply:
        assert reply.status in (400, 413)
        assert len(await reply.read()) < 1000


async def test_the_limits_themselves_are_allowed(running: Running) -> None:
    body = {
        "folder": "/".join(["x" * 39] * 5),
        "tags": [f"{number:040}" for number in range(20)],
        "facts": [{"text": "ё" * 2000}] * 50,
    }
    status, chat = await running.client.send("POST", "/api/chats", body)
    assert status == 201, chat
    assert (len(chat["folder"]), len(chat["tags"]), len(chat["facts"])) == (199, 20, 50)


async def test_putting_a_chat_somewhere_leaves_its_place_in_the_list(running: Running) -> None:
    old, new = [await running.client.new_chat(title="Tea") for _ in range(2)]
    turn, _ = await running.client.answer(old, "Tea?")
    await running.client.send("PATCH", f"/api/chats/{new}", {"title": "Newest"})

    async def newest() -> list[str]:
        return [chat["id"] for chat in (await listed(running))["chats"] if not chat["pinned"]][:2]

    _, before = await running.client.send("GET", f"/api/chats/{old}")
    for body in (
        {},
        {"folder": "Bank"},
        {"tags": ["red"]},
        {"strategy": "window"},
        {"facts": [{"text": "He is 40.", "message_id": turn["message"]["id"]}]},
        {"head_id": turn["reply"]["id"]},
        {"pinned": True},
        {"pinned": False},
        {"archived": True},
        {"archived": False},
    ):
        _, chat = await running.client.send("PATCH", f"/api/chats/{old}", body)
        assert chat["updated_at"] == before["chat"]["updated_at"]
        assert (await newest())[0] == new, body
    await running.client.send("POST", f"/api/chats/{old}/show", {"message_id": turn["message"]["id"]})
    assert (await newest())[0] == new
    await running.client.send("PATCH", f"/api/chats/{old}", {"model": "echo"})
    assert await newest() == [old, new]


async def test_a_fact_was_said_in_the_chat_that_it_is_pinned_in(running: Running) -> None:
    one, other = [await running.client.new_chat(model="text") for _ in range(2)]
    turn, _ = await running.client.answer(one, "Tea?")
    said = turn["message"]["id"]
    for chat_id, message_id, expected in ((one, said, 200), (other, said, 404), (one, NOBODY, 404)):
        facts = [{"text": "Tea is hot.", "message_id": message_id}]
        status, _ = await running.client.send("PATCH", f"/api/chats/{chat_id}", {"facts": facts})
        assert status == expected
    status, _ = await running.client.send(
        "POST", "/api/chats", {"facts": [{"text": "Tea is hot.", "message_id": said}]}
    )
    assert status == 404


async def test_a_new_system_prompt_begins_a_new_context_which_can_be_undone(running: Running) -> None:
    chat_id = await running.client.new_chat(model="text", system_prompt="Be brief.")
    path = f"/api/chats/{chat_id}"
    _, chat = await running.client.send("PATCH", path, {"system_prompt": "Be long."})
    assert chat["context_after"] is None, "nothing had been said"
    turn, _ = await running.client.answer(chat_id, "Tea?")
    _, chat = await running.client.send("PATCH", path, {"system_prompt": "Be long."})
    assert chat["context_after"] is None, "the prompt is the same"
    _, chat = await running.client.send("PATCH", path, {"title": "Tea", "model": "echo"})
    assert chat["context_after"] is None
    _, chat = await running.client.send("PATCH", path, {"system_prompt": "Be kind."})
    assert chat["context_after"] == turn["reply"]["position"]
    _, chat = await running.client.send("PATCH", path, {"folder": "Bank"})
    assert chat["context_after"] == turn["reply"]["position"]
    _, chat = await running.client.send("PATCH", path, {"context_after": None})
    assert (chat["context_after"], chat["system_prompt"]) == (None, "Be kind.")
    _, chat = await running.client.send("PATCH", path, {"system_prompt": "Be brief.", "context_after": None})
    assert (chat["context_after"], chat["system_prompt"]) == (None, "Be brief.")
    later, _ = await running.client.answer(chat_id, "More?", parent_id=turn["reply"]["id"])
    _, chat = await running.client.send("PATCH", path, {"system_prompt": None})
    assert chat["context_after"] == later["reply"]["position"]


async def test_nobody_sees_or_uses_what_another_user_has(settings: Settings) -> None:
    async with run_application(settings) as running:
        assert settings.database_url is not None
        stranger = await another_actor(settings.database_url)
        foreign = make_chat(stranger)
        examples = ExampleSet(
            examples_id=new_examples_id(),
            owner_id=stranger.user_id,
            name="Tone",
            instruction="",
            examples=(),
            created_at=foreign.created_at,
        )
        async with running.services.storage.transaction() as tx:
            await tx.chats.add(stranger, foreign)
            await tx.example_sets.add(stranger, examples)
        own = await running.client.new_chat()
        assert [chat["id"] for chat in (await listed(running, "?shelf=all"))["chats"]] == [own]
        for method, path in (("PATCH", f"/api/chats/{own}"), ("POST", "/api/chats")):
            status, problem = await running.client.send(method, path, {"examples_id": str(examples.examples_id)})
            assert (status, problem["values"]) == (404, {"what": "example set"})
        for body in ({"folder": "Mine"}, {"pinned": True}, {"context_after": None}):
            status, _ = await running.client.send("PATCH", f"/api/chats/{foreign.chat_id}", body)
            assert status == 404
        async with running.services.storage.transaction() as tx:
            assert await tx.chats.access(stranger, foreign.chat_id) == foreign
