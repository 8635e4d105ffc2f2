"""Values out of foreign JSON: of the type that is wanted, bounded, storable; and what could not be used is reported."""

import math
import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Final

from samovar.interchange.limits import LONGEST_NAME, LONGEST_TEXT, LONGEST_TITLE, MOST_TAGS
from samovar.interchange.report import Report

__all__ = ["flag", "items", "label", "labels", "members", "moment", "one_line", "stored_text", "string"]

_UNSTORABLE: Final = re.compile("[\x00\ud800-\udfff]")
#: Chats with machines are younger than this, in seconds since 1970; numbers above the latest are no seconds.
_EARLIEST_S: Final = datetime(1990, 1, 1, tzinfo=UTC).timestamp()
_LATEST_S: Final = datetime(2200, 1, 1, tzinfo=UTC).timestamp()
#: Seconds, milliseconds, microseconds, nanoseconds.
_UNITS: Final = (1, 1_000, 1_000_000, 1_000_000_000)


def members(value: object) -> Mapping[str, object]:
    """An object; anything else is an empty one."""
    return value if isinstance(value, dict) else {}


def items(value: object) -> list[object]:
    """A list; anything else is an empty one."""
    return value if isinstance(value, list) else []


def string(value: object) -> str:
    """A text as it is; anything else is an empty one."""
    return value if isinstance(value, str) else ""


def flag(value: object) -> bool:
    """Whether the value is ``true`` and nothing like it."""
    return value is True


def stored_text(text: str, report: Report, *, longest: int = LONGEST_TEXT) -> str:
    """A text as the database can hold it, offsets unchanged; what was replaced or cut is reported."""
    if len(text) > longest:
        report.note("text_cut", text[:LONGEST_NAME])
        text = text[:longest]
    if _UNSTORABLE.search(text) is None:
        return text
    report.note("unstorable_characters", text[:LONGEST_NAME])
    return _UNSTORABLE.sub("\N{REPLACEMENT CHARACTER}", text)


def one_line(value: object, report: Report, *, longest: int = LONGEST_TITLE) -> str:
    """A title or a name: a text on one line."""
    return " ".join(stored_text(string(value)[:LONGEST_TEXT], report).split())[:longest].rstrip()


def label(value: object, report: Report) -> str | None:
    """The name of a model; None when there is none."""
    return one_line(value, report, longest=LONGEST_NAME) or None


def labels(values: Iterable[object], report: Report) -> tuple[str, ...]:
    """Tags, each once and in their order; some programs have objects with a name."""
    found = (
        one_line(value if isinstance(value, str) else members(value).get("name"), report, longest=LONGEST_NAME)
        for value in values
    )
    return tuple(dict.fromkeys(tag for tag in found if tag))[:MOST_TAGS]


def moment(value: object, report: Report) -> datetime | None:
    """A date: ISO 8601 (without a zone it is UTC), or a number since 1970 in seconds or a thousandth of them or less.

    None for null, and for what is no date or none of our time, which is reported.
    """
    if value is None or value == "":
        return None
    found = _from_number(value) if isinstance(value, int | float) else _from_text(string(value))
    if found is None or not _EARLIEST_S <= found.timestamp() <= _LATEST_S:
        report.note("bad_date", str(value)[:LONGEST_NAME])
        return None
    return found


def _from_number(value: float) -> datetime | None:
    if isinstance(value, bool) or not math.isfinite(value):
        return None
    for unit in _UNITS:
        if value / unit <= _LATEST_S:
            return datetime.fromtimestamp(value / unit, UTC) if value / unit >= _EARLIEST_S else None
    return None


def _from_text(text: str) -> datetime | None:
    try:
        found = datetime.fromisoformat(text)
        # Years 1 and 9999 have no neighbours: to change their zone overflows.
        return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
