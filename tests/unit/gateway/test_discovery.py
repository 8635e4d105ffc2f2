"""What is found on the usual ports, what is not, and which adapter a server gets."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace

import pytest
from tests.support.clock import Clock
from tests.support.finder import Finder, finder, port_of
from tests.support.servers import Exchange, play
from tests.support.stand_ins import Behaviour, run_stand_in
from yarl import URL

from samovar.domain.backend import BackendSpec
from samovar.domain.errors import BackendUnreachable, NotAModelServer
from samovar.gateway.discovery import Finding, Look

#: Every stand-in with the kind that it stands in for.
STAND_INS = [
    ("llamacpp", "llamacpp"),
    ("vllm", "vllm"),
    ("ollama", "ollama"),
    ("lmstudio", "lmstudio"),
    ("lmstudio-0.3", "lmstudio"),
    ("foundry", "foundry"),
    ("foundry-1", "foundry"),
    ("openai", "openai"),
]


def only(finder: Finder) -> Finding:
    [finding] = finder.discovery.findings
    return finding


def page(path: str, body: bytes = b"<h1>It works</h1>", status: int = 200) -> Exchange:
    return Exchange(method="GET", path=path, status=status, content_type="text/html", body=body)


@asynccontextmanager
async def silence() -> AsyncIterator[int]:
    """A port that takes connections and says nothing."""

    async def wait(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    server = await asyncio.start_server(wait, "127.0.0.1", 0)
    yield server.sockets[0].getsockname()[1]
    server.close()


def assumed(url: str, key: str | None = None) -> BackendSpec:
    """As OPENAI_BASE_URL names a server."""
    return BackendSpec(
        name="openai",
        kind="openai",
        named_kind="openai",
        url=url,
        key=key,
        source="environment",
        origin="OPENAI_BASE_URL",
        is_assumed=True,
    )


@pytest.mark.parametrize(("stand_in", "kind"), STAND_INS)
async def test_each_server_is_recognised_as_itself_on_whatever_port(stand_in: str, kind: str) -> None:
    async with run_stand_in(stand_in) as server, finder({"openai": (port_of(server.url),)}) as found:
        await found.discovery.look()
        assert found.names() == {kind: kind}
        member = found.only()
        assert (member.spec.source, member.spec.origin) == ("found", f"port {port_of(server.url)}")
        await member.ask()
        assert member.error is None
        assert member.models
        assert found.discovery.findings == ()


@pytest.mark.parametrize(("stand_in", "kind"), STAND_INS)
async def test_a_server_that_asks_for_a_key_is_shown_with_the_reason_and_not_used(stand_in: str, kind: str) -> None:
    keyed = Behaviour(key="sesame")
    async with run_stand_in(stand_in, keyed) as server, finder({"openai": (port_of(server.url),)}) as found:
        await found.discovery.look()
        assert found.names() == {}
        finding = only(found)
        assert finding.error.code == "backend_key_missing"
        assert "401: it needs a key" in finding.error.message
        # Some say only what they are to who has the key; then the protocol is all that is known.
        assert finding.kind in (kind, "openai")


async def test_the_token_of_lm_studio_is_told_to_lm_studio_alone() -> None:
    keyed = Behaviour(key="sesame")
    async with (
        run_stand_in("lmstudio", keyed) as studio,
        run_stand_in("ollama", keyed) as other,
        finder({"lmstudio": (port_of(studio.url), port_of(other.url))}, keys={"lmstudio": "sesame"}) as found,
    ):
        await found.discovery.look()
        assert found.names() == {"lmstudio": "lmstudio"}
        await found.pool.ask_all()
        assert found.only().error is None
        assert not any("sesame" in json.dumps(dict(asked.headers)) for asked in other.asked)


@pytest.mark.parametrize(("host", "key"), [("127.0.0.1", "sesame"), ("gpu.example.org", None)])
async def test_a_server_elsewhere_that_claims_to_be_lm_studio_is_told_no_token(host: str, key: str | None) -> None:
    async with finder(keys={"lmstudio": "sesame"}) as found:
        found.pool.add(found.opener.open(assumed(f"http://{host}:9")))
        look = Look(
            url=f"http://{host}:9",
            origin="OPENAI_BASE_URL",
            member=found.only(),
            kind="lmstudio",
            is_absent=False,
            is_samovar=False,
            has_answered=True,
            refusal=401,
        )
        await found.discovery.settle([look])
        assert (found.only().spec.kind, found.only().spec.key) == ("lmstudio", key)


async def test_two_servers_of_a_kind_are_told_apart_by_a_number() -> None:
    async with (
        run_stand_in("ollama") as one,
        run_stand_in("ollama") as two,
        finder({"ollama": (port_of(one.url), port_of(two.url))}) as found,
    ):
        await found.discovery.look()
        await found.discovery.look()
        assert found.names() == {"ollama": "ollama", "ollama-2": "ollama"}
        assert found.pool.find("ollama").url == one.url


async def test_what_answers_and_is_no_model_server_is_shown_as_that_and_what_is_absent_is_not_shown() -> None:
    async with play([page("/"), page("/v1/models")]) as web, finder({"llamacpp": (port_of(web.url), 9)}) as found:
        await found.discovery.look()
        assert found.names() == {}
        finding = only(found)
        assert (finding.kind, finding.error.code) == (None, "not_a_model_server")
        assert finding.name == URL(web.url).authority
        assert {asked.method for asked in web.asked} == {"GET"}
        assert all("authorization" not in asked.headers for asked in web.asked)


async def test_another_samovar_is_neither_used_nor_shown() -> None:
    health = json.dumps({"status": "ok", "version": "1", "confinement": "full"}).encode()
    doors = [page("/health", health), page("/v1/models", b"{}", 401)]
    async with play(doors) as other, finder({"openai": (port_of(other.url),)}) as found:
        await found.discovery.look()
        assert found.names() == {}
        assert found.discovery.findings == ()


async def test_samovars_own_port_is_never_asked() -> None:
    async with run_stand_in("ollama") as server, finder({"ollama": (port_of(server.url),)}) as found:
        found.own_ports.add(port_of(server.url))
        await found.discovery.look()
        assert found.names() == {}
        assert server.asked == []
        assert found.discovery.is_own(server.url)
        assert found.discovery.is_own(f"http://localhost:{port_of(server.url)}/v1")
        assert not found.discovery.is_own(f"http://example.org:{port_of(server.url)}")


async def test_turned_off_nothing_is_asked() -> None:
    async with (
        run_stand_in("ollama") as server,
        finder({"ollama": (port_of(server.url),)}, looks_at_ports=False) as found,
    ):
        await found.discovery.look()
        assert found.names() == {}
        assert server.asked == []


async def test_a_server_that_somebody_has_named_is_not_found_again() -> None:
    async with run_stand_in("ollama") as server, finder({"ollama": (port_of(server.url),)}) as found:
        url = server.url.replace("127.0.0.1", "localhost")
        found.pool.add(found.opener.open(BackendSpec(name="mine", kind="ollama", url=url, source="settings")))
        await found.discovery.look()
        assert found.names() == {"mine": "ollama"}
        assert server.asked == []


async def test_servers_that_accept_and_say_nothing_are_given_up_together_and_hide_no_other(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("samovar.gateway.discovery._PATIENCE_S", 1.0)
    async with AsyncExitStack() as stack:
        silent = [await stack.enter_async_context(silence()) for _ in range(8)]
        quick = await stack.enter_async_context(run_stand_in("vllm"))
        found = await stack.enter_async_context(finder({"ollama": (*silent, port_of(quick.url))}))
        begun = asyncio.get_running_loop().time()
        await found.discovery.look()
        assert asyncio.get_running_loop().time() - begun < 6.0, "side by side, not one after another"
        assert found.names() == {"vllm": "vllm"}
        assert {finding.error.code for finding in found.discovery.findings} == {"backend_unreachable"}
        assert len(found.discovery.findings) == 8


async def test_after_the_look_nothing_may_be_connected_to_that_was_not_taken_in() -> None:
    async with play([page("/")]) as web, finder({"llamacpp": (port_of(web.url),)}) as found:
        await found.discovery.look()
        assert not found.guard.allows(URL(web.url))
    async with run_stand_in("ollama") as server, finder({"ollama": (port_of(server.url),)}) as found:
        await found.discovery.look()
        assert found.guard.allows(URL(server.url))
        await found.pool.remove("ollama")
        assert not found.guard.allows(URL(server.url))


async def test_a_server_named_for_openai_gets_the_adapter_of_its_kind_and_keeps_its_name() -> None:
    async with run_stand_in("vllm", Behaviour(key="sesame")) as server, finder() as found:
        found.pool.add(found.opener.open(assumed(server.url, "sesame")))
        await found.discovery.look()
        spec = found.only().spec
        assert (spec.name, spec.kind, spec.named_kind, spec.is_assumed) == ("openai", "vllm", "openai", False)
        assert spec.key == "sesame"
        await found.pool.ask_all()
        assert found.only().error is None
        before = len(server.asked)
        await found.discovery.look()
        assert len(server.asked) == before, "once is enough"


async def test_a_plain_openai_server_stays_what_it_is_and_is_not_asked_again() -> None:
    async with run_stand_in("openai") as server, finder() as found:
        found.pool.add(found.opener.open(assumed(server.url)))
        member = found.only()
        await found.discovery.look()
        assert found.only() is member
        assert (member.spec.kind, member.spec.is_assumed) == ("openai", False)


async def test_a_named_server_that_comes_later_is_recognised_then() -> None:
    async with finder() as found:
        async with run_stand_in("ollama") as server:
            url = server.url
        found.pool.add(found.opener.open(assumed(url)))
        await found.discovery.look()
        assert found.names() == {"openai": "openai"}
        assert found.only().spec.is_assumed
        async with run_stand_in("ollama", port=port_of(url)):
            await found.discovery.look()
            assert found.names() == {"openai": "ollama"}


async def test_a_found_server_that_is_gone_is_forgotten_after_a_while_and_comes_back_under_its_name(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    clock = Clock()
    monkeypatch.setattr("samovar.gateway.pool.time", clock)
    async with run_stand_in("ollama") as server:
        port = port_of(server.url)
    async with finder({"ollama": (port,)}) as found:
        found.pool.add(found.opener.open(BackendSpec(name="ollama", kind="ollama", url=server.url, source="found")))
        await found.pool.ask_all()
        assert found.only().error is not None
        clock.now_s += 60
        await found.discovery.look()
        assert found.names() == {"ollama": "ollama"}, "it may only be starting again"
        lease = await found.only().queue.enter("somebody")
        clock.now_s += 120
        await found.discovery.look()
        assert found.names() == {"ollama": "ollama"}, "somebody is still being served"
        lease.leave()
        await found.discovery.look()
        assert found.names() == {}
        async with run_stand_in("ollama", port=port):
            await found.discovery.look()
            assert found.names() == {"ollama": "ollama"}


async def test_a_found_server_that_is_back_is_asked_at_once_though_it_rests() -> None:
    async with run_stand_in("ollama") as server:
        port = port_of(server.url)
    async with finder({"ollama": (port,)}) as found:
        found.pool.add(found.opener.open(BackendSpec(name="ollama", kind="ollama", url=server.url, source="found")))
        await found.pool.ask_all()
        assert found.only().is_resting
        async with run_stand_in("ollama", port=port):
            await found.discovery.look()
            assert found.only().error is None


async def test_another_kind_of_server_at_the_place_of_a_found_one_takes_its_place() -> None:
    async with run_stand_in("vllm") as server:
        port = port_of(server.url)
    async with finder({"vllm": (port,)}) as found:
        found.pool.add(found.opener.open(BackendSpec(name="vllm", kind="vllm", url=server.url, source="found")))
        await found.pool.ask_all()
        async with run_stand_in("llamacpp", port=port):
            await found.discovery.look()
            assert found.names() == {"llamacpp": "llamacpp"}


async def test_what_was_seen_of_a_server_that_was_replaced_meanwhile_is_dropped() -> None:
    async with run_stand_in("vllm") as server, finder() as found:
        found.pool.add(found.opener.open(assumed(server.url)))
        looks = await found.discovery.survey()
        mine = found.opener.open(replace(assumed(server.url), is_assumed=False))
        await found.pool.replace(mine)
        await found.discovery.settle(looks)
        assert found.only() is mine


async def test_a_server_that_a_person_names_is_identified_or_the_reason_is_said() -> None:
    async with (
        run_stand_in("lmstudio", Behaviour(key="sesame")) as studio,
        play([page("/")]) as web,
        finder() as found,
    ):
        assert await found.discovery.identify(studio.url, "sesame") == "lmstudio"
        with pytest.raises(NotAModelServer):
            await found.discovery.identify(web.url, None)
        with pytest.raises(BackendUnreachable):
            await found.discovery.identify("http://127.0.0.1:9", None)


async def test_what_is_found_or_lost_is_a_change_that_open_pages_see() -> None:
    async with play([page("/")]) as web, finder({"llamacpp": (port_of(web.url),)}) as found:
        await found.discovery.look()
        first = found.pool.revision
        assert first > 0
        await found.discovery.look()
        assert found.pool.revision == first, "the same again is no change"


async def test_somebodys_own_program_is_asked_less_and_less_often_but_at_once_on_demand(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    clock = Clock()
    monkeypatch.setattr("samovar.gateway.discovery.time", clock)
    async with play([page("/")]) as web, finder({"llamacpp": (port_of(web.url),)}) as found:

        async def is_asked(after_s: float, *, everything: bool = False) -> bool:
            clock.now_s += after_s
            web.asked.clear()
            await found.discovery.look(everything=everything)
            assert only(found).error.code == "not_a_model_server", "it is shown all the while"
            return bool(web.asked)

        assert await is_asked(0)
        assert not await is_asked(30)
        assert await is_asked(30)
        assert not await is_asked(90)
        assert await is_asked(0, everything=True)
        assert await is_asked(30)
        pauses = []
        for _ in range(4):
            waited_s = 30
            while not await is_asked(30):
                waited_s += 30
            pauses.append(waited_s)
        assert pauses == [240, 480, 480, 480]
