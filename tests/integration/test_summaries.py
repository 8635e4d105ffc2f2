"""Long chats are summed up behind the answers: garbage is refused, what is taken can be seen, changed and undone."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from stand_ins.answer import Answer, write_answer
from stand_ins.prompt import Prompt
from stand_ins.running import listen
from stand_ins.vllm import VLLM
from tests.support.application import Running, run_application
from tests.support.database import fresh_database
from tests.support.everyday_talks import EVERYDAY
from tests.support.stand_ins import Behaviour, RunningStandIn
from tests.support.summaries import ENGLISH, RUSSIAN, TALKS, Talk

from samovar.chat.summary_check import Refusal, SummaryDraft, check_summary
from samovar.gateway.tokens import estimate_tokens
from samovar.settings import BackendServer, BackendsSettings, EngineSettings, Settings
from samovar.storage.embedded import EmbeddedServer

FILLER = {
    True: "Это подробный ответ, в котором нет ничего точного, а только общие слова о том, как обычно поступают. " * 26,
    False: "This is a long answer that has nothing exact in it, only general words about what people usually do. " * 26,
}
LAST = {True: "Спасибо! Составь, пожалуйста, список вопросов к встрече.", False: "Thanks! Please write the rota."}
SYSTEM = "Answer like an old friend, please."


class Scribe(VLLM):
    """A model server whose model answers from a script, summaries from another one."""

    def __init__(self) -> None:
        super().__init__(Behaviour(context_tokens=4096))
        #: What it writes for summaries, one after the other; the last one again and again.
        self.summaries: list[str] = ["Nothing."]
        self.replies: dict[str, str] = {}
        #: The requests for summaries.
        self.asked_for: list[str] = []
        self.keeps_limits = True

    def compose(self, prompt: Prompt, behaviour: Behaviour) -> Answer:
        text = "".join(message.text for message in prompt.messages)
        if "<earlier-turns " not in text:
            said = next((reply for asked, reply in self.replies.items() if asked in prompt.question), "Well, yes.")
            return write_answer(prompt, replace(behaviour, answer=said))
        self.asked_for.append(text)
        written = self.summaries.pop(0) if len(self.summaries) > 1 else self.summaries[0]
        asked = prompt if self.keeps_limits else replace(prompt, max_tokens=None)
        return write_answer(asked, replace(behaviour, answer=written))


@dataclass(frozen=True, slots=True)
class Stage:
    """A Samovar with one model, whose summaries the test writes."""

    running: Running
    scribe: Scribe
    server: RunningStandIn

    async def long_chat(self, talk: Talk, **fields: object) -> str:
        """Hold a talk that takes two thirds of what the model can read, and one more turn."""
        russian = talk is RUSSIAN
        chat_id = await self.running.client.new_chat(system_prompt=SYSTEM, **fields)
        questions = (*talk.turns[::2], LAST[russian])
        replies = (*talk.turns[1::2], "Well, yes.")
        parent: str | None = None
        for asked, reply in zip(questions, replies, strict=True):
            self.scribe.replies[asked] = f"{reply} {FILLER[russian]}"
            turn, events = await self.running.client.answer(chat_id, asked, parent_id=parent)
            assert events[-1].body["status"] == "done", events[-1].body
            parent = turn["reply"]["id"]
        return chat_id

    async def listing(self, chat_id: str) -> dict[str, Any]:
        status, body = await self.running.client.send("GET", f"/api/chats/{chat_id}/summaries")
        assert status == 200
        return dict(body)

    async def until(self, chat_id: str, is_so: Callable[[dict[str, Any]], object]) -> dict[str, Any]:
        async with asyncio.timeout(60):
            while not is_so(listing := await self.listing(chat_id)):
                await asyncio.sleep(0.05)
        return listing

    async def summarise(self, chat_id: str) -> dict[str, Any]:
        """Ask for a summary and wait until it is there or refused."""
        status, problem = await self.running.client.send("POST", f"/api/chats/{chat_id}/summaries")
        assert status == 202, problem
        return await self.until(chat_id, lambda listing: not listing["making"])

    async def change(self, summary_id: str, **changes: object) -> dict[str, Any]:
        status, body = await self.running.client.send("PATCH", f"/api/summaries/{summary_id}", changes)
        assert status == 200, body
        return dict(body)

    async def sent(self, chat_id: str, question: str) -> list[dict[str, Any]]:
        """Ask, and return the messages that the model was sent."""
        await self.running.client.answer(chat_id, question, parent_id=await self.head(chat_id))
        asked = [one.json for one in self.server.requests_to("/v1/chat/completions")]
        bodies = [body for body in asked if question in str(body["messages"])]
        messages = bodies[-1]["messages"]
        assert isinstance(messages, list)
        return messages

    async def head(self, chat_id: str) -> str:
        return str((await self.tree(chat_id))["chat"]["head_id"])

    async def tree(self, chat_id: str) -> dict[str, Any]:
        _, detail = await self.running.client.send("GET", f"/api/chats/{chat_id}")
        return dict(detail)


@asynccontextmanager
async def open_stage(tmp_path: Path, database: str) -> AsyncIterator[Stage]:
    scribe = Scribe()
    async with listen(scribe) as url:
        settings = Settings(
            data_dir=tmp_path / "data",
            database_url=database,
            engine=EngineSettings(enabled=False),
            backends=BackendsSettings(
                servers=(BackendServer(name="scribe", kind="vllm", url=url),),
                discover=False,
                first_token_timeout_s=60,
                idle_timeout_s=60,
            ),
        )
        async with run_application(settings) as running:
            yield Stage(running, scribe, RunningStandIn(url=url, stand_in=scribe))


@pytest.fixture(scope="module")
async def opened(database_server: EmbeddedServer, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stage]:
    with fresh_database(database_server) as database:
        async with open_stage(tmp_path_factory.mktemp("data"), database) as stage:
            stage.running.services.summariser.start()
            yield stage


@pytest.fixture
async def stage(opened: Stage) -> Stage:
    """The stage as new; the chats of other tests are left alone."""
    opened.scribe.summaries = ["Nothing."]
    opened.scribe.asked_for.clear()
    opened.scribe.keeps_limits = True
    return opened


BAD = {
    "empty": "",
    "reasoning": f"Okay, let me think about what matters here. {RUSSIAN.good[0]}",
    "too_long": " ".join(RUSSIAN.turns) * 5,
    "facts_lost": RUSSIAN.lost[0],
}


def count(stage: Stage, result: str) -> float:
    value = stage.running.services.metrics.summaries.labels(result)._value.get()
    return float(value)


async def quiet_chat(stage: Stage, talk: Talk) -> str:
    """A long chat of which no summary was made so far."""
    async with no_summaries(stage):
        return await stage.long_chat(talk)


@asynccontextmanager
async def no_summaries(stage: Stage) -> AsyncIterator[None]:
    """Let none be made by itself meanwhile."""
    await stage.running.services.summariser.close()
    yield
    stage.running.services.summariser.start()


@pytest.mark.parametrize("fault", BAD)
async def test_a_bad_summary_is_refused_twice_and_nothing_is_stored(stage: Stage, fault: str) -> None:
    chat_id = await quiet_chat(stage, RUSSIAN)
    stage.scribe.summaries = [BAD[fault]]
    stage.scribe.keeps_limits = False
    before = count(stage, fault)
    tree = await stage.tree(chat_id)
    listing = await stage.summarise(chat_id)
    assert listing["summaries"] == []
    assert listing["problem"]["reason"] == fault
    assert len(stage.scribe.asked_for) == 2
    assert count(stage, fault) == before + 2
    assert await stage.tree(chat_id) == tree


@pytest.mark.parametrize(
    ("talk", "text"), [(talk, text) for talk in TALKS for text in talk.changed], ids=lambda one: str(one)[:20]
)
async def test_summaries_with_changed_facts_are_refused_by_the_stems_of_the_index(
    stage: Stage, talk: Talk, text: str
) -> None:
    refusal = await checked(stage, talk, text)
    assert refusal is not None
    assert refusal.fault == "facts_changed"


@pytest.mark.parametrize(
    ("talk", "text"),
    [(talk, text) for talk in (*TALKS, *EVERYDAY) for text in talk.good],
    ids=lambda one: str(one)[:20],
)
async def test_true_summaries_are_taken_by_the_stems_of_the_index(stage: Stage, talk: Talk, text: str) -> None:
    assert await checked(stage, talk, text) is None


async def checked(stage: Stage, talk: Talk, text: str) -> Refusal | None:
    async with stage.running.services.storage.reading() as tx:
        return await check_summary(
            SummaryDraft(text=text, tokens=estimate_tokens(text)),
            talk.source,
            source_tokens=sum(estimate_tokens(turn) for turn in talk.turns),
            most_tokens=400,
            stems=tx.search.stems,
        )


async def test_a_summary_with_changed_facts_is_refused_and_the_second_attempt_is_told_why(stage: Stage) -> None:
    chat_id = await quiet_chat(stage, RUSSIAN)
    stage.scribe.summaries = [RUSSIAN.changed[0], RUSSIAN.good[0]]
    listing = await stage.summarise(chat_id)
    first, second = stage.scribe.asked_for
    assert "154 000" not in first
    assert "154 000" in second
    [summary] = listing["summaries"]
    assert summary["text"] == RUSSIAN.good[0]
    assert listing["problem"] is None


async def test_a_summary_that_the_limit_cut_short_is_refused(stage: Stage) -> None:
    chat_id = await quiet_chat(stage, ENGLISH)
    stage.scribe.summaries = ["Martha Norwood opens Goldcrust in Leeds. " * 200]
    assert (await stage.summarise(chat_id))["problem"]["reason"] == "cut"


@pytest.mark.parametrize("talk", TALKS, ids=["russian", "english"])
async def test_a_chat_near_its_limit_is_summed_up_by_itself(stage: Stage, talk: Talk) -> None:
    stage.scribe.summaries = [talk.good[0]]
    chat_id = await stage.long_chat(talk)
    listing = await stage.until(chat_id, lambda listing: listing["summaries"])
    [summary] = listing["summaries"]
    tree = await stage.tree(chat_id)
    assert summary["text"] == talk.good[0]
    assert summary["turns"] == 6
    assert summary["through_id"] == tree["messages"][5]["id"]
    assert summary["model"] == "Qwen/Qwen2.5-1.5B-Instruct"
    assert (summary["active"], summary["edited"]) == (True, False)
    assert len(stage.scribe.asked_for) == 1
    russian = talk is RUSSIAN
    assert ("Между <earlier-turns " if russian else "Between <earlier-turns ") in stage.scribe.asked_for[0]

    sent = await stage.sent(chat_id, "And now?")
    assert SYSTEM in str(sent[0]["content"])
    whole = str(sent)
    assert talk.good[0][:40] in whole
    assert talk.turns[0][:60] not in whole, "the summary stands for it"
    assert LAST[russian] in whole, "the newest turns stay"


async def test_a_refused_summary_is_not_tried_after_each_reply(stage: Stage) -> None:
    stage.scribe.summaries = [ENGLISH.changed[0]]
    chat_id = await stage.long_chat(ENGLISH)
    listing = await stage.until(chat_id, lambda listing: listing["problem"])
    assert listing["problem"]["reason"] == "facts_changed"
    stage.scribe.summaries = [ENGLISH.good[0]]
    for number in range(3):
        await stage.sent(chat_id, f"Question {number}?")
    assert len(stage.scribe.asked_for) == 2
    assert (await stage.listing(chat_id))["summaries"] == []
    await stage.sent(chat_id, "Question 4?")
    listing = await stage.until(chat_id, lambda listing: listing["summaries"])
    assert listing["problem"] is None


async def test_no_summary_is_made_far_from_the_limit_or_where_none_is_wanted(stage: Stage) -> None:
    stage.scribe.summaries = [ENGLISH.good[0]]
    short = await stage.running.client.new_chat()
    await stage.running.client.answer(short, "Tea?")
    windowed = await stage.long_chat(ENGLISH, strategy="window")
    # The queue is in order: when this one is there, the others were looked at.
    chat_id = await stage.long_chat(ENGLISH, strategy="summary")
    await stage.until(chat_id, lambda listing: listing["summaries"])
    assert (await stage.listing(short))["summaries"] == []
    assert (await stage.listing(windowed))["summaries"] == []


async def test_undoing_a_summary_restores_the_tree_and_the_next_request(stage: Stage) -> None:
    plain, summed = await quiet_chat(stage, ENGLISH), await quiet_chat(stage, ENGLISH)
    before = await stage.tree(summed)
    stage.scribe.summaries = [ENGLISH.good[0]]
    [summary] = (await stage.summarise(summed))["summaries"]
    await stage.change(summary["id"], text="Martha bakes, they say.")
    undone = await stage.change(summary["id"], active=False)
    assert (undone["active"], undone["edited"]) == (False, True)
    assert await stage.tree(summed) == before

    assert await stage.sent(summed, "How many people?") == await stage.sent(plain, "How many people?")
    assert await ledger(stage, summed) == await ledger(stage, plain)
    assert SYSTEM in str(await stage.sent(summed, "Who are you?"))
    # What a person has undone is not made again behind their back, while the other chat, asked last, is summed up.
    await stage.sent(plain, "Who am I?")
    await stage.until(plain, lambda listing: listing["summaries"])
    assert [one["id"] for one in (await stage.listing(summed))["summaries"]] == [summary["id"]]

    await stage.change(summary["id"], active=True)
    sent = str(await stage.sent(summed, "And the marketing?"))
    assert "Martha bakes, they say." in sent
    assert ENGLISH.turns[0][:60] not in sent


async def ledger(stage: Stage, chat_id: str) -> dict[str, Any]:
    """What the last reply was made of, without the ids of this one chat."""
    tree = await stage.tree(chat_id)
    run_id = next(one["run_id"] for one in tree["messages"] if one["id"] == tree["chat"]["head_id"])
    _, body = await stage.running.client.send("GET", f"/api/runs/{run_id}/ledger")
    for piece in body["pieces"]:
        piece["origin"] = sorted(piece["origin"])
    return dict(body)


async def test_what_a_person_wrote_is_source_for_the_next_summary_and_stays(stage: Stage) -> None:
    chat_id = await quiet_chat(stage, ENGLISH)
    stage.scribe.summaries = [ENGLISH.good[0]]
    [first] = (await stage.summarise(chat_id))["summaries"]
    edited = f"{ENGLISH.good[0]} The tasting is at Fenwick Hall."
    await stage.change(first["id"], text=edited)
    stage.scribe.replies["Tell me about yeast."] = FILLER[False]
    async with no_summaries(stage):
        for _ in range(3):
            await stage.sent(chat_id, "Tell me about yeast.")
    stage.scribe.asked_for.clear()
    stage.scribe.summaries = [f"{edited} They talked about yeast."]
    await stage.running.client.send("POST", f"/api/chats/{chat_id}/summaries")
    listing = await stage.until(chat_id, lambda listing: len(listing["summaries"]) > 1)
    old, new = listing["summaries"]
    assert (old["text"], old["edited"], old["active"]) == (edited, True, True)
    assert "Fenwick Hall" in stage.scribe.asked_for[0]
    assert ENGLISH.turns[0][:60] not in stage.scribe.asked_for[0]
    assert (new["edited"], new["turns"] > old["turns"]) == (False, True)
    # Undone, the one before is in force again.
    await stage.change(new["id"], active=False)
    assert "Fenwick Hall" in str(await stage.sent(chat_id, "What next?"))


async def test_an_answer_never_waits_for_a_summary(stage: Stage) -> None:
    chat_id = await quiet_chat(stage, ENGLISH)
    stage.scribe.summaries = [ENGLISH.good[0]]
    other = await stage.running.client.new_chat()
    stage.scribe.behaviour.tokens_per_s = 5
    try:
        await stage.running.client.send("POST", f"/api/chats/{chat_id}/summaries")
        async with asyncio.timeout(60):
            while not stage.scribe.asked_for:
                await asyncio.sleep(0.02)
        cancelled = stage.scribe.cancelled
        turn = await stage.running.client.say(other, "Tea?")
        await stage.server.wait_cancelled(cancelled + 1, timeout_s=60)
        assert (await stage.listing(chat_id))["making"], "it is begun again later"
        stage.scribe.behaviour.tokens_per_s = 0
        await stage.running.client.whole_run(turn["run_id"])
    finally:
        stage.scribe.behaviour.tokens_per_s = 0
    listing = await stage.until(chat_id, lambda listing: listing["summaries"])
    assert listing["summaries"][0]["text"] == ENGLISH.good[0]


async def test_a_chat_with_nothing_to_sum_up_says_so(stage: Stage) -> None:
    client = stage.running.client
    empty = await client.new_chat()
    status, problem = await client.send("POST", f"/api/chats/{empty}/summaries")
    assert (status, problem["code"]) == (409, "conflict")
    await client.answer(empty, "Tea?")
    assert (await client.send("POST", f"/api/chats/{empty}/summaries"))[0] == 409
    windowed = await client.new_chat(strategy="window")
    assert (await client.send("POST", f"/api/chats/{windowed}/summaries"))[0] == 409


async def test_a_change_of_a_summary_is_bounded(stage: Stage) -> None:
    chat_id = await quiet_chat(stage, ENGLISH)
    stage.scribe.summaries = [ENGLISH.good[0]]
    [summary] = (await stage.summarise(chat_id))["summaries"]
    client = stage.running.client
    for body in ({"text": " \n"}, {"text": "x" * 20_001}, {"text": 5}, {"through_id": summary["through_id"]}):
        status, _ = await client.send("PATCH", f"/api/summaries/{summary['id']}", body)
        assert status in (400, 422), body
    assert (await client.send("PATCH", f"/api/summaries/{uuid4()}", {"active": False}))[0] == 404
    assert (await client.send("GET", f"/api/chats/{uuid4()}/summaries"))[0] == 404
    assert (await client.send("POST", f"/api/chats/{uuid4()}/summaries"))[0] == 404
    assert (await stage.listing(chat_id))["summaries"] == [summary]


async def test_a_summary_that_was_being_written_at_a_restart_leaves_nothing(
    tmp_path: Path, fresh_database_url: str
) -> None:
    async with open_stage(tmp_path, fresh_database_url) as stage:
        stage.running.services.summariser.start()
        chat_id = await quiet_chat(stage, ENGLISH)
        stage.scribe.summaries = [ENGLISH.good[0]]
        stage.scribe.behaviour.tokens_per_s = 5
        await stage.running.client.send("POST", f"/api/chats/{chat_id}/summaries")
        async with asyncio.timeout(60):
            while not stage.scribe.asked_for:
                await asyncio.sleep(0.02)
        before = await stage.tree(chat_id)
    async with open_stage(tmp_path, fresh_database_url) as stage:
        assert await stage.listing(chat_id) == {"summaries": [], "making": False, "problem": None}
        assert await stage.tree(chat_id) == before
        # Nothing hinders a new one.
        stage.running.services.summariser.start()
        stage.scribe.summaries = [ENGLISH.good[0]]
        assert len((await stage.summarise(chat_id))["summaries"]) == 1
