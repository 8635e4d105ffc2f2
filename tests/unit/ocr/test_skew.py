"""How a page lies is seen from its lines of text."""

import numpy as np
import pytest
from tests.corpus.scan_papers import article
from tests.corpus.scan_texts import ENGLISH

from samovar.ocr.raster import Grey, rotated, turned
from samovar.ocr.skew import lie_of


@pytest.fixture(scope="module")
def page() -> Grey:
    return np.asarray(article(ENGLISH, dpi=100).image)


@pytest.mark.parametrize("degrees", [-6.0, -2.5, -0.4, 0.0, 0.7, 3.0, 7.0])
def test_a_small_angle_is_found_and_undone(page: Grey, degrees: float) -> None:
    skewed, _ = rotated(page, degrees)
    lie = lie_of(skewed)
    assert not lie.is_sideways
    assert lie.degrees == pytest.approx(-degrees, abs=0.15)


@pytest.mark.parametrize("quarters", [1, 3])
def test_a_page_on_its_side_is_seen(page: Grey, quarters: int) -> None:
    assert lie_of(turned(page, quarters)[0]).is_sideways


def test_an_empty_page_lies_straight() -> None:
    lie = lie_of(np.full((300, 200), 255, dtype=np.uint8))
    assert (lie.is_sideways, lie.degrees) == (False, 0.0)


@pytest.mark.parametrize("quarters", [0, 1, 2, 3])
def test_a_place_on_a_turned_page_leads_back(quarters: int) -> None:
    page = np.full((30, 50), 255, dtype=np.uint8)
    page[4:7, 10:20] = 0
    changed, back = turned(page, quarters)
    rows, columns = np.nonzero(changed == 0)
    box = back.box(columns.min(), rows.min(), columns.max() + 1, rows.max() + 1, 50, 30)
    assert (box.x, box.y, box.width, box.height) == (10, 4, 10, 3)


def test_a_place_on_a_page_turned_a_little_leads_back() -> None:
    page = np.full((400, 600), 255, dtype=np.uint8)
    page[100:110, 500:520] = 0
    changed, back = rotated(page, 4.0)
    rows, columns = np.nonzero(changed < 128)
    box = back.box(columns.min(), rows.min(), columns.max() + 1, rows.max() + 1, 600, 400)
    assert box.x + box.width / 2 == pytest.approx(510, abs=1)
    assert box.y + box.height / 2 == pytest.approx(105, abs=1)
