"""The way through the gateway to model servers: whose turn it is, who answers instead, and what was really read."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from tests.support.application import Event, Running, run_application
from tests.support.stand_ins import Behaviour, RunningStandIn, run_stand_in

from samovar.settings import BackendServer, BackendsSettings, EngineSettings, LoadSettings, RouteSettings, Settings

WORDS = "The samovar boils water for tea in the garden, and the pot stands on top to keep warm all day long. "


def bodies(events: list[Event], kind: str) -> list[dict[str, Any]]:
    return [event.body for event in events if event.kind == kind]


def notice(events: list[Event], code: str) -> dict[str, Any] | None:
    return next((body["values"] for body in bodies(events, "notice") if body["code"] == code), None)


def text_of(events: list[Event]) -> str:
    return "".join(event.body["text"] for event in events if event.kind in ("delta", "replace"))


def settings_for(
    data_dir: Path, database: str, *servers: BackendServer, routes: tuple[RouteSettings, ...] = ()
) -> Settings:
    return Settings(
        data_dir=data_dir,
        database_url=database,
        engine=EngineSettings(enabled=False),
        backends=BackendsSettings(servers=servers, discover=False, first_token_timeout_s=20, idle_timeout_s=20),
        routes=routes,
    )


@asynccontextmanager
async def serve(
    tmp_path: Path, database: str, *kinds: str, parallel: int | None = None, order: str = "fallback"
) -> AsyncIterator[tuple[Running, list[RunningStandIn]]]:
    """A whole Samovar before stand-ins named ``<kind>-<number>``, with the route ``house`` over their first models."""
    async with AsyncExitStack() as stack:
        stand_ins = [await stack.enter_async_context(run_stand_in(kind, Behaviour())) for kind in kinds]
        load = LoadSettings(context_tokens=32_768)
        servers = [
            BackendServer(name=f"{kind}-{number}", kind=kind, url=stand_in.url, parallel=parallel, load=load)
            for number, (kind, stand_in) in enumerate(zip(kinds, stand_ins, strict=True), start=1)
        ]
        targets = tuple(
            f"{server.name}/{stand_in.stand_in.usual_models()[0].name}"
            for server, stand_in in zip(servers, stand_ins, strict=True)
        )
        route = RouteSettings(name="house", targets=targets, order=order)
        settings = settings_for(tmp_path / "data", database, *servers, routes=(route,))
        yield await stack.enter_async_context(run_application(settings)), stand_ins


async def test_a_prompt_that_the_backend_cut_is_told_with_the_answer_and_counted(
    tmp_path: Path, fresh_database_url: str
) -> None:
    async with serve(tmp_path, fresh_database_url, "ollama") as (running, [ollama]):
        ollama.behaviour.evaluates_at_most = 2050
        chat_id = await running.client.new_chat(model="house", parameters={"max_tokens": 16})
        turn, events = await running.client.answer(chat_id, WORDS * 800)
        told = notice(events, "prompt_cut")
        assert told is not None
        assert told["read_tokens"] == 2050
        assert told["sent_tokens"] >= 16_000
        assert told["backend"] == "ollama-1"
        _, detail = await running.client.send("GET", f"/api/chats/{chat_id}")
        reply = next(message for message in detail["messages"] if message["id"] == turn["reply"]["id"])
        assert "prompt_cut" in [one["code"] for one in reply["outcome"]["notices"]], "a reload would hide it"
        async with running.client.session.get("/metrics") as metrics:
            assert 'samovar_prompts_cut_total{backend="ollama-1"} 1.0' in await metrics.text()


@pytest.mark.parametrize("cache", ["none", "reported", "subtracted"])
async def test_a_hundred_answers_of_each_sort_raise_no_alarm_cached_prompts_included(
    tmp_path: Path, fresh_database_url: str, cache: str
) -> None:
    texts = [
        "Hi!",
        WORDS * 4,
        "Что такое самовар и почему он кипит сам по себе? " * 6,
        "1 2 3 4 5 6 7 8 9 10\n\n\n    x = [0] * 100\n    return {'a': 1}\n" * 5,
        "茶炊在桌上冒着热气。" * 20,
    ]
    async with serve(tmp_path, fresh_database_url, "ollama", "vllm", "lmstudio") as (running, stand_ins):
        for stand_in in stand_ins:
            # Only Ollama ever left cached tokens out.
            is_odd = cache == "subtracted" and stand_in.stand_in.kind != "ollama"
            stand_in.behaviour.prompt_cache = "none" if is_odd else cache  # type: ignore[assignment]  # one of the three
            stand_in.behaviour.answer_tokens = 3
        names = running.services.models.routes[0].targets
        answers = 0
        for first_text in range(4):
            chats = {await running.client.new_chat(model=name): None for name in names}
            for number in range(9):
                for chat_id, parent_id in chats.items():
                    text = texts[(first_text + number) % len(texts)]
                    turn, events = await running.client.answer(chat_id, text, parent_id=parent_id)
                    assert notice(events, "prompt_cut") is None, (text[:40], bodies(events, "usage"))
                    assert bodies(events, "end")[0]["status"] == "done"
                    chats[chat_id] = turn["reply"]["id"]
                    answers += 1
        assert answers == 108


async def test_an_estimate_learns_from_what_the_backend_counted(tmp_path: Path, fresh_database_url: str) -> None:
    async with serve(tmp_path, fresh_database_url, "lmstudio") as (running, _):
        chat_id = await running.client.new_chat(model="house")
        first, _ = await running.client.answer(chat_id, WORDS * 20)
        second, _ = await running.client.answer(chat_id, WORDS * 20, parent_id=first["reply"]["id"])
        _, before = await running.client.send("GET", f"/api/runs/{first['run_id']}/ledger")
        _, after = await running.client.send("GET", f"/api/runs/{second['run_id']}/ledger")
        assert (before["counted_by"], after["counted_by"]) == ("estimate", "calibrated")
        estimated, learnt = (ledger["pieces"][-1]["tokens"] for ledger in (before, after))
        assert learnt < estimated


async def test_the_next_backend_of_a_route_answers_and_the_reader_is_told(
    tmp_path: Path, fresh_database_url: str
) -> None:
    async with serve(tmp_path, fresh_database_url, "vllm", "ollama") as (running, [first, second]):
        await running.services.models.list()
        first.behaviour.busy_replies = -1
        chat_id = await running.client.new_chat(model="house")
        turn, events = await running.client.answer(chat_id, "Hi!")
        assert bodies(events, "end")[0]["status"] == "done"
        told = notice(events, "fallback_used")
        assert told is not None
        assert (told["instead_of"], told["reason"]) == ("vllm-1", "backend_overloaded")
        _, ledger = await running.client.send("GET", f"/api/runs/{turn['run_id']}/ledger")
        assert ledger["asked"] == "house"
        assert [(one["backend"], one["error"]) for one in ledger["tried"]] == [("vllm-1", "backend_overloaded")]
        assert ledger["backend"] == "ollama-2"
        assert len(second.requests_to("/api/chat")) == 1


async def test_an_answer_that_has_begun_is_never_begun_again_elsewhere(tmp_path: Path, fresh_database_url: str) -> None:
    async with serve(tmp_path, fresh_database_url, "vllm", "ollama") as (running, [first, second]):
        first.behaviour.dies_after_tokens = 5
        chat_id = await running.client.new_chat(model="house")
        _, events = await running.client.answer(chat_id, "Hi!")
        end = bodies(events, "end")[0]
        assert (end["status"], end["error"]["code"]) == ("failed", "backend_broke")
        assert text_of(events)
        assert second.requests_to("/api/chat") == []


async def test_who_waits_for_a_busy_backend_is_told_the_position(tmp_path: Path, fresh_database_url: str) -> None:
    async with serve(tmp_path, fresh_database_url, "ollama", parallel=1) as (running, [ollama]):
        ollama.behaviour.tokens_per_s = 20
        ollama.behaviour.answer_tokens = 20
        chats = [await running.client.new_chat(model="house") for _ in range(3)]
        turns = [await running.client.say(chat_id, "Hi!") for chat_id in chats]
        events = await asyncio.gather(*(running.client.whole_run(turn["run_id"]) for turn in turns))
        assert all(bodies(heard, "end")[0]["status"] == "done" for heard in events)
        positions = sorted([body["position"] for body in bodies(heard, "queue")] for heard in events)
        assert positions[0] == []
        assert positions[1] == [1]
        assert positions[2] in ([1], [2, 1]), "the summary may have swallowed the first"
        assert running.services.pool.find("ollama-1").queue.running == 0


async def test_a_stopped_answer_makes_its_place_free(tmp_path: Path, fresh_database_url: str) -> None:
    async with serve(tmp_path, fresh_database_url, "ollama", parallel=1) as (running, [ollama]):
        ollama.behaviour.tokens_per_s = 2
        ollama.behaviour.answer_tokens = 1000
        first = await running.client.say(await running.client.new_chat(model="house"), "Hi!")
        while not ollama.requests_to("/api/chat"):
            await asyncio.sleep(0.02)
        second = await running.client.say(await running.client.new_chat(model="house"), "Hi!")
        await running.client.send("POST", f"/api/runs/{first['run_id']}/stop")
        await ollama.wait_cancelled()
        while len(ollama.requests_to("/api/chat")) < 2:
            await asyncio.sleep(0.02)
        await running.client.send("POST", f"/api/runs/{second['run_id']}/stop")
        await running.client.whole_run(second["run_id"])
        assert running.services.pool.find("ollama-1").queue.running == 0


async def test_one_question_is_one_request_and_nothing_is_asked_behind_the_readers_back(
    tmp_path: Path, fresh_database_url: str
) -> None:
    async with serve(tmp_path, fresh_database_url, "ollama") as (running, [ollama]):
        chat_id = await running.client.new_chat(model="house")
        await running.client.answer(chat_id, "What is a samovar?")
        _, detail = await running.client.send("GET", f"/api/chats/{chat_id}")
        assert detail["chat"]["title"] == "What is a samovar?"
        asked = [one.path for one in ollama.asked if one.path in ("/api/chat", "/api/generate", "/v1/chat/completions")]
        assert asked == ["/api/chat"], "a title or a probe that runs another model would push this one out"
