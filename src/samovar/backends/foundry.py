"""Microsoft Foundry Local, version 2 and the one before it.

Tier: supported; version 1 experimental.
"""

import asyncio
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote

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
#: Version 1 only.
LOAD_PARAMETERS: Final = frozenset({"keep_alive_s"})

#: Penalties other than zero are refused, the others pass without effect.
_UNSUPPORTED: Final = frozenset(
    {"presence_penalty", "frequency_penalty", "repeat_penalty", "min_p", "json_schema", "reasoning_effort"}
)
_DIALECT: Final = Dialect(unsupported=_UNSUPPORTED)
#: What a program asks for and would not get, without a word.
_IGNORED: Final = ("logprobs", "top_logprobs")
_CATALOGUE_LASTS_S: Final = 600.0
_MIB: Final = 2**20
_LOADED_2: Final = "/models/loaded"
_LOADED_1: Final = "/openai/loadedmodels"
_COUNT: Final = "/v1/chat/completions/tokenizer/encode/count"
#: Names have no more than this, and each is a question.
_MOST_PIECES: Final = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class _Memory:
    names: frozenset[str]
    is_of_version_1: bool


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
        self._loading = asyncio.Lock()
        self._seeing: dict[str, bool] = {}
        self._is_of_version_1 = False

    async def models(self) -> Sequence[ModelDescription]:
        """List the models on the disk of that machine, loaded or not."""
        names = await self._names()
        memory = await self._memory()
        self._is_of_version_1 = memory is not None and memory.is_of_version_1
        catalogue = (await self._catalogue.learn("all") or {}) if self._is_of_version_1 else {}
        described = [self._describe(name, memory, catalogue.get(name, {})) for name in names]
        self._seeing = {found.model: found.capabilities.vision is True for found in described}
        return described

    async def count_tokens(self, model: str, text: str) -> int | None:
        """Count as version 1 does, a whole chat: with the text, less one without. None where it cannot be counted."""
        if not self._is_of_version_1:
            return None
        without = await self._count_chat(model, "")
        with_text = await self._count_chat(model, text) if without is not None else None
        return max(0, with_text - without) if with_text is not None and without is not None else None

    def stream(self, request: ChatRequest) -> AsyncGenerator[BackendEvent, None]:
        """Stream an answer; a picture goes only to a model that is known to see."""
        return self._stream(request)

    async def relay(self, payload: Mapping[str, object]) -> HttpRelay:
        """Pass an OpenAI request on, unless it asks for what would be left out without a word."""
        if refuse_addresses(payload, backend=self.name):
            await self._require_sight(str(payload.get("model", "")))
        self._refuse_ignored(payload)
        await self._load(str(payload.get("model", "")))
        return await self._chat.relay(payload)

    async def relay_embeddings(self, payload: Mapping[str, object]) -> HttpRelay:
        """Pass an OpenAI embeddings request on."""
        await self._load(str(payload.get("model", "")))
        return await self._chat.relay_embeddings(payload)

    async def close(self) -> None:
        """Stop reading the catalogue; the connections belong to the client that all backends share."""
        await self._catalogue.close()

    async def _stream(self, request: ChatRequest) -> AsyncGenerator[BackendEvent, None]:
        try:
            if has_image(request):
                await self._require_sight(request.model)
            await self._load(request.model)
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

    async def _load(self, model: str) -> None:
        """Load a model that is not in memory; the service answers from those alone. Raises: BackendError.

        Version 1 loads by the name in its lists, version 2 by the alias of its catalogue, which no address tells: it
        is the beginning of the name, so the longest beginning that the service knows is taken.
        """
        memory = await self._memory()
        if memory is None or model in memory.names:
            return
        # Two requests at once would load it twice.
        async with self._loading:
            patience_s = self._config.first_token_timeout_s
            statuses = []
            for path in self._paths_to_load(model, memory):
                statuses.append(await self._server.status_of(path, timeout_s=patience_s))
                if statuses[-1] == 200:
                    return
            if memory.is_of_version_1 and statuses == [404]:
                # Its chats refuse an unknown model without a word.
                raise ModelUnknown(model=model)

    def _paths_to_load(self, model: str, memory: _Memory) -> list[str]:
        keep_s = self._config.load.keep_alive_s
        if memory.is_of_version_1:
            ttl = f"?ttl={keep_s}" if keep_s is not None and keep_s > 0 else ""
            return [f"/openai/load/{quote(model, safe='')}{ttl}"]
        pieces = model.partition(":")[0].lower().split("-")[:_MOST_PIECES]
        return [f"/models/load/{quote('-'.join(pieces[:count]), safe='')}" for count in range(len(pieces), 0, -1)]

    def _refuse_ignored(self, payload: Mapping[str, object]) -> None:
        form = read_object(payload.get("response_format")).get("type")
        ignored = [name for name in _IGNORED if payload.get(name)]
        if form not in (None, "text"):
            ignored.append("response_format")
        if ignored:
            raise BackendRefused(backend=self.name, reason=f"it does not know {', '.join(ignored)}")

    async def _count_chat(self, model: str, text: str) -> int | None:
        messages = [{"role": "user", "content": text}]
        try:
            reply = await self._server.fetch("POST", _COUNT, {"model": model, "messages": messages})
        except (BackendRefused, BackendReplyInvalid, ModelUnknown):
            # A model that is not in memory has no tokenizer.
            return None
        return token_count(reply.get("tokenCount"))

    async def _names(self) -> list[str]:
        """Raises: BackendError."""
        try:
            return [entry["id"] for entry in await self._chat.entries()]
        except (BackendRefused, BackendReplyInvalid, ModelUnknown):
            return read_names(await self._server.fetch_list("/openai/models"))

    async def _memory(self) -> _Memory | None:
        """Return what is loaded, or None where no address tells."""
        for path in (_LOADED_2, _LOADED_1):
            try:
                names = frozenset(read_names(await self._server.fetch_list(path)))
            except (BackendRefused, BackendReplyInvalid, ModelUnknown):
                continue
            return _Memory(names=names, is_of_version_1=path == _LOADED_1)
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

    def _describe(self, model: str, memory: _Memory | None, entry: dict[str, Any]) -> ModelDescription:
        task = entry.get("task")
        sees = "vision" in task if isinstance(task, str) else None
        size_mib = whole_number(entry.get("fileSizeMb"))
        tools = entry.get("supportsToolCalling")
        capabilities = Capabilities(
            context_tokens=token_count(entry.get("contextLength")),
            loaded=model in memory.names if memory is not None else None,
            vision=sees,
            vision_known_by="api" if sees is not None else None,
            tools=tools if isinstance(tools, bool) else None,
            embeddings="embedding" in task if isinstance(task, str) else None,
            json_schema=False,
            tokenizer=self._is_of_version_1,
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
