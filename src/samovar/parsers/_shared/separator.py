"""What divides the columns of a text file: found by how evenly it cuts the lines."""

import csv
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from io import StringIO
from typing import Final

__all__ = ["find_separator", "split_rows"]

#: In the order in which they are believed: a tab is never decoration, a comma is often a decimal mark.
_SEPARATORS: Final = ("\t", ";", "|", ",")
_SAMPLE_CHARACTERS: Final = 65_536
_LINES_LOOKED_AT: Final = 200
_EVEN_SHARE: Final = 0.9
_SURE_ROWS: Final = 4
#: A column of prose has longer cells than a column of a table.
_LONGEST_USUAL_CELL: Final = 60
_LONGEST_FIELD: Final = 1_000_000
_LONGEST_CELL_LINES: Final = 200
#: Excel's own line that names the separator.
_NAMED: Final = "sep="


@dataclass(frozen=True, slots=True)
class _Cut:
    separator: str
    columns: int
    share: float
    usual_cell: float
    rows: int


def find_separator(text: str, *, is_sure: bool = False) -> str | None:
    """Find what divides the columns, or None where nothing divides the lines evenly.

    With ``is_sure`` only strong evidence counts: several lines that are all cut alike, into short cells.
    """
    sample = text[:_SAMPLE_CHARACTERS]
    if len(text) > _SAMPLE_CHARACTERS:
        sample = sample[: sample.rfind("\n") + 1] or sample
    first = sample.lstrip("\ufeff").split("\n", 1)[0].strip().strip('"').lower()
    if first.startswith(_NAMED) and len(first) == len(_NAMED) + 1:
        return first[-1]
    if first == "sep=":
        return "\t"
    cuts = [cut for cut in (_cut(sample, separator) for separator in _SEPARATORS) if cut is not None]
    if is_sure:
        cuts = [cut for cut in cuts if _is_strong(cut, sample)]
    even = [cut for cut in cuts if cut.share >= _EVEN_SHARE]
    if even:
        return even[0].separator
    return max(cuts, key=lambda cut: cut.share * min(cut.columns, 4)).separator if cuts and not is_sure else None


def split_rows(text: str, separator: str) -> Iterator[list[str]]:
    """Cut text into rows of cells; quotes may hold separators and line ends. Source: RFC 4180 (2005).

    A quote that is not closed within 200 lines is a letter like others.
    """
    csv.field_size_limit(_LONGEST_FIELD)
    lines = StringIO(text)
    if lines.readline().strip().strip('"').lower() not in (_NAMED + separator, _NAMED):
        lines.seek(0)
    while True:
        reader = csv.reader(lines, delimiter=separator)
        start, lines_before = lines.tell(), 0
        try:
            for row in reader:
                if reader.line_num - lines_before > _LONGEST_CELL_LINES:
                    break
                yield row
                start, lines_before = lines.tell(), reader.line_num
            else:
                return
        except csv.Error:
            pass  # one cell of a megabyte: its quote was no quote
        lines.seek(start)
        yield lines.readline().rstrip("\n").split(separator)


def _cut(sample: str, separator: str) -> _Cut | None:
    if separator not in sample:
        return None
    rows = [row for row, _ in zip(split_rows(sample, separator), range(_LINES_LOOKED_AT), strict=False) if any(row)]
    widths = Counter(len(row) for row in rows)
    columns, count = max(widths.items(), key=lambda item: (item[1], item[0]), default=(0, 0))
    if columns < 2:
        return None
    cells = sorted(len(cell.strip()) for row in rows for cell in row)
    return _Cut(separator, columns, count / len(rows), cells[len(cells) * 9 // 10], len(rows))


def _is_strong(cut: _Cut, sample: str) -> bool:
    if cut.share < 1.0 or cut.rows < _SURE_ROWS or cut.usual_cell > _LONGEST_USUAL_CELL:
        return False
    if cut.separator == ",":
        # In prose a blank follows a comma.
        return cut.columns >= 4 and sample.count(", ") * 10 < sample.count(",")
    return cut.columns >= (2 if cut.separator == "\t" else 3)
