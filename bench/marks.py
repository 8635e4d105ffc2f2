"""Tokens that carry the time at which they were written, so that a reader can tell what a gateway adds and loses.

A mark is ``~`` and four digits in base 36 and a space: as long as a usual token. It counts tenths of a millisecond of
the monotonic clock, which all processes of a machine share, and begins anew after 168 seconds.
"""

import re
import time
from collections.abc import Iterable
from typing import Final

__all__ = ["MARK", "UNIT_S", "delay_ms", "is_growing", "mark", "now", "read"]

UNIT_S: Final = 0.0001
_DIGITS: Final = "0123456789abcdefghijklmnopqrstuvwxyz"
_PAIRS: Final = tuple(high + low for high in _DIGITS for low in _DIGITS)
CYCLE: Final = len(_PAIRS) ** 2
MARK: Final = re.compile(rb"~([0-9a-z]{4}) ")


def now() -> int:
    """Give the time in units of a mark; it does not wrap."""
    return int(time.monotonic() / UNIT_S)


def mark(at: int) -> str:
    """Write a time as a token."""
    high, low = divmod(at % CYCLE, len(_PAIRS))
    return f"~{_PAIRS[high]}{_PAIRS[low]} "


def read(digits: bytes) -> int:
    """Read the digits of a mark, as ``MARK`` finds them."""
    return int(digits, 36)


def delay_ms(marked: int, arrived: int) -> float:
    """Give the milliseconds from a mark to its arrival; below 0 is a clock's grain."""
    units = (arrived - marked) % CYCLE
    return (units if units < CYCLE // 2 else units - CYCLE) * UNIT_S * 1000


def is_growing(marks: Iterable[int]) -> bool:
    """Tell whether each mark is later than the one before: none twice, none out of order."""
    last: int | None = None
    for found in marks:
        if last is not None and not 0 < (found - last) % CYCLE < CYCLE // 2:
            return False
        last = found
    return True
