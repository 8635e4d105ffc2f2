"""Vectors of a backend's embedding model for Samovar itself, by the same line and the same attempts as answers."""

from collections.abc import Mapping
from contextlib import aclosing
from typing import Final, Literal

from samovar.domain.errors import BackendReplyInvalid, EmbeddingsUnsupported
from samovar.gateway.directory import ModelChoice
from samovar.gateway.routing import Gateway, Needs

__all__ = ["EmbeddingsModel"]

_LOADING_WAIT_S: Final = 60.0
#: A batch of the longest vectors that are stored, written out with many digits.
_LONGEST_REPLY_BYTES: Final = 32_000_000


class EmbeddingsModel:
    """The way to one embedding model, named ``backend/model``."""

    def __init__(self, gateway: Gateway, model_id: str) -> None:
        """Ask ``model_id`` by ``gateway``, and no other model in its place."""
        self.model_id = model_id
        self._gateway = gateway

    async def ask(self, payload: Mapping[str, object], purpose: Literal["question", "passages"]) -> bytes:
        """Send an OpenAI embeddings request, to which the model is added, and return the whole reply.

        Questions and passages are two customers in the backend's line, so that one does not wait behind all of the
        other. Raises: BackendError, EngineError, TooMany.
        """
        attempts = self._gateway.attempts(
            self.model_id, ("vectors", purpose), needs=Needs(loading_wait_s=_LOADING_WAIT_S)
        )
        reply = b""
        async with aclosing(attempts):
            async for attempt in attempts:
                async with attempt as choice:
                    reply = await _ask(choice, payload)
        return reply


async def _ask(choice: ModelChoice, payload: Mapping[str, object]) -> bytes:
    if choice.description.capabilities.embeddings is False:
        raise EmbeddingsUnsupported(model=choice.model_id)
    relay = await choice.backend.relay_embeddings({**payload, "model": choice.description.model})
    content = bytearray()
    try:
        async with aclosing(relay.chunks()) as chunks:
            async for chunk in chunks:
                content += chunk
                if len(content) > _LONGEST_REPLY_BYTES:
                    raise BackendReplyInvalid(backend=choice.backend.name, reason="it is too long")
    finally:
        await relay.close()
    return bytes(content)
