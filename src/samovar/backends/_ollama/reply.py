"""Replies of ``/api/chat``: lines of JSON, the last of which says ``done``."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from samovar.backends._shared import fault_of_stream, loads_object, read_object, read_text, token_count
from samovar.domain.generation import BackendEvent, Finished, FinishReason, ReasoningDelta, TextDelta, Usage

__all__ = ["OllamaLines", "OllamaReply", "read_usage"]

_REASONS: Final[dict[str, FinishReason]] = {"stop": "stop", "length": "length"}


class OllamaLines:
    """Reads lines into objects."""

    def __init__(self, *, backend: str, model: str, key: Callable[[], str | None] = lambda: None) -> None:
        """Take ``key`` as the way to learn what no error may repeat."""
        self._backend = backend
        self._model = model
        self._key = key
        self._last: dict[str, Any] | None = None

    @property
    def is_done(self) -> bool:
        """Whether the last line has come."""
        return self._last is not None

    def read(self, line: bytes) -> Iterator[dict[str, Any]]:
        """Read one line; the last is kept for ``finished``. Raises: BackendError."""
        if not line.strip():
            return
        body = loads_object(line, backend=self._backend)
        if body.get("error"):
            raise fault_of_stream(body["error"], backend=self._backend, model=self._model, key=self._key())
        if body.get("done") is True:
            self._last = body
        else:
            yield body

    def finished(self) -> dict[str, Any] | None:
        """Return the last line, if it has come."""
        return self._last


class OllamaReply:
    """Reads lines into our events. ``counts_whole``: whether counts of prompts have their cached part."""

    def __init__(self, lines: OllamaLines, *, backend: str, counts_whole: bool) -> None:
        self._lines = lines
        self._backend = backend
        self._counts_whole = counts_whole

    @property
    def is_done(self) -> bool:
        """Whether the last line has come."""
        return self._lines.is_done

    def read(self, line: bytes) -> Iterator[BackendEvent]:
        """Read one line. Raises: BackendError."""
        for body in self._lines.read(line):
            yield from self._read_message(body)
        last = self._lines.finished()
        if last is not None:
            yield from self._read_message(last)

    def finished(self) -> Finished | None:
        """Return the end, if it has come."""
        last = self._lines.finished()
        if last is None:
            return None
        reason = _REASONS.get(str(last.get("done_reason")), "other")
        return Finished(reason=reason, usage=read_usage(last, counts_whole=self._counts_whole))

    def _read_message(self, body: dict[str, Any]) -> Iterator[BackendEvent]:
        message = read_object(body.get("message"))
        if reasoning := read_text(message.get("thinking"), backend=self._backend):
            yield ReasoningDelta(text=reasoning)
        if text := read_text(message.get("content"), backend=self._backend):
            yield TextDelta(text=text)


def read_usage(last: Mapping[str, Any], *, counts_whole: bool) -> Usage | None:
    """Read the counts of a last line; a prompt that was wholly cached is left out by older servers."""
    prompt, completion = token_count(last.get("prompt_eval_count", 0)), token_count(last.get("eval_count"))
    if prompt is None or completion is None:
        return None
    cached = token_count(last.get("prompt_eval_cached_count")) or 0
    return Usage(
        prompt_tokens=prompt,
        completion_tokens=completion,
        cached_tokens=min(cached, prompt),
        prompt_is_whole=counts_whole and prompt > 0,
    )
