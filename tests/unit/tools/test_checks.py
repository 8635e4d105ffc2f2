"""The checks of locks, changelog and documents find what they are for."""

import runpy
from pathlib import Path
from typing import Any

import pytest

TOOLS = Path(__file__).resolve().parents[3] / "tools"
HASH = "    --hash=sha256:00\n"


def _names(script: str) -> dict[str, Any]:
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(TOOLS))
        return runpy.run_path(str(TOOLS / script))


@pytest.mark.parametrize(
    ("lock", "fault"),
    [
        (f"--index-url https://index.example\na==1 \\\n{HASH}", "names an address"),
        (f"a @ https://index.example/a.whl \\\n{HASH}", "names an address"),
        (f"a==1\nb==2 \\\n{HASH}", "a has no hash"),
    ],
)
def test_a_lock_with_an_address_or_without_a_hash_is_refused(tmp_path: Path, lock: str, fault: str) -> None:
    path = tmp_path / "some.lock"
    path.write_text(lock)
    assert any(fault in found for found in _names("check_locks.py")["lock_faults"](path))


def test_a_sound_lock_passes(tmp_path: Path) -> None:
    path = tmp_path / "some.lock"
    path.write_text(f"a==1 ; sys_platform != 'win32' \\\n{HASH}b==2 \\\n{HASH}")
    assert _names("check_locks.py")["lock_faults"](path) == []


@pytest.mark.parametrize(
    ("changelog", "fault"),
    [
        ("## 0.1.0 - unreleased\n", "the package is 0.2.0"),
        ("## 0.2.0\n", "unreleased"),
        ("## 0.2.0 - 2026-11-22\n### Improved\n", "'Improved' is not one of"),
        ("## 0.2.0 - 2026-11-22\n## 0.3.0 - 2026-11-21\n", "newest version comes first"),
        ("# Changelog\n", "no version heading"),
    ],
)
def test_a_changelog_that_does_not_fit_the_package_is_refused(changelog: str, fault: str) -> None:
    faults = _names("check_changelog.py")["faults"](changelog, '__version__ = "0.2.0"')
    assert any(fault in found for found in faults)


def test_a_changelog_of_this_version_passes() -> None:
    changelog = "## 0.2.0 - unreleased\n### Added\n- A thing.\n## 0.1.0 - 2026-11-22\n"
    assert _names("check_changelog.py")["faults"](changelog, '__version__ = "0.2.0"') == []


def test_every_generated_page_says_what_the_code_says() -> None:
    assert _names("errors_reference.py")["main"]() == 0
    assert _names("settings_reference.py")["main"]() == 0


def test_a_path_in_braces_is_there_only_when_all_of_it_is(tmp_path: Path) -> None:
    stands = _names("check_docs.py")["stands"]
    (tmp_path / "one.py").touch()
    assert stands(tmp_path, "{one}.py")
    assert stands(tmp_path, "*.py")
    assert not stands(tmp_path, "{one,two}.py")
    assert not stands(tmp_path, "none/*.py")


def test_every_setting_and_error_is_described() -> None:
    settings_page = _names("settings_reference.py")["page"]()
    assert "| None |" not in settings_page
    assert "`SAMOVAR_ENGINE_MODEL_FILE`" in settings_page
    assert "## `context_exceeded`" in _names("errors_reference.py")["page"]()
