"""The part of OpenAI's protocol that most servers share."""

from collections.abc import AsyncGenerator, Mapping
from typing import Any, Final

from samovar.backends._shared.listing import read_entries
from samovar.backends._shared.openai_reply import OpenAIReply
from samovar.backends._shared.payload import Dialect, refuse_addresses, write_messages, write_parameters
from samovar.backends._shared.reply import read_reply
from samovar.backends._shared.server import HttpRelay, ModelServer
from samovar.domain.errors import EmbeddingsUnsupported
from samovar.domain.generation import BackendEvent, ChatRequest

__all__ = ["OpenAIChat"]

_CHAT: Final = "/v1/chat/completions"
_EMBEDDINGS: Final = "/v1/embeddings"
_MODELS: Final = "/v1/models"


class OpenAIChat:
    """Answers, relays and lists of one server. Source: OpenAI API reference, 2026."""

    def __init__(self, server: ModelServer, dialect: Dialect) -> None:
        self._server = server
        self._dialect = dialect

    async def entries(self) -> list[dict[str, Any]]:
        """List the models as the server describes them; each entry has an ``id``. Raises: BackendError."""
        listed = await self._server.fetch("GET", _MODELS)
        return read_entries(listed.get("data"), "id", backend=self._server.name)

    def stream(self, request: ChatRequest, **more: object) -> AsyncGenerator[BackendEvent, None]:
        """Stream an answer; ``more`` are further fields of the request."""
        payload = {
            "model": request.model,
            "messages": write_messages(request),
            "stream": True,
            "stream_options": {"include_usage": True},
            **self._dialect.always,
            **write_parameters(request.parameters, self._dialect),
            **more,
        }
        parser = OpenAIReply(backend=self._server.name, model=request.model, key=self._server.key)
        return read_reply(self._server, _CHAT, payload, model=request.model, parser=parser)

    async def relay(self, payload: Mapping[str, object]) -> HttpRelay:
        """Pass an OpenAI request on, our names of parameters put into the server's. Raises: BackendError."""
        refuse_addresses(payload, backend=self._server.name)
        return await self._server.relay(_CHAT, self._translate(payload))

    async def relay_embeddings(self, payload: Mapping[str, object]) -> HttpRelay:
        """Pass an OpenAI embeddings request on as it is. Raises: BackendError, EmbeddingsUnsupported among them."""
        missing = EmbeddingsUnsupported(model=str(payload.get("model", "")))
        return await self._server.relay(_EMBEDDINGS, payload, if_missing=missing)

    def _translate(self, payload: Mapping[str, object]) -> Mapping[str, object]:
        renamed = {
            theirs: payload[ours]
            for ours, theirs in self._dialect.renamed.items()
            if ours in payload and theirs not in payload
        }
        return {**payload, **renamed} if renamed else payload
