"""What is a filter in a question, and what only looks like one."""

from dataclasses import replace
from datetime import UTC, datetime
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from samovar.domain.document import KnowledgeBase
from samovar.domain.ids import BaseId, ChatId, UserId
from samovar.domain.search import SearchScope
from samovar.retrieval.filters import Filtered, own_first, read_filters

STRANGER = UserId(UUID(int=2))
CHAT = SearchScope(chat_id=ChatId(UUID(int=99)))


def base(number: int, name: str) -> KnowledgeBase:
    return KnowledgeBase(
        base_id=BaseId(UUID(int=number)), owner_id=UserId(UUID(int=1)), name=name, created_at=datetime.now(UTC)
    )


BASES = (base(1, "договоры"), base(2, "Годовые отчёты"), base(3, "legal"), base(4, "Годовые"), base(5, "2024"))


def read(text: str) -> Filtered:
    return read_filters(text, BASES, CHAT)


def day(year: int, month: int, date: int) -> datetime:
    return datetime(year, month, date, tzinfo=UTC)


@pytest.mark.parametrize(
    ("typed", "numbers", "rest"),
    [
        ("#договоры сроки оплаты", (1,), "сроки оплаты"),
        ("сроки оплаты #Договоры?", (1,), "сроки оплаты ?"),
        ("#Годовые отчёты выручка", (2,), "выручка"),
        ("#годовые отчеты: выручка", (2,), "выручка"),
        ('#"Годовые отчеты" выручка', (2,), "выручка"),
        ("#«Годовые» выручка", (4,), "выручка"),
        ("#legal #договоры terms", (3, 1), "terms"),
        ("#2024 terms", (5,), "terms"),
    ],
)
def test_a_named_base_is_searched_instead_of_the_chat(typed: str, numbers: tuple[int, ...], rest: str) -> None:
    found = read(typed)
    assert found.scope == SearchScope(base_ids=tuple(BaseId(UUID(int=number)) for number in numbers))
    assert (found.text, found.problems) == (rest, ())


@pytest.mark.parametrize("typed", ["#unknown terms", '#"no such base" terms', "terms #дог", "#legally terms"])
def test_an_unknown_base_is_told_and_its_words_are_searched_for(typed: str) -> None:
    found = read(typed)
    assert [problem.reason for problem in found.problems] == ["unknown_base"]
    assert found.scope == CHAT
    assert "#" not in found.text
    assert "terms" in found.text


@pytest.mark.parametrize(
    ("typed", "scope"),
    [
        ("file:report.pdf q", SearchScope(name="report.pdf")),
        ('файл:"Мой отчёт.pdf" q', SearchScope(name="Мой отчёт.pdf")),
        ("folder:a/b/ q", SearchScope(folder="a/b")),
        ("папка:a\\b q", SearchScope(folder="a/b")),
        ("kind:pdf q", SearchScope(kinds=frozenset({"pdf"}))),
        ("Вид:csv,md q", SearchScope(kinds=frozenset({"delimited", "markdown"}))),
        ("kind:word q", SearchScope(kinds=frozenset({"docx", "odt", "rtf"}))),
        ("since:2024-02-29 q", SearchScope(since=day(2024, 2, 29))),
        ("с:29.02.2024 q", SearchScope(since=day(2024, 2, 29))),
        ("since:2024 until:2024 q", SearchScope(since=day(2024, 1, 1), until=day(2025, 1, 1))),
        ("until:2024-12 q", SearchScope(until=day(2025, 1, 1))),
        ("до:2024-03-31, q", SearchScope(until=day(2024, 4, 1))),
    ],
)
def test_a_field_narrows_the_scope(typed: str, scope: SearchScope) -> None:
    found = read_filters(typed, (), SearchScope())
    assert (found.scope, found.problems) == (scope, ())
    assert found.text == "q"


@pytest.mark.parametrize(
    ("typed", "reason"),
    [
        ("since:yesterday q", "bad_date"),
        ("until:2024-02-30 q", "bad_date"),
        ("с:2024-13-01 q", "bad_date"),
        ("до:32.01.2024 q", "bad_date"),
        ("since:0001 q", "bad_date"),
        ("kind:pdf,exe q", "unknown_kind"),
        ("file:a file:b q", "given_twice"),
        ("since:2023 since:2024 q", "given_twice"),
    ],
)
def test_a_filter_that_cannot_be_used_is_told(typed: str, reason: str) -> None:
    found = read(typed)
    assert [problem.reason for problem in found.problems] == [reason]
    assert found.text.endswith("q")


@pytest.mark.parametrize(
    "text",
    [
        "What is C# and #include in #define?",
        "issue #12, colour #ff0000, #fff",
        "# Heading",
        "http://a.example/file:x#договоры",
        "встреча с: Петровым, с:потолка, до:завтра, с:10",
        "C:\\docs file://etc/passwd",
        "profile:me x.kind:pdf",
        "kind: pdf, file : a",
        'the words "file:a" and «#договоры»',
        "a&#1234; b",
    ],
)
def test_what_could_be_meant_otherwise_stays_in_the_question(text: str) -> None:
    assert read(text) == Filtered(text=text, scope=CHAT)


@given(st.text(st.sampled_from('#:"«»abс д0129-./\\,\nfile') | st.characters(), max_size=80))
def test_no_text_is_too_odd_to_read(text: str) -> None:
    found = read(text)
    assert len(found.text) <= len(text)
    assert len(found.problems) <= 5


def test_a_base_of_others_with_the_name_of_an_own_one_is_left_out() -> None:
    mine, namesake, other = base(1, "Отчёты"), replace(base(2, "отчеты"), owner_id=STRANGER), base(3, "legal")
    shared = replace(other, owner_id=STRANGER)
    assert own_first([mine, namesake, shared], mine.owner_id) == (mine, shared)
    assert own_first([mine, namesake], STRANGER) == (namesake,)
