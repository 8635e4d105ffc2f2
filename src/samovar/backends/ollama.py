"""Ollama, by its native protocol: only there can the context length be set.

Tier: experimental.
"""

from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import aclosing
from typing import Any, Final, TypeVar

from samovar.backends import _shared
from samovar.backends._ollama.catalogue import Catalogue, StoredModel, full_name
from samovar.backends._ollama.context import DEFAULT_CONTEXT_TOKENS, choose_context, estimate_prompt
from samovar.backends._ollama.embeddings import WholeRelay, read_embedding_request, write_embeddings
from samovar.backends._ollama.relay import ChatRelay
from samovar.backends._ollama.reply import OllamaLines, OllamaReply
from samovar.backends._ollama.request import read_openai, write_chat, write_load
from samovar.backends._shared import ModelServer, ReplyParser, add_guesses, has_image, read_events, refuse_addresses
from samovar.domain.errors import BackendError, ContextExceeded, EmbeddingsUnsupported, ImageRefused
from samovar.domain.generation import BackendEvent, Capabilities, ChatRequest, Failed, ModelDescription
from samovar.egress import EgressClient
from samovar.ports.backend import BackendConfig, ChatBackend, Probe

__all__ = ["LOAD_PARAMETERS", "PARALLEL", "PORTS", "OllamaBackend", "build", "read_address", "recognise"]

_Event = TypeVar("_Event")

PORTS: Final = (11434,)
#: It does not tell. One answer a model is usual (OLLAMA_NUM_PARALLEL), three models in memory and more; beyond that,
#: requests wait in a queue of its own that nobody sees.
PARALLEL: Final = 4
LOAD_PARAMETERS: Final = frozenset({"context_tokens", "batch_tokens", "gpu_layers", "threads", "keep_alive_s"})

_CHAT: Final = "/api/chat"
_DEFAULT_PORT: Final = 11434
#: Vectors as text: some ten bytes a number, a thousand numbers a text, two thousand texts.
_MOST_EMBEDDING_BYTES: Final = 64_000_000


def build(config: BackendConfig, client: EgressClient) -> ChatBackend:
    """Make the adapter for one Ollama server."""
    return OllamaBackend(config, client)


def read_address(address: str) -> str:
    """Read ``OLLAMA_HOST``: scheme and port may be missing. Raises: SettingsInvalid."""
    return _shared.read_address(address, default_port=_DEFAULT_PORT)


async def recognise(probe: Probe) -> bool:
    """Tell by ``/api/version`` together with ``/api/tags``, or by the words with which they ask for a key."""
    version = await probe.get("/api/version")
    if version is None or version.body is None:
        return False
    if version.status in (401, 403):
        return version.body.get("error") == "unauthorized"
    tags = await probe.get("/api/tags")
    is_listed = tags is not None and tags.body is not None and isinstance(tags.body.get("models"), list)
    return is_listed and isinstance(version.body.get("version"), str)


class OllamaBackend:
    """Speaks ``/api/chat``, never Ollama's own OpenAI form, which would cut a long prompt and tell nobody.

    The context length is chosen for each request; ``_ollama/context.py`` has the rule.
    """

    kind = "ollama"

    def __init__(self, config: BackendConfig, client: EgressClient) -> None:
        self.name = config.name
        self._config = config
        self._server = ModelServer(config, client)
        self._catalogue = Catalogue(self._server)

    async def models(self) -> Sequence[ModelDescription]:
        """List the models, loaded or not."""
        return [self._describe(model) for model in await self._catalogue.models()]

    async def count_tokens(self, model: str, text: str) -> int | None:
        """Return None: Ollama has no tokenizer endpoint."""
        return None

    def stream(self, request: ChatRequest) -> AsyncGenerator[BackendEvent, None]:
        """Stream an answer; a prompt that is too long is an error, never cut in silence."""
        return self._stream(request)

    async def relay(self, payload: Mapping[str, object]) -> ChatRelay:
        """Answer an OpenAI request by way of the native protocol. Raises: BackendError."""
        model = str(payload.get("model", ""))
        stored = await self._catalogue.find(model)
        if refuse_addresses(payload, backend=self.name) and stored.has("vision") is False:
            raise ImageRefused(model=model)
        version = self._catalogue.version
        asked = read_openai(payload, backend=self.name, has_logprobs=version.has_logprobs)
        lines = self._ask(asked, stored, lambda: self._lines(model))
        return await ChatRelay.begin(lines, payload, backend=self.name, counts_whole=version.counts_whole_prompts)

    async def relay_embeddings(self, payload: Mapping[str, object]) -> WholeRelay:
        """Make vectors by the native protocol; a text that is too long is an error, never cut. Raises: BackendError."""
        model = str(payload.get("model", ""))
        asked = read_embedding_request(payload, backend=self.name)
        texts = asked["input"]
        assert isinstance(texts, list), "a list was made of it"
        stored = await self._catalogue.find(model)
        if stored.has("embedding") is False:
            raise EmbeddingsUnsupported(model=model)
        fields, options = write_load(self._config.load)
        longest = max((estimate_prompt({"messages": [{"content": text}]}, 0) for text in texts), default=0)
        window = choose_context(longest, most=self._most_tokens(stored), loaded=await self._loaded_tokens(stored))
        reply = await self._server.fetch(
            "POST",
            "/api/embed",
            {**asked, **fields, "options": {**options, "num_ctx": window}},
            timeout_s=self._config.first_token_timeout_s,
            most_bytes=_MOST_EMBEDDING_BYTES,
        )
        return WholeRelay(write_embeddings(reply, payload, texts=len(texts), backend=self.name))

    async def close(self) -> None:
        """Do nothing: the connections belong to the client that all backends share."""

    async def _stream(self, request: ChatRequest) -> AsyncGenerator[BackendEvent, None]:
        try:
            stored = await self._catalogue.find(request.model)
            if has_image(request) and stored.has("vision") is False:
                # Ollama would drop the picture and answer as if it had not been sent.
                raise ImageRefused(model=request.model)
            asked = write_chat(request, thinks=stored.has("thinking"))
            async with aclosing(self._ask(asked, stored, lambda: self._parser(request.model))) as events:
                async for event in events:
                    yield event
        except BackendError as error:
            yield Failed(error=error)

    def _parser(self, model: str) -> OllamaReply:
        counts_whole = self._catalogue.version.counts_whole_prompts
        return OllamaReply(self._lines(model), backend=self.name, counts_whole=counts_whole)

    def _lines(self, model: str) -> OllamaLines:
        return OllamaLines(backend=self.name, model=model, key=self._server.key)

    async def _ask(
        self, asked: Mapping[str, Any], stored: StoredModel, make_parser: Callable[[], ReplyParser[_Event]]
    ) -> AsyncGenerator[_Event, None]:
        """Send a chat and yield its reply; where the context was chosen too small, once more with the longest.

        Raises: BackendError.
        """
        fields, load_options = write_load(self._config.load)
        most = self._most_tokens(stored)
        needed = estimate_prompt(asked, asked["options"].get("num_predict"))
        window = choose_context(needed, most=most, loaded=await self._loaded_tokens(stored))
        model = str(asked["model"])
        for tokens in (window, most) if window < most else (window,):
            options = {**load_options, **asked["options"], "num_ctx": tokens}
            payload = {**asked, **fields, "options": options}
            has_begun = False
            reply = read_events(self._server, _CHAT, payload, model=model, parser=make_parser())
            try:
                async with aclosing(reply):
                    async for event in reply:
                        has_begun = True
                        yield event
                return
            except ContextExceeded as error:
                if has_begun or tokens == max(window, most):
                    # It does not say how long the prompt was; the limit is the one that was asked for.
                    raise ContextExceeded(needed_tokens=f">{tokens}", context_tokens=tokens, model=model) from error

    def _most_tokens(self, stored: StoredModel) -> int:
        configured = self._config.load.context_tokens or DEFAULT_CONTEXT_TOKENS
        return min(configured, stored.trained_tokens or configured)

    async def _loaded_tokens(self, stored: StoredModel) -> int | None:
        """The context of the copy in memory now."""
        return (await self._catalogue.loaded() or {}).get(full_name(stored.name))

    def _describe(self, stored: StoredModel) -> ModelDescription:
        embeds, thinks, vision = stored.has("embedding"), stored.has("thinking"), stored.has("vision")
        capabilities = Capabilities(
            context_tokens=max(self._most_tokens(stored), stored.loaded_tokens or 0),
            trained_context_tokens=stored.trained_tokens,
            loaded=stored.is_loaded,
            vision=vision,
            vision_known_by="api" if vision is not None else None,
            tools=stored.has("tools"),
            reasoning=thinks,
            embeddings=embeds,
            json_schema=stored.has("completion"),
            quantisation=stored.quantisation,
            size_bytes=stored.size_bytes,
            unsupported_parameters=frozenset({"reasoning_effort"}) if thinks is False else frozenset(),
        )
        return ModelDescription(
            model=stored.name,
            backend=self.name,
            state="ready",
            capabilities=add_guesses(capabilities, stored.name),
            is_demonstration=self._config.is_demonstration,
        )
