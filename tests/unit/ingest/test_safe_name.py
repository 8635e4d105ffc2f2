"""The name of a file as it is shown: whatever it was, a short, plain line without folders."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from samovar.domain.errors import InvalidRequest
from samovar.ingest.intake import safe_name


@given(st.text(st.characters(), max_size=500))
def test_every_name_becomes_plain_or_is_refused(name: str) -> None:
    try:
        shown = safe_name(name)
    except InvalidRequest:
        return
    assert 0 < len(shown) <= 200
    assert "/" not in shown
    assert "\\" not in shown
    assert shown not in (".", "..")
    assert all(unicodedata.category(character)[0] != "C" for character in shown)
    assert safe_name(shown) == shown


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("../../etc/passwd", "passwd"),
        ("C:\\Users\\me\\отчёт.pdf", "отчёт.pdf"),
        ("a\u202efdp.exe", "afdp.exe"),
        ("line\nbreak\x1b[31m.txt", "linebreak[31m.txt"),
        ("\ud800.txt", ".txt"),
        ("x" * 300 + ".pdf", "x" * 195 + "….pdf"),
    ],
)
def test_names_that_were_tried(name: str, shown: str) -> None:
    assert safe_name(name) == shown


@pytest.mark.parametrize("name", ["", " ", ".", "..", "a/", "\x00", "\u200b"])
def test_nothing_is_no_name(name: str) -> None:
    with pytest.raises(InvalidRequest):
        safe_name(name)
