"""One vocabulary of parameters, written in each server's own."""

import pytest

from samovar.backends._shared import Dialect, refuse_addresses, write_parameters
from samovar.domain.errors import BackendRefused
from samovar.domain.parameters import GenerationParameters


def test_parameters_have_the_names_of_the_server_and_those_without_effect_are_left_out() -> None:
    dialect = Dialect(renamed={"repeat_penalty": "repetition_penalty"}, unsupported=frozenset({"min_p"}))
    written = write_parameters(GenerationParameters(repeat_penalty=1.2, min_p=0.1, seed=3, stop=("a",)), dialect)
    assert written == {"repetition_penalty": 1.2, "seed": 3, "stop": ["a"]}


def test_a_schema_becomes_a_response_format() -> None:
    schema = {"type": "object"}
    assert write_parameters(GenerationParameters(json_schema=schema)) == {
        "response_format": {
            "type": "json_schema",
            "json_schema": {"name": "answer", "strict": True, "schema": schema},
        }
    }


@pytest.mark.parametrize(
    ("effort", "written"),
    [
        ("none", {"chat_template_kwargs": {"enable_thinking": False}}),
        ("low", {"reasoning_effort": "low", "chat_template_kwargs": {"enable_thinking": True}}),
    ],
)
def test_thinking_is_switched_in_the_template_where_there_is_a_switch(effort: str, written: object) -> None:
    parameters = GenerationParameters(reasoning_effort=effort)  # type: ignore[arg-type]  # one of its own words
    assert write_parameters(parameters, Dialect(has_template_switch=True)) == written
    assert write_parameters(parameters) == {"reasoning_effort": effort}


@pytest.mark.parametrize(
    ("content", "has_media"),
    [
        ("http://example.org in the words is text", False),
        ([{"type": "text", "text": "http://example.org"}], False),
        ([{"type": "image_url", "image_url": {"url": "data:image/png;base64,AA=="}}], True),
        ([{"type": "image_url", "image_url": "data:image/png;base64,AA=="}], True),
        ([5, None, {"type": 7}], False),
        (None, False),
    ],
)
def test_what_is_in_a_request_is_told_from_what_is_elsewhere(content: object, has_media: bool) -> None:
    assert refuse_addresses({"messages": [{"role": "user", "content": content}, "?"]}, backend="b") is has_media


@pytest.mark.parametrize("messages", [None, "text", {}, [None]])
def test_messages_of_no_form_have_no_pictures(messages: object) -> None:
    assert refuse_addresses({"messages": messages}, backend="b") is False


@pytest.mark.parametrize(
    "part",
    [
        {"type": "image_url", "image_url": {"url": "https://example.org/x.png"}},
        {"type": "image_url", "image_url": {"url": " data:image/png;base64,AA=="}},
        {"type": "image_url", "image_url": {}},
        {"type": "image_url"},
        {"type": "video_url", "video_url": {"url": "file:///etc/passwd"}},
        {"type": "audio_url", "audio_url": "//example.org/x.mp3"},
    ],
)
def test_an_address_is_refused(part: object) -> None:
    with pytest.raises(BackendRefused):
        refuse_addresses({"messages": [{"role": "user", "content": [part]}]}, backend="b")
