"""The set-up says in one line what is missing, and skips what is done."""

import runpy
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

TOOLS = Path(__file__).resolve().parents[3] / "tools"


@pytest.fixture(scope="module")
def setup() -> dict[str, Any]:
    """Names of ``tools/setup.py``."""
    return _names("setup.py")


def _names(script: str) -> dict[str, Any]:
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(TOOLS))
        return runpy.run_path(str(TOOLS / script))


@pytest.mark.parametrize(
    ("said", "advice"),
    [
        ("ERROR: Could not install: [Errno 28] No space left on device", "disk is full"),
        ("WARNING: Retrying (NewConnectionError('...'))\nERROR: No matching distribution found for a==1", "network"),
        ("ERROR: No matching distribution found for xllamacpp==1", "xllamacpp==1 is not published for"),
        ("ERROR: THESE PACKAGES DO NOT MATCH THE HASHES FROM THE REQUIREMENTS FILE.", "not the one that was pinned"),
        ("ERROR: something new", "something new"),
        ("", "pip failed"),
    ],
)
def test_a_failed_install_is_told_in_one_line(setup: dict[str, Any], said: str, advice: str) -> None:
    explained = setup["explain_pip"](said)
    assert advice in explained
    assert "\n" not in explained


def test_a_named_chromium_that_is_not_there_is_not_replaced_by_another(
    setup: dict[str, Any], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("CHROMIUM_PATH", str(tmp_path / "absent"))
    assert setup["find_chromium"]() is None


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A tree with a web app that has been built."""
    (tmp_path / "web" / "src").mkdir(parents=True)
    (tmp_path / "web" / "package.json").write_text("{}")
    (tmp_path / "web" / "src" / "main.ts").write_text("one\n")
    static = tmp_path / "src" / "samovar" / "static"
    static.mkdir(parents=True)
    (static / "index.html").write_text("<!doctype html>")
    digest: Callable[[Path], str] = _names("web_build.py")["digest"]
    (static / ".built").write_text(digest(tmp_path / "web"))
    return tmp_path


def test_an_unchanged_web_app_is_not_built_again(checkout: Path) -> None:
    is_fresh = _names("web_build.py")["is_fresh"]
    (checkout / "web" / "node_modules").mkdir()
    (checkout / "web" / "node_modules" / "installed.js").write_text("not a source")
    (checkout / "web" / "src" / "main.ts").write_bytes(b"one\r\n")
    assert is_fresh(checkout)


@pytest.mark.parametrize(
    "change",
    [
        lambda root: (root / "web" / "src" / "main.ts").write_text("two\n"),
        lambda root: (root / "web" / "src" / "new.ts").write_text(""),
        lambda root: (root / "web" / "src" / "main.ts").rename(root / "web" / "src" / "other.ts"),
        lambda root: (root / "src" / "samovar" / "static" / "index.html").unlink(),
    ],
    ids=["content", "new file", "renamed file", "lost page"],
)
def test_a_changed_web_app_is_built_again(checkout: Path, change: Callable[[Path], object]) -> None:
    change(checkout)
    assert not _names("web_build.py")["is_fresh"](checkout)


def test_a_ready_made_page_without_its_sources_is_taken_as_it_is(checkout: Path) -> None:
    (checkout / "web" / "package.json").unlink()
    assert _names("web_build.py")["is_fresh"](checkout)


def test_a_tree_without_the_web_sources_says_so(checkout: Path) -> None:
    names = _names("web_build.py")
    (checkout / "web" / "package.json").unlink()
    node = names["Node"]("node", ("npm",))
    with pytest.raises(names["WebBuildError"], match=r"package\.json is missing"):
        names["build"](checkout, node, checkout / "log")


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        ("npm error code ENOTFOUND\nnpm error network request failed", "registry was not reached"),
        ("npm error code ENOSPC", "disk is full"),
        (
            "vite\n\x1b[31m[UNRESOLVED_IMPORT] \x1b[0mCould not resolve './a'\n}",
            "[UNRESOLVED_IMPORT] Could not resolve",
        ),
        ("", "without a word"),
    ],
)
def test_a_failed_web_build_is_told_in_one_line(said: str, reason: str) -> None:
    explained = _names("web_build.py")["_reason"](said)
    assert reason in explained
    assert "\n" not in explained


def test_without_language_data_the_set_up_goes_on_and_says_what_is_left_out(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    venv = tmp_path / ".venv"
    (venv / "bin").mkdir(parents=True)
    (venv / "bin" / "samovar").write_text("import sys\nsys.exit('samovar: no apt-get here')\n")
    make = _names("setup.py")["make_language_data"]
    make.__globals__.update({"VENV": venv, "PYTHON": Path(sys.executable)})
    make()
    assert "left out. samovar: no apt-get here" in capsys.readouterr().out


def test_language_data_that_is_there_is_not_fetched_again(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "share" / "tessdata"
    folder.mkdir(parents=True)
    for name in ("rus", "eng"):
        (folder / f"{name}.traineddata").write_bytes(b"data")
    make = _names("setup.py")["make_language_data"]
    make.__globals__.update({"VENV": tmp_path})
    make()
    assert capsys.readouterr().out == ""


def test_the_whole_suite_is_shared_out_over_a_few_processes_and_files_stay_whole(setup: dict[str, Any]) -> None:
    share_out = setup["share_out"]
    assert share_out(1) == []
    assert share_out(2)[:4] == ["-n", "2", "--dist", "loadfile"]
    assert share_out(64)[:2] == ["-n", "4"]
