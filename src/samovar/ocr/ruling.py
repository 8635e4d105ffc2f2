"""Ruled lines: found, taken off the picture, and put together to the grids of tables."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from samovar.ocr.raster import Grey, Mask

__all__ = ["Grid", "GridCell", "Rule", "find_grids", "find_rules", "without_rules"]

#: All lengths are counted in heights of a line of text, which are about 1/6 inch in print.
_SHORTEST: Final = 2.0
_THICKEST: Final = 0.35
_GAP: Final = 0.6
_TOUCH: Final = 0.35
_SAME: Final = 0.4
#: Share of ink in a stretch that is a rule; specks and breaks are allowed.
_INK_SHARE: Final = 0.93
#: Share of a cell's side that must be ruled for the side to be there.
_SIDE_SHARE: Final = 0.6
#: A rule has paper on both sides: so near, at most so much of its length is ink (what crosses or touches it).
_CLEARANCE: Final = 0.1
_TOUCHED: Final = 0.3
_MOST_RUNS: Final = 20_000
_MOST_RULES: Final = 1_500
_MOST_CELLS: Final = 2_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """A straight line from ``start`` to ``end`` at ``place``: y for a horizontal one, x for a vertical one."""

    start: float
    end: float
    place: float
    thickness: float


@dataclass(frozen=True, slots=True, kw_only=True)
class GridCell:
    """A cell of a grid with its inner box in pixels."""

    row: int
    column: int
    row_span: int
    column_span: int
    left: float
    top: float
    right: float
    bottom: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Grid:
    """A ruled table: its outer box in pixels, and its cells row by row."""

    left: float
    top: float
    right: float
    bottom: float
    cells: tuple[GridCell, ...]


def find_rules(ink: Mask, line_px: float) -> tuple[tuple[Rule, ...], tuple[Rule, ...], Mask]:
    """The horizontal and the vertical rules, and the pixels that they take."""
    taken = np.zeros_like(ink)
    across = _rules(ink, line_px, taken)
    down = _rules(ink.T, line_px, taken.T)
    return across, down, taken


def without_rules(grey: Grey, taken: Mask) -> Grey:
    """The picture with its rules painted over in white."""
    wide = taken.copy()
    wide[1:] |= taken[:-1]
    wide[:-1] |= taken[1:]
    wide[:, 1:] |= taken[:, :-1]
    wide[:, :-1] |= taken[:, 1:]
    cleaned = grey.copy()
    cleaned[wide] = 255
    return cleaned


def find_grids(across: tuple[Rule, ...], down: tuple[Rule, ...], line_px: float) -> tuple[Grid, ...]:
    """The tables that the rules make: sets of rules that touch and that divide at least two cells."""
    grids = (_grid(rows, columns, line_px) for rows, columns in _touching(across, down, line_px * _TOUCH))
    return tuple(sorted((grid for grid in grids if grid is not None), key=lambda grid: (grid.top, grid.left)))


def _rules(ink: Mask, line_px: float, taken: Mask) -> tuple[Rule, ...]:
    """Horizontal rules; ``taken`` is marked where they lie."""
    length = max(8, round(line_px * _SHORTEST))
    if ink.shape[1] <= length:
        return ()
    sums = np.cumsum(np.pad(ink, ((0, 0), (1, 0))), axis=1, dtype=np.int32)
    full = (sums[:, length:] - sums[:, :-length]) >= length * _INK_SHARE
    rows = np.flatnonzero(full.any(axis=1))
    runs = [(int(row), start, end) for row in rows for start, end in _runs(full[row], length)]
    if len(runs) > _MOST_RUNS:
        return ()
    found = []
    for group in _stacked(runs, round(line_px * _GAP)):
        rule = _rule(group)
        if rule.thickness > max(2.0, line_px * _THICKEST) or rule.end - rule.start < length:
            continue
        if _is_free(ink, group, max(2, round(line_px * _CLEARANCE))):
            found.append(rule)
            for row, start, end in group:
                taken[row, start:end] = True
    return tuple(found) if len(found) <= _MOST_RULES else ()


def _is_free(ink: Mask, group: list[tuple[int, int, int]], clearance: int) -> bool:
    """Tell whether there is paper above and below; the feet of a line of small letters look like a rule otherwise."""
    top, bottom = min(row for row, _, _ in group) - clearance, max(row for row, _, _ in group) + clearance
    left, right = min(start for _, start, _ in group), max(end for _, _, end in group)
    sides = [ink[row, left:right] for row in (top, bottom) if 0 <= row < ink.shape[0]]
    return all(side.mean() <= _TOUCHED for side in sides)


def _runs(full: NDArray[np.bool_], length: int) -> Iterable[tuple[int, int]]:
    """Where stretches of a row that are full begin and end."""
    edges = np.flatnonzero(np.diff(np.concatenate(([False], full, [False])).astype(np.int8)))
    for start, end in zip(edges[::2], edges[1::2], strict=True):
        yield int(start), int(end) + length - 1


def _stacked(runs: list[tuple[int, int, int]], gap: int) -> list[list[tuple[int, int, int]]]:
    """Runs of neighbouring rows that lie over each other, or follow each other closely, as one group each."""
    groups: list[list[tuple[int, int, int]]] = []
    last: list[tuple[int, int, int]] = []  # row, start, end of the groups' ends
    for row, start, end in runs:
        for place in range(len(groups) - 1, -1, -1):
            last_row, last_start, last_end = last[place]
            if row - last_row <= 2 and start <= last_end + gap and last_start <= end + gap:
                groups[place].append((row, start, end))
                last[place] = (row, min(start, last_start), max(end, last_end))
                break
        else:
            groups.append([(row, start, end)])
            last.append((row, start, end))
    return groups


def _rule(group: list[tuple[int, int, int]]) -> Rule:
    lengths = np.array([end - start for _, start, end in group], dtype=float)
    rows = np.array([row for row, _, _ in group], dtype=float)
    start, end = min(start for _, start, _ in group), max(end for _, _, end in group)
    return Rule(
        start=start,
        end=end,
        place=float((rows * lengths).sum() / lengths.sum()) + 0.5,
        thickness=float(lengths.sum() / max(1, end - start)),
    )


def _touching(across: tuple[Rule, ...], down: tuple[Rule, ...], near: float) -> Iterable[tuple[list[Rule], list[Rule]]]:
    """Sets of rules that hang together."""
    rows_left, columns_left = list(across), list(down)
    while rows_left and columns_left:
        rows, columns = [rows_left.pop()], list[Rule]()
        waiting: list[tuple[Rule, bool]] = [(rows[0], True)]
        while waiting:
            rule, is_across = waiting.pop()
            others = columns_left if is_across else rows_left
            met = [other for other in others if _meet(rule, other, near)]
            for other in met:
                others.remove(other)
                waiting.append((other, not is_across))
            (columns if is_across else rows).extend(met)
        yield rows, columns


def _meet(one: Rule, other: Rule, near: float) -> bool:
    return one.start - near <= other.place <= one.end + near and other.start - near <= one.place <= other.end + near


def _grid(rows: list[Rule], columns: list[Rule], line_px: float) -> Grid | None:
    if not columns:  # an underline that nothing crosses
        return None
    same = line_px * _SAME
    ys = _places(rows, columns, same, line_px)
    xs = _places(columns, rows, same, line_px)
    if len(ys) < 2 or len(xs) < 2 or not 2 <= (len(ys) - 1) * (len(xs) - 1) <= _MOST_CELLS:
        return None
    return Grid(left=xs[0], top=ys[0], right=xs[-1], bottom=ys[-1], cells=_cells(ys, xs, rows, columns, same))


def _places(rules: list[Rule], crossing: list[Rule], same: float, line_px: float) -> list[float]:
    """Where rules of one direction lie; ends of the crossing ones that stick out are sides left open."""
    places: list[float] = []
    for place in sorted(rule.place for rule in rules):
        if places and place - places[-1] <= same:
            places[-1] = (places[-1] + place) / 2
        else:
            places.append(place)
    first, last = min(rule.start for rule in crossing), max(rule.end for rule in crossing)
    if places and first < places[0] - line_px:
        places.insert(0, first)
    if places and last > places[-1] + line_px:
        places.append(last)
    return places


def _cells(
    ys: list[float], xs: list[float], rows: list[Rule], columns: list[Rule], same: float
) -> tuple[GridCell, ...]:
    """Cells between the places; where no rule divides neighbours they are one cell, as long as it is a rectangle."""
    height, width = len(ys) - 1, len(xs) - 1
    right_open = [
        [_is_open(columns, xs[c + 1], ys[r], ys[r + 1], same) for c in range(width - 1)] for r in range(height)
    ]
    below_open = [[_is_open(rows, ys[r + 1], xs[c], xs[c + 1], same) for c in range(width)] for r in range(height - 1)]
    owned = [[False] * width for _ in range(height)]
    cells = []
    for row in range(height):
        for column in range(width):
            if owned[row][column]:
                continue
            across = 1
            while column + across < width and right_open[row][column + across - 1] and not owned[row][column + across]:
                across += 1
            down = 1
            while row + down < height and _goes_on(below_open, right_open, row + down, column, across):
                down += 1
            for owned_row in owned[row : row + down]:
                owned_row[column : column + across] = [True] * across
            cells.append(
                GridCell(
                    row=row,
                    column=column,
                    row_span=down,
                    column_span=across,
                    left=xs[column],
                    top=ys[row],
                    right=xs[column + across],
                    bottom=ys[row + down],
                )
            )
    return tuple(cells)


def _goes_on(below_open: list[list[bool]], right_open: list[list[bool]], row: int, column: int, across: int) -> bool:
    return all(below_open[row - 1][column : column + across]) and all(right_open[row][column : column + across - 1])


def _is_open(rules: list[Rule], place: float, start: float, end: float, same: float) -> bool:
    """Tell whether less than most of the side between two cells is ruled."""
    covered = sum(
        max(0.0, min(rule.end, end) - max(rule.start, start)) for rule in rules if abs(rule.place - place) <= same
    )
    return covered < _SIDE_SHARE * (end - start)
