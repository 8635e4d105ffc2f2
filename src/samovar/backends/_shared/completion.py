"""OpenAI's protocol from the server's side, for backends that do not speak it."""

import base64
import binascii
import time
from collections.abc import AsyncGenerator, Mapping
from typing import Any, Final, Literal
from uuid import uuid4

import orjson

from samovar.backends._shared.wire import read_object
from samovar.domain.errors import BackendRefused, InvalidParameter
from samovar.domain.generation import (
    BackendEvent,
    ChatRequest,
    Failed,
    Finished,
    FinishReason,
    ImagePart,
    PromptMessage,
    ReasoningDelta,
    Role,
    TextDelta,
    TextPart,
    Usage,
)
from samovar.domain.parameters import PARAMETER_RANGES, read_parameters

__all__ = ["OpenAIRelay", "read_completion_request", "write_usage"]

_REASONS: Final[dict[FinishReason, str]] = {
    "stop": "stop",
    "length": "length",
    "refused": "content_filter",
    "other": "stop",
}
_ROLES: Final[dict[object, Role]] = {
    "system": "system",
    "developer": "system",
    "user": "user",
    "assistant": "assistant",
}
_PICTURES: Final[dict[str, Literal["image/png", "image/jpeg"]]] = {
    "data:image/png;base64": "image/png",
    "data:image/jpeg;base64": "image/jpeg",
}


def read_completion_request(payload: Mapping[str, object], *, backend: str) -> ChatRequest:
    """Turn an OpenAI request into ours. Raises: BackendRefused for what cannot be carried over."""
    messages = payload.get("messages")
    if not isinstance(messages, list) or not messages:
        raise BackendRefused(backend=backend, reason="messages are missing")
    known = {name: payload[name] for name in (*PARAMETER_RANGES, "stop") if payload.get(name) is not None}
    if "max_tokens" not in known and payload.get("max_completion_tokens") is not None:
        known["max_tokens"] = payload["max_completion_tokens"]
    try:
        parameters = read_parameters(known)
    except InvalidParameter as error:
        raise BackendRefused(backend=backend, reason=error.message) from error
    return ChatRequest(
        model=str(payload.get("model", "")),
        messages=tuple(_read_message(message, backend) for message in messages),
        parameters=parameters,
    )


def _read_message(message: object, backend: str) -> PromptMessage:
    if not isinstance(message, dict) or message.get("role") not in _ROLES:
        raise BackendRefused(backend=backend, reason="a message without a known role")
    content = message.get("content")
    parts = [{"type": "text", "text": content}] if isinstance(content, str) else content
    if not isinstance(parts, list):
        raise BackendRefused(backend=backend, reason="a message without content")
    return PromptMessage(role=_ROLES[message["role"]], parts=tuple(_read_part(part, backend) for part in parts))


def _read_part(part: Any, backend: str) -> TextPart | ImagePart:
    kind = part.get("type") if isinstance(part, dict) else None
    if kind == "text" and isinstance(part.get("text"), str):
        return TextPart(text=part["text"])
    image = part.get("image_url") if kind == "image_url" else None
    url = image.get("url") if isinstance(image, dict) else image
    head, _, body = url.partition(",") if isinstance(url, str) else ("", "", "")
    if head not in _PICTURES:
        raise BackendRefused(backend=backend, reason="a part that is neither text nor a PNG or JPEG data URI")
    try:
        return ImagePart(media_type=_PICTURES[head], content=base64.b64decode(body, validate=True))
    except binascii.Error as error:
        raise BackendRefused(backend=backend, reason="a picture that is not base64") from error


class OpenAIRelay:
    """Our events in OpenAI's wire form: a stream, or one whole reply."""

    def __init__(
        self, first: BackendEvent, events: AsyncGenerator[BackendEvent, None], payload: Mapping[str, object]
    ) -> None:
        is_stream = payload.get("stream") is True
        self.status = 200
        self.content_type = "text/event-stream" if is_stream else "application/json"
        self._first = first
        self._events = events
        self._is_stream = is_stream
        self._with_usage = read_object(payload.get("stream_options")).get("include_usage") is True
        self._head = {
            "id": f"chatcmpl-{uuid4().hex}",
            "created": int(time.time()),
            "model": str(payload.get("model", "")),
        }

    @classmethod
    async def begin(cls, events: AsyncGenerator[BackendEvent, None], payload: Mapping[str, object]) -> "OpenAIRelay":
        """Wait for the first event of the answer to ``payload``. Raises: BackendError instead of a reply."""
        first = await anext(events)
        if isinstance(first, Failed):
            await events.aclose()
            raise first.error
        return cls(first, events, payload)

    async def chunks(self) -> AsyncGenerator[bytes, None]:
        """Yield the reply; closing hangs up on the backend. Raises: BackendError when it breaks off."""
        try:
            if not self._is_stream:
                yield orjson.dumps(await self._write_whole())
                return
            async for event in self._all_events():
                for body in self._write_event(event):
                    yield b"data: " + orjson.dumps(body) + b"\n\n"
            yield b"data: [DONE]\n\n"
        finally:
            await self._events.aclose()

    async def close(self) -> None:
        """Hang up, also when nothing was read."""
        await self._events.aclose()

    async def _all_events(self) -> AsyncGenerator[BackendEvent, None]:
        yield self._first
        async for event in self._events:
            yield event

    def _write_event(self, event: BackendEvent) -> list[dict[str, object]]:
        match event:
            case TextDelta(text=text):
                return [self._chunk({"content": text}, None)]
            case ReasoningDelta(text=text):
                return [self._chunk({"reasoning_content": text}, None)]
            case Finished(reason=reason, usage=usage):
                end = self._chunk({}, _REASONS[reason])
                return (
                    [end]
                    if usage is None
                    else [end, {**self._chunk({}, None), "usage": write_usage(usage), "choices": []}]
                )
            case Failed(error=error):
                return [{"error": {"message": error.message, "type": "server_error", "code": error.code}}]
            case _:
                return []

    def _chunk(self, delta: Mapping[str, object], reason: str | None) -> dict[str, object]:
        choice = {"index": 0, "delta": delta, "finish_reason": reason}
        return {**self._head, "object": "chat.completion.chunk", "choices": [choice]}

    async def _write_whole(self) -> dict[str, object]:
        text: list[str] = []
        reasoning: list[str] = []
        finished = Finished(reason="other")
        async for event in self._all_events():
            match event:
                case TextDelta(text=words):
                    text.append(words)
                case ReasoningDelta(text=words):
                    reasoning.append(words)
                case Finished():
                    finished = event
                case Failed(error=error):
                    raise error
                case _:
                    pass
        message: dict[str, object] = {"role": "assistant", "content": "".join(text)}
        if reasoning:
            message["reasoning_content"] = "".join(reasoning)
        choice = {"index": 0, "message": message, "finish_reason": _REASONS[finished.reason]}
        usage = {"usage": write_usage(finished.usage)} if finished.usage else {}
        return {**self._head, "object": "chat.completion", "choices": [choice], **usage}


def write_usage(usage: Usage) -> dict[str, object]:
    """Write the counts as OpenAI does."""
    return {
        "prompt_tokens": usage.prompt_tokens,
        "completion_tokens": usage.completion_tokens,
        "total_tokens": usage.prompt_tokens + usage.completion_tokens,
        "prompt_tokens_details": {"cached_tokens": usage.cached_tokens},
    }
