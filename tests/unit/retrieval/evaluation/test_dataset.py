"""Files of questions: what is read, what is refused and with which words, and the task that comes of it."""

import json
from pathlib import Path
from typing import Any

import pytest

from samovar.domain.errors import DatasetInvalid
from samovar.retrieval.evaluation.dataset import Dataset, make_task, read_dataset

TEA = "Tea grows in hills. It likes rain, e.g. in June. Frost kills it."
SHIPS = "Ships sail. Frost kills it. Sails are white."


def question(question_id: object, text: str, answer: str, start: int) -> dict[str, Any]:
    return {"id": question_id, "question": text, "answers": [{"text": answer, "answer_start": start}]}


def content(*paragraphs: tuple[str, list[dict[str, Any]]]) -> dict[str, Any]:
    return {"data": [{"paragraphs": [{"context": text, "qas": questions} for text, questions in paragraphs]}]}


def usual() -> dict[str, Any]:
    return content(
        (TEA, [question("a", "Where?", "hills", 13), question("b", "When and what?", "June. Frost", 42)]),
        (SHIPS, [question("c", "Colour?", "white", 38)]),
    )


def write(folder: Path, body: object, name: str = "set.json") -> Path:
    path = folder / name
    path.write_bytes(body if isinstance(body, bytes) else json.dumps(body).encode())
    return path


def read(folder: Path, body: object, name: str = "set.json") -> Dataset:
    return read_dataset(write(folder, body, name))


def test_a_paragraph_is_a_unit_and_the_questions_own_one_is_right(tmp_path: Path) -> None:
    task = make_task(read(tmp_path, usual()), "paragraph")
    assert [unit.text for unit in task.units] == [TEA, SHIPS]
    assert [(one.question_id, one.text, set(one.right)) for one in task.questions] == [
        ("a", "Where?", {0}),
        ("b", "When and what?", {0}),
        ("c", "Colour?", {1}),
    ]
    assert task.left_out == 0


def test_sentences_that_hold_the_answer_are_right_and_the_same_sentence_is_one_unit(tmp_path: Path) -> None:
    task = make_task(read(tmp_path, usual()), "sentence")
    assert [unit.text for unit in task.units] == [
        "Tea grows in hills.",
        "It likes rain, e.g. in June.",
        "Frost kills it.",
        "Ships sail.",
        "Sails are white.",
    ]
    assert [one.right for one in task.questions] == [{0}, {1, 2}, {4}]
    for unit in task.units:
        assert task.paragraphs[unit.paragraph][unit.start : unit.end] == unit.text


def test_paragraphs_of_the_same_text_are_one_unit(tmp_path: Path) -> None:
    body = content((TEA, [question("a", "Where?", "hills", 13)]), (TEA, [question("b", "What?", "rain", 29)]))
    task = make_task(read(tmp_path, body), "paragraph")
    assert len(task.units) == 1
    assert [one.right for one in task.questions] == [{0}, {0}]


def test_questions_of_another_file_take_the_place_of_those_of_the_first(tmp_path: Path) -> None:
    russian = content(
        ("Чай растёт на холмах.", [question("b", "Когда и что?", "Чай", 0), question("a", "Где?", "холмах", 14)]),
        ("Паруса белые.", [question("c", "Какого цвета?", "белые", 7)]),
    )
    task = make_task(read(tmp_path, usual()), "paragraph", asked_as=read(tmp_path, russian, "ru.json"))
    assert [(one.text, set(one.right)) for one in task.questions] == [
        ("Где?", {0}),
        ("Когда и что?", {0}),
        ("Какого цвета?", {1}),
    ]
    assert task.units[0].text == TEA


def test_other_ids_in_the_other_file_are_refused(tmp_path: Path) -> None:
    other = content((TEA, [question("a", "Where?", "hills", 13), question("z", "What?", "rain", 29)]))
    with pytest.raises(DatasetInvalid, match="3 ids stand in one file only, such as b"):
        make_task(read(tmp_path, usual()), "paragraph", asked_as=read(tmp_path, other, "other.json"))


def test_a_question_without_an_answer_is_left_out_and_counted(tmp_path: Path) -> None:
    body = content((TEA, [question("a", "Where?", "hills", 13), {"id": "n", "question": "Who?", "answers": []}]))
    task = make_task(read(tmp_path, body), "paragraph")
    assert ([one.question_id for one in task.questions], task.left_out) == (["a"], 1)
    nothing = content((TEA, [{"id": "n", "question": "Who?", "answers": []}]))
    with pytest.raises(DatasetInvalid, match="no question has an answer"):
        make_task(read(tmp_path, nothing), "paragraph")


def test_an_answer_that_stands_elsewhere_is_found_at_the_nearest_place_and_counted(tmp_path: Path) -> None:
    found = read(tmp_path, content((TEA + TEA, [question("a", "Where?", "hills", 60)])))
    assert found.moved == 1
    answer = found.questions["a"].answers[0]
    assert (answer.start, answer.end) == (len(TEA) + 13, len(TEA) + 18)
    before = read(tmp_path, content((TEA + TEA, [question("a", "Where?", "hills", 16)])))
    assert before.questions["a"].answers[0].start == 13


def test_a_byte_order_mark_and_whole_numbers_as_ids_are_taken(tmp_path: Path) -> None:
    body = b"\xef\xbb\xbf" + json.dumps(content((TEA, [question(7, "Where?", "hills", 13)]))).encode()
    assert list(read(tmp_path, body).questions) == ["7"]


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"{", "it is not JSON"),
        (b"\xff\xfe", "it is not UTF-8"),
        (b"[" * 200_000, "it is nested too deeply|it is not JSON"),
        ([], "the file: data is missing"),
        ({"data": {}}, "the file: data is not a list"),
        ({"data": []}, "the file: it holds no question"),
        (
            {"data": [{"paragraphs": [{"context": " ", "qas": []}]}]},
            r"data\[0\].paragraphs\[0\]: context is not a text",
        ),
        ({"data": [{"paragraphs": [{"context": 1, "qas": []}]}]}, "context is not a text"),
        (content((TEA, "abc")), "qas is not a list"),  # type: ignore[arg-type] # that is the fault
        (content((TEA, [{"question": "Where?", "answers": []}])), r"qas\[0\]: id is missing"),
        (content((TEA, [{"id": True, "question": "Where?", "answers": []}])), "id is not a text"),
        (content((TEA, [{"id": "a", "question": "Where?"}])), "answers is missing"),
        (content((TEA, [{"id": "a", "question": "x" * 2001, "answers": []}])), "question is longer than 2000"),
        (content((TEA, [{"id": "a", "question": "\ud800", "answers": []}])), "half of a character"),
        (content((TEA, [{"id": "a", "question": "x", "answers": [{}] * 101}])), "more than 100 answers"),
        (content((TEA, [question("a", "x", "hills", 13), question("a", "y", "rain", 29)])), "the id a stands twice"),
        (content((TEA, [question("a", "x", "hills", -1)])), r"answers\[0\]: answer_start is not a place"),
        (content((TEA, [question("a", "x", "hills", 10_000)])), "answer_start is not a place"),
        (content((TEA, [question("a", "x", "coffee", 13)])), "its paragraph does not hold the answer"),
    ],
)
def test_what_is_no_data_set_is_refused_with_its_place(tmp_path: Path, body: object, reason: str) -> None:
    with pytest.raises(DatasetInvalid, match=reason):
        read(tmp_path, body)


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DatasetInvalid, match="No such file"):
        read_dataset(tmp_path / "none.json")
