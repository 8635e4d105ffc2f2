"""The verb that gets language data for reading scans."""

from pathlib import Path

import pytest
from tests.support.language_data import debian_package, language_data
from typer.testing import CliRunner

from samovar.cli.ocr import app
from samovar.cli.ocr_words import OCR_WORDS
from samovar.domain.errors import LanguageDataUnavailable


def _run(*arguments: str) -> tuple[int, str]:
    done = CliRunner().invoke(app, ["install", *arguments])
    if isinstance(done.exception, LanguageDataUnavailable):
        raise done.exception
    return done.exit_code, done.output.strip()


def test_the_data_goes_into_the_data_folder(tmp_path: Path) -> None:
    package = tmp_path / "both.deb"
    package.write_bytes(debian_package({f"{name}.traineddata": language_data() for name in ("rus", "eng")}))
    folder = tmp_path / "data" / "tessdata"
    assert _run("--from", str(package), "--data-dir", str(tmp_path / "data")) == (0, str(folder))
    assert sorted(path.name for path in folder.iterdir()) == ["eng.traineddata", "rus.traineddata"]


def test_data_that_is_there_is_not_fetched_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    folder = tmp_path / "tessdata"
    folder.mkdir()
    for name in ("rus", "eng"):
        (folder / f"{name}.traineddata").write_bytes(language_data())
    assert _run("--data-dir", str(tmp_path)) == (0, str(folder))


def test_a_package_without_the_data_is_refused(tmp_path: Path) -> None:
    package = tmp_path / "other.deb"
    package.write_bytes(debian_package({"deu.traineddata": language_data()}))
    with pytest.raises(LanguageDataUnavailable, match=r"rus\.traineddata was not found"):
        _run("--from", str(package), "--to", str(tmp_path / "to"))


def test_everything_is_said_in_both_languages() -> None:
    assert OCR_WORDS["en"].keys() == OCR_WORDS["ru"].keys()
