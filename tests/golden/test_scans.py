"""What OCR reads on the scanned papers, against what stands on them.

``PYTHONPATH=src:. .venv/bin/python -m tests.corpus.scans`` prints the figures of every page.
"""

from collections.abc import AsyncIterator
from statistics import mean

import pytest
import pytest_asyncio
from tests.corpus.measures import character_error, overlap
from tests.corpus.paper import Paper
from tests.corpus.scan_papers import PAPERS, article
from tests.corpus.scan_texts import ENGLISH, RUSSIAN
from tests.corpus.scans import MOST_ERROR, ScannedPage, ocr_reader, read_scans

from samovar.domain.layout import Rectangle
from samovar.domain.page import Page
from samovar.sandbox.reader import SandboxedReader

_BY_NAME = {paper.name: paper for paper in PAPERS}
_WORDLESS = ("scan_without_words", "scan_blank")


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def scanner() -> AsyncIterator[SandboxedReader]:
    """A reader that can read scans; without language data it fails and says how to get it."""
    async with ocr_reader() as reader:
        yield reader


_FOUND: dict[str, tuple[ScannedPage, ...]] = {}


async def _read(scanner: SandboxedReader, paper: Paper) -> tuple[ScannedPage, ...]:
    """What is read of a paper; a second or two of work, done once."""
    if paper.name not in _FOUND:
        _FOUND[paper.name] = tuple(await read_scans(scanner, paper))
    return _FOUND[paper.name]


@pytest.mark.parametrize(
    "paper", [paper for paper in PAPERS if paper.name not in _WORDLESS], ids=lambda paper: paper.name
)
async def test_a_scan_is_read_with_few_errors(scanner: SandboxedReader, paper: Paper) -> None:
    for found in await _read(scanner, paper):
        assert found.page.status == "ocr"
        assert found.error <= MOST_ERROR[found.sheet.way], found.page.text
        _hangs_together(found.page)
        _has_its_parts(found)


def _hangs_together(page: Page) -> None:
    """Spans lie in the text and in order, boxes lie on the page."""
    assert page.confidence is not None
    assert page.width is not None
    assert page.height is not None
    end = 0
    for block in page.blocks:
        assert page.text[end : block.start].strip() == ""
        assert block.start >= end
        end = block.end
    assert page.text[end:] == ""
    assert page.words
    for word in page.words:
        text = page.text[word.start : word.end]
        assert text
        assert not any(map(str.isspace, text))
        assert word.confidence is not None
        assert 0 <= word.confidence <= 1
        assert 0 <= word.box.x <= word.box.x + word.box.width <= page.width + 0.01
        assert 0 <= word.box.y <= word.box.y + word.box.height <= page.height + 0.01


def _has_its_parts(found: ScannedPage) -> None:
    sheet, page = found.sheet, found.page
    headings = [page.text[block.start : block.end] for block in page.blocks if block.kind == "heading"]
    assert len(headings) == len(sheet.headings)
    for heading, written in zip(headings, sheet.headings, strict=True):
        assert character_error(heading, written) <= 0.05
    tables = [block for block in page.blocks if block.kind == "table"]
    assert len(tables) == len(sheet.tables)
    for table, rows in zip(tables, sheet.tables, strict=True):
        cells = {(cell.row, cell.column): page.text[cell.start : cell.end] for cell in table.cells}
        wanted = {(row, column): text for row, line in enumerate(rows) for column, text in enumerate(line)}
        assert all(not wanted[place] for place in wanted.keys() - cells.keys())
        assert cells.keys() <= wanted.keys()
        assert all(bool(cells[place]) == bool(wanted[place]) for place in cells)
        places = sorted(cells)
        error = character_error(" ".join(cells[place] for place in places), " ".join(wanted[place] for place in places))
        assert error <= MOST_ERROR["scanned_table"]


async def test_merged_cells_of_a_scanned_table_are_merged(scanner: SandboxedReader) -> None:
    (found,) = await _read(scanner, _BY_NAME["scan_russian_table"])
    (table,) = [block for block in found.page.blocks if block.kind == "table"]
    spans = {(cell.row, cell.column): (cell.row_span, cell.column_span) for cell in table.cells}
    assert {place: span for place, span in spans.items() if span != (1, 1)} == {
        (0, 0): (2, 1),
        (0, 1): (2, 1),
        (0, 2): (1, 2),
        (0, 4): (2, 1),
        (7, 0): (1, 4),
    }


async def test_words_divided_at_line_ends_are_whole(scanner: SandboxedReader) -> None:
    (found,) = await _read(scanner, _BY_NAME["scan_russian_columns"])
    assert "-\n" not in found.page.text
    assert "- " not in found.page.text
    assert "проветривание" in found.page.text


async def test_a_photograph_without_words_is_a_picture(scanner: SandboxedReader) -> None:
    (found,) = await _read(scanner, _BY_NAME["scan_without_words"])
    assert (found.page.status, found.page.reason, found.page.text) == ("picture", "no_words_found", "")


async def test_an_empty_sheet_is_said_to_be_empty(scanner: SandboxedReader) -> None:
    (found,) = await _read(scanner, _BY_NAME["scan_blank"])
    assert (found.page.status, found.page.reason, found.page.text) == ("no_text", "empty", "")


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("scan_english_serif", ENGLISH),
        ("scan_russian_on_its_side", RUSSIAN),
        ("scan_english_on_its_other_side", ENGLISH),
        ("scan_russian_upside_down", RUSSIAN),
    ],
)
async def test_boxes_of_words_lie_where_the_words_stand(
    scanner: SandboxedReader, name: str, text: tuple[str, ...]
) -> None:
    (found,) = await _read(scanner, _BY_NAME[name])
    page = found.page
    leaf = article(text)
    assert page.width is not None
    scale = page.width / (leaf.image.height if "side" in name and "upside" not in name else leaf.image.width)
    written = [_turned(box, name, *leaf.image.size) for _, box in leaf.words]
    read = [word.box for word in page.words]
    assert len(read) == len(written)
    overlaps = [
        overlap(Rectangle(x=box.x / scale, y=box.y / scale, width=box.width / scale, height=box.height / scale), place)
        for place, box in zip(written, read, strict=True)
    ]
    assert mean(overlaps) >= 0.8


def _turned(box: Rectangle, name: str, width: float, height: float) -> Rectangle:
    """Where a word went when its page was turned; the size of the page is that before."""
    if name.endswith("on_its_side"):
        return Rectangle(x=box.y, y=width - box.x - box.width, width=box.height, height=box.width)
    if name.endswith("on_its_other_side"):
        return Rectangle(x=height - box.y - box.height, y=box.x, width=box.height, height=box.width)
    if name.endswith("upside_down"):
        x, y = width - box.x - box.width, height - box.y - box.height
        return Rectangle(x=x, y=y, width=box.width, height=box.height)
    return box


def test_there_are_scans_of_every_way() -> None:
    ways = [sheet.way for paper in PAPERS for sheet in paper.sheets]
    assert len(ways) >= 14
    assert {way for way in ways if way != "digital"} == set(MOST_ERROR)
