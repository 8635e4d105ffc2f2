"""What is still known of a long chat, the whole way: PostgreSQL, the index of messages, the gateway, HTTP."""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any
from uuid import UUID

import pytest
from bench.context import context_settings, measure
from bench.context_chat import plant_chat
from bench.context_model import Reader, listen
from tests.support.application import Running, run_application
from tests.support.database import fresh_database

from samovar.backends._shared.payload import write_messages
from samovar.chat.conversation import ConversationReader
from samovar.domain.examples import Example, ExampleSet
from samovar.domain.ids import RunId, new_examples_id
from samovar.domain.ledger import from_json, render
from samovar.storage.embedded import EmbeddedServer


@dataclass(frozen=True, slots=True)
class Reading:
    """An application with the model that answers only from what it is sent."""

    running: Running
    model: Reader

    @property
    def last_request(self) -> dict[str, Any]:
        return self.model.requests_to("/v1/chat/completions")[-1].json


@pytest.fixture(scope="module")
async def reading(database_server: EmbeddedServer, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Reading]:
    model = Reader()
    with fresh_database(database_server) as database:
        async with listen(model, port=0) as url:
            settings = context_settings(tmp_path_factory.mktemp("data"), url, database_url=database)
            async with run_application(settings) as running:
                yield Reading(running, model)


def text_of(request: Mapping[str, Any]) -> str:
    return "\n".join(message["content"] for message in request["messages"])


async def test_the_default_strategy_knows_what_was_said_long_ago_and_a_window_alone_does_not(reading: Reading) -> None:
    auto, window = await measure(reading.running.services, ("auto", "window"))
    assert (auto.asked, window.asked) == (20, 20)
    assert auto.recalled >= 18
    assert window.recalled <= 6
    assert max(auto.most_tokens, window.most_tokens) <= auto.budget_tokens == 3072


async def long_chat(reading: Reading, **fields: object) -> tuple[str, str]:
    """A chat of 300 turns; its id and that of its last message."""
    services = reading.running.services
    actor = await services.sign_in.owner()
    planted = plant_chat(actor.user_id)
    async with services.storage.transaction() as tx:
        await tx.archive.add_chat(actor, planted.chat, planted.messages)
        await tx.message_search.index_missing(limit=1000)
    chat_id = str(planted.chat.chat_id)
    if fields:
        status, changed = await reading.running.client.send("PATCH", f"/api/chats/{chat_id}", fields)
        assert status == 200, changed
    return chat_id, str(planted.messages[-1].message_id)


async def test_the_request_made_from_the_ledger_is_what_the_server_got(reading: Reading) -> None:
    services = reading.running.services
    actor = await services.sign_in.owner()
    examples = ExampleSet(
        examples_id=new_examples_id(),
        owner_id=actor.user_id,
        name="Short answers",
        instruction="Answer in one sentence.",
        examples=(Example(question="Tea?", answer="Yes."), Example(question="Какой порт?", answer="Порт 7431.")),
        created_at=(await _now(reading)),
    )
    async with services.storage.transaction() as tx:
        await tx.example_sets.add(actor, examples)
    chat_id, last = await long_chat(
        reading, facts=[{"text": "The reader lives in Пермь."}], examples_id=str(examples.examples_id)
    )
    turn, events = await reading.running.client.answer(chat_id, "Where is the spare key?", parent_id=last)
    sent = reading.last_request
    _, shown = await reading.running.client.send("GET", f"/api/runs/{turn['run_id']}/request")
    told = [
        {"role": message["role"], "content": "".join(part["text"] for part in message["parts"])}
        for message in shown["messages"]
    ]
    assert told == sent["messages"]
    _, ledger = await reading.running.client.send("GET", f"/api/runs/{turn['run_id']}/ledger")
    assert write_messages(render(from_json(ledger))) == sent["messages"]
    assert shown["parameters"]["max_tokens"] == sent["max_tokens"]
    assert {piece["kind"] for piece in ledger["pieces"] if piece["sent"]} == {
        "system", "facts", "example", "turn", "rules", "recalled", "question",
    }  # fmt: skip
    assert "flowerpot" in text_of(sent)
    notices = {event.body["code"]: event.body["values"] for event in events if event.kind == "notice"}
    assert notices["turns_recalled"]["count"] >= 2
    assert notices["turns_left_out"]["count"] > 500


async def _now(reading: Reading) -> Any:
    async with reading.running.services.storage.transaction() as tx:
        return await tx.now()


async def test_every_message_of_a_long_chat_is_sent_or_counted(reading: Reading) -> None:
    chat_id, last = await long_chat(reading, strategy="window")
    turn, _ = await reading.running.client.answer(chat_id, "How are you?", parent_id=last)
    _, ledger = await reading.running.client.send("GET", f"/api/runs/{turn['run_id']}/ledger")
    turns = [piece for piece in ledger["pieces"] if piece["kind"] == "turn"]
    assert sum(int(piece["origin"].get("messages", 1)) for piece in turns) == 600
    assert all(piece["reason"] == "no_room" for piece in turns if not piece["sent"])
    assert len(turns) < 250, "a ledger of every message of a long chat would be longer than the request"


async def test_the_beginning_of_the_prompt_stays_while_a_long_chat_goes_on(reading: Reading) -> None:
    """A backend reads again only what follows the first byte that differs from the last request."""
    chat_id, last = await long_chat(reading, strategy="window")
    requests: list[list[dict[str, str]]] = []
    for number in range(9):
        turn, _ = await reading.running.client.answer(chat_id, f"And what of number {number}?", parent_id=last)
        last = turn["reply"]["id"]
        requests.append(reading.last_request["messages"])
    moves = sum(one[1] != other[1] for one, other in pairwise(requests))
    assert moves <= 4, "the window moved with nearly every turn"
    for one, other in pairwise(requests):
        if one[1] == other[1]:
            assert other[: len(one)] == one


async def test_what_was_said_before_the_context_began_anew_is_not_sent_and_not_recalled(reading: Reading) -> None:
    chat_id, last = await long_chat(reading, system_prompt="Speak of the present only.")
    turn, _ = await reading.running.client.answer(chat_id, "Where is the spare key?", parent_id=last)
    assert "flowerpot" not in text_of(reading.last_request)
    _, ledger = await reading.running.client.send("GET", f"/api/runs/{turn['run_id']}/ledger")
    assert {piece["reason"] for piece in ledger["pieces"] if piece["kind"] == "turn"} == {"new_context"}


async def test_facts_that_do_not_fit_are_refused_with_the_figures(reading: Reading) -> None:
    chat_id = await reading.running.client.new_chat(facts=[{"text": "word " * 390} for _ in range(8)])
    _, events = await reading.running.client.answer(chat_id, "Hello?")
    error = events[-1].body["error"]
    assert error["code"] == "context_exceeded"
    assert int(error["values"]["needed_tokens"]) > 4096


async def test_of_ten_thousand_messages_only_those_are_read_that_could_fit(reading: Reading) -> None:
    services = reading.running.services
    actor = await services.sign_in.owner()
    planted = plant_chat(actor.user_id, turns=5000)
    async with services.storage.transaction() as tx:
        await tx.archive.add_chat(actor, planted.chat, planted.messages)
        await tx.message_search.index_missing(limit=10_000)
    last = str(planted.messages[-1].message_id)
    turn = await reading.running.client.say(str(planted.chat.chat_id), "Where is the spare key?", parent_id=last)
    assert (await reading.running.client.whole_run(turn["run_id"]))[-1].body["status"] == "done"
    assert "flowerpot" in text_of(reading.last_request)
    async with services.storage.reading() as tx:
        run = await tx.runs.access(actor, RunId(UUID(turn["run_id"])))
    read = await ConversationReader(services.storage, services.models).read(actor, run)
    assert len(read.material.branch) < 400
    assert len(read.material.branch) - 1 + len(read.material.beyond.positions) == 10_000
    _, ledger = await reading.running.client.send("GET", f"/api/runs/{turn['run_id']}/ledger")
    kinds = [(piece["kind"], int(piece["origin"].get("messages", 1))) for piece in ledger["pieces"]]
    assert sum(count for kind, count in kinds if kind in ("turn", "recalled")) == 10_000
    assert len(kinds) < 250
