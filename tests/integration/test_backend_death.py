"""Model servers that are killed while they answer: fifty times, at moments that chance chooses.

Whatever the moment: the reader gets one end, and soon; what was shown stays and is never begun again; where nothing was
shown yet, the next server answers and is the only one heard.
"""

import asyncio
import random
import statistics
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from tests.support.application import Event, Running, run_application
from tests.support.stand_ins import Behaviour, RunningStandIn, fork_stand_in, run_stand_in

from samovar.settings import BackendServer, BackendsSettings, EngineSettings, RouteSettings, Settings

_LANES: Final = 5
_ROUNDS: Final = 10
_TOKENS: Final = 60
_ANSWER: Final = " ".join(f"d{number}" for number in range(_TOKENS))
_HEIRS_ANSWER: Final = " ".join(f"h{number}" for number in range(_TOKENS))
#: Far below the timeouts of the settings, so that waiting for those would fail; far above what a busy machine needs.
_PATIENCE_S: Final = 15.0
_PROMISED_S: Final = 2.0
_MODEL: Final = "llama3.2:latest"


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """What came of one question whose server was killed. ``end_s`` counts from the killing."""

    text: str
    end: dict[str, Any]
    notices: tuple[str, ...]
    end_s: float
    stored: list[dict[str, Any]]
    was_heir_asked: int


@dataclass(slots=True, kw_only=True)
class Lane:
    """A server that dies again and again at one address, and, maybe, one that lives."""

    name: str
    port: int
    running: Running
    heir: RunningStandIn | None
    chance: random.Random

    async def go(self, *, silence_s: float, wait: Callable[[asyncio.Event], Any]) -> Round:
        """Ask a question and kill the server when ``wait`` is over; its event is set by the first piece of text."""
        behaviour = Behaviour(answer=_ANSWER, tokens_per_s=150, first_token_s=silence_s)
        client = self.running.client
        with fork_stand_in("ollama", behaviour, port=self.port) as (_, kill):
            await self.running.services.pool.find(f"dying-{self.name}").ask(now=True)
            before = self._asked()
            chat_id = await client.new_chat(model=f"route-{self.name}")
            turn = await client.say(chat_id, "Count.")
            has_text = asyncio.Event()
            reading = asyncio.create_task(self._read(turn["run_id"], has_text))
            waiting = asyncio.create_task(wait(has_text))
            await asyncio.wait({reading, waiting}, return_when=asyncio.FIRST_COMPLETED)
            kill()
            killed_at = time.monotonic()
            waiting.cancel()
            async with asyncio.timeout(_PATIENCE_S):
                events, ended_at = await reading
        _, detail = await client.send("GET", f"/api/chats/{chat_id}")
        (end,) = [event.body for event in events if event.kind == "end"]
        return Round(
            text=_text(events),
            end=end,
            notices=tuple(event.body["code"] for event in events if event.kind == "notice"),
            end_s=ended_at - killed_at,
            stored=detail["messages"],
            was_heir_asked=self._asked() - before,
        )

    async def _read(self, run_id: str, has_text: asyncio.Event) -> tuple[list[Event], float]:
        events = []
        async for event in self.running.client.events(run_id):
            events.append(event)
            if event.kind == "delta":
                has_text.set()
        return events, time.monotonic()

    def _asked(self) -> int:
        return 0 if self.heir is None else len(self.heir.requests_to("/api/chat"))


def _text(events: list[Event]) -> str:
    text = ""
    for event in events:
        if event.kind == "delta":
            text += event.body["text"]
        elif event.kind == "replace":
            text = event.body["text"]
    return text


@asynccontextmanager
async def _lanes(tmp_path: Path, database: str, *, count: int, with_heirs: bool) -> AsyncIterator[list[Lane]]:
    async with AsyncExitStack() as stack:
        servers, routes, heirs, ports = [], [], [], []
        for number in range(count):
            # A process takes the port and dies at once: the place is known, and nobody is there.
            with fork_stand_in("ollama", Behaviour()) as (url, _):
                ports.append(int(url.rpartition(":")[2]))
            servers.append(BackendServer(name=f"dying-{number}", kind="ollama", url=url))
            targets = [f"dying-{number}/{_MODEL}"]
            if with_heirs:
                heir = await stack.enter_async_context(run_stand_in("ollama", Behaviour(answer=_HEIRS_ANSWER)))
                heirs.append(heir)
                servers.append(BackendServer(name=f"living-{number}", kind="ollama", url=heir.url))
                targets.append(f"living-{number}/{_MODEL}")
            routes.append(RouteSettings(name=f"route-{number}", targets=tuple(targets)))
        settings = Settings(
            data_dir=tmp_path / "data",
            database_url=database,
            engine=EngineSettings(enabled=False),
            backends=BackendsSettings(
                servers=tuple(servers), discover=False, first_token_timeout_s=120, idle_timeout_s=120
            ),
            routes=tuple(routes),
        )
        running = await stack.enter_async_context(run_application(settings))
        yield [
            Lane(
                name=str(number),
                port=ports[number],
                running=running,
                heir=heirs[number] if with_heirs else None,
                chance=random.Random(number),
            )
            for number in range(count)
        ]


async def _rounds_of(lane: Lane, count: int) -> list[Round]:
    """Kill in the silence before the answer, in the middle of it, and at any time, by turns."""

    async def in_silence(_: asyncio.Event) -> None:
        await asyncio.sleep(lane.chance.uniform(0, 0.3))

    async def in_the_middle(has_text: asyncio.Event) -> None:
        await has_text.wait()
        await asyncio.sleep(lane.chance.uniform(0, 0.25))

    async def at_any_time(_: asyncio.Event) -> None:
        await asyncio.sleep(lane.chance.uniform(0, 0.6))

    ways = [(120.0, in_silence), (0.02, in_the_middle), (0.1, at_any_time)]
    rounds = []
    for number in range(count):
        silence_s, wait = ways[number % len(ways)]
        rounds.append(await lane.go(silence_s=silence_s, wait=wait))
    return rounds


def _check_stored(one: Round) -> None:
    """There is one question and one answer, and the answer is what was shown."""
    assert [message["role"] for message in one.stored] == ["user", "assistant"]
    assert one.stored[1]["text"] == one.text


async def test_a_server_killed_fifty_times_costs_no_word_and_repeats_none(
    tmp_path: Path, fresh_database_url: str
) -> None:
    async with _lanes(tmp_path, fresh_database_url, count=_LANES, with_heirs=True) as lanes:
        rounds = [one for lane in await asyncio.gather(*(_rounds_of(lane, _ROUNDS) for lane in lanes)) for one in lane]
    assert len(rounds) == 50
    for one in rounds:
        _check_stored(one)
        if one.end["status"] == "failed":
            assert one.end["error"]["code"] in ("backend_broke", "backend_unreachable")
            assert (one.text != "", _ANSWER.startswith(one.text), one.was_heir_asked) == (True, True, 0), one
        else:
            heard = _HEIRS_ANSWER if one.was_heir_asked else _ANSWER
            assert (one.text, "fallback_used" in one.notices) == (heard, bool(one.was_heir_asked)), one
            assert one.was_heir_asked in (0, 1)
    broken = [one for one in rounds if one.end["status"] == "failed"]
    rescued = [one for one in rounds if one.was_heir_asked]
    assert len(broken) >= 10, "the killings in the middle did not hit"
    assert len(rescued) >= 15, "the killings in the silence did not hit"
    assert statistics.median(one.end_s for one in broken) < _PROMISED_S


async def test_a_server_killed_with_nobody_to_take_over_is_an_error_in_seconds(
    tmp_path: Path, fresh_database_url: str
) -> None:
    async with _lanes(tmp_path, fresh_database_url, count=3, with_heirs=False) as lanes:
        rounds = [one for lane in await asyncio.gather(*(_rounds_of(lane, 3) for lane in lanes)) for one in lane]
    failed = [one for one in rounds if one.end["status"] == "failed"]
    for one in failed:
        _check_stored(one)
        assert one.end["error"]["code"] in ("backend_broke", "backend_unreachable")
        assert _ANSWER.startswith(one.text)
    assert len(failed) >= 6
    assert any(one.text == "" for one in failed)
    assert any(one.text for one in failed)
