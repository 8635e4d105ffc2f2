"""The port to a model server."""

from collections.abc import AsyncGenerator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from samovar.domain.backend import LoadParameters
from samovar.domain.generation import BackendEvent, ChatRequest, ModelDescription
from samovar.egress import EgressClient

__all__ = [
    "BackendConfig",
    "BackendModule",
    "ChatBackend",
    "Endpoint",
    "EndpointSource",
    "Probe",
    "ProbeReply",
    "Relay",
]


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
    load: LoadParameters = field(default_factory=LoadParameters)
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

    def chunks(self) -> AsyncGenerator[bytes, None]:
        """Yield the body as it arrives; closing the generator hangs up on the backend."""
        ...

    async def close(self) -> None:
        """Hang up, also when nothing was read; does nothing after the end."""
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

    async def relay_embeddings(self, payload: Mapping[str, object]) -> Relay:
        """Pass an OpenAI embeddings request on, and its reply back.

        Raises: EmbeddingsUnsupported where the backend has none.
        """
        ...

    async def close(self) -> None:
        """Give back the connections."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class ProbeReply:
    """What an unknown server answered; ``body`` is None where it is no JSON object."""

    status: int
    body: Mapping[str, object] | None
    headers: Mapping[str, str]


class Probe(Protocol):
    """A look at a server of unknown kind. Each path is asked once, whoever asks."""

    async def get(self, path: str) -> ProbeReply | None:
        """Ask for a path; None when no HTTP reply came in time."""
        ...


class BackendModule(Protocol):
    """What a file in ``backends/`` offers."""

    @property
    def PORTS(self) -> tuple[int, ...]:  # noqa: N802 - a constant of the module
        """Where servers of this kind usually listen."""
        ...

    @property
    def PARALLEL(self) -> int | None:  # noqa: N802 - a constant of the module
        """Answers that such a server usually writes at once; None where it takes as many as come."""
        ...

    @property
    def LOAD_PARAMETERS(self) -> frozenset[str]:  # noqa: N802 - a constant of the module
        """The fields of LoadParameters that take effect on such a server."""
        ...

    def build(self, config: BackendConfig, client: EgressClient) -> ChatBackend:
        """Make the adapter for one server; connects to nothing yet."""
        ...

    def read_address(self, address: str) -> str:
        """Turn what people write in settings into the ``url`` of an Endpoint.

        Raises: SettingsInvalid for what is no address.
        """
        ...

    async def recognise(self, probe: Probe) -> bool:
        """Tell whether the server is of this kind. A 401 on a path that only this kind has is a yes."""
        ...
