"""What may be passed on to a backend, and what may not."""

import json
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from samovar.api.openai_payload import prompt_texts, read_completion, read_embeddings
from samovar.domain.errors import InvalidParameter, InvalidRequest

PIXEL = "data:image/png;base64,iVBORw0KGgo="
QUESTION = {"role": "user", "content": "Tea?"}


def completion(**fields: object) -> bytes:
    return json.dumps({"model": "m", "messages": [QUESTION], **fields}).encode()


def with_part(part: object) -> bytes:
    return completion(messages=[{"role": "user", "content": [part]}])


def nested(levels: int) -> Any:
    value: Any = {}
    for _ in range(levels):
        value = {"a": value}
    return value


def test_a_request_is_passed_on_as_it_came() -> None:
    fields: dict[str, Any] = {
        "stream": True,
        "stream_options": {"include_usage": True},
        "tools": [{"type": "function", "function": {"name": "boil", "parameters": {"type": "object"}}}],
        "tool_choice": "auto",
        "response_format": {"type": "json_schema", "json_schema": {"name": "a", "schema": {"type": "object"}}},
        "logprobs": True,
        "top_logprobs": 5,
        "n": 2,
        "seed": -3,
        "logit_bias": {"50256": -100},
        "user": "me",
        "chat_template_kwargs": {"enable_thinking": False},
        "something_new": [1, 2, 3],
    }
    asked = read_completion(completion(**fields))
    assert asked.payload == {"model": "m", "messages": [QUESTION], **fields}
    assert (asked.model, asked.has_image) == ("m", False)


@pytest.mark.parametrize(
    "part",
    [
        {"type": "text", "text": "Tea?"},
        {"type": "image_url", "image_url": {"url": PIXEL, "detail": "low"}},
        {"type": "image_url", "image_url": PIXEL},
        {"type": "input_audio", "input_audio": {"data": "AAAA", "format": "wav"}},
        {"type": "refusal", "refusal": "no"},
    ],
)
def test_a_part_that_carries_its_content_is_passed_on(part: dict[str, Any]) -> None:
    asked = read_completion(with_part(part))
    assert asked.payload["messages"][0]["content"] == [part]
    assert asked.has_image == (part["type"] == "image_url")


@pytest.mark.parametrize(
    "part",
    [
        {"type": "image_url", "image_url": {"url": "http://169.254.169.254/latest"}},
        {"type": "image_url", "image_url": "https://example.org/x.png"},
        {"type": "image_url", "image_url": {"url": "file:///etc/passwd"}},
        {"type": "image_url", "image_url": {"url": "data:text/html;base64,AAAA"}},
        {"type": "image_url", "image_url": {"url": "data:image/svg+xml;base64,AAAA"}},
        {"type": "image_url", "image_url": {"url": "data:image/png,http://127.0.0.1"}},
        {"type": "image_url", "image_url": {"url": " " + PIXEL}},
        {"type": "image_url", "image_url": {"url": PIXEL, "uuid": "another's"}},
        {"type": "image_url", "image_url": None},
        {"type": "image_url"},
        {"image_url": "http://127.0.0.1/x.png"},
        {"type": "text", "text": "x", "image_url": "http://127.0.0.1/x.png"},
        {"type": "text", "text": "x", "uuid": "another's"},
        {"type": "video_url", "video_url": {"url": "http://127.0.0.1/x.mp4"}},
        {"type": "audio_url", "audio_url": {"url": "http://127.0.0.1/x.wav"}},
        {"type": "input_image", "image_url": PIXEL},
        {"type": "image_embeds", "image_embeds": "AAAA"},
        {"type": "file", "file": {"file_id": "1"}},
        {"type": ["text"], "text": "x"},
        "text",
        None,
        [],
    ],
)
def test_a_part_that_could_make_a_server_look_elsewhere_is_refused(part: object) -> None:
    with pytest.raises(InvalidRequest):
        read_completion(with_part(part))


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"null",
        b"[]",
        b"7",
        b"{}",
        b'{"messages": []}',
        b'{"messages": {"role": "user"}}',
        b'{"messages": [1]}',
        b'{"messages": [{}]}',
        b'{"messages": [{"role": 1, "content": "x"}]}',
        b'{"messages": [{"role": "user", "content": 1}]}',
        b'{"messages": [{"role": "user", "content": {"text": "x"}}]}',
        b'{"messages": [{"role": "user", "content": "\\ud800"}]}',
        b'{"messages": [{"role": "user", "content": "\xff"}]}',
        b'{"messages": [{"role": "user", "content": "x"}], "model": 5}',
        json.dumps({"messages": [QUESTION], "model": "m" * 501}).encode(),
        json.dumps({"messages": [QUESTION] * 10_001}).encode(),
        with_part({"type": "text", "text": "x"})[:-2] + b"," + b"[" * 200_000,
        completion(messages=[{"role": "user", "content": [{"type": "text", "text": ""}] * 1001}]),
        completion(tools=[nested(120)]),
        completion(extra=0)[:-2] + b'{"a":' * 500 + b"0" + b"}" * 501,
        b'{"messages": [' + b"{}," * 1_500_000 + b"{}]}",
        b'{"messages": [{"role": "user"}], "x": [' + b"0," * 3_000_000 + b"0]}",
    ],
    ids=lambda body: repr(body[:40]),
)
def test_what_is_no_request_is_refused(body: bytes) -> None:
    with pytest.raises(InvalidRequest):
        read_completion(body)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("temperature", 2.1),
        ("temperature", "hot"),
        ("top_p", -0.1),
        ("top_k", 1001),
        ("max_tokens", -1),
        ("max_completion_tokens", 0),
        ("max_completion_tokens", 1.5),
        ("n_predict", -1),
        ("n", 0),
        ("n", 100_000),
        ("n", True),
        ("best_of", 1000),
        ("top_logprobs", 10**6),
        ("n_probs", 10**6),
        ("prompt_logprobs", 10**6),
        ("min_tokens", 10**9),
        ("seed", 2**63),
        ("seed", "x"),
        ("stop", ["x"] * 9),
        ("stop", ["x" * 201]),
        ("tools", [{}] * 129),
        ("functions", [{}] * 129),
        ("logit_bias", {str(n): 1 for n in range(1025)}),
        ("grammar", "x" * 32_769),
        ("json_schema", nested(40)),
        ("chat_template", "{{ 1 }}"),
        ("kv_transfer_params", {"remote_host": "10.0.0.1"}),
        ("logits_processors", ["os.system"]),
        ("prompt_embeds", "AAAA"),
        ("mm_processor_kwargs", {}),
        ("media_io_kwargs", {}),
        ("id_slot", 1),
        ("lora", []),
        ("n_discard", -1),
        ("n_cmpl", 1000),
        ("dry_allowed_length", -1),
        ("repeat_last_n", 10**9),
        ("response_format", {"type": "json_object", "schema": {"enum": ["x" * 70_000]}}),
        ("structured_outputs", {"regex": "a" * 70_000}),
        ("guided_regex", "(a|" * 30_000),
        ("tools", [{"type": "function", "function": {"name": "a", "description": "x" * 10**6}}]),
        ("chat_template_kwargs", {"chat_template": "{{ 1 }}"}),
        ("chat_template_kwargs", {"enable_thinking": True, "tokenize": True}),
        ("chat_template_kwargs", {str(n): n for n in range(33)}),
        ("chat_template_kwargs", "{{ 1 }}"),
    ],
)
def test_a_parameter_beyond_its_bounds_is_refused_by_name(name: str, value: object) -> None:
    with pytest.raises(InvalidParameter) as caught:
        read_completion(completion(**{name: value}))
    assert caught.value.values["parameter"] == name


def test_a_schema_that_would_hold_a_server_up_is_refused() -> None:
    with pytest.raises(InvalidParameter, match="json_schema"):
        read_completion(
            completion(response_format={"type": "json_schema", "json_schema": {"name": "a", "schema": nested(40)}})
        )


@pytest.mark.parametrize("value", [None, 0, 1, 2**31 - 1, 2**63 - 1, -(2**63)])
def test_a_seed_of_the_whole_range_is_passed_on(value: int | None) -> None:
    assert read_completion(completion(seed=value)).payload["seed"] == value


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers(-(2**60), 2**60) | st.text(max_size=5),
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
        max_leaves=30,
    )
)
def test_whatever_is_let_through_can_be_written_again(value: object) -> None:
    try:
        body = orjson.dumps({"messages": [QUESTION], "extra": value, "tools": value})
    except TypeError:
        return
    try:
        asked = read_completion(body)
    except InvalidRequest:
        return
    assert orjson.loads(orjson.dumps(asked.payload)) == asked.payload


def test_the_words_of_a_prompt_are_those_that_a_template_shows() -> None:
    messages: list[dict[str, Any]] = [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": [{"type": "text", "text": "One"}, {"type": "image_url", "image_url": PIXEL}]},
        {"role": "assistant", "content": "<think>long thoughts</think>Two"},
        {"role": "assistant", "content": None, "tool_calls": [{"id": "1"}]},
        {"role": "tool", "content": "three"},
        {"role": "user", "content": "Four"},
    ]
    assert prompt_texts(messages) == ("Be brief.", "One", "Two", "Four")


@pytest.mark.parametrize("given_input", ["tea", ["tea", "чай"], [1, 2, 3], [[1, 2], [3]]])
def test_each_form_of_an_embeddings_input_is_passed_on(given_input: object) -> None:
    body = {"model": "e", "input": given_input, "encoding_format": "base64", "dimensions": 64, "user": "me"}
    asked = read_embeddings(json.dumps(body).encode())
    assert asked.payload == body
    assert asked.texts == {"tea": ("tea",), "['tea', 'чай']": ("tea", "чай")}.get(str(given_input), ())


@pytest.mark.parametrize(
    "fields",
    [
        {"input": ""},
        {"input": []},
        {"input": [""]},
        {"input": ["tea", 1]},
        {"input": ["tea", [1]]},
        {"input": [[]]},
        {"input": [1, -1]},
        {"input": [1, True]},
        {"input": [2**31]},
        {"input": 5},
        {"input": None},
        {"input": {"prompt_string": "x", "multimodal_data": ["AAAA"]}},
        {"input": ["x"] * 2049},
        {"input": [0] * 131_073},
        {"encoding_format": "hex"},
        {"dimensions": 0},
        {"dimensions": 10**9},
        {"model": None},
        {"model": ""},
        {"messages": [QUESTION]},
        {"content": "x"},
    ],
    ids=lambda fields: str(fields)[:40],
)
def test_an_embeddings_request_that_cannot_be_meant_is_refused(fields: dict[str, object]) -> None:
    with pytest.raises(InvalidRequest):
        read_embeddings(json.dumps({"model": "e", "input": "tea", **fields}).encode())
