"""How a typed query for finding is read."""

import random
from datetime import date

import pytest

from samovar.chat.finding import FindProblem, read_find_query
from samovar.domain.finding import FindQuery

_TODAY = date(2026, 11, 22)


@pytest.mark.parametrize(
    ("typed", "query"),
    [
        ("чай с молоком", FindQuery(words="чай с молоком")),
        ("tag:bank loan", FindQuery(words="loan", tags=("bank",))),
        ("кредит тег:банк тег:«важные дела» тег:банк", FindQuery(words="кредит", tags=("банк", "важные дела"))),
        ('папка:"Банк/Новые кредиты/"', FindQuery(words="", folder="Банк/Новые кредиты")),
        ("folder:Bank\\Loans, rate", FindQuery(words=", rate", folder="Bank/Loans")),
        ("from:me чай", FindQuery(words="чай", role="user")),
        ("От:Модели чай", FindQuery(words="чай", role="assistant")),
        ("before:2026-05-03", FindQuery(words="", until=date(2026, 5, 3))),
        ("до:03.05.2026", FindQuery(words="", until=date(2026, 5, 3))),
        ("after:2026-05 before:2027", FindQuery(words="", since=date(2026, 5, 1), until=date(2027, 1, 1))),
        ("после:вчера чай", FindQuery(words="чай", since=date(2026, 11, 21))),
        ("after:today", FindQuery(words="", since=_TODAY)),
        ('"белый чай" -сахар tag:x', FindQuery(words='"белый чай" -сахар', tags=("x",))),
    ],
)
def test_filters_are_taken_out_of_the_words(typed: str, query: FindQuery) -> None:
    assert read_find_query(typed, today=_TODAY) == (query, ())


@pytest.mark.parametrize(
    ("typed", "words", "reason"),
    [
        ("from:boss tea", "boss tea", "unknown_sender"),
        ("до:свидания, чай", "свидания, чай", "bad_date"),
        ("before:2026-13 tea", "2026-13 tea", "bad_date"),
        ("after:31.02.2026", "31.02.2026", "bad_date"),
        ("folder:a folder:b tea", "b tea", "given_twice"),
        ("from:me from:model", "model", "given_twice"),
        ("after:2026 after:2025", "2025", "given_twice"),
        ("after:2026-05 before:2026-05", "", "empty_period"),
    ],
)
def test_a_filter_that_cannot_be_used_is_told_and_never_guessed(typed: str, words: str, reason: str) -> None:
    query, problems = read_find_query(typed, today=_TODAY)
    assert [problem.reason for problem in problems] == [reason]
    assert query.words == words


@pytest.mark.parametrize("typed", ["https://host/tag:x", "stag:x", "C:\\from:me", '"tag:x y"', "tag: x", "10:30", "::"])
def test_what_only_looks_like_a_filter_stays_a_word(typed: str) -> None:
    query, problems = read_find_query(typed, today=_TODAY)
    assert (query, problems) == (FindQuery(words=typed), ())


def test_a_problem_is_told_as_it_was_typed() -> None:
    _, problems = read_find_query("до:когда-нибудь", today=_TODAY)
    assert problems == (FindProblem(typed="до:когда-нибудь", reason="bad_date"),)


def test_anything_can_be_typed() -> None:
    rng = random.Random(22)
    alphabet = "абяё tag:folder:from:before:after:тег:папка:от:до:после: \"«»“”'\\/.,-0123456789\x00\ud800🫖\n"
    for _ in range(2_000):
        read_find_query("".join(rng.choices(alphabet, k=rng.randint(0, 120))), today=_TODAY)
    for pasted in ("tag:" * 300_000, 'tag:"' * 250_000, "до:1." * 200_000, "x" * 1_000_000):
        query, problems = read_find_query(pasted, today=_TODAY)
        assert len(problems) <= 5
        assert len(query.tags) <= 20
        assert len(query.words) <= 2_000
