"""Reading order: a page is divided into regions, each one column wide, in the order in which a person reads them."""

from bisect import bisect_left
from collections.abc import Sequence
from itertools import accumulate, pairwise
from operator import attrgetter
from statistics import median
from typing import Final, TypeAlias

from samovar.parsers._pdf.line import Item, Line

__all__ = ["BESIDE", "regions", "rows_of"]

#: A gutter between columns, in sizes of type; and how wide a column is at least.
_NARROWEST_GUTTER: Final = 0.8
_NARROWEST_COLUMN: Final = 6.0
#: Lines of running text fill most of their column and are not a few letters long.
_FILLED: Final = 0.6
_PROSE_CHARACTERS: Final = 12
_LEAST_LINES: Final = 2
_MOST_GAPS: Final = 300
#: Edges that are nearer than this, in points, are in line; so many of them make a column.
_CROOKED: Final = 3.0
_STRAIGHT: Final = 0.6
#: The mark of a list item, in characters, and the space after it, in sizes of type.
_LONGEST_MARK: Final = 4
_MARK_GAP: Final = 2.5
_DEEPEST: Final = 20
#: Pages with more lines than this are no pages for people.
_MOST_ITEMS: Final = 3000
#: So much of the lower one of two things side by side must be beside the other.
BESIDE: Final = 0.3
_SAME_ROW: Final = 0.5

_Pair: TypeAlias = tuple[Item, Item]

_by_top = attrgetter("top")
_by_left = attrgetter("left")
_right = attrgetter("right")


def regions(items: Sequence[Item], size: float) -> list[list[Item]]:
    """Divide things into regions. Shape: each thing in exactly one region, from top to bottom inside it.

    ``size`` is the usual size of type. Things side by side in one region belong to one row.
    """
    in_order = sorted(items, key=_by_top)
    if len(in_order) > _MOST_ITEMS:
        return [in_order]
    return _regions(in_order, size, _beside(in_order), 0) or ([in_order] if in_order else [])


def _regions(items: list[Item], size: float, beside: list[_Pair], depth: int) -> list[list[Item]]:
    """The same for things in the order of their tops; nothing where there are no columns of text."""
    if not beside or depth >= _DEEPEST:
        return []
    columns = _columns(items, size)
    if len(columns) > 1 and _are_read_down(columns):
        found = [(column, _beside(column) if _among(column, beside) else []) for column in columns]
        return [region for column, pairs in found for region in _regions(column, size, pairs, depth + 1) or [column]]
    zones = _zones(items, _nearest(beside), size)
    inner = [_regions(zone, size, _among(zone, beside), depth + 1) for zone in zones] if len(zones) > 1 else []
    if not any(inner):
        return []
    return [region for zone, found in zip(zones, inner, strict=True) for region in found or [zone]]


def _beside(items: list[Item]) -> list[_Pair]:
    """Things side by side, the left one first."""
    found: list[_Pair] = []
    for place, item in enumerate(items):
        bottom = item.bottom
        # Most things have nothing beside them: only those that begin above this one's end come into question.
        for below in range(place + 1, len(items)):
            other = items[below]
            if other.top >= bottom:
                break
            left, right = (item, other) if item.left < other.left else (other, item)
            if _is_beside(left, right) and not _is_mark(left, right):
                found.append((left, right))
    return found


def _among(items: list[Item], beside: list[_Pair]) -> list[_Pair]:
    """The pairs of which both are among some things."""
    known = set(map(id, items))
    return [pair for pair in beside if id(pair[0]) in known and id(pair[1]) in known]


def _nearest(found: list[_Pair]) -> list[_Pair]:
    """Neighbours side by side: each thing with the nearest one at its right, if there is one."""
    if len(found) <= 1:
        return found
    nearest: dict[int, _Pair] = {}
    for left, right in found:
        known = nearest.get(id(left))
        if known is None or right.left < known[1].left:
            nearest[id(left)] = (left, right)
    return list(nearest.values())


def _is_beside(left: Item, right: Item) -> bool:
    common = min(left.bottom, right.bottom) - max(left.top, right.top)
    if common < BESIDE * min(left.bottom - left.top, right.bottom - right.top):
        return False
    return left.right <= right.left + 1.0


def _is_mark(left: Item, right: Item) -> bool:
    """Tell whether one thing is the bullet or the number of the other."""
    return (
        isinstance(left, Line)
        and isinstance(right, Line)
        and left.end - left.start <= _LONGEST_MARK
        and right.end - right.start > _LONGEST_MARK
        and right.left - left.right < _MARK_GAP * right.size
    )


def _columns(items: list[Item], size: float) -> list[list[Item]]:
    """Divide at the gutters that nothing crosses. Shape: columns from left to right, each from top to bottom."""
    gutter = _NARROWEST_GUTTER * size
    in_order = sorted(items, key=_by_left)
    column = in_order[:1]
    columns = [column]
    for item, edge in zip(in_order[1:], accumulate(map(_right, in_order), max), strict=False):
        if item.left - edge >= gutter:
            column = []
            columns.append(column)
        column.append(item)
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
    width = max([line.right for line in lines]) - min([line.left for line in lines])
    return width >= _NARROWEST_COLUMN * median([line.size for line in lines])


def _is_prose(column: list[Item]) -> bool:
    """Tell whether a column is running text, or a picture or table of its own."""
    lines = [item for item in column if isinstance(item, Line)]
    if not lines:
        return True
    rows = rows_of(lines)
    if len(rows) < _LEAST_LINES or not _is_wide(column):
        return False
    left, right = min([line.left for line in lines]), max([line.right for line in lines])
    filled = median([row[-1].right - row[0].left for row in rows]) / max(1.0, right - left)
    return filled >= _FILLED and median([sum(map(_characters, row)) for row in rows]) >= _PROSE_CHARACTERS


def _characters(item: Item) -> int:
    return item.end - item.start if isinstance(item, Line) else 0


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
    bases = sorted(item.base for item in items if id(item) in crossing and isinstance(item, Line))
    has_neighbour = {id(item) for pair in pairs for item in pair}
    zones: list[list[Item]] = []
    was_crossing: bool | None = None
    above: Item | None = None
    for item in items:
        crosses = id(item) in crossing or _stands_on(item, bases)
        if not crosses and was_crossing and above is not None and id(item) not in has_neighbour:
            crosses = _continues(above, item)
        if crosses != was_crossing:
            zones.append([])
        zones[-1].append(item)
        was_crossing, above = crosses, item
    return zones


def _stands_on(item: Item, bases: list[float]) -> bool:
    """Tell whether something is a piece of a row of which another piece crosses the gutter."""
    if not isinstance(item, Line):
        return False
    place = bisect_left(bases, item.base - 0.5)
    return place < len(bases) and bases[place] <= item.base + 0.5


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
    wide = [(left, right) for left, right in pairs if right.left - left.right >= _NARROWEST_GUTTER * size]
    margin = max((right.right for _, right in pairs), default=0.0)
    best: tuple[int, float] | None = None
    for left, right in wide[:_MOST_GAPS]:
        low, high = left.right, right.left
        if best is not None and low < best[1] < high:
            continue
        beyond: list[Item] = []
        for other_left, other_right in wide:
            new_low, new_high = max(low, other_left.right), min(high, other_right.left)
            if new_high - new_low >= 0.5 * size:
                low, high = new_low, new_high
                beyond.append(other_right)
        if len(beyond) >= _LEAST_LINES and (best is None or len(beyond) > best[0]) and _are_straight(beyond, margin):
            best = (len(beyond), (low + high) / 2)
    return None if best is None else best[1]


def _are_straight(items: list[Item], margin: float) -> bool:
    """Tell whether things stand straight under each other, as they do in a column, by an edge or by their middles.

    That the ends of justified lines stand straight at the margin says nothing.
    """
    edges = [[item.left for item in items], [(item.left + item.right) / 2 for item in items]]
    ends = [item.right for item in items]
    if median(ends) < margin - _CROOKED:
        edges.append(ends)
    return any(_count_near(median(edge), edge) >= _STRAIGHT * len(edge) for edge in edges)


def _count_near(middle: float, places: list[float]) -> int:
    return sum(abs(place - middle) <= _CROOKED for place in places)


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
