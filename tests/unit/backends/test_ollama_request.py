"""OpenAI's requests in Ollama's terms: everything is carried over, or refused by its name."""

from typing import Any

import pytest

from samovar.backends._ollama.embeddings import read_embedding_request, write_embeddings
from samovar.backends._ollama.request import read_openai
from samovar.domain.errors import BackendRefused, BackendReplyInvalid

PICTURE = "data:image/png;base64,iVBORw0KGgo="
TOOL = {"type": "function", "function": {"name": "get_weather", "parameters": {"type": "object"}}}
ASK = [{"role": "user", "content": "hi"}]


def translate(*, has_logprobs: bool = True, **payload: Any) -> dict[str, Any]:
    return read_openai({"model": "m", "messages": ASK, **payload}, backend="b", has_logprobs=has_logprobs)


def test_parameters_become_options_under_ollamas_names() -> None:
    asked = translate(
        temperature=0.2, top_p=0.9, top_k=5, min_p=0.1, seed=7, stop="END", max_tokens=9, repeat_penalty=1.1, n=1
    )
    assert asked["options"] == {
        "temperature": 0.2,
        "top_p": 0.9,
        "top_k": 5,
        "min_p": 0.1,
        "seed": 7,
        "stop": ["END"],
        "num_predict": 9,
        "repeat_penalty": 1.1,
    }
    assert (asked["truncate"], asked["shift"], asked["stream"]) == (False, False, True)


def test_the_newer_name_of_the_limit_wins() -> None:
    assert translate(max_tokens=5, max_completion_tokens=7)["options"] == {"num_predict": 7}


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("n", 2),
        ("logit_bias", {"1": 5}),
        ("tool_choice", "required"),
        ("tool_choice", {"type": "function", "function": {"name": "get_weather"}}),
        ("parallel_tool_calls", False),
        ("audio", {"voice": "x"}),
        ("prediction", {"type": "content"}),
        ("a_field_of_the_future", 1),
        ("response_format", {"type": "grammar"}),
        ("response_format", {"type": "json_schema"}),
    ],
)
def test_what_ollama_cannot_keep_is_refused_by_its_name(field: str, value: Any) -> None:
    with pytest.raises(BackendRefused, match=field):
        translate(**{"tools": [TOOL], field: value})


@pytest.mark.parametrize(
    ("field", "value"), [("user", "u"), ("metadata", {}), ("store", False), ("n", 1), ("top_k", None)]
)
def test_what_changes_nothing_is_taken(field: str, value: Any) -> None:
    assert translate(**{field: value})["messages"] == ASK


def test_logprobs_are_asked_for_where_the_version_has_them_and_refused_elsewhere() -> None:
    asked = translate(logprobs=True, top_logprobs=3)
    assert (asked["logprobs"], asked["top_logprobs"]) == (True, 3)
    with pytest.raises(BackendRefused, match="logprobs"):
        translate(logprobs=True, has_logprobs=False)
    assert "logprobs" not in translate(logprobs=False, has_logprobs=False)


@pytest.mark.parametrize(
    ("wanted", "form"),
    [
        ({"response_format": {"type": "text"}}, None),
        ({"response_format": {"type": "json_object"}}, "json"),
        ({"response_format": {"type": "json_schema", "json_schema": {"name": "a", "schema": {"a": 1}}}}, {"a": 1}),
        ({"json_schema": {"b": 2}}, {"b": 2}),
    ],
)
def test_the_form_of_an_answer_is_carried_over(wanted: dict[str, Any], form: object) -> None:
    assert translate(**wanted).get("format") == form


@pytest.mark.parametrize(("effort", "think"), [("none", False), ("medium", "medium")])
def test_the_effort_of_thinking_is_carried_over(effort: str, think: object) -> None:
    assert translate(reasoning_effort=effort)["think"] == think


def test_a_conversation_with_tools_is_carried_over_with_arguments_as_objects() -> None:
    call = {"id": "call_1", "type": "function", "function": {"name": "get_weather", "arguments": '{"city": "Paris"}'}}
    messages = [
        {"role": "developer", "content": "Be brief."},
        {"role": "user", "content": [{"type": "text", "text": "And "}, {"type": "text", "text": "Paris?"}]},
        {"role": "assistant", "content": None, "tool_calls": [call], "reasoning_content": "I look."},
        {"role": "tool", "tool_call_id": "call_1", "content": "rain"},
    ]
    asked = translate(messages=messages, tools=[TOOL])
    assert asked["tools"] == [TOOL]
    assert asked["messages"] == [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "And Paris?"},
        {
            "role": "assistant",
            "content": "",
            "thinking": "I look.",
            "tool_calls": [{"id": "call_1", "function": {"name": "get_weather", "arguments": {"city": "Paris"}}}],
        },
        {"role": "tool", "content": "rain", "tool_call_id": "call_1", "tool_name": "get_weather"},
    ]
    assert "tools" not in translate(messages=messages, tools=[TOOL], tool_choice="none")


def test_a_picture_loses_its_head() -> None:
    part = {"type": "image_url", "image_url": {"url": PICTURE, "detail": "low"}}
    (message,) = translate(messages=[{"role": "user", "content": [part]}])["messages"]
    assert message == {"role": "user", "content": "", "images": ["iVBORw0KGgo="]}


@pytest.mark.parametrize(
    "message",
    [
        "hi",
        {"content": "hi"},
        {"role": "function", "content": "hi"},
        {"role": "user", "content": 5},
        {"role": "user", "content": [5]},
        {"role": "user", "content": [{"type": "input_audio", "input_audio": {}}]},
        {"role": "user", "content": [{"type": "image_url", "image_url": {"url": "data:text/html;base64,PGI+"}}]},
        {"role": "user", "content": "hi", "name": "Ada"},
        {"role": "user", "content": "hi", "surprise": 1},
        {"role": "assistant", "tool_calls": [{"function": {}}]},
        {"role": "assistant", "tool_calls": [{"function": {"name": "f", "arguments": "["}}]},
        {"role": "assistant", "tool_calls": [{"function": {"name": "f", "arguments": "[1]"}}]},
        {"role": "assistant", "tool_calls": [{"function": {"name": "f", "arguments": 5}}]},
    ],
)
def test_a_message_that_cannot_be_carried_over_is_refused(message: object) -> None:
    with pytest.raises(BackendRefused):
        translate(messages=[message])


@pytest.mark.parametrize("messages", [None, [], "hi", {}])
def test_a_request_without_messages_is_refused(messages: object) -> None:
    with pytest.raises(BackendRefused):
        translate(messages=messages)


def test_texts_for_vectors_are_never_cut() -> None:
    asked = read_embedding_request({"model": "m", "input": "tea", "dimensions": 64}, backend="b")
    assert asked == {"model": "m", "input": ["tea"], "truncate": False, "dimensions": 64}


@pytest.mark.parametrize(
    "payload",
    [
        {"input": []},
        {"input": [1, 2, 3]},
        {"input": ["x"] * 2049},
        {"input": 5},
        {},
        {"input": "x", "encoding_format": "hex"},
        {"input": "x", "strange": 1},
    ],
)
def test_what_is_no_text_makes_no_vector(payload: dict[str, Any]) -> None:
    with pytest.raises(BackendRefused):
        read_embedding_request(payload, backend="b")


@pytest.mark.parametrize(
    "vectors", [None, [], [[1.0]] * 3, [["x"], [1.0]], [[1.0], None], [[1.0], 5], [[1.0], {"a": 1}], [[1.0], "ab"]]
)
def test_vectors_that_are_none_are_a_bad_reply(vectors: object) -> None:
    with pytest.raises(BackendReplyInvalid):
        write_embeddings({"embeddings": vectors}, {"model": "m"}, texts=2, backend="b")


def test_vectors_of_another_length_than_asked_for_are_refused() -> None:
    with pytest.raises(BackendRefused, match="dimensions"):
        write_embeddings({"embeddings": [[1.0, 2.0]]}, {"dimensions": 1}, texts=1, backend="b")
