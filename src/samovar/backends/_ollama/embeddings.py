"""Vectors by ``/api/embed``, answered in OpenAI's form."""

import base64
from array import array
from collections.abc import AsyncGenerator, Mapping
from typing import Any, Final

import orjson

from samovar.domain.errors import BackendRefused, BackendReplyInvalid

__all__ = ["WholeRelay", "read_embedding_request", "write_embeddings"]

_FIELDS: Final = frozenset({"model", "input", "encoding_format", "dimensions", "user"})
_MOST_TEXTS: Final = 2048


class WholeRelay:
    """A reply that is there already."""

    def __init__(self, content: bytes) -> None:
        self.status = 200
        self.content_type = "application/json"
        self._content = content

    async def chunks(self) -> AsyncGenerator[bytes, None]:
        """Yield it in one piece."""
        yield self._content

    async def close(self) -> None:
        """Do nothing: no connection is held."""


def read_embedding_request(payload: Mapping[str, Any], *, backend: str) -> dict[str, object]:
    """Put an OpenAI request into Ollama's terms. Raises: BackendRefused, which names what cannot be kept."""
    given = {name: value for name, value in payload.items() if value is not None}
    strange = next((name for name in given if name not in _FIELDS), None)
    if strange is not None:
        raise BackendRefused(backend=backend, reason=f"Ollama does not know {strange[:40]}")
    texts = given.get("input")
    texts = [texts] if isinstance(texts, str) else texts
    if not isinstance(texts, list) or not 0 < len(texts) <= _MOST_TEXTS or not all(isinstance(t, str) for t in texts):
        raise BackendRefused(backend=backend, reason=f"input is a text, or a list of 1 to {_MOST_TEXTS} texts")
    if given.get("encoding_format", "float") not in ("float", "base64"):
        raise BackendRefused(backend=backend, reason="encoding_format is float or base64")
    asked: dict[str, object] = {"model": str(given.get("model", "")), "input": texts, "truncate": False}
    return {**asked, **({"dimensions": given["dimensions"]} if "dimensions" in given else {})}


def write_embeddings(reply: Mapping[str, Any], payload: Mapping[str, Any], *, texts: int, backend: str) -> bytes:
    """Write the reply to ``payload``. Raises: BackendReplyInvalid, BackendRefused where dimensions were not kept."""
    vectors = reply.get("embeddings")
    if not isinstance(vectors, list) or len(vectors) != texts:
        raise BackendReplyInvalid(backend=backend, reason="another number of vectors than of texts")
    packed = [_pack(vector, backend) for vector in vectors]
    wanted = payload.get("dimensions")
    if wanted is not None and any(len(vector) != wanted for vector in packed):
        raise BackendRefused(backend=backend, reason="its vectors have another length than dimensions says")
    is_base64 = payload.get("encoding_format") == "base64"
    shown = [base64.b64encode(vector.tobytes()).decode("ascii") for vector in packed] if is_base64 else vectors
    entries = [{"object": "embedding", "index": index, "embedding": vector} for index, vector in enumerate(shown)]
    count = reply.get("prompt_eval_count", 0)
    tokens = count if isinstance(count, int) and not isinstance(count, bool) and count >= 0 else 0
    return orjson.dumps(
        {
            "object": "list",
            "data": entries,
            "model": str(payload.get("model", "")),
            "usage": {"prompt_tokens": tokens, "total_tokens": tokens},
        }
    )


def _pack(vector: object, backend: str) -> "array[float]":
    """Numbers of 32 bits, lowest byte first on every machine in use. Raises: BackendReplyInvalid."""
    try:
        return array("f", vector)  # type: ignore[call-overload, no-any-return]  # what is no list of numbers raises
    except (TypeError, OverflowError) as error:
        raise BackendReplyInvalid(backend=backend, reason="a vector that is no list of numbers") from error
