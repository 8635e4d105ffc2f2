"""Filters that people type into a question: ``#base``, ``file:``, ``folder:``, ``kind:``, ``since:``, ``until:``.

Only what cannot be mistaken for words of the question is taken; what looks like a filter and cannot be used is told.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import Final, Literal, get_args

from samovar.domain.document import KnowledgeBase
from samovar.domain.ids import BaseId, UserId
from samovar.domain.page import DocumentKind
from samovar.domain.search import SearchScope

__all__ = [
    "QUOTED_VALUE",
    "FilterProblem",
    "FilterReason",
    "Filtered",
    "own_first",
    "read_filters",
    "read_period",
    "unquoted",
]

FilterReason = Literal["unknown_base", "unknown_kind", "bad_date", "given_twice"]

_FIELDS: Final[Mapping[str, Literal["name", "folder", "kinds", "since", "until"]]] = {
    "file": "name", "файл": "name",
    "folder": "folder", "папка": "folder",
    "kind": "kinds", "вид": "kinds",
    "since": "since", "с": "since",
    "until": "until", "до": "until",
}  # fmt: skip
_KINDS: Final[frozenset[str]] = frozenset(get_args(DocumentKind))
#: What people call kinds of files, by the ending or by the program.
_OTHER_NAMES: Final[Mapping[str, tuple[DocumentKind, ...]]] = {
    "word": ("docx", "odt", "rtf"), "doc": ("docx",), "excel": ("xlsx", "ods"), "xls": ("xlsx",),
    "powerpoint": ("pptx", "odp"), "ppt": ("pptx",), "csv": ("delimited",), "tsv": ("delimited",), "txt": ("text",),
    "md": ("markdown",), "htm": ("html",), "zip": ("archive",), "mail": ("eml",), "email": ("eml",), "book": ("epub",),
    "picture": ("image",), "png": ("image",), "jpg": ("image",), "jpeg": ("image",),
    "table": ("xlsx", "ods", "delimited"), "slides": ("pptx", "odp"),
    "текст": ("text",), "письмо": ("eml",), "почта": ("eml",), "книга": ("epub",), "картинка": ("image",),
    "архив": ("archive",), "таблица": ("xlsx", "ods", "delimited"), "презентация": ("pptx", "odp"),
}  # fmt: skip
_LONGEST_VALUE: Final = 200
#: A text with more of them is no question, but something that was pasted.
_MOST_PROBLEMS: Final = 5
#: A value in quotes, as a piece of a pattern.
QUOTED_VALUE: Final = (
    rf"\"[^\"\n]{{1,{_LONGEST_VALUE}}}\"|«[^»\n]{{1,{_LONGEST_VALUE}}}»|“[^”\n]{{1,{_LONGEST_VALUE}}}”"
)
#: Not inside a word, an address or a path; without a blank behind the colon.
_FIELD: Final = re.compile(
    rf"(?i)(?<![\w/\\.:@#\"«“-])(?P<field>{'|'.join(_FIELDS)}):(?P<value>{QUOTED_VALUE}|[^\s\"«“/\\][^\s\"«“]{{0,{_LONGEST_VALUE}}})"
)
_HASH: Final = re.compile(rf"(?<![\w#&/\\.:\"«“-])#(?P<value>{QUOTED_VALUE}|\w[\w.\-]{{0,{_LONGEST_VALUE}}})")
#: Colours, numbers of items, and lines of C are no bases.
_NO_BASE: Final = re.compile(
    r"(?i)\d[\w.\-]*|[0-9a-f]{3}|[0-9a-f]{6}|[0-9a-f]{8}|include|define|undef|ifn?def|endif|pragma|region|endregion"
)
_DATE: Final = re.compile(
    r"(?P<year>\d{4})(?:-(?P<month>\d{1,2})(?:-(?P<day>\d{1,2}))?)?|(?P<d>\d{1,2})\.(?P<m>\d{1,2})\.(?P<y>\d{4})"
)
#: Words of one or two letters: without something like a date behind them they are no filter.
_SHORT: Final = frozenset({"с", "до"})
_LIKE_A_DATE: Final = re.compile(r"\d{4}(?!\d)|\d{1,2}[./-]\d{1,2}[./-]\d")
_EARLIEST_YEAR: Final = 1900
_LATEST_YEAR: Final = 9998
_LAST_MONTH: Final = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class FilterProblem:
    """A filter that could not be used, as it was typed, and why. Its words are searched for instead."""

    typed: str
    reason: FilterReason


@dataclass(frozen=True, slots=True, kw_only=True)
class Filtered:
    """A question without its filters, and where they say to search."""

    text: str
    scope: SearchScope
    problems: tuple[FilterProblem, ...] = ()


def read_filters(text: str, bases: Sequence[KnowledgeBase], scope: SearchScope) -> Filtered:
    """Take the filters out of a question and narrow the scope by them.

    ``bases`` are those that may be named: ``#name`` searches there instead of in the whole chat. Names with blanks
    stand in quotes, or as they are where a base of that name exists. A day, month or year after ``until:`` is included.
    All times are UTC.
    """
    reading = _Reading(scope)
    text = _take_bases(text, bases, reading)
    text = _FIELD.sub(reading.take, text)
    return Filtered(
        text=" ".join(text.split()).lstrip(" ,;:"),
        scope=reading.scope,
        problems=tuple(reading.problems[:_MOST_PROBLEMS]),
    )


def own_first(bases: Sequence[KnowledgeBase], owner_id: UserId) -> tuple[KnowledgeBase, ...]:
    """Leave out the bases of others that are named as one of the owner's own: ``#name`` means that one."""
    own = {_folded(base.name) for base in bases if base.owner_id == owner_id}
    return tuple(base for base in bases if base.owner_id == owner_id or _folded(base.name) not in own)


class _Reading:
    """The scope as far as it was read."""

    def __init__(self, scope: SearchScope) -> None:
        self.scope = scope
        self.problems: list[FilterProblem] = []

    def take(self, found: re.Match[str]) -> str:
        """Narrow by one filter; return what stays in the text in its place."""
        field = _FIELDS[found["field"].lower()]
        value, tail = unquoted(found["value"])
        if field in ("since", "until"):
            if found["field"].lower() in _SHORT and not _LIKE_A_DATE.match(value):
                return found.group()
            reason = self._take_date(field, value)
        elif field == "kinds":
            reason = self._take_kinds(value)
        elif field == "name":
            reason = self._take_once("name", value)
        else:
            reason = self._take_once("folder", value.replace("\\", "/").strip("/"))
        if reason is not None:
            self.problems.append(FilterProblem(typed=found.group(), reason=reason))
            return f" {value}{tail}"
        return tail

    def _take_date(self, field: Literal["since", "until"], value: str) -> FilterReason | None:
        period = read_period(value)
        if period is None:
            return "bad_date"
        if getattr(self.scope, field) is not None:
            return "given_twice"
        start, end = period
        self.scope = replace(self.scope, since=start) if field == "since" else replace(self.scope, until=end)
        return None

    def _take_kinds(self, value: str) -> FilterReason | None:
        kinds: set[DocumentKind] = set()
        for name in value.lower().split(","):
            known = _OTHER_NAMES.get(name) or tuple(kind for kind in get_args(DocumentKind) if kind == name)
            if not known:
                return "unknown_kind"
            kinds.update(known)
        self.scope = replace(self.scope, kinds=self.scope.kinds | kinds)
        return None

    def _take_once(self, field: Literal["name", "folder"], value: str) -> FilterReason | None:
        if getattr(self.scope, field) is not None:
            return "given_twice"
        self.scope = replace(self.scope, name=value) if field == "name" else replace(self.scope, folder=value)
        return None


def _take_bases(text: str, bases: Sequence[KnowledgeBase], reading: _Reading) -> str:
    kept: list[str] = []
    chosen: list[BaseId] = []
    end = 0
    for found in _HASH.finditer(text):
        if found.start() < end:
            continue
        length, named = _named(text, found, bases)
        value, tail = unquoted(found["value"])
        if not named and _NO_BASE.fullmatch(value):
            continue
        kept.append(text[end : found.start()])
        if named:
            chosen.extend(named)
            end = found.start("value") + length
            continue
        reading.problems.append(FilterProblem(typed=f"#{value}", reason="unknown_base"))
        kept.append(f"{value}{tail}")
        end = found.end()
    if chosen:
        reading.scope = replace(reading.scope, chat_id=None, base_ids=tuple(dict.fromkeys(chosen)))
    return "".join(kept) + text[end:]


def _named(text: str, found: re.Match[str], bases: Sequence[KnowledgeBase]) -> tuple[int, list[BaseId]]:
    """The bases of the longest name that stands behind ``#``, and how many characters it takes."""
    start = found.start("value")
    quoted, _ = unquoted(found["value"])
    if found["value"][0] in '"«“':
        return len(found["value"]), [base.base_id for base in bases if _folded(base.name) == _folded(quoted)]
    fitting = [
        base
        for base in bases
        if base.name
        and _folded(text[start : start + len(base.name)]) == _folded(base.name)
        and not re.match(r"\w", text[start + len(base.name) :])
    ]
    longest = max((len(base.name) for base in fitting), default=0)
    return longest, [base.base_id for base in fitting if len(base.name) == longest]


def _folded(name: str) -> str:
    return " ".join(name.casefold().replace("ё", "е").split())


def unquoted(value: str) -> tuple[str, str]:
    """A value without its quotes; of one without quotes, the punctuation behind it that belongs to the sentence."""
    if value[0] in '"«“':
        return value[1:-1].strip(), ""
    bare = value.rstrip(".,;:?!)…")
    return bare, value[len(bare) :]


def read_period(value: str) -> tuple[datetime, datetime] | None:
    """The first moment of a day, a month or a year (UTC), and the first one after it; None for what is none of them."""
    found = _DATE.fullmatch(value)
    if found is None:
        return None
    year = int(found["year"] or found["y"])
    month, day = found["month"] or found["m"], found["day"] or found["d"]
    if not _EARLIEST_YEAR <= year <= _LATEST_YEAR:
        return None
    try:
        first = date(year, int(month or 1), int(day or 1))
    except ValueError:
        return None
    if day:
        after = first + timedelta(days=1)
    elif month:
        after = date(year + first.month // _LAST_MONTH, first.month % _LAST_MONTH + 1, 1)
    else:
        after = date(year + 1, 1, 1)
    return _moment(first), _moment(after)


def _moment(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC)
