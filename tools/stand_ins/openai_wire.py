"""Replies in the form of OpenAI's chat completions: server-sent events, or one object."""

import math
import time
import zlib
from collections.abc import Mapping
from typing import Final
from uuid import uuid4

import orjson

from .answer import Answer, Call
from .counts import Counts
from .wire import Wire
from .words import number_tokens

__all__ = ["OpenAIWire"]

_DONE: Final = b"data: [DONE]\n\n"
_ALTERNATIVE: Final = " tea"


class OpenAIWire(Wire):
    """The form itself; what a server adds to it are the class attributes and the methods with an underscore."""

    stream_type = "text/event-stream"
    whole_type = "application/json"
    broken_words = "The server had an error while processing your request."
    #: The name of the field with thoughts, which OpenAI does not document and every server has.
    reasoning_field = "reasoning_content"
    #: Whether refusals have a field of their own; elsewhere they are text like another.
    marks_refusals = False
    has_logprobs = True
    #: Whether a logprob names the number of its token.
    numbers_tokens = False
    first_content: str | None = ""
    reasons: Mapping[str, str] = {"stop": "stop", "length": "length", "tool_calls": "tool_calls"}

    def __init__(self, model: str, *, with_usage: bool, top_logprobs: int | None, refuses: bool) -> None:
        """``top_logprobs`` is None where no logprobs were asked for."""
        self._model = model
        self._with_usage = with_usage
        self._top = top_logprobs if self.has_logprobs else None
        self._refuses = refuses and self.marks_refusals
        self._identity = f"chatcmpl-{uuid4().hex[:24]}"
        self._created = int(time.time())

    # What servers change.

    def _head(self) -> dict[str, object]:
        """Fields that every object of the reply has."""
        return {"system_fingerprint": None}

    def _chunk_choice(self) -> dict[str, object]:
        """Fields that the choice of a chunk has besides delta and reason."""
        return {"logprobs": None}

    def _last_choice(self) -> dict[str, object]:
        """Fields that the last choice has besides."""
        return {}

    def _message(self) -> dict[str, object]:
        """Fields that a whole message has besides role and content."""
        return {"refusal": None}

    def _whole_choice(self) -> dict[str, object]:
        """Fields that the choice of a whole reply has besides."""
        return {"logprobs": None}

    def _whole(self, counts: Counts | None) -> dict[str, object]:
        """Fields that a whole reply has besides."""
        return {}

    def _last_chunk(self, counts: Counts | None) -> dict[str, object]:
        """Fields of the last chunk besides."""
        return {}

    def _usage(self, counts: Counts, *, is_stream: bool) -> dict[str, object]:
        """The counts."""
        return {
            "prompt_tokens": counts.prompt or 0,
            "completion_tokens": counts.completion,
            "total_tokens": counts.total,
            "prompt_tokens_details": {"cached_tokens": counts.cached},
            "completion_tokens_details": {"reasoning_tokens": counts.reasoning},
        }

    # The stream.

    def begin(self) -> bytes:
        """The chunk with the role."""
        return self._event(self._first_chunk({"role": "assistant", "content": self.first_content}))

    def _first_chunk(self, delta: Mapping[str, object]) -> dict[str, object]:
        return self._chunk(delta)

    def thought(self, text: str) -> bytes:
        """A chunk with a thought."""
        return self._event(self._chunk({self.reasoning_field: text}))

    def text(self, text: str) -> bytes:
        """A chunk with a token, and its logprob where asked for."""
        chunk = self._chunk({"refusal" if self._refuses else "content": text})
        if self._top is not None:
            chunk["choices"] = [{**_only(chunk), "logprobs": {"content": [self._logprob(text)]}}]
        return self._event(chunk)

    def call(self, index: int, call: Call) -> bytes:
        """Chunks with a call: its name, then its arguments in two parts."""
        arguments = orjson.dumps(call.arguments).decode()
        middle = len(arguments) // 2
        named = {"index": index, "id": call.identity, "type": "function"}
        parts: list[dict[str, object]] = [
            {**named, "function": {"name": call.name, "arguments": ""}},
            {"index": index, "function": {"arguments": arguments[:middle]}},
            {"index": index, "function": {"arguments": arguments[middle:]}},
        ]
        return b"".join(self._event(self._chunk({"tool_calls": [part]})) for part in parts)

    def noise(self) -> bytes:
        """A comment, a named event, an object of another sort, and fields that nobody knows."""
        strange = self._event(self._chunk({"mood": "calm"}) | {"future": [{"x": None}]})
        return b": keep-alive\n\nevent: ping\ndata: {}\n\n" + self._event({"object": "telemetry", "n": 1}) + strange

    def garbage(self) -> bytes:
        """Half an object."""
        return b'data: {"choices": [{"delta":\n\n'

    def fault(self) -> bytes:
        """An event with an error."""
        return self._event(
            {"error": {"message": self.broken_words, "type": "server_error", "param": None, "code": None}}
        )

    def end(self, answer: Answer, counts: Counts | None) -> bytes:
        """The reason, the counts where asked for, and the mark of the end."""
        last = self._chunk(self._last_delta(), self.reasons[answer.reason])
        last["choices"] = [{**_only(last), **self._last_choice()}]
        if not self._with_usage or counts is None:
            return self._event(last | self._last_chunk(counts)) + _DONE
        chunk = self._chunk({}) | {"choices": [], "usage": self._usage(counts, is_stream=True)}
        return self._event(last) + self._event(chunk | self._last_chunk(counts)) + _DONE

    def _last_delta(self) -> dict[str, object]:
        return {}

    # The whole reply.

    def whole(self, answer: Answer, counts: Counts | None) -> object:
        """One object."""
        text = "".join(answer.text)
        message: dict[str, object] = {"role": "assistant", "content": text, **self._message()}
        if self._refuses:
            message |= {"content": None, "refusal": text}
        if answer.reasoning:
            message[self.reasoning_field] = "".join(answer.reasoning)
        if answer.calls:
            message["tool_calls"] = [_write_call(call) for call in answer.calls]
        choice: dict[str, object] = {"index": 0, "message": message, "finish_reason": self.reasons[answer.reason]}
        choice |= self._whole_choice()
        if self._top is not None:
            choice["logprobs"] = {"content": [self._logprob(token) for token in answer.text]}
        head = {"id": self._identity, "object": "chat.completion", "created": self._created, "model": self._model}
        usage = {} if counts is None else {"usage": self._usage(counts, is_stream=False)}
        return {**head, "choices": [choice], **self._head(), **usage, **self._whole(counts)}

    def _chunk(self, delta: Mapping[str, object], reason: str | None = None) -> dict[str, object]:
        head = {"id": self._identity, "object": "chat.completion.chunk", "created": self._created}
        choice = {"index": 0, "delta": delta, **self._chunk_choice(), "finish_reason": reason}
        return {**head, "model": self._model, "choices": [choice], **self._head()}

    def _event(self, body: object) -> bytes:
        return b"data: " + orjson.dumps(body) + b"\n\n"

    def _logprob(self, token: str) -> dict[str, object]:
        chance = 0.5 + (zlib.crc32(token.encode()) % 49) / 100
        first = self._logprob_of(token, chance)
        others = [first, self._logprob_of(_ALTERNATIVE, 1 - chance)][: self._top]
        return {**first, "top_logprobs": others}

    def _logprob_of(self, token: str, chance: float) -> dict[str, object]:
        number = {"id": number_tokens([token])[0]} if self.numbers_tokens else {}
        return {**number, "token": token, "logprob": math.log(chance), "bytes": list(token.encode())}


def _only(chunk: Mapping[str, object]) -> dict[str, object]:
    choices = chunk["choices"]
    assert isinstance(choices, list)
    choice = choices[0]
    assert isinstance(choice, dict)
    return choice


def _write_call(call: Call) -> dict[str, object]:
    function = {"name": call.name, "arguments": orjson.dumps(call.arguments).decode()}
    return {"id": call.identity, "type": "function", "function": function}
