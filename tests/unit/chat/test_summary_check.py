"""A summary is taken only if it can stand for the turns; garbage is told for what it is."""

import re
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.everyday_talks import EVERYDAY
from tests.support.summaries import ENGLISH, RUSSIAN, TALKS, Talk

from samovar.chat.summary_check import Refusal, SourceTurn, SummaryDraft, check_summary, tidy_summary
from samovar.domain.context import SummaryFault
from samovar.gateway.tokens import estimate_tokens

CASES = [(talk, text) for talk in (*TALKS, *EVERYDAY) for text in talk.good]
CHANGED = [(talk, text) for talk in TALKS for text in talk.changed]
LOST = [(talk, text) for talk in TALKS for text in talk.lost]
STOP = set(
    re.findall(
        r"\w+", "the a an on is are and for of to it which does was with at in by from и в на с о за по для у к от а"
    )
)


async def short_words(texts: Sequence[str]) -> tuple[frozenset[str], ...]:
    """The first letters of words, in the place of their stems, which come from PostgreSQL."""
    words = (re.findall(r"[^\W_]+", text.lower().replace("ё", "е")) for text in texts)
    return tuple(frozenset(word[:5] for word in found if word not in STOP) for found in words)


async def check(
    text: str, talk: Talk | Sequence[SourceTurn], *, was_cut: bool = False, most_tokens: int = 400
) -> Refusal | None:
    source = talk.source if isinstance(talk, Talk) else talk
    return await check_summary(
        SummaryDraft(text=text, tokens=estimate_tokens(text), was_cut=was_cut),
        source,
        source_tokens=sum(estimate_tokens(turn.text) for turn in source),
        most_tokens=most_tokens,
        stems=short_words,
    )


async def fault(text: str, talk: Talk | Sequence[SourceTurn] = RUSSIAN) -> SummaryFault | None:
    refusal = await check(text, talk)
    return refusal.fault if refusal else None


@pytest.mark.parametrize(("talk", "text"), CASES)
async def test_a_true_summary_is_taken(talk: Talk, text: str) -> None:
    assert await check(text, talk) is None


@pytest.mark.parametrize(("talk", "text"), CHANGED)
async def test_a_summary_with_one_thing_changed_is_refused(talk: Talk, text: str) -> None:
    assert await fault(text, talk) == "facts_changed"


@pytest.mark.parametrize(("talk", "text"), LOST)
async def test_a_summary_that_loses_most_of_what_the_person_said_exactly_is_refused(talk: Talk, text: str) -> None:
    assert await fault(text, talk) == "facts_lost"


@given(st.text(alphabet=" \n\t.,;:!?…—–-*_#`0123456789()[]«»", max_size=200))
async def test_marks_and_digits_without_words_are_no_summary(text: str) -> None:
    assert await fault(text) == "empty"


@pytest.mark.parametrize("text", ["", "  \n", "N/A", "…", "Хорошо.", "Нет данных", "```\n```", "🙂" * 20])
async def test_next_to_nothing_is_no_summary(text: str) -> None:
    assert await fault(tidy_summary(text)) == "empty"


async def test_a_text_that_goes_in_circles_is_no_summary() -> None:
    assert await fault("аренда склада и " * 30) == "empty"


@pytest.mark.parametrize(
    "thoughts",
    [
        "<think>The user wants a summary.</think>\n",
        "Let me summarise the conversation. ",
        "Okay, so the user talks about a bakery. ",
        "Alright, let's break this down. ",
        "First, I need to identify the key facts. ",
        "The user wants me to write a summary. ",
        "We need to produce a short summary. ",
        "Chain of thought: names first. ",
        "**Reasoning:** names first.\n",
        "Hmm, what matters here? ",
        "I'll start with the names. ",
        "Step by step: first the names. ",
        "Хорошо, мне нужно составить краткое содержание. ",
        "Так, давайте разберёмся. ",
        "Мне нужно кратко передать разговор. ",
        "Давайте составим краткую запись. ",
        "Сначала нужно понять, о чём речь. Я должен составить запись. ",
        "Ход мыслей: сначала имена. ",
        "Пользователь просит, чтобы я составил запись. ",
        "Рассуждение: имена важнее.\n",
    ],
)
@pytest.mark.parametrize("talk", TALKS)
@pytest.mark.parametrize("where", ["before", "behind", "below"])
async def test_a_model_that_thinks_aloud_is_refused(thoughts: str, talk: Talk, where: str) -> None:
    good = talk.good[0]
    text = {"before": thoughts + good, "behind": f"{good} {thoughts}", "below": f"{good}\n- {thoughts}"}[where]
    assert await fault(text, talk) == "reasoning"


@pytest.mark.parametrize("text", ["Martha asked to let Daniel know.", "Пользователь думает, что цена вырастет."])
async def test_what_somebody_thinks_is_no_thought_of_the_model(text: str) -> None:
    source = [
        SourceTurn(text=f"Please note. {text} Thank you. Спасибо, и это всё, что я хотел сказать.", by_person=False)
    ]
    assert await fault(text, source) is None


@pytest.mark.parametrize("talk", TALKS)
async def test_a_text_no_shorter_than_its_source_is_no_summary(talk: Talk) -> None:
    assert await fault("\n".join(talk.turns), talk) == "too_long"
    assert await fault("\n".join(talk.turns) + " And so on.", talk) == "too_long"


@pytest.mark.parametrize(("talk", "text"), CASES)
async def test_a_summary_above_its_budget_is_refused(talk: Talk, text: str) -> None:
    refusal = await check(text, talk, most_tokens=estimate_tokens(text) - 1)
    assert refusal == Refusal(fault="too_long")


@pytest.mark.parametrize(("talk", "text"), CASES)
async def test_a_summary_that_was_cut_short_is_refused(talk: Talk, text: str) -> None:
    assert await check(text, talk, was_cut=True) == Refusal(fault="cut")


@given(st.data())
async def test_no_digit_of_a_summary_can_be_another(data: st.DataObject) -> None:
    talk = data.draw(st.sampled_from((*TALKS, *EVERYDAY)))
    text = data.draw(st.sampled_from(talk.good))
    place = data.draw(st.sampled_from([found.start() for found in re.finditer("[0-9]", text)]))
    digit = data.draw(st.sampled_from("123456789"))
    changed = text[:place] + digit + text[place + 1 :]
    numbers = set(re.findall(r"[0-9]+", " ".join(talk.turns)))
    if text[place + 1 :].startswith(" темы"):
        return  # How many topics there were is the summary's own count.
    if set(re.findall(r"[0-9]+", changed)) <= numbers | set(re.findall(r"[0-9]+", text)):
        return  # It is the digit that stood there, or makes a number that was said.
    assert await fault(changed, talk) == "facts_changed"


@given(st.data())
async def test_no_name_of_a_summary_can_be_a_stranger(data: st.DataObject) -> None:
    talk, names, strangers = data.draw(
        st.sampled_from(
            [
                (RUSSIAN, ["Смирнов", "Казани", "Петрова", "Козлов", "Вектор"], ["Зуев", "Твери", "Лыткин", "Омега"]),
                (ENGLISH, ["Norwood", "Goldcrust", "Leeds", "Whitfield", "Daniel"], ["Quincy", "Derby", "Zenith"]),
            ]
        )
    )
    name, stranger = data.draw(st.sampled_from(names)), data.draw(st.sampled_from(strangers))
    refusal = await check(talk.good[0].replace(name, stranger), talk)
    assert refusal is not None
    assert refusal.fault == "facts_changed"
    assert any(stranger in wrong for wrong in refusal.wrong)


async def test_the_wrong_words_are_named() -> None:
    refusal = await check(RUSSIAN.changed[0], RUSSIAN)
    assert refusal == Refusal(fault="facts_changed", wrong=("154 000 рублей",))


async def test_the_lost_words_are_named() -> None:
    refusal = await check(ENGLISH.lost[0], ENGLISH)
    assert refusal is not None
    assert {"Martha Norwood", "£12,500"} <= set(refusal.wrong)


async def test_what_only_the_assistant_said_may_go() -> None:
    source = [
        SourceTurn(
            text="Расскажи, пожалуйста, про реки, которые стоит увидеть летом, и чем они хороши.", by_person=True
        ),
        SourceTurn(
            text="Волга — 3530 км, Обь — 3650 км, Лена — 4294 км, Енисей — 3487 км, Амур — 2824 км.", by_person=False
        ),
    ]
    assert await fault("Пользователь спросил про реки, ассистент назвал их.", source) is None


async def test_facts_of_an_earlier_summary_may_not_fade_away() -> None:
    source = [
        SourceTurn(text=RUSSIAN.good[0], by_person=True),
        SourceTurn(text="Спасибо, теперь поговорим о ремонте склада и о том, кто за него платит.", by_person=True),
    ]
    assert await fault("Пользователь снимает склад и спрашивает, кто платит за ремонт склада.", source) == "facts_lost"


async def test_a_pasted_table_need_not_fit_into_a_summary() -> None:
    rows = "\n".join(f"| Лампа {number} | {number * 117} руб. |" for number in range(10, 60))
    source = [
        SourceTurn(text=f"Вот цены ламп, посчитай среднюю цену:\n\n| Товар | Цена |\n|---|---|\n{rows}", by_person=True)
    ]
    assert await fault("Пользователь дал таблицу цен ламп и попросил посчитать среднюю цену.", source) is None


async def test_what_was_corrected_later_may_be_told_as_it_stands_now() -> None:
    source = [
        SourceTurn(text="Встреча с подрядчиком назначена на 15 марта, подготовь план беседы на час.", by_person=True),
        SourceTurn(text="План: цена, сроки, гарантия, порядок приёмки, штрафы и страхование объекта.", by_person=False),
        SourceTurn(text="Нет, лучше 20 марта.", by_person=True),
        SourceTurn(text="Хорошо, учту новую дату. План остаётся прежним, добавлю пункт о погоде.", by_person=False),
    ]
    assert await fault("Встреча с подрядчиком перенесена на 20 марта, план: цена, сроки, гарантия.", source) is None


async def test_a_name_in_the_other_alphabet_is_the_same_name() -> None:
    source = [
        SourceTurn(
            text="My colleague Petrov from Gazprom wrote that the valve test is over, see the report.", by_person=True
        ),
        SourceTurn(
            text="Thanks, I have read the report about the valve test and there is nothing to add.", by_person=False
        ),
    ]
    refusal = await check("Коллега Петров из Газпрома сообщил: test valve report over.", source)
    assert refusal is None


async def test_its_own_count_of_options_is_no_changed_fact() -> None:
    source = [
        SourceTurn(text="Как назвать кафе у моря, чтобы имя запоминалось?", by_person=True),
        SourceTurn(text="Можно «Прибой», можно «Чайка», а можно «Якорь»: все эти названия короткие.", by_person=False),
    ]
    assert await fault("Ассистент предложил 3 варианта названий кафе: «Прибой», «Чайка», «Якорь».", source) is None


@pytest.mark.parametrize(
    ("written", "tidied"),
    [
        ("Here is a summary of the conversation:\n\nMartha opens a bakery.", "Martha opens a bakery."),
        ("**Краткое содержание:**\nОлег снимает склад.", "Олег снимает склад."),
        ("```\nОлег снимает склад.\n```", "Олег снимает склад."),
        ("Summary:", "Summary:"),
        ("  Martha opens a bakery.\n", "Martha opens a bakery."),
    ],
)
def test_what_only_announces_a_summary_is_taken_off(written: str, tidied: str) -> None:
    assert tidy_summary(written) == tidied
