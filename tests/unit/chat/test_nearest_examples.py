"""The examples that are sent when all of them do not fit."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from samovar.chat.nearest_examples import choose_examples
from samovar.domain.examples import Example


def examples(*questions: str) -> list[Example]:
    return [Example(question=question, answer="…") for question in questions]


def choose(question: str, questions: list[str], *, budget: int, tokens: list[int] | None = None) -> tuple[int, ...]:
    stems = [set(one.split()) for one in questions]
    return choose_examples(question.split(), examples(*questions), stems, tokens or [10] * len(questions), budget)


def test_all_are_sent_in_file_order_when_they_fit() -> None:
    assert choose("pier", ["rope", "pier", "ferry"], budget=30) == (0, 1, 2)


def test_those_that_share_words_with_the_question_are_sent_and_stay_in_file_order() -> None:
    questions = ["colour of the sky", "pier master and his men", "hemp rope", "pier and rope"]
    assert choose("rope at pier", questions, budget=20) == (2, 3)


def test_a_rare_word_counts_more_than_a_common_one() -> None:
    questions = ["invoice paid", "invoice sent", "invoice refund", "invoice lost"]
    assert choose("invoice refund", questions, budget=10) == (2,)


def test_a_long_example_loses_to_a_short_one_with_the_same_word() -> None:
    assert choose("rope", ["rope a b c d e f g h", "rope"], budget=10) == (1,)


def test_the_first_are_sent_when_no_word_is_known() -> None:
    assert choose("quite another thing altogether", ["x", "y", "z"], budget=20) == (0, 1)


def test_one_that_is_too_long_is_passed_over_for_one_that_fits() -> None:
    assert choose("pier", ["pier", "rope"], budget=10, tokens=[11, 10]) == (1,)


def test_an_example_that_repeats_another_is_sent_last() -> None:
    assert choose("pier", ["pier", "pier", "rope"], budget=20) == (0, 2)


def test_nothing_is_sent_without_room() -> None:
    assert choose("pier", ["pier"], budget=0) == ()
    assert choose("pier", ["pier"], budget=-5) == ()
    assert choose("pier", [], budget=100) == ()


def test_lists_of_unequal_length_are_a_mistake_of_the_caller() -> None:
    with pytest.raises(ValueError, match="each example"):
        choose_examples(["a"], examples("a"), [["a"], ["b"]], [1], 5)


WORDS = st.sampled_from(["pier", "rope", "ferry", "invoice", "refund", "sky", "каша", "щи"])


@given(
    question=st.lists(WORDS, max_size=5),
    stems=st.lists(st.lists(WORDS, max_size=6), max_size=12),
    data=st.data(),
    budget=st.integers(-10, 200),
)
def test_the_budget_is_never_exceeded_and_the_room_is_used(
    question: list[str], stems: list[list[str]], data: st.DataObject, budget: int
) -> None:
    tokens = data.draw(st.lists(st.integers(1, 60), min_size=len(stems), max_size=len(stems)))
    found = choose_examples(question, examples(*map(" ".join, stems)), stems, tokens, budget)
    assert list(found) == sorted(set(found))
    spent = sum(tokens[index] for index in found)
    assert spent <= max(budget, 0)
    assert all(tokens[index] > budget - spent for index in range(len(stems)) if index not in found)
    # Neither the order nor the repeats of the words of a question matter.
    again = choose_examples([*reversed(question), *question], examples(*map(" ".join, stems)), stems, tokens, budget)
    assert again == found
