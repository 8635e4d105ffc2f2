"""What the readers of example files hand on, before anything is bounded or compared."""

from dataclasses import dataclass
from typing import Literal

__all__ = ["RawExample", "RawInstruction", "RawPart", "RawProblem", "RawTrouble"]

#: ``outside``: text before the first mark. ``question_alone``, ``answer_alone``: one without the other. ``empty``: a
#: part without words. ``second_instruction``: another one after the first, which counts. ``not_json``: no JSON, or no
#: object. ``unknown_form``: an object of none of the known forms. ``not_text``: a picture or a call where text should
#: be. ``several_turns``: a talk; each of its turns became an example of its own.
RawProblem = Literal[
    "outside",
    "question_alone",
    "answer_alone",
    "empty",
    "second_instruction",
    "not_json",
    "unknown_form",
    "not_text",
    "several_turns",
]


@dataclass(frozen=True, slots=True)
class RawExample:
    """A question with its answer; ``line`` is where it begins, from 1."""

    line: int
    question: str
    answer: str


@dataclass(frozen=True, slots=True)
class RawInstruction:
    """What comes before the examples."""

    line: int
    text: str


@dataclass(frozen=True, slots=True)
class RawTrouble:
    """Something that was not understood."""

    line: int
    what: RawProblem


RawPart = RawExample | RawInstruction | RawTrouble
