"""Any server that speaks OpenAI's protocol, known by nothing but that.

Tier: supported.
"""

from collections.abc import AsyncGenerator, Mapping, Sequence
from typing import Any, Final

from samovar.backends._shared import (
    Dialect,
    HttpRelay,
    ModelServer,
    OpenAIChat,
    add_guesses,
    read_address,
    read_object,
    token_count,
)
from samovar.domain.generation import BackendEvent, Capabilities, ChatRequest, ModelDescription
from samovar.egress import EgressClient
from samovar.ports.backend import BackendConfig, ChatBackend, Probe

__all__ = ["LOAD_PARAMETERS", "PARALLEL", "PORTS", "OpenAIBackend", "build", "read_address", "recognise"]

#: Jan, LiteLLM and SGLang; any of them is known by its protocol alone.
PORTS: Final = (1337, 4000, 30000)
PARALLEL: Final = None
#: Nothing is loaded: the context is what the server's owner says it is.
LOAD_PARAMETERS: Final = frozenset({"context_tokens"})

#: Outside the protocol: some servers refuse a request that has them.
_UNSUPPORTED: Final = frozenset({"top_k", "min_p", "repeat_penalty"})
_DIALECT: Final = Dialect(unsupported=_UNSUPPORTED)
#: Where servers that go beyond the protocol put the context length: vLLM and SGLang, then several gateways.
_CONTEXT_FIELDS: Final = ("max_model_len", "context_length", "context_window", "max_context_length")


def build(config: BackendConfig, client: EgressClient) -> ChatBackend:
    """Make the adapter for one OpenAI-compatible server."""
    return OpenAIBackend(config, client)


async def recognise(probe: Probe) -> bool:
    """Tell by a list of models in OpenAI's form, or a request for a key in its place."""
    reply = await probe.get("/v1/models")
    if reply is None:
        return False
    return reply.status in (401, 403) or (reply.body is not None and isinstance(reply.body.get("data"), list))


class OpenAIBackend:
    """Speaks the common core of OpenAI's chat completions. Source: OpenAI API reference, 2026.

    The protocol tells names and nothing else, so most of what is said of a model is guessed from its name.
    """

    kind = "openai"

    def __init__(self, config: BackendConfig, client: EgressClient) -> None:
        self.name = config.name
        self._config = config
        self._chat = OpenAIChat(ModelServer(config, client), _DIALECT)

    async def models(self) -> Sequence[ModelDescription]:
        """List the models, with what their names suggest and what some servers add."""
        return [
            ModelDescription(
                model=entry["id"],
                backend=self.name,
                state="ready",
                capabilities=add_guesses(self._read_capabilities(entry), entry["id"]),
                is_demonstration=self._config.is_demonstration,
            )
            for entry in await self._chat.entries()
        ]

    async def count_tokens(self, model: str, text: str) -> int | None:
        """Return None: the protocol has no tokenizer."""
        return None

    def stream(self, request: ChatRequest) -> AsyncGenerator[BackendEvent, None]:
        """Stream an answer; parameters that the protocol lacks are not sent."""
        return self._chat.stream(request)

    async def relay(self, payload: Mapping[str, object]) -> HttpRelay:
        """Pass an OpenAI request on as it is."""
        return await self._chat.relay(payload)

    async def relay_embeddings(self, payload: Mapping[str, object]) -> HttpRelay:
        """Pass an OpenAI embeddings request on as it is."""
        return await self._chat.relay_embeddings(payload)

    async def close(self) -> None:
        """Do nothing: the connections belong to the client that all backends share."""

    def _read_capabilities(self, entry: dict[str, Any]) -> Capabilities:
        context = next((number for name in _CONTEXT_FIELDS if (number := token_count(entry.get(name)))), None)
        modalities = read_object(entry.get("architecture")).get("input_modalities")
        vision = "image" in modalities if isinstance(modalities, list) else None
        return Capabilities(
            context_tokens=context or self._config.load.context_tokens,
            vision=vision,
            vision_known_by="api" if vision is not None else None,
            unsupported_parameters=_UNSUPPORTED,
        )
