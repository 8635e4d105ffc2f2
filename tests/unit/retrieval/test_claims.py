"""An answer is cut into claims, whatever it looks like."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from samovar.retrieval.claims import clauses_of, find_statements, says_not_found
from samovar.retrieval.labels import find_labels


def texts(answer: str, passages: int = 3) -> list[str]:
    return [answer[one.start : one.end] for one in find_statements(answer, passages)]


def test_sentences_items_and_rows_are_claims_and_code_is_not() -> None:
    table = "| Plan | Fee |\n|---|---|\n| Basic | 5 |\n"
    answer = f"The fee is $5. [1]\n\n- The term is 3 days [2].\n\n```\nx = [1]\n```\n\n{table}"
    assert texts(answer) == ["The fee is $5. [1]", "- The term is 3 days [2].", "| Basic | 5 |"]


def test_labels_behind_the_full_stop_belong_to_the_sentence_before() -> None:
    first, second = find_statements("The fee is $5. [1] The term is 3 days. [2]", 3)
    assert (first.numbers, second.numbers) == ((1,), (2,))


@pytest.mark.parametrize(
    ("written", "numbers"),
    [
        ("[1]", [(1,)]),
        ("[1][2]", [(1,), (2,)]),
        ("[1, 2]", [(1, 2)]),
        ("[1-3]", [(1, 2, 3)]),
        ("[1–2; 3]", [(1, 2, 3)]),
    ],
)
def test_labels_are_read_in_every_form(written: str, numbers: list[tuple[int, ...]]) -> None:
    assert [label.numbers for label in find_labels(f"So it is {written}.", 3)] == numbers


@pytest.mark.parametrize("written", ["[1](https://example.org)", "[10, 20]", "[2024]", "[a]", "[]"])
def test_links_intervals_and_years_are_no_labels(written: str) -> None:
    assert find_labels(f"See {written}.", 3) == []


@pytest.mark.parametrize(
    "sentence",
    [
        "В документах нет сведений о цене.",
        "Информация о гарантии отсутствует.",
        "В предоставленных материалах не указан срок поставки.",
        "Я не нашёл ответа на этот вопрос.",
        "The documents do not mention the price.",
        "There is no information about the warranty in the provided passages.",
        "The price is not specified in the document.",
        "I could not find the answer.",
    ],
)
def test_not_in_the_documents_is_understood(sentence: str) -> None:
    assert says_not_found(sentence)


@pytest.mark.parametrize(
    "sentence",
    ["The document says: “The proposal was not accepted”.", "Договор не продлевается.", "The fee is not refundable."],
)
def test_a_denial_of_the_document_itself_is_an_answer(sentence: str) -> None:
    assert not says_not_found(sentence)


@pytest.mark.parametrize("answer", ["Здравствуйте!", "Вот что сказано в договоре:", "# Условия", "What else?"])
def test_greetings_headings_and_questions_claim_nothing(answer: str) -> None:
    assert not any(one.claims for one in find_statements(answer, 1))


def test_a_sentence_of_two_claims_has_two_clauses() -> None:
    [statement] = find_statements("Цена — 5 000 руб., а срок поставки — 30 дней.", 1)
    assert [clause.reading.text.strip(" ,.а") for clause in clauses_of(statement)] == [
        "Цена — 5 000 руб",
        "срок поставки — 30 дней",
    ]


@given(st.text(alphabet='ab1. \n|[],-`«»"#*АБ5%', max_size=300))
def test_offsets_are_valid_and_in_order(answer: str) -> None:
    end = 0
    for one in find_statements(answer, 3):
        assert end <= one.start < one.end <= len(answer)
        assert answer[one.start : one.end].strip()
        end = one.end


@pytest.mark.parametrize(
    "piece", ["[", "«", "«a b c»", "[1]", "a", "1 ", "| a ", '"a b c ', "not ", "5 тыс ", "в документах ", "'a b "]
)
def test_a_hostile_answer_costs_no_more_than_its_length(piece: str) -> None:
    costs = []
    for size in (50_000, 200_000):
        answer = piece * (size // len(piece))
        before = time.process_time()
        find_statements(answer, 3)
        costs.append(time.process_time() - before)
    # Four times the length, with room for noise; what is quadratic takes sixteen times.
    assert costs[1] < 10 * costs[0] + 0.5
