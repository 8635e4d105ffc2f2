"""Sentences: where they end, and that nothing is lost."""

import time
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from samovar.domain.sentences import sentences


def _split(text: str) -> list[str]:
    return [text[start:end] for start, end in sentences(text)]


@pytest.mark.parametrize(
    "expected",
    [
        ["Служба работает, т. е. отвечает на порту 7431.", "См. п. 5 ст. 12 закона.", "Ура! — сказал он."],
        ["А. С. Пушкин родился в 1799 г. в Москве.", "Цена 3.14 руб.", "Сахар, соль и т. д.", "Новое."],
        ["Жители г. Тверь и др. городов.", "Всего 5 тыс. руб. за год.", "«Да.»", "Он ушёл."],
        ["Use it, e.g. like this.", "Dr. Smith et al. said so.", "See fig. 3.2 on p. 5.", "Really?!", "Yes…", "No."],
        ["The U.S. is big.", "We sell pens, paper, etc.", "They cost 3.14 each.", "Version 2.0 came in 2024.", "Fine."],
        ["He asked (twice.)", "Nobody answered."],
    ],
    ids=["russian", "initials", "cities", "english", "numbers", "brackets"],
)
def test_abbreviations_and_numbers_do_not_end_a_sentence(expected: list[str]) -> None:
    assert _split(" ".join(expected)) == expected


def test_a_line_end_of_a_pdf_does_not_end_a_sentence() -> None:
    text = "Обращения принимаются в письменном виде и по \nвнутренней сети министерства. Ответ \nприходит в срок."
    second = text.index("Ответ")
    assert _split(text) == [text[: second - 1], text[second:]]


def test_headings_items_and_blank_lines_end_a_sentence() -> None:
    text = (
        "1. Введение \nСлужба отвечает на запросы пользователей внутренней сети. \n2. Состав \n"
        "• первый пункт \n• второй пункт \n\nКонец"
    )
    assert _split(text) == [
        "1. Введение",
        "Служба отвечает на запросы пользователей внутренней сети.",
        "2. Состав",
        "• первый пункт",
        "• второй пункт",
        "Конец",
    ]


def test_a_markdown_heading_stands_alone() -> None:
    assert _split("# Network\nThe port is 7431.") == ["# Network", "The port is 7431."]


_ALPHABET = st.sampled_from([*" \n\t.!?…»\")', -–•#1", *"aB", *"тЕг", "т. е. ", "г. ", "\n\n", "5. ", "—"])


@given(st.lists(_ALPHABET, max_size=60).map("".join) | st.text(max_size=60))
def test_sentences_cover_every_visible_character_once_and_in_order(text: str) -> None:
    spans = sentences(text)
    assert all(0 <= start < end <= len(text) for start, end in spans)
    assert all(first[1] <= second[0] for first, second in pairwise(spans))
    assert all(text[start:end] == text[start:end].strip() for start, end in spans)
    covered = {place for start, end in spans for place in range(start, end)}
    assert all(character.isspace() for place, character in enumerate(text) if place not in covered)


@pytest.mark.parametrize("piece", [".", " ", "\n \n", "a\n  \n  ", '."', ". ", "— ", "1.", "#\n"])
def test_hostile_text_takes_time_in_proportion_to_its_length(piece: str) -> None:
    text = piece * (400_000 // len(piece)) + "x"
    started = time.process_time()
    sentences(text)
    assert time.process_time() - started < 5
