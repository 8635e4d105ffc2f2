"""Fixtures of every test; each area keeps its own in tests/support."""

pytest_plugins = [
    "tests.support.database",
    "tests.support.servers",
    "tests.support.application",
]
