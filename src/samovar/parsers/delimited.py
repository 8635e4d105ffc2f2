"""CSV and its kin: tables whose columns are divided by a comma, a semicolon, a tab or a bar."""

import re
from collections.abc import Iterator
from itertools import islice
from typing import Final

from samovar.domain.page import DocumentHead, DocumentKind, ParsedPart
from samovar.parsers._markup.page_writer import MOST_CELLS, PageWriter, Passage, TableCell
from samovar.parsers._shared.separator import find_separator, split_rows
from samovar.parsers._shared.text import decode_text
from samovar.parsers._shared.text_kind import text_kind
from samovar.ports.parser import ParserLimits

__all__ = ["KIND", "MEDIA_TYPES", "SUFFIXES", "read", "recognises"]

KIND: Final[DocumentKind] = "delimited"
SUFFIXES: Final = (".csv", ".tsv", ".tab")
MEDIA_TYPES: Final = ("text/csv", "text/tab-separated-values")

_ROWS_LOOKED_AT: Final = 20
_FIGURE: Final = re.compile(r"[-+]?[\d\s.,:/%-]*\d[\d\s.,:/%-]*(?:₽|руб\.?|\$|€|шт\.?)?")
#: Excel's way of keeping zeros at the front: ="00123".
_FORMULA_TEXT: Final = re.compile(r'="([^"]*)"')


def recognises(content: bytes, name: str) -> bool:
    """Tell by the name, or by lines that are all cut alike into short cells."""
    return text_kind(content, name) == KIND


def read(content: bytes, name: str, limits: ParserLimits, *, first_page: int = 1) -> Iterator[ParsedPart]:
    """Read the rows as one table on one page; cells beyond 200,000 are left out with a sign.

    Raises: FileTypeUnknown, FileEmpty.
    """
    del limits, first_page  # one page without pictures
    text = decode_text(content, name=name)
    separator = find_separator(text) or ","
    rows = (row for row in split_rows(text, separator) if any(cell.strip() for cell in row))
    writer = PageWriter()
    cells = list(islice(_cells(rows), MOST_CELLS + 1))
    if len(cells) > MOST_CELLS:  # whole rows only
        last = cells[-1].row
        cells = [cell for cell in cells if cell.row < last] or cells[:MOST_CELLS]
        writer.is_full = True
    writer.write_table(cells)
    yield DocumentHead(kind=KIND, media_type=MEDIA_TYPES[separator == "\t"], page_count=1)
    yield writer.page()


def _cells(rows: Iterator[list[str]]) -> Iterator[TableCell]:
    first = list(islice(rows, _ROWS_LOOKED_AT))
    header = _header_row(first)
    for place, row in enumerate([*first, *rows] if len(first) < _ROWS_LOOKED_AT else _chained(first, rows)):
        for column, cell in enumerate(row):
            value = " ".join(cell.split())
            formula = _FORMULA_TEXT.fullmatch(value)
            yield TableCell(
                row=place,
                column=column,
                passage=Passage(formula.group(1) if formula else value),
                is_header=place == header,
            )


def _chained(first: list[list[str]], rest: Iterator[list[str]]) -> Iterator[list[str]]:
    yield from first
    yield from rest


def _header_row(rows: list[list[str]]) -> int | None:
    """Find the row of names: the first one as wide as the table, all words, above a row that has figures or differs."""
    width = max((_filled(row) for row in rows), default=0)
    for place, row in enumerate(rows[:-1]):
        if _filled(row) < max(2, width - 1):
            continue
        names = [cell.strip() for cell in row if cell.strip()]
        if any(_FIGURE.fullmatch(name) for name in names) or len(set(names)) < len(names):
            return None
        return place
    return 0 if len(rows) > 1 and width == 1 and not _FIGURE.fullmatch(rows[0][0].strip()) else None


def _filled(row: list[str]) -> int:
    return sum(bool(cell.strip()) for cell in row)
