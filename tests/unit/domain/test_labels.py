"""Folders and tags in their one form."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from samovar.domain.errors import InvalidRequest
from samovar.domain.labels import (
    DEEPEST_FOLDER,
    LONGEST_FOLDER,
    LONGEST_TAG,
    MOST_TAGS,
    read_folder,
    read_tags,
)


@pytest.mark.parametrize(
    ("given", "folder"),
    [
        ("", ""),
        (" / ", ""),
        ("Bank", "Bank"),
        (" Bank / Loans /", "Bank/Loans"),
        ("//Bank////Loans", "Bank/Loans"),
        ("Дела  банка", "Дела банка"),
        ("a/b/c/d/e/", "a/b/c/d/e"),
        ("...", "..."),
        ("👩\u200d👧", "👩\u200d👧"),
        ("C:\\Users", "C:\\Users"),
    ],
)
def test_a_folder_is_trimmed_level_by_level(given: str, folder: str) -> None:
    assert read_folder(given) == folder


@pytest.mark.parametrize(
    "name",
    ["..", "a/..", "../../etc", ". /a", "a\x00", "a\nb", "\x1b[31m", "\ud800", "a\u2028b", "a\u202eb", "a\u2066b"],
    ids=ascii,
)
def test_what_no_name_may_hold_is_refused(name: str) -> None:
    with pytest.raises(InvalidRequest):
        read_folder(name)
    if "." not in name:
        with pytest.raises(InvalidRequest):
            read_tags([name])


def test_a_folder_has_its_bounds() -> None:
    assert len(read_folder("x" * LONGEST_FOLDER)) == LONGEST_FOLDER
    for name in ("x" * (LONGEST_FOLDER + 1), "/".join("x" * (DEEPEST_FOLDER + 1))):
        with pytest.raises(InvalidRequest):
            read_folder(name)


def test_each_tag_stands_once_in_its_place_whatever_its_case() -> None:
    assert read_tags([" red ", "", "Red", "ЁЖ", "ёж", "two  words"]) == ("red", "ЁЖ", "two words")


def test_tags_have_their_bounds() -> None:
    assert len(read_tags(f"{number}" for number in range(MOST_TAGS))) == MOST_TAGS
    assert len(read_tags(["same"] * 1000)) == 1
    for tags in ([f"{number}" for number in range(MOST_TAGS + 1)], ["x" * (LONGEST_TAG + 1)]):
        with pytest.raises(InvalidRequest):
            read_tags(tags)


@given(st.text())
def test_whatever_is_given_is_refused_or_stays_as_it_was_read(name: str) -> None:
    try:
        folder = read_folder(name)
    except InvalidRequest:
        return
    assert read_folder(folder) == folder
    levels = folder.split("/") if folder else []
    assert len(folder) <= LONGEST_FOLDER
    assert len(levels) <= DEEPEST_FOLDER
    assert all(level.strip() and level not in (".", "..") for level in levels)
