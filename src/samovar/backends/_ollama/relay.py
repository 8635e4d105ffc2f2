"""Ollama's reply in OpenAI's form."""

import time
from collections.abc import AsyncGenerator, Iterator, Mapping
from typing import Any, Final
from uuid import uuid4

import orjson

from samovar.backends._ollama.reply import read_usage
from samovar.backends._shared import read_object, read_text, write_usage
from samovar.domain.errors import BackendReplyInvalid

__all__ = ["ChatRelay"]

_REASONS: Final = {"length": "length"}
#: Twice the tokens of the longest answer that a request may ask for.
_MOST_LINES: Final = 262_144


class ChatRelay:
    """A reply of ``/api/chat``, line by line or whole."""

    def __init__(
        self,
        first: Mapping[str, Any],
        lines: AsyncGenerator[dict[str, Any], None],
        payload: Mapping[str, Any],
        *,
        backend: str,
        counts_whole: bool,
    ) -> None:
        self._is_stream = payload.get("stream") is True
        self.status = 200
        self.content_type = "text/event-stream" if self._is_stream else "application/json"
        self._first = first
        self._lines = lines
        self._backend = backend
        self._counts_whole = counts_whole
        self._with_usage = read_object(payload.get("stream_options")).get("include_usage") is True
        self._head = {
            "id": f"chatcmpl-{uuid4().hex}",
            "created": int(time.time()),
            "model": str(payload.get("model", "")),
        }
        self._calls = 0

    @classmethod
    async def begin(
        cls,
        lines: AsyncGenerator[dict[str, Any], None],
        payload: Mapping[str, Any],
        *,
        backend: str,
        counts_whole: bool,
    ) -> "ChatRelay":
        """Wait for the first line of the reply to ``payload``. Raises: BackendError instead of a reply."""
        return cls(await anext(lines), lines, payload, backend=backend, counts_whole=counts_whole)

    async def chunks(self) -> AsyncGenerator[bytes, None]:
        """Yield the reply; closing hangs up. Raises: BackendError when it breaks off."""
        try:
            if not self._is_stream:
                yield orjson.dumps(self._write_whole([line async for line in self._all_lines()]))
                return
            yield self._event({"role": "assistant", "content": ""})
            for event in self._events(self._first):
                yield event
            async for line in self._lines:
                for event in self._events(line):
                    yield event
            yield b"data: [DONE]\n\n"
        finally:
            await self._lines.aclose()

    async def close(self) -> None:
        """Hang up, also when nothing was read."""
        await self._lines.aclose()

    async def _all_lines(self) -> AsyncGenerator[Mapping[str, Any], None]:
        """Raises: BackendReplyInvalid for more lines than any answer has; in memory they are far larger than sent."""
        yield self._first
        count = 1
        async for line in self._lines:
            count += 1
            if count > _MOST_LINES:
                raise BackendReplyInvalid(backend=self._backend, reason="it is too long")
            yield line

    def _events(self, line: Mapping[str, Any]) -> Iterator[bytes]:
        logprobs = line.get("logprobs")
        for delta in self._deltas(line):
            yield self._event(delta, logprobs=logprobs)
            logprobs = None
        if line.get("done") is True:
            yield self._event({}, reason=self._reason(line))
            if self._with_usage and (usage := self._usage(line)):
                yield self._chunk(choices=[], **usage)

    def _deltas(self, line: Mapping[str, Any]) -> Iterator[dict[str, object]]:
        message = read_object(line.get("message"))
        if thought := read_text(message.get("thinking"), backend=self._backend):
            yield {"reasoning_content": thought}
        if text := read_text(message.get("content"), backend=self._backend):
            yield {"content": text}
        if calls := self._read_calls(message):
            yield {"tool_calls": calls}

    def _read_calls(self, message: Mapping[str, Any]) -> list[dict[str, object]]:
        """Ollama sends each call whole, its arguments as an object; OpenAI writes them as a text of JSON."""
        given = message.get("tool_calls")
        calls: list[dict[str, object]] = []
        for call in given if isinstance(given, list) else ():
            function = read_object(read_object(call).get("function"))
            name = function.get("name")
            if not isinstance(name, str):
                continue
            identity = call.get("id")
            calls.append(
                {
                    "index": self._calls,
                    "id": identity if isinstance(identity, str) and identity else f"call_{uuid4().hex[:24]}",
                    "type": "function",
                    "function": {
                        "name": name,
                        "arguments": orjson.dumps(read_object(function.get("arguments"))).decode(),
                    },
                }
            )
            self._calls += 1
        return calls

    def _reason(self, line: Mapping[str, Any]) -> str:
        return "tool_calls" if self._calls else _REASONS.get(str(line.get("done_reason")), "stop")

    def _event(self, delta: Mapping[str, object], *, reason: str | None = None, logprobs: object = None) -> bytes:
        choice: dict[str, object] = {"index": 0, "delta": delta, "finish_reason": reason}
        if isinstance(logprobs, list):
            choice["logprobs"] = {"content": logprobs}
        return self._chunk(choices=[choice])

    def _chunk(self, **more: object) -> bytes:
        return b"data: " + orjson.dumps({**self._head, "object": "chat.completion.chunk", **more}) + b"\n\n"

    def _write_whole(self, lines: list[Mapping[str, Any]]) -> dict[str, object]:
        words: dict[str, list[str]] = {"content": [], "reasoning_content": []}
        calls: list[object] = []
        logprobs: list[object] = []
        for line in lines:
            logprobs += line["logprobs"] if isinstance(line.get("logprobs"), list) else []
            for delta in self._deltas(line):
                for name, value in delta.items():
                    if name in words:
                        words[name].append(str(value))
                    elif isinstance(value, list):
                        calls += value
        message: dict[str, object] = {"role": "assistant", "content": "".join(words["content"])}
        if words["reasoning_content"]:
            message["reasoning_content"] = "".join(words["reasoning_content"])
        if calls:
            message["tool_calls"] = calls
        choice: dict[str, object] = {"index": 0, "message": message, "finish_reason": self._reason(lines[-1])}
        if logprobs:
            choice["logprobs"] = {"content": logprobs}
        return {**self._head, "object": "chat.completion", "choices": [choice], **self._usage(lines[-1])}

    def _usage(self, line: Mapping[str, Any]) -> dict[str, object]:
        """The counts; half a count, as older servers give it, would pass for a whole one and is left out."""
        usage = read_usage(line, counts_whole=self._counts_whole)
        return {"usage": write_usage(usage)} if usage is not None and usage.prompt_is_whole else {}
