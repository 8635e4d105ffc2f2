"""What Ollama's replies look like: entries of models, messages, and lines of JSON."""

import hashlib
from datetime import UTC, datetime
from typing import Final

import orjson

from .answer import Answer, Call
from .counts import Counts
from .prompt import Message, Model, Tool
from .reading import as_list, as_object, as_text, decode_base64
from .wire import Wire

__all__ = [
    "JSON",
    "MODIFIED",
    "OllamaWire",
    "now",
    "read_images",
    "read_message",
    "read_tool",
    "write_capabilities",
    "write_details",
    "write_entry",
]

JSON: Final = "application/json; charset=utf-8"
MODIFIED: Final = "2026-08-22T10:00:00.000000Z"
_LINES: Final = "application/x-ndjson"


class OllamaWire(Wire):
    """Lines of JSON."""

    stream_type = _LINES
    whole_type = JSON
    broken_words = "an error was encountered while running the model"

    def __init__(self, model: str, *, is_chat: bool) -> None:
        self._model = model
        self._is_chat = is_chat

    def begin(self) -> bytes:
        """Nothing: the first line is the first token."""
        return b""

    def thought(self, text: str) -> bytes:
        """A line with ``thinking``."""
        return self._line(self._part("", text), done=False)

    def text(self, text: str) -> bytes:
        """A line with ``content``."""
        return self._line(self._part(text), done=False)

    def call(self, index: int, call: Call) -> bytes:
        """A line with the whole call; arguments are an object."""
        return self._line(self._part("", calls=[_write_call(index, call)]), done=False)

    def noise(self) -> bytes:
        """An empty line, an unknown object, and a line with more fields than are documented."""
        strange = {"model": self._model, "created_at": now(), "event": "keepalive", "heartbeat": {"n": [1, None]}}
        return b"\n" + orjson.dumps(strange) + b"\n" + self._line(self._part("") | {"future": {"x": 1}}, done=False)

    def garbage(self) -> bytes:
        """Half an object."""
        return b'{"model": "llama3\n'

    def fault(self) -> bytes:
        """A line of its own, under status 200."""
        return orjson.dumps({"error": self.broken_words}) + b"\n"

    def end(self, answer: Answer, counts: Counts | None) -> bytes:
        """The line with ``done``, the reason and the counts."""
        return self._line(self._part(""), done=True, reason=_reason(answer), counts=counts)

    def whole(self, answer: Answer, counts: Counts | None) -> object:
        """The same object, with the whole text."""
        calls = [_write_call(index, call) for index, call in enumerate(answer.calls)]
        part = self._part("".join(answer.text), "".join(answer.reasoning), calls)
        return orjson.loads(self._line(part, done=True, reason=_reason(answer), counts=counts))

    def _part(self, text: str, thinking: str = "", calls: list[dict[str, object]] | None = None) -> dict[str, object]:
        if not self._is_chat:
            return {"response": text, **({"thinking": thinking} if thinking else {})}
        message: dict[str, object] = {"role": "assistant", "content": text}
        if thinking:
            message["thinking"] = thinking
        if calls:
            message["tool_calls"] = calls
        return {"message": message}

    def _line(
        self, part: dict[str, object], *, done: bool, reason: str | None = None, counts: Counts | None = None
    ) -> bytes:
        line: dict[str, object] = {"model": self._model, "created_at": now(), **part, "done": done}
        if reason is not None:
            line |= {"done_reason": reason, "total_duration": 4_883_583_458, "load_duration": 1_334_875}
        if counts is not None:
            # A count of nothing is left out, as Go does with zeros.
            if counts.prompt:
                line["prompt_eval_count"] = counts.prompt
            line |= {"prompt_eval_duration": 342_546_000, "eval_count": counts.completion, "eval_duration": 45_355_990}
        return orjson.dumps(line) + b"\n"


def write_entry(model: Model) -> dict[str, object]:
    """One model as the lists show it."""
    digest = hashlib.sha256(model.name.encode()).hexdigest()
    sizes = {"modified_at": MODIFIED, "size": model.size_bytes, "digest": digest}
    return {"name": model.name, "model": model.name, **sizes, "details": write_details(model)}


def write_details(model: Model) -> dict[str, object]:
    """The details of a model."""
    family = {"parent_model": "", "format": model.form, "family": model.family, "families": [model.family]}
    return {**family, "parameter_size": model.parameters, "quantization_level": model.quantisation}


def write_capabilities(model: Model) -> list[str]:
    """The abilities of a model in Ollama's words."""
    if model.embeds:
        return ["embedding"]
    known = {"vision": model.takes_images, "tools": model.takes_tools, "thinking": model.thinks}
    return ["completion", *(name for name, has_it in known.items() if has_it)]


def read_images(images: object) -> tuple[bytes, ...]:
    """Decode a list of base64 texts; what is none is left out."""
    return tuple(filter(None, (decode_base64(as_text(image)) for image in as_list(images))))


def read_message(message: object) -> Message:
    """Read one message of a request."""
    fields = as_object(message)
    return Message(
        role=as_text(fields.get("role")), text=as_text(fields.get("content")), images=read_images(fields.get("images"))
    )


def read_tool(tool: object) -> Tool:
    """Read one tool of a request."""
    function = as_object(as_object(tool).get("function"))
    return Tool(
        name=as_text(function.get("name")),
        description=as_text(function.get("description")),
        parameters=as_object(function.get("parameters")),
    )


def _write_call(index: int, call: Call) -> dict[str, object]:
    return {"id": call.identity, "function": {"index": index, "name": call.name, "arguments": call.arguments}}


def _reason(answer: Answer) -> str:
    return "stop" if answer.reason == "tool_calls" else answer.reason


def now() -> str:
    """The time as Go writes it."""
    return datetime.now(UTC).isoformat().replace("+00:00", "Z")
