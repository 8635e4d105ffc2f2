"""What a reply tells beside its words: reasoning, progress, what was left out, and a model on its way."""

import asyncio
import json
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import pytest
from tests.support.application import Event, Running, run_application
from tests.support.database import make_chat
from tests.support.servers import RECORDINGS, Exchange, PlayingServer, play, read_recording

from samovar import registry
from samovar.chat.pictures import PictureLoader
from samovar.chat.reply import ReplyWriter
from samovar.chat.runs import RunHub
from samovar.chat.searching import QuestionSearch
from samovar.chat.turn import Turn, Turns
from samovar.domain.actor import Actor
from samovar.domain.backend import BackendSpec
from samovar.domain.chat import Message
from samovar.domain.errors import EngineError, ModelFileInvalid
from samovar.egress import EgressClient, EgressGuard
from samovar.gateway.directory import ModelDirectory
from samovar.gateway.pool import BackendPool, Member
from samovar.gateway.routing import Gateway
from samovar.gateway.tokens import TokenCounter
from samovar.ports.backend import BackendConfig, Endpoint
from samovar.retrieval.search import Retriever
from samovar.sandbox.reader import SandboxedReader
from samovar.settings import LimitsSettings, Settings
from samovar.storage import FileBlobStore, PostgresStorage
from samovar.telemetry.metrics import Metrics

THOUGHTS = "Water boils at 100 °C."
ANSWER = "It boils at 100 °C."
TEA = "A samovar boils water for tea. The fire burns in a tube inside, and the pot stands on top to keep warm."


def bodies(events: list[Event], kind: str) -> list[dict[str, Any]]:
    return [event.body for event in events if event.kind == kind]


def notices(events: list[Event]) -> list[dict[str, Any]]:
    return bodies(events, "notice")


async def last_message(running: Running, chat_id: str) -> dict[str, Any]:
    _, found = await running.client.send("GET", f"/api/chats/{chat_id}")
    return dict(found["messages"][-1])


async def test_reasoning_is_told_apart_from_the_answer_and_kept(running: Running) -> None:
    chat_id = await running.client.new_chat(model="reasoning")
    turn = await running.client.say(chat_id, "[[reasoning pace=20]] At what temperature does water boil?")
    # From the first event, so that nothing is folded into a summary.
    events = await running.client.whole_run(turn["run_id"], after=0)
    assert "".join(body["text"] for body in bodies(events, "reasoning")) == THOUGHTS
    assert "".join(body["text"] for body in bodies(events, "delta")) == ANSWER
    kinds = [event.kind for event in events]
    assert kinds.index("reasoning") < kinds.index("delta")
    reply = await last_message(running, chat_id)
    assert (reply["reasoning"], reply["text"]) == (THOUGHTS, ANSWER)


async def test_a_late_reader_gets_the_reasoning_in_the_summary(running: Running) -> None:
    chat_id = await running.client.new_chat(model="reasoning")
    turn, _ = await running.client.answer(chat_id, "At what temperature does water boil?")
    late = await running.client.whole_run(turn["run_id"])
    assert bodies(late, "replace") == [{"text": ANSWER, "reasoning": THOUGHTS}]
    assert bodies(late, "reasoning") == bodies(late, "delta") == []


async def test_the_progress_of_the_prompt_is_told_while_it_is_read_and_not_afterwards(running: Running) -> None:
    chat_id = await running.client.new_chat(model="progress")
    turn = await running.client.say(chat_id, "[[progress pace=20]] Tea?")
    events = await running.client.whole_run(turn["run_id"], after=0)
    assert bodies(events, "progress") == [{"processed": done, "total": 512} for done in (0, 256, 512)]
    assert bodies(await running.client.whole_run(turn["run_id"]), "progress") == []


async def test_a_server_that_counts_nothing_gives_no_figures(running: Running) -> None:
    chat_id = await running.client.new_chat(model="uncounted")
    _, events = await running.client.answer(chat_id, "Tea?")
    assert bodies(events, "usage") == []
    reply = await last_message(running, chat_id)
    assert (reply["run_status"], reply["outcome"]["usage"]) == ("done", None)


async def test_the_figures_of_a_reply_are_told_and_kept(running: Running) -> None:
    chat_id = await running.client.new_chat(model="text")
    _, events = await running.client.answer(chat_id, "Tea?")
    [figures] = bodies(events, "usage")
    assert figures["completion_tokens"] == len(re.findall(r"\w+|[.,]", TEA))
    assert 0 <= figures["first_token_ms"] <= figures["total_ms"]
    assert (await last_message(running, chat_id))["outcome"]["usage"] == figures


async def test_passages_for_which_there_is_no_room_are_counted(running: Running) -> None:
    chat_id = await running.client.new_chat(model="text", parameters={"max_tokens": 3000})
    for number in range(8):
        words = f"The samovar number{number} boils water for tea in the cellar. " * 40
        status, _ = await running.client.upload(chat_id, f"{number}.txt", words.encode())
        assert status == 201
    turn, events = await running.client.answer(chat_id, "Which samovar boils water for tea?")
    [notice] = [body for body in notices(events) if body["code"] == "passages_left_out"]
    _, ledger = await running.client.send("GET", f"/api/runs/{turn['run_id']}/ledger")
    pieces = [piece for piece in ledger["pieces"] if piece["kind"] == "passage"]
    [shown] = bodies(events, "passages")
    assert notice["values"]["count"] == sum(not piece["sent"] for piece in pieces) > 0
    assert len(shown["passages"]) == sum(piece["sent"] for piece in pieces) > 0
    assert [piece["sent"] for piece in pieces] == sorted((piece["sent"] for piece in pieces), reverse=True)


async def test_parameters_that_a_server_does_not_know_are_named_and_not_sent(settings: Settings) -> None:
    exchanges = read_recording(RECORDINGS / "openai" / "text.txt") + read_recording(
        RECORDINGS / "openai" / "models.txt"
    )
    async with play(exchanges) as server:
        backends = settings.backends.model_copy(update={"openai_base_url": server.url})
        async with run_application(settings.model_copy(update={"backends": backends})) as running:
            chat_id = await running.client.new_chat(
                model="smollm2", parameters={"top_k": 5, "min_p": 0.1, "temperature": 0.5}
            )
            _, events = await running.client.answer(chat_id, "Say hi.")
        assert {"code": "parameters_unsupported", "values": {"parameters": "min_p, top_k"}} in notices(events)
        [asked] = server.requests_to("/v1/chat/completions")
        assert asked.json["temperature"] == 0.5
        assert not {"top_k", "min_p"} & set(asked.json)


LOADING = Exchange(
    method="GET",
    path="/v1/models",
    status=503,
    content_type="application/json",
    body=json.dumps({"error": {"code": 503, "message": "Loading model", "type": "unavailable_error"}}).encode(),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Kitchen:
    """The chat of one user on the real adapter of llama.cpp, before a server that the test plays."""

    actor: Actor
    storage: PostgresStorage
    server: PlayingServer
    hub: RunHub
    turns: Turns

    async def ask(self, text: str) -> Turn:
        chat = make_chat(self.actor)
        async with self.storage.transaction() as tx:
            await tx.chats.add(self.actor, chat)
        return await self.turns.submit(self.actor, chat.chat_id, text=text, parent_id=None)

    async def reply_of(self, turn: Turn) -> Message:
        while (live := self.hub.live(self.actor, turn.run_id)) is not None:
            await live.wait_beyond(live.seq)
        async with self.storage.transaction() as tx:
            return await tx.chats.access_message(self.actor, turn.reply.message_id)


@asynccontextmanager
async def open_kitchen(
    storage: PostgresStorage, blobs: FileBlobStore, actor: Actor, *, ails: EngineError | None = None
) -> AsyncIterator[Kitchen]:
    guard = EgressGuard()
    client = EgressClient(guard)
    async with play([LOADING]) as server:
        guard.allow(server.url)
        config = BackendConfig(name="engine", endpoint=lambda: Endpoint(url=server.url), model="smollm2")
        pool = BackendPool()
        spec = BackendSpec(name="engine", kind="llamacpp", url=server.url, source="embedded")
        pool.add(Member(spec, registry.backend("llamacpp").build(config, client)))
        gateway = Gateway(ModelDirectory(pool), lambda: ails)
        counter = TokenCounter()
        writer = ReplyWriter(
            storage,
            QuestionSearch(storage, Retriever(storage, {}), gateway, counter),
            PictureLoader(storage, blobs, SandboxedReader(LimitsSettings())),
            gateway,
            counter,
            Metrics(),
        )
        hub = RunHub(storage, Metrics(), most_runs=4)
        turns = Turns(storage, hub, writer, longest_message=1000)
        try:
            yield Kitchen(actor=actor, storage=storage, server=server, hub=hub, turns=turns)
        finally:
            await hub.close()
            await client.close()


def loaded() -> list[Exchange]:
    tokens = Exchange(
        method="POST",
        path="/tokenize",
        status=200,
        content_type="application/json",
        body=json.dumps({"tokens": [1, 2, 3]}).encode(),
    )
    folder = RECORDINGS / "llamacpp"
    return [*read_recording(folder / "models.txt"), *read_recording(folder / "text.txt"), tokens]


async def test_a_message_for_a_model_that_still_loads_waits_for_it_and_says_so(
    storage: PostgresStorage, blobs: FileBlobStore, actor: Actor
) -> None:
    async with open_kitchen(storage, blobs, actor) as kitchen:
        turn = await kitchen.ask("Say hi.")
        live = kitchen.hub.live(actor, turn.run_id)
        assert live is not None
        while not live.notices:
            await live.wait_beyond(live.seq)
        assert live.notices == [{"code": "model_loading", "values": {"model": "smollm2"}}]
        kitchen.server.exchanges[:] = loaded()
        reply = await kitchen.reply_of(turn)
        assert (reply.run_status, reply.error_code) == ("done", None)
        assert reply.text
        assert reply.outcome is not None
        assert reply.outcome["notices"][0]["code"] == "model_loading"  # type: ignore[index]  # JSON


async def test_a_model_that_never_loads_ends_the_wait_after_ten_minutes(
    storage: PostgresStorage, blobs: FileBlobStore, actor: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Clock:
        now_s = 1000.0

        def monotonic(self) -> float:
            return self.now_s

    clock = Clock()
    monkeypatch.setattr("samovar.gateway.routing.time", clock)
    async with open_kitchen(storage, blobs, actor) as kitchen:
        turn = await kitchen.ask("Say hi.")
        live = kitchen.hub.live(actor, turn.run_id)
        assert live is not None
        while not live.notices:
            await live.wait_beyond(live.seq)
        clock.now_s += 599
        await asyncio.sleep(0.6)
        assert kitchen.hub.live(actor, turn.run_id) is live
        clock.now_s += 2
        reply = await kitchen.reply_of(turn)
        assert (reply.run_status, reply.error_code) == ("failed", "model_loading")


@pytest.mark.parametrize(
    ("ails", "code"), [(None, "engine_down"), (ModelFileInvalid(path="a.gguf", reason="cut"), "model_file_invalid")]
)
async def test_a_model_that_cannot_be_loaded_fails_the_reply_with_what_ails_the_engine(
    storage: PostgresStorage, blobs: FileBlobStore, actor: Actor, ails: EngineError | None, code: str
) -> None:
    async with open_kitchen(storage, blobs, actor, ails=ails) as kitchen:
        kitchen.server.exchanges[:] = []
        reply = await kitchen.reply_of(await kitchen.ask("Say hi."))
        assert (reply.run_status, reply.error_code, reply.text) == ("failed", code, "")
