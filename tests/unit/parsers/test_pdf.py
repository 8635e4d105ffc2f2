"""PDF: pages as they look, files that are not what they seem, and what is left out."""

from io import BytesIO

import pytest
from PIL import Image
from reportlab.lib.utils import ImageReader
from tests.corpus import pdf_figure_papers, pdf_odd_papers
from tests.corpus.pdf_drawing import LEFT, draw_lines, draw_pdf, photograph, scheme
from tests.support import papers

from samovar.domain.errors import FileDamaged, FileEncrypted, FileTooComplex
from samovar.domain.page import DocumentHead, ParsedPage
from samovar.parsers import pdf
from samovar.ports.parser import ParserLimits

_LIMITS = ParserLimits(pages=2000, pixels=25_000_000)


def _pages(content: bytes, limits: ParserLimits = _LIMITS, first_page: int = 1) -> list[ParsedPage]:
    head, *pages = pdf.read(content, "x", limits, first_page=first_page)
    assert isinstance(head, DocumentHead)
    return [page for page in pages if isinstance(page, ParsedPage)]


def test_the_fact_stands_on_page_two_in_both_languages() -> None:
    for make, fact in ((papers.english_pdf, papers.ENGLISH_FACT), (papers.russian_pdf, papers.RUSSIAN_FACT)):
        pages = [parsed.page for parsed in _pages(make())]
        assert [fact in page.text for page in pages] == [False, True, False]
        assert all(page.status == "text" and page.reason is None for page in pages)


def test_reading_goes_on_at_any_page() -> None:
    pages = _pages(papers.english_pdf(), first_page=3)
    assert [parsed.page.number for parsed in pages] == [3]
    assert pages[0] == _pages(papers.english_pdf())[2]


def test_blocks_are_in_order_with_a_blank_line_between_them() -> None:
    for make in (papers.english_pdf, papers.russian_pdf, papers.columns_pdf):
        for parsed in _pages(make()):
            page, end = parsed.page, 0
            for block in page.blocks:
                assert page.text[end : block.start] == ("\n\n" if end else "")
                assert page.text[block.start : block.end].strip()
                end = block.end
            assert end == len(page.text)


def test_a_page_without_text_says_why_and_a_damaged_one_spoils_no_other() -> None:
    mixed = [parsed.page for parsed in _pages(papers.mixed_pdf())]
    assert [(page.status, page.reason) for page in mixed] == [
        ("text", None), ("waiting", "no_text_layer"), ("no_text", "empty"),
    ]  # fmt: skip
    broken = [parsed.page for parsed in _pages(papers.damaged_page_pdf())]
    assert [(page.status, page.reason) for page in broken] == [("text", None), ("failed", "damaged"), ("text", None)]


_WAITING = {
    "pdf_scan_en": "no_text_layer",
    "pdf_stamped_scan_en": "no_text_layer",
    "pdf_invisible_text_en": "invisible_text",
    "pdf_shifted_names_en": "broken_fonts",
    "pdf_private_names_en": "broken_fonts",
}


@pytest.mark.parametrize("name", _WAITING)
def test_letters_that_are_not_what_is_seen_wait_for_ocr(name: str) -> None:
    paper = next(paper for paper in (*pdf_figure_papers.PAPERS, *pdf_odd_papers.PAPERS) if paper.name == name)
    (parsed,) = _pages(paper.make())
    assert (parsed.page.status, parsed.page.reason) == ("waiting", _WAITING[name])
    assert parsed.figures == ()


def test_a_stamp_on_a_scan_is_kept_for_the_case_that_ocr_cannot_run() -> None:
    paper = next(paper for paper in pdf_figure_papers.PAPERS if paper.name == "pdf_stamped_scan_en")
    (parsed,) = _pages(paper.make())
    assert parsed.page.text == "Received on 14 March, number 118"


def test_a_scanned_page_has_no_figure() -> None:
    assert _pages(papers.scan_pdf())[0].figures == ()


@pytest.mark.parametrize(
    ("make", "error"),
    [
        (papers.encrypted_pdf, FileEncrypted),
        (papers.truncated_pdf, FileDamaged),
        (papers.many_pages_pdf, FileTooComplex),
    ],
)
def test_a_file_that_cannot_be_read_at_all_says_why(make: object, error: type[Exception]) -> None:
    assert callable(make)
    with pytest.raises(error):
        list(pdf.read(make(), "x", _LIMITS))


def _pictures(count: int) -> bytes:
    def draw(canvas: object) -> None:
        for place in range(count):
            picture = scheme(200 + place, 160)
            canvas.drawImage(ImageReader(picture), LEFT, 700 - 90 * place, 100, 80)  # type: ignore[attr-defined] # reportlab
        draw_lines(canvas, ["Pictures of the same kind in a row"], LEFT, 60)

    return draw_pdf(draw, draw)


def test_pictures_beyond_the_limit_of_a_file_are_left_out_with_a_sign() -> None:
    first, second = _pages(_pictures(3), ParserLimits(pages=9, pixels=25_000_000, figures=4))
    assert [len(first.figures), len(second.figures)] == [3, 1]
    assert first.page.reason is None
    assert second.page.reason == "partly_read"
    assert [block.figure for block in second.page.blocks if block.kind == "figure"] == [1]


def test_a_picture_of_too_many_pixels_is_left_out_with_a_sign() -> None:
    (page, _) = _pages(_pictures(2), ParserLimits(pages=9, pixels=201 * 160 - 1))
    assert [figure.number for figure in page.figures] == [1]
    assert page.page.reason == "partly_read"


def test_pictures_are_bounded_and_keep_their_kind() -> None:
    def draw(canvas: object) -> None:
        canvas.drawImage(ImageReader(BytesIO(photograph(3000, 600))), LEFT, 600, 400, 80)  # type: ignore[attr-defined] # reportlab
        canvas.drawImage(ImageReader(scheme()), LEFT, 400, 120, 80)  # type: ignore[attr-defined] # reportlab

    (page,) = _pages(draw_pdf(draw))
    photo, drawing = (figure.picture for figure in page.figures)
    assert photo.media_type == "image/jpeg"
    assert photo.width == pytest.approx(1568, abs=2)
    assert drawing.media_type == "image/png"
    colours = Image.open(BytesIO(drawing.content)).convert("RGB")
    assert colours.getpixel((colours.width // 3, colours.height // 2)) == (255, 0, 0)


def test_a_picture_on_a_turned_page_is_upright() -> None:
    def draw(canvas: object) -> None:
        canvas.setPageRotation(90)  # type: ignore[attr-defined] # reportlab
        canvas.translate(842, 0)  # type: ignore[attr-defined] # reportlab
        canvas.rotate(90)  # type: ignore[attr-defined] # reportlab
        canvas.drawImage(ImageReader(scheme()), 72, 500, 240, 160)  # type: ignore[attr-defined] # reportlab

    (page,) = _pages(draw_pdf(draw, size=(842, 595)))
    (figure,) = page.figures
    image = Image.open(BytesIO(figure.picture.content)).convert("RGB")
    assert image.width > image.height
    assert image.getpixel((image.width // 3, image.height // 2)) == (255, 0, 0)


@pytest.mark.parametrize(("asked", "given"), [(1, 200), (200, 200), (777, 777), (2400, 2400), (100_000, 2400)])
def test_the_width_of_a_picture_is_bounded(asked: int, given: int) -> None:
    assert pdf.render_page(papers.english_pdf(), 1, asked, _LIMITS).width == given


def test_a_vast_page_gives_a_small_picture() -> None:
    picture = pdf.render_page(papers.vast_page_pdf(), 1, 2400, _LIMITS)
    assert picture.width * picture.height <= 2400 * 2400
    small = pdf.render_page(papers.english_pdf(), 1, 2400, ParserLimits(pages=1, pixels=100_000))
    assert small.width * small.height < 110_000


def test_a_page_that_is_not_there_is_refused() -> None:
    with pytest.raises(FileDamaged):
        pdf.words(papers.english_pdf(), 4)
