"""Microsoft Foundry Local, version 2 and the one before it.

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
    SlowFact,
    add_guesses,
    has_image,
    read_address,
    read_names,
    read_object,
    refuse_addresses,
    short_text,
    token_count,
    whole_number,
)
from samovar.domain.errors import (
    BackendError,
    BackendRefused,
    BackendReplyInvalid,
    ImageRefused,
    ModelUnknown,
)
from samovar.domain.generation import BackendEvent, Capabilities, ChatRequest, Failed, ModelDescription
from samovar.egress import EgressClient
from samovar.ports.backend import BackendConfig, ChatBackend, Probe

__all__ = ["LOAD_PARAMETERS", "PARALLEL", "PORTS", "FoundryBackend", "build", "read_address", "recognise"]

#: Where documents put it; it may take any free port, which `foundry service status` tells.
PORTS: Final = (5272, 5273)
PARALLEL: Final = None
LOAD_PARAMETERS: Final = frozenset[str]()

#: Penalties other than zero are refused, the others pass without effect.
_UNSUPPORTED: Final = frozenset(
    {"presence_penalty", "frequency_penalty", "repeat_penalty", "min_p", "json_schema", "reasoning_effort"}
)
_DIALECT: Final = Dialect(unsupported=_UNSUPPORTED)
#: What a program asks for and would not get, without a word.
_IGNORED: Final = ("logprobs", "top_logprobs")
_CATALOGUE_LASTS_S: Final = 600.0
_MIB: Final = 2**20


def build(config: BackendConfig, client: EgressClient) -> ChatBackend:
    """Make the adapter for one Foundry Local service."""
    return FoundryBackend(config, client)


async def recognise(probe: Probe) -> bool:
    """Tell by what ``/status`` (version 2) or ``/openai/status`` says of its folder of models."""
    for path in ("/status", "/openai/status"):
        reply = await probe.get(path)
        if reply is not None and reply.body is not None:
            named = {name.lower() for name in reply.body}
            if "endpoints" in named and named & {"modelcachepath", "modeldirpath", "pipename"}:
                return True
    return False


class FoundryBackend:
    """Speaks OpenAI's protocol, and Foundry's own for what is loaded.

    Source: learn.microsoft.com, "Foundry Local REST API Reference", 2026; a run of foundry-local-sdk 2.2.

    Version 2 drops a picture that the model cannot see, and answers as if nothing had been sent. So a picture is
    sent only where the catalogue of version 1 says that the model sees, or, for want of it, the model's name does.
    """

    kind = "foundry"

    def __init__(self, config: BackendConfig, client: EgressClient) -> None:
        self.name = config.name
        self._config = config
        self._server = ModelServer(config, client)
        self._chat = OpenAIChat(self._server, _DIALECT)
        self._catalogue = SlowFact(self._read_catalogue, lasts_s=_CATALOGUE_LASTS_S)
        self._seeing: dict[str, bool] = {}

    async def models(self) -> Sequence[ModelDescription]:
        """List the models on the disk of that machine, loaded or not."""
        names, loaded, catalogue = await asyncio.gather(self._names(), self._loaded(), self._catalogue.learn("all"))
        described = [self._describe(name, loaded, (catalogue or {}).get(name, {})) for name in names]
        self._seeing = {found.model: found.capabilities.vision is True for found in described}
        return described

    async def count_tokens(self, model: str, text: str) -> int | None:
        """Return None: it counts whole chats, never a text alone."""
        return None

    def stream(self, request: ChatRequest) -> AsyncGenerator[BackendEvent, None]:
        """Stream an answer; a picture goes only to a model that is known to see."""
        return self._stream(request)

    async def relay(self, payload: Mapping[str, object]) -> HttpRelay:
        """Pass an OpenAI request on, unless it asks for what would be left out without a word."""
        if refuse_addresses(payload, backend=self.name):
            await self._require_sight(str(payload.get("model", "")))
        self._refuse_ignored(payload)
        return await self._chat.relay(payload)

    async def relay_embeddings(self, payload: Mapping[str, object]) -> HttpRelay:
        """Pass an OpenAI embeddings request on."""
        return await self._chat.relay_embeddings(payload)

    async def close(self) -> None:
        """Stop reading the catalogue; the connections belong to the client that all backends share."""
        await self._catalogue.close()

    async def _stream(self, request: ChatRequest) -> AsyncGenerator[BackendEvent, None]:
        try:
            if has_image(request):
                await self._require_sight(request.model)
        except BackendError as error:
            yield Failed(error=error)
            return
        async with aclosing(self._chat.stream(request)) as events:
            async for event in events:
                yield event

    async def _require_sight(self, model: str) -> None:
        """Raises: ImageRefused for a model that is not known to see, BackendError."""
        if model not in self._seeing:
            await self.models()
        if not self._seeing.get(model, False):
            raise ImageRefused(model=model)

    def _refuse_ignored(self, payload: Mapping[str, object]) -> None:
        form = read_object(payload.get("response_format")).get("type")
        ignored = [name for name in _IGNORED if payload.get(name)]
        if form not in (None, "text"):
            ignored.append("response_format")
        if ignored:
            raise BackendRefused(backend=self.name, reason=f"it does not know {', '.join(ignored)}")

    async def _names(self) -> list[str]:
        """Raises: BackendError."""
        try:
            return [entry["id"] for entry in await self._chat.entries()]
        except (BackendRefused, BackendReplyInvalid, ModelUnknown):
            return read_names(await self._server.fetch_list("/openai/models"))

    async def _loaded(self) -> frozenset[str] | None:
        """Return the names of what is loaded, or None where no address tells."""
        for path in ("/models/loaded", "/openai/loadedmodels"):
            try:
                return frozenset(read_names(await self._server.fetch_list(path)))
            except BackendError:
                continue
        return None

    async def _read_catalogue(self, _: str) -> dict[str, dict[str, Any]]:
        """Read what version 1 knows of its models; version 2 keeps that to its own libraries. Raises: BackendError."""
        try:
            listed: object = (await self._server.fetch("GET", "/foundry/list")).get("models")
        except BackendReplyInvalid:
            listed = await self._server.fetch_list("/foundry/list")
        entries = [read_object(entry) for entry in listed] if isinstance(listed, list) else []
        named = {entry["name"]: entry for entry in entries if isinstance(entry.get("name"), str)}
        # Some versions put the number of the version into the name, some beside it.
        return {f"{name}:{entry.get('version')}": entry for name, entry in named.items()} | named

    def _describe(self, model: str, loaded: frozenset[str] | None, entry: dict[str, Any]) -> ModelDescription:
        task = entry.get("task")
        sees = "vision" in task if isinstance(task, str) else None
        size_mib = whole_number(entry.get("fileSizeMb"))
        tools = entry.get("supportsToolCalling")
        capabilities = Capabilities(
            context_tokens=token_count(entry.get("contextLength")),
            loaded=model in loaded if loaded is not None else None,
            vision=sees,
            vision_known_by="api" if sees is not None else None,
            tools=tools if isinstance(tools, bool) else None,
            embeddings="embedding" in task if isinstance(task, str) else None,
            json_schema=False,
            size_bytes=size_mib * _MIB if size_mib else None,
            licence=short_text(entry.get("license")),
            unsupported_parameters=_UNSUPPORTED,
        )
        return ModelDescription(
            model=model,
            backend=self.name,
            state="ready",
            capabilities=add_guesses(capabilities, model),
            is_demonstration=self._config.is_demonstration,
        )
