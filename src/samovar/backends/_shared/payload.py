"""A request in OpenAI's form."""

import base64
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from samovar.domain.errors import BackendRefused
from samovar.domain.generation import ChatRequest, ImagePart, PromptMessage, TextPart
from samovar.domain.parameters import GenerationParameters

__all__ = ["Dialect", "has_image", "refuse_addresses", "write_messages", "write_parameters"]

_SCHEMA_NAME: Final = "answer"


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialect:
    """How one kind of server differs from the protocol.

    ``renamed`` gives its names for our parameters, ``unsupported`` those that have no effect there, ``always`` the
    fields of every stream that we ask for. ``has_template_switch``: whether thinking is switched in the chat template.
    """

    renamed: Mapping[str, str] = field(default_factory=dict)
    unsupported: frozenset[str] = frozenset()
    always: Mapping[str, object] = field(default_factory=dict)
    has_template_switch: bool = False


_PLAIN: Final = Dialect()


def write_messages(request: ChatRequest) -> list[dict[str, object]]:
    """Render the messages; text alone stays a plain string, which every server understands."""
    return [{"role": message.role, "content": _write_content(message)} for message in request.messages]


def write_parameters(parameters: GenerationParameters, dialect: Dialect = _PLAIN) -> dict[str, object]:
    """Render the parameters that were chosen, except those that have no effect on the server."""
    written: dict[str, object] = {}
    for name, value in parameters.chosen().items():
        if name in dialect.unsupported:
            continue
        if name == "json_schema":
            schema = {"name": _SCHEMA_NAME, "strict": True, "schema": value}
            written["response_format"] = {"type": "json_schema", "json_schema": schema}
        elif name == "reasoning_effort" and dialect.has_template_switch:
            written |= _write_effort(value)
        else:
            written[dialect.renamed.get(name, name)] = value
    return written


def has_image(request: ChatRequest) -> bool:
    """Tell whether a request shows a picture."""
    return any(isinstance(part, ImagePart) for message in request.messages for part in message.parts)


def refuse_addresses(payload: Mapping[str, object], *, backend: str) -> bool:
    """Tell whether an OpenAI request has pictures, sounds or films, all of which must be in it.

    Some servers fetch what an address names, which would let a caller look around inside their network.

    Raises: BackendRefused for an address.
    """
    messages = payload.get("messages")
    found = False
    for message in messages if isinstance(messages, list) else ():
        content = message.get("content") if isinstance(message, dict) else None
        for part in content if isinstance(content, list) else ():
            kind = part.get("type") if isinstance(part, dict) else None
            if not isinstance(kind, str) or not kind.endswith("_url"):
                continue
            given = part.get(kind)
            address = given.get("url") if isinstance(given, dict) else given
            if not isinstance(address, str) or not address.startswith("data:"):
                raise BackendRefused(backend=backend, reason="pictures travel as data URIs, not as addresses")
            found = True
    return found


def _write_effort(effort: object) -> dict[str, object]:
    # Models that think by halves read the effort; the others know a switch alone, which is in their template.
    switch: dict[str, object] = {"chat_template_kwargs": {"enable_thinking": effort != "none"}}
    return switch if effort == "none" else {"reasoning_effort": effort, **switch}


def _write_content(message: PromptMessage) -> str | list[dict[str, object]]:
    if all(isinstance(part, TextPart) for part in message.parts):
        return message.text
    return [_write_part(part) for part in message.parts]


def _write_part(part: TextPart | ImagePart) -> dict[str, object]:
    if isinstance(part, TextPart):
        return {"type": "text", "text": part.text}
    content = base64.b64encode(part.content).decode("ascii")
    return {"type": "image_url", "image_url": {"url": f"data:{part.media_type};base64,{content}"}}
