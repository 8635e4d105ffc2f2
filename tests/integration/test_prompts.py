"""The library of prompts over HTTP, and the prompts that ship."""

from typing import Any

import pytest
from tests.support.application import Client, Running

NOBODY = "00000000-0000-0000-0000-000000000000"


@pytest.fixture
async def client(running: Running) -> Client:
    """A signed-in client whose library is empty."""
    for prompt in await listed(running.client):
        assert (await running.client.send("DELETE", f"/api/prompts/{prompt['id']}"))[0] == 204
    return running.client


async def create(client: Client, name: str, **fields: object) -> dict[str, Any]:
    status, prompt = await client.send("POST", "/api/prompts", {"name": name, "text": "Sum up: {{text}}", **fields})
    assert status == 201, prompt
    return dict(prompt)


async def listed(client: Client) -> list[dict[str, Any]]:
    status, found = await client.send("GET", "/api/prompts")
    assert status == 200, found
    return list(found["prompts"])


async def test_a_prompt_is_kept_changed_and_deleted(client: Client) -> None:
    prompt = await create(client, "/Letter", tags=["#Work", "work", " "], text="To {{whom|Anna}} on {{what}}")
    assert (prompt["name"], prompt["title"], prompt["tags"], prompt["own"]) == ("letter", "letter", ["work"], True)
    assert prompt["variables"] == [{"name": "whom", "default": "Anna"}, {"name": "what", "default": ""}]
    assert (prompt["system_prompt"], prompt["model"], prompt["parameters"], prompt["shared"]) == (
        None,
        None,
        None,
        False,
    )
    assert await listed(client) == [prompt]
    address = f"/api/prompts/{prompt['id']}"
    status, changed = await client.send(
        "PATCH", address, {"title": " A  letter ", "text": "To {{whom}}", "shared": True}
    )
    assert status == 200
    assert changed["updated_at"] > prompt["updated_at"]
    assert changed == {
        **prompt,
        "title": "A letter",
        "text": "To {{whom}}",
        "shared": True,
        "variables": [{"name": "whom", "default": ""}],
        "updated_at": changed["updated_at"],
    }
    assert await client.send("DELETE", address) == (204, None)
    assert await listed(client) == []
    assert (await client.send("DELETE", address))[0] == 404


async def test_a_preset_brings_a_system_prompt_a_model_and_parameters(client: Client) -> None:
    preset = await create(
        client, "sober", system_prompt="Be brief.", model="any/model", parameters={"temperature": 0.1, "stop": ["END"]}
    )
    assert preset["parameters"] == {"temperature": 0.1, "stop": ["END"]}
    assert await listed(client) == [preset]
    status, changed = await client.send(
        "PATCH", f"/api/prompts/{preset['id']}", {"system_prompt": None, "model": None, "parameters": None}
    )
    assert status == 200
    assert (changed["system_prompt"], changed["model"], changed["parameters"]) == (None, None, None)
    assert changed["text"] == preset["text"]


async def test_a_name_that_is_taken_is_refused(client: Client) -> None:
    await create(client, "one")
    two = await create(client, "two")
    for method, path, body in (
        ("POST", "/api/prompts", {"name": "ONE", "text": "x"}),
        ("PATCH", f"/api/prompts/{two['id']}", {"name": "one"}),
    ):
        status, problem = await client.send(method, path, body)
        assert (status, problem["code"]) == (409, "conflict")


@pytest.mark.parametrize(
    "fields",
    [
        {"name": ""},
        {"name": "two words"},
        {"name": "/"},
        {"name": "-x"},
        {"name": "a/b"},
        {"name": "x" * 61},
        {"name": "ok\u202e"},
        {"text": " \n "},
        {"text": "x" * 20_001},
        {"tags": ["x"] * 21},
        {"tags": ["x" * 51]},
        {"parameters": {"temperature": 9}},
        {"parameters": {"warmth": 1}},
        {"unknown": 1},
        {"name": None},
        {"text": "\ud800"},
    ],
)
async def test_what_cannot_be_kept_is_refused(client: Client, fields: dict[str, object]) -> None:
    status, problem = await client.send("POST", "/api/prompts", {"name": "fine", "text": "x", **fields})
    assert status == 400, problem
    assert problem["code"] in ("invalid_request", "invalid_parameter")
    assert await listed(client) == []


async def test_names_are_kept_in_russian_too_and_in_one_spelling(client: Client) -> None:
    # The same letter, whole and of two parts.
    assert (await create(client, "Мой-ёж"))["name"] == "мой-ёж"
    status, _ = await client.send("POST", "/api/prompts", {"name": "мои\u0306-е\u0308ж", "text": "x"})
    assert status == 409


async def test_what_is_not_ones_own_is_not_found(client: Client) -> None:
    for method, body in (("PATCH", {"title": "x"}), ("DELETE", None)):
        status, problem = await client.send(method, f"/api/prompts/{NOBODY}", body)
        assert (status, problem["code"]) == (404, "not_found")


@pytest.mark.parametrize("language", ["ru", "en"])
async def test_the_prompts_that_ship_come_with_their_variables_and_the_advice(client: Client, language: str) -> None:
    status, found = await client.send("GET", f"/api/prompts/templates?language={language}")
    assert status == 200
    assert len(found["templates"]) == 12
    assert [one["point"] for one in found["advice"]] == ["task", "context", "limit", "example"]
    first = found["templates"][0]
    assert first["name"] == {"ru": "кратко", "en": "summarise"}[language]
    assert {one["name"] for one in first["variables"]} >= {{"ru": "текст", "en": "text"}[language]}
    # Each of them can be taken into the library as it is.
    for template in found["templates"]:
        kept = await create(client, template["name"], text=template["text"], tags=template["tags"])
        assert (kept["name"], kept["tags"]) == (template["name"], template["tags"])


async def test_a_language_without_templates_is_refused(client: Client) -> None:
    status, problem = await client.send("GET", "/api/prompts/templates?language=fr")
    assert (status, problem["code"]) == (400, "invalid_request")
