"""Any other server of OpenAI's form: it tells the names of its models and nothing more."""

from typing import ClassVar

from aiohttp import web

from .openai_form import OpenAIForm
from .openai_wire import OpenAIWire
from .prompt import Model

__all__ = ["OpenAI"]


class MarkingWire(OpenAIWire):
    """OpenAI's own form, where refusals have a field."""

    marks_refusals = True


class OpenAI(OpenAIForm):
    """OpenAI's form to the letter. Source: OpenAI's API reference, 2026."""

    kind: ClassVar[str] = "openai"
    default_port: ClassVar[int] = 4000
    wire = MarkingWire

    def usual_models(self) -> tuple[Model, ...]:
        """One of each sort, named by what they are."""
        return (
            _model("text-model", takes_tools=True),
            _model("vision-model", takes_images=True, takes_tools=True),
            _model("blind-vision-model", takes_images=True, is_blind=True),
            _model("reasoning-model", thinks=True),
            _model("embedding-model", dimensions=768),
        )

    def unauthorised(self) -> web.Response:
        """OpenAI's words."""
        return self.error(401, "Incorrect API key provided.", code="invalid_api_key")

    def busy(self) -> web.Response:
        """Too many requests."""
        words = "Rate limit reached for requests. Please try again later."
        return self.error(429, words, sort="requests", code="rate_limit_exceeded")


def _model(
    name: str,
    *,
    takes_images: bool = False,
    is_blind: bool = False,
    takes_tools: bool = False,
    thinks: bool = False,
    dimensions: int = 0,
) -> Model:
    return Model(
        name=name,
        family="",
        parameters="",
        quantisation="",
        size_bytes=0,
        context_tokens=32_768,
        takes_images=takes_images,
        is_blind=is_blind,
        takes_tools=takes_tools,
        thinks=thinks,
        embeds=dimensions > 0,
        dimensions=dimensions,
    )
