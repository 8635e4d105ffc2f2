"""A stand-in for a model: it plays a scene that the caller names, the same way each time.

Used by tests and demonstrations. The scene is the model's name, or ``[[scene key=value ...]]`` in the last
user message, which wins. Keys: ``pace`` (tokens a second, 0 for at once), ``tokens`` (how many, for ``slow``
and ``long``), ``seconds`` (before the first token, for ``late``).

Tier: reference.
"""

import asyncio
import re
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import Final

import orjson

from samovar.backends._shared import (
    OpenAIRelay,
    read_address,
    read_completion_request,
    write_messages,
    write_parameters,
)
from samovar.domain.errors import (
    BackendBroke,
    BackendError,
    BackendOverloaded,
    BackendReplyInvalid,
    BackendTimeout,
    BackendUnauthorised,
    BackendUnreachable,
    ContextExceeded,
    EmbeddingsUnsupported,
    ImageRefused,
    ModelLoading,
    ModelUnknown,
)
from samovar.domain.generation import (
    BackendEvent,
    Capabilities,
    ChatRequest,
    Failed,
    Finished,
    FinishReason,
    ImagePart,
    ModelDescription,
    PromptProgress,
    ReasoningDelta,
    TextDelta,
    Usage,
)
from samovar.egress import EgressClient
from samovar.ports.backend import BackendConfig, ChatBackend, Probe, Relay

__all__ = ["LOAD_PARAMETERS", "PARALLEL", "PORTS", "SCENES", "ScriptedBackend", "build", "read_address", "recognise"]

PORTS: Final = ()
PARALLEL: Final = None
LOAD_PARAMETERS: Final = frozenset({"context_tokens"})

_CONTEXT_TOKENS: Final = 4096
_TOKEN: Final = re.compile(r"\s*(?:\w+|[^\w\s])|\s+$")
_CALL: Final = re.compile(r"\[\[(\w+(?:-\w+)*)((?: \w+=[\w.]+)*)\]\]")
_ENGLISH: Final = (
    "A samovar boils water for tea. The fire burns in a tube inside, and the pot stands on top to keep warm."
)
_RUSSIAN: Final = (
    "Самовар кипятит воду для чая: внутри горит огонь, а сверху греется заварочный чайник. Ёмкость — пять литров."
)


def build(config: BackendConfig, client: EgressClient) -> ChatBackend:
    """Make the stand-in; it opens no connection, so the client stays unused."""
    return ScriptedBackend(config)


async def recognise(probe: Probe) -> bool:
    """Say no: it is no server."""
    return False


@dataclass(frozen=True, slots=True, kw_only=True)
class _Call:
    """A scene as it was asked for."""

    request: ChatRequest
    config: BackendConfig
    options: Mapping[str, float]

    @property
    def pause_s(self) -> float:
        pace = self.options.get("pace", 0.0)
        return 1.0 / pace if pace > 0 else 0.0


_Scene = Callable[[_Call], AsyncGenerator[BackendEvent, None]]


class ScriptedBackend:
    """Plays scenes. Its models are the scenes."""

    kind = "scripted"

    def __init__(self, config: BackendConfig) -> None:
        self.name = config.name
        self._config = config

    async def models(self) -> Sequence[ModelDescription]:
        """List every scene; only ``blind`` cannot see."""
        return [
            ModelDescription(
                model=scene,
                backend=self.name,
                state="ready",
                capabilities=Capabilities(
                    context_tokens=self._context_tokens,
                    vision=scene != "blind",
                    vision_known_by="api",
                    tokenizer=True,
                ),
                is_demonstration=self._config.is_demonstration,
            )
            for scene in SCENES
        ]

    async def count_tokens(self, model: str, text: str) -> int | None:
        """Count words and punctuation marks."""
        return len(_TOKEN.findall(text))

    def stream(self, request: ChatRequest) -> AsyncGenerator[BackendEvent, None]:
        """Play the scene that the request asks for."""
        return self._play(request)

    async def relay(self, payload: Mapping[str, object]) -> OpenAIRelay:
        """Play a scene in OpenAI's form."""
        request = read_completion_request(payload, backend=self.name)
        return await OpenAIRelay.begin(self._play(request), payload)

    async def relay_embeddings(self, payload: Mapping[str, object]) -> Relay:
        """Refuse: a scene has no vectors."""
        raise EmbeddingsUnsupported(model=str(payload.get("model", "")))

    async def close(self) -> None:
        """Do nothing: there are no connections."""

    @property
    def _context_tokens(self) -> int:
        return self._config.load.context_tokens or _CONTEXT_TOKENS

    async def _play(self, request: ChatRequest) -> AsyncGenerator[BackendEvent, None]:
        scene, options = _read_call(request)
        call = _Call(request=request, config=self._config, options=options)
        prompt_tokens = sum(len(_TOKEN.findall(message.text)) for message in request.messages)
        if prompt_tokens > self._context_tokens:
            yield Failed(
                error=ContextExceeded(
                    needed_tokens=prompt_tokens, context_tokens=self._context_tokens, model=request.model
                )
            )
            return
        if scene not in SCENES:
            yield Failed(error=ModelUnknown(model=request.model))
            return
        written = 0
        async with aclosing(SCENES[scene](call)) as events:
            async for event in events:
                if isinstance(event, TextDelta | ReasoningDelta):
                    written += 1
                if isinstance(event, Finished) and scene != "uncounted":
                    usage = Usage(prompt_tokens=prompt_tokens, completion_tokens=written)
                    yield Finished(reason=event.reason, usage=usage)
                else:
                    yield event


def _read_call(request: ChatRequest) -> tuple[str, dict[str, float]]:
    question = next((message.text for message in reversed(request.messages) if message.role == "user"), "")
    named = _CALL.search(question)
    if named is None:
        return request.model, {}
    pairs = (pair.partition("=") for pair in named.group(2).split())
    return named.group(1), {key: float(value) for key, _, value in pairs if value.replace(".", "", 1).isdigit()}


async def _say(
    call: _Call, text: str, *, reason: FinishReason | None = "stop", pause_s: float | None = None
) -> AsyncGenerator[BackendEvent, None]:
    """Write a text token by token, obeying max_tokens and stop; without a reason, leave the end open."""
    limit = call.request.parameters.max_tokens
    for sequence in call.request.parameters.stop:
        text = text.partition(sequence)[0]
    for count, token in enumerate(_TOKEN.findall(text)):
        if limit is not None and count >= limit:
            reason = "length" if reason else None
            break
        await asyncio.sleep(call.pause_s if pause_s is None else pause_s)
        yield TextDelta(text=token)
    if reason is not None:
        yield Finished(reason=reason)


def _text(call: _Call) -> AsyncGenerator[BackendEvent, None]:
    return _say(call, _ENGLISH)


def _russian(call: _Call) -> AsyncGenerator[BackendEvent, None]:
    return _say(call, _RUSSIAN)


def _slow(call: _Call) -> AsyncGenerator[BackendEvent, None]:
    return _say(call, _count_up(call, 100), pause_s=call.pause_s or 0.05)


def _long(call: _Call) -> AsyncGenerator[BackendEvent, None]:
    return _say(call, _count_up(call, 4000))


def _count_up(call: _Call, tokens: int) -> str:
    return " ".join(f"w{number}" for number in range(1, int(call.options.get("tokens", tokens)) + 1))


async def _markdown(call: _Call) -> AsyncGenerator[BackendEvent, None]:
    text = (
        "# Tea\n\nSome **bold** words and `code`.\n\n| leaf | °C |\n|---|---|\n| black | 95 |\n| green | 80 |\n\n"
        "```python\nprint('чай')\n```\n\n$$E = mc^2$$\n\n- one\n- two\n"
    )
    for start in range(0, len(text), 7):
        await asyncio.sleep(call.pause_s)
        yield TextDelta(text=text[start : start + 7])
    yield Finished(reason="stop")


async def _reasoning(call: _Call) -> AsyncGenerator[BackendEvent, None]:
    for thought in ("Water ", "boils ", "at ", "100 °C."):
        await asyncio.sleep(call.pause_s)
        yield ReasoningDelta(text=thought)
    async for event in _say(call, "It boils at 100 °C."):
        yield event


def _refusal(call: _Call) -> AsyncGenerator[BackendEvent, None]:
    return _say(call, "I cannot help with that.", reason="refused")


async def _empty(call: _Call) -> AsyncGenerator[BackendEvent, None]:
    yield Finished(reason="stop")


async def _progress(call: _Call) -> AsyncGenerator[BackendEvent, None]:
    for processed in (0, 256, 512):
        await asyncio.sleep(call.pause_s)
        yield PromptProgress(processed_tokens=processed, total_tokens=512)
    async for event in _say(call, _ENGLISH):
        yield event


async def _late(call: _Call) -> AsyncGenerator[BackendEvent, None]:
    await asyncio.sleep(call.options.get("seconds", 1.0))
    async for event in _say(call, _ENGLISH):
        yield event


async def _hang(call: _Call) -> AsyncGenerator[BackendEvent, None]:
    await asyncio.sleep(call.config.first_token_timeout_s)
    yield Failed(error=BackendTimeout(backend=call.config.name, seconds=round(call.config.first_token_timeout_s)))


async def _stall(call: _Call) -> AsyncGenerator[BackendEvent, None]:
    async for event in _say(call, "It begins and then", reason=None):
        yield event
    await asyncio.sleep(call.config.idle_timeout_s)
    yield Failed(error=BackendTimeout(backend=call.config.name, seconds=round(call.config.idle_timeout_s)))


async def _error_middle(call: _Call) -> AsyncGenerator[BackendEvent, None]:
    async for event in _say(call, "It begins and then", reason=None):
        yield event
    yield Failed(error=BackendBroke(backend=call.config.name))


async def _image(call: _Call) -> AsyncGenerator[BackendEvent, None]:
    pictures = [part for message in call.request.messages for part in message.parts if isinstance(part, ImagePart)]
    seen = ", ".join(f"{picture.media_type} of {len(picture.content)} bytes" for picture in pictures)
    async for event in _say(call, f"I see {len(pictures)} pictures: {seen}."):
        yield event


async def _blind(call: _Call) -> AsyncGenerator[BackendEvent, None]:
    if any(isinstance(part, ImagePart) for message in call.request.messages for part in message.parts):
        yield Failed(error=ImageRefused(model=call.request.model))
        return
    async for event in _say(call, _ENGLISH):
        yield event


async def _echo(call: _Call) -> AsyncGenerator[BackendEvent, None]:
    """Answer with the request itself, as JSON in OpenAI's form."""
    request = call.request
    sent = {
        "model": request.model,
        "messages": write_messages(request),
        "parameters": write_parameters(request.parameters),
    }
    yield TextDelta(text=orjson.dumps(sent, option=orjson.OPT_INDENT_2).decode())
    yield Finished(reason="stop")


def _failing(make_error: Callable[[_Call], BackendError]) -> _Scene:
    async def fail(call: _Call) -> AsyncGenerator[BackendEvent, None]:
        yield Failed(error=make_error(call))

    return fail


#: The vocabulary: scene by name.
SCENES: Final[Mapping[str, _Scene]] = {
    "text": _text,
    "russian": _russian,
    "markdown": _markdown,
    "slow": _slow,
    "long": _long,
    "late": _late,
    "reasoning": _reasoning,
    "refusal": _refusal,
    "empty": _empty,
    "progress": _progress,
    "uncounted": _text,
    "image": _image,
    "blind": _blind,
    "echo": _echo,
    "hang": _hang,
    "stall": _stall,
    "error-middle": _error_middle,
    "error-before": _failing(lambda call: BackendUnreachable(backend=call.config.name)),
    "error-key": _failing(lambda call: BackendUnauthorised(backend=call.config.name)),
    "error-busy": _failing(lambda call: BackendOverloaded(backend=call.config.name)),
    "error-loading": _failing(lambda call: ModelLoading(model=call.request.model)),
    "error-nonsense": _failing(lambda call: BackendReplyInvalid(backend=call.config.name, reason="nonsense")),
}
