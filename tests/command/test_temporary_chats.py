"""What is said in a temporary chat is found nowhere afterwards: not in the data folder, the database or the log."""

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.support.application import Client
from tests.support.process import ServeProcess, serve

#: Said in the middle of words that search, count and log would have to handle.
CANARY = "Kanareikovo7680"
CANARY_IN_RUSSIAN = "Канарейкинск7680"
KEPT = "Оставленное4711"
PAPER = "The warehouse in Tula keeps brass samovars. Lease term: eleven months. Склад в Туле хранит самовары.\n"


async def sign_in(server: ServeProcess) -> Client:
    client = Client(server.address)
    status, _ = await client.send("POST", "/api/session", {"token": server.link.partition("token=")[2]})
    assert status == 204
    return client


async def reply(client: Client, **fields: object) -> list[tuple[str, dict[str, Any]]]:
    """Ask a temporary chat; return the events by kind."""
    events: list[tuple[str, dict[str, Any]]] = []
    async with client.session.post("/api/temporary/reply", json=fields) as answer:
        assert answer.status == 200, await answer.text()
        kind = ""
        async for line in answer.content:
            name, _, value = line.decode().rstrip("\n").partition(": ")
            if name == "event":
                kind = value
            elif name == "data":
                events.append((kind, json.loads(value)))
    return events


async def new_base(client: Client) -> str:
    status, base = await client.send("POST", "/api/bases", {"name": "Leases"})
    assert status == 201, base
    params = {"name": "lease.txt"}
    async with client.session.post(f"/api/bases/{base['id']}/documents", params=params, data=PAPER.encode()) as taken:
        assert taken.status in (200, 201, 202), await taken.text()
        document_id = json.loads(await taken.read())["id"]
    for _ in range(400):
        _, document = await client.send("GET", f"/api/documents/{document_id}")
        if document["status"] == "ready":
            return str(base["id"])
        await asyncio.sleep(0.1)
    raise AssertionError("the paper was not read")


def pieces_of(folder: Path) -> Iterator[tuple[Path, bytes]]:
    for path in sorted(folder.rglob("*")):
        if path.is_file() and not path.is_symlink():
            yield path, path.read_bytes()


def places_of(word: str, folder: Path) -> list[str]:
    needles = [word.encode(encoding) for encoding in ("utf-8", "utf-16-le", "cp1251")]
    needles.append(word.lower().encode())
    needles.append(json.dumps(word).strip('"').encode())
    return [str(path) for path, content in pieces_of(folder) if any(needle in content for needle in needles)]


async def test_a_word_said_in_a_temporary_chat_is_found_nowhere_afterwards(place: Path) -> None:
    with serve(place, environment={"SAMOVAR_BACKENDS_SCRIPTED": "true"}) as server:
        client = await sign_in(server)
        base_id = await new_base(client)
        said = [
            {"role": "user", "text": f"My town is {CANARY}."},
            {"role": "assistant", "text": f"So it is {CANARY_IN_RUSSIAN}."},
            {"role": "user", "text": f"What lease term has the warehouse in {CANARY}, {CANARY_IN_RUSSIAN}?"},
        ]
        system_prompt = f"You live in {CANARY}."
        # The demonstration model in the embedded engine, a scripted one, and one that fails.
        for model in (None, "echo", "error-middle"):
            events = await reply(client, messages=said, system_prompt=system_prompt, model=model, base_ids=[base_id])
            kinds = [kind for kind, _ in events]
            assert kinds[-1] == "end", kinds
            if model != "error-middle":
                assert events[-1][1]["status"] == "done", events[-1]
                assert "passages" in kinds
                assert any(CANARY in json.dumps(body) for kind, body in events if kind == "ledger")
        # A question that is broken off in mid-answer.
        async with client.session.post(
            "/api/temporary/reply", json={"messages": [{"role": "user", "text": f"[[text pace=1]] {CANARY}"}]}
        ) as answer:
            await answer.content.readline()
        # The search of this test is not blind: what is said in a usual chat is found.
        chat_id = await client.new_chat(model="text")
        await client.answer(chat_id, f"{KEPT}?")
        _, listed = await client.send("GET", "/api/chats")
        assert [chat["id"] for chat in listed["chats"]] == [chat_id]
        await client.close()
        assert server.stop() == 0
    assert places_of(KEPT, place)
    for word in (CANARY, CANARY_IN_RUSSIAN):
        assert places_of(word, place) == []
        assert not [line for line in server.log if word in line or json.dumps(word).strip('"') in line]


async def test_a_temporary_chat_is_told_what_is_wrong_with_it(place: Path) -> None:
    with serve(place, "--no-engine", environment={"SAMOVAR_BACKENDS_SCRIPTED": "true"}) as server:
        client = await sign_in(server)
        for body, code in (
            ({"messages": []}, "invalid_request"),
            ({"messages": [{"role": "assistant", "text": "Tea."}]}, "invalid_request"),
            ({"messages": [{"role": "user", "text": "  "}]}, "message_empty"),
            ({"messages": [{"role": "user", "text": "Tea?"}], "parameters": {"temperature": 9}}, "invalid_parameter"),
        ):
            status, problem = await client.send("POST", "/api/temporary/reply", body)
            assert (status, problem["code"]) == (400, code), problem
        stranger = "00000000-0000-4000-8000-000000000000"
        events = await reply(client, messages=[{"role": "user", "text": "Tea?"}], base_ids=[stranger])
        assert events[-1][1]["error"]["code"] == "not_found"
        unknown = await reply(client, messages=[{"role": "user", "text": "Tea?"}], model="nobody")
        assert unknown[-1][1]["error"]["code"] == "model_unknown"
        await client.close()
