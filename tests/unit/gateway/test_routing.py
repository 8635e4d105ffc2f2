"""A name, the models behind it, and what happens when the first of them fails."""

import asyncio
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing

import pytest

from samovar.domain.backend import BackendSpec
from samovar.domain.errors import (
    BackendBroke,
    BackendError,
    BackendOverloaded,
    BackendRefused,
    BackendTimeout,
    BackendUnreachable,
    EngineDown,
    ImageRefused,
    ModelLoading,
    ModelUnknown,
    TooMany,
)
from samovar.domain.generation import BackendEvent, Capabilities, ChatRequest, ModelDescription
from samovar.gateway.directory import ModelDirectory, ModelRoute, RouteOrder
from samovar.gateway.pool import BackendPool, Member
from samovar.gateway.routing import Gateway, Needs, Try
from samovar.ports.backend import Relay


class Shelf:
    """A backend that only lists models: what is asked of them is up to the test."""

    kind = "shelf"

    def __init__(self, name: str, *models: ModelDescription) -> None:
        self.name = name
        self.offered = models
        self.error: BackendError | None = None

    async def models(self) -> Sequence[ModelDescription]:
        if self.error is not None:
            raise self.error
        return self.offered

    async def count_tokens(self, model: str, text: str) -> int | None:
        return None

    def stream(self, request: ChatRequest) -> AsyncGenerator[BackendEvent, None]:
        raise NotImplementedError

    async def relay(self, payload: Mapping[str, object]) -> Relay:
        raise NotImplementedError

    async def relay_embeddings(self, payload: Mapping[str, object]) -> Relay:
        raise NotImplementedError

    async def close(self) -> None:
        pass


def tea(
    backend: str, *, loaded: bool | None = None, vision: bool | None = None, state: str = "ready"
) -> ModelDescription:
    return ModelDescription(
        model="tea",
        backend=backend,
        state=state,  # type: ignore[arg-type]  # one of the three
        capabilities=Capabilities(loaded=loaded, vision=vision),
    )


class House:
    """Shelves behind a gateway; ``house`` is the name of a route over all of them."""

    def __init__(self, *shelves: Shelf, order: RouteOrder = "fallback", places: int | None = None) -> None:
        self.pool = BackendPool()
        for shelf in shelves:
            spec = BackendSpec(
                name=shelf.name, kind="shelf", url=f"http://{shelf.name}", source="added", parallel=places
            )
            self.pool.add(Member(spec, shelf, longest_queue=1))
        route = ModelRoute(name="house", targets=tuple(f"{shelf.name}/tea" for shelf in shelves), order=order)
        self.gateway = Gateway(ModelDirectory(self.pool, (route,)), lambda: None)
        self.record: list[Try] = []

    async def ask(
        self, failures: Mapping[str, BackendError], *, model: str | None = "house", shown: bool = False
    ) -> str:
        """Ask until a backend without a failure answers; return its name."""
        attempts = self.gateway.attempts(model, "anna", record=self.record)
        answered = ""
        async with aclosing(attempts):
            async for attempt in attempts:
                async with attempt as choice:
                    if shown:
                        attempt.shown()
                    if failure := failures.get(choice.backend.name):
                        raise failure
                    answered = choice.backend.name
        return answered


@pytest.fixture(autouse=True)
def _no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("samovar.gateway.routing._PAUSES_S", (0.0, 0.0, 0.0))


def three() -> House:
    return House(*(Shelf(name, tea(name)) for name in ("one", "two", "three")))


async def test_the_first_of_a_route_answers_while_it_can() -> None:
    house = three()
    assert await house.ask({}) == "one"
    assert house.record == [Try(model="tea", backend="one", error_code=None)]


@pytest.mark.parametrize(
    "failure",
    [
        BackendUnreachable(backend="one"),
        BackendOverloaded(backend="one"),
        BackendBroke(backend="one"),
        BackendTimeout(backend="one", seconds=300),
        ModelUnknown(model="tea"),
    ],
)
async def test_the_next_one_answers_when_nothing_was_shown(failure: BackendError) -> None:
    house = three()
    assert await house.ask({"one": failure}) == "two"
    assert [(one.backend, one.error_code) for one in house.record] == [("one", failure.code), ("two", None)]


async def test_what_was_shown_is_never_begun_again() -> None:
    house = three()
    with pytest.raises(BackendBroke):
        await house.ask({"one": BackendBroke(backend="one")}, shown=True)


async def test_a_refusal_is_an_answer_and_goes_to_nobody_else() -> None:
    house = three()
    with pytest.raises(BackendRefused):
        await house.ask({"one": BackendRefused(backend="one", reason="no")})


async def test_the_last_error_is_told_when_all_fail() -> None:
    house = three()
    failures: dict[str, BackendError] = {
        "one": BackendTimeout(backend="one", seconds=300),
        "two": BackendTimeout(backend="two", seconds=300),
        "three": BackendTimeout(backend="three", seconds=300),
    }
    with pytest.raises(BackendTimeout) as caught:
        await house.ask(failures)
    assert caught.value.values["backend"] == "three"
    assert [one.backend for one in house.record] == ["one", "two", "three"]


async def test_an_overloaded_backend_is_asked_three_times_and_one_that_was_silent_once() -> None:
    asked: list[str] = []

    class Counting(dict[str, BackendError]):
        def get(self, name: str, default: object = None) -> BackendError | None:  # type: ignore[override]
            asked.append(name)
            return super().get(name)

    house = House(Shelf("one", tea("one")), Shelf("two", tea("two")))
    failures = Counting(one=BackendTimeout(backend="one", seconds=9), two=BackendOverloaded(backend="two"))
    with pytest.raises(BackendOverloaded):
        await house.ask(failures)
    assert asked == ["one", "two", "two", "two"]


async def test_a_name_without_a_route_is_never_answered_by_another_model() -> None:
    house = three()
    with pytest.raises(BackendTimeout):
        await house.ask({"one": BackendTimeout(backend="one", seconds=9)}, model="one/tea")
    assert {one.backend for one in house.record} <= {"one"}


async def test_a_server_that_cannot_be_reached_is_called_that_and_not_an_unknown_model() -> None:
    shelf = Shelf("one", tea("one"))
    house = House(shelf)
    await house.gateway.directory.list()
    shelf.error = BackendUnreachable(backend="one")
    with pytest.raises(BackendUnreachable):
        await house.ask({"one": BackendUnreachable(backend="one")}, model="one/tea")


async def test_the_least_busy_goes_first_and_a_loaded_model_before_one_that_would_push_another_out() -> None:
    house = House(
        Shelf("cold", tea("cold", loaded=False)),
        Shelf("busy", tea("busy", loaded=True)),
        Shelf("free", tea("free")),
        order="least_busy",
        places=4,
    )
    lease = await house.pool.find("busy").queue.enter("boris")
    assert await house.ask({}) == "free"
    lease.leave()
    assert await house.ask({}) == "busy"


async def test_a_full_line_is_passed_by_and_when_all_are_full_that_is_said() -> None:
    house = House(Shelf("one", tea("one")), Shelf("two", tea("two")), places=1)
    queues = [house.pool.find(name).queue for name in ("one", "two")]
    leases = [await queues[0].enter("boris")]
    waiting = [asyncio.create_task(queues[0].enter("boris"))]
    await asyncio.sleep(0)
    assert await house.ask({}) == "two"
    leases.append(await queues[1].enter("boris"))
    waiting.append(asyncio.create_task(queues[1].enter("boris")))
    await asyncio.sleep(0)
    with pytest.raises(TooMany):
        await house.ask({})
    for task in waiting:
        task.cancel()
    await asyncio.wait(waiting)


async def test_a_picture_goes_to_a_model_that_can_see() -> None:
    house = House(Shelf("blind", tea("blind", vision=False)), Shelf("seeing", tea("seeing", vision=True)))
    attempts = house.gateway.attempts("house", "anna", needs=Needs(vision=True))
    async with aclosing(attempts):
        assert (await anext(attempts)).choice.backend.name == "seeing"
    attempts = house.gateway.attempts("blind/tea", "anna", needs=Needs(vision=True))
    with pytest.raises(ImageRefused):
        await anext(attempts)


async def test_a_model_on_its_way_is_waited_for_and_that_is_told_once() -> None:
    shelf = Shelf("one", tea("one", state="loading"))
    house = House(shelf)
    told: list[str] = []

    async def first() -> str:
        attempts = house.gateway.attempts("one/tea", "anna", on_loading=lambda choice: told.append(choice.full_name))
        async with aclosing(attempts):
            return (await anext(attempts)).choice.full_name

    asking = asyncio.create_task(first())
    await asyncio.sleep(0.6)
    assert not asking.done()
    shelf.offered = (tea("one"),)
    assert await asking == "one/tea"
    assert told == ["one/tea"]


async def test_waiting_for_a_model_ends() -> None:
    house = House(Shelf("one", tea("one", state="loading")))
    attempts = house.gateway.attempts("one/tea", "anna", needs=Needs(loading_wait_s=0.1))
    with pytest.raises(ModelLoading):
        await anext(attempts)


async def test_a_model_that_cannot_be_loaded_is_not_waited_for() -> None:
    house = House(Shelf("one", tea("one", state="unavailable")))
    with pytest.raises(EngineDown):
        await house.ask({}, model="one/tea")


async def test_the_place_in_the_line_is_free_after_a_failure_and_kept_when_it_is_taken_along() -> None:
    house = House(Shelf("one", tea("one")), places=1)
    queue = house.pool.find("one").queue
    with pytest.raises(BackendRefused):
        await house.ask({"one": BackendRefused(backend="one", reason="no")})
    assert queue.running == 0
    attempts = house.gateway.attempts("house", "anna")
    async with aclosing(attempts):
        attempt = await anext(attempts)
        async with attempt:
            lease = attempt.take_lease()
    assert queue.running == 1
    lease.leave()
    assert queue.running == 0
