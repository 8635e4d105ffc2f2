"""Any server that speaks OpenAI's protocol, known by nothing but that.

Tier: supported.
"""

import re
from collections.abc import AsyncGenerator, Mapping, Sequence
from typing import Any, Final

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
from samovar.domain.errors import BackendReplyInvalid
from samovar.domain.generation import BackendEvent, Capabilities, ChatRequest, ModelDescription
from samovar.egress import EgressClient
from samovar.ports.backend import BackendConfig, ChatBackend, Probe

__all__ = ["LOAD_PARAMETERS", "PARALLEL", "PORTS", "OpenAIBackend", "build", "read_address", "recognise"]

#: Jan, LiteLLM and SGLang; any of them is known by its protocol alone.
PORTS: Final = (1337, 4000, 30000)
PARALLEL: Final = None
LOAD_PARAMETERS: Final = frozenset[str]()

_CHAT: Final = "/v1/chat/completions"
#: Outside the protocol: some servers refuse a request that has them.
_UNSUPPORTED: Final = frozenset({"top_k", "min_p", "repeat_penalty"})
#: Families of models that see. The protocol does not tell, so this is a guess and is marked as one.
_SEEING: Final = re.compile(
    r"vision|(^|[-_/.])vlm?([-_.\d]|$)|llava|pixtral|gpt-4o|gpt-4\.1|gpt-5|gemma-?3(?!.*\b(270m|1b)\b)|internvl|minicpm-v"
    r"|moondream|omni|qvq|smolvlm|idefics|molmo|paligemma|-vl",
    re.IGNORECASE,
)
#: Where servers that go beyond the protocol put the context length: vLLM, then several gateways.
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
    """Speaks the common core of OpenAI's chat completions. Source: OpenAI API reference, 2026."""

    kind = "openai"

    def __init__(self, config: BackendConfig, client: EgressClient) -> None:
        self.name = config.name
        self._config = config
        self._server = ModelServer(config, client)

    async def models(self) -> Sequence[ModelDescription]:
        """List the models; whether one sees is guessed from its name."""
        listed = await self._server.fetch("GET", "/v1/models")
        entries = listed.get("data")
        if not isinstance(entries, list):
            raise BackendReplyInvalid(backend=self.name, reason="a list of models without models")
        return [
            ModelDescription(
                model=entry["id"],
                backend=self.name,
                state="ready",
                capabilities=self._read_capabilities(entry),
                is_demonstration=self._config.is_demonstration,
            )
            for entry in entries
            if isinstance(entry, dict) and isinstance(entry.get("id"), str)
        ]

    async def count_tokens(self, model: str, text: str) -> int | None:
        """Return None: the protocol has no tokenizer."""
        return None

    def stream(self, request: ChatRequest) -> AsyncGenerator[BackendEvent, None]:
        """Stream an answer; parameters that the protocol lacks are not sent."""
        payload = {
            "model": request.model,
            "messages": write_messages(request),
            "stream": True,
            "stream_options": {"include_usage": True},
            **write_parameters(request.parameters, without=_UNSUPPORTED),
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

    def _read_capabilities(self, entry: dict[str, Any]) -> Capabilities:
        context = next((number for name in _CONTEXT_FIELDS if (number := whole_number(entry.get(name)))), None)
        sees = bool(_SEEING.search(entry["id"]))
        return Capabilities(
            context_tokens=context or self._config.load.context_tokens,
            vision=True if sees else None,
            vision_known_by="name" if sees else None,
            unsupported_parameters=_UNSUPPORTED,
        )
