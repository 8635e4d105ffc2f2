"""A request in OpenAI's form."""

import base64
from collections.abc import Collection

from samovar.domain.generation import ChatRequest, ImagePart, PromptMessage, TextPart
from samovar.domain.parameters import GenerationParameters

__all__ = ["write_messages", "write_parameters"]


def write_messages(request: ChatRequest) -> list[dict[str, object]]:
    """Render the messages; text alone stays a plain string, which every server understands."""
    return [{"role": message.role, "content": _write_content(message)} for message in request.messages]


def write_parameters(parameters: GenerationParameters, *, without: Collection[str] = ()) -> dict[str, object]:
    """Render the parameters that were chosen, except those that a server does not know."""
    return {name: value for name, value in parameters.chosen().items() if name not in without}


def _write_content(message: PromptMessage) -> str | list[dict[str, object]]:
    if all(isinstance(part, TextPart) for part in message.parts):
        return message.text
    return [_write_part(part) for part in message.parts]


def _write_part(part: TextPart | ImagePart) -> dict[str, object]:
    if isinstance(part, TextPart):
        return {"type": "text", "text": part.text}
    content = base64.b64encode(part.content).decode("ascii")
    return {"type": "image_url", "image_url": {"url": f"data:{part.media_type};base64,{content}"}}
