"""Example sets over HTTP: files come in, are told, counted and written for other programs."""

import json
from io import BytesIO
from typing import Any

import pytest
from tests.support.application import Client, Running
from tests.support.modelfile import read_modelfile

from samovar.domain.examples import Example, ExampleSet
from samovar.domain.ids import new_examples_id
from samovar.gateway.tokens import MESSAGE_OVERHEAD_TOKENS, estimate_tokens

NOBODY = "00000000-0000-0000-0000-000000000000"
FILE = "[Instruction] Be brief.\n[Q] When?\n[A] At nine.\n[Q] Сколько?\n[A] Сто.\n[Q] no answer\n"


@pytest.fixture
async def client(running: Running) -> Client:
    """A signed-in client without example sets."""
    for one in (await running.client.send("GET", "/api/examples"))[1]["sets"]:
        assert (await running.client.send("DELETE", f"/api/examples/{one['id']}"))[0] == 204
    return running.client


async def upload(client: Client, name: str, content: bytes) -> tuple[int, Any]:
    async with client.session.post("/api/examples", params={"name": name}, data=BytesIO(content)) as reply:
        return reply.status, await reply.json(content_type=None)


async def taken(client: Client, content: str = FILE, name: str = "harbour.txt") -> dict[str, Any]:
    status, found = await upload(client, name, content.encode())
    assert status == 201, found
    return dict(found)


async def download(client: Client, path: str) -> tuple[str, str]:
    async with client.session.get(path) as reply:
        assert reply.status == 200, await reply.text()
        assert reply.headers["Content-Disposition"].startswith("attachment;")
        return reply.content_type, await reply.text()


async def test_a_file_becomes_a_set_with_a_report(client: Client) -> None:
    found = await taken(client, name="C:\\My files\\Тон  писем.v2.txt")
    line = {"id": found["id"], "name": "Тон писем.v2", "instruction": "Be brief.", "count": 2}
    assert found == {
        **line,
        "created_at": found["created_at"],
        "problems": [{"what": "question_alone", "count": 1, "lines": [6]}],
    }
    status, listed = await client.send("GET", "/api/examples")
    assert (status, listed) == (200, {"sets": [{**line, "created_at": found["created_at"]}]})
    assert await client.send("GET", f"/api/examples/{found['id']}") == (
        200,
        {
            **listed["sets"][0],
            "examples": [{"question": "When?", "answer": "At nine."}, {"question": "Сколько?", "answer": "Сто."}],
        },
    )
    assert await client.send("DELETE", f"/api/examples/{found['id']}") == (204, None)
    assert await client.send("GET", "/api/examples") == (200, {"sets": []})


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"", (422, "file_empty")),
        (b"no marks", (422, "examples_invalid")),
        (b"\x00\x01", (422, "examples_invalid")),
        (b"x" * 5_000_001, (413, "file_too_large")),
    ],
)
async def test_a_file_that_cannot_be_used_is_refused(client: Client, content: bytes, expected: tuple[int, str]) -> None:
    status, problem = await upload(client, "a.txt", content)
    assert (status, problem["code"]) == expected
    assert (await client.send("GET", "/api/examples"))[1] == {"sets": []}


async def test_sets_are_bounded_in_number(running: Running, client: Client) -> None:
    actor = await running.services.sign_in.owner()
    async with running.services.storage.transaction() as tx:
        for number in range(99):
            examples = ExampleSet(
                examples_id=new_examples_id(),
                owner_id=actor.user_id,
                name=f"{number}",
                instruction="",
                examples=(Example(question="q", answer="a"),),
                created_at=await tx.now(),
            )
            await tx.example_sets.add(actor, examples)
    await taken(client)
    status, problem = await upload(client, "more.txt", FILE.encode())
    assert (status, problem["code"]) == (409, "conflict")
    assert len((await client.send("GET", "/api/examples"))[1]["sets"]) == 100


async def test_a_set_is_written_as_a_modelfile_and_read_back(client: Client) -> None:
    found = await taken(client)
    chat_id = await client.new_chat(system_prompt="You are a pilot.", parameters={"temperature": 0.5})
    kind, written = await download(client, f"/api/examples/{found['id']}/modelfile?model=qwen2.5:7b&chat={chat_id}")
    assert kind == "text/plain"
    read = read_modelfile(written)
    assert (read.model, read.system) == ("qwen2.5:7b", "You are a pilot.\n\nBe brief.")
    assert read.parameters == [("temperature", "0.5")]
    assert read.messages == [
        ("user", "When?"),
        ("assistant", "At nine."),
        ("user", "Сколько?"),
        ("assistant", "Сто."),
    ]


async def test_a_modelfile_names_a_known_model_as_its_backend_does(client: Client) -> None:
    found = await taken(client)
    _, models = await client.send("GET", "/api/models")
    ours = models["default"]
    _, written = await download(client, f"/api/examples/{found['id']}/modelfile?model={ours}")
    assert read_modelfile(written).model == ours.rpartition("/")[2]


async def test_a_set_is_written_as_a_training_file_and_taken_in_again(client: Client) -> None:
    found = await taken(client)
    kind, written = await download(client, f"/api/examples/{found['id']}/jsonl")
    assert kind == "application/jsonl"
    lines = [json.loads(line) for line in written.splitlines()]
    assert lines[0]["messages"][0] == {"role": "system", "content": "Be brief."}
    again = await taken(client, written, "again.jsonl")
    assert again["problems"] == []
    _, whole = await client.send("GET", f"/api/examples/{again['id']}")
    _, first = await client.send("GET", f"/api/examples/{found['id']}")
    assert (whole["examples"], whole["instruction"]) == (first["examples"], first["instruction"])


async def test_the_cost_of_a_set_is_counted_for_a_model(client: Client) -> None:
    found = await taken(client)
    _, models = await client.send("GET", "/api/models")
    for model in (None, models["default"]):
        status, cost = await client.send("POST", f"/api/examples/{found['id']}/cost", {"model": model})
        assert status == 200, cost
        assert cost["model"] == models["default"]
        assert cost["counted_by"] in ("tokenizer", "calibrated", "estimate")
        assert cost["tokens"] > 4 * MESSAGE_OVERHEAD_TOKENS
        if cost["counted_by"] == "estimate":
            texts = ("Be brief.", "When?", "At nine.", "Сколько?", "Сто.")
            assert cost["tokens"] == sum(map(estimate_tokens, texts)) + 4 * MESSAGE_OVERHEAD_TOKENS
    status, problem = await client.send("POST", f"/api/examples/{found['id']}/cost", {"model": "nobody/nothing"})
    assert (status, problem["code"]) == (404, "model_unknown")


async def test_what_is_not_there_is_not_found(client: Client) -> None:
    found = await taken(client)
    for method, path, body in (
        ("GET", NOBODY, None),
        ("DELETE", NOBODY, None),
        ("GET", f"{NOBODY}/modelfile?model=m", None),
        ("GET", f"{NOBODY}/jsonl", None),
        ("POST", f"{NOBODY}/cost", {}),
        ("GET", f"{found['id']}/modelfile?model=m&chat={NOBODY}", None),
    ):
        status, problem = await client.send(method, f"/api/examples/{path}", body)
        assert (status, problem["code"]) == (404, "not_found"), path


@pytest.mark.parametrize("model", ["", "a%0AFROM%20b", "%22", "x" * 501])
async def test_a_modelfile_of_a_name_that_is_none_is_refused(client: Client, model: str) -> None:
    found = await taken(client)
    status, problem = await client.send("GET", f"/api/examples/{found['id']}/modelfile?model={model}")
    assert (status, problem["code"]) == (400, "invalid_request")
