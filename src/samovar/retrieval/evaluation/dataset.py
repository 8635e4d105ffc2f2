"""Read questions with known answers in SQuAD's form, and make of them a task: for each question, find its unit.

Source: Rajpurkar et al. 2016, "SQuAD", and 2018 (questions without an answer); XQuAD (Artetxe, Ruder, Yogatama 2020)
has the same form.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from samovar.domain.errors import DatasetInvalid
from samovar.domain.sentences import sentences

__all__ = [
    "Answer",
    "Dataset",
    "DatasetQuestion",
    "RetrievalTask",
    "TaskQuestion",
    "Unit",
    "UnitKind",
    "make_task",
    "read_dataset",
]

UnitKind = Literal["paragraph", "sentence"]

_MOST_BYTES: Final = 300_000_000
_MOST_PARAGRAPHS: Final = 200_000
_LONGEST_PARAGRAPH: Final = 100_000
_MOST_QUESTIONS: Final = 500_000
_LONGEST_QUESTION: Final = 2_000
_MOST_ANSWERS: Final = 100
_LONGEST_ID: Final = 200


@dataclass(frozen=True, slots=True)
class Answer:
    """A stretch of its paragraph: ``paragraph[start:end]``."""

    start: int
    end: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DatasetQuestion:
    """A question about the paragraph of this number; without answers when the paragraph holds none."""

    question_id: str
    text: str
    paragraph: int
    answers: tuple[Answer, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Dataset:
    """Paragraphs in the order of the file, and questions by id.

    ``moved`` counts answers that do not stand where the file says; the nearest place that holds them was taken.
    """

    paragraphs: tuple[str, ...]
    questions: Mapping[str, DatasetQuestion]
    moved: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Unit:
    """What is ranked: ``text`` is ``paragraph[start:end]``."""

    paragraph: int
    start: int
    end: int
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskQuestion:
    """A question, and the numbers of the units that are right: one, or more where an answer crosses a border."""

    question_id: str
    text: str
    right: frozenset[int]


@dataclass(frozen=True, slots=True, kw_only=True)
class RetrievalTask:
    """Rank the units for each question. No two units have the same text: the right one of two could not be told.

    ``left_out`` counts questions to which no paragraph holds an answer.
    """

    paragraphs: tuple[str, ...]
    units: tuple[Unit, ...]
    questions: tuple[TaskQuestion, ...]
    left_out: int = 0


def read_dataset(path: Path) -> Dataset:
    """Read a file in SQuAD's form. Raises: DatasetInvalid."""
    try:
        size_bytes = path.stat().st_size
        if size_bytes > _MOST_BYTES:
            raise DatasetInvalid(name=path.name, reason=f"it is larger than {_MOST_BYTES // 1_000_000} MB")
        content = path.read_bytes()
    except OSError as error:
        raise DatasetInvalid(name=path.name, reason=error.strerror or str(error)) from error
    try:
        found = json.loads(content.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise DatasetInvalid(name=path.name, reason="it is not UTF-8") from error
    except RecursionError as error:
        raise DatasetInvalid(name=path.name, reason="it is nested too deeply") from error
    except ValueError as error:
        raise DatasetInvalid(name=path.name, reason=f"it is not JSON: {error}") from error
    return _Reader(path.name).read(found)


def make_task(dataset: Dataset, kind: UnitKind, *, asked_as: Dataset | None = None) -> RetrievalTask:
    """Cut the paragraphs into units; ``asked_as`` words the questions differently, such as in another language.

    Raises: DatasetInvalid when the two have not the same questions, or no question has an answer.
    """
    if asked_as is not None and (differing := dataset.questions.keys() ^ asked_as.questions.keys()):
        raise DatasetInvalid(
            name="--questions", reason=f"{len(differing)} ids stand in one file only, such as {min(differing)}"
        )
    units: list[Unit] = []
    known: dict[str, int] = {}
    places: list[list[tuple[int, int, int]]] = []
    for paragraph, text in enumerate(dataset.paragraphs):
        place: list[tuple[int, int, int]] = []
        for start, end in sentences(text) if kind == "sentence" else [(0, len(text))]:
            number = known.setdefault(text[start:end], len(units))
            if number == len(units):
                units.append(Unit(paragraph=paragraph, start=start, end=end, text=text[start:end]))
            place.append((start, end, number))
        places.append(place)
    questions = [
        TaskQuestion(
            question_id=one.question_id,
            text=(asked_as or dataset).questions[one.question_id].text,
            right=frozenset(
                number
                for start, end, number in places[one.paragraph]
                if any(answer.start < end and answer.end > start for answer in one.answers)
            ),
        )
        for one in dataset.questions.values()
        if one.answers
    ]
    if not questions:
        raise DatasetInvalid(name="--dataset", reason="no question has an answer")
    return RetrievalTask(
        paragraphs=dataset.paragraphs,
        units=tuple(units),
        questions=tuple(questions),
        left_out=len(dataset.questions) - len(questions),
    )


class _Reader:
    """Takes nothing on trust; every complaint names its place."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._paragraphs: list[str] = []
        self._questions: dict[str, DatasetQuestion] = {}
        self._moved = 0

    def read(self, found: object) -> Dataset:
        for number, article in enumerate(self._list(found, "data", "the file")):
            where = f"data[{number}]"
            for place, paragraph in enumerate(self._list(article, "paragraphs", where)):
                self._paragraph(paragraph, f"{where}.paragraphs[{place}]")
        if not self._questions:
            raise self._wrong("the file", "it holds no question")
        return Dataset(paragraphs=tuple(self._paragraphs), questions=self._questions, moved=self._moved)

    def _paragraph(self, paragraph: object, where: str) -> None:
        text = self._text(paragraph, "context", where, most=_LONGEST_PARAGRAPH)
        self._paragraphs.append(text)
        if len(self._paragraphs) > _MOST_PARAGRAPHS:
            raise self._wrong("the file", f"it has more than {_MOST_PARAGRAPHS} paragraphs")
        for place, question in enumerate(self._list(paragraph, "qas", where)):
            self._question(question, text, f"{where}.qas[{place}]")

    def _question(self, question: object, context: str, where: str) -> None:
        question_id = self._id(question, where)
        if question_id in self._questions:
            raise self._wrong(where, f"the id {question_id} stands twice")
        if len(self._questions) == _MOST_QUESTIONS:
            raise self._wrong("the file", f"it has more than {_MOST_QUESTIONS} questions")
        answers = self._list(question, "answers", where)
        if len(answers) > _MOST_ANSWERS:
            raise self._wrong(where, f"it has more than {_MOST_ANSWERS} answers")
        self._questions[question_id] = DatasetQuestion(
            question_id=question_id,
            text=self._text(question, "question", where, most=_LONGEST_QUESTION),
            paragraph=len(self._paragraphs) - 1,
            answers=tuple(
                self._answer(answer, context, f"{where}.answers[{place}]") for place, answer in enumerate(answers)
            ),
        )

    def _answer(self, answer: object, context: str, where: str) -> Answer:
        text = self._text(answer, "text", where, most=_LONGEST_PARAGRAPH)
        start = self._field(answer, "answer_start", where)
        if not isinstance(start, int) or isinstance(start, bool) or not 0 <= start < len(context):
            raise self._wrong(where, "answer_start is not a place in its paragraph")
        if not context.startswith(text, start):
            start = _nearest(context, text, start)
            if start < 0:
                raise self._wrong(where, "its paragraph does not hold the answer")
            self._moved += 1
        return Answer(start, start + len(text))

    def _id(self, question: object, where: str) -> str:
        found = self._field(question, "id", where)
        if isinstance(found, bool) or not isinstance(found, str | int) or not 0 < len(str(found)) <= _LONGEST_ID:
            raise self._wrong(where, f"id is not a text of 1 to {_LONGEST_ID} characters")
        return str(found)

    def _list(self, holder: object, name: str, where: str) -> list[object]:
        found = self._field(holder, name, where)
        if not isinstance(found, list):
            raise self._wrong(where, f"{name} is not a list")
        return found

    def _text(self, holder: object, name: str, where: str, *, most: int) -> str:
        found = self._field(holder, name, where)
        if not isinstance(found, str) or not found.strip():
            raise self._wrong(where, f"{name} is not a text")
        if len(found) > most:
            raise self._wrong(where, f"{name} is longer than {most} characters")
        try:
            found.encode()
        except UnicodeEncodeError as error:
            raise self._wrong(where, f"{name} holds half of a character (a surrogate)") from error
        return found

    def _field(self, holder: object, name: str, where: str) -> object:
        if not isinstance(holder, dict) or name not in holder:
            raise self._wrong(where, f"{name} is missing")
        found: object = holder[name]
        return found

    def _wrong(self, where: str, reason: str) -> DatasetInvalid:
        return DatasetInvalid(name=self._name, reason=f"{where}: {reason}")


def _nearest(context: str, text: str, near: int) -> int:
    """Where a text occurs nearest to a place; -1 when it does not occur."""
    places = (context.rfind(text, 0, near + len(text)), context.find(text, near))
    return min((place for place in places if place >= 0), key=lambda place: abs(place - near), default=-1)
