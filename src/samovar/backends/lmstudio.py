"""LM Studio's local server.

Tier: experimental.
"""

import asyncio
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from typing import Any, Final

from samovar.backends._shared import (
    Dialect,
    HttpRelay,
    ModelServer,
    OpenAIChat,
    read_address,
    read_entries,
    read_object,
    short_text,
    token_count,
    whole_number,
)
from samovar.domain.errors import (
    BackendError,
    BackendRefused,
    BackendReplyInvalid,
    ContextExceeded,
    ModelUnknown,
)
from samovar.domain.generation import (
    BackendEvent,
    Capabilities,
    ChatRequest,
    Failed,
    Finished,
    ModelDescription,
    ReasoningDelta,
    TextDelta,
)
from samovar.egress import EgressClient
from samovar.ports.backend import BackendConfig, ChatBackend, Probe

__all__ = ["LOAD_PARAMETERS", "PARALLEL", "PORTS", "LMStudioBackend", "build", "read_address", "recognise"]

PORTS: Final = (1234,)
#: "Max Concurrent Predictions" unless somebody changed it; the server tells it for models that are loaded.
PARALLEL: Final = 4
LOAD_PARAMETERS: Final = frozenset({"context_tokens", "batch_tokens", "keep_alive_s"})

_V1: Final = "/api/v1/models"
_V0: Final = "/api/v0/models"
_LOAD: Final = "/api/v1/models/load"
_UNSUPPORTED: Final = frozenset({"min_p", "reasoning_effort"})
_DIALECT: Final = Dialect(unsupported=_UNSUPPORTED)


def build(config: BackendConfig, client: EgressClient) -> ChatBackend:
    """Make the adapter for one LM Studio server."""
    return LMStudioBackend(config, client)


async def recognise(probe: Probe) -> bool:
    """Tell by its own lists of models, or by its own words where they need a key."""
    for path, place, mark in ((_V1, "models", "key"), (_V0, "data", "publisher")):
        reply = await probe.get(path)
        if reply is None or reply.body is None:
            continue
        entries = reply.body.get(place)
        if isinstance(entries, list) and all(isinstance(entry, dict) and mark in entry for entry in entries):
            return True
        error = read_object(reply.body.get("error"))
        if reply.status in (401, 403) and "LM Studio" in str(error.get("message", "")):
            return True
    return False


class LMStudioBackend:
    """Speaks OpenAI's protocol, and LM Studio's own for lists of models and loading.

    Source: lmstudio.ai/docs/developer/rest and /docs/developer/openai-compat, 2026.
    """

    kind = "lmstudio"

    def __init__(self, config: BackendConfig, client: EgressClient) -> None:
        self.name = config.name
        self._config = config
        self._server = ModelServer(config, client)
        self._chat = OpenAIChat(self._server, _DIALECT)
        self._loading = asyncio.Lock()
        self._contexts: dict[str, int] = {}

    async def models(self) -> Sequence[ModelDescription]:
        """List every model on the disk of that machine, loaded or not."""
        described = [self._describe(name, capabilities) for name, capabilities in await self._list()]
        contexts = {found.model: found.capabilities.context_tokens for found in described}
        self._contexts = {model: context for model, context in contexts.items() if context is not None}
        return described

    async def count_tokens(self, model: str, text: str) -> int | None:
        """Return None: its tokenizer is offered to its own libraries only."""
        return None

    def stream(self, request: ChatRequest) -> AsyncGenerator[BackendEvent, None]:
        """Stream an answer, after the model was loaded as the settings ask."""
        return self._stream(request)

    async def relay(self, payload: Mapping[str, object]) -> HttpRelay:
        """Pass an OpenAI request on, after the model was loaded as the settings ask."""
        await self._load(str(payload.get("model", "")))
        return await self._chat.relay({**self._lifetime(), **payload})

    async def relay_embeddings(self, payload: Mapping[str, object]) -> HttpRelay:
        """Pass an OpenAI embeddings request on."""
        return await self._chat.relay_embeddings(payload)

    async def close(self) -> None:
        """Do nothing: the connections belong to the client that all backends share."""

    async def _stream(self, request: ChatRequest) -> AsyncGenerator[BackendEvent, None]:
        try:
            await self._load(request.model)
        except BackendError as error:
            yield Failed(error=error)
            return
        is_silent = True
        async with aclosing(self._chat.stream(request, **self._lifetime())) as events:
            async for event in events:
                is_silent = is_silent and not isinstance(event, TextDelta | ReasoningDelta)
                if is_silent and isinstance(event, Finished):
                    yield self._judge_silence(event, request.model)
                else:
                    yield event

    def _judge_silence(self, finished: Finished, model: str) -> Finished | Failed:
        """Some engines of LM Studio answer a prompt that is too long with nothing at all, and no error."""
        context = self._contexts.get(model)
        read = finished.usage.prompt_tokens if finished.usage is not None else 0
        if context is None or read < context:
            return finished
        return Failed(error=ContextExceeded(needed_tokens=read, context_tokens=context, model=model))

    def _lifetime(self) -> dict[str, object]:
        """How long a model stays that LM Studio loads by itself."""
        keep_s = self._config.load.keep_alive_s
        return {"ttl": keep_s} if keep_s is not None and keep_s > 0 else {}

    async def _load(self, model: str) -> None:
        """Load a model with the values of the settings, unless there are none or it is loaded. Raises: BackendError."""
        load = self._config.load
        named = {"context_length": load.context_tokens, "eval_batch_size": load.batch_tokens}
        asked = {name: value for name, value in named.items() if value is not None}
        if not asked:
            return
        # Two requests at once would load it twice.
        async with self._loading:
            known = dict(await self._list()).get(model)
            if known is None or known.loaded is not False:
                return
            reply = await self._server.fetch(
                "POST", _LOAD, {"model": model, **asked}, timeout_s=self._config.first_token_timeout_s
            )
            if "error" in reply:
                # A path that it does not know is answered so, under status 200.
                reason = "this version of LM Studio cannot be told how to load a model; take the settings away"
                raise BackendRefused(backend=self.name, reason=reason)

    async def _list(self) -> list[tuple[str, Capabilities]]:
        """Ask the interface of today, then the one before it. Raises: BackendError."""
        try:
            listed = await self._server.fetch("GET", _V1)
            if "models" in listed:
                entries = read_entries(listed["models"], "key", backend=self.name)
                return [(entry["key"], self._read_v1(entry)) for entry in entries]
        except (BackendRefused, BackendReplyInvalid, ModelUnknown):
            # A path that it does not know is a page of words, under status 200 or 404.
            pass
        listed = await self._server.fetch("GET", _V0)
        entries = read_entries(listed.get("data"), "id", backend=self.name)
        return [(entry["id"], self._read_v0(entry)) for entry in entries]

    def _describe(self, model: str, capabilities: Capabilities) -> ModelDescription:
        return ModelDescription(
            model=model,
            backend=self.name,
            state="ready",
            capabilities=capabilities,
            is_demonstration=self._config.is_demonstration,
        )

    def _read_v1(self, entry: dict[str, Any]) -> Capabilities:
        abilities = read_object(entry.get("capabilities"))
        told = entry.get("loaded_instances")
        instances = told if isinstance(told, list) else []
        configs = [read_object(read_object(one).get("config")) for one in instances]
        trained = token_count(entry.get("max_context_length"))
        contexts = [count for config in configs if (count := token_count(config.get("context_length")))]
        embeds = entry.get("type") == "embedding"
        vision = abilities.get("vision")
        return Capabilities(
            context_tokens=min(contexts) if contexts else self._context_to_be(trained),
            trained_context_tokens=trained,
            loaded=bool(configs),
            vision=False if embeds else vision if isinstance(vision, bool) else None,
            vision_known_by="api" if embeds or isinstance(vision, bool) else None,
            tools=_flag(abilities.get("trained_for_tool_use")),
            reasoning=bool(abilities["reasoning"]) if "reasoning" in abilities else None,
            embeddings=embeds,
            json_schema=not embeds,
            parallel=max((whole_number(config.get("parallel")) or 0 for config in configs), default=0) or None,
            quantisation=short_text(read_object(entry.get("quantization")).get("name")),
            size_bytes=whole_number(entry.get("size_bytes")),
            unsupported_parameters=_UNSUPPORTED,
        )

    def _read_v0(self, entry: dict[str, Any]) -> Capabilities:
        trained = token_count(entry.get("max_context_length"))
        kind, abilities = entry.get("type"), entry.get("capabilities")
        is_known = kind in ("llm", "vlm", "embeddings")
        return Capabilities(
            context_tokens=token_count(entry.get("loaded_context_length")) or self._context_to_be(trained),
            trained_context_tokens=trained,
            loaded=entry.get("state") == "loaded",
            vision=kind == "vlm" if is_known else None,
            vision_known_by="api" if is_known else None,
            tools="tool_use" in abilities if isinstance(abilities, list) else None,
            embeddings=kind == "embeddings" if is_known else None,
            json_schema=kind != "embeddings",
            quantisation=short_text(entry.get("quantization")),
            unsupported_parameters=_UNSUPPORTED,
        )

    def _context_to_be(self, trained: int | None) -> int | None:
        """The context with which we would load a model; without a setting, LM Studio decides and does not tell."""
        asked = self._config.load.context_tokens
        return min(asked, trained) if asked is not None and trained is not None else asked


def _flag(value: object) -> bool | None:
    return value if isinstance(value, bool) else None
