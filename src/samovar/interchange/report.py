"""What of a file was not understood: nothing is dropped without a line here."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Literal

__all__ = ["Loss", "Problem", "Report"]

#: Codes of what can get lost, for programs and for the words of interfaces.
Loss = Literal[
    "archive_entry",
    "audio",
    "bad_date",
    "bad_value",
    "broken_chat",
    "broken_file",
    "chat_of_another",
    "chat_too_large",
    "citation",
    "cycle",
    "document_missing",
    "duplicate_message",
    "empty_chat",
    "empty_message",
    "examples_missing",
    "file",
    "hidden_message",
    "image",
    "lost_parent",
    "messages_left_out",
    "not_a_chat",
    "other_file",
    "parameters",
    "text_cut",
    "tool_call",
    "tool_result",
    "unknown_content",
    "unstorable_characters",
]
_LONGEST_EXAMPLE: Final = 120


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One kind of loss: how often it happened, and the first example (may be empty)."""

    what: Loss
    count: int
    example: str


class Report:
    """Counts losses while a file is read."""

    def __init__(self) -> None:
        """Begin with none."""
        self._counts: dict[Loss, int] = {}
        self._examples: dict[Loss, str] = {}

    def note(self, what: Loss, example: str = "", *, count: int = 1) -> None:
        """Count a loss; the first example that says anything is kept, on one line and short."""
        self._counts[what] = self._counts.get(what, 0) + count
        if example and not self._examples.get(what):
            self._examples[what] = _shown(example)

    def problems(self) -> tuple[Problem, ...]:
        """What was lost, the most frequent first."""
        return tuple(sorted(self._problems(), key=lambda problem: (-problem.count, problem.what)))

    def _problems(self) -> Iterator[Problem]:
        for what, count in self._counts.items():
            yield Problem(what=what, count=count, example=self._examples.get(what, ""))


def _shown(example: str) -> str:
    """A text from outside on one line, without what would steer a terminal, at most so long."""
    line = " ".join(example[: 4 * _LONGEST_EXAMPLE].split())
    kept = "".join(character if character.isprintable() else "\N{REPLACEMENT CHARACTER}" for character in line)
    return kept if len(kept) <= _LONGEST_EXAMPLE else kept[: _LONGEST_EXAMPLE - 1] + "…"
