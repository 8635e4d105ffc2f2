"""Language data for OCR: found where it usually lies, taken out of Debian's packages, checked."""

import os
import stat
import sys
from pathlib import Path

import pytest
from tests.support.language_data import debian_package, language_data

from samovar.domain.errors import LanguageDataUnavailable
from samovar.ocr.data import LANGUAGES, file_name, find, is_language_data
from samovar.ocr.fetch import fetch, take


def _fill(folder: Path, *languages: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for language in languages or LANGUAGES:
        (folder / file_name(language)).write_bytes(language_data())
    return folder


@pytest.fixture(autouse=True)
def _bare_machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No language data in the usual places of this machine."""
    monkeypatch.setattr("samovar.ocr.data._SYSTEM_FOLDERS", (str(tmp_path / "system"),))
    monkeypatch.setattr(sys, "prefix", str(tmp_path / "environment"))
    monkeypatch.delenv("TESSDATA_PREFIX", raising=False)


def test_nothing_is_found_where_nothing_is(tmp_path: Path) -> None:
    assert find(tmp_path, None) is None


def test_the_data_folder_comes_before_the_system(tmp_path: Path) -> None:
    system = _fill(tmp_path / "system")
    assert find(tmp_path / "data", None) == system
    own = _fill(tmp_path / "data" / "tessdata")
    assert find(tmp_path / "data", None) == own


def test_the_environment_of_a_checkout_is_looked_at(tmp_path: Path) -> None:
    folder = _fill(tmp_path / "environment" / "share" / "tessdata")
    assert find(tmp_path / "data", None) == folder


@pytest.mark.parametrize("below", ["", "tessdata"])
def test_tesseracts_own_name_in_the_environment_counts(
    below: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = _fill(tmp_path / "prefix" / below)
    monkeypatch.setenv("TESSDATA_PREFIX", str(tmp_path / "prefix"))
    assert find(tmp_path / "data", None) == folder


def test_a_folder_that_was_named_is_the_only_one_looked_at(tmp_path: Path) -> None:
    _fill(tmp_path / "system")
    assert find(tmp_path, tmp_path / "named") is None
    named = _fill(tmp_path / "named")
    assert find(tmp_path, tmp_path / "named") == named


def test_half_the_languages_are_not_enough(tmp_path: Path) -> None:
    _fill(tmp_path / "tessdata", "eng")
    assert find(tmp_path, None) is None


def test_language_data_is_known_by_its_own_table() -> None:
    content = language_data()
    assert is_language_data(content)
    for damaged in (b"", content[:3], content[:100], content[:210], b"\xff" * 4 + content[4:], b"<html>" * 100):
        assert not is_language_data(damaged)


def test_data_of_the_old_engine_alone_is_refused() -> None:
    assert not is_language_data(language_data(with_network=False))


@pytest.mark.parametrize("compression", ["xz", "gz", ""])
def test_the_data_is_taken_out_of_debian_packages(compression: str, tmp_path: Path) -> None:
    sources = []
    for language in LANGUAGES:
        source = tmp_path / f"{language}.deb"
        source.write_bytes(debian_package({file_name(language): language_data()}, compression))
        sources.append(source)
    folder = take(sources, tmp_path / "to")
    assert sorted(path.name for path in folder.iterdir()) == ["eng.traineddata", "rus.traineddata"]
    assert (folder / "rus.traineddata").read_bytes() == language_data()
    assert stat.S_IMODE((folder / "rus.traineddata").stat().st_mode) == 0o644


def test_the_data_is_taken_from_a_folder(tmp_path: Path) -> None:
    folder = take([_fill(tmp_path / "from", *LANGUAGES, "deu")], tmp_path / "to")
    assert sorted(path.name for path in folder.iterdir()) == ["eng.traineddata", "rus.traineddata"]


def test_packages_lying_in_a_folder_are_opened(tmp_path: Path) -> None:
    (tmp_path / "from").mkdir()
    for language in LANGUAGES:
        package = debian_package({file_name(language): language_data()})
        (tmp_path / "from" / f"tesseract-ocr-{language}_4.1_all.deb").write_bytes(package)
    assert find(tmp_path, take([tmp_path / "from"], tmp_path / "to")) is not None


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "not a Debian package"),
        (b"!<arch>\n", "holds no files"),
        (b"!<arch>\n" + b"x" * 70, "damaged"),
        (debian_package({"eng.traineddata": language_data()})[:-40], "cut short"),
        (debian_package({"readme.txt": b"hello"}), "not found"),
        (debian_package({"eng.traineddata": b"x" * 5000, "rus.traineddata": language_data()}), "not language data"),
    ],
)
def test_what_is_not_a_package_with_the_data_changes_nothing(content: bytes, reason: str, tmp_path: Path) -> None:
    source = tmp_path / "some.deb"
    source.write_bytes(content)
    with pytest.raises(LanguageDataUnavailable, match=reason):
        take([source], tmp_path / "to")
    assert not (tmp_path / "to").exists()


def test_a_member_far_too_large_is_not_unpacked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("samovar.ocr.fetch.LARGEST_BYTES", 1_000_000)
    source = tmp_path / "bomb.deb"
    source.write_bytes(debian_package({"eng.traineddata": bytes(3_000_000)}))
    with pytest.raises(LanguageDataUnavailable, match="too large"):
        take([source], tmp_path / "to")


def test_a_source_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(LanguageDataUnavailable, match="absent"):
        take([tmp_path / "absent"], tmp_path / "to")


def _apt_get(folder: Path, script: str) -> None:
    """A stand-in for Debian's program, first on PATH."""
    folder.mkdir()
    program = folder / "apt-get"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)


def test_packages_are_fetched_without_root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for language in LANGUAGES:
        package = debian_package({file_name(language): language_data()})
        (tmp_path / f"tesseract-ocr-{language}.deb").write_bytes(package)
    _apt_get(tmp_path / "bin", f'test "$1" = download && cp "{tmp_path}/$2.deb" .')
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}{os.pathsep}{os.environ['PATH']}")
    assert find(tmp_path, fetch(tmp_path / "to")) is not None


def test_where_the_lists_of_packages_are_empty_they_are_fetched_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for language in LANGUAGES:
        package = debian_package({file_name(language): language_data()})
        (tmp_path / f"tesseract-ocr-{language}.deb").write_bytes(package)
    script = f"""
    case "$*" in
        *" update") touch updated ;;
        *) test -f updated && for name; do :; done && cp "{tmp_path}/$name.deb" . ;;
    esac
    """
    _apt_get(tmp_path / "bin", script)
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}{os.pathsep}{os.environ['PATH']}")
    assert find(tmp_path, fetch(tmp_path / "to")) is not None


def test_what_apt_complains_of_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _apt_get(tmp_path / "bin", 'echo "E: Unable to fetch some archives" >&2; exit 100')
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}{os.pathsep}{os.environ['PATH']}")
    with pytest.raises(LanguageDataUnavailable, match="Unable to fetch some archives"):
        fetch(tmp_path / "to")


def test_without_apt_the_advice_tells_another_way(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(LanguageDataUnavailable) as caught:
        fetch(tmp_path / "to")
    assert "apt-get" in caught.value.message
    assert "brew install tesseract-lang" in caught.value.advice
