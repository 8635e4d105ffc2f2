"""Tables that are drawn with lines of characters, as accounting programs print them and databases show them."""

import re
from collections.abc import Sequence
from typing import Final

from samovar.parsers._markup.page_writer import Passage, TableCell

__all__ = ["is_drawn_line", "read_drawn_table"]

_UPRIGHT: Final = frozenset("│║┃|¦")
_LEVEL: Final = frozenset("─═━-=_")
_CORNER: Final = frozenset("┌┐└┘├┤┬┴┼╔╗╚╝╠╣╦╩╬╒╕╘╛╞╡╤╧╪╓╖╙╜╟╢╥╨╫┏┓┗┛┣┫┳┻╋+")
_RULE: Final = _UPRIGHT | _LEVEL | _CORNER | {" "}
#: What follows a hyphen that belongs to the word: "кол-во", "кто-нибудь".
_AFTER_HYPHEN: Final = frozenset({"во", "то", "либо", "нибудь", "ва", "ве"})
_MOST_COLUMNS: Final = 200
_LONGEST_LINE: Final = 10_000
_SPLIT: Final = re.compile("[" + re.escape("".join(sorted(_UPRIGHT))) + "]")


def is_drawn_line(line: str) -> bool:
    """Tell whether a line could belong to a drawn table: a rule, or cells between upright lines."""
    line = line.strip()
    if not line or len(line) > _LONGEST_LINE:
        return False
    if line[0] in _UPRIGHT and line[-1] in _UPRIGHT and len(line) > 2:
        return True
    return _is_rule(line) or any(character in _UPRIGHT for character in line)


def read_drawn_table(lines: Sequence[str]) -> list[TableCell] | None:
    """Read the cells of drawn lines, or None where they are no table: no rule, or fewer than two columns.

    Between two rules stands one row, whose cells may go over several lines; where the whole body stands between two
    rules, each line is a row, and a line with an empty first cell goes on with the row above it.
    """
    lines = [line.expandtabs(8) for line in lines]
    if not any(_is_rule(line.strip()) and set(line) & (_CORNER | _UPRIGHT) for line in lines):
        return None
    bounds = _bounds(lines)
    if not 3 <= len(bounds) <= _MOST_COLUMNS:
        return None
    groups = _groups(lines)
    if not groups:
        return None
    rows: list[tuple[list[str], bool]] = []
    for number, group in enumerate(groups):
        is_head = number == 0 and len(groups) > 1
        each_line = len(group) > 1 and not is_head and len(groups) <= 2
        rows.extend((row, is_head) for row in (_line_rows(group) if each_line else [group]))
    return [cell for place, (row, is_head) in enumerate(rows) for cell in _cells(row, place, bounds, is_head=is_head)]


def _is_rule(line: str) -> bool:
    return len(line) >= 3 and set(line) <= _RULE and any(character in _LEVEL for character in line)


def _bounds(lines: Sequence[str]) -> list[int]:
    """Where the upright lines stand: in most lines, or at a corner of a rule."""
    counts: dict[int, int] = {}
    corners: set[int] = set()
    content = 0
    for line in lines:
        is_rule = _is_rule(line.strip())
        content += not is_rule
        for place, character in enumerate(line):
            if is_rule and (character in _CORNER or character in _UPRIGHT):
                corners.add(place)
            elif not is_rule and character in _UPRIGHT:
                counts[place] = counts.get(place, 0) + 1
    bounds = sorted(place for place, count in counts.items() if place in corners or count * 2 > content)
    first = min(len(line) - len(line.lstrip()) for line in lines)
    last = max(len(line) for line in lines) - 1
    # A table may be drawn without its outer lines, as PostgreSQL shows one.
    if bounds and bounds[0] > first + 1:
        bounds.insert(0, first - 1)
    if bounds and bounds[-1] < last - 1:
        bounds.append(last + 1)
    return bounds


def _groups(lines: Sequence[str]) -> list[list[str]]:
    groups: list[list[str]] = [[]]
    for line in lines:
        if _is_rule(line.strip()):
            groups.append([])
        else:
            groups[-1].append(line)
    return [group for group in groups if group]


def _line_rows(group: Sequence[str]) -> list[list[str]]:
    rows: list[list[str]] = []
    for line in group:
        cells = [cell.strip() for cell in _SPLIT.split(line.strip().strip("".join(_UPRIGHT)))]
        if rows and not cells[0] and any(cells):
            rows[-1].append(line)
        else:
            rows.append([line])
    return rows


def _cells(row: Sequence[str], place: int, bounds: Sequence[int], *, is_head: bool) -> list[TableCell]:
    """Cut the lines of one row; a cell without an upright line in the middle spans columns."""
    cells: list[TableCell] = []
    start = 0
    for end in range(1, len(bounds)):
        is_cut = end == len(bounds) - 1 or any(line[bounds[end] : bounds[end] + 1] in _UPRIGHT for line in row)
        if not is_cut:
            continue
        pieces = [line[bounds[start] + 1 : bounds[end]].strip(" |│║┃") for line in row]
        cells.append(
            TableCell(
                row=place,
                column=start,
                passage=Passage(_joined(pieces)),
                column_span=end - start,
                is_header=is_head,
            )
        )
        start = end
    return cells


def _joined(pieces: Sequence[str]) -> str:
    """Join the lines of a cell; a word divided at a line end becomes whole again, one with a hyphen keeps it."""
    text = ""
    for piece in filter(None, pieces):
        if text.endswith("-") and text[-2:-1].isalpha() and piece[0].islower():
            text = (text if piece.split(maxsplit=1)[0] in _AFTER_HYPHEN else text[:-1]) + piece
        else:
            text = f"{text} {piece}" if text else piece
    return text
