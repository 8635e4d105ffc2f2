"""The command line speaks two languages, and says the same in both."""

import re

import pytest

from samovar.cli.words import NOTICES, RUSSIAN_ERRORS, error_line, language_of, notice_line, set_language
from samovar.domain.errors import FileTooLarge, SamovarError, StorageUnavailable


def every_kind() -> list[type[SamovarError]]:
    waiting, kinds = [SamovarError], []
    while waiting:
        kind = waiting.pop()
        kinds.append(kind)
        waiting.extend(kind.__subclasses__())
    return kinds


def placeholders(text: str) -> set[str]:
    return set(re.findall(r"{(\w+)}", text))


@pytest.mark.parametrize("kind", every_kind(), ids=lambda kind: kind.__name__)
def test_every_error_has_russian_words_that_name_no_other_values(kind: type[SamovarError]) -> None:
    sentence, advice = RUSSIAN_ERRORS[kind.code]
    assert placeholders(sentence + advice) <= placeholders(kind.sentence + kind.hint)
    assert re.search("[а-я]", sentence)
    assert re.search("[а-я]", advice)


def test_no_russian_words_are_left_for_errors_that_are_gone() -> None:
    assert set(RUSSIAN_ERRORS) == {kind.code for kind in every_kind()}


def test_both_languages_know_the_same_notices_with_the_same_values() -> None:
    assert NOTICES["ru"].keys() == NOTICES["en"].keys()
    for code, words in NOTICES["en"].items():
        assert placeholders(words) == placeholders(NOTICES["ru"][code])


@pytest.mark.parametrize(
    ("variables", "language"),
    [({"LANG": "ru_RU.UTF-8"}, "ru"), ({"LC_ALL": "en_GB.UTF-8", "LANG": "ru_RU.UTF-8"}, "en"), ({"LANG": "C"}, "en")],
)
def test_the_language_follows_the_locale(
    monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], language: str
) -> None:
    for name in ("LC_ALL", "LC_MESSAGES", "LANG"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    set_language(None)
    assert language_of() == language


def test_an_error_is_one_line_with_its_values_and_its_code() -> None:
    error = FileTooLarge(name="отчёт.pdf", limit_mb=50)
    set_language("ru")
    russian = error_line(error)
    set_language("en")
    english = error_line(error)
    assert "больше 50 МБ" in russian
    assert "larger than 50 MB" in english
    for line in (russian, english):
        assert line.startswith("samovar: ")
        assert line.endswith("[file_too_large]")
        assert "\n" not in line


def test_a_subclass_without_values_is_told_too() -> None:
    set_language("ru")
    assert "База данных не отвечает" in error_line(StorageUnavailable())


def test_a_notice_is_a_sentence_and_an_unknown_one_shows_its_code() -> None:
    set_language("en")
    assert notice_line("reply_cut", {"tokens": 7}) == "samovar: The answer was cut at its limit of 7 tokens."
    assert notice_line("something_new", {}) == "samovar: something_new"
