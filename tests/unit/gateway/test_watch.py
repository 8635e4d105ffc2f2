"""The pool stays true while nobody asks."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest
from tests.support.finder import Finder, finder, port_of
from tests.support.stand_ins import run_stand_in

from samovar.domain.errors import StorageUnavailable
from samovar.gateway.watch import BackendWatch


async def nothing() -> None:
    """Nothing was added by hand."""


@asynccontextmanager
async def watching(found: Finder, sync: Callable[[], Awaitable[None]] = nothing) -> AsyncIterator[BackendWatch]:
    watch = BackendWatch(found.pool, found.discovery, sync, health_every_s=0.02, look_every_s=0.05)
    watch.start()
    try:
        yield watch
    finally:
        await watch.close()


async def until(is_so: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not is_so():
            await asyncio.sleep(0.01)


async def test_a_server_that_comes_and_goes_is_noticed_by_itself() -> None:
    async with run_stand_in("ollama") as server:
        port = port_of(server.url)
    async with finder({"ollama": (port,)}) as found, watching(found):
        await asyncio.sleep(0.1)
        assert found.names() == {}
        async with run_stand_in("ollama", port=port):
            await until(lambda: bool(found.pool.members and found.only().models))
        await until(lambda: found.only().error is not None)
        assert found.only().report().state == "down"


async def test_a_database_that_is_away_does_not_end_the_watch() -> None:
    rounds = 0

    async def sync() -> None:
        nonlocal rounds
        rounds += 1
        raise StorageUnavailable

    async with finder() as found, watching(found, sync):
        await until(lambda: rounds >= 3)


async def test_a_look_on_demand_asks_those_who_rest() -> None:
    async with run_stand_in("ollama") as server:
        port = port_of(server.url)
    async with finder({"ollama": (port,)}) as found:
        watch = BackendWatch(found.pool, found.discovery, nothing)
        await watch.look_now()
        assert found.names() == {}
        async with run_stand_in("ollama", port=port):
            await watch.look_now()
            assert found.only().models
        await found.pool.ask_all()
        assert found.only().is_resting
        async with run_stand_in("ollama", port=port):
            await watch.look_now()
            assert found.only().error is None


async def test_a_defect_in_the_watch_is_told_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    async def sync() -> None:
        raise RuntimeError("a defect")

    async with finder() as found:
        watch = BackendWatch(found.pool, found.discovery, sync, health_every_s=0.01, look_every_s=0.01)
        watch.start()
        await until(lambda: "backends.watch_ended" in caplog.text)
        await watch.close()


async def test_a_watch_that_never_began_can_be_closed() -> None:
    async with finder() as found:
        await BackendWatch(found.pool, found.discovery, nothing).close()
