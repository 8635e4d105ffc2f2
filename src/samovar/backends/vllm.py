"""vLLM's OpenAI-compatible server.

Tier: supported.
"""

from collections.abc import AsyncGenerator, Mapping, Sequence
from typing import Any, Final

from samovar.backends._shared import (
    Dialect,
    HttpRelay,
    ModelServer,
    OpenAIChat,
    SlowFact,
    add_guesses,
    read_address,
    token_count,
)
from samovar.domain.errors import BackendRefused, BackendReplyInvalid, ContextExceeded, ImageRefused
from samovar.domain.generation import BackendEvent, Capabilities, ChatRequest, ModelDescription
from samovar.egress import EgressClient
from samovar.ports.backend import BackendConfig, ChatBackend, Probe

__all__ = ["LOAD_PARAMETERS", "PARALLEL", "PORTS", "VllmBackend", "build", "read_address", "recognise"]

PORTS: Final = (8000,)
#: It batches whatever comes; how many at once (`--max-num-seqs`) no address tells.
PARALLEL: Final = None
#: How a model is loaded is said when the server is started.
LOAD_PARAMETERS: Final = frozenset[str]()

_DIALECT: Final = Dialect(renamed={"repeat_penalty": "repetition_penalty"}, has_template_switch=True)
#: 64 x 64 red pixels: some vision models refuse a picture smaller than one of their patches.
_PICTURE: Final = (
    "data:image/png;base64,"
    "iVBORw0KGgoAAAANSUhEUgAAAEAAAABACAIAAAAlC+aJAAAAUElEQVR42u3PQREAAAQAMATRP5QwUni42xospzs+q3hOQEBAQEBAQEBAQEBA"
    "QEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBA4N4CCJ0BmOb2hBcAAAAASUVORK5CYII="
)


def build(config: BackendConfig, client: EgressClient) -> ChatBackend:
    """Make the adapter for one vLLM server."""
    return VllmBackend(config, client)


async def recognise(probe: Probe) -> bool:
    """Tell by the owner of its models, or by ``/version`` where the list of models needs a key."""
    listed = await probe.get("/v1/models")
    if listed is None:
        return False
    if listed.body is not None and isinstance(entries := listed.body.get("data"), list):
        return any(isinstance(entry, dict) and entry.get("owned_by") == "vllm" for entry in entries)
    if listed.status != 401:
        return False
    # A key guards what lies under /v1, and only that.
    version = await probe.get("/version")
    is_open = version is not None and version.body is not None and isinstance(version.body.get("version"), str)
    return is_open or (listed.body is not None and listed.body.get("error") == "Unauthorized")


class VllmBackend:
    """Speaks vLLM's dialect of OpenAI's protocol.

    Source: docs.vllm.ai, "OpenAI-Compatible Server", and a run of 0.32; 2026.

    It tells a model's context and counts tokens. Whether a model sees it does not tell: one picture with one token to
    answer, once for each model, finds out. Tools depend on how the server was started, which it does not tell either.
    """

    kind = "vllm"

    def __init__(self, config: BackendConfig, client: EgressClient) -> None:
        self.name = config.name
        self._config = config
        self._server = ModelServer(config, client)
        self._chat = OpenAIChat(self._server, _DIALECT)
        self._vision = SlowFact(self._find_out_vision)

    async def models(self) -> Sequence[ModelDescription]:
        """List the models. What a picture tells may be missing the first time, while the server is busy."""
        entries = await self._chat.entries()
        vision = await self._vision.learn_all([_base_of(entry) for entry in entries])
        return [self._describe(entry, vision[_base_of(entry)]) for entry in entries]

    async def count_tokens(self, model: str, text: str) -> int | None:
        """Count with the model's own tokenizer, text alone, no special tokens."""
        reply = await self._server.fetch(
            "POST", "/tokenize", {"model": model, "prompt": text, "add_special_tokens": False}
        )
        count = token_count(reply.get("count"))
        if count is None:
            raise BackendReplyInvalid(backend=self.name, reason="a count without a number")
        return count

    def stream(self, request: ChatRequest) -> AsyncGenerator[BackendEvent, None]:
        """Stream an answer."""
        return self._chat.stream(request)

    async def relay(self, payload: Mapping[str, object]) -> HttpRelay:
        """Pass an OpenAI request on."""
        return await self._chat.relay(payload)

    async def relay_embeddings(self, payload: Mapping[str, object]) -> HttpRelay:
        """Pass an OpenAI embeddings request on."""
        return await self._chat.relay_embeddings(payload)

    async def close(self) -> None:
        """Stop asking about pictures; the connections belong to the client that all backends share."""
        await self._vision.close()

    def _describe(self, entry: dict[str, Any], vision: bool | None) -> ModelDescription:
        model, context = entry["id"], token_count(entry.get("max_model_len"))
        capabilities = Capabilities(
            context_tokens=context,
            loaded=True,
            vision=vision,
            vision_known_by="probe" if vision is not None else None,
            json_schema=True,
            tokenizer=True,
        )
        return ModelDescription(
            model=model,
            backend=self.name,
            state="ready",
            capabilities=add_guesses(capabilities, model),
            is_demonstration=self._config.is_demonstration,
        )

    async def _find_out_vision(self, model: str) -> bool:
        """Show a picture; one token is enough of an answer. Raises: BackendError when that says nothing of vision."""
        picture = {"type": "image_url", "image_url": {"url": _PICTURE}}
        message = {"role": "user", "content": [{"type": "text", "text": "?"}, picture]}
        try:
            await self._server.fetch(
                "POST", "/v1/chat/completions", {"model": model, "messages": [message], "max_tokens": 1}, timeout_s=60.0
            )
        except (ImageRefused, BackendRefused):
            return False
        except ContextExceeded:
            # The picture was taken apart into more tokens than the context holds: it was seen.
            return True
        return True


def _base_of(entry: dict[str, Any]) -> str:
    """The model whose eyes it has: an adapter (LoRA) names the model that it adapts."""
    base = entry.get("parent")
    return base if isinstance(base, str) and base else str(entry["id"])
