"""The embedding model of a backend: any server that answers an OpenAI embeddings request.

Tier: supported. Source: OpenAI API reference, embeddings, November 2026.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Final, Literal

import orjson

from samovar.domain.errors import (
    BackendFailed,
    BackendRefused,
    ContextExceeded,
    EmbedderUnavailable,
    SamovarError,
)
from samovar.embedders._prefixes import prefixes_of
from samovar.embedders._shared import clean_passage, clean_question, unit_vector
from samovar.ports.embedder import Vector

__all__ = ["Ask", "BackendEmbedder", "build"]

#: Sends an OpenAI embeddings request (without its model) and returns the whole reply. Raises SamovarError.
Ask = Callable[[Mapping[str, object], Literal["question", "passages"]], Awaitable[bytes]]

_BATCH: Final = 16
#: What pgvector can index in half precision (halfvec, HNSW; pgvector 0.8, 2025).
_MOST_DIMENSIONS: Final = 4_000
_QUESTION_TIMEOUT_S: Final = 10.0
_PASSAGES_TIMEOUT_S: Final = 300.0
#: After a question that failed, the next ones do not wait for the same error for so long.
_REST_S: Final = 10.0
#: Servers name a text that is too long in many ways, so a text that was refused is halved so often before it is given
#: up: an eighth of the longest passage fits 512 tokens of any model.
_HALVINGS: Final = 3
_TOO_LONG: Final = (ContextExceeded, BackendRefused, BackendFailed)


def build(model_id: str, ask: Ask) -> "BackendEmbedder":
    """Make the embedder for ``backend/model``; asks nothing yet."""
    return BackendEmbedder(model_id, ask)


class BackendEmbedder:
    """Implements the port ``Embedder``."""

    def __init__(self, model_id: str, ask: Ask) -> None:
        """Name the model, and the way to ask it."""
        self.name = model_id
        self.dimensions: int | None = None
        self._ask_model = ask
        self._prefixes = prefixes_of(model_id.partition("/")[2] or model_id)
        self._failure: EmbedderUnavailable | None = None
        self._rests_until = 0.0

    async def embed_question(self, text: str) -> Vector:
        """Embed what is searched for. Raises: EmbedderUnavailable, at once while a failure is new."""
        if self._failure is not None and time.monotonic() < self._rests_until:
            raise self._failure.with_traceback(None)
        try:
            (vector,) = await self._ask(
                [self._prefixes.question + clean_question(text)], "question", timeout_s=_QUESTION_TIMEOUT_S
            )
        except _TOO_LONG as error:
            raise self._fail(error) from error
        except EmbedderUnavailable as error:
            self._failure, self._rests_until = error, time.monotonic() + _REST_S
            raise
        self._failure = None
        return vector

    async def embed_passages(self, texts: Sequence[str]) -> Sequence[Vector]:
        """Embed texts in batches; one that is too long for the model gets the mean of its parts.

        Raises: EmbedderUnavailable.
        """
        vectors: list[Vector] = []
        for start in range(0, len(texts), _BATCH):
            batch = [clean_passage(text) for text in texts[start : start + _BATCH]]
            try:
                vectors += await self._ask_passages(batch)
            except _TOO_LONG:
                vectors += [await self._embed_in_parts(text, _HALVINGS) for text in batch]
        return vectors

    async def close(self) -> None:
        """Nothing is held here: the connections belong to the backend."""

    async def _embed_in_parts(self, text: str, halvings: int) -> Vector:
        try:
            (vector,) = await self._ask_passages([text])
        except _TOO_LONG as error:
            if halvings == 0 or len(text) < 2:
                raise self._fail(error) from error
        else:
            return vector
        # At a blank near the middle, so that no word is cut.
        middle = text.rfind(" ", len(text) // 4, len(text) // 2) + 1 or len(text) // 2
        parts = [await self._embed_in_parts(part, halvings - 1) for part in (text[:middle], text[middle:])]
        weights = (middle, len(text) - middle)
        mean = [
            sum(weight * number for weight, number in zip(weights, numbers, strict=True))
            for numbers in zip(*parts, strict=True)
        ]
        return unit_vector(mean) or parts[0]

    async def _ask_passages(self, batch: Sequence[str]) -> list[Vector]:
        texts = [self._prefixes.passage + text for text in batch]
        return await self._ask(texts, "passages", timeout_s=_PASSAGES_TIMEOUT_S)

    async def _ask(
        self, texts: Sequence[str], purpose: Literal["question", "passages"], *, timeout_s: float
    ) -> list[Vector]:
        """Raises: EmbedderUnavailable, or one of ``_TOO_LONG``."""
        try:
            async with asyncio.timeout(timeout_s):
                reply = await self._ask_model({"input": list(texts), "encoding_format": "float"}, purpose)
        except TimeoutError as error:
            raise self._unavailable(f"it was silent for {timeout_s:.0f} seconds") from error
        except _TOO_LONG:
            raise
        except SamovarError as error:
            raise self._fail(error) from error
        return self._read(reply, len(texts))

    def _read(self, reply: bytes, count: int) -> list[Vector]:
        """Check a reply as if its sender meant harm: every text has one vector, all of one length, and of numbers."""
        try:
            entries = orjson.loads(reply)["data"]
        except (orjson.JSONDecodeError, KeyError, TypeError) as error:
            raise self._unavailable("its reply is no list of vectors") from error
        if not isinstance(entries, list) or len(entries) != count:
            raise self._unavailable("it did not send one vector for each text")
        vectors: dict[int, Vector] = {}
        for place, entry in enumerate(entries):
            if not isinstance(entry, dict):
                raise self._unavailable("its reply is no list of vectors")
            index = entry.get("index", place)
            # A bool is an int in Python; True would be taken for 1.
            if type(index) is not int or not 0 <= index < count or index in vectors:
                raise self._unavailable("it did not send one vector for each text")
            vectors[index] = self._read_vector(entry.get("embedding"))
        return [vectors[index] for index in range(count)]

    def _read_vector(self, numbers: object) -> Vector:
        if not isinstance(numbers, list) or not all(type(number) in (float, int) for number in numbers):
            raise self._unavailable("a vector is no list of numbers")
        if not 0 < len(numbers) <= _MOST_DIMENSIONS:
            raise self._unavailable(f"its vectors have {len(numbers)} numbers, and {_MOST_DIMENSIONS} can be searched")
        if self.dimensions is not None and len(numbers) != self.dimensions:
            raise self._unavailable(f"its vectors had {self.dimensions} numbers, and now have {len(numbers)}")
        vector = unit_vector(numbers)
        if vector is None:
            raise self._unavailable("it made a vector that is none")
        self.dimensions = len(numbers)
        return vector

    def _fail(self, error: SamovarError) -> EmbedderUnavailable:
        return self._unavailable(error.message.rstrip("."))

    def _unavailable(self, reason: str) -> EmbedderUnavailable:
        return EmbedderUnavailable(embedder=self.name, reason=reason)
