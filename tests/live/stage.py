"""A real server as tests see it, and how they speak to it."""

import asyncio
import re
from dataclasses import dataclass
from pathlib import Path

import aiohttp

from samovar.domain.generation import BackendEvent, ChatRequest, Finished, ImagePart, PromptMessage, TextDelta, TextPart
from samovar.domain.parameters import read_parameters
from samovar.settings import BackendServer, BackendsSettings, EngineSettings, RouteSettings, Settings

__all__ = ["ENDLESS", "LiveServer", "ask", "finish_of", "live_settings", "text_of"]

#: Asks for an answer so long that nobody reaches its end by chance while a test looks on.
ENDLESS = "Write a very long story about a samovar, with as many details as you can. Never stop."


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveServer:
    """A server that answers; ``pid`` is None where it is not ours to end."""

    kind: str
    url: str
    model: str
    pid: int | None

    async def metric(self, name: str) -> float:
        """Read one of vLLM's own figures, summed over its engines."""
        async with aiohttp.ClientSession() as session, session.get(f"{self.url}/metrics") as reply:
            page = await reply.text()
        values = re.findall(rf"^{re.escape(name)}(?:{{[^}}]*}})? (\S+)$", page, re.MULTILINE)
        assert values, f"{name} is not among the metrics"
        return sum(map(float, values))

    async def wait_until_idle(self, timeout_s: float) -> None:
        """Wait until vLLM has no request that runs or waits. Raises: TimeoutError."""
        async with asyncio.timeout(timeout_s):
            while await self.metric("vllm:num_requests_running") + await self.metric("vllm:num_requests_waiting"):
                await asyncio.sleep(0.05)


def ask(model: str, *parts: str | ImagePart, **parameters: object) -> ChatRequest:
    """A request of one message; temperature 0 unless told otherwise."""
    content = tuple(TextPart(text=part) if isinstance(part, str) else part for part in parts)
    return ChatRequest(
        model=model,
        messages=(PromptMessage(role="user", parts=content),),
        parameters=read_parameters({"temperature": 0, "max_tokens": 24, **parameters}),
    )


def live_settings(server: LiveServer, data_dir: Path, database: str, *, stand_in: bool = False) -> Settings:
    """A Samovar whose one model is the real server's.

    With ``stand_in`` there is also the scripted one, and the name "either" stands for both, the real one first.
    """
    either = RouteSettings(name="either", targets=(f"live/{server.model}", "scripted/text"))
    return Settings(
        data_dir=data_dir,
        database_url=database,
        engine=EngineSettings(enabled=False),
        backends=BackendsSettings(
            servers=(BackendServer(name="live", kind=server.kind, url=server.url),), discover=False, scripted=stand_in
        ),
        routes=(either,) if stand_in else (),
    )


def text_of(events: list[BackendEvent]) -> str:
    """The words of an answer."""
    return "".join(event.text for event in events if isinstance(event, TextDelta))


def finish_of(events: list[BackendEvent]) -> Finished:
    """The good end of an answer."""
    last = events[-1]
    assert isinstance(last, Finished), last
    return last
