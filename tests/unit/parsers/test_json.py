"""JSON as text: paths, values as written, lines of JSON, and damage."""

import json as standard

import pytest
from hypothesis import given
from hypothesis import strategies as st

from samovar.domain.page import Page, ParsedPage
from samovar.parsers import json, text
from samovar.ports.parser import ParserLimits

_LIMITS = ParserLimits(pages=20, pixels=1_000_000)


def _page(written: str) -> Page:
    _, page = json.read(written.encode(), "a.json", _LIMITS)
    assert isinstance(page, ParsedPage)
    return page.page


def test_each_value_stands_behind_its_path() -> None:
    page = _page('{"имя":"Пётр","счета":[{"номер":"\\u0416-1","a.b":1.50},[],{}],"x":null}')
    assert page.text.split("\n") == [
        "имя: Пётр", "", "счета[0].номер: Ж-1", 'счета[0]."a.b": 1.50', "счета[1]: []", "счета[2]: {}", "x: null",
    ]  # fmt: skip
    assert page.reason is None


def test_large_numbers_stay_as_written() -> None:
    assert _page('{"n": 12345678901234567890.10e-5}').text == "n: 12345678901234567890.10e-5"


def test_lines_of_json_are_paragraphs() -> None:
    page = _page('{"a": 1}\n{"a": 2}\n')
    assert [page.text[block.start : block.end] for block in page.blocks] == ["a: 1", "a: 2"]


@pytest.mark.parametrize("written", ['{"a": 1, "b": [2', '{"a": 1} tail', '{"a": ' + "[" * 5000])
def test_what_breaks_off_is_read_up_to_there_with_a_sign(written: str) -> None:
    page = _page(written)
    assert page.reason == "partly_read"
    assert page.text.strip()


@pytest.mark.parametrize(
    ("content", "is_json"),
    [
        ('{"a": 1}', True), ("[1, 2, 3, 4]", True), ('["a", "b"]', True), ('{"a": 1}\n{"a": 2}', True),
        ("[1] Иванов И. И. Труды.", False), ("[см. рис. 1]", False), ("{имя} и прочее", False), ("[]", False),
        ("{ a: 1 }", False), ("просто текст", False), ("[1, 2] и [3]", False),
    ],
)  # fmt: skip
def test_json_is_told_from_text_in_brackets(content: str, is_json: bool) -> None:
    assert json.recognises(content.encode(), "a.txt") is is_json
    assert text.recognises(content.encode(), "a.txt") is not is_json


_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner, max_size=4),
    max_leaves=20,
)


@given(st.dictionaries(st.text(min_size=1, max_size=4), _VALUES, min_size=1, max_size=4))
def test_every_value_is_recognised_and_read(value: object) -> None:
    written = standard.dumps(value, ensure_ascii=False)
    if "\x7f" in written:
        return
    assert json.recognises(written.encode(), "a.json")
    page = _page(written)
    assert page.reason is None
    assert page.blocks
