"""The port to a model server."""

from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from samovar.domain.generation import BackendEvent, ChatRequest, ModelDescription

__all__ = ["BackendConfig", "ChatBackend", "Endpoint", "Relay"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """Where a model server listens: ``url`` without a trailing slash or ``/v1``."""

    url: str
    key: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class BackendConfig:
    """What an adapter is built from.

    ``endpoint`` is a function because the embedded engine moves to another port when it is
    started again; it returns None while nothing listens yet. ``model`` is what is listed meanwhile.
    """

    name: str
    endpoint: "EndpointSource"
    first_token_timeout_s: float = 300.0
    idle_timeout_s: float = 60.0
    context_tokens: int | None = None
    model: str | None = None
    is_demonstration: bool = False


class EndpointSource(Protocol):
    """Tells where to connect now."""

    def __call__(self) -> Endpoint | None:
        """Return the current endpoint, or None while one is on its way.

        Raises: BackendError where none will come by itself.
        """
        ...


class Relay(Protocol):
    """A reply in OpenAI's wire form, passed on as it comes."""

    status: int
    content_type: str

    def chunks(self) -> AsyncIterator[bytes]:
        """Yield the body as it arrives; closing the iterator hangs up on the backend."""
        ...


class ChatBackend(Protocol):
    """One model server. Methods raise BackendError and nothing else."""

    name: str
    kind: str

    async def models(self) -> Sequence[ModelDescription]:
        """List the models that it offers, with what each can do."""
        ...

    async def count_tokens(self, model: str, text: str) -> int | None:
        """Count exactly, or return None where the backend has no tokenizer endpoint."""
        ...

    def stream(self, request: ChatRequest) -> AsyncGenerator[BackendEvent, None]:
        """Stream an answer; the last event is exactly one Finished or Failed.

        Closing the iterator hangs up, which makes the backend stop.
        """
        ...

    async def relay(self, payload: Mapping[str, object]) -> Relay:
        """Pass an OpenAI chat completion request on, and its reply back, unread."""
        ...

    async def close(self) -> None:
        """Give back the connections."""
        ...
