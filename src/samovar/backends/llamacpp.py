"""llama.cpp's own HTTP server: the embedded engine, or one that runs elsewhere.

Tier: reference.
"""

from collections.abc import AsyncGenerator, Mapping, Sequence
from typing import Any, Final, Literal

from samovar.backends._shared import (
    HttpRelay,
    ModelServer,
    OpenAIReply,
    read_address,
    read_reply,
    whole_number,
    write_messages,
    write_parameters,
)
from samovar.domain.errors import BackendError, BackendReplyInvalid, ModelLoading
from samovar.domain.generation import BackendEvent, Capabilities, ChatRequest, ModelDescription
from samovar.egress import EgressClient
from samovar.ports.backend import BackendConfig, ChatBackend, Probe

__all__ = ["LOAD_PARAMETERS", "PARALLEL", "PORTS", "LlamaCppBackend", "build", "read_address", "recognise"]

PORTS: Final = (8080,)
#: What a server runs with unless it is told otherwise; `/props` says it exactly.
PARALLEL: Final = 1
LOAD_PARAMETERS: Final = frozenset[str]()

_CHAT: Final = "/v1/chat/completions"

ModelState = Literal["ready", "loading", "unavailable"]


def build(config: BackendConfig, client: EgressClient) -> ChatBackend:
    """Make the adapter for one llama.cpp server."""
    return LlamaCppBackend(config, client)


async def recognise(probe: Probe) -> bool:
    """Tell by ``/props``, which no other server has."""
    reply = await probe.get("/props")
    if reply is None:
        return False
    return reply.body is not None and "default_generation_settings" in reply.body


class LlamaCppBackend:
    """Speaks llama.cpp's dialect of OpenAI's protocol.

    Source: tools/server/README.md of github ggml-org/llama.cpp, 2026.
    """

    kind = "llamacpp"

    def __init__(self, config: BackendConfig, client: EgressClient) -> None:
        self.name = config.name
        self._config = config
        self._server = ModelServer(config, client)

    async def models(self) -> Sequence[ModelDescription]:
        """List the models, with the context of one slot and whether they see.

        While the server loads, or cannot start, the configured model is listed in that state.
        """
        try:
            listed = await self._server.fetch("GET", "/v1/models")
            properties = await self._server.fetch("GET", "/props")
        except BackendError as error:
            if self._config.model is None:
                raise
            state: ModelState = "loading" if isinstance(error, ModelLoading) else "unavailable"
            capabilities = Capabilities(context_tokens=self._config.load.context_tokens, tokenizer=True)
            return [self._describe(self._config.model, state, capabilities)]
        entries = listed.get("data")
        if not isinstance(entries, list):
            raise BackendReplyInvalid(backend=self.name, reason="a list of models without models")
        return [
            self._describe(entry["id"], "ready", _read_capabilities(entry, properties))
            for entry in entries
            if isinstance(entry, dict) and isinstance(entry.get("id"), str)
        ]

    async def count_tokens(self, model: str, text: str) -> int | None:
        """Count with the model's own tokenizer, text alone, no special tokens."""
        reply = await self._server.fetch(
            "POST", "/tokenize", {"model": model, "content": text, "add_special": False, "parse_special": False}
        )
        tokens = reply.get("tokens")
        if not isinstance(tokens, list):
            raise BackendReplyInvalid(backend=self.name, reason="a count without tokens")
        return len(tokens)

    def stream(self, request: ChatRequest) -> AsyncGenerator[BackendEvent, None]:
        """Stream an answer, with the progress of the prompt before it."""
        payload = {
            "model": request.model,
            "messages": write_messages(request),
            "stream": True,
            "stream_options": {"include_usage": True},
            "return_progress": True,
            "cache_prompt": True,
            **write_parameters(request.parameters),
        }
        parser = OpenAIReply(backend=self.name, model=request.model)
        return read_reply(self._server, _CHAT, payload, model=request.model, parser=parser)

    async def relay(self, payload: Mapping[str, object]) -> HttpRelay:
        """Pass an OpenAI request on as it is."""
        return await self._server.relay(_CHAT, payload)

    async def relay_embeddings(self, payload: Mapping[str, object]) -> HttpRelay:
        """Pass an OpenAI embeddings request on as it is."""
        return await self._server.relay("/v1/embeddings", payload)

    async def close(self) -> None:
        """Do nothing: the connections belong to the client that all backends share."""

    def _describe(self, model: str, state: ModelState, capabilities: Capabilities) -> ModelDescription:
        return ModelDescription(
            model=model,
            backend=self.name,
            state=state,
            capabilities=capabilities,
            is_demonstration=self._config.is_demonstration,
        )


def _read_capabilities(entry: dict[str, Any], properties: dict[str, Any]) -> Capabilities:
    meta = _object(entry.get("meta"))
    modalities = _object(properties.get("modalities"))
    vision = modalities.get("vision")
    context = whole_number(_object(properties.get("default_generation_settings")).get("n_ctx"))
    quantisation = meta.get("ftype")
    return Capabilities(
        context_tokens=context or whole_number(meta.get("n_ctx")),
        vision=vision if isinstance(vision, bool) else None,
        vision_known_by="api" if isinstance(vision, bool) else None,
        tokenizer=True,
        quantisation=quantisation if isinstance(quantisation, str) else None,
        size_bytes=whole_number(meta.get("size")),
    )


def _object(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
