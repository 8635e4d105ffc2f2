"""What is said and kept when the database, another server or our own code fails in the middle of a reply."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from pathlib import Path
from typing import Any
from uuid import UUID

import psutil
import pytest
from tests.support.application import Event, Running, run_application, scripted_settings
from tests.support.database import database_url, make_chat, make_message, make_run, run_as_superuser, temporary_folder

from samovar.chat.live import LiveRun
from samovar.chat.runs import RunHub
from samovar.domain.actor import Actor
from samovar.domain.chat import Message
from samovar.domain.errors import BackendBroke, Conflict
from samovar.domain.event import RunEvent
from samovar.domain.ids import RunId
from samovar.domain.run import Checkpoint, Run
from samovar.settings import Settings
from samovar.storage import PostgresStorage, keeper
from samovar.storage.embedded import EmbeddedServer
from samovar.telemetry.metrics import Metrics


def words(count: int) -> str:
    return " ".join(f"w{number}" for number in range(1, count + 1))


def text_of(events: list[Event]) -> str:
    text = ""
    for event in events:
        if event.kind == "delta":
            text += event.body["text"]
        elif event.kind == "replace":
            text = event.body["text"]
    return text


async def reply_in(running: Running, chat_id: str) -> dict[str, Any]:
    status, found = await running.client.send("GET", f"/api/chats/{chat_id}")
    assert status == 200, found
    return dict(found["messages"][-1])


async def reaches(condition: Callable[[], bool], *, timeout_s: float = 10.0) -> None:
    async with asyncio.timeout(timeout_s):
        while not condition():
            await asyncio.sleep(0.01)


def kill_database(server: EmbeddedServer) -> None:
    found = keeper.read_postmaster(server.folder)
    assert found is not None
    postmaster = psutil.Process(found[0])
    # Those that serve a connection would go on for a moment, and store what they are told.
    for process in (postmaster, *postmaster.children()):
        with suppress(psutil.NoSuchProcess):
            process.kill()


async def begin(running: Running, *, tokens: int, pace: int) -> tuple[str, LiveRun]:
    """Start a reply and return when its first words are written."""
    chat_id = await running.client.new_chat(model="slow")
    turn = await running.client.say(chat_id, f"[[slow tokens={tokens} pace={pace}]]")
    live = running.services.hub.live(await running.services.sign_in.owner(), RunId(UUID(turn["run_id"])))
    assert live is not None
    while live.first_token_at is None:
        await live.wait_beyond(live.seq)
    return chat_id, live


async def follow_to_end(running: Running, live: LiveRun) -> list[Event]:
    """Read as a page does: when the line breaks, connect again behind the last event seen."""
    seen: list[Event] = []
    async with asyncio.timeout(30):
        while not seen or seen[-1].kind != "end":
            after = seen[-1].seq if seen else None
            try:
                seen.extend([event async for event in running.client.events(str(live.run.run_id), after)])
            except AssertionError:
                await asyncio.sleep(0.1)
    return seen


@pytest.fixture
async def own_server() -> AsyncIterator[EmbeddedServer]:
    """A database server that the test may kill; the application knows it by its address alone."""
    with temporary_folder() as folder:
        server = EmbeddedServer(folder / "server")
        await asyncio.to_thread(server.join)
        run_as_superuser(server, "CREATE DATABASE tea")
        yield server
        await asyncio.to_thread(server.leave)


async def test_a_reply_goes_on_while_the_embedded_database_is_killed_and_comes_back() -> None:
    with temporary_folder() as folder:
        settings = scripted_settings(folder, "").model_copy(update={"database_url": None})
        async with run_application(settings) as running:
            chat_id, live = await begin(running, tokens=120, pace=60)
            reading = asyncio.create_task(follow_to_end(running, live))
            await asyncio.sleep(0.3)
            kill_database(EmbeddedServer(folder))
            seen = await reading
            assert text_of(seen) == words(120)
            assert seen[-1].body == {"status": "done", "error": None}
            assert [event.seq for event in seen if event.seq] == sorted({event.seq for event in seen if event.seq})
        async with run_application(settings) as again:
            reply = await reply_in(again, chat_id)
            assert (reply["run_status"], reply["text"]) == ("done", words(120))
            stored = await again.client.whole_run(str(live.run.run_id), after=0)
            assert text_of(stored) == words(120)
            assert [event.kind for event in stored].count("end") == 1


async def test_while_the_database_is_gone_each_door_says_so_and_the_end_of_a_reply_is_stored_afterwards(
    own_server: EmbeddedServer, tmp_path: Path
) -> None:
    async with run_application(scripted_settings(tmp_path, database_url(own_server, "tea"))) as running:
        chat_id, live = await begin(running, tokens=150, pace=100)
        kill_database(own_server)
        # Who has just been let in is still believed, so the system bar can tell what is wrong.
        status, system = await running.client.send("GET", "/api/system")
        assert (status, system["database"], system["ready"]) == (200, "down", False)
        assert (await running.client.send("GET", "/health"))[0] == 200
        async with running.client.session.get("/metrics") as reply:
            assert reply.status == 200
        for method, path in (("GET", "/ready"), ("GET", "/api/chats"), ("POST", f"/api/chats/{chat_id}/messages")):
            body = {"text": "Hello"} if method == "POST" else None
            async with running.client.session.request(method, path, json=body) as reply:
                problem = await reply.json(content_type=None)
                assert (reply.status, problem["code"]) == (503, "storage_unavailable"), path
                assert reply.headers["Retry-After"] == "2"
                assert reply.content_type == "application/problem+json"
        await reaches(lambda: live.whole_text() == words(150))
        await asyncio.sleep(0.6)
        assert running.services.hub.live(live.actor, live.run.run_id) is live, "the end is told before it is stored"
        await asyncio.to_thread(own_server.join)
        seen = await follow_to_end(running, live)
        assert (text_of(seen), seen[-1].body["status"]) == (words(150), "done")
        reply_stored = await reply_in(running, chat_id)
        assert (reply_stored["run_status"], reply_stored["text"]) == ("done", words(150))
        assert (await running.client.send("GET", "/ready"))[0] == 200
        _, found = await running.client.send("GET", f"/api/chats/{chat_id}")
        assert len(found["messages"]) == 2, "a refused message was kept"


async def test_a_server_that_closes_without_its_database_does_not_wait_and_tells_the_reader(
    own_server: EmbeddedServer, tmp_path: Path
) -> None:
    settings = scripted_settings(tmp_path, database_url(own_server, "tea"))
    async with run_application(settings) as running:
        chat_id, live = await begin(running, tokens=2000, pace=50)
        await asyncio.sleep(1.2)  # past the first checkpoint
        kill_database(own_server)
        async with asyncio.timeout(5):
            await running.services.hub.close()
        end = list(live.events(live.seq - 1))[-1]
        assert (end.kind, end.body["status"]) == ("end", "failed")
        assert end.body["error"] is not None
        await asyncio.to_thread(own_server.join)
    async with run_application(settings) as again:
        reply = await reply_in(again, chat_id)
        assert reply["run_status"] == "interrupted"
        assert live.whole_text().startswith(reply["text"])
        assert reply["text"]


async def test_a_second_server_shows_the_reply_that_the_first_one_writes(settings: Settings, tmp_path: Path) -> None:
    neighbour = settings.model_copy(update={"data_dir": tmp_path / "second"})
    async with run_application(settings) as writer, run_application(neighbour) as reader:
        chat_id, live = await begin(writer, tokens=150, pace=75)
        run_id = str(live.run.run_id)
        status, problem = await reader.client.send("POST", f"/api/runs/{run_id}/stop")
        assert (status, problem["code"]) == (409, "conflict")
        late, from_the_start = await asyncio.gather(
            reader.client.whole_run(run_id), reader.client.whole_run(run_id, after=0)
        )
        for events in (late, from_the_start):
            assert text_of(events) == words(150)
            assert events[-1].body == {"status": "done", "error": None}
            assert [event.kind for event in events].count("end") == 1
        assert len([event for event in late if event.kind in ("delta", "replace")]) > 1, "it came in one piece"
        assert (await reply_in(reader, chat_id))["text"] == words(150)


async def test_a_reply_whose_server_is_gone_ends_as_interrupted_for_its_reader(settings: Settings) -> None:
    async with run_application(settings) as running:
        owner = await running.services.sign_in.owner()
        chat = make_chat(owner)
        question = make_message(chat.chat_id)
        reply = make_message(chat.chat_id, role="assistant", text="", parent_id=question.message_id)
        run = make_run(reply, owner=1)
        async with running.services.storage.transaction() as tx:
            await tx.chats.add(owner, chat)
            await tx.chats.add_message(owner, question)
            await tx.chats.add_message(owner, reply)
            await tx.runs.add(run)
            event = RunEvent(seq=1, kind="delta", body={"text": "So far"})
            await tx.runs.checkpoint([Checkpoint(run_id=run.run_id, events=(event,), text="So far", reasoning="")])
        async with asyncio.timeout(5):
            events = await running.client.whole_run(str(run.run_id))
        assert events[-1].body == {"status": "interrupted", "error": None}
        stored = await reply_in(running, str(chat.chat_id))
        assert (stored["run_status"], stored["text"]) == ("interrupted", "So far")


async def test_a_reader_that_claims_more_than_there_is_gets_everything(running: Running) -> None:
    _, live = await begin(running, tokens=30, pace=60)
    events = await running.client.whole_run(str(live.run.run_id), after=999_999)
    assert text_of(events) == words(30)
    assert events[-1].body["status"] == "done"


class Stage:
    """A hub over the real database, and what was stored of its runs."""

    def __init__(self, storage: PostgresStorage, actor: Actor) -> None:
        self.storage = storage
        self.actor = actor
        self.hub = RunHub(storage, Metrics(), most_runs=2)

    async def new_run(self) -> Run:
        chat = make_chat(self.actor)
        question = make_message(chat.chat_id)
        reply = make_message(chat.chat_id, role="assistant", text="", parent_id=question.message_id)
        run = make_run(reply, owner=self.storage.owner)
        async with self.storage.transaction() as tx:
            await tx.chats.add(self.actor, chat)
            await tx.chats.add_message(self.actor, question)
            await tx.chats.add_message(self.actor, reply)
            await tx.runs.add(run)
        return run

    async def ended(self, live: LiveRun) -> Message:
        while self.hub.live(self.actor, live.run.run_id):
            await live.wait_beyond(live.seq)
        async with self.storage.transaction() as tx:
            return await tx.chats.access_message(self.actor, live.run.message_id)


@pytest.fixture
async def stage(storage: PostgresStorage, actor: Actor) -> AsyncIterator[Stage]:
    opened = Stage(storage, actor)
    yield opened
    await opened.hub.close()


async def test_a_defect_in_the_work_ends_that_reply_alone_and_keeps_its_words(stage: Stage) -> None:
    async def crash(live: LiveRun) -> None:
        live.write("So far")
        await asyncio.sleep(0)
        raise ZeroDivisionError("a defect")

    async def go_on(live: LiveRun) -> None:
        await asyncio.sleep(0.05)
        live.write("Well.")

    broken = stage.hub.start(stage.actor, await stage.new_run(), crash)
    sound = stage.hub.start(stage.actor, await stage.new_run(), go_on)
    assert len(stage.hub) == 2
    reply = await stage.ended(broken)
    assert (reply.run_status, reply.error_code, reply.text) == ("failed", "internal", "So far")
    end = list(broken.events(broken.seq - 1))[-1]
    assert "defect" not in str(end.body)
    reply = await stage.ended(sound)
    assert (reply.run_status, reply.text) == ("done", "Well.")
    assert len(stage.hub) == 0


async def test_a_stopping_server_begins_no_reply(stage: Stage) -> None:
    await stage.hub.close()
    with pytest.raises(Conflict, match="stopping"), stage.hub.room():
        pass


async def test_a_reply_whose_chat_was_deleted_from_elsewhere_ends_quietly(stage: Stage) -> None:
    async def write(live: LiveRun) -> None:
        for _ in range(80):
            live.write("tea ")
        await asyncio.sleep(0.3)
        for _ in range(80):
            live.write("jam ")
        await asyncio.sleep(0.1)
        raise BackendBroke(backend="mine")

    run = await stage.new_run()
    live = stage.hub.start(stage.actor, run, write)
    async with stage.storage.transaction() as tx:
        await tx.chats.remove(stage.actor, run.chat_id)
    while stage.hub.live(stage.actor, run.run_id):
        await live.wait_beyond(live.seq)
    end = list(live.events(live.seq - 1))[-1]
    assert (end.kind, end.body["status"]) == ("end", "failed")
