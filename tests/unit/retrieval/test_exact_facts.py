"""Numbers and dates are read in every form of both languages, and never taken for others."""

from datetime import date

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from samovar.retrieval.dates import Day, find_dates
from samovar.retrieval.quantities import find_quantities
from samovar.retrieval.quotes import find_quotes, normalised, stands_in
from samovar.retrieval.reading import read_text, same_name

RUSSIAN_MONTHS = (
    "января",
    "февраля",
    "марта",
    "апреля",
    "мая",
    "июня",
    "июля",
    "августа",
    "сентября",
    "октября",
    "ноября",
    "декабря",
)
ENGLISH_MONTHS = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)


def days(text: str) -> list[frozenset[Day]]:
    return [found.days for found in find_dates(text)[0]]


@given(st.dates(date(1900, 1, 1), date(2099, 12, 31)))
def test_every_form_of_a_date_is_the_same_date(day: date) -> None:
    expected = Day(day.year, day.month, day.day)
    russian, english = RUSSIAN_MONTHS[day.month - 1], ENGLISH_MONTHS[day.month - 1]
    for written in (
        f"{day.day} {russian} {day.year} г.",
        f"«{day:%d}» {russian} {day.year} года",
        f"{day:%d.%m.%Y}",
        f"{day:%Y-%m-%d}",
        f"{english} {day.day}, {day.year}",
        f"{day.day} {english} {day.year}",
    ):
        [found] = days(f"on {written} it was")
        assert expected in found, written


def test_parts_of_dates_are_dates() -> None:
    assert days("в I квартале 2024 года") == [frozenset({Day(2024, quarter=1)})]
    assert days("in March 2024") == [frozenset({Day(2024, 3)})]
    assert days("в 2024 году") == [frozenset({Day(2024)})]
    assert days("on 05/06/2024") == [frozenset({Day(2024, 5, 6), Day(2024, 6, 5)})]


def test_a_source_with_the_day_bears_out_the_month_and_not_another_year() -> None:
    assert Day(2024, 3).fits(Day(2024, 3, 12), ())
    assert Day(None, 3, 12).fits(Day(2024, 3, 12), ())
    assert not Day(2023, 3).fits(Day(2024, 3, 12), ())
    assert Day(2024, 3, 12).fits(Day(None, 3, 12), (2024,))
    assert not Day(2024, 3, 12).fits(Day(None, 3, 12), ())


def values(text: str, *, russian: bool = True) -> list[tuple[set[str], str | None]]:
    return [(set(one.values), one.unit) for one in find_quantities(text, is_russian=russian)[0]]


@given(st.integers(1000, 10**12), st.integers(0, 99))
def test_every_form_of_a_number_is_the_same_number(whole: int, cents: int) -> None:
    canonical = f"{whole}.{cents:02}".rstrip("0").rstrip(".")
    spaced = f"{whole:,}"
    for written in (spaced.replace(",", " "), spaced.replace(",", "\u00a0"), str(whole)):
        assert values(f"сумма {written},{cents:02} руб.") == [({canonical}, "RUB")]
    assert values(f"the sum of ${spaced}.{cents:02} is", russian=False) == [({canonical}, "USD")]


@given(st.integers(100, 10**9), st.integers(0, 8), st.sampled_from("0123456789"))
def test_a_changed_digit_is_another_number(number: int, place: int, digit: str) -> None:
    digits = str(number)
    assume(place < len(digits) and digits[place] != digit and not (place == 0 and digit == "0"))
    changed = digits[:place] + digit + digits[place + 1 :]
    [(one, _)] = values(f"всего {number} руб.")
    [(other, _)] = values(f"всего {changed} руб.")
    assert one.isdisjoint(other)


@pytest.mark.parametrize(
    ("written", "value", "unit"),
    [
        ("5 (пять) дней", "5", "day"),
        ("тридцать дней", "30", "day"),
        ("twenty-five days", "25", "day"),
        ("2,5 млн руб.", "2500000", "RUB"),
        ("2.5 million dollars", "2500000", "USD"),
        ("30 (тридцати) календарных дней", "30", "day"),
        ("−5 °C", "-5", "degree"),
        ("12 кв. м", "12", "m2"),
        ("15 per cent", "15", "%"),
    ],
)
def test_words_multipliers_and_units_are_read(written: str, value: str, unit: str) -> None:
    read = values(f"это {written}", russian="а" <= written[-2] <= "я")
    assert ({value}, unit) in read


def test_codes_are_right_or_wrong_as_a_whole() -> None:
    read = read_text("Договор № 12/45-А, деталь AB-1234, a.b@example.org, +7 (495) 123-45-67, в 10:30")
    assert [fact.text for fact in read.facts if fact.kind == "code"] == [
        "12/45-А",
        "AB-1234",
        "a.b@example.org",
        "+7 (495) 123-45-67",
        "10:30",
    ]


@pytest.mark.parametrize(("one", "other"), [("петров", "петровым"), ("мария", "марией"), ("павел", "павла")])
def test_cases_of_a_name_are_one_name(one: str, other: str) -> None:
    assert same_name(one, other)


@pytest.mark.parametrize(("one", "other"), [("петров", "петровский"), ("карп", "карпов"), ("smith", "smithson")])
def test_names_that_begin_alike_are_two_names(one: str, other: str) -> None:
    assert not same_name(one, other)


def test_a_denial_belongs_to_the_word_behind_it() -> None:
    denied = {
        word.key for word in read_text("Договор не может быть расторгнут, но не менее 5 дней").words if word.is_negated
    }
    assert denied == {"расторгнут"}


def test_quotes_are_compared_letter_for_letter_but_not_by_print() -> None:
    source = normalised("Пла\u00adтёж вно-\nсится  до «первого» числа — 5,5 %.")
    assert stands_in('платеж вносится до "первого" числа - 5,5 %', source)
    assert not stands_in("платеж вносится до второго числа", source)
    assert not stands_in("до «первого» числа — 5", source)


def test_quotes_in_every_kind_of_marks_are_found_and_short_ones_are_names() -> None:
    text = "«one two three» “one two three” \"one two three\" „one two three“ 'one two three' «one two»"
    assert [quote.text for quote in find_quotes(text)] == ["one two three"] * 5
