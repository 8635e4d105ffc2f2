"""Teaching by examples: questions with the answers that are wanted, sent as turns before the conversation."""

from dataclasses import dataclass
from datetime import datetime

from samovar.domain.ids import ExampleSetId, UserId

__all__ = ["Example", "ExampleSet", "ExampleSetOutline"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """One turn to learn from."""

    question: str
    answer: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ExampleSet:
    """Examples with the instruction (may be empty) that comes before them and joins the system prompt."""

    examples_id: ExampleSetId
    owner_id: UserId
    name: str
    instruction: str
    examples: tuple[Example, ...]
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ExampleSetOutline:
    """What a list tells of a set: ``count`` instead of the examples themselves, which may be megabytes."""

    examples_id: ExampleSetId
    name: str
    instruction: str
    count: int
    created_at: datetime
