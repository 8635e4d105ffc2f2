"""llama.cpp's own HTTP server: the embedded engine, or one that runs elsewhere.

Tier: reference.
"""

from collections.abc import AsyncGenerator, Mapping, Sequence
from typing import Any, Final, Literal

from samovar.backends._shared import (
    Dialect,
    HttpRelay,
    ModelServer,
    OpenAIChat,
    SlowFact,
    read_address,
    read_object,
    short_text,
    token_count,
    whole_number,
)
from samovar.domain.errors import BackendError, BackendReplyInvalid, EmbeddingsUnsupported, ModelLoading
from samovar.domain.generation import BackendEvent, Capabilities, ChatRequest, ModelDescription
from samovar.egress import EgressClient
from samovar.ports.backend import BackendConfig, ChatBackend, Probe

__all__ = ["LOAD_PARAMETERS", "PARALLEL", "PORTS", "LlamaCppBackend", "build", "read_address", "recognise"]

PORTS: Final = (8080,)
#: What a server runs with unless it is told otherwise; `/props` says it exactly.
PARALLEL: Final = 1
LOAD_PARAMETERS: Final = frozenset[str]()

_DIALECT: Final = Dialect(always={"return_progress": True, "cache_prompt": True}, has_template_switch=True)
#: Marks in a chat template of models that think.
_THINKING: Final = ("enable_thinking", "reasoning_effort", "reasoning_content", "<think>", "[THINK]", "<|channel|>")

ModelState = Literal["ready", "loading", "unavailable"]


def build(config: BackendConfig, client: EgressClient) -> ChatBackend:
    """Make the adapter for one llama.cpp server."""
    return LlamaCppBackend(config, client)


async def recognise(probe: Probe) -> bool:
    """Tell by ``/props``, which no other server has, or by its name and words where that needs a key."""
    reply = await probe.get("/props")
    if reply is None:
        return False
    if reply.body is not None and "default_generation_settings" in reply.body:
        return True
    if reply.status not in (401, 403):
        return False
    names = {name.lower(): value for name, value in reply.headers.items()}
    error = read_object(reply.body.get("error")) if reply.body is not None else {}
    return names.get("server", "").startswith("llama.cpp") or (
        error.get("code") == reply.status and error.get("type") == "authentication_error"
    )


class LlamaCppBackend:
    """Speaks llama.cpp's dialect of OpenAI's protocol.

    Source: tools/server/README.md of github ggml-org/llama.cpp, 2026.
    """

    kind = "llamacpp"

    def __init__(self, config: BackendConfig, client: EgressClient) -> None:
        self.name = config.name
        self._config = config
        self._server = ModelServer(config, client)
        self._chat = OpenAIChat(self._server, _DIALECT)
        self._embeddings = SlowFact(self._find_out_embeddings)

    async def models(self) -> Sequence[ModelDescription]:
        """List the models, with the context of one slot and whether they see.

        While the server loads, or cannot start, the configured model is listed in that state.
        """
        try:
            entries = await self._chat.entries()
            properties = await self._server.fetch("GET", "/props")
            embeds = await self._embeddings.learn(self._server.endpoint().url)
        except BackendError as error:
            if self._config.model is None:
                raise
            state: ModelState = "loading" if isinstance(error, ModelLoading) else "unavailable"
            capabilities = Capabilities(context_tokens=self._config.load.context_tokens, tokenizer=True)
            return [self._describe(self._config.model, state, capabilities)]
        return [
            self._describe(entry["id"], "ready", _read_capabilities(entry, properties, embeds)) for entry in entries
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
        return self._chat.stream(request)

    async def relay(self, payload: Mapping[str, object]) -> HttpRelay:
        """Pass an OpenAI request on as it is."""
        return await self._chat.relay(payload)

    async def relay_embeddings(self, payload: Mapping[str, object]) -> HttpRelay:
        """Pass an OpenAI embeddings request on as it is."""
        return await self._chat.relay_embeddings(payload)

    async def close(self) -> None:
        """Stop asking about vectors; the connections belong to the client that all backends share."""
        await self._embeddings.close()

    async def _find_out_embeddings(self, _: str) -> bool:
        """Ask for a vector, which a server that was not started for it refuses at once. Raises: BackendError."""
        try:
            await self._server.fetch("POST", "/v1/embeddings", {"input": "?"})
        except EmbeddingsUnsupported:
            return False
        return True

    def _describe(self, model: str, state: ModelState, capabilities: Capabilities) -> ModelDescription:
        return ModelDescription(
            model=model,
            backend=self.name,
            state=state,
            capabilities=capabilities,
            is_demonstration=self._config.is_demonstration,
        )


def _read_capabilities(entry: dict[str, Any], properties: dict[str, Any], embeds: bool | None) -> Capabilities:
    meta, slots = read_object(entry.get("meta")), read_object(properties.get("default_generation_settings"))
    abilities = read_object(properties.get("chat_template_caps"))
    template = properties.get("chat_template")
    thinks = any(mark in template for mark in _THINKING) if isinstance(template, str) else None
    vision = _read_vision(entry, properties)
    return Capabilities(
        # The context is divided among the slots, and this is the share of one.
        context_tokens=token_count(slots.get("n_ctx")) or token_count(meta.get("n_ctx")),
        trained_context_tokens=token_count(meta.get("n_ctx_train")),
        loaded=_is_loaded(entry, properties),
        vision=vision,
        vision_known_by="api" if vision is not None else None,
        tools=_flag(abilities.get("supports_tools")),
        reasoning=thinks,
        embeddings=embeds,
        json_schema=True,
        prompt_cache=True,
        tokenizer=True,
        parallel=whole_number(properties.get("total_slots")) or None,
        quantisation=short_text(meta.get("ftype")),
        size_bytes=whole_number(meta.get("size")),
        unsupported_parameters=frozenset({"reasoning_effort"}) if thinks is False else frozenset(),
    )


def _read_vision(entry: dict[str, Any], properties: dict[str, Any]) -> bool | None:
    told = _flag(read_object(properties.get("modalities")).get("vision"))
    modalities = read_object(entry.get("architecture")).get("input_modalities")
    return "image" in modalities if told is None and isinstance(modalities, list) else told


def _is_loaded(entry: dict[str, Any], properties: dict[str, Any]) -> bool:
    """A server of one model has it loaded, unless it sleeps; a router of several says so of each."""
    status = read_object(entry.get("status")).get("value")
    return status == "loaded" if isinstance(status, str) else properties.get("is_sleeping") is not True


def _flag(value: object) -> bool | None:
    return value if isinstance(value, bool) else None
