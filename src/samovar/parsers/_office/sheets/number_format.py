"""Number formats of spreadsheets: what a stored number looks like in its cell.

Sources: ECMA-376-1, 18.8.30 and 18.8.31 (2016). Separators and the order of a date that a format leaves to the system
are those of the workbook's own language, which is found out by its words.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from fractions import Fraction
from functools import lru_cache
from typing import Final, Literal

__all__ = ["BUILT_IN", "Language", "format_number", "format_text", "is_date_format"]

Language = Literal["en", "ru"]

#: The formats that files name by number alone.
BUILT_IN: Final = {
    0: "General", 1: "0", 2: "0.00", 3: "#,##0", 4: "#,##0.00", 5: '"$"#,##0', 6: '"$"#,##0', 7: '"$"#,##0.00',
    8: '"$"#,##0.00', 9: "0%", 10: "0.00%", 11: "0.00E+00", 12: "# ?/?", 13: "# ??/??", 14: "m/d/yyyy", 15: "d-mmm-yy",
    16: "d-mmm", 17: "mmm-yy", 18: "h:mm AM/PM", 19: "h:mm:ss AM/PM", 20: "h:mm", 21: "h:mm:ss", 22: "m/d/yyyy h:mm",
    37: "#,##0;-#,##0", 38: "#,##0;-#,##0", 39: "#,##0.00;-#,##0.00", 40: "#,##0.00;-#,##0.00", 41: "#,##0;-#,##0;-",
    42: "#,##0;-#,##0;-", 43: "#,##0.00;-#,##0.00;-", 44: "#,##0.00;-#,##0.00;-", 45: "mm:ss", 46: "[h]:mm:ss",
    47: "mm:ss.0", 48: "##0.0E+0", 49: "@",
}  # fmt: skip
_RUSSIAN_BUILT_IN: Final = {
    "m/d/yyyy": "dd.mm.yyyy", "m/d/yyyy h:mm": "dd.mm.yyyy h:mm", "d-mmm-yy": "dd.mmm.yy", "d-mmm": "dd.mmm",
    "mmm-yy": "mmm.yy", "h:mm AM/PM": "h:mm", "h:mm:ss AM/PM": "h:mm:ss",
}  # fmt: skip
_MONTHS: Final[dict[Language, tuple[str, ...]]] = {
    "en": ("January", "February", "March", "April", "May", "June", "July", "August", "September", "October",
           "November", "December"),
    "ru": ("Январь", "Февраль", "Март", "Апрель", "Май", "Июнь", "Июль", "Август", "Сентябрь", "Октябрь", "Ноябрь",
           "Декабрь"),
}  # fmt: skip
_MONTHS_OF: Final = (
    "января", "февраля", "марта", "апреля", "мая", "июня", "июля", "августа", "сентября", "октября", "ноября",
    "декабря",
)  # fmt: skip
_SHORT_MONTHS: Final[dict[Language, tuple[str, ...]]] = {
    "en": ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"),
    "ru": ("янв", "фев", "мар", "апр", "май", "июн", "июл", "авг", "сен", "окт", "ноя", "дек"),
}
_DAYS: Final[dict[Language, tuple[str, ...]]] = {
    "en": ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"),
    "ru": ("понедельник", "вторник", "среда", "четверг", "пятница", "суббота", "воскресенье"),
}
_SHORT_DAYS: Final[dict[Language, tuple[str, ...]]] = {
    "en": ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"),
    "ru": ("Пн", "Вт", "Ср", "Чт", "Пт", "Сб", "Вс"),
}
_TOKEN: Final = re.compile(
    r'"[^"]*"?|\\.|_.|\*.|\[[^\]]*\]|AM/PM|A/P|General|Основной|[yY]+|[mM]+|[dD]+|[hH]+|[sS]+(?:\.0+)?'
    r"|E[+-]0+|[0#?,.]+|%|@|/|.",
    re.DOTALL | re.IGNORECASE,
)
_ELAPSED: Final = re.compile(r"\[(h+|m+|s+)\]", re.IGNORECASE)
_CONDITION: Final = re.compile(r"\[(<=|>=|<>|<|>|=)\s*(-?[0-9.]+)\]")
_CURRENCY: Final = re.compile(r"\[\$([^\]-]*)(?:-([0-9A-Fa-f]+))?\]")
_RUSSIAN_TAGS: Final = frozenset({"419", "FC19", "19"})
_PLAIN: Final = re.compile(r"(#,##)?0(\.0{1,9})?")
_LARGEST_PLAIN: Final = 1e15
_TENTHS: Final = tuple(Decimal(1).scaleb(-decimals) for decimals in range(10))
_RUSSIAN_SIGNS: Final = str.maketrans(",.", " ,")
_LONGEST_FORMAT: Final = 255
_LATEST_SERIAL: Final = 2_958_466  # 31 December 9999
_WIDEST_GENERAL: Final = 11
_LONGEST_WHOLE: Final = 15


@dataclass(frozen=True, slots=True, kw_only=True)
class _Section:
    tokens: tuple[str, ...]
    language: Language | None
    condition: tuple[str, float] | None
    is_date: bool


def is_date_format(code: str) -> bool:
    """Tell whether a format writes dates or times."""
    return any(section.is_date for section in _sections(code[:_LONGEST_FORMAT]))


def format_text(text: str, code: str) -> str:
    """Write a text in its format: the fourth part of the code, ``@`` is the text itself."""
    sections = _sections(code[:_LONGEST_FORMAT])
    if len(sections) < 4 and not (len(sections) == 1 and "@" in sections[0].tokens):
        return text
    return "".join(text if part == "@" else _literal(part) for part in sections[-1].tokens)


def format_number(value: float, code: str, *, language: Language, epoch_1904: bool = False) -> str:
    """Write a number in its format; a code that makes no sense gives the plain number."""
    plain = _PLAIN.fullmatch(code)
    if plain is not None and abs(value) < _LARGEST_PLAIN:
        return _plain(value, is_grouped=bool(plain[1]), decimals=len(plain[2] or ".") - 1, language=language)
    code = _RUSSIAN_BUILT_IN.get(code, code) if language == "ru" else code
    sections = _sections(code[:_LONGEST_FORMAT])
    section, is_signed = _chosen(sections, value)
    spoken = section.language or language
    try:
        if section.is_date:
            return _date(value, section.tokens, spoken, epoch_1904=epoch_1904)
        return _number(value, section.tokens, language, is_signed=is_signed)
    except (ValueError, OverflowError, InvalidOperation, ZeroDivisionError):
        return _general(value, language)


@lru_cache(maxsize=512)
def _sections(code: str) -> tuple[_Section, ...]:
    parts: list[list[str]] = [[]]
    for found in _TOKEN.findall(code or "General"):
        if found == ";":
            parts.append([])
        else:
            parts[-1].append(found)
    return tuple(_section(part) for part in parts[:4])


def _section(tokens: list[str]) -> _Section:
    language: Language | None = None
    condition = None
    kept = []
    for token in tokens:
        currency, compared = _CURRENCY.fullmatch(token), _CONDITION.fullmatch(token)
        if currency:
            if (currency[2] or "").upper()[-4:].lstrip("0") in _RUSSIAN_TAGS:
                language = "ru"
            kept.append(f'"{currency[1]}"')
        elif compared:
            condition = (compared[1], float(compared[2]))
        elif not token.startswith("[") or _ELAPSED.fullmatch(token):
            kept.append(token)
    letters = {
        token[0].lower() for token in kept if token[0].isalpha() and token.lower() not in ("general", "основной")
    }
    is_date = bool(letters & set("ymdhs")) or any(_ELAPSED.fullmatch(token) for token in kept)
    return _Section(tokens=tuple(kept), language=language, condition=condition, is_date=is_date)


def _chosen(sections: tuple[_Section, ...], value: float) -> tuple[_Section, bool]:
    """The part of the format for this number, and whether a minus is still to be written."""
    if any(section.condition for section in sections[:2]):
        for section in sections[:3]:
            if section.condition is None or _holds(value, *section.condition):
                return section, True
        return sections[-1], True
    if value < 0 and len(sections) > 1:
        return sections[1], False
    if value == 0 and len(sections) > 2:
        return sections[2], False
    return sections[0], True


def _holds(value: float, sign: str, other: float) -> bool:
    match sign:
        case "<":
            return value < other
        case "<=":
            return value <= other
        case ">":
            return value > other
        case ">=":
            return value >= other
        case "<>":
            return value != other
        case _:
            return value == other


def _literal(token: str) -> str:
    if token.startswith('"'):
        return token.strip('"')
    if token.startswith("\\"):
        return token[1:]
    if token.startswith("_"):
        return " "
    return "" if token.startswith(("*", "[")) else token


def _plain(value: float, *, is_grouped: bool, decimals: int, language: Language) -> str:
    """The quick way for the formats of most numbers: ``0``, ``0.00``, ``#,##0``, ``#,##0.00``."""
    number = Decimal(repr(abs(value))).quantize(_TENTHS[decimals], rounding=ROUND_HALF_UP)
    shown = f"{number:,f}" if is_grouped else f"{number:f}"
    if language == "ru":
        shown = shown.translate(_RUSSIAN_SIGNS)
    return f"-{shown}" if value < 0 and number else shown


def _general(value: float, language: Language) -> str:
    # Excel cuts whole numbers of 12 figures and more short; here a taxpayer's number stays whole.
    if value == int(value) and abs(value) < 10**_LONGEST_WHOLE:
        return str(int(value))
    size = abs(value)
    if 1e-9 <= size < 10**_WIDEST_GENERAL:
        digits = max(0, _WIDEST_GENERAL - 1 - max(1, len(str(int(size)))))
        written = f"{value:.{digits}f}".rstrip("0").rstrip(".") if size >= 1e-4 else f"{value:.10f}".rstrip("0")
    else:
        mantissa, _, exponent = f"{value:.5E}".partition("E")
        written = f"{mantissa.rstrip('0').rstrip('.')}E{exponent}"
    return written.replace(".", ",") if language == "ru" else written


def _number(value: float, tokens: tuple[str, ...], language: Language, *, is_signed: bool) -> str:
    if any(token.lower() in ("general", "основной") for token in tokens):
        shown = _general(abs(value), language)
        written = "".join(shown if t.lower() in ("general", "основной") else _literal(t) for t in tokens)
        return ("-" if value < 0 and is_signed else "") + written
    digits = [place for place, token in enumerate(tokens) if _is_digits(token)]
    if not digits:
        return "".join(_literal(token) for token in tokens).strip()
    if "/" in tokens:
        return _fraction(value, tokens)
    number = Decimal(repr(abs(value))).scaleb(2 * tokens.count("%"))
    shown = _digits(number, tokens, digits, language)
    has_value = any(sign in "123456789" for sign in shown)
    return ("-" if value < 0 and is_signed and has_value else "") + shown


def _is_digits(token: str) -> bool:
    return token[0] in "0#?" or (token[0] in ",." and any(sign in "0#?" for sign in token))


def _digits(number: Decimal, tokens: tuple[str, ...], places: list[int], language: Language) -> str:
    """Write the digits; literals between them (a telephone number) stay where they are."""
    pattern = "".join(tokens[place] for place in places)
    exponent = next((token for token in tokens if token[:2].upper() in ("E+", "E-")), None)
    whole, _, decimals = pattern.partition(".")
    stripped = whole.rstrip(",")
    thousands = len(whole) - len(stripped) + (len(decimals) - len(decimals.rstrip(",")))
    decimals = decimals.replace(",", "")
    number = number.scaleb(-3 * thousands)
    power = 0
    if exponent and number:
        power = number.adjusted()
        number = number.scaleb(-power)
    number = number.quantize(Decimal(1).scaleb(-len(decimals)), rounding=ROUND_HALF_UP)
    before, _, after = f"{number:f}".partition(".")
    after = _trimmed(after, decimals)
    is_grouped = "," in stripped
    least = stripped.replace(",", "").replace("?", "#").count("0")
    before = before.lstrip("0").rjust(least, "0")
    separator, point = (" ", ",") if language == "ru" else (",", ".")
    slots = [len(tokens[place].partition(".")[0].replace(",", "")) for place in places]
    if len([slot for slot in slots if slot]) > 1 and "." not in pattern and not is_grouped:
        return _spread(before, tokens, places, slots)
    if is_grouped:
        before = _grouped(before, separator)
    shown = before + (point + after if after else "")
    if exponent:
        shown += f"E{'-' if power < 0 else '+' if exponent[1] == '+' else ''}{abs(power):0{len(exponent) - 2}d}"
    first, last = places[0], places[-1]
    return "".join(
        shown if place == first else "" if first < place <= last or token == exponent else _literal(token)
        for place, token in enumerate(tokens)
    ).strip()


def _trimmed(after: str, pattern: str) -> str:
    """Leave out the zeros at the end that the pattern only allows."""
    while after and pattern[len(after) - 1] in "#?" and after[-1] == "0":
        after = after[:-1]
    return after


def _spread(digits: str, tokens: tuple[str, ...], places: list[int], slots: list[int]) -> str:
    """Fill groups of digits from the right, the first takes what is left."""
    groups: dict[int, str] = {}
    for place, slot in reversed(list(zip(places, slots, strict=True))):
        is_first = place == places[0]
        groups[place], digits = (
            (digits, "") if is_first else (digits[-slot:] if slot else "", digits[:-slot] if slot else digits)
        )
    return "".join(groups.get(place, "") if place in groups else _literal(token) for place, token in enumerate(tokens))


def _grouped(digits: str, separator: str) -> str:
    head = len(digits) % 3
    groups = ([digits[:head]] if head else []) + [digits[place : place + 3] for place in range(head, len(digits), 3)]
    return separator.join(groups)


def _fraction(value: float, tokens: tuple[str, ...]) -> str:
    after = "".join(tokens[tokens.index("/") + 1 :])
    fixed = re.match(r"\d*[1-9]\d*", after)
    size = Fraction(abs(value)).limit_denominator(10**9)
    has_whole = " " in tokens
    whole, rest = (int(size), size - int(size)) if has_whole else (0, size)
    if fixed:
        below = int(fixed[0])
        above = round(rest * below)
    else:
        near = rest.limit_denominator(max(1, 10 ** min(5, after.count("?") + after.count("#") or 1) - 1))
        above, below = near.numerator, near.denominator
    if has_whole and above == below:
        whole, above = whole + 1, 0
    shown = f"{above}/{below}" if above else ""
    written = " ".join(part for part in (str(whole) if whole or not shown else "", shown) if part)
    return ("-" if value < 0 else "") + written


def _date(value: float, tokens: tuple[str, ...], language: Language, *, epoch_1904: bool) -> str:
    """Write a serial day. Days up to 60 are counted as if 1900 had been a leap year; day 60 itself never was."""
    if not 0 <= value < _LATEST_SERIAL:
        return _general(value, "en")
    finest = max((len(token.partition(".")[2]) for token in tokens if token[0] in "sS"), default=0)
    seconds = round(value * 86_400, finest)
    days = int(seconds // 86_400)
    within = Decimal(repr(round(seconds - days * 86_400, finest)))
    start = datetime(1904, 1, 1) if epoch_1904 else datetime(1899, 12, 31 if days < 60 else 30)
    day = start + timedelta(days=days)
    pm_form = any(token.upper() in ("AM/PM", "A/P") for token in tokens)
    written = [
        _date_part(token, _is_minute(tokens, place), day, (value, within), (language, pm_form), tokens)
        for place, token in enumerate(tokens)
    ]
    return "".join(written).strip()


def _is_minute(tokens: tuple[str, ...], place: int) -> bool:
    """``m`` is a minute behind hours or before seconds, a month anywhere else."""
    before = next((t[0].lower() for t in _marks(reversed(tokens[:place]))), "")
    after = next((t[0].lower() for t in _marks(tokens[place + 1 :])), "")
    return before == "h" or after == "s"


def _marks(tokens: Iterator[str] | tuple[str, ...]) -> Iterator[str]:
    for token in tokens:
        elapsed = _ELAPSED.fullmatch(token)
        if elapsed:
            yield elapsed[1]
        elif token[0] in "yYmMdDhHsS":
            yield token


def _date_part(
    token: str,
    is_minute: bool,
    day: datetime,
    moment: tuple[float, Decimal],
    form: tuple[Language, bool],
    tokens: tuple[str, ...],
) -> str:
    value, within = moment
    language, is_pm_form = form
    hour, minute = int(within // 3600), int(within // 60) % 60
    elapsed = _ELAPSED.fullmatch(token)
    if elapsed:
        unit = {"h": 3600, "m": 60, "s": 1}[elapsed[1][0].lower()]
        return f"{int((int(value) * 86_400 + within) // unit):0{len(elapsed[1])}d}"
    match token[0].lower():
        case "y":
            return f"{day.year:04d}" if len(token) > 2 else f"{day.year % 100:02d}"
        case "m" if is_minute and len(token) < 3:
            return f"{minute:0{len(token)}d}"
        case "m":
            return _month(day.month, len(token), language, has_day=any(t[0] in "dD" and len(t) < 3 for t in tokens))
        case "d":
            return _day(day, len(token), language)
        case "h":
            return f"{(hour % 12 or 12) if is_pm_form else hour:0{min(2, len(token))}d}"
        case "s":
            return _second(within, token, language)
        case "a" if token.upper() in ("AM/PM", "A/P"):
            return ("AM" if hour < 12 else "PM")[: 2 if len(token) > 3 else 1]
        case "0" | "." if token.strip(".0") == "":
            return token
        case _:
            return _literal(token)


def _month(month: int, length: int, language: Language, *, has_day: bool) -> str:
    if length < 3:
        return f"{month:0{length}d}"
    if length == 3:
        return _SHORT_MONTHS[language][month - 1]
    if language == "ru" and has_day:
        return _MONTHS_OF[month - 1]
    return _MONTHS[language][month - 1][: 1 if length == 5 else None]


def _day(day: datetime, length: int, language: Language) -> str:
    if length < 3:
        return f"{day.day:0{length}d}"
    return (_SHORT_DAYS if length == 3 else _DAYS)[language][day.weekday()]


def _second(within: Decimal, token: str, language: Language) -> str:
    letters, _, decimals = token.partition(".")
    second = int(within % 60)
    shown = f"{second:0{min(2, len(letters))}d}"
    if not decimals:
        return shown
    rest = f"{within % 1:.{len(decimals)}f}"[2:]
    return shown + ("," if language == "ru" else ".") + rest
