"""Models that see: which one looks at a picture, and its whole answer."""

from collections.abc import Hashable
from contextlib import aclosing
from dataclasses import dataclass
from typing import Final

from samovar.domain.errors import ModelWithoutVision, NoVisionModel
from samovar.domain.generation import (
    ChatRequest,
    Failed,
    Finished,
    ImagePart,
    PromptMessage,
    TextDelta,
    TextPart,
    Usage,
)
from samovar.domain.parameters import GenerationParameters
from samovar.gateway.directory import ModelChoice
from samovar.gateway.routing import Gateway, Needs

__all__ = ["VisionAnswer", "VisionModels"]

_LOADING_WAIT_S: Final = 60.0
#: A server that does not obey the limit on tokens is not listened to for ever.
_LONGEST_ANSWER: Final = 40_000


@dataclass(frozen=True, slots=True, kw_only=True)
class VisionAnswer:
    """What a model says of a picture; ``is_cut`` when it was not allowed to finish."""

    text: str
    is_cut: bool
    usage: Usage | None


class VisionModels:
    """The way to a model that sees."""

    def __init__(self, gateway: Gateway, *, preferred: str | None) -> None:
        """Ask ``preferred``, or without it the first model that is known to see."""
        self._gateway = gateway
        self._preferred = preferred

    async def choose(self, model_id: str | None = None) -> ModelChoice:
        """Find the model that is to look. Raises: ModelWithoutVision, NoVisionModel, BackendError."""
        name = model_id or self._preferred
        if name is not None:
            choice = await self._gateway.directory.choose(name)
            if choice.description.capabilities.vision is not True:
                raise ModelWithoutVision(model=choice.model_id)
            return choice
        listing = await self._gateway.directory.list()
        seeing = [choice for choice in listing.choices if choice.description.capabilities.vision is True]
        if not seeing:
            raise NoVisionModel
        return min(seeing, key=_reluctance)

    async def ask(
        self, choice: ModelChoice, who: Hashable, picture: ImagePart, text: str, parameters: GenerationParameters
    ) -> VisionAnswer:
        """Show a picture and hear the whole answer. Raises: BackendError, EngineError, TooMany."""
        message = PromptMessage(role="user", parts=(picture, TextPart(text=text)))
        answer: VisionAnswer | None = None
        attempts = self._gateway.attempts(
            choice.model_id, who, needs=Needs(vision=True, loading_wait_s=_LOADING_WAIT_S)
        )
        async with aclosing(attempts):
            async for attempt in attempts:
                async with attempt as chosen:
                    request = ChatRequest(model=chosen.description.model, messages=(message,), parameters=parameters)
                    answer = await _hear(chosen, request)
        assert answer is not None, "an attempt was done, or an error was raised"
        return answer


async def _hear(choice: ModelChoice, request: ChatRequest) -> VisionAnswer:
    pieces: list[str] = []
    length = 0
    async with aclosing(choice.backend.stream(request)) as events:
        async for event in events:
            if isinstance(event, TextDelta):
                pieces.append(event.text)
                length += len(event.text)
                if length > _LONGEST_ANSWER:
                    return VisionAnswer(text="".join(pieces)[:_LONGEST_ANSWER], is_cut=True, usage=None)
            if isinstance(event, Finished):
                return VisionAnswer(text="".join(pieces), is_cut=event.reason == "length", usage=event.usage)
            if isinstance(event, Failed):
                raise event.error
    return VisionAnswer(text="".join(pieces), is_cut=True, usage=None)


def _reluctance(choice: ModelChoice) -> tuple[bool, bool, bool]:
    """Real before demonstration, ready before loading, loaded before others; the order of the list decides the rest."""
    description = choice.description
    return description.is_demonstration, description.state != "ready", description.capabilities.loaded is False
