"""Tables that are found by their ruled lines: grids, and level rules under each other."""

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Sequence
from typing import Final

from samovar.parsers._pdf.contents import Rule
from samovar.parsers._pdf.frame import Frame
from samovar.parsers._pdf.line import Line
from samovar.parsers._pdf.tables import LEAST_ROWS, NEAR, GridCell, Table, column_of, column_spans

__all__ = ["ruled_tables"]

_MOST_CELLS: Final = 20_000
#: Drawings have more rules than tables, and need more time.
_MOST_MEETINGS: Final = 400_000
#: Rows of a table are lower than this, in points.
_TALLEST_STEP: Final = 160.0


class _Stretch:
    """A rule along one axis: ``at`` on the other axis, from ``low`` to ``high``."""

    __slots__ = ("at", "group", "high", "is_level", "low")

    def __init__(self, at: float, low: float, high: float, *, is_level: bool) -> None:
        self.is_level = is_level
        self.at = at
        self.low = low
        self.high = high
        self.group = -1


def ruled_tables(
    rules: Sequence[Rule], frame: Frame, lines: list[Line], cut: Callable[[Line, Sequence[float]], list[Line]]
) -> tuple[list[Table], list[Line]]:
    """Find grids of rules and put lines into their cells; ``cut`` divides a line at places across.

    Tables with level rules only, three or more of one width, have columns where no line stands. Shape: the tables,
    and the lines that stand in none.
    """
    level, upright = _stretches(rules, frame)
    tables: list[Table] = []
    if len(level) * len(upright) > _MOST_MEETINGS:
        return tables, lines
    grids = _grids(level, upright)
    for level_rules, upright_rules in grids:
        table, lines = _table(level_rules, upright_rules, lines, cut)
        if table is not None:
            tables.append(table)
    used = {id(rule) for level_rules, _ in grids for rule in level_rules}
    for level_rules in _ladders([rule for rule in level if id(rule) not in used]):
        table, lines = _open_table(level_rules, lines)
        if table is not None:
            tables.append(table)
    return tables, lines


def _stretches(rules: Sequence[Rule], frame: Frame) -> tuple[list[_Stretch], list[_Stretch]]:
    """Rules in the frame, level ones and upright ones, with those joined that lie on each other."""
    level: list[_Stretch] = []
    upright: list[_Stretch] = []
    for rule in rules:
        left, top, right, bottom = frame.place(rule.box)
        if right - left >= bottom - top:
            level.append(_Stretch(top, left, right, is_level=True))
        else:
            upright.append(_Stretch(left, top, bottom, is_level=False))
    return _joined(level), _joined(upright)


def _joined(stretches: list[_Stretch]) -> list[_Stretch]:
    tracks = _tracks([stretch.at for stretch in stretches])
    nearest: dict[float, float] = {}
    for stretch in stretches:
        at = stretch.at
        if at not in nearest:
            place = bisect_right(tracks, at)
            nearest[at] = min(tracks[max(0, place - 1) : place + 1], key=lambda track: abs(track - at))
        stretch.at = nearest[at]
    found: list[_Stretch] = []
    for stretch in sorted(stretches, key=lambda stretch: (stretch.at, stretch.low)):
        last = found[-1] if found else None
        if last is not None and last.at == stretch.at and stretch.low <= last.high + NEAR:
            last.high = max(last.high, stretch.high)
        else:
            found.append(stretch)
    return found


def _tracks(places: Iterable[float]) -> list[float]:
    """Places along an axis, with those joined that are near each other."""
    groups: list[list[float]] = []
    for place in sorted(places):
        if groups and place - groups[-1][0] <= NEAR:
            groups[-1].append(place)
        else:
            groups.append([place])
    return [sum(group) / len(group) for group in groups]


def _grids(level: list[_Stretch], upright: list[_Stretch]) -> list[tuple[list[_Stretch], list[_Stretch]]]:
    """Rules that touch belong together. Shape: level and upright rules of each grid, from the top of the page."""
    group = 0
    for seed in level:
        if seed.group >= 0:
            continue
        seed.group = group
        found = [seed]
        while found:
            one = found.pop()
            others = upright if one.is_level else level
            for other in others:
                if other.group < 0 and _touch(one, other):
                    other.group = group
                    found.append(other)
        group += 1
    grids = [
        ([rule for rule in level if rule.group == number], [rule for rule in upright if rule.group == number])
        for number in range(group)
    ]
    return [(across, down) for across, down in grids if len(across) >= 2 and len(down) >= 2]


def _touch(one: _Stretch, other: _Stretch) -> bool:
    return other.low - NEAR <= one.at <= other.high + NEAR and one.low - NEAR <= other.at <= one.high + NEAR


def _table(
    level: list[_Stretch],
    upright: list[_Stretch],
    lines: list[Line],
    cut: Callable[[Line, Sequence[float]], list[Line]],
) -> tuple[Table | None, list[Line]]:
    rows, columns = _tracks(rule.at for rule in level), _tracks(rule.at for rule in upright)
    if len(rows) < 2 or len(columns) < 2 or len(rows) + len(columns) < 5 or len(rows) * len(columns) > _MOST_CELLS:
        return None, lines
    left, top, right, bottom = columns[0], rows[0], columns[-1], rows[-1]
    lowest, highest = top - 1, bottom + 1
    inside: list[tuple[Line, float]] = []
    outside: list[Line] = []
    for line in lines:
        middle = (line.top + line.bottom) / 2
        if lowest <= middle <= highest and line.right > left and line.left < right:
            inside.append((line, middle))
        else:
            outside.append(line)
    cells = _cells(rows, columns, level, upright)
    owners = _owners(cells)
    # Places beyond the first and last rule count for the first and last row and column.
    last_row, last_column = len(rows) - 1, len(columns) - 1
    walls_of: dict[int, list[float]] = {}
    for line, height in inside:
        row = bisect_right(rows, height, 1, last_row) - 1
        walls = walls_of.get(row)
        if walls is None:
            walls = sorted({columns[owners[row, column].column] for column in range(len(columns) - 1)} | {right})
            walls_of[row] = walls
        crossed = walls[bisect_right(walls, line.left) : bisect_left(walls, line.right)]
        for piece in cut(line, crossed) if crossed else (line,):
            middle = (piece.left + piece.right) / 2
            if left <= middle <= right:
                column = bisect_right(columns, middle, 1, last_column) - 1
                owners[row, column].lines.append(piece)
            else:
                outside.append(piece)
    if sum([bool(cell.lines) for cell in cells]) < 2:
        return None, lines
    return Table(left, top, right, bottom, cells), outside


def _owners(cells: list[GridCell]) -> dict[tuple[int, int], GridCell]:
    """The cell at each row and column."""
    owners: dict[tuple[int, int], GridCell] = {}
    for cell in cells:
        if cell.row_span == cell.column_span == 1:
            owners[cell.row, cell.column] = cell
        else:
            owners.update(dict.fromkeys(_covered(cell), cell))
    return owners


def _covered(cell: GridCell) -> list[tuple[int, int]]:
    return [
        (row, column)
        for row in range(cell.row, cell.row + cell.row_span)
        for column in range(cell.column, cell.column + cell.column_span)
    ]


def _cells(rows: list[float], columns: list[float], level: list[_Stretch], upright: list[_Stretch]) -> list[GridCell]:
    """Cells between rules; where a rule is missing between two, they are one cell."""
    level_walls, upright_walls = _Walls(level), _Walls(upright)
    if upright_walls.are_whole(columns[1:-1], rows) and level_walls.are_whole(rows[1:-1], columns):
        return [GridCell(row, column) for row in range(len(rows) - 1) for column in range(len(columns) - 1)]
    taken: set[tuple[int, int]] = set()
    cells: list[GridCell] = []
    for row in range(len(rows) - 1):
        for column in range(len(columns) - 1):
            if (row, column) in taken:
                continue
            width, height = 1, 1
            while column + width < len(columns) - 1 and not upright_walls.stand(
                columns[column + width], rows[row], rows[row + 1]
            ):
                width += 1
            while row + height < len(rows) - 1 and not any(
                level_walls.stand(rows[row + height], columns[place], columns[place + 1])
                for place in range(column, column + width)
            ):
                height += 1
            cell = GridCell(row, column, height, width)
            if width == height == 1:
                cells.append(cell)
                continue  # which no other cell will come to
            if taken.intersection(_covered(cell)):
                cell = GridCell(row, column)
            taken.update(_covered(cell))
            cells.append(cell)
    return cells


class _Walls:
    """The rules of a grid by their place."""

    def __init__(self, rules: list[_Stretch]) -> None:
        self._rules: dict[int, list[_Stretch]] = {}
        for rule in rules:
            self._rules.setdefault(round(rule.at), []).append(rule)

    def are_whole(self, places: Sequence[float], steps: Sequence[float]) -> bool:
        """Tell whether a rule stands at each place, without a break from the first step to the last."""
        low, high = (steps[0] + steps[1]) / 2, (steps[-2] + steps[-1]) / 2
        return all(self._is_whole(at, low, high) for at in places)

    def _is_whole(self, at: float, low: float, high: float) -> bool:
        near = round(at)
        return any(
            abs(rule.at - at) <= 1.0 and rule.low - 1 <= low and high <= rule.high + 1
            for place in (near, near - 1, near + 1)
            for rule in self._rules.get(place, ())
        )

    def stand(self, at: float, low: float, high: float) -> bool:
        """Tell whether a rule stands there, between two others."""
        middle = (low + high) / 2
        near = round(at)
        for place in (near, near - 1, near + 1):
            for rule in self._rules.get(place, ()):
                if abs(rule.at - at) <= 1.0 and rule.low - 1 <= middle <= rule.high + 1:
                    return True
        return False


def _ladders(level: list[_Stretch]) -> list[list[_Stretch]]:
    """Level rules of one width under each other, from top to bottom."""
    ladders: list[list[_Stretch]] = []
    for rule in sorted(level, key=lambda rule: rule.at):
        for ladder in ladders:
            last = ladder[-1]
            if (
                abs(last.low - rule.low) < 2 * NEAR
                and abs(last.high - rule.high) < 2 * NEAR
                and rule.at - last.at < _TALLEST_STEP
            ):
                ladder.append(rule)
                break
        else:
            ladders.append([rule])
    return [ladder for ladder in ladders if len(ladder) >= LEAST_ROWS]


def _open_table(ladder: list[_Stretch], lines: list[Line]) -> tuple[Table | None, list[Line]]:
    """Make a table of what stands between level rules; a row of several pieces just above the first is its head."""
    steps = [rule.at for rule in ladder]
    left, right = ladder[0].low - NEAR, ladder[0].high + NEAR
    within = [line for line in lines if left <= line.left and line.right <= right]
    head = [line for line in within if line.bottom <= steps[0] + 1 and steps[0] - line.bottom < line.size]
    if len({round(line.left) for line in head}) < 2:
        head = []
    inside = head + [line for line in within if steps[0] < (line.top + line.bottom) / 2 < steps[-1]]
    rows: dict[int, list[Line]] = {}
    for line in inside:
        rows.setdefault(bisect_right(steps, (line.top + line.bottom) / 2), []).append(line)
    if len(rows) < LEAST_ROWS:
        return None, lines
    spans = column_spans(list(rows.values()), min(line.size for line in inside))
    filled = [len({column_of(line, spans) for line in row}) for row in rows.values()]
    if len(spans) < 2 or sum(count >= 2 for count in filled) < 0.6 * len(rows):
        return None, lines
    cells: list[GridCell] = []
    for number, step in enumerate(sorted(rows)):
        row = [GridCell(number, column) for column in range(len(spans))]
        for line in rows[step]:
            row[column_of(line, spans)].lines.append(line)
        cells.extend(row)
    taken = {id(line) for line in inside}
    table = Table(ladder[0].low, min(steps[0], *(line.top for line in inside)), ladder[0].high, steps[-1], cells)
    return table, [line for line in lines if id(line) not in taken]
