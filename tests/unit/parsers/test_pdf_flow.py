"""The order of a page's parts: the short way gives what the long way gives."""

from contextlib import closing

import pytest
from tests.corpus import pdf_figure_papers, pdf_odd_papers, pdf_papers, pdf_table_papers
from tests.corpus.paper import Paper

from samovar.domain.errors import DocumentError
from samovar.parsers._pdf.columns import regions
from samovar.parsers._pdf.document import opened, opened_page
from samovar.parsers._pdf.flow import Part, in_one_column, in_rows, run_downwards
from samovar.parsers._pdf.line import PLAIN, Line
from samovar.parsers._pdf.paragraphs import Paragraph, usual_size
from samovar.parsers._pdf.textlayer import TextLayer

_PAPERS = (*pdf_papers.PAPERS, *pdf_odd_papers.PAPERS, *pdf_table_papers.PAPERS, *pdf_figure_papers.PAPERS)


def _rows(parts: list[Part]) -> list[tuple[list[Line], list[int]]]:
    assert all(isinstance(part, Paragraph) for part in parts)
    return [(part.rows, part.breaks) for part in parts if isinstance(part, Paragraph)]


def _compared_pages(paper: Paper) -> int:
    """Compare both ways on each page of one column, and count these."""
    count = 0
    with opened(paper.make(), paper.file_name) as document:
        for number in range(1, len(document) + 1):
            with opened_page(document, number) as page, closing(page.get_textpage()) as textpage:
                layer = TextLayer(textpage, page.get_bbox())
                lines = [line for line in layer.lines() if not line.turned]
                body = usual_size(lines)
                if lines and run_downwards(lines):
                    [region] = regions(lines, body)
                    assert _rows(in_one_column(layer, lines, body)) == _rows(in_rows(layer, region, body))
                    count += 1
    return count


def test_pages_of_one_column_are_read_alike_in_both_ways() -> None:
    counts = []
    for paper in _PAPERS:
        try:
            counts.append(_compared_pages(paper))
        except DocumentError:
            continue  # papers that cannot be opened belong to the corpus too
    assert sum(counts) >= 20


@pytest.mark.parametrize(
    ("box", "is_one_column"),
    [
        ((20.0, 32.0, 100.0, 42.0), True),
        ((120.0, 20.0, 200.0, 30.0), False),
        ((101.0, 18.0, 104.0, 24.0), False),
        ((20.0, 5.0, 100.0, 15.0), False),
    ],
    ids=["below", "beside", "raised mark", "above"],
)
def test_something_beside_a_line_is_no_page_of_one_column(
    box: tuple[float, float, float, float], is_one_column: bool
) -> None:
    first = Line(0, 20, (20.0, 20.0, 100.0, 30.0), 10.0, PLAIN, 28.0)
    assert run_downwards([first, Line(21, 30, box, 10.0, PLAIN, box[3] - 2)]) is is_one_column
