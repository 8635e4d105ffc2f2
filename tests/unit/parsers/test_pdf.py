"""PDF: places, boxes, and pages of every shape."""

from io import BytesIO

import pypdfium2 as pdfium
import pytest
from PIL import Image
from tests.support import papers

from samovar.domain.document import Rectangle
from samovar.parsers import pdf
from samovar.ports.parser import ParserLimits

_LIMITS = ParserLimits(pages=2000, pixels=25_000_000)


def _boxes(content: bytes, page: int, quote: str) -> tuple[Rectangle, ...]:
    text = pdf.parse(content, "x", _LIMITS).pages[page - 1].text
    start = text.index(quote)
    return pdf.locate(content, page, start, start + len(quote))


def _ink(content: bytes, page: int, box: Rectangle) -> float:
    """The share of dark pixels inside a box of the drawn page."""
    picture = pdf.render_page(content, page, 1200, _LIMITS)
    image = Image.open(BytesIO(picture.content)).convert("L")
    width = pdf.parse(content, "x", _LIMITS).pages[page - 1].width or 0
    scale = picture.width / width
    cut = image.crop(
        (
            int(box.x * scale),
            int(box.y * scale),
            int((box.x + box.width) * scale) + 1,
            int((box.y + box.height) * scale) + 1,
        )
    )
    return sum(cut.histogram()[:128]) / (cut.width * cut.height)


@pytest.mark.parametrize("make", [papers.english_pdf, papers.russian_pdf, papers.columns_pdf, papers.hyphenated_pdf])
def test_every_character_keeps_the_index_that_pdfium_gives_it(make: object) -> None:
    assert callable(make)
    content = make()
    document = pdfium.PdfDocument(content)
    for page in pdf.parse(content, "x", _LIMITS).pages:
        assert page.exact_places
        textpage = document[(page.number or 0) - 1].get_textpage()
        assert len(page.text) == textpage.count_chars()
        for place in range(0, len(page.text), 7):
            if not page.text[place].isspace() and page.text[place] != "\u00ad":
                assert textpage.get_text_range(place, 1) == page.text[place]


def test_the_fact_stands_on_page_two_in_both_languages() -> None:
    for make, fact in ((papers.english_pdf, papers.ENGLISH_FACT), (papers.russian_pdf, papers.RUSSIAN_FACT)):
        pages = pdf.parse(make(), "x", _LIMITS).pages
        assert [fact in page.text for page in pages] == [False, True, False]
        assert all(page.status == "text" and page.reason is None for page in pages)


def test_a_word_divided_at_a_line_end_is_one_word_with_a_soft_hyphen() -> None:
    (page,) = pdf.parse(papers.hyphenated_pdf(), "x", _LIMITS).pages
    assert "граж\u00adдан" in page.text
    assert "граждан, а также на все вопросы организаций" in page.text.replace("\u00ad", "")
    first, second = _boxes(papers.hyphenated_pdf(), 1, "граж\u00adдан")
    assert second.y > first.y
    assert second.x < first.x


def test_the_box_of_a_quote_covers_its_ink() -> None:
    (box,) = _boxes(papers.english_pdf(), 2, papers.ENGLISH_FACT)
    assert [box.x, box.y] == pytest.approx([72, 112], abs=2)
    assert _ink(papers.english_pdf(), 2, box) > 0.1


@pytest.mark.parametrize("degrees", [90, 180, 270])
def test_boxes_on_a_turned_page_lie_where_the_reader_sees_the_words(degrees: int) -> None:
    expected = _boxes(papers.english_pdf(), 2, papers.ENGLISH_FACT)
    turned = papers.rotated_pdf(degrees)
    (page,) = pdf.parse(turned, "x", _LIMITS).pages
    assert [page.width, page.height] == pytest.approx([595.3, 841.9], abs=0.1)
    (box,) = _boxes(turned, 1, papers.ENGLISH_FACT)
    for side in ("x", "y", "width", "height"):
        assert getattr(box, side) == pytest.approx(getattr(expected[0], side), abs=0.1)
    assert _ink(turned, 1, box) > 0.1


def test_lines_that_run_downwards_get_upright_boxes() -> None:
    (box,) = _boxes(papers.sideways_pdf(), 1, papers.ENGLISH_FACT)
    assert box.height > 10 * box.width
    assert _ink(papers.sideways_pdf(), 1, box) > 0.1


def test_a_crop_box_moves_the_boxes_and_the_size() -> None:
    (page,) = pdf.parse(papers.cropped_pdf(), "x", _LIMITS).pages
    assert (page.width, page.height) == (400, 300)
    (box,) = _boxes(papers.cropped_pdf(), 1, papers.ENGLISH_FACT)
    assert _ink(papers.cropped_pdf(), 1, box) > 0.1


def test_a_quote_over_two_lines_gets_a_box_for_each() -> None:
    boxes = _boxes(papers.english_pdf(), 2, papers.ENGLISH_FACT + " \nRequests from other networks")
    assert len(boxes) == 2


@pytest.mark.parametrize(("start", "end"), [(0, 0), (5, 5), (9, 3), (100_000, 100_001), (-5, 0)])
def test_a_stretch_without_characters_has_no_boxes(start: int, end: int) -> None:
    assert pdf.locate(papers.english_pdf(), 1, start, end) == ()


def test_a_page_without_text_says_why_and_a_damaged_one_spoils_no_other() -> None:
    mixed = pdf.parse(papers.mixed_pdf(), "x", _LIMITS).pages
    assert [page.status for page in mixed] == ["text", "no_text", "no_text"]
    assert mixed[1].reason == "no text layer: a scan or a picture"
    assert mixed[2].reason == "the page is empty"
    broken = pdf.parse(papers.damaged_page_pdf(), "x", _LIMITS).pages
    assert [page.status for page in broken] == ["text", "failed", "text"]
    assert broken[1].reason == "the page is damaged"


@pytest.mark.parametrize(("asked", "given"), [(1, 200), (200, 200), (777, 777), (2400, 2400), (100_000, 2400)])
def test_the_width_of_a_picture_is_bounded(asked: int, given: int) -> None:
    assert pdf.render_page(papers.english_pdf(), 1, asked, _LIMITS).width == given


def test_a_vast_page_gives_a_small_picture() -> None:
    picture = pdf.render_page(papers.vast_page_pdf(), 1, 2400, _LIMITS)
    assert picture.width * picture.height <= 2400 * 2400
    small = pdf.render_page(papers.english_pdf(), 1, 2400, ParserLimits(pages=1, pixels=100_000))
    assert small.width * small.height < 110_000
