"""Letters that look alike become letters of one script."""

import pytest

from samovar.ocr.scripts import Script, is_ambiguous, main_script, of_one_script


@pytest.mark.parametrize(
    ("word", "around", "expected"),
    [
        ("пpиёмка", None, "приёмка"),  # a Latin p
        ("Моsкву", None, "Моsкву"),  # a Latin s has no Russian double
        ("equiрment", None, "equipment"),  # a Russian р
        ("а", "latin", "a"),
        ("c", "cyrillic", "с"),
        ("He", "cyrillic", "Не"),
        ("He", "latin", "He"),
        ("PC", "cyrillic", "PC"),  # capitals stay as they were read
        ("АB", "latin", "AB"),
        ("and", "cyrillic", "and"),
        ("12,5", "cyrillic", "12,5"),
        ("", "latin", ""),
    ],
)
def test_a_word_is_of_one_script(word: str, around: Script | None, expected: str) -> None:
    assert of_one_script(word, around) == expected


def test_the_script_of_most_letters_is_the_main_one() -> None:
    assert main_script(["Сервер", "PostgreSQL", "ставится", "на", "Debian"]) == "cyrillic"
    assert main_script(["The", "word", "да"]) == "latin"
    assert main_script(["12", "%"]) is None


def test_only_words_of_letters_that_look_alike_are_ambiguous() -> None:
    assert is_ambiguous("СВ")
    assert is_ambiguous("on,")
    assert not is_ambiguous("Щука")
    assert not is_ambiguous("12")
