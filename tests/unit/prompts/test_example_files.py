"""Files of examples are read in their forms, and what is not understood is reported by line."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from samovar.domain.errors import ExamplesInvalid, FileEmpty, FileTooLarge
from samovar.domain.examples import Example
from samovar.prompts.example_files import LONGEST_TEXT, MOST_BYTES, MOST_EXAMPLES, ExampleFile, read_example_file

ENGLISH = """\
[Instruction]
Answer like a harbour master:
short and dry.

[Q] When does the pier close?
[A] At nine.

[Q]
How long is a rope?

In feet, please.
[A]
Thirty metres.

That is 98 feet.
"""
RUSSIAN = """\
[Инструкция] Отвечай коротко.
[В] Когда закрывают причал?
[О] В девять.
[Вопрос]
Сколько стоит паром?
[Ответ]
Сто рублей.
"""


ANSWER = {"role": "assistant", "content": "A."}


def read(text: str, name: str = "examples.txt") -> ExampleFile:
    return read_example_file(name, text.encode())


def pairs(found: ExampleFile) -> list[tuple[str, str]]:
    return [(one.question, one.answer) for one in found.examples]


def told(found: ExampleFile) -> list[tuple[str, int, tuple[int, ...]]]:
    return [(one.what, one.count, one.lines) for one in found.problems]


def lines(*objects: Any) -> str:
    return "\n".join(one if isinstance(one, str) else json.dumps(one, ensure_ascii=False) for one in objects)


def test_marks_of_a_text_file_part_instruction_questions_and_answers() -> None:
    found = read(ENGLISH)
    assert found == ExampleFile(
        instruction="Answer like a harbour master:\nshort and dry.",
        examples=(
            Example(question="When does the pier close?", answer="At nine."),
            Example(question="How long is a rope?\n\nIn feet, please.", answer="Thirty metres.\n\nThat is 98 feet."),
        ),
        problems=(),
    )


def test_the_file_that_the_guide_shows_works() -> None:
    guide = Path(__file__).parents[3] / "docs" / "how-to" / "teach-by-examples.md"
    shown = guide.read_text(encoding="utf-8").split("```text\n")[1].split("```")[0]
    found = read(shown, "harbour.txt")
    assert found.instruction.startswith("You answer letters")
    assert [one.question.split()[0] for one in found.examples] == ["Hello!", "May", "Сколько"]
    assert found.problems == ()


def test_russian_marks_are_read_too() -> None:
    found = read(RUSSIAN)
    assert found.instruction == "Отвечай коротко."
    assert pairs(found) == [("Когда закрывают причал?", "В девять."), ("Сколько стоит паром?", "Сто рублей.")]
    assert found.problems == ()


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32", "cp1251"])
@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
def test_a_file_is_read_in_the_encodings_in_which_people_save(encoding: str, line_end: str) -> None:
    found = read_example_file("примеры.txt", RUSSIAN.replace("\n", line_end).encode(encoding))
    assert found == read(RUSSIAN)


def test_a_mark_is_known_in_any_case_and_in_letters_that_look_the_same() -> None:
    # B and O in Latin letters, А in the Russian one.
    found = read("[ вопрос ]: 1\n[ ОТВЕТ ]: 2\n[B]3\n[O]4\n[q] 5\n[А] 6")
    assert pairs(found) == [("1", "2"), ("3", "4"), ("5", "6")]


def test_brackets_that_are_no_mark_are_text_and_a_mark_can_be_written_as_text() -> None:
    found = read("[Q] See [1] and\n[2] and [Quit]\n\\[A] is a mark\n[A] \\[B]\nx [Q] y\n\\path")
    assert pairs(found) == [("See [1] and\n[2] and [Quit]\n[A] is a mark", "\\[B]\nx [Q] y\n\\path")]


def test_what_a_text_file_lacks_is_told_with_its_line() -> None:
    text = "hello\n\n[Q] one\n[Q] two\n[A] 2\n[A] again\n[Q]\n[A] 3\n[Instruction] late\n[Instruction] later\n[Q] last"
    found = read(text)
    assert pairs(found) == [("two", "2")]
    assert found.instruction == "late"
    assert told(found) == [
        ("outside", 1, (1,)),
        ("question_alone", 2, (3, 11)),
        ("answer_alone", 1, (6,)),
        ("empty", 1, (7,)),
        ("second_instruction", 1, (10,)),
    ]


@pytest.mark.parametrize(
    "line",
    [
        {"messages": [{"role": "user", "content": "Q?"}, {"role": "assistant", "content": "A."}]},
        {"messages": [{"role": "user", "content": [{"type": "text", "text": "Q?"}]}, ANSWER]},
        {"question": "Q?", "answer": "A."},
        {"instruction": "Q?", "input": "", "output": "A."},
        {"instruction": "Q?", "output": "A."},
        {"prompt": "Q?", "completion": " A."},
        {"prompt": "Q?", "chosen": "A.", "rejected": "Z."},
        {"prompt": [{"role": "user", "content": "Q?"}], "completion": [{"role": "assistant", "content": "A."}]},
        {"prompt": [{"role": "user", "content": "Q?"}], "chosen": [ANSWER], "rejected": []},
        {"chosen": [{"role": "user", "content": "Q?"}, {"role": "assistant", "content": "A."}], "rejected": []},
        {"prompt": "Q?", "chosen": [{"role": "assistant", "content": "A."}]},
    ],
)  # fmt: skip
def test_every_form_of_training_files_is_understood(line: dict[str, object]) -> None:
    found = read(lines(line), "data.jsonl")
    assert pairs(found) == [("Q?", "A.")]
    assert found.problems == ()
    assert read(lines(line), "data.txt") == found, "what begins with a brace is JSON under any name"


def test_the_input_of_alpaca_stands_under_its_instruction() -> None:
    found = read(lines({"instruction": "Sum up.", "input": "A long text.", "output": "Short."}), "alpaca.jsonl")
    assert pairs(found) == [("Sum up.\n\nA long text.", "Short.")]


def test_the_system_message_is_the_instruction_and_the_turns_of_a_talk_are_examples_each() -> None:
    talk = [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "1?"},
        {"role": "assistant", "content": "1."},
        {"role": "user", "content": "2?"},
        {"role": "assistant", "content": "2."},
        {"role": "user", "content": "3?"},
    ]
    other = [{"role": "developer", "content": "Be long."}, *talk[1:3]]
    other[2] = {"role": "assistant", "content": "One."}
    found = read(lines({"messages": talk}, {"messages": other}), "talks.jsonl")
    assert found.instruction == "Be brief."
    assert pairs(found) == [("1?", "1."), ("2?", "2."), ("1?", "One.")]
    assert told(found) == [("several_turns", 1, (1,)), ("second_instruction", 1, (2,))]


def test_lines_that_are_not_understood_are_told_by_kind() -> None:
    good = {"question": "q", "answer": "a"}
    picture = [{"type": "image_url", "image_url": {"url": "x"}}]
    found = read(
        lines(
            good,
            "",
            "{not json}",
            "[1, 2]",
            {"text": "a corpus"},
            {"question": 5, "answer": "a"},
            {"messages": [{"role": "user", "content": picture}, {"role": "assistant", "content": "a"}]},
            {"messages": [{"role": "user", "content": "q"}]},
            {"messages": [{"role": "assistant", "content": "a"}]},
            {"messages": [{"role": "user", "content": "q"}, {"role": "tool", "content": "a"}]},
            {"messages": "q"},
            {"messages": []},
            {"prompt": None, "completion": "a"},
            {"question": " ", "answer": "a"},
            '{"question": "\\ud800", "answer": "a"}',
            "[" * 100_000,
            good,
        ),
        "data.jsonl",
    )
    assert pairs(found) == [("q", "a")]
    assert told(found) == [
        ("not_json", 4, (3, 4, 15, 16)),
        ("unknown_form", 2, (5, 12)),
        ("not_text", 4, (6, 7, 10, 11)),
        ("question_alone", 1, (8,)),
        ("answer_alone", 2, (9, 13)),
        ("empty", 1, (14,)),
        ("repeated", 1, (17,)),
    ]


def test_what_is_too_long_is_left_out_and_told() -> None:
    fits, over = "x" * LONGEST_TEXT, "y" * (LONGEST_TEXT + 1)
    found = read(
        lines(
            {"question": fits, "answer": fits},
            {"question": over, "answer": "a"},
            {"question": "q", "answer": over},
            {"messages": [{"role": "system", "content": over}, {"role": "user", "content": "q"}, ANSWER]},
        ),
        "data.jsonl",
    )  # fmt: skip
    assert (len(found.examples), found.instruction) == (2, "")
    assert told(found) == [("too_long", 3, (2, 3, 4))]


def test_examples_beyond_the_most_are_counted_and_the_first_lines_named() -> None:
    objects = [{"question": f"q{number}", "answer": "a"} for number in range(MOST_EXAMPLES + 25)]
    found = read(lines(*objects), "data.jsonl")
    assert len(found.examples) == MOST_EXAMPLES
    assert told(found) == [("too_many", 25, tuple(range(MOST_EXAMPLES + 1, MOST_EXAMPLES + 11)))]


def test_a_file_above_the_bound_is_refused() -> None:
    read_example_file("a.txt", b"[Q] 1\n[A] 2\n" + b" " * (MOST_BYTES - 12))
    with pytest.raises(FileTooLarge) as caught:
        read_example_file("a.txt", b" " * (MOST_BYTES + 1))
    assert caught.value.values == {"name": "a.txt", "limit_mb": 5}


@pytest.mark.parametrize("content", [b"", b" \r\n\t", b"\xef\xbb\xbf\n"])
def test_an_empty_file_is_refused(content: bytes) -> None:
    with pytest.raises(FileEmpty):
        read_example_file("a.txt", content)


@pytest.mark.parametrize(
    "content",
    [
        b"just a text without marks",
        b"[Q] a question alone",
        b"[Instruction] an instruction alone",
        b'{"text": "a corpus"}',
        b"%PDF-1.7\x00\x01\x02",
        b"PK\x03\x04\x00\x00",
        b"\xff\xfe\x00",
        b"[Q] 1 \x98\n[A] 2",
    ],
)
def test_a_file_without_examples_is_refused(content: bytes) -> None:
    with pytest.raises(ExamplesInvalid):
        read_example_file("a.txt", content)


TEXTS = st.text(
    st.characters(exclude_categories=["Cs", "Cc"], include_characters="\n\t"), min_size=1, max_size=40
).map(str.strip)  # fmt: skip


@given(st.lists(st.tuples(TEXTS, TEXTS).filter(all), min_size=1, max_size=8, unique=True))
def test_every_text_comes_back_from_json(given_pairs: list[tuple[str, str]]) -> None:
    objects = [{"question": question, "answer": answer} for question, answer in given_pairs]
    assert pairs(read(lines(*objects), "data.jsonl")) == given_pairs


@given(st.binary(max_size=200), st.sampled_from(["a.txt", "a.jsonl"]))
def test_no_bytes_break_the_reader(content: bytes, name: str) -> None:
    try:
        found = read_example_file(name, content)
    except (ExamplesInvalid, FileEmpty):
        return
    assert found.examples


@given(st.text(st.sampled_from('[QAВО]{}\n\\:" xя'), max_size=60))
def test_no_marks_break_the_reader(text: str) -> None:
    try:
        found = read(text)
    except (ExamplesInvalid, FileEmpty):
        return
    assert all(one.question.strip() and one.answer.strip() for one in found.examples)
