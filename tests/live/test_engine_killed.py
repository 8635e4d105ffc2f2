"""A real vLLM whose engine dies while the server that listens lives on: the answer broke off, whatever HTTP says."""

import time

import psutil
import pytest
from tests.live.stage import ENDLESS, LiveServer, ask, text_of

from samovar.domain.errors import BackendBroke
from samovar.domain.generation import BackendEvent, Failed
from samovar.ports.backend import ChatBackend

pytestmark = pytest.mark.ends_server


def kill_engine(server: LiveServer) -> float:
    """End the process that computes, as the system does when memory runs out; return when."""
    if server.pid is None:
        pytest.skip("the server is not ours to end")
    (engine,) = [
        child
        for child in psutil.Process(server.pid).children()
        if any("EngineCore" in word for word in child.cmdline())
    ]
    engine.kill()
    return time.monotonic()


async def test_an_engine_that_is_killed_breaks_the_answer_off_within_two_seconds(
    server: LiveServer, backend: ChatBackend
) -> None:
    heard: list[BackendEvent] = []
    killed_at = 0.0
    async for event in backend.stream(ask(server.model, ENDLESS, max_tokens=1500)):
        heard.append(event)
        if len(heard) == 8:
            killed_at = kill_engine(server)
    assert time.monotonic() - killed_at < 2.0
    last = heard[-1]
    assert isinstance(last, Failed)
    assert isinstance(last.error, BackendBroke)
    assert len(text_of(heard)) > 10
