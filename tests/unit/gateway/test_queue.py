"""Whose turn it is in front of a busy backend."""

import asyncio
from collections.abc import Callable, Hashable

import pytest

from samovar.domain.errors import TooMany
from samovar.gateway.queue import FairQueue, Lease, Waiting


class Guests:
    """People who wait, and in which order they were served."""

    def __init__(self, queue: FairQueue) -> None:
        self.queue = queue
        self.served: list[str] = []
        self.leases: dict[str, Lease] = {}
        self.told: dict[str, list[int]] = {}
        self._tasks: list[asyncio.Task[None]] = []

    async def come(self, name: str, who: Hashable) -> "asyncio.Task[None]":
        task = asyncio.create_task(self._wait(name, who))
        self._tasks.append(task)
        await asyncio.sleep(0)
        return task

    async def _wait(self, name: str, who: Hashable) -> None:
        self.leases[name] = await self.queue.enter(who, self._listener(name))
        self.served.append(name)

    def _listener(self, name: str) -> Callable[[Waiting], None]:
        heard = self.told.setdefault(name, [])
        return lambda waiting: heard.append(waiting.position)

    async def go(self, name: str) -> None:
        self.leases[name].leave()
        await asyncio.sleep(0)


async def test_without_a_bound_nobody_waits() -> None:
    queue = FairQueue(places=None, longest=1)
    leases = [await queue.enter("anna") for _ in range(500)]
    assert (queue.running, queue.waiting) == (500, 0)
    for lease in leases:
        lease.leave()
    assert queue.running == 0


async def test_one_who_asks_for_much_does_not_hold_up_the_others() -> None:
    guests = Guests(FairQueue(places=1, longest=10))
    for name in ("a1", "a2", "a3", "a4"):
        await guests.come(name, "anna")
    await guests.come("b1", "boris")
    await guests.come("c1", "clara")
    for _ in range(6):
        await guests.go(guests.served[-1])
    assert guests.served == ["a1", "a2", "b1", "c1", "a3", "a4"]


async def test_everybody_is_told_a_position_and_each_change_of_it() -> None:
    guests = Guests(FairQueue(places=1, longest=10))
    for name, who in (("a1", "anna"), ("a2", "anna"), ("a3", "anna"), ("b1", "boris")):
        await guests.come(name, who)
    assert guests.told == {"a1": [], "a2": [1], "a3": [2, 3], "b1": [2]}
    await guests.go("a1")
    assert guests.told == {"a1": [], "a2": [1], "a3": [2, 3, 2], "b1": [2, 1]}


async def test_the_expected_wait_comes_from_how_long_answers_took(monkeypatch: pytest.MonkeyPatch) -> None:
    class Clock:
        now_s = 0.0

        def monotonic(self) -> float:
            return self.now_s

    clock = Clock()
    monkeypatch.setattr("samovar.gateway.queue.time", clock)
    queue = FairQueue(places=2, longest=10)
    heard: list[Waiting] = []
    first, _second = await queue.enter("anna"), await queue.enter("anna")
    waiting = asyncio.create_task(queue.enter("boris", heard.append))
    await asyncio.sleep(0)
    assert heard == [Waiting(position=1, expected_s=None)]
    clock.now_s += 8
    first.leave()
    await waiting
    third = asyncio.create_task(queue.enter("clara", heard.append))
    await asyncio.sleep(0)
    assert heard[-1] == Waiting(position=1, expected_s=4.0)
    third.cancel()
    await asyncio.wait({third})


async def test_a_full_line_says_when_to_come_back() -> None:
    guests = Guests(FairQueue(places=1, longest=2))
    for name in ("a1", "a2", "a3"):
        await guests.come(name, "anna")
    assert guests.queue.is_full
    with pytest.raises(TooMany) as caught:
        await guests.queue.enter("boris")
    assert caught.value.values["retry_after_s"] == 1
    await guests.go("a1")
    assert not guests.queue.is_full


async def test_one_who_gives_up_leaves_no_gap() -> None:
    guests = Guests(FairQueue(places=1, longest=10))
    await guests.come("a1", "anna")
    leaving = await guests.come("b1", "boris")
    await guests.come("c1", "clara")
    leaving.cancel()
    await asyncio.wait({leaving})
    assert guests.told["c1"] == [2, 1]
    await guests.go("a1")
    assert guests.served == ["a1", "c1"]


async def test_a_place_given_to_one_who_gives_up_in_the_same_moment_goes_to_the_next() -> None:
    guests = Guests(FairQueue(places=1, longest=10))
    await guests.come("a1", "anna")
    leaving = await guests.come("b1", "boris")
    await guests.come("c1", "clara")
    guests.leases["a1"].leave()
    leaving.cancel()
    await asyncio.wait({leaving})
    await asyncio.sleep(0)
    assert guests.served == ["a1", "c1"]
    await guests.go("c1")
    assert (guests.queue.running, guests.queue.waiting) == (0, 0)


async def test_a_place_is_given_back_once_however_often_that_is_said() -> None:
    queue = FairQueue(places=1, longest=1)
    lease = await queue.enter("anna")
    lease.leave()
    lease.leave()
    assert queue.running == 0


async def test_more_places_let_those_who_wait_in_at_once() -> None:
    guests = Guests(FairQueue(places=1, longest=10))
    for name in ("a1", "a2", "a3"):
        await guests.come(name, "anna")
    guests.queue.resize(3)
    await asyncio.sleep(0)
    assert guests.served == ["a1", "a2", "a3"]
    assert guests.queue.load == 1.0
