"""Ollama, by its native protocol: only there can the context length be set.

Tier: experimental.
"""

import asyncio
import base64
from collections.abc import AsyncGenerator, Iterator, Mapping, Sequence
from contextlib import aclosing
from typing import Any, Final

from samovar.backends import _shared
from samovar.backends._shared import ModelServer, OpenAIRelay, loads_object, read_completion_request, whole_number
from samovar.domain.errors import BackendError, BackendReplyInvalid, EmbeddingsUnsupported, ImageRefused
from samovar.domain.generation import (
    BackendEvent,
    Capabilities,
    ChatRequest,
    Failed,
    Finished,
    FinishReason,
    ImagePart,
    ModelDescription,
    PromptMessage,
    ReasoningDelta,
    TextDelta,
    Usage,
)
from samovar.egress import EgressClient
from samovar.ports.backend import BackendConfig, ChatBackend, Probe, Relay

__all__ = ["LOAD_PARAMETERS", "PARALLEL", "PORTS", "OllamaBackend", "build", "read_address", "recognise"]

PORTS: Final = (11434,)
#: Ollama writes at most this many at once when memory allows; the rest waits in a queue that nobody sees.
PARALLEL: Final = 4
LOAD_PARAMETERS: Final = frozenset({"context_tokens"})

_CHAT: Final = "/api/chat"
_DEFAULT_PORT: Final = 11434
_DEFAULT_CONTEXT_TOKENS: Final = 8192
_MODELS_ASKED_AT_ONCE: Final = 4
_REASONS: Final[dict[str, FinishReason]] = {"stop": "stop", "length": "length"}
_OPTION_NAMES: Final = {"max_tokens": "num_predict"}


def build(config: BackendConfig, client: EgressClient) -> ChatBackend:
    """Make the adapter for one Ollama server."""
    return OllamaBackend(config, client)


def read_address(address: str) -> str:
    """Read ``OLLAMA_HOST``: scheme and port may be missing. Raises: SettingsInvalid."""
    return _shared.read_address(address, default_port=_DEFAULT_PORT)


async def recognise(probe: Probe) -> bool:
    """Tell by ``/api/version`` together with ``/api/tags``."""
    reply = await probe.get("/api/tags")
    return reply is not None and reply.body is not None and isinstance(reply.body.get("models"), list)


class OllamaBackend:
    """Speaks ``/api/chat``. Source: docs/api.md and api/types.go of github ollama/ollama, v0.33, 2026."""

    kind = "ollama"

    def __init__(self, config: BackendConfig, client: EgressClient) -> None:
        self.name = config.name
        self._config = config
        self._server = ModelServer(config, client)
        self._context_tokens = config.load.context_tokens or _DEFAULT_CONTEXT_TOKENS

    async def models(self) -> Sequence[ModelDescription]:
        """List the models; what the list leaves out is asked model by model."""
        entries = (await self._server.fetch("GET", "/api/tags")).get("models")
        if not isinstance(entries, list):
            raise BackendReplyInvalid(backend=self.name, reason="a list of models without models")
        turn = asyncio.Semaphore(_MODELS_ASKED_AT_ONCE)
        named = [entry for entry in entries if isinstance(entry, dict) and isinstance(entry.get("name"), str)]
        return await asyncio.gather(*(self._describe(entry, turn) for entry in named))

    async def count_tokens(self, model: str, text: str) -> int | None:
        """Return None: Ollama has no tokenizer endpoint."""
        return None

    def stream(self, request: ChatRequest) -> AsyncGenerator[BackendEvent, None]:
        """Stream an answer; a prompt that is too long is an error, never cut in silence."""
        return self._stream(request)

    async def relay(self, payload: Mapping[str, object]) -> OpenAIRelay:
        """Answer an OpenAI request by way of the native protocol.

        Ollama's own OpenAI form would cut a long prompt at its default context, and tell nobody.
        """
        request = read_completion_request(payload, backend=self.name)
        return await OpenAIRelay.begin(
            self._stream(request), model=request.model, is_stream=payload.get("stream") is True
        )

    async def relay_embeddings(self, payload: Mapping[str, object]) -> Relay:
        """Refuse: not spoken yet."""
        raise EmbeddingsUnsupported(model=str(payload.get("model", "")))

    async def close(self) -> None:
        """Do nothing: the connections belong to the client that all backends share."""

    async def _stream(self, request: ChatRequest) -> AsyncGenerator[BackendEvent, None]:
        try:
            await self._check_images(request)
        except BackendError as error:
            yield Failed(error=error)
            return
        parser = _OllamaReply(backend=self.name, model=request.model)
        payload = self._write_payload(request)
        reply = _shared.read_reply(self._server, _CHAT, payload, model=request.model, parser=parser)
        async with aclosing(reply):
            async for event in reply:
                yield event

    async def _check_images(self, request: ChatRequest) -> None:
        """Ollama drops a picture that the model cannot see; better to say so first."""
        has_image = any(isinstance(part, ImagePart) for message in request.messages for part in message.parts)
        if has_image and _read_vision(await self._show(request.model)) is False:
            raise ImageRefused(model=request.model)

    async def _show(self, model: str) -> dict[str, Any]:
        return await self._server.fetch("POST", "/api/show", {"model": model})

    async def _describe(self, entry: dict[str, Any], turn: asyncio.Semaphore) -> ModelDescription:
        name = entry["name"]
        details = _object(entry.get("details"))
        trained = whole_number(details.get("context_length"))
        vision = _read_vision(entry)
        if trained is None or vision is None:
            async with turn:
                trained, vision = await self._ask_about(name)
        quantisation = details.get("quantization_level")
        return ModelDescription(
            model=name,
            backend=self.name,
            state="ready",
            capabilities=Capabilities(
                context_tokens=min(self._context_tokens, trained or self._context_tokens),
                vision=vision,
                vision_known_by="api" if vision is not None else None,
                quantisation=quantisation if isinstance(quantisation, str) else None,
                size_bytes=whole_number(entry.get("size")),
            ),
            is_demonstration=self._config.is_demonstration,
        )

    async def _ask_about(self, model: str) -> tuple[int | None, bool | None]:
        """Return the trained context and the vision of one model; nothing is known of one that gives an error."""
        try:
            shown = await self._show(model)
        except BackendError:
            return None, None
        return _read_trained_context(shown), _read_vision(shown)

    def _write_payload(self, request: ChatRequest) -> dict[str, object]:
        chosen = request.parameters.chosen()
        options = {_OPTION_NAMES.get(name, name): value for name, value in chosen.items()}
        return {
            "model": request.model,
            "messages": [_write_message(message) for message in request.messages],
            "stream": True,
            "truncate": False,
            "shift": False,
            "options": {"num_ctx": self._context_tokens, **options},
        }


class _OllamaReply:
    """Reads lines of JSON; an object with ``done`` is the end."""

    def __init__(self, *, backend: str, model: str) -> None:
        self._backend = backend
        self._model = model
        self._finished: Finished | None = None

    @property
    def is_done(self) -> bool:
        return self._finished is not None

    def read(self, line: bytes) -> Iterator[BackendEvent]:
        if not line.strip():
            return
        body = loads_object(line, backend=self._backend)
        if body.get("error"):
            raise _shared.fault_of_stream(body["error"], backend=self._backend, model=self._model)
        message = _object(body.get("message"))
        reasoning = _shared.read_text(message.get("thinking"), backend=self._backend)
        if reasoning:
            yield ReasoningDelta(text=reasoning)
        text = _shared.read_text(message.get("content"), backend=self._backend)
        if text:
            yield TextDelta(text=text)
        if body.get("done") is True:
            self._finished = Finished(reason=_REASONS.get(str(body.get("done_reason")), "other"), usage=_usage(body))

    def finished(self) -> Finished | None:
        return self._finished


def _usage(body: dict[str, Any]) -> Usage | None:
    # A prompt that is wholly cached is left out of the counts.
    prompt, completion = whole_number(body.get("prompt_eval_count", 0)), whole_number(body.get("eval_count"))
    if prompt is None or completion is None:
        return None
    return Usage(prompt_tokens=prompt, completion_tokens=completion)


def _write_message(message: PromptMessage) -> dict[str, object]:
    written: dict[str, object] = {"role": message.role, "content": message.text}
    images = [base64.b64encode(part.content).decode("ascii") for part in message.parts if isinstance(part, ImagePart)]
    return {**written, "images": images} if images else written


def _read_vision(entry: dict[str, Any]) -> bool | None:
    capabilities = entry.get("capabilities")
    return "vision" in capabilities if isinstance(capabilities, list) else None


def _read_trained_context(shown: dict[str, Any]) -> int | None:
    information = _object(shown.get("model_info"))
    architecture = information.get("general.architecture")
    return whole_number(information.get(f"{architecture}.context_length"))


def _object(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
