"""An error is told again from its code as it was told the first time."""

import pytest

from samovar.domain.errors import FileTooLarge, SamovarError, error_from_code


def every_kind() -> list[type[SamovarError]]:
    """The whole tree; the groups share the code of the root and are no errors of their own."""
    waiting, found = [SamovarError], []
    while waiting:
        kind = waiting.pop()
        found.append(kind)
        waiting.extend(kind.__subclasses__())
    return [kind for kind in found if "code" in vars(kind)]


@pytest.mark.parametrize("kind", every_kind(), ids=lambda kind: kind.code)
def test_an_error_of_which_only_the_code_was_stored_says_the_same_again(kind: type[SamovarError]) -> None:
    told = error_from_code(kind.code, name="a.pdf", backend="ollama", reason="because")
    assert (told.code, told.sentence, told.hint) == (kind.code, kind.sentence, kind.hint)
    assert told.message == kind.sentence.format_map(Named(name="a.pdf", backend="ollama", reason="because"))
    assert told.advice == kind.hint.format_map(Named(name="a.pdf", backend="ollama", reason="because"))
    assert dict(told.values) == {"name": "a.pdf", "backend": "ollama", "reason": "because"}


class Named(dict[str, str]):
    def __missing__(self, name: str) -> str:
        return name


def test_the_codes_are_all_different() -> None:
    codes = [kind.code for kind in every_kind()]
    assert len(codes) == len(set(codes))


def test_a_told_error_does_not_change_the_one_it_repeats() -> None:
    error_from_code("file_too_large", name="a.pdf", limit_mb=5)
    assert SamovarError().code == "internal"
    assert "a.pdf" not in FileTooLarge.sentence


@pytest.mark.parametrize("code", ["", "gone_since_the_last_version", "FILE_EMPTY", "internal"])
def test_a_code_that_nobody_knows_is_told_as_the_root(code: str) -> None:
    told = error_from_code(code, name="a.pdf")
    assert (told.code, told.message) == ("internal", SamovarError().message)
    assert told.advice


def test_a_value_that_was_not_given_shows_as_its_name_and_breaks_nothing() -> None:
    assert "limit_mb" in error_from_code("file_too_large", name="a.pdf").message
