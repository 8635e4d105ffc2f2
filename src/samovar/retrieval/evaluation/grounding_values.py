"""Values that invented documents state, each written in several ways, and changed into a wrong one."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from random import Random
from typing import Final, Literal

__all__ = ["ENGLISH_NAMES", "RUSSIAN_NAMES", "Language", "Value", "ValueKind", "alter", "draw", "forms", "other_unit"]

Language = Literal["ru", "en"]
ValueKind = Literal[
    "money", "small_money", "days", "months", "percent", "date", "person", "company", "count", "code", "room"
]


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


_RUSSIAN_SURNAMES: Final = _words(
    """
    Абрамов Беляков Воронцов Громов Дорофеев Ермаков Журавлёв Зимин Исаков Калинин Лаптев Морозов Никитин
    Одинцов Панфилов Рябинин Савельев Тарасов Уваров Филатов Хомяков Цветков Черкасов Шубин Щукин Юдин Якушев
    Балашов Гущин Демидов
    """
)
_RUSSIAN_GIVEN: Final = _words(
    """
    Андрей Виктор Григорий Денис Егор Игорь Максим Николай Олег Роман Степан Тимофей
    """
)
_ENGLISH_SURNAMES: Final = _words(
    """
    Abbott Barlow Calloway Dawson Ellery Fairbanks Garrick Hollis Ingram Jarvis Kendrick Lockhart Mercer Norwood
    Osborne Pemberton Quimby Radcliffe Sheffield Thackeray Underhill Vickers Whitlock Yardley Ashworth Blackwood
    Crawford Drummond Everett Fletcher
    """
)
_ENGLISH_GIVEN: Final = _words(
    """
    Arthur Beatrice Clara Dominic Edith Felix Gloria Hugo Irene Julian Leonard Martha
    """
)
#: A company's name is a beginning and an end.
_RUSSIAN_BEGINNINGS: Final = _words(
    """
    Северо Лазурь Крона Верхне Гранит Ладога Урало Енисей Онего Заречь Байкал Степь Яхонт Рубин Волга Кедр
    Полярис Агат Вымпел Нива Дельта Сокол Ермак Каспий Орион Тайга Берилл Фарватер
    """
)
_RUSSIAN_ENDS: Final = _words(
    """
    строй пром торг снаб монтаж прибор ресурс проект инвест сервис маш логистик
    """
)
_ENGLISH_BEGINNINGS: Final = _words(
    """
    Blue North Silver Oak Harbor Copper Red Stone Clear Iron Bright Maple East Gold Ash Birch Crystal Dawn Elm
    Falcon Granite Hazel Ivory Juniper Kings Lark Marble Noble
    """
)
_ENGLISH_ENDS: Final = _words(
    """
    gate ridge view field wing bridge water haven brook hill crest moor
    """
)
#: Names of nobody in the corpus, for questions that it cannot answer.
RUSSIAN_NAMES: Final = ("Ратников", "Вьюгин", "Соболевич", "Лихобор", "Кочубей", "Астрахов")
ENGLISH_NAMES: Final = ("Zimmerman", "Featherstone", "Okonkwo", "Delacroix", "Hargreaves", "Lindqvist")
_RUSSIAN_MONTHS: Final = _words("января февраля марта апреля мая июня июля августа сентября октября ноября декабря")
_ENGLISH_MONTHS: Final = _words("January February March April May June July August September October November December")
_FIRST_DAY: Final = date(2019, 1, 1)


@dataclass(frozen=True, slots=True)
class Value:
    """Something exact that a document states; ``number`` or ``day`` or ``words`` by its kind."""

    kind: ValueKind
    number: int = 0
    day: date = _FIRST_DAY
    words: tuple[str, ...] = ()
    unit: str = ""


def draw(kind: ValueKind, random: Random, language: Language, *, pool: int | None = None) -> Value:
    """Draw a value; names of one ``pool`` (0 or 1) never occur in the other."""
    every = slice(None) if pool is None else slice(pool, None, 2)
    russian = language == "ru"
    if kind == "person":
        given = random.choice(_RUSSIAN_GIVEN if russian else _ENGLISH_GIVEN)
        return Value(kind, words=(given, random.choice((_RUSSIAN_SURNAMES if russian else _ENGLISH_SURNAMES)[every])))
    if kind == "company":
        beginning = random.choice((_RUSSIAN_BEGINNINGS if russian else _ENGLISH_BEGINNINGS)[every])
        return Value(kind, words=(beginning + random.choice(_RUSSIAN_ENDS if russian else _ENGLISH_ENDS),))
    if kind == "date":
        return Value(kind, day=_FIRST_DAY + timedelta(days=random.randrange(2_000)))
    if kind == "code":
        letters = random.choice(("А", "Б", "К", "П") if russian else ("A", "B", "K", "P"))
        return Value(kind, words=(f"{random.randrange(10, 1000)}/{random.randrange(10, 99)}-{letters}",))
    return Value(kind, number=_draw_number(kind, random), unit=_UNITS.get(kind, ""))


_UNITS: Final = {"money": "money", "small_money": "money", "days": "days", "months": "months", "percent": "percent"}
_RANGES: Final = {
    "money": (101, 9_900, 500),
    "small_money": (21, 400, 5),
    "days": (3, 90, 1),
    "months": (4, 60, 1),
    "percent": (2, 60, 1),
    "count": (12, 950, 1),
    "room": (101, 899, 1),
}


def _draw_number(kind: ValueKind, random: Random) -> int:
    first, last, step = _RANGES[kind]
    return random.randrange(first, last) * step


def alter(value: Value, random: Random, language: Language) -> Value:
    """Change a value into another of its kind: one digit, one day, month or year, or one name."""
    changed = value
    while changed == value or set(_all_forms(changed, language)) & set(_all_forms(value, language)):
        if value.kind == "date":
            days = random.choice((1, -1, 30, 365, -365, 10))
            changed = replace(value, day=value.day + timedelta(days=days))
        elif value.words:
            changed = draw(value.kind, random, language)
        else:
            digits = list(str(value.number))
            place = random.randrange(len(digits))
            digits[place] = random.choice("123456789")
            changed = replace(value, number=int("".join(digits)))
    return changed


def other_unit(value: Value, random: Random) -> Value | None:
    """The same number of something else; None for what has no unit."""
    others = {
        "money": ("other_money",),
        "days": ("months", "hours"),
        "months": ("days", "years"),
        "percent": ("money",),
    }
    return replace(value, unit=random.choice(others[value.unit])) if value.unit else None


def _all_forms(value: Value, language: Language) -> list[str]:
    return [form(value) for form in _writers(value, language)]


def forms(value: Value, random: Random, language: Language, *, case: str = "") -> str:
    """Write a value in one of the ways that the language has; ``case`` is that of a person's name in Russian."""
    if value.kind == "person" and language == "ru":
        return _russian_person(value, case or "nominative")
    return random.choice(_writers(value, language))(value)


def _writers(value: Value, language: Language) -> Sequence[Callable[[Value], str]]:
    if value.kind == "date":
        return _RUSSIAN_DATES if language == "ru" else _ENGLISH_DATES
    if value.kind in ("person", "company", "code"):
        return (lambda one: " ".join(one.words),)
    return (_RUSSIAN_UNITS if language == "ru" else _ENGLISH_UNITS).get(value.unit, (lambda one: str(one.number),))


def _spaced(number: int, separator: str) -> str:
    return f"{number:,}".replace(",", separator)


def _plural(number: int, one: str, few: str, many: str) -> str:
    if number % 10 == 1 and number % 100 != 11:
        return one
    return few if number % 10 in (2, 3, 4) and number % 100 not in (12, 13, 14) else many


def _thousands(value: Value, word: str, unit: str, comma: str) -> str:
    """Write in thousands where that is exact: 12,5 тыс. руб."""
    whole, rest = divmod(value.number, 1000)
    if value.number < 1000 or rest % 100:
        return f"{_spaced(value.number, ' ' if comma == ',' else ',')} {unit}"
    return f"{whole}{comma + str(rest // 100) if rest else ''} {word} {unit}"


_RUSSIAN_DATES: Final[Sequence[Callable[[Value], str]]] = (
    lambda value: f"{value.day.day} {_RUSSIAN_MONTHS[value.day.month - 1]} {value.day.year} г.",
    lambda value: f"{value.day.day} {_RUSSIAN_MONTHS[value.day.month - 1]} {value.day.year} года",
    lambda value: f"{value.day:%d.%m.%Y}",
    lambda value: f"«{value.day:%d}» {_RUSSIAN_MONTHS[value.day.month - 1]} {value.day.year} года",
)
_ENGLISH_DATES: Final[Sequence[Callable[[Value], str]]] = (
    lambda value: f"{_ENGLISH_MONTHS[value.day.month - 1]} {value.day.day}, {value.day.year}",
    lambda value: f"{value.day.day} {_ENGLISH_MONTHS[value.day.month - 1]} {value.day.year}",
    lambda value: f"{value.day:%Y-%m-%d}",
    lambda value: f"{value.day.day} {_ENGLISH_MONTHS[value.day.month - 1][:3]} {value.day.year}",
)
_RUSSIAN_UNITS: Final[dict[str, Sequence[Callable[[Value], str]]]] = {
    "money": (
        lambda value: f"{_spaced(value.number, ' ')} руб.",
        lambda value: f"{_spaced(value.number, chr(160))} {_plural(value.number, 'рубль', 'рубля', 'рублей')}",
        lambda value: f"{value.number} рублей",
        lambda value: f"{_spaced(value.number, ' ')},00 ₽",
        lambda value: _thousands(value, "тыс.", "руб.", ","),
    ),
    "other_money": (lambda value: f"{_spaced(value.number, ' ')} долларов", lambda value: f"{value.number} евро"),
    "days": (lambda value: f"{value.number} {_plural(value.number, 'день', 'дня', 'дней')}",),
    "hours": (lambda value: f"{value.number} {_plural(value.number, 'час', 'часа', 'часов')}",),
    "months": (
        lambda value: f"{value.number} {_plural(value.number, 'месяц', 'месяца', 'месяцев')}",
        lambda value: f"{value.number} мес.",
    ),
    "years": (lambda value: f"{value.number} {_plural(value.number, 'год', 'года', 'лет')}",),
    "percent": (
        lambda value: f"{value.number} %",
        lambda value: f"{value.number}%",
        lambda value: f"{value.number} {_plural(value.number, 'процент', 'процента', 'процентов')}",
    ),
}
_ENGLISH_UNITS: Final[dict[str, Sequence[Callable[[Value], str]]]] = {
    "money": (
        lambda value: f"${_spaced(value.number, ',')}",
        lambda value: f"{_spaced(value.number, ',')} dollars",
        lambda value: f"USD {value.number}",
        lambda value: f"${_spaced(value.number, ',')}.00",
        lambda value: _thousands(value, "thousand", "dollars", "."),
    ),
    "other_money": (lambda value: f"€{_spaced(value.number, ',')}", lambda value: f"{value.number} roubles"),
    "days": (lambda value: f"{value.number} days",),
    "hours": (lambda value: f"{value.number} hours",),
    "months": (lambda value: f"{value.number} months",),
    "years": (lambda value: f"{value.number} years",),
    "percent": (
        lambda value: f"{value.number}%",
        lambda value: f"{value.number} percent",
        lambda value: f"{value.number} per cent",
    ),
}
_CASES: Final = {
    "nominative": ("", "", "", ""),
    "genitive": ("а", "я", "а", "я"),
    "dative": ("у", "ю", "у", "ю"),
    "instrumental": ("ым", "ым", "ом", "ем"),
}


def _russian_person(value: Value, case: str) -> str:
    """A man's name in a case: surnames in -ов and -ин, first names in a consonant or -й, -ь."""
    given, surname = value.words
    hard, _, name_hard, name_soft = _CASES[case]
    if case == "nominative":
        return f"{given} {surname}"
    stem = given[:-1] if given[-1] in "йь" else given
    return f"{stem}{name_soft if given[-1] in 'йь' else name_hard} {surname}{hard}"
