"""What an answer has cost, read from its last bytes: nothing is parsed while it streams."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from samovar.accounts.quotas import KeyQuotas
from samovar.domain.ids import KeyId
from samovar.domain.tripwire import was_cut
from samovar.gateway.directory import ModelChoice
from samovar.gateway.tokens import estimate_tokens
from samovar.telemetry.log import get_log
from samovar.telemetry.metrics import Metrics

__all__ = ["ReplyTail", "RequestAccount", "TokenUsage", "find_usage"]

log = get_log(__name__)

_TAIL_BYTES: Final = 4096
#: The end is kept in two pieces, each joined up to here: at least so much of it is there, however it was cut.
_PIECE_BYTES: Final = 2048
#: Of a reply that is not streamed, as UTF-8 with what JSON adds.
_BYTES_A_TOKEN: Final = 4
#: A backend that claims more than this is not believed.
_MOST_TOKENS: Final = 2**31
#: Inside a text of JSON the quotes would be escaped: this is a key, whatever a model writes.
_USAGE: Final = b'"usage"'
_EVENT: Final = b"data:"
_DECODER: Final = json.JSONDecoder()


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenUsage:
    """Tokens as a backend tells them; an embedding has no completion."""

    prompt_tokens: int
    completion_tokens: int


class ReplyTail:
    """The end of a reply that passes through, and how many events there were."""

    __slots__ = ("_before", "_last", "_start", "events")

    def __init__(self) -> None:
        """Begin before the first byte."""
        self.events = 0
        self._start: bytes | None = None
        self._before = self._last = b""

    def add(self, chunk: bytes) -> None:
        """Take note of the next bytes; this is done for every token, so it does next to nothing."""
        self.events += chunk.count(_EVENT)
        if len(self._last) + len(chunk) <= _PIECE_BYTES:
            self._last += chunk
            return
        if self._start is None:
            self._start = (self._last + chunk[:_TAIL_BYTES])[:_TAIL_BYTES]
        self._before, self._last = self._last, chunk[-_TAIL_BYTES:]

    def usage(self) -> TokenUsage | None:
        """What the backend says of the whole answer; some say it at the start of a reply that is not streamed."""
        return find_usage((self._before + self._last)[-_TAIL_BYTES:]) or find_usage(self._start or b"")


@dataclass(slots=True, kw_only=True)
class RequestAccount:
    """Whose tokens an answer takes, and the words that were sent for it; what is no chat is a request for vectors."""

    quotas: KeyQuotas
    metrics: Metrics
    key_id: KeyId
    texts: Sequence[str]
    is_chat: bool

    def settle_prompt(self) -> None:
        """Count the prompt of an answer that nobody waited for: to leave early is no way around a limit."""
        self.quotas.spend(self.key_id, sum(map(estimate_tokens, self.texts)))

    def settle(self, tail: ReplyTail, choice: ModelChoice, *, reply_bytes: int) -> None:
        """Count an answer after its end; where its backend does not tell, by its events or else by its length."""
        usage = tail.usage()
        if usage is None:
            written = tail.events or (reply_bytes // _BYTES_A_TOKEN if self.is_chat else 0)
            self.quotas.spend(self.key_id, sum(map(estimate_tokens, self.texts)) + written)
            return
        self.quotas.spend(self.key_id, usage.prompt_tokens + usage.completion_tokens)
        if self.is_chat and was_cut(self.texts, usage.prompt_tokens):
            backend = choice.backend.name
            self.metrics.prompts_cut.labels(backend).inc()
            log.warning("prompt.cut", backend=backend, model=choice.description.model, read_tokens=usage.prompt_tokens)


def find_usage(content: bytes) -> TokenUsage | None:
    """The last usage in a piece of a reply, or None. Raises: nothing, whatever the piece holds."""
    end = len(content)
    while (found := content.rfind(_USAGE, 0, end)) >= 0:
        end = found
        value = content[found + len(_USAGE) :].decode("utf-8", "replace").lstrip(" :\n\r\t")
        if value.startswith("{") and (usage := _read_usage(value)) is not None:
            return usage
    return None


def _read_usage(text: str) -> TokenUsage | None:
    try:
        value, _ = _DECODER.raw_decode(text)
    except (json.JSONDecodeError, RecursionError):
        return None
    assert isinstance(value, dict)
    prompt, completion = _count(value, "prompt_tokens"), _count(value, "completion_tokens")
    if prompt is None:
        return None
    return TokenUsage(prompt_tokens=prompt, completion_tokens=completion or 0)


def _count(value: Mapping[str, object], name: str) -> int | None:
    count = value.get(name)
    if isinstance(count, bool) or not isinstance(count, int):
        return None
    return count if 0 <= count <= _MOST_TOKENS else None
