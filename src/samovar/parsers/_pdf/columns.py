"""Reading order: a page is divided into regions, each one column wide, in the order in which a person reads them."""

from collections.abc import Sequence
from itertools import pairwise
from operator import attrgetter
from statistics import median
from typing import Final

from samovar.parsers._pdf.line import Item, Line

__all__ = ["regions", "rows_of"]

#: A gutter between columns, in sizes of type; and how wide a column is at least.
_NARROWEST_GUTTER: Final = 0.8
_NARROWEST_COLUMN: Final = 6.0
#: Lines of running text fill most of their column and are not a few letters long.
_FILLED: Final = 0.6
_PROSE_CHARACTERS: Final = 12
_LEAST_LINES: Final = 2
_DEEPEST: Final = 20
#: Pages with more lines than this are no pages for people.
_MOST_ITEMS: Final = 3000
#: So much of the lower one of two things side by side must be beside the other.
_BESIDE: Final = 0.3
_SAME_ROW: Final = 0.5

_by_top = attrgetter("top")
_by_left = attrgetter("left")


def regions(items: Sequence[Item], size: float) -> list[list[Item]]:
    """Divide things into regions. Shape: each thing in exactly one region, from top to bottom inside it.

    ``size`` is the usual size of type. Things side by side in one region belong to one row.
    """
    in_order = sorted(items, key=_by_top)
    return _regions(in_order, size, 0) if len(in_order) <= _MOST_ITEMS else [in_order]


def _regions(items: list[Item], size: float, depth: int) -> list[list[Item]]:
    """The same for things in the order of their tops."""
    pairs = _pairs(items)
    if not pairs or depth >= _DEEPEST:
        return [items] if items else []
    columns = _columns(items, size)
    if len(columns) > 1 and _are_read_down(columns):
        return [region for column in columns for region in _regions(column, size, depth + 1)]
    zones = _zones(items, pairs, size)
    if len(zones) > 1:
        return [region for zone in zones for region in _regions(zone, size, depth + 1)]
    return [items]


def _pairs(items: list[Item]) -> list[tuple[Item, Item]]:
    """Neighbours side by side: each thing with the nearest one at its right, if there is one."""
    found: list[tuple[Item, Item]] = []
    tallest = max((item.bottom - item.top for item in items), default=0.0)
    for place, item in enumerate(items):
        # Most things have nothing beside them: only those that begin above this one's end come into question.
        for other in items[place + 1 :]:
            if other.top >= item.bottom or other.top - item.top > tallest:
                break
            if not _is_beside(item, other):
                continue
            found.append((item, other) if item.left < other.left else (other, item))
    if len(found) <= 1:
        return found
    nearest: dict[int, tuple[Item, Item]] = {}
    for left, right in found:
        known = nearest.get(id(left))
        if known is None or right.left < known[1].left:
            nearest[id(left)] = (left, right)
    return list(nearest.values())


def _is_beside(one: Item, other: Item) -> bool:
    common = min(one.bottom, other.bottom) - max(one.top, other.top)
    if common < _BESIDE * min(one.bottom - one.top, other.bottom - other.top):
        return False
    return one.right <= other.left + 1.0 or other.right <= one.left + 1.0


def _columns(items: list[Item], size: float) -> list[list[Item]]:
    """Divide at the gutters that nothing crosses. Shape: columns from left to right, each from top to bottom."""
    columns: list[list[Item]] = []
    edge = float("-inf")
    for item in sorted(items, key=_by_left):
        if item.left - edge >= _NARROWEST_GUTTER * size or not columns:
            columns.append([])
        columns[-1].append(item)
        edge = max(edge, item.right)
    for column in columns:
        column.sort(key=_by_top)
    return columns


def _are_read_down(columns: list[list[Item]]) -> bool:
    """Tell columns of running text, read one after the other, from columns of a table or a form."""
    if all(_is_prose(column) for column in columns):
        return True
    return _is_drawn_down(columns) and not _have_common_rows(columns) and all(_is_wide(column) for column in columns)


def _is_wide(column: list[Item]) -> bool:
    lines = [item for item in column if isinstance(item, Line)]
    if len(lines) < len(column):
        return True
    width = max(line.right for line in lines) - min(line.left for line in lines)
    return width >= _NARROWEST_COLUMN * median(line.size for line in lines)


def _is_prose(column: list[Item]) -> bool:
    """Tell whether a column is running text, or a picture or table of its own."""
    lines = [item for item in column if isinstance(item, Line)]
    if not lines:
        return True
    if len(lines) < _LEAST_LINES or not _is_wide(column):
        return False
    left, right = min(line.left for line in lines), max(line.right for line in lines)
    filled = median(line.right - line.left for line in lines) / max(1.0, right - left)
    return filled >= _FILLED and median(line.end - line.start for line in lines) >= _PROSE_CHARACTERS


def _is_drawn_down(columns: list[list[Item]]) -> bool:
    """Tell whether the file draws one column after the other."""
    spans = [
        (min(starts), max(starts))
        for column in columns
        if (starts := [item.start for item in column if isinstance(item, Line)])
    ]
    return len(spans) > 1 and all(one[1] < other[0] for one, other in pairwise(spans))


def _have_common_rows(columns: list[list[Item]]) -> bool:
    """Tell whether the lines of the columns stand at the same heights."""
    heights = [[line.base for line in column if isinstance(line, Line)] for column in columns]
    fewest = min(heights, key=len)
    if not fewest:
        return False
    others = [base for bases in heights if bases is not fewest for base in bases]
    common = sum(any(abs(base - other) < 1.0 for other in others) for base in fewest)
    return common >= 0.8 * len(fewest)


def _zones(items: list[Item], pairs: list[tuple[Item, Item]], size: float) -> list[list[Item]]:
    """Divide at the things that cross the most common gutter. Shape: zones from top to bottom."""
    gutter = _gutter(pairs, size)
    if gutter is None:
        return [items]
    crossing = {id(item) for item in items if item.left < gutter - 1.0 and item.right > gutter + 1.0}
    if not crossing:
        return [items]
    has_neighbour = {id(item) for pair in pairs for item in pair}
    zones: list[list[Item]] = []
    was_crossing: bool | None = None
    above: Item | None = None
    for item in items:
        crosses = id(item) in crossing
        if not crosses and was_crossing and above is not None and id(item) not in has_neighbour:
            crosses = _continues(above, item)
        if crosses != was_crossing:
            zones.append([])
        zones[-1].append(item)
        was_crossing, above = crosses, item
    return zones


def _continues(above: Item, item: Item) -> bool:
    """Tell whether a short line ends the paragraph above it."""
    if not (isinstance(above, Line) and isinstance(item, Line)):
        return False
    return (
        item.base - above.base <= 1.5 * above.size
        and abs(item.size - above.size) < 0.05 * above.size
        and abs(item.left - above.left) <= 3 * above.size
    )


def _gutter(pairs: list[tuple[Item, Item]], size: float) -> float | None:
    """The place between columns on which most neighbours agree."""
    gaps = [(left.right, right.left) for left, right in pairs if right.left - left.right >= _NARROWEST_GUTTER * size]
    best: tuple[int, float] | None = None
    for start, end in gaps[:500]:
        low, high, votes = start, end, 0
        for other_start, other_end in gaps:
            new_low, new_high = max(low, other_start), min(high, other_end)
            if new_high - new_low >= 0.5 * size:
                low, high, votes = new_low, new_high, votes + 1
        if votes >= _LEAST_LINES and (best is None or votes > best[0]):
            best = (votes, (low + high) / 2)
    return None if best is None else best[1]


def rows_of(items: Sequence[Item]) -> list[list[Item]]:
    """Put lines that stand side by side into one row, from left to right; a picture or table is a row of its own.

    The things come from top to bottom.
    """
    rows: list[list[Item]] = []
    others: list[Item] = []
    top = bottom = 0.0
    for item in items:
        if not isinstance(item, Line):
            others.append(item)
            continue
        common = min(bottom, item.bottom) - max(top, item.top)
        if rows and common >= _SAME_ROW * min(bottom - top, item.bottom - item.top) > 0:
            rows[-1].append(item)
            if item.bottom - item.top > bottom - top:
                top, bottom = item.top, item.bottom
            continue
        rows.append([item])
        top, bottom = item.top, item.bottom
    for row in rows:
        if len(row) > 1:
            row.sort(key=_by_left)
    if others:
        rows.extend([item] for item in others)
        rows.sort(key=lambda row: row[0].top)
    return rows
