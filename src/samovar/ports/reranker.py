"""The port to a re-ranker: it reads a question and a passage together and says how well they fit."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from samovar.ports.backend import EndpointSource

__all__ = ["Reranker", "RerankerConfig"]


@dataclass(frozen=True, slots=True, kw_only=True)
class RerankerConfig:
    """What a re-ranker is made from: its name for people, where its server is, and the model to name there."""

    name: str
    endpoint: EndpointSource
    model: str | None = None


class Reranker(Protocol):
    """One re-ranking model. Methods raise RerankerUnavailable and nothing else."""

    @property
    def name(self) -> str:
        """Its name for people: ``kind/model``."""
        ...

    async def score(self, question: str, passages: Sequence[str]) -> Sequence[float]:
        """Score passages for a question, from 0 to 1. Shape: n passages to n scores."""
        ...

    async def close(self) -> None:
        """Give back the connections."""
        ...
