"""What model servers say when they say no, in our words."""

import re
from collections.abc import Mapping
from typing import Final

import orjson

from samovar.domain.errors import (
    BackendBroke,
    BackendError,
    BackendFailed,
    BackendOverloaded,
    BackendRefused,
    BackendReplyInvalid,
    BackendUnauthorised,
    BackendUnreachable,
    ContextExceeded,
    EmbeddingsUnsupported,
    ImageRefused,
    ModelLoading,
    ModelUnknown,
)

__all__ = ["fault_of_reply", "fault_of_stream"]

_REASON_CHARACTERS: Final = 300
_BUSY: Final = (429, 503, 529)
_OVERFLOW: Final = re.compile(
    r"exceeds? (the )?(available |maximum |model'?s? )?context|maximum context length|context_length_exceeded"
    r"|longer than the context length|exceed_context_size|input length exceeds|context size has been exceeded"
    # LM Studio, of several versions.
    r"|when context the overflows|greater than the context length",
    re.IGNORECASE,
)
#: How long the context is, in the words of llama.cpp, vLLM and OpenAI, Foundry, LM Studio of today and before.
_LIMIT: Final = re.compile(
    r"(?:maximum context length (?:is|of) |available context size \(|n_ctx: ?|with context length of only )(\d{1,9})",
    re.IGNORECASE,
)
#: How long the prompt is; where a sum with the reply is told as well, the sum, since that is what had no room.
_NEEDED: Final = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        r"total of at least (\d{1,9})",
        r"requires (\d{1,9}) total",
        r"contains (?:at least )?(\d{1,9})",
        r"(?:requested|resulted in) (?:about )?(\d{1,9})",
        r"request \((\d{1,9}) tokens\)",
        r"n_keep: ?(\d{1,9})",
        r"keep the first (\d{1,9})",
    )
)
_EMBEDDINGS: Final = re.compile(
    r"does not support (?:the )?embeddings?\b|not an embedding model|generate embeddings from this model",
    re.IGNORECASE,
)
_MODEL_MISSING: Final = re.compile(
    r"not found|not exist|no such|no model matching|unknown model|not available", re.IGNORECASE
)
_IMAGE: Final = re.compile(
    r"image input is not supported|not a multimodal model|does not support (image|vision|multimodal)"
    r"|image_url.{0,40}not supported|cannot process images|no vision|missing data required for image input"
    r"|image_url is only supported by|at most 0 image|vision add-on is not loaded",
    re.IGNORECASE,
)


def fault_of_reply(status: int, content: bytes, *, backend: str, model: str, key: str | None) -> BackendError:
    """Name the error behind an HTTP reply that is not 200."""
    words, details = _read(content)
    if words is not None and _EMBEDDINGS.search(words):
        return EmbeddingsUnsupported(model=model)
    if status in (401, 403):
        return BackendUnauthorised(backend=backend, status=status)
    if 300 <= status < 400 or words is None:
        return _fault_without_words(status, backend=backend)
    if status == 503 and "loading" in words.lower():
        return ModelLoading(model=model)
    if status in _BUSY:
        return BackendOverloaded(backend=backend)
    if status == 404 and "model" in words.lower() and _MODEL_MISSING.search(words):
        return ModelUnknown(model=model)
    return _fault_of_words(words, {"code": status, **details}, backend=backend, model=model, key=key)


def fault_of_stream(error: object, *, backend: str, model: str, key: str | None = None) -> BackendError:
    """Name the error that came as an event inside a stream: an object, a sentence, or something else."""
    words, details = _words_of(error)
    if words is None:
        return BackendReplyInvalid(backend=backend, reason="an error without words")
    status = details.get("code")
    if status == 503 and "loading" in words.lower():
        return ModelLoading(model=model)
    if status in _BUSY:
        return BackendOverloaded(backend=backend)
    return _fault_of_words(words, details, backend=backend, model=model, key=key)


def _fault_without_words(status: int, *, backend: str) -> BackendError:
    if status in _BUSY:
        return BackendOverloaded(backend=backend)
    if status in (502, 504):
        return BackendUnreachable(backend=backend)
    return BackendReplyInvalid(backend=backend, reason=f"HTTP status {status}")


def _fault_of_words(
    words: str, details: Mapping[str, object], *, backend: str, model: str, key: str | None = None
) -> BackendError:
    if details.get("type") == "exceed_context_size_error" or _OVERFLOW.search(words):
        return _context_exceeded(words, details, model=model)
    if _IMAGE.search(words):
        return ImageRefused(model=model)
    if details.get("type") == "InternalServerError":
        # So vLLM answers, and ends its streams, when its engine has died: the server itself lives on for a moment.
        return BackendBroke(backend=backend)
    reason = _reason(words, key=key)
    code = details.get("code")
    if isinstance(code, int) and code >= 500:
        return BackendFailed(backend=backend, reason=reason)
    return BackendRefused(backend=backend, reason=reason)


def _context_exceeded(words: str, details: Mapping[str, object], *, model: str) -> ContextExceeded:
    needed, limit = details.get("n_prompt_tokens"), details.get("n_ctx")
    if not isinstance(needed, int) or not isinstance(limit, int):
        needed = next((number for each in _NEEDED if (number := _first_number(each, words)) is not None), None)
        limit = _first_number(_LIMIT, words)
    context_tokens: int | str = limit if limit is not None else "?"
    return ContextExceeded(
        needed_tokens=needed if needed is not None else f">{context_tokens}", context_tokens=context_tokens, model=model
    )


def _first_number(pattern: re.Pattern[str], words: str) -> int | None:
    found = pattern.search(words)
    return int(found.group(1)) if found else None


def _reason(words: str, *, key: str | None) -> str:
    # Some servers repeat the key that they were given.
    safe = words.replace(key, "…") if key else words
    shown = " ".join("".join(character if character.isprintable() else " " for character in safe).split())
    return shown[:_REASON_CHARACTERS].rstrip(". ") or "no reason given"


def _read(content: bytes) -> tuple[str | None, Mapping[str, object]]:
    try:
        value = orjson.loads(content)
    except orjson.JSONDecodeError:
        return None, {}
    if not isinstance(value, dict):
        return None, {}
    for place in ("error", "detail", "message"):
        if value.get(place):
            return _words_of(value[place])
    return None, {}


def _words_of(error: object) -> tuple[str | None, Mapping[str, object]]:
    if isinstance(error, str):
        return error, {}
    if isinstance(error, dict):
        words = error.get("message")
        code = error.get("code")
        if isinstance(words, str):
            return (f"{words} ({code})" if code == "context_length_exceeded" else words), error
    return None, {}
