"""What PDFium answers to many questions at once is what it answers to each one."""

from collections.abc import Iterator
from contextlib import closing
from io import BytesIO
from typing import Any, Final

import pypdfium2 as pdfium
import pytest
from reportlab.pdfgen.canvas import Canvas

from samovar.parsers._pdf import library

#: More than are asked at once.
_LINES: Final = 600


@pytest.fixture(scope="module")
def sheet() -> Iterator[tuple[Any, Any]]:
    """A page of many short lines in a handful of colours and sizes, each an object of its own, with its text."""
    buffer = BytesIO()
    canvas = Canvas(buffer, pagesize=(600, 4000), invariant=1)
    for number in range(_LINES):
        canvas.setFont("Helvetica", 4 + number % 3)
        canvas.setFillColorRGB(number % 2, 0.5, number % 5 / 5)
        canvas.drawString(20 + number % 7, 3980 - 6 * number, f"Line{number}")
    canvas.save()
    with (
        closing(pdfium.PdfDocument(buffer.getvalue())) as document,
        closing(document.get_page(0)) as page,
        closing(page.get_textpage()) as textpage,
    ):
        yield library.argument(page.raw), library.argument(textpage.raw)


def _spans(textpage: Any) -> list[tuple[int, int]]:
    text = library.text_of(textpage, 0, library.count_chars(textpage))
    place, spans = 0, []
    for line in text.split("\r\n"):
        spans.append((place, len(line)))
        place += len(line) + 2
    return spans


def test_places_and_sizes_of_many_lines_are_those_of_each(sheet: tuple[Any, Any]) -> None:
    _, textpage = sheet
    starts = [start for start, _ in _spans(textpage)]
    assert len(starts) == _LINES
    matrices = library.text_matrices(textpage, starts)
    assert matrices == [library.text_matrix(textpage, start) for start in starts]
    assert len({matrix[5] for matrix in matrices}) == _LINES
    assert library.font_sizes(textpage, starts) == [library.font_size(textpage, start) for start in starts]


def test_boxes_of_all_lines_are_those_of_each(sheet: tuple[Any, Any]) -> None:
    _, textpage = sheet
    starts, lengths = zip(*_spans(textpage), strict=True)
    counts = library.count_rects(textpage, starts, lengths)
    assert counts == [1] * _LINES
    boxes = library.rects_of(textpage, library.count_chars(textpage), counts)
    assert boxes == [library.rects(textpage, start, count) for start, count in _spans(textpage)]


def test_boxes_that_two_stretches_share_are_not_found_at_once(sheet: tuple[Any, Any]) -> None:
    _, textpage = sheet
    starts = [start + shift for start, _ in _spans(textpage) for shift in (0, 2)]
    lengths = [count for _, length in _spans(textpage) for count in (2, length - 2)]
    counts = library.count_rects(textpage, starts, lengths)
    assert library.rects_of(textpage, library.count_chars(textpage), counts) is None


def test_colours_of_many_objects_are_those_of_each(sheet: tuple[Any, Any]) -> None:
    page, _ = sheet
    items = [item for item, _ in library.page_objects(page, library.count_objects(page))]
    assert len(items) == _LINES
    colours = library.fill_colours(items)
    assert colours == [library.fill_colour(item) for item in items]
    assert len(set(colours)) == 10
