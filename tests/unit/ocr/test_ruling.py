"""Ruled lines become the grids of tables."""

import numpy as np
import pytest
from PIL import Image, ImageDraw
from tests.corpus.scan_papers import article
from tests.corpus.scan_texts import RUSSIAN
from tests.corpus.typeset import Leaf

from samovar.ocr.raster import Mask
from samovar.ocr.ruling import Grid, find_grids, find_rules, without_rules

_LINE_PX = 30.0


def _ink(image: Image.Image) -> Mask:
    return np.asarray(image) < 128


def _grids(image: Image.Image) -> tuple[Grid, ...]:
    across, down, _ = find_rules(_ink(image), _LINE_PX)
    return find_grids(across, down, _LINE_PX)


def _drawn(*lines: tuple[int, int, int, int]) -> Image.Image:
    image = Image.new("L", (700, 500), 255)
    draw = ImageDraw.Draw(image)
    for line in lines:
        draw.line(line, fill=0, width=2)
    return image


def test_a_page_of_text_has_no_rules() -> None:
    assert _grids(article(RUSSIAN).image) == ()
    across, down, taken = find_rules(_ink(article(RUSSIAN).image), _LINE_PX)
    assert (across, down, int(taken.sum())) == ((), (), 0)


def test_merged_cells_are_found() -> None:
    leaf = Leaf(dpi=200)
    leaf.table([[("a", 2, 1), ("b", 1, 2), None], [None, "c", "d"], [("e", 1, 3), None, None]], [100, 100, 100])
    (grid,) = _grids(leaf.image)
    assert [(cell.row, cell.column, cell.row_span, cell.column_span) for cell in grid.cells] == [
        (0, 0, 2, 1),
        (0, 1, 1, 2),
        (1, 1, 1, 1),
        (1, 2, 1, 1),
        (2, 0, 1, 3),
    ]


def test_a_table_open_at_its_sides_has_all_its_columns() -> None:
    across = ((50, y, 650, y) for y in (50, 150, 250))
    (grid,) = _grids(_drawn(*across, (250, 50, 250, 250), (450, 50, 450, 250)))
    assert len(grid.cells) == 6
    assert (grid.left, grid.right) == pytest.approx((50, 650), abs=6)


def test_two_tables_are_two() -> None:
    box_one = ((50, 50, 300, 50), (50, 100, 300, 100), (50, 150, 300, 150), (50, 50, 50, 150), (300, 50, 300, 150))
    box_two = tuple((x, y + 250, to_x, to_y + 250) for x, y, to_x, to_y in box_one)
    assert [len(grid.cells) for grid in _grids(_drawn(*box_one, *box_two))] == [2, 2]


def test_a_frame_and_an_underline_are_no_table() -> None:
    frame = ((50, 50, 600, 50), (50, 400, 600, 400), (50, 50, 50, 400), (600, 50, 600, 400))
    assert _grids(_drawn(*frame, (100, 200, 300, 200))) == ()


def test_a_line_to_sign_on_below_a_table_leaves_the_table() -> None:
    table = [*((100, y, 500, y) for y in (100, 150, 200)), *((x, 100, x, 200) for x in (100, 300, 500))]
    [grid] = _grids(_drawn(*table, (100, 400, 400, 400)))
    assert len(grid.cells) == 4


def test_rules_are_painted_over_and_nothing_else() -> None:
    image = _drawn((50, 50, 650, 50), (50, 50, 50, 400))
    ImageDraw.Draw(image).rectangle((300, 300, 310, 312), fill=0)
    grey = np.asarray(image)
    _, _, taken = find_rules(grey < 128, _LINE_PX)
    clear = without_rules(grey, taken)
    assert (clear < 128).sum() == 11 * 13


def test_a_black_picture_is_no_rule() -> None:
    image = Image.new("L", (700, 500), 255)
    ImageDraw.Draw(image).rectangle((100, 100, 600, 400), fill=0)
    across, down, taken = find_rules(_ink(image), _LINE_PX)
    assert (across, down, int(taken.sum())) == ((), (), 0)
