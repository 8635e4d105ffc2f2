"""The stage on which every backend meets the same cases: recordings, living stand-ins, and scenes."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from io import BytesIO
from typing import Any, Final, Literal

from PIL import Image
from tests.support.servers import RECORDINGS, PlayingServer, play, read_recording
from tests.support.stand_ins import KINDS, Behaviour, Model, RunningStandIn, run_stand_in

from samovar import registry
from samovar.domain.backend import LoadParameters
from samovar.domain.errors import BackendError
from samovar.domain.generation import (
    BackendEvent,
    ChatRequest,
    Failed,
    ImagePart,
    PromptMessage,
    ReasoningDelta,
    TextDelta,
    TextPart,
)
from samovar.domain.parameters import GenerationParameters
from samovar.egress import EgressClient, EgressGuard
from samovar.ports.backend import BackendConfig, ChatBackend, Endpoint, Relay

__all__ = [
    "CASES",
    "PICTURE",
    "SCENES",
    "SPEAKERS",
    "SPEAKING_KINDS",
    "Player",
    "Stage",
    "error_of",
    "read_all",
    "set_stage",
    "text_of",
    "thoughts_of",
]

#: Where the answers come from: recorded exchanges, a server of the same protocol, or the stand-in model.
Source = Literal["recording", "stand-in", "scene"]
#: Every case that ends with a last event, with the scene that plays it.
CASES: Final = {
    "text": "text",
    "reasoning": "reasoning",
    "image": "image",
    "image_refused": "blind",
    "tool_call": "text",
    "refusal": "refusal",
    "empty": "empty",
    "json_schema": "text",
    "error_before": "error-busy",
    "error_middle": "error-middle",
    "broken": "error-middle",
    "slow": "stall",
    "silent": "hang",
    "context": "context",
    "unknown_model": "no-such-scene",
    "unauthorised": "error-key",
    "overloaded": "error-busy",
}
#: Cases that are played but do not stream.
SCENES: Final = {**CASES, "models": "text", "embeddings": "text", "no_embeddings": "text"}
SPEAKING_KINDS: Final = tuple(kind for kind in registry.kinds("backends") if kind != "scripted")
#: Long enough for a machine with other things to do; cases of silence bring their own.
_PATIENCE_S: Final = 30.0
_SHORT_PATIENCE_S: Final = 0.5
_SILENT: Final = ("slow", "silent")


@dataclass(frozen=True, slots=True)
class Player:
    """One way to play every case: a kind of adapter, where its answers come from, and which server stands in."""

    kind: str
    source: Source
    stand_in: str = ""

    def __str__(self) -> str:
        return f"{self.stand_in or self.kind}-{self.source}"


SPEAKERS: Final = (
    *(Player(kind, "recording") for kind in SPEAKING_KINDS),
    *(Player(kind, "stand-in", kind) for kind in SPEAKING_KINDS),
    Player("lmstudio", "stand-in", "lmstudio-0.3"),
    Player("foundry", "stand-in", "foundry-1"),
)


def _red_square() -> bytes:
    picture = BytesIO()
    Image.new("RGB", (64, 64), (220, 30, 30)).save(picture, "PNG")
    return picture.getvalue()


PICTURE: Final = ImagePart(media_type="image/png", content=_red_square())


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """A backend that is about to meet one case; the servers are None where another source plays."""

    backend: ChatBackend
    player: Player
    case: str
    model: str
    recorded: PlayingServer | None = None
    living: RunningStandIn | None = None

    @property
    def question(self) -> str:
        if self.case == "context":
            return "слово " * 6000
        return "What is the weather in Paris?" if self.case == "tool_call" else "Say hi."

    def ask(
        self, *parts: TextPart | ImagePart, model: str | None = None, text: str | None = None, **parameters: Any
    ) -> ChatRequest:
        return ChatRequest(
            model=model or ("text" if self.model == "context" else self.model),
            messages=(
                PromptMessage(role="system", parts=(TextPart(text="Answer briefly."),)),
                PromptMessage(role="user", parts=(TextPart(text=self.question if text is None else text), *parts)),
            ),
            parameters=GenerationParameters(**parameters),
        )

    async def hear(
        self, *parts: TextPart | ImagePart, text: str | None = None, **parameters: Any
    ) -> list[BackendEvent]:
        return [event async for event in self.backend.stream(self.ask(*parts, text=text, **parameters))]

    def payload(self, **more: object) -> dict[str, object]:
        """The same question in OpenAI's form."""
        model = "text" if self.model == "context" else self.model
        return {"model": model, "messages": [{"role": "user", "content": self.question}], **more}

    @property
    def asked(self) -> list[dict[str, Any]]:
        """The bodies of the requests for an answer, oldest first."""
        paths = ("/api/chat", "/v1/chat/completions")
        if self.recorded is not None:
            return [asked.json for asked in self.recorded.asked if asked.path in paths]
        assert self.living is not None
        return [dict(asked.json) for asked in self.living.asked if asked.path in paths]

    async def wait_hung_up(self, seconds: float = 2.0) -> None:
        """Wait until the server has seen that nobody listens. Raises: TimeoutError."""
        if self.recorded is not None:
            async with asyncio.timeout(seconds):
                await self.recorded.hung_up.wait()
        if self.living is not None:
            await self.living.wait_cancelled(timeout_s=seconds)


@asynccontextmanager
async def set_stage(
    player: Player, case: str, *, key: str | None = None, load: LoadParameters | None = None, **behaviour: Any
) -> AsyncIterator[Stage]:
    """Build the backend of a player for one case."""
    async with AsyncExitStack() as stack:
        guard = EgressGuard()
        client = EgressClient(guard)
        stack.push_async_callback(client.close)
        recorded, living, model, url = None, None, SCENES[case], "http://127.0.0.1:9"
        if player.source == "recording":
            recorded = await stack.enter_async_context(play(read_recording(RECORDINGS / player.kind / f"{case}.txt")))
            url, model = recorded.url, "smollm2"
        elif player.source == "stand-in":
            one = _pick_model(player.stand_in, case)
            knobs = Behaviour(**(_BEHAVIOUR.get(case, {}) | behaviour))
            living = await stack.enter_async_context(run_stand_in(player.stand_in, knobs, models=[one]))
            url, model = living.url, "nope" if case == "unknown_model" else one.name
        guard.allow(url)
        patience_s = _SHORT_PATIENCE_S if case in _SILENT else _PATIENCE_S
        config = BackendConfig(
            name=f"my-{player.kind}",
            endpoint=lambda: Endpoint(url=url, key=key),
            first_token_timeout_s=patience_s,
            idle_timeout_s=patience_s,
            load=load or LoadParameters(),
        )
        backend = registry.backend(player.kind).build(config, client)
        stack.push_async_callback(backend.close)
        yield Stage(backend=backend, player=player, case=case, model=model, recorded=recorded, living=living)


_BEHAVIOUR: Final[dict[str, dict[str, Any]]] = {
    "refusal": {"refuses": True},
    "empty": {"is_empty": True},
    "error_before": {"busy_replies": -1},
    "error_middle": {"breaks_after_tokens": 3},
    "broken": {"dies_after_tokens": 3},
    "slow": {"hangs_after_tokens": 3},
    "silent": {"hangs_before_reply": True},
    "context": {"context_tokens": 512},
    "unauthorised": {"key": "another key"},
    "overloaded": {"busy_replies": -1},
}


def _pick_model(stand_in: str, case: str) -> Model:
    """One model of a stand-in that can do what the case needs."""
    usual = KINDS[stand_in]().usual_models()
    if case in ("image", "reasoning", "embeddings"):
        wanted: dict[str, Callable[[Model], bool]] = {
            "image": lambda model: model.takes_images and not model.is_blind,
            "reasoning": lambda model: model.thinks,
            "embeddings": lambda model: model.embeds,
        }
        found = next(filter(wanted[case], usual), None)
        abilities = {"image": "takes_images", "reasoning": "thinks", "embeddings": "embeds"}
        return found or replace(usual[0], dimensions=64, **{abilities[case]: True})  # type: ignore[arg-type]  # flags
    return replace(usual[0], takes_tools=case == "tool_call")


def text_of(events: list[BackendEvent]) -> str:
    """The words of an answer."""
    return "".join(event.text for event in events if isinstance(event, TextDelta))


def thoughts_of(events: list[BackendEvent]) -> str:
    """The words of the reasoning."""
    return "".join(event.text for event in events if isinstance(event, ReasoningDelta))


def error_of(events: list[BackendEvent]) -> BackendError:
    """The error at the end of a reply."""
    last = events[-1]
    assert isinstance(last, Failed), events
    return last.error


async def read_all(opening: Awaitable[Relay]) -> bytes:
    """Take a relay to its end."""
    relay = await opening
    return b"".join([chunk async for chunk in relay.chunks()])
