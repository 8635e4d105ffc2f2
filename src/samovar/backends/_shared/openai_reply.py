"""OpenAI's streamed chat completion, event by event."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final

from samovar.backends._shared.faults import fault_of_stream
from samovar.backends._shared.wire import loads_object, read_text, token_count
from samovar.domain.errors import BackendReplyInvalid
from samovar.domain.generation import (
    BackendEvent,
    Finished,
    FinishReason,
    PromptProgress,
    ReasoningDelta,
    TextDelta,
    Usage,
)

__all__ = ["OpenAIReply"]

_REASONS: Final[dict[str, FinishReason]] = {"stop": "stop", "length": "length", "content_filter": "refused"}
_IGNORED_FIELDS: Final = (b":", b"event:", b"id:", b"retry:")


class OpenAIReply:
    """Reads the lines of one reply; what it does not know, it passes over.

    Source: OpenAI API reference, "chat completion chunk"; llama.cpp tools/server/README.md for
    ``prompt_progress`` and ``timings``; 2026.
    """

    def __init__(self, *, backend: str, model: str, key: Callable[[], str | None] = lambda: None) -> None:
        """Take ``key`` as the way to learn what no error may repeat."""
        self._backend = backend
        self._model = model
        self._key = key
        self._is_done = False
        self._reason: FinishReason | None = None
        self._usage: Usage | None = None
        self._was_refused = False

    @property
    def is_done(self) -> bool:
        """Whether ``[DONE]`` has come."""
        return self._is_done

    def read(self, line: bytes) -> Sequence[BackendEvent]:
        """Read one line of server-sent events. Raises: BackendError."""
        if line.startswith(b"data:"):
            content = line[5:].strip()
            if content == b"[DONE]":
                self._is_done = True
            elif content:
                return self._read_chunk(loads_object(content, backend=self._backend))
        elif line.startswith(b"error:"):
            self._fail(loads_object(line[6:], backend=self._backend))
        elif line and not line.startswith(_IGNORED_FIELDS):
            raise BackendReplyInvalid(backend=self._backend, reason="it is not an event stream")
        return ()

    def finished(self) -> Finished | None:
        """Return the end if the server has named it."""
        if self._reason is None and not self._is_done:
            return None
        reason: FinishReason = "refused" if self._was_refused else self._reason or "other"
        return Finished(reason=reason, usage=self._usage)

    def _read_chunk(self, chunk: dict[str, Any]) -> Sequence[BackendEvent]:
        if chunk.get("error"):
            self._fail(chunk["error"])
        events: list[BackendEvent] = []
        if "prompt_progress" in chunk:
            events += _read_progress(chunk["prompt_progress"])
        if isinstance(chunk.get("usage"), dict):
            self._usage = _read_usage(chunk["usage"], chunk.get("timings"))
        choices = chunk.get("choices")
        if isinstance(choices, list) and choices and isinstance(choices[0], dict):
            self._read_choice(choices[0], events)
        return events

    def _read_choice(self, choice: dict[str, Any], events: list[BackendEvent]) -> None:
        delta = choice.get("delta")
        if isinstance(delta, dict):
            if thought := delta.get("reasoning_content") or delta.get("reasoning"):
                reasoning = self._text(thought)
                if reasoning:
                    events.append(ReasoningDelta(text=reasoning))
            refusal = self._text(delta.get("refusal"))
            self._was_refused = self._was_refused or bool(refusal)
            text = self._text(delta.get("content")) or refusal
            if text:
                events.append(TextDelta(text=text))
        reason = choice.get("finish_reason")
        if isinstance(reason, str):
            self._reason = _REASONS.get(reason, "other")

    def _text(self, value: object) -> str:
        return read_text(value, backend=self._backend)

    def _fail(self, error: object) -> None:
        raise fault_of_stream(error, backend=self._backend, model=self._model, key=self._key())


def _read_progress(progress: object) -> Iterator[PromptProgress]:
    if isinstance(progress, dict):
        processed, total = token_count(progress.get("processed")), token_count(progress.get("total"))
        if processed is not None and total is not None:
            yield PromptProgress(processed_tokens=processed, total_tokens=total)


def _read_usage(usage: dict[str, Any], timings: object) -> Usage | None:
    prompt, completion = token_count(usage.get("prompt_tokens")), token_count(usage.get("completion_tokens"))
    if prompt is None or completion is None:
        return None
    details = usage.get("prompt_tokens_details")
    cached = token_count(details.get("cached_tokens")) if isinstance(details, dict) else None
    if cached is None and isinstance(timings, dict):
        cached = token_count(timings.get("cache_n"))
    return Usage(
        prompt_tokens=prompt,
        completion_tokens=completion,
        cached_tokens=min(cached or 0, prompt),
        # No chat is of no tokens: such a server counts nothing, or only what it did not have in its cache.
        prompt_is_whole=prompt > 0,
    )
