"""One list of models over several servers, whatever each of them does."""

import json
import time
from collections.abc import AsyncIterator, Callable

import pytest
from tests.support.clock import Clock
from tests.support.servers import Exchange, play

from samovar import registry
from samovar.domain.backend import BackendSpec
from samovar.domain.errors import BackendTimeout, BackendUnreachable, ModelUnknown, NoModel
from samovar.domain.generation import Capabilities, ModelDescription
from samovar.egress import EgressClient, EgressGuard
from samovar.gateway.directory import ModelChoice, ModelDirectory, ModelListing, ModelRoute
from samovar.gateway.pool import BackendPool, Member
from samovar.ports.backend import BackendConfig, ChatBackend, Endpoint

#: A port on which nothing listens (discard).
NOWHERE = "http://127.0.0.1:9"


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    turned = Clock()
    monkeypatch.setattr("samovar.gateway.directory.time", turned)
    return turned


Connect = Callable[[str, str], ChatBackend]


@pytest.fixture
async def connect() -> AsyncIterator[Connect]:
    """Makes the real adapter of an OpenAI-compatible server, by name and address."""
    guard = EgressGuard()
    client = EgressClient(guard)

    def make(name: str, url: str) -> ChatBackend:
        guard.allow(url)
        config = BackendConfig(name=name, endpoint=lambda: Endpoint(url=url))
        return registry.backend("openai").build(config, client)

    yield make
    await client.close()


def member_of(backend: ChatBackend) -> Member:
    return Member(
        BackendSpec(name=backend.name, kind=backend.kind, url=f"http://{backend.name}", source="added"), backend
    )


def directory_of(*backends: ChatBackend, routes: tuple[ModelRoute, ...] = ()) -> ModelDirectory:
    pool = BackendPool()
    for backend in backends:
        pool.add(member_of(backend))
    return ModelDirectory(pool, routes)


def listing(*names: str) -> list[Exchange]:
    body = json.dumps({"object": "list", "data": [{"id": name, "object": "model"} for name in names]}).encode()
    return [
        Exchange(method="GET", path="/v1/models", status=200, content_type="application/json", body=body),
    ]


def silence() -> list[Exchange]:
    """A server that takes the request and never finishes its answer."""
    return [
        Exchange(method="GET", path="/v1/models", status=200, content_type="application/json", body=b"{", ending="hang")
    ]


async def test_without_any_server_there_is_no_model_and_that_is_said() -> None:
    directory = directory_of()
    assert await directory.list() == ModelListing(choices=(), problems=())
    with pytest.raises(NoModel):
        await directory.choose(None)
    with pytest.raises(ModelUnknown) as caught:
        await directory.choose("tea")
    assert caught.value.values == {"model": "tea"}


async def test_a_server_without_models_is_no_problem_but_offers_none(connect: Connect) -> None:
    async with play(listing()) as server:
        directory = directory_of(connect("empty", server.url))
        assert await directory.list() == ModelListing(choices=(), problems=())
        with pytest.raises(NoModel):
            await directory.choose(None)


async def test_when_no_server_answers_the_reason_of_the_first_is_told(connect: Connect) -> None:
    directory = directory_of(connect("mine", NOWHERE))
    found = await directory.list()
    assert found.choices == ()
    [problem] = found.problems
    assert (problem.backend, problem.error.code) == ("mine", "backend_unreachable")
    with pytest.raises(BackendUnreachable) as caught:
        await directory.choose(None)
    assert caught.value.values["backend"] == "mine"


async def test_a_silent_server_holds_up_the_list_for_three_seconds_and_hides_no_other(connect: Connect) -> None:
    async with play(silence()) as silent, play(listing("tea")) as quick:
        directory = directory_of(connect("silent", silent.url), connect("quick", quick.url))
        begun = time.monotonic()
        found = await directory.list()
        assert time.monotonic() - begun < 5.0
        assert [choice.model_id for choice in found.choices] == ["tea"]
        [problem] = found.problems
        assert isinstance(problem.error, BackendTimeout)
        assert dict(problem.error.values) == {"backend": "silent", "seconds": 3}
        assert (await directory.choose(None)).backend.name == "quick"


async def test_a_name_that_two_servers_use_is_told_apart_by_the_server(connect: Connect) -> None:
    async with play(listing("tea", "jam")) as one, play(listing("tea")) as two:
        directory = directory_of(connect("one", one.url), connect("two", two.url))
        found = await directory.list()
        assert [choice.model_id for choice in found.choices] == ["one/tea", "jam", "two/tea"]
        assert (await directory.choose("two/tea")).backend.name == "two"
        assert (await directory.choose("one/jam")).model_id == "jam"
        with pytest.raises(ModelUnknown):
            await directory.choose("tea")


async def test_a_list_is_believed_for_two_seconds_and_a_choice_for_thirty(connect: Connect, clock: Clock) -> None:
    async with play(listing("tea")) as server:
        directory = directory_of(connect("mine", server.url))

        def asked() -> int:
            return len(server.requests_to("/v1/models"))

        await directory.list()
        clock.now_s += 1.9
        await directory.list()
        await directory.choose("tea")
        assert asked() == 1
        clock.now_s += 0.2
        await directory.list()
        assert asked() == 2
        clock.now_s += 31
        await directory.choose("tea")
        assert asked() == 3


async def test_a_choice_from_an_older_list_is_made_at_once_and_the_list_renewed_beside(
    connect: Connect, clock: Clock
) -> None:
    async with play(listing("tea")) as server:
        directory = directory_of(connect("mine", server.url))
        await directory.list()
        clock.now_s += 10
        server.exchanges[:] = listing("jam")
        assert (await directory.choose("tea")).model_id == "tea"
        # Waits for the one that is on its way, and asks no second time.
        assert [choice.model_id for choice in (await directory.list()).choices] == ["jam"]
        assert len(server.requests_to("/v1/models")) == 2
        with pytest.raises(ModelUnknown):
            await directory.choose("tea")


async def test_a_list_that_is_known_to_be_wrong_is_asked_for_again(connect: Connect, clock: Clock) -> None:
    async with play(listing("tea")) as server:
        directory = directory_of(connect("mine", server.url))
        await directory.list()
        server.exchanges[:] = listing("jam")
        directory.forget()
        assert (await directory.choose(None)).model_id == "jam"


def test_the_default_is_ready_before_loading_and_real_before_a_demonstration(connect: Connect) -> None:
    member = member_of(connect("mine", NOWHERE))

    def choice(name: str, *, is_ready: bool, is_demonstration: bool) -> ModelChoice:
        description = ModelDescription(
            model=name,
            backend="mine",
            state="ready" if is_ready else "loading",
            capabilities=Capabilities(),
            is_demonstration=is_demonstration,
        )
        return ModelChoice(model_id=name, description=description, member=member)

    toy = choice("toy", is_ready=True, is_demonstration=True)
    loading = choice("loading", is_ready=False, is_demonstration=False)
    ready = choice("ready", is_ready=True, is_demonstration=False)
    assert ModelListing(choices=(toy, loading, ready), problems=()).default is ready
    assert ModelListing(choices=(toy, loading), problems=()).default is loading
    assert ModelListing(choices=(toy,), problems=()).default is toy
    assert ModelListing(choices=(), problems=()).default is None


async def test_a_route_is_one_name_for_the_models_that_are_there(connect: Connect) -> None:
    route = ModelRoute(name="house", targets=("gone/tea", "two/tea", "one/jam"))
    async with play(listing("tea", "jam")) as one, play(listing("tea")) as two:
        directory = directory_of(connect("one", one.url), connect("two", two.url), routes=(route,))
        found = await directory.list()
        assert found.choices[0].model_id == "house"
        assert found.choices[0].route == route
        assert found.choices[0].full_name == "two/tea"
        assert [choice.full_name for choice in found.targets(route)] == ["two/tea", "one/jam"]
        assert (await directory.choose("house")).backend.name == "two"


async def test_a_route_of_which_nothing_is_there_is_no_model(connect: Connect) -> None:
    async with play(listing("tea")) as one:
        directory = directory_of(connect("one", one.url), routes=(ModelRoute(name="house", targets=("gone/tea",)),))
        assert [choice.model_id for choice in (await directory.list()).choices] == ["tea"]
        with pytest.raises(ModelUnknown):
            await directory.choose("house")


async def test_a_model_that_shares_its_name_with_a_route_is_told_apart_by_the_server(connect: Connect) -> None:
    async with play(listing("tea")) as one:
        directory = directory_of(connect("one", one.url), routes=(ModelRoute(name="tea", targets=("one/tea",)),))
        found = await directory.list()
        assert [(choice.model_id, choice.route is not None) for choice in found.choices] == [
            ("tea", True),
            ("one/tea", False),
        ]


async def test_a_backend_at_rest_is_asked_again_when_somebody_wants_its_model(connect: Connect) -> None:
    async with play(listing("tea")) as server:
        directory = directory_of(connect("mine", server.url))
        await directory.list()
        [member] = directory.pool.members
        for _ in range(5):
            member.fail(BackendUnreachable(backend="mine"))
        assert member.is_resting
        assert (await directory.choose("tea")).model_id == "tea"
        assert not member.is_resting


async def test_a_backend_that_stays_away_is_asked_once_a_second_however_many_want_it(
    connect: Connect, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("samovar.gateway.pool.time", clock)
    async with play(listing("tea")) as server:
        directory = directory_of(connect("mine", server.url))
        await directory.list()
        server.exchanges[:] = [
            Exchange(method="GET", path="/v1/models", status=502, content_type="text/html", body=b"<html>")
        ]
        directory.pool.members[0].fail(BackendUnreachable(backend="mine"))
        clock.now_s += 1.5
        for _ in range(20):
            with pytest.raises(BackendUnreachable):
                await directory.choose("tea")
        assert len(server.requests_to("/v1/models")) <= 3
