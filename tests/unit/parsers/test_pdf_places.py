"""PDF: from the normalised text back to places on the page, for whatever was joined or put in order."""

import re
from io import BytesIO

import pytest
from PIL import Image
from reportlab.pdfgen.canvas import Canvas
from tests.corpus import pdf_figure_papers, pdf_odd_papers, pdf_papers, pdf_table_papers
from tests.corpus.paper import Paper
from tests.support import papers

from samovar.domain.layout import Rectangle
from samovar.domain.page import Page, ParsedPage
from samovar.parsers import pdf
from samovar.ports.parser import ParserLimits

_LIMITS = ParserLimits(pages=2000, pixels=25_000_000)
_PAPERS = {
    paper.name: paper
    for module in (pdf_figure_papers, pdf_odd_papers, pdf_papers, pdf_table_papers)
    for paper in module.PAPERS
    if len(paper.sheets) < 10 and all(sheet.way == "digital" for sheet in paper.sheets)
}


def _page(content: bytes, number: int = 1) -> Page:
    _, parsed, *_ = pdf.read(content, "x", _LIMITS, first_page=number)
    assert isinstance(parsed, ParsedPage)
    return parsed.page


def _boxes(content: bytes, page: int, quote: str) -> tuple[Rectangle, ...]:
    start = _page(content, page).text.index(quote)
    return pdf.locate(content, page, start, start + len(quote))


def _drawn(content: bytes, page: int) -> tuple[Image.Image, float]:
    """The page as it looks, and how many pixels a point has."""
    picture = pdf.render_page(content, page, 1200, _LIMITS)
    return Image.open(BytesIO(picture.content)).convert("L"), picture.width / (_page(content, page).width or 1)


def _ink(image: Image.Image, scale: float, box: Rectangle) -> float:
    """The share of pixels inside a box of the drawn page that differ from the most common one."""
    cut = image.crop(
        (
            int(box.x * scale), int(box.y * scale),
            int((box.x + box.width) * scale) + 1, int((box.y + box.height) * scale) + 1,
        )
    )  # fmt: skip
    counts = cut.histogram()
    return 1 - max(counts) / sum(counts)


@pytest.mark.parametrize("paper", _PAPERS.values(), ids=_PAPERS.keys())
def test_every_word_has_a_box_with_ink_in_it(paper: Paper) -> None:
    content = paper.make()
    page = _page(content)
    words = pdf.words(content, 1)
    assert "".join(page.text[word.start : word.end] for word in words) == re.sub(r"\s+", "", page.text)
    if "searchable" in paper.name:
        return  # the letters of a scanner's software lie near what is seen, not on it
    image, scale = _drawn(content, 1)
    for word in words:
        if any(map(str.isalnum, page.text[word.start : word.end])):
            assert _ink(image, scale, word.box) > 0.02, page.text[word.start : word.end]


def test_the_box_of_a_quote_covers_its_ink() -> None:
    (box,) = _boxes(papers.english_pdf(), 2, papers.ENGLISH_FACT)
    assert [box.x, box.y] == pytest.approx([72, 112], abs=2)
    assert _ink(*_drawn(papers.english_pdf(), 2), box) > 0.1


def test_a_word_divided_at_a_line_end_has_two_boxes() -> None:
    content = papers.hyphenated_pdf()
    page = _page(content)
    assert page.text == "Служба отвечает на обращения граждан, а также на все вопросы организаций."
    first, second = _boxes(content, 1, "граждан,")
    assert second.y > first.y
    assert second.x < first.x
    parts = [page.text[word.start : word.end] for word in pdf.words(content, 1)]
    assert parts[4:6] == ["граж", "дан,"]


def test_a_quote_over_two_lines_gets_a_box_for_each() -> None:
    first, second = _boxes(papers.english_pdf(), 2, "Backups leave the building once a week")
    assert second.y > first.y
    assert first.x > second.x


def test_the_cell_of_a_table_has_its_own_box() -> None:
    content = _PAPERS["pdf_merged_cells_en"].make()
    (box,) = _boxes(content, 1, "12400")
    (neighbour,) = _boxes(content, 1, "3100")
    assert box.x + box.width <= 262 <= neighbour.x
    upper, lower = _boxes(content, 1, "Ferry stops at every island on request")
    assert upper.y + upper.height <= lower.y + 1


@pytest.mark.parametrize("degrees", [90, 180, 270])
def test_boxes_on_a_turned_page_lie_where_the_reader_sees_the_words(degrees: int) -> None:
    (expected,) = _boxes(papers.english_pdf(), 2, papers.ENGLISH_FACT)
    turned = papers.rotated_pdf(degrees)
    page = _page(turned)
    assert [page.width, page.height] == pytest.approx([595.3, 841.9], abs=0.1)
    (box,) = _boxes(turned, 1, papers.ENGLISH_FACT)
    for side in ("x", "y", "width", "height"):
        assert getattr(box, side) == pytest.approx(getattr(expected, side), abs=0.1)


def test_lines_that_run_downwards_get_upright_boxes() -> None:
    (box,) = _boxes(papers.sideways_pdf(), 1, papers.ENGLISH_FACT)
    assert box.height > 10 * box.width
    assert _ink(*_drawn(papers.sideways_pdf(), 1), box) > 0.1


def test_a_crop_box_moves_the_boxes_and_the_size() -> None:
    page = _page(papers.cropped_pdf())
    assert (page.width, page.height) == (400, 300)
    assert "the journal" not in page.text
    (box,) = _boxes(papers.cropped_pdf(), 1, papers.ENGLISH_FACT)
    assert _ink(*_drawn(papers.cropped_pdf(), 1), box) > 0.1


@pytest.mark.parametrize(("start", "end"), [(0, 0), (5, 5), (9, 3), (100_000, 100_001), (-5, 0)])
def test_a_stretch_without_characters_has_no_boxes(start: int, end: int) -> None:
    assert pdf.locate(papers.english_pdf(), 1, start, end) == ()


def test_the_mark_of_a_footnote_is_no_part_of_the_word_before_it() -> None:
    buffer = BytesIO()
    canvas = Canvas(buffer, invariant=1)
    text = canvas.beginText(72, 700)
    for letters, digit, rise in (("Harbour", "1", 4), (" area 40 m", "2", 4), (" of sector", "7", 0)):
        text.setFont("Helvetica", 11)
        text.textOut(letters)
        text.setFont("Helvetica", 7 if rise else 11)
        text.setRise(rise)
        text.textOut(digit)
        text.setRise(0)
    canvas.drawText(text)
    canvas.save()
    content = buffer.getvalue()

    assert _page(content).text == "Harbour 1 area 40 m2 of sector7"
    (word,) = _boxes(content, 1, "Harbour")
    (mark,) = _boxes(content, 1, "1")
    assert word.x + word.width <= mark.x + 0.5
