"""The real server that ``python -m tools.live`` started, and an adapter that speaks to it.

Where no server is named, these tests are not there: the fast suite passes them by.
"""

import os
from collections.abc import AsyncIterator

import pytest
from tests.live.stage import LiveServer

from samovar import registry
from samovar.egress import EgressClient, EgressGuard
from samovar.ports.backend import BackendConfig, ChatBackend, Endpoint

#: The tests of each server. One dies once, so each of them dies in its own way.
_PARTS = {
    "text": ["test_vllm.py", "test_gateway.py", "test_killed.py"],
    "sight": ["test_sight.py", "test_engine_killed.py"],
    "foundry": ["test_foundry.py"],
}
_PART = os.environ.get("LIVE_PART")
collect_ignore = [name for part, names in _PARTS.items() if part != _PART for name in names]


def pytest_configure(config: pytest.Config) -> None:
    """Name the marker of this folder."""
    config.addinivalue_line("markers", "ends_server: ends the real server, and so comes last")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the tests that end the server last: nothing can be asked of it afterwards."""
    items.sort(key=lambda item: item.get_closest_marker("ends_server") is not None)


@pytest.fixture(scope="session")
def server() -> LiveServer:
    """The server under test."""
    pid = os.environ.get("LIVE_PID")
    return LiveServer(
        kind="foundry" if _PART == "foundry" else "vllm",
        url=os.environ["LIVE_URL"],
        model=os.environ["LIVE_MODEL"],
        pid=int(pid) if pid else None,
    )


@pytest.fixture
async def backend(server: LiveServer) -> AsyncIterator[ChatBackend]:
    """Our adapter, as the application builds it."""
    guard = EgressGuard()
    client = EgressClient(guard)
    module = registry.backend(server.kind)
    endpoint = Endpoint(url=module.read_address(server.url))
    guard.allow(endpoint.url)
    yield module.build(
        BackendConfig(name="live", endpoint=lambda: endpoint, first_token_timeout_s=120, idle_timeout_s=60), client
    )
    await client.close()
