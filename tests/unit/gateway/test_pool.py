"""The members of the pool: their health, what open pages are told of, and who may be where."""

import asyncio

import pytest
from tests.support.clock import Clock
from tests.support.finder import Finder, finder
from tests.support.stand_ins import Behaviour, Model, run_stand_in
from yarl import URL

from samovar.domain.backend import BackendSource, BackendSpec, same_place
from samovar.domain.errors import BackendUnreachable, Conflict, NotFound
from samovar.domain.generation import Capabilities
from samovar.gateway.pool import Member

NOWHERE = "http://127.0.0.1:9"


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    turned = Clock()
    monkeypatch.setattr("samovar.gateway.pool.time", turned)
    return turned


def join(
    found: Finder, url: str, *, name: str = "mine", kind: str = "ollama", source: BackendSource = "added"
) -> Member:
    member = found.opener.open(BackendSpec(name=name, kind=kind, url=url, source=source))
    found.pool.add(member)
    return member


def sight(member: Member, model: str) -> tuple[bool | None, str | None]:
    can: Capabilities = next(found.capabilities for found in member.models if found.model == model)
    return can.vision, can.vision_known_by


async def test_a_server_that_fails_is_left_alone_for_longer_each_time_and_at_most_a_minute(clock: Clock) -> None:
    async with finder() as found:
        member = join(found, NOWHERE)
        rests: list[float] = []
        for _ in range(9):
            await member.ask()
            assert member.is_resting
            rests.append(member.report().next_try_s or 0.0)
            clock.now_s += rests[-1]
            assert not member.is_resting
        assert rests == [1, 2, 4, 8, 16, 32, 60, 60, 60]
        assert member.failing_s == sum(rests)


async def test_who_rests_is_not_asked_unless_it_must_be_now(clock: Clock) -> None:
    async with finder() as found, run_stand_in("ollama") as server:
        member = join(found, server.url)
        member.fail(BackendUnreachable(backend="mine"))
        await found.pool.ask_all()
        assert server.asked == []
        await found.pool.ask_all(now=True)
        report = member.report()
        assert (report.state, report.error, report.next_try_s, member.failing_s) == ("ready", None, None, 0.0)


async def test_the_embedded_engine_is_never_left_alone_for_it_comes_back_at_any_moment(clock: Clock) -> None:
    async with finder() as found:
        member = join(found, NOWHERE, source="embedded")
        for _ in range(5):
            await member.ask()
            assert member.error is not None
            assert not member.is_resting


async def test_many_requests_that_fail_together_are_one_failure(clock: Clock) -> None:
    async with finder() as found:
        member = join(found, NOWHERE)
        for _ in range(100):
            member.fail(BackendUnreachable(backend="mine"))
        assert member.report().next_try_s == 1.0


async def test_a_server_that_hangs_is_timed_out_and_is_down(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("samovar.gateway.pool._PROBE_TIMEOUT_S", 0.2)

    async def wait(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    server = await asyncio.start_server(wait, "127.0.0.1", 0)
    async with finder() as found:
        member = join(found, f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}")
        await member.ask()
        report = member.report()
        assert (report.state, report.error and report.error.code) == ("down", "backend_timeout")
    server.close()


@pytest.mark.parametrize(("key", "code"), [(None, "backend_key_missing"), ("wrong", "backend_unauthorised")])
async def test_a_key_that_is_missing_is_another_thing_than_one_that_is_wrong(key: str | None, code: str) -> None:
    async with finder() as found, run_stand_in("ollama", Behaviour(key="sesame")) as server:
        member = found.opener.open(BackendSpec(name="mine", kind="ollama", url=server.url, source="added", key=key))
        await member.ask()
        report = member.report()
        assert (report.state, report.error and report.error.code) == ("refused", code)
        assert report.error is not None
        assert "sesame" not in report.error.message
        assert "wrong" not in report.error.message


async def test_a_server_of_another_kind_than_was_said_is_refused() -> None:
    async with finder() as found, run_stand_in("ollama", Behaviour(sends_html=True)) as server:
        member = join(found, server.url)
        await member.ask()
        assert member.report().state == "refused"


async def test_the_revision_grows_with_every_change_and_only_then(clock: Clock) -> None:
    async with finder() as found, run_stand_in("ollama") as server:
        seen = [found.pool.revision]

        def changed() -> bool:
            seen.append(found.pool.revision)
            return seen[-1] > seen[-2]

        member = join(found, server.url)
        assert changed()
        await found.pool.ask_all()
        assert changed(), "there are models now"
        await found.pool.ask_all()
        assert not changed()
        member.fail(BackendUnreachable(backend="mine"))
        assert changed()
        member.fail(BackendUnreachable(backend="mine"))
        assert not changed(), "it is down as before"
        await found.pool.ask_all(now=True)
        assert changed()
        await found.pool.remove("mine")
        assert changed()
        member.fail(BackendUnreachable(backend="mine"))
        assert not changed(), "it is nobody's business any more"


async def test_members_stand_in_the_order_of_their_sources() -> None:
    async with finder() as found:
        sources: list[BackendSource] = ["found", "added", "settings", "environment", "added"]
        for place, source in enumerate(sources):
            join(found, f"http://127.0.0.1:{place + 1}", name=f"s{place}", source=source)
        assert [member.spec.name for member in found.pool.members] == ["s3", "s2", "s1", "s4", "s0"]


async def test_a_name_or_an_address_is_taken_once_however_it_is_written() -> None:
    async with finder() as found:
        join(found, "http://127.0.0.1:11434")
        with pytest.raises(Conflict, match="named mine"):
            join(found, "http://127.0.0.1:1")
        with pytest.raises(Conflict, match="already"):
            join(found, "http://localhost:11434", name="other")
        join(found, "http://127.0.0.1:11434/base", name="behind-a-path")
        assert found.pool.free_name("mine") == "mine-2"
        assert found.pool.free_name("other") == "other"


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("http://127.0.0.1:8000", "http://localhost:8000/", True),
        ("http://[::1]:8000", "http://127.0.0.1:8000", True),
        ("http://127.1.2.3:80", "http://localhost", True),
        ("http://Example.org", "http://example.org:80", True),
        ("https://example.org:443", "https://example.org", True),
        ("http://example.org", "https://example.org", False),
        ("http://example.org:1", "http://example.org:2", False),
        ("http://example.org/a", "http://example.org/b", False),
        ("http://127.0.0.1:8000", "http://10.0.0.1:8000", False),
    ],
)
def test_one_place_is_known_by_all_its_spellings(one: str, other: str, same: bool) -> None:
    assert same_place(one, other) is same


async def test_a_member_that_is_replaced_finishes_what_it_is_doing() -> None:
    async with finder() as found, run_stand_in("ollama") as server:
        old = join(found, server.url)
        lease = await old.queue.enter("somebody")
        new = found.opener.open(BackendSpec(name="mine", kind="ollama", url=server.url, source="added", parallel=1))
        await found.pool.replace(new)
        assert found.pool.find("mine") is new
        assert found.guard.allows(URL(server.url)), "the new one may connect"
        assert new.queue.places == 1
        assert not old.is_idle
        lease.leave()
        with pytest.raises(NotFound):
            await found.pool.replace(
                found.opener.open(BackendSpec(name="nobody", kind="ollama", url=NOWHERE, source="added"))
            )


async def test_a_member_that_left_may_no_longer_connect() -> None:
    async with finder() as found, run_stand_in("ollama") as server:
        member = join(found, server.url)
        await found.pool.remove("mine")
        await member.ask(now=True)
        assert isinstance(member.error, BackendUnreachable)
        assert server.asked == []
        with pytest.raises(NotFound):
            await found.pool.remove("mine")


async def test_what_a_trial_has_shown_counts_until_the_model_is_another_one() -> None:
    async with run_stand_in("ollama", models=[an_eye(1_000)]) as server, finder() as found:
        member = join(found, server.url)
        await member.ask()
        assert sight(member, "eye:1b") == (True, "api")
        before = found.pool.revision
        member.note_sight("eye:1b", False)
        assert sight(member, "eye:1b") == (False, "probe")
        assert found.pool.revision > before, "open pages are told"
        await member.ask(now=True)
        assert sight(member, "eye:1b") == (False, "probe")
        member.fail(BackendUnreachable(backend="mine"))
        await member.ask(now=True)
        assert sight(member, "eye:1b") == (False, "probe"), "a server that was away has the same model"
        server.stand_in.models = (an_eye(2_000),)
        await member.ask(now=True)
        assert sight(member, "eye:1b") == (True, "api")
        member.note_sight("unheard-of", True)


async def test_a_server_that_tells_how_many_answers_it_writes_at_once_is_believed() -> None:
    async with finder() as found, run_stand_in("llamacpp", Behaviour(slots=3)) as server:
        member = join(found, server.url, kind="llamacpp")
        assert member.queue.places == 1
        await member.ask()
        assert member.queue.places == 3
        told = found.opener.open(BackendSpec(name="b", kind="llamacpp", url=server.url, source="settings", parallel=2))
        await told.ask()
        assert told.queue.places == 2, "what a person says wins"


def an_eye(size_bytes: int) -> Model:
    return Model(
        name="eye:1b",
        family="llama",
        parameters="1B",
        quantisation="Q4_K_M",
        size_bytes=size_bytes,
        context_tokens=4096,
        takes_images=True,
    )
