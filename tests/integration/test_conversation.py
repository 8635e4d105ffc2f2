"""A conversation over real HTTP, a real database and a scripted model."""

import asyncio
from typing import Any
from uuid import UUID

import pytest
from tests.support.application import Event, Running, run_application

from samovar.domain.ids import RunId
from samovar.settings import Settings

ANSWER = "A samovar boils water for tea. The fire burns in a tube inside, and the pot stands on top to keep warm."


def text_of(events: list[Event]) -> str:
    text = ""
    for event in events:
        if event.kind == "delta":
            text += event.body["text"]
        elif event.kind == "replace":
            text = event.body["text"]
    return text


def end_of(events: list[Event]) -> dict[str, Any]:
    assert [event.kind for event in events].count("end") == 1
    assert events[-1].kind == "end"
    return events[-1].body


async def messages_of(running: Running, chat_id: str) -> list[dict[str, Any]]:
    _, found = await running.client.send("GET", f"/api/chats/{chat_id}")
    return list(found["messages"])


async def test_an_answer_streams_and_is_stored(running: Running) -> None:
    chat_id = await running.client.new_chat(model="text")
    turn, events = await running.client.answer(chat_id, "What is a samovar?")
    assert text_of(events) == ANSWER
    assert end_of(events) == {"status": "done", "error": None}
    question, reply = await messages_of(running, chat_id)
    assert (question["text"], reply["text"], reply["run_status"]) == ("What is a samovar?", ANSWER, "done")
    assert reply["model"] == "text"
    assert turn["reply"]["id"] == reply["id"]


async def test_the_first_message_names_the_chat(running: Running) -> None:
    chat_id = await running.client.new_chat(model="text")
    await running.client.answer(chat_id, "Как заварить чай в самоваре, чтобы он не горчил и был крепким?\nИ подробнее")
    _, found = await running.client.send("GET", "/api/chats")
    [title] = [chat["title"] for chat in found["chats"] if chat["id"] == chat_id]
    assert title == "Как заварить чай в самоваре, чтобы он не горчил и был…"


async def test_the_message_is_stored_before_the_model_says_anything(running: Running) -> None:
    chat_id = await running.client.new_chat(model="hang")
    turn = await running.client.say(chat_id, "Are you there?")
    question, reply = await messages_of(running, chat_id)
    assert question["text"] == "Are you there?"
    assert reply["run_status"] in ("queued", "running")
    assert end_of(await running.client.whole_run(turn["run_id"]))["error"]["code"] == "backend_timeout"


async def test_a_second_reader_and_a_reader_that_comes_back_see_the_same_answer(running: Running) -> None:
    chat_id = await running.client.new_chat(model="slow")
    turn = await running.client.say(chat_id, "[[slow tokens=40 pace=200]]")
    seen: list[Event] = []
    async for event in running.client.events(turn["run_id"]):
        seen.append(event)
        if len(seen) == 4:
            break
    late, resumed = await asyncio.gather(
        running.client.whole_run(turn["run_id"]), running.client.whole_run(turn["run_id"], after=seen[-1].seq)
    )
    expected = " ".join(f"w{n}" for n in range(1, 41))
    assert text_of(late) == expected
    assert text_of([*seen, *resumed]) == expected
    assert resumed[0].seq > seen[-1].seq


async def test_a_finished_run_can_be_read_again_from_any_event(running: Running) -> None:
    chat_id = await running.client.new_chat(model="text")
    turn, events = await running.client.answer(chat_id, "Tea?")
    again = await running.client.whole_run(turn["run_id"])
    assert text_of(again) == ANSWER
    assert end_of(again)["status"] == "done"
    for resume_after in (0, 1, 5, events[-1].seq - 1):
        rest = await running.client.whole_run(turn["run_id"], after=resume_after)
        assert ANSWER.endswith(text_of(rest))
        assert end_of(rest)["status"] == "done"
    assert [event.kind for event in await running.client.whole_run(turn["run_id"], after=events[-1].seq)] == ["end"]


async def test_stop_ends_the_run_and_keeps_what_was_written(running: Running) -> None:
    chat_id = await running.client.new_chat(model="slow")
    turn = await running.client.say(chat_id, "[[slow tokens=2000 pace=100]]")
    seen: list[Event] = []
    async for event in running.client.events(turn["run_id"]):
        seen.append(event)
        if len(text_of(seen)) > 20 and not any(kept.kind == "end" for kept in seen):
            await running.client.send("POST", f"/api/runs/{turn['run_id']}/stop")
    assert end_of(seen)["status"] == "stopped"
    reply = (await messages_of(running, chat_id))[-1]
    assert reply["run_status"] == "stopped"
    assert reply["text"] == text_of(seen)


@pytest.mark.parametrize(
    ("scene", "code", "kept"),
    [
        ("error-before", "backend_unreachable", ""),
        ("error-key", "backend_unauthorised", ""),
        ("error-middle", "backend_broke", "It begins and then"),
        ("stall", "backend_timeout", "It begins and then"),
        ("error-nonsense", "backend_reply_invalid", ""),
    ],
)
async def test_a_failing_backend_is_told_with_a_code_and_keeps_the_partial_answer(
    running: Running, scene: str, code: str, kept: str
) -> None:
    chat_id = await running.client.new_chat(model=scene)
    _, events = await running.client.answer(chat_id, "Go on")
    end = end_of(events)
    assert (end["status"], end["error"]["code"]) == ("failed", code)
    assert end["error"]["title"]
    assert end["error"]["detail"]
    reply = (await messages_of(running, chat_id))[-1]
    assert (reply["run_status"], reply["error_code"], reply["text"]) == ("failed", code, kept)
    assert reply["outcome"]["error"] == end["error"]


async def test_an_unknown_model_fails_the_run_and_loses_no_message(running: Running) -> None:
    chat_id = await running.client.new_chat(model="no-such-model")
    _, events = await running.client.answer(chat_id, "Hello")
    assert end_of(events)["error"]["code"] == "model_unknown"
    assert (await messages_of(running, chat_id))[0]["text"] == "Hello"


async def test_the_same_idempotency_key_makes_one_message(running: Running) -> None:
    chat_id = await running.client.new_chat(model="text")
    body = {"text": "Once", "parent_id": None}
    headers = {"Idempotency-Key": "the-same"}
    answers = await asyncio.gather(
        *(running.client.send("POST", f"/api/chats/{chat_id}/messages", body, **headers) for _ in range(8))
    )
    assert {status for status, _ in answers} == {201}
    assert len({turn["message"]["id"] for _, turn in answers}) == 1
    assert len({turn["run_id"] for _, turn in answers}) == 1
    await running.client.whole_run(answers[0][1]["run_id"])
    assert len(await messages_of(running, chat_id)) == 2


async def test_an_idempotency_key_used_for_another_message_is_refused(running: Running) -> None:
    chat_id = await running.client.new_chat(model="text")
    headers = {"Idempotency-Key": "taken"}
    path = f"/api/chats/{chat_id}/messages"
    status, turn = await running.client.send("POST", path, {"text": "One"}, **headers)
    assert status == 201
    status, problem = await running.client.send("POST", path, {"text": "Another"}, **headers)
    assert (status, problem["code"]) == (409, "conflict")
    await running.client.whole_run(turn["run_id"])
    assert [message["text"] for message in await messages_of(running, chat_id)] == ["One", ANSWER]


async def test_no_more_answers_are_begun_than_the_limit_allows(settings: Settings) -> None:
    few = settings.model_copy(update={"limits": settings.limits.model_copy(update={"runs": 2})})
    async with run_application(few) as running:
        chat_ids = [await running.client.new_chat(model="slow") for _ in range(6)]
        answers = await asyncio.gather(
            *(
                running.client.send("POST", f"/api/chats/{chat_id}/messages", {"text": "[[slow tokens=500 pace=50]]"})
                for chat_id in chat_ids
            )
        )
        assert sorted(status for status, _ in answers) == [201, 201, 429, 429, 429, 429]
        assert {body["code"] for status, body in answers if status == 429} == {"too_many"}


@pytest.mark.parametrize("text", ["", "  \n", "\u200b", "\u2060\u00ad\t"])
async def test_a_message_that_shows_nothing_is_empty(running: Running, text: str) -> None:
    chat_id = await running.client.new_chat(model="text")
    status, problem = await running.client.send("POST", f"/api/chats/{chat_id}/messages", {"text": text})
    assert (status, problem["code"]) == (400, "message_empty")


async def test_a_title_is_not_cut_inside_a_character(running: Running) -> None:
    family = "\U0001f468\u200d\U0001f469\u200d\U0001f467"
    chat_id = await running.client.new_chat(model="text")
    turn, _ = await running.client.answer(chat_id, "x" * 57 + family * 3)
    _, found = await running.client.send("GET", f"/api/chats/{chat_id}")
    assert found["chat"]["title"] == "x" * 57 + "…"
    assert turn["message"]["text"].endswith(family)


async def test_regenerate_makes_a_sibling_and_edit_makes_a_branch(running: Running) -> None:
    chat_id = await running.client.new_chat(model="text")
    first, _ = await running.client.answer(chat_id, "One")
    _, again = await running.client.send("POST", f"/api/messages/{first['reply']['id']}/regenerate")
    await running.client.whole_run(again["run_id"])
    edited, _ = await running.client.answer(chat_id, "One, edited", parent_id=None)
    follow_up, _ = await running.client.answer(chat_id, "Two", parent_id=first["reply"]["id"])
    tree = {message["id"]: message for message in await messages_of(running, chat_id)}
    assert tree[again["reply"]["id"]]["parent_id"] == first["message"]["id"]
    assert tree[edited["message"]["id"]]["parent_id"] is None
    assert tree[follow_up["message"]["id"]]["parent_id"] == first["reply"]["id"]
    _, found = await running.client.send("GET", f"/api/chats/{chat_id}")
    assert found["chat"]["head_id"] == follow_up["reply"]["id"]
    status, chat = await running.client.send("PATCH", f"/api/chats/{chat_id}", {"head_id": edited["reply"]["id"]})
    assert (status, chat["head_id"]) == (200, edited["reply"]["id"])


async def test_the_model_is_shown_the_branch_and_nothing_beside_it(running: Running) -> None:
    chat_id = await running.client.new_chat(model="echo", system_prompt="Be brief.")
    first, _ = await running.client.answer(chat_id, "[[text]] One")
    await running.client.answer(chat_id, "[[text]] Another start", parent_id=None)
    _, events = await running.client.answer(chat_id, "Two", parent_id=first["reply"]["id"])
    sent = text_of(events)
    assert "Be brief." in sent
    assert "[[text]] One" in sent
    assert ANSWER in sent
    assert "Another start" not in sent


async def test_the_ledger_tells_what_was_sent_and_what_was_not(running: Running) -> None:
    chat_id = await running.client.new_chat(model="text", parameters={"max_tokens": 3000})
    parent = None
    for _ in range(3):
        turn, _ = await running.client.answer(chat_id, "long ago " * 200, parent_id=parent)
        parent = turn["reply"]["id"]
    turn, events = await running.client.answer(chat_id, "And now?", parent_id=parent)
    _, ledger = await running.client.send("GET", f"/api/runs/{turn['run_id']}/ledger")
    left_out = [piece for piece in ledger["pieces"] if not piece["sent"]]
    assert ledger["counted_by"] == "tokenizer"
    assert left_out
    assert {piece["reason"] for piece in left_out} == {"no_room"}
    [notice] = [event for event in events if event.kind == "notice"]
    assert notice.body == {"code": "turns_left_out", "values": {"count": len(left_out)}}
    sent = sum(piece["tokens"] for piece in ledger["pieces"] if piece["sent"])
    assert sent + ledger["reply_tokens"] <= ledger["context_tokens"]


async def test_a_message_that_cannot_fit_is_an_error_with_the_figures(running: Running) -> None:
    chat_id = await running.client.new_chat(model="text")
    _, events = await running.client.answer(chat_id, "word " * 5000)
    error = end_of(events)["error"]
    assert error["code"] == "context_exceeded"
    assert error["values"]["needed_tokens"] > error["values"]["context_tokens"]


async def test_a_reply_cut_at_its_limit_says_so(running: Running) -> None:
    chat_id = await running.client.new_chat(model="text", parameters={"max_tokens": 4})
    _, events = await running.client.answer(chat_id, "Tea?")
    assert {"code": "reply_cut", "values": {"tokens": 4}} in [event.body for event in events]
    outcome = (await messages_of(running, chat_id))[-1]["outcome"]
    assert outcome["notices"] == [{"code": "reply_cut", "values": {"tokens": 4}}]
    assert outcome["usage"]["completion_tokens"] == 4
    assert outcome["error"] is None


async def test_runs_that_were_being_written_at_the_stop_are_interrupted_and_whole(settings: Settings) -> None:
    async with run_application(settings) as running:
        chat_id = await running.client.new_chat(model="slow")
        turn = await running.client.say(chat_id, "[[slow tokens=5000 pace=100]]")
        seen: list[Event] = []
        async for event in running.client.events(turn["run_id"]):
            seen.append(event)
            if len(text_of(seen)) > 20:
                break
    async with run_application(settings) as running:
        reply = (await messages_of(running, chat_id))[-1]
        assert reply["run_status"] == "interrupted"
        assert reply["text"].startswith(text_of(seen))
        rest = await running.client.whole_run(turn["run_id"], after=seen[-1].seq)
        assert end_of(rest)["status"] == "interrupted"
        assert text_of([*seen, *rest]) == reply["text"]


async def test_a_deleted_chat_is_gone_with_its_run(running: Running) -> None:
    chat_id = await running.client.new_chat(model="slow")
    turn = await running.client.say(chat_id, "[[slow tokens=5000 pace=100]]")
    actor = await running.services.sign_in.owner()
    assert running.services.hub.live(actor, run_id_of(turn)) is not None
    status, _ = await running.client.send("DELETE", f"/api/chats/{chat_id}")
    assert status == 204
    assert running.services.hub.live(actor, run_id_of(turn)) is None
    for path in (f"/api/chats/{chat_id}", f"/api/runs/{turn['run_id']}/ledger"):
        status, problem = await running.client.send("GET", path)
        assert (status, problem["code"]) == (404, "not_found")


def run_id_of(turn: dict[str, Any]) -> RunId:
    return RunId(UUID(turn["run_id"]))
