"""Dates as Russian and English texts write them, brought to one form."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

__all__ = ["Day", "FoundDate", "find_dates"]

_MONTH: Final = (
    r"(?P<month>янв(?:ар[ьяею]|ар[её]м)?|фев(?:р(?:ал(?:[ьяею]|[её]м))?)?|мар(?:т(?:а|е|у|ом)?)?"
    r"|апр(?:ел(?:[ьяею]|[её]м))?|ма(?:[йяею]|ем)|июн(?:[ьяею]|[её]м)|июл(?:[ьяею]|[её]м)|авг(?:уст(?:а|е|у|ом)?)?"
    r"|сен(?:т(?:ябр(?:[ьяею]|[её]м))?)?|окт(?:ябр(?:[ьяею]|[её]м))?|ноя(?:б(?:р(?:[ьяею]|[её]м))?)?"
    r"|дек(?:абр(?:[ьяею]|[её]м))?"
    r"|jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?"
    r"|nov(?:ember)?|dec(?:ember)?)(?!\w)\.?"
)
#: The first three letters tell a month in both languages; those of May differ by the case in Russian.
_MONTHS: Final = {
    letters: number
    for number, names in enumerate(
        (
            "янв jan", "фев feb", "мар mar", "апр apr", "май мая мае маю may", "июн jun", "июл jul", "авг aug",
            "сен sep", "окт oct", "ноя nov", "дек dec",
        ),
        start=1,
    )
    for letters in names.split()
}  # fmt: skip
_YEAR: Final = r"(?P<year>(?:1[5-9]|20|21)[0-9]{2})(?![0-9])(?:\s?(?:года?|году|годом|г\.|г(?!\w)))?"
_DAY: Final = r"[«\"“]?(?P<day>[0-3]?[0-9])[»\"”]?(?:-?(?:го|е|st|nd|rd|th)(?!\w))?"
_START: Final = r"(?<![\w.,/-])"
_QUARTERS: Final = {
    "i": 1, "ii": 2, "iii": 3, "iv": 4, "1": 1, "2": 2, "3": 3, "4": 4, "перв": 1, "втор": 2, "трет": 3, "четв": 4,
    "firs": 1, "seco": 2, "thir": 3, "four": 4,
}  # fmt: skip
_FORMS: Final = tuple(
    re.compile(_START + form, re.IGNORECASE)
    for form in (
        r"(?P<year>[0-9]{4})-(?P<number>[0-9]{2})-(?P<day>[0-9]{2})(?![0-9-])",
        r"(?P<day>[0-9]{1,2})\.(?P<number>[0-9]{1,2})\.(?P<year>[0-9]{4}|[0-9]{2})(?![0-9]|\.[0-9])"
        r"(?:\s?(?:года|г\.|г(?!\w)))?",
        r"(?P<first>[0-9]{1,2})/(?P<second>[0-9]{1,2})/(?P<year>[0-9]{4}|[0-9]{2})(?![0-9/])",
        r"(?:q(?P<q>[1-4])|(?P<quarter>i{1,3}|iv|[1-4]|перв\w{2,3}|втор\w{2,3}|трет\w{2,4}|четв[её]рт\w{2,3}"
        r"|first|second|third|fourth)(?:-?(?:й|ый|ой|м|ом|го|ого|st|nd|rd|th))?\s+(?:квартал\w{0,3}|кв\.|quarter))(?!\w)"
        rf"(?:,?\s(?:of\s)?{_YEAR})?",
        rf"{_DAY}\s(?:of\s)?{_MONTH}(?:,?\s?{_YEAR})?",
        rf"{_MONTH}\s(?P<day>[0-3]?[0-9])(?:st|nd|rd|th)?(?![\w.,]*[0-9])(?:,?\s{_YEAR})?",
        rf"{_MONTH}\s(?P<day>[0-3]?[0-9])(?:st|nd|rd|th)?,\s{_YEAR}",
        rf"{_MONTH},?\s(?:of\s)?{_YEAR}",
        r"(?P<year>(?:1[5-9]|20|21)[0-9]{2})\s?(?:года?|году|годом|гг?\.|гг?(?!\w))(?!\w)",
        rf"(?<=[^\w]в\s|за\s|in\s|до\s|.с\s|by\s|по\s|of\s){_MONTH}",
    )
)
#: Years of two digits belong to this century.
_CENTURY: Final = 2000


@dataclass(frozen=True, slots=True, order=True)
class Day:
    """A date or a part of one; what a text leaves open is None."""

    year: int | None = None
    month: int | None = None
    day: int | None = None
    quarter: int | None = None

    def fits(self, source: "Day", years: Iterable[int]) -> bool:
        """Tell whether a source that names ``source``, near these years, bears out this date."""
        if (self.month, self.day, self.quarter) == (None, None, None):
            return self.year == source.year
        return (self.year in (None, source.year) or (source.year is None and self.year in years)) and all(
            mine is None or mine == other
            for mine, other in (
                (self.month, source.month),
                (self.day, source.day),
                (self.quarter, source.quarter or _quarter_of(source.month)),
            )
        )


@dataclass(frozen=True, slots=True)
class FoundDate:
    """A date at ``text[start:end]``; ``days`` are its readings: 05/06/2024 has two."""

    start: int
    end: int
    days: frozenset[Day]


def find_dates(text: str) -> tuple[list[FoundDate], str]:
    """Find dates. Return them and the text with their characters blotted out, of the same length."""
    found: list[FoundDate] = []
    for form in _FORMS:
        pieces: list[str] = []
        done = 0
        for match in form.finditer(text):
            days = _days(match)
            if not days:
                continue
            found.append(FoundDate(match.start(), match.end(), days))
            pieces += (text[done : match.start()], "\0" * (match.end() - match.start()))
            done = match.end()
        text = "".join((*pieces, text[done:]))
    return sorted(found, key=lambda date: date.start), text


def _days(match: re.Match[str]) -> frozenset[Day]:
    parts = match.groupdict()
    year = _year(parts.get("year"))
    if parts.get("first"):
        first, second = int(parts["first"]), int(parts["second"])
        both = ((first, second), (second, first))
        return frozenset(Day(year, month, day) for day, month in both if _is_day(day, month))
    if "quarter" in parts:
        name = (parts["q"] or parts["quarter"]).lower()
        return frozenset({Day(year, quarter=_QUARTERS[name[:4]])})
    month = int(parts["number"]) if parts.get("number") else _month(parts.get("month"))
    day = int(parts["day"]) if parts.get("day") else None
    if not _is_day(1 if day is None else day, 1 if month is None else month):
        return frozenset()
    return frozenset({Day(year, month, day)})


def _year(digits: str | None) -> int | None:
    if not digits:
        return None
    return int(digits) if len(digits) == 4 else _CENTURY + int(digits)


def _month(name: str | None) -> int | None:
    return _MONTHS[name.lower()[:3]] if name else None


def _is_day(day: int, month: int) -> bool:
    return 1 <= day <= 31 and 1 <= month <= 12


def _quarter_of(month: int | None) -> int | None:
    return None if month is None else (month + 2) // 3
