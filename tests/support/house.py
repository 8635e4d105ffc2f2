"""Four model servers behind one Samovar, and a program that asks through the OpenAI-compatible door."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from tests.support.application import Running, run_application
from tests.support.database import fresh_database
from tests.support.stand_ins import Behaviour, RunningStandIn, run_stand_in

from samovar.domain.account import KEY_SCOPES
from samovar.settings import BackendServer, BackendsSettings, EngineSettings, LoadSettings, RouteSettings, Settings
from samovar.storage.embedded import EmbeddedServer

__all__ = ["FORMS", "MODELS", "WORDS", "House", "error_of", "events_of", "question"]

_KINDS = {"first": "openai", "second": "openai", "exact": "vllm", "cutting": "ollama"}
MODELS = {"exact": "Qwen/Qwen2.5-1.5B-Instruct", "cutting": "llama3.2:latest"}
#: A whole reply, and a stream that ends with its usage.
FORMS: tuple[dict[str, Any], ...] = ({}, {"stream": True, "stream_options": {"include_usage": True}})
WORDS = "The samovar boils water for tea in the garden, and the pot stands on top to keep warm all day long. "


@dataclass(frozen=True, slots=True)
class House:
    """A Samovar with four model servers behind it, and a program that asks it. ``both`` is a route over two."""

    running: Running
    servers: Mapping[str, RunningStandIn]
    session: aiohttp.ClientSession
    secret: str

    async def post(self, path: str, body: object, **headers: str) -> tuple[int, bytes, Mapping[str, str]]:
        async with self.session.post(path, json=body, headers=headers) as reply:
            return reply.status, await reply.read(), reply.headers

    async def complete(self, model: str, text: str = "Tea?", **fields: object) -> dict[str, Any]:
        """Ask, expect an answer, and return it."""
        body = {"model": model, "messages": [{"role": "user", "content": text}], **fields}
        status, content, _ = await self.post("/v1/chat/completions", body)
        assert status == 200, content
        answer: dict[str, Any] = json.loads(content)
        return answer

    def cuts(self, server: str) -> float:
        value = self.running.services.metrics.prompts_cut.labels(server)._value.get()
        return float(value)

    async def tokens_today(self) -> int:
        _, listing = await self.running.client.send("GET", "/api/keys")
        [used] = [key["tokens_today"] for key in listing["keys"] if self.secret.startswith(key["prefix"])]
        return int(used)

    async def until_quiet(self) -> None:
        """Wait until no server's line has anybody in it."""
        async with asyncio.timeout(30):
            while any(member.queue.running or member.queue.waiting for member in self.running.services.pool.members):
                await asyncio.sleep(0.02)


async def _open_house(
    stack: AsyncExitStack, data_dir: Path, database: str
) -> tuple[Running, Mapping[str, RunningStandIn]]:
    servers = {name: await stack.enter_async_context(run_stand_in(kind)) for name, kind in _KINDS.items()}
    backends = BackendsSettings(
        servers=tuple(
            BackendServer(
                name=name,
                kind=_KINDS[name],
                url=server.url,
                parallel=2 if name == "first" else None,
                load=LoadSettings(context_tokens=32_768) if name == "cutting" else LoadSettings(),
            )
            for name, server in servers.items()
        ),
        discover=False,
        first_token_timeout_s=60,
        idle_timeout_s=60,
    )
    settings = Settings(
        data_dir=data_dir,
        database_url=database,
        engine=EngineSettings(enabled=False),
        backends=backends,
        routes=(RouteSettings(name="both", targets=("first/text-model", "second/text-model")),),
    )
    settings = settings.model_copy(update={"limits": settings.limits.model_copy(update={"queue": 1})})
    return await stack.enter_async_context(run_application(settings)), servers


@pytest.fixture(scope="module")
async def opened_house(
    database_server: EmbeddedServer, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[tuple[Running, Mapping[str, RunningStandIn]]]:
    with fresh_database(database_server) as database:
        async with AsyncExitStack() as stack:
            yield await _open_house(stack, tmp_path_factory.mktemp("data"), database)


@pytest.fixture
async def house(opened_house: tuple[Running, Mapping[str, RunningStandIn]]) -> AsyncIterator[House]:
    """The house as new, with a key of its own."""
    running, servers = opened_house
    for server in servers.values():
        server.stand_in.behaviour = Behaviour()
        server.stand_in.asked.clear()
        server.stand_in.cancelled = 0
    await running.services.pool.ask_all(now=True)
    secret = await running.new_key(*KEY_SCOPES)
    async with aiohttp.ClientSession(running.client.address, headers={"Authorization": f"Bearer {secret}"}) as session:
        yield House(running, servers, session, secret)


def question(model: str, text: str = "Tea?", **fields: object) -> dict[str, Any]:
    return {"model": model, "messages": [{"role": "user", "content": text}], **fields}


def events_of(content: bytes) -> list[dict[str, Any]]:
    lines = [line[6:] for line in content.decode().splitlines() if line.startswith("data: ")]
    return [json.loads(line) for line in lines if line != "[DONE]"]


def error_of(content: bytes) -> dict[str, Any]:
    error = json.loads(content)["error"]
    assert isinstance(error, dict)
    return error
