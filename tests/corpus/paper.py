"""What a made document holds, as its maker knows it: the yardstick for what the parsers read."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

from samovar.domain.layout import Rectangle

__all__ = ["Paper", "Sheet", "Way"]

#: How the words of a sheet came onto it. Allowed errors differ: see ``test_corpus.py``.
Way = Literal["digital", "scan", "poor_scan", "scanned_table"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """One page (slide, sheet of a workbook, chapter; or the whole of a file without pages).

    ``text`` is the body in the order in which a person reads it, tables included, row by row; words divided at line
    ends are whole. ``header`` and ``footer`` are what stands apart from it. ``tables``: rows of cells, the text of a
    merged cell in its first row and column and empty text in the others. ``pictures``: boxes in the page's units, or
    None for a picture without a place. ``headings`` and ``footnotes`` in order.
    """

    text: str
    way: Way = "digital"
    header: str = ""
    footer: str = ""
    headings: tuple[str, ...] = ()
    footnotes: tuple[str, ...] = ()
    tables: tuple[tuple[tuple[str, ...], ...], ...] = ()
    pictures: tuple[Rectangle | None, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Paper:
    """A made document: equal calls of ``make`` give equal bytes; ``name`` is unique."""

    name: str
    file_name: str
    make: Callable[[], bytes] = field(repr=False)
    sheets: tuple[Sheet, ...]
    kind: str
