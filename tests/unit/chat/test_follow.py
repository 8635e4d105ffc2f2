"""Readers of a run get every event once, whatever they have seen before."""

from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from samovar.chat.follow import join_deltas, summarise
from samovar.domain.event import EventKind, RunEvent


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
