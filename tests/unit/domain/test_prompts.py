"""Variables of a prompt are found and filled, whatever the text and the values hold."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from samovar.domain.prompts import fill, variables


def test_variables_come_in_the_order_of_the_text_with_their_defaults() -> None:
    text = "Sum up {{text}} in {{how many|5}} points for {{ reader | a busy person }}."
    assert variables(text) == {"text": "", "how many": "5", "reader": "a busy person"}


def test_a_value_takes_the_place_of_its_variable_and_an_empty_one_leaves_the_default() -> None:
    text = "{{a}}, {{b|two}}, {{c|three}}"
    assert fill(text, {"a": "1", "b": "", "unknown": "?"}) == "1, two, three"
    assert fill(text, {}) == ", two, three"


def test_a_variable_in_several_places_is_one_with_one_default() -> None:
    assert variables("{{x}} {{ x |one}} {{x|two}}") == {"x": "one"}
    assert fill("{{x}} {{ x |one}} {{x|two}}", {}) == "one one one"
    assert fill("{{x}} {{ x |one}}", {"x": "1"}) == "1 1"


def test_russian_names_and_defaults_are_names_and_defaults() -> None:
    text = "Переведи на {{язык|английский}}: {{текст}}"
    assert variables(text) == {"язык": "английский", "текст": ""}
    assert fill(text, {"текст": "чай"}) == "Переведи на английский: чай"


def test_values_are_not_read_again() -> None:
    text = "{{a}} {{b|dflt}}"
    assert fill(text, {"a": "{{b}}", "b": "{{a}} \\1 \\g<0>"}) == "{{b}} {{a}} \\1 \\g<0>"
    assert fill("{{a}}{{b}}", {"a": "{{", "b": "a}}"}) == "{{a}}"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "no variables",
        "{one brace}",
        "{{}}",
        "{{   }}",
        "{{ | default}}",
        "{{two\nlines}}",
        "{{two\rlines}}",
        "{{a|two\nlines}}",
        "{{never closed",
        "{{half}",
        "}}{{",
        "{{" + "x" * 81 + "}}",
        "{{x|" + "y" * 401 + "}}",
        "{{a|b|c}",
    ],
)
def test_what_only_looks_like_a_variable_stays_as_it_is(text: str) -> None:
    assert variables(text) == {}
    assert fill(text, {"": "x", "a": "x", "x": "x", "half": "x"}) == text


@pytest.mark.parametrize(
    ("text", "found", "filled"),
    [
        ("{{{name}}}", "name", "{V}"),
        ("{{a{{name}}b}}", "name", "{{aVb}}"),
        ('{"key": {{name}}}', "name", '{"key": V}'),
        ('{"key": {"inner": "{{name}}"}}', "name", '{"key": {"inner": "V"}}'),
        ("{{{{name}}}}", "name", "{{V}}"),
        ("{{a|{{name}}}}", "name", "{{a|V}}"),
    ],
)
def test_of_nested_braces_the_innermost_pair_is_the_variable(text: str, found: str, filled: str) -> None:
    assert variables(text) == {found: ""}
    assert fill(text, {found: "V"}) == filled


def test_a_default_may_hold_what_a_name_may_not() -> None:
    assert variables("{{tone|dry | witty}}") == {"tone": "dry | witty"}


PIECES = st.sampled_from(["{{", "}}", "{", "}", "|", "a", "b c", " ", "\n", "{{a}}", "{{b|x}}", "я", "\ud800", "\x00"])


@given(st.lists(PIECES, max_size=30).map("".join), st.dictionaries(st.text(max_size=3), st.text(max_size=8)))
def test_every_text_is_filled_with_exactly_its_variables(text: str, values: dict[str, str]) -> None:
    found = variables(text)
    assert all(name and name == name.strip() and not set("{}|\r\n") & set(name) for name in found)
    marks = {name: f"<{number}>" for number, name in enumerate(found)}
    filled = fill(text, marks)
    assert all(mark in filled for mark in marks.values())
    if not found:
        assert fill(text, values) == text


@pytest.mark.parametrize(
    "text",
    [
        "{{" + " " * 200_000,
        "{{" * 100_000,
        ("{{" + " " * 79) * 5_000,
        "{{a|" * 50_000,
        "{{" + "a" * 200_000 + "}}",
        ("{{a" + " " * 76 + "|" + " " * 399) * 400,
    ],
)
def test_no_text_takes_long(text: str) -> None:
    # A search that tries everything would take hours, and the time limit of a test ends it.
    assert variables(text) == {}
    assert fill(text, {}) == text
