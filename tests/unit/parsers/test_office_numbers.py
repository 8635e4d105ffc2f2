"""Numbers as spreadsheets show them. Expected texts are what Excel shows in its English and Russian editions."""

import pytest

from samovar.parsers._office.numerals import bullet, numeral, symbol
from samovar.parsers._office.sheets.number_format import Language, format_number, format_text, is_date_format


@pytest.mark.parametrize(
    ("value", "code", "language", "shown"),
    [
        (1234567.891, "#,##0.00", "en", "1,234,567.89"),
        (1234567.891, "#,##0.00", "ru", "1 234 567,89"),
        (-5.5, "0.0;(0.0)", "en", "(5.5)"),
        (0.1234, "0.0%", "en", "12.3%"),
        (0.1234, "0%", "ru", "12%"),
        (1234.5, '#,##0.00\\ "₽"', "ru", "1 234,50 ₽"),
        (1234.5, "#,##0.00\\ [$₽-419]", "ru", "1 234,50 ₽"),
        (-1234, '_-* #,##0.00_-;\\-* #,##0.00_-;_-* "-"??_-;_-@_-', "en", "-1,234.00"),
        (0, '_-* #,##0.00_-;\\-* #,##0.00_-;_-* "-"??_-;_-@_-', "en", "-"),
        (79991234567, "0 (000) 000-00-00", "ru", "7 (999) 123-45-67"),
        (1234567, '0.0,,"M"', "en", "1.2M"),
        (12345, "0.00E+00", "en", "1.23E+04"),
        (1.25, "# ?/?", "en", "1 1/4"),
        (0.333, "# ?/?", "en", "1/3"),
        (7, "000", "en", "007"),
        (1.5, "0.##", "en", "1.5"),
        (1.005, "0.00", "en", "1.01"),
        (12, '[Red]#" шт."', "ru", "12 шт."),
        (5, '[>10]"many";[<=10]"few"', "en", "few"),
        (3.14159265358979, "General", "en", "3.141592654"),
        (0.1 + 0.2, "General", "ru", "0,3"),
        (1e20, "General", "en", "1E+20"),
        (770123456789, "General", "ru", "770123456789"),
    ],
)
def test_a_number_is_shown_in_its_format(value: float, code: str, language: Language, shown: str) -> None:
    assert format_number(value, code, language=language) == shown


@pytest.mark.parametrize(
    ("value", "code", "language", "shown"),
    [
        (45000, "m/d/yyyy", "en", "3/15/2023"),
        (45000, "m/d/yyyy", "ru", "15.03.2023"),
        (45000.75, "m/d/yyyy h:mm", "en", "3/15/2023 18:00"),
        (45000, '[$-419]d mmmm yyyy "г.";@', "en", "15 марта 2023 г."),
        (44927, "mmmm yyyy", "ru", "Январь 2023"),
        (44927, "dddd, d mmmm yyyy", "en", "Sunday, 1 January 2023"),
        (45292, "yyyy\\-mm\\-dd", "en", "2024-01-01"),
        (1.5, "[h]:mm:ss", "en", "36:00:00"),
        (0.5, "h:mm AM/PM", "en", "12:00 PM"),
        (0.000011574, "mm:ss", "en", "00:01"),
        (59, "d/m/yyyy", "en", "28/2/1900"),
        (61, "d/m/yyyy", "en", "1/3/1900"),
        (-1, "d/m/yyyy", "en", "-1"),
    ],
)
def test_a_day_is_shown_in_its_format(value: float, code: str, language: Language, shown: str) -> None:
    assert format_number(value, code, language=language) == shown
    assert is_date_format(code)


def test_days_of_old_macs_are_counted_from_1904() -> None:
    assert format_number(0, "dd.mm.yyyy", language="ru", epoch_1904=True) == "01.01.1904"


def test_a_text_has_a_format_of_its_own() -> None:
    assert format_text("ok", '0;-0;0;"<"@">"') == "<ok>"
    assert format_text("ok", "0.00") == "ok"
    assert not is_date_format("0.00 [Red]")


@pytest.mark.parametrize(
    "code", ["", ";;;", "[", '"', "\\", "?/?", "0/0", "E+", "[h", "#" * 5000, "[$-", "0.0.0.0", "@" * 300]
)
def test_formats_without_sense_still_show_something_short(code: str) -> None:
    for value in (0, -1.5, 1e299, 5e-324, 45000.5):
        assert len(format_number(value, code, language="en")) < 5000


def test_items_of_lists_are_counted_in_letters_and_roman_figures() -> None:
    assert [numeral(number, "lowerRoman") for number in (1, 4, 9, 1994)] == ["i", "iv", "ix", "mcmxciv"]
    assert [numeral(number, "upperLetter") for number in (1, 26, 27)] == ["A", "Z", "AA"]
    assert [numeral(number, "russianLower") for number in (1, 7, 8, 10, 29, 30)] == ["а", "ж", "з", "к", "я", "аа"]
    assert numeral(3, "decimalZero") == "03"
    assert numeral(10**9, "lowerRoman") == "1000000000"


def test_signs_of_symbol_fonts_are_unicode() -> None:
    assert (symbol(0xF061, "Symbol"), symbol(0x44, "Symbol"), symbol(0xF0FC, "Wingdings")) == ("α", "Δ", "✓")
    assert (bullet("\uf0b7", "Symbol"), bullet("o", "Courier New"), bullet("–", ""), bullet("", "")) == (
        "•",
        "◦",
        "–",
        "•",
    )
