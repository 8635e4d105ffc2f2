"""Usage in the last bytes of a reply, whatever else stands there."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from samovar.api.openai_usage import ReplyTail, TokenUsage, find_usage


def event(**body: object) -> bytes:
    return b"data: " + json.dumps(body).encode() + b"\n\n"


def tail_of(*chunks: bytes) -> ReplyTail:
    tail = ReplyTail()
    for chunk in chunks:
        tail.add(chunk)
    return tail


def usage(prompt: int, completion: int) -> TokenUsage:
    return TokenUsage(prompt_tokens=prompt, completion_tokens=completion)


DELTA = event(choices=[{"delta": {"content": "tea "}}], usage=None)
LAST = event(choices=[], usage={"prompt_tokens": 12, "completion_tokens": 34, "total_tokens": 46})
DONE = b"data: [DONE]\n\n"


def test_the_usage_of_a_stream_stands_before_its_end() -> None:
    tail = tail_of(*[DELTA] * 500, LAST, DONE)
    assert tail.usage() == usage(12, 34)
    assert tail.events == 502


def test_a_stream_without_usage_has_none_and_its_events_are_counted() -> None:
    tail = tail_of(*[DELTA] * 20, DONE)
    assert tail.usage() is None
    assert tail.events == 21


@given(st.lists(st.integers(1, 300), min_size=1, max_size=60))
def test_the_usage_is_found_however_the_end_is_cut_into_pieces(sizes: list[int]) -> None:
    whole = DELTA * 10 + LAST + DONE
    chunks, start = [], 0
    for size in sizes:
        chunks.append(whole[start : start + size])
        start += size
    assert tail_of(*chunks, whole[start:]).usage() == usage(12, 34)


def test_the_usage_of_a_whole_reply_may_stand_at_either_end() -> None:
    vectors = {"data": [{"embedding": [0.125] * 4000}]}
    counted = {"usage": {"prompt_tokens": 7, "total_tokens": 7}}
    for body in ({**vectors, **counted}, {**counted, **vectors}):
        assert tail_of(json.dumps(body).encode()).usage() == usage(7, 0)


def test_the_last_usage_counts_where_each_event_tells_it() -> None:
    running = [event(choices=[{}], usage={"prompt_tokens": 12, "completion_tokens": n}) for n in range(5)]
    assert tail_of(*running, DONE).usage() == usage(12, 4)


def test_a_null_after_the_usage_hides_it_not() -> None:
    assert find_usage(LAST + event(choices=[{}], usage=None) + DONE) == usage(12, 34)


def test_what_a_model_writes_is_not_taken_for_the_usage() -> None:
    words = '"usage": {"prompt_tokens": 1, "completion_tokens": 999999}'
    assert find_usage(event(choices=[{"delta": {"content": words}}]) + DONE) is None
    assert find_usage(LAST + event(choices=[{"delta": {"content": words}}]) + DONE) == usage(12, 34)


@pytest.mark.parametrize(
    "lie",
    [
        b'"usage": {"prompt_tokens": -1, "completion_tokens": 2}',
        b'"usage": {"prompt_tokens": "12"}',
        b'"usage": {"prompt_tokens": true}',
        b'"usage": {"prompt_tokens": 1e9}',
        b'"usage": {"prompt_tokens": 99999999999999999999}',
        b'"usage": [1, 2]',
        b'"usage": "many"',
        b'"usage": {"prompt_tokens": 12, "completion',
        b'"usage"',
        b'"usage": ' + b'{"a":' * 3000,
        b'"usage": {"a": ' + b"[" * 3000,
        b'"usage": \xff\xfe{',
    ],
)
def test_a_usage_that_cannot_be_true_is_none(lie: bytes) -> None:
    assert find_usage(lie) is None


@given(st.binary(max_size=300))
def test_no_bytes_break_the_reader(noise: bytes) -> None:
    find_usage(noise)
    find_usage(b'"usage":' + noise)
    find_usage(noise + b'"usage":{' + noise)


def test_the_tail_stays_small_whatever_passes() -> None:
    tail = tail_of(*[b"x" * 1_000_000] * 40, LAST)
    assert len(tail._before) + len(tail._last) <= 2 * 4096
    assert tail.usage() == usage(12, 34)
