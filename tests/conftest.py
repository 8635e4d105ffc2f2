"""Fixtures of every test; each area keeps its own in tests/support."""

import signal
from pathlib import Path
from typing import Final

import pytest

pytest_plugins = [
    "tests.support.database",
    "tests.support.servers",
    "tests.support.application",
    "tests.support.house",
    "tests.support.library",
]

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    # Started in the background of a shell, and so are the commands that tests start and end by Ctrl+C.
    signal.signal(signal.SIGINT, signal.default_int_handler)

#: Folders with the longest tests; they come first, so that no process is left with one when the others are done.
_FIRST: Final = ("command", "golden", "browser")
_TESTS: Final = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Bring the longest tests to the front; the order of all others stays."""
    items.sort(key=lambda item: _turn(item.path))


def _turn(path: Path) -> int:
    folder = path.relative_to(_TESTS).parts[0]
    return _FIRST.index(folder) if folder in _FIRST else len(_FIRST)
