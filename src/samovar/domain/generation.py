"""What is sent to a backend and what comes back, free of any backend's wire form."""

from dataclasses import dataclass, field
from typing import Literal

from samovar.domain.errors import BackendError
from samovar.domain.parameters import GenerationParameters

__all__ = [
    "BackendEvent",
    "Capabilities",
    "ChatRequest",
    "Failed",
    "FinishReason",
    "Finished",
    "ImagePart",
    "KnownBy",
    "ModelDescription",
    "PromptMessage",
    "PromptProgress",
    "ReasoningDelta",
    "Role",
    "TextDelta",
    "TextPart",
    "Usage",
]

Role = Literal["system", "user", "assistant"]
FinishReason = Literal["stop", "length", "refused", "other"]
KnownBy = Literal["api", "probe", "name"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Capabilities:
    """What one model on one backend can do; None means that the backend does not tell.

    ``context_tokens`` is the context length in force, ``trained_context_tokens`` the longest that the
    model knows. ``guessed`` names the fields that are read from the model's name and from nothing better;
    for vision ``vision_known_by`` says more. ``parallel`` is how many answers are written at once.
    """

    context_tokens: int | None = None
    trained_context_tokens: int | None = None
    loaded: bool | None = None
    vision: bool | None = None
    vision_known_by: KnownBy | None = None
    tools: bool | None = None
    reasoning: bool | None = None
    embeddings: bool | None = None
    json_schema: bool | None = None
    prompt_cache: bool | None = None
    tokenizer: bool = False
    parallel: int | None = None
    quantisation: str | None = None
    size_bytes: int | None = None
    licence: str | None = None
    guessed: frozenset[str] = frozenset()
    unsupported_parameters: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelDescription:
    """A model as a backend offers it.

    ``model`` is the backend's own name for it; ``state`` tells whether a request would be
    answered at once.
    """

    model: str
    backend: str
    state: Literal["ready", "loading", "unavailable"]
    capabilities: Capabilities
    is_demonstration: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class TextPart:
    """Words of a message."""

    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ImagePart:
    """A picture of a message, already bounded in size and re-encoded by us."""

    media_type: Literal["image/png", "image/jpeg"]
    content: bytes = field(repr=False)
    name: str = "image"


@dataclass(frozen=True, slots=True, kw_only=True)
class PromptMessage:
    """One message as the model will read it."""

    role: Role
    parts: tuple[TextPart | ImagePart, ...]

    @property
    def text(self) -> str:
        """The words of every text part, joined without a separator."""
        return "".join(part.text for part in self.parts if isinstance(part, TextPart))


@dataclass(frozen=True, slots=True, kw_only=True)
class ChatRequest:
    """A whole request to a backend."""

    model: str
    messages: tuple[PromptMessage, ...]
    parameters: GenerationParameters = field(default_factory=GenerationParameters)


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """Tokens that the backend says it read and wrote.

    ``prompt_tokens`` is the whole prompt as the backend understood it, ``cached_tokens`` the part of it that
    was not evaluated again. An adapter whose server counts otherwise adds up; where it cannot,
    ``prompt_is_whole`` is False, and nothing is concluded from the count.
    """

    prompt_tokens: int
    completion_tokens: int
    cached_tokens: int = 0
    prompt_is_whole: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class PromptProgress:
    """How much of the prompt has been evaluated before the first token."""

    processed_tokens: int
    total_tokens: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TextDelta:
    """More words of the answer."""

    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ReasoningDelta:
    """More words of the model's reasoning, which are not part of the answer."""

    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Finished:
    """The one good end of a stream; ``usage`` is None when the backend does not tell."""

    reason: FinishReason
    usage: Usage | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Failed:
    """The one bad end of a stream; what came before it stays valid."""

    error: BackendError


BackendEvent = PromptProgress | TextDelta | ReasoningDelta | Finished | Failed
