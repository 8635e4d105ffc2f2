"""Readers of a run get every event once, whatever they have seen before."""

import asyncio
from collections.abc import Sequence
from contextlib import aclosing
from datetime import UTC, datetime
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from samovar.chat.follow import from_memory, join_deltas, summarise
from samovar.chat.live import LiveRun
from samovar.domain.actor import Actor
from samovar.domain.event import EventKind, RunEvent
from samovar.domain.ids import UserId, new_chat_id, new_message_id, new_run_id
from samovar.domain.run import Run


def numbered(*events: tuple[EventKind, dict[str, object]]) -> tuple[RunEvent, ...]:
    return tuple(RunEvent(seq=seq, kind=kind, body=body) for seq, (kind, body) in enumerate(events, start=1))


def text_shown(events: Sequence[RunEvent]) -> str:
    """What a page shows after these events."""
    text = ""
    for event in events:
        if event.kind == "delta":
            text += str(event.body["text"])
        elif event.kind == "replace":
            text = str(event.body["text"])
    return text


Body = tuple[EventKind, dict[str, object]]


def delta(text: str) -> Body:
    return "delta", {"text": text}


def whole(text: str) -> Body:
    return "replace", {"text": text, "reasoning": ""}


NOTICE: Body = ("notice", {"code": "reply_cut", "values": {}})
PROGRESS: Body = ("progress", {"processed": 1, "total": 2})
END: Body = ("end", {"status": "done", "error": None})
TEXTS = st.text(max_size=5)
EVENTS = st.lists(
    st.one_of(TEXTS.map(delta), TEXTS.map(whole), st.just(NOTICE), st.just(PROGRESS)),
    min_size=1,
    max_size=40,
)


@given(bodies=EVENTS, data=st.data())
def test_a_reader_that_resumes_anywhere_shows_the_same_text(bodies: list[Body], data: st.DataObject) -> None:
    events = numbered(*bodies, END)
    cut = data.draw(st.integers(min_value=0, max_value=len(events) - 1))
    first, rest = join_deltas(events[:cut]), join_deltas(events[cut:])
    assert text_shown([*first, *rest]) == text_shown(events)
    assert [event.seq for event in (*first, *rest)] == sorted({event.seq for event in (*first, *rest)})
    assert rest[-1].seq == events[-1].seq


@given(bodies=EVENTS, is_over=st.booleans())
def test_a_late_reader_gets_the_whole_text_at_once(bodies: list[Body], is_over: bool) -> None:
    events = numbered(*bodies, *([END] if is_over else []))
    summary = summarise(events)
    assert text_shown(summary) == text_shown(events)
    assert (summary[-1].kind == "end") == is_over
    assert summary[-1].seq == events[-1].seq
    assert sum(event.kind == "notice" for event in summary) == sum(event.kind == "notice" for event in events)


def a_live_run() -> LiveRun:
    actor = Actor(user_id=UserId(uuid4()), entry_point="cli")
    run = Run(
        run_id=new_run_id(),
        chat_id=new_chat_id(),
        message_id=new_message_id(),
        status="queued",
        owner=1,
        model=None,
        backend=None,
        last_seq=0,
        created_at=datetime(2026, 11, 22, tzinfo=UTC),
    )
    return LiveRun(run, actor)


async def test_a_reader_of_a_quiet_run_is_given_a_chance_to_look_around() -> None:
    live = a_live_run()
    live.write("tea")
    async with asyncio.timeout(30), aclosing(from_memory(live, None)) as batches:
        assert text_shown(await anext(batches)) == "tea"
        assert await anext(batches) == ()
        live.write(" and jam")
        while not (batch := await anext(batches)):
            pass
        assert [(event.kind, event.body) for event in batch] == [("delta", {"text": " and jam"})]


async def test_words_that_come_in_one_moment_travel_together_and_in_order() -> None:
    live = a_live_run()
    batches: list[Sequence[RunEvent]] = []

    async def follow() -> None:
        async with aclosing(from_memory(live, 0)) as stream:
            batches.extend([batch async for batch in stream if batch])

    async with asyncio.timeout(30):
        reading = asyncio.create_task(follow())
        for number in range(100):
            live.write(f"{number} ")
            if number % 10 == 0:
                await asyncio.sleep(0)
        live.emit("end", status="done", error=None)
        await reading
    events = [event for batch in batches for event in batch]
    assert text_shown(events) == "".join(f"{number} " for number in range(100))
    assert (events[-1].kind, events[-1].seq) == ("end", 101)
    assert len(batches) < 100


async def test_a_reader_that_has_left_is_not_called_any_more() -> None:
    live = a_live_run()
    live.write("tea")
    async with asyncio.timeout(30), aclosing(from_memory(live, None)) as batches:
        await anext(batches)
        waiting = asyncio.ensure_future(anext(batches))
        await asyncio.sleep(0)
        assert live.listeners == 1
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
    assert live.listeners == 0
