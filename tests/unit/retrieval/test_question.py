"""What is searched for: the question, the question made whole, and the sides of a comparison."""

from collections.abc import Sequence
from datetime import UTC, datetime
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from samovar.domain.chat import Message
from samovar.domain.document import KnowledgeBase
from samovar.domain.generation import Role
from samovar.domain.ids import BaseId, ChatId, MessageId, UserId
from samovar.domain.search import SearchScope, SearchTextOrigin
from samovar.retrieval.comparison import sides_of
from samovar.retrieval.follow_up import is_follow_up
from samovar.retrieval.question import ReadQuestion, read_question


def branch_of(*texts: str) -> list[Message]:
    roles: tuple[Role, Role] = ("user", "assistant")
    return [
        Message(
            message_id=MessageId(uuid4()),
            chat_id=ChatId(UUID(int=1)),
            parent_id=None,
            position=place,
            role=roles[place % 2],
            text=text,
            created_at=datetime.now(UTC),
        )
        for place, text in enumerate(texts)
    ]


class Writer:
    """A model that writes what it is told to, and remembers what it was asked."""

    def __init__(self, written: str | None) -> None:
        self.written = written
        self.asked: list[str] = []

    async def rewrite(self, branch: Sequence[Message]) -> str | None:
        self.asked = [message.text for message in branch]
        return self.written


async def read(*texts: str, writer: Writer | None = None) -> ReadQuestion:
    return await read_question(branch_of(*texts), scope=SearchScope(), rewriter=writer)


def texts_of(found: ReadQuestion, origin: SearchTextOrigin) -> list[str]:
    return [text.text for text in found.texts if text.origin == origin]


@pytest.mark.parametrize(
    ("turns", "words"),
    [
        (
            ("Сколько стоит самовар «Тула-3»?", "Он стоит 12 000 рублей [1].", "а сколько он весит?"),
            {"самовар", "Тула-3"},
        ),
        (
            ("What was the revenue of Acme in 2022?", "It was 5 million [1].", "and in 2023?"),
            {"revenue", "Acme", "2023"},
        ),
        (
            (
                "Какой порт у сервера Samovar?",
                "Порт 7431 [1].",
                "Как его изменить?",
                "В настройках [1].",
                "а в Docker?",
            ),
            {"Samovar", "порт", "изменить", "Docker"},
        ),
        (
            ("Кто подписал договор АБ-17?", "Договор подписал Иван Петров [1].", "Когда?"),
            {"договор", "АБ-17", "Петров"},
        ),
        (
            (
                "Which plans are there?",
                "1. Basic with mail [1]\n2. Gold with phone support [2]",
                "what about the second one?",
            ),
            {"Gold", "phone", "support", "plans"},
        ),
        (("Где хранят чай?", "В сухом месте [1].", "Почему там?"), {"хранят", "чай"}),
    ],
)
async def test_a_follow_up_is_also_searched_for_with_the_words_it_leans_on(
    turns: tuple[str, ...], words: set[str]
) -> None:
    found = await read(*turns)
    assert found.texts[0].text == turns[-1]
    [whole] = texts_of(found, "follow_up")
    assert whole.startswith(turns[-1])
    assert words <= {word.strip("?,.!«»") for word in whole.split()}, whole


async def test_a_number_that_was_asked_for_before_gives_way_to_the_new_one() -> None:
    found = await read("What was the revenue of Acme in 2022?", "5 million [1].", "and in 2023?")
    assert "2022" not in texts_of(found, "follow_up")[0]


async def test_what_a_long_talk_leans_on_is_bounded() -> None:
    names = " ".join(f"Name{number}" for number in range(30))
    found = await read(f"Who are {names}?", "People [1].", "and she?")
    assert len(texts_of(found, "follow_up")[0].split()) == 2 + 16


async def test_a_text_that_was_pasted_is_nothing_to_lean_on() -> None:
    found = await read("Acme " * 200, "Noted.", "why?")
    assert texts_of(found, "follow_up") == []


async def test_other_items_of_a_list_are_not_asked_about() -> None:
    found = await read("Which plans are there?", "- Basic with mail\n- Gold with phone", "the last one?")
    assert "Basic" not in texts_of(found, "follow_up")[0]


@pytest.mark.parametrize(
    "turns",
    [
        ("а сколько это стоит?",),
        ("Где хранят чай?", "В сухом месте [1].", "Какие документы нужны для оформления загранпаспорта ребёнку?"),
        ("Where is tea kept?", "In a dry place [1].", "Which documents does a child need for a new passport?"),
        ("Where is tea kept?", "In a dry place [1].", "text " * 500),
    ],
)
async def test_a_question_that_stands_alone_is_left_alone(turns: tuple[str, ...]) -> None:
    assert texts_of(await read(*turns), "follow_up") == []


@pytest.mark.parametrize("text", ["и ещё?", "what about this?", "А что с ним?", "Why is that?", "цена?"])
def test_words_that_lean_on_others_are_recognised(text: str) -> None:
    assert is_follow_up(text)


@pytest.mark.parametrize(
    ("question", "sides"),
    [
        ("Чем отличается тариф Базовый от тарифа Золотой?", ("тариф Базовый", "тарифа Золотой")),
        ("чем Базовый отличается от Золотого по цене", ("Базовый цене", "Золотого цене")),
        ("В чём разница между отпуском и отгулом?", ("отпуском", "отгулом")),
        ("Сравни цену билета в Москве и в Казани", ("цену билета в Москве", "цену билета в Казани")),
        ("Сравните УСН с патентом. Что выгоднее?", ("УСН", "патентом")),
        ("поезд или самолёт: что дешевле?", ("поезд дешевле", "самолёт дешевле")),
        ("Что дешевле: поезд или самолёт?", ("поезд дешевле", "самолёт дешевле")),
        ("PostgreSQL vs MySQL", ("PostgreSQL", "MySQL")),
        ("What is the difference between TCP and UDP?", ("TCP", "UDP")),
        ("Difference in price between tea and coffee", ("tea price", "coffee price")),
        ("Compare revenue in 2022 and 2023", ("revenue in 2022", "revenue in 2023")),
        ("compare Basic, Silver and Gold", ("Basic", "Silver", "Gold")),
        ("How does X200 differ from X300?", ("X200", "X300")),
        ("Is tea cheaper than coffee?", ("tea cheaper", "coffee cheaper")),
        ("Which is cheaper, the bus or the train?", ("bus cheaper", "train cheaper")),
    ],
)
def test_the_sides_of_a_comparison_are_found(question: str, sides: tuple[str, ...]) -> None:
    assert sides_of(question) == sides


@pytest.mark.parametrize(
    "question",
    [
        "сравни их",
        "compare them",
        "сравни с прошлым годом",
        "Чай или кофе?",
        "compare it and that",
        "a vs " + "b" * 400,
    ],
)
def test_a_comparison_without_two_named_sides_has_none(question: str) -> None:
    assert sides_of(question) == ()


async def test_the_sides_of_a_comparison_are_searched_for_beside_the_question() -> None:
    found = await read("PostgreSQL vs MySQL")
    assert [(text.text, text.origin) for text in found.texts] == [
        ("PostgreSQL vs MySQL", "question"),
        ("PostgreSQL", "side"),
        ("MySQL", "side"),
    ]


TALK = ("Сколько стоит самовар Тула?", "Самовар Тула стоит 12 000 рублей [1].", "А сколько он весит в 2024 году?")


async def test_a_model_that_is_able_makes_the_question_whole() -> None:
    writer = Writer("Вопрос: «Сколько весит самовар Тула в 2024 году?»")
    assert texts_of(await read(*TALK, writer=writer), "follow_up") == ["Сколько весит самовар Тула в 2024 году?"]
    assert writer.asked == list(TALK)


@pytest.mark.parametrize(
    "written",
    [
        None,
        "",
        "Сколько весит самовар Тула?",
        "Сколько весит самовар Самара в 2024 году?",
        "Сколько весит самовар Тула в 2024 году и в 2025?",
        "<think>Речь о самоваре</think> Сколько весит самовар Тула в 2024 году?",
        "Речь о самоваре.\nСколько весит самовар Тула в 2024 году?",
        "Сколько весит самовар Тула в 2024 году? " + "Очень. " * 60,
        "Самовар Тула весит в 2024 году 3 кг [1].",
        "А сколько он весит в 2024 году?",
        "Самовар Тула стоит 12 000 рублей в 2024 году",
        "Сколько стоит самовар Тула в 2024 году?",
        "Какие погодные условия ожидаются на побережье, и сколько весит он в 2024 году?",
    ],
)
async def test_what_a_model_writes_is_not_used_when_it_loses_or_invents_something(written: str | None) -> None:
    found = await read(*TALK, writer=Writer(written))
    [whole] = texts_of(found, "follow_up")
    assert whole.startswith(TALK[-1]), "the rule's words are used"
    assert "Тула" in whole


async def test_no_model_is_asked_about_a_question_that_stands_alone() -> None:
    writer = Writer("Anything")
    await read("Where is tea kept?", "Dry [1].", "Which documents does a child need for a passport?", writer=writer)
    assert writer.asked == []


async def test_filters_are_taken_out_of_what_is_searched_for_and_of_the_context() -> None:
    base = KnowledgeBase(
        base_id=BaseId(UUID(int=3)), owner_id=UserId(UUID(int=1)), name="legal", created_at=datetime.now(UTC)
    )
    branch = branch_of("#legal kind:pdf Where is tea kept?", "In a dry place [1].", "#legal and coffee?")
    found = await read_question(branch, bases=[base], scope=SearchScope(chat_id=ChatId(UUID(int=1))))
    assert found.scope == SearchScope(base_ids=(base.base_id,))
    assert texts_of(found, "question") == ["and coffee?"]
    assert "legal" not in texts_of(found, "follow_up")[0]
    assert "pdf" not in texts_of(found, "follow_up")[0]


async def test_a_message_of_filters_alone_asks_the_same_elsewhere() -> None:
    found = await read("Where is tea kept?", "In a dry place [1].", "file:coffee.pdf")
    assert found.scope.name == "coffee.pdf"
    assert [text.origin for text in found.texts] == ["follow_up"]
    assert {"tea", "kept"} <= set(found.texts[0].text.split())


async def test_a_first_message_of_filters_alone_is_searched_for_as_it_is() -> None:
    assert [text.text for text in (await read("file:coffee.pdf")).texts] == ["file:coffee.pdf"]


@given(turns=st.lists(st.text(max_size=60), min_size=1, max_size=6), written=st.none() | st.text(max_size=60))
async def test_no_chat_is_too_odd_to_read(turns: list[str], written: str | None) -> None:
    found = await read(*turns, writer=Writer(written))
    assert found.texts, "there is always something to search for"
    assert all(len(text.text) < 2000 for text in found.texts)
