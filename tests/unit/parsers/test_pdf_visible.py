"""Which text of a PDF page is seen: what is hidden is left out with a sign, what is seen never is."""

from collections.abc import Callable
from typing import Any

import pytest
from tests.corpus.pdf_drawing import HEIGHT, LEFT, PLAIN, WIDTH, draw_lines, draw_pdf, with_objects

from samovar.domain.page import Page, ParsedPage
from samovar.parsers import pdf
from samovar.ports.parser import ParserLimits

_LIMITS = ParserLimits(pages=9, pixels=25_000_000)
_SEEN = "A line that everybody sees"


def _read(content: bytes) -> Page:
    (page,) = [part.page for part in pdf.read(content, "x", _LIMITS) if isinstance(part, ParsedPage)]
    return page


def _page(draw: Callable[[Any], object]) -> Page:
    return _read(draw_pdf(draw))


def _with_line(draw: Callable[[Any], object]) -> Callable[[Any], object]:
    def both(canvas: Any) -> None:
        draw_lines(canvas, [_SEEN], LEFT, HEIGHT - 90)
        draw(canvas)

    return both


def _beyond_the_edge(canvas: Any) -> None:
    canvas.drawString(WIDTH + 20, 400, "Beyond the edge of the page")


def _over_the_edge(canvas: Any) -> None:
    canvas.drawString(WIDTH - 60, 400, "Half of this stands on the page")


def _white_on_white(canvas: Any) -> None:
    canvas.setFillGray(1)
    canvas.drawString(LEFT, 400, "White on white")


def _painted_over(canvas: Any) -> None:
    canvas.drawString(LEFT, 400, "Painted over")
    canvas.setFillGray(1)
    canvas.rect(LEFT - 5, 390, 200, 30, stroke=0, fill=1)


@pytest.mark.parametrize("draw", [_beyond_the_edge, _white_on_white, _painted_over])
def test_text_that_nobody_sees_is_left_out_with_a_sign(draw: Callable[[Any], object]) -> None:
    page = _page(_with_line(draw))
    assert (page.status, page.reason) == ("text", "invisible_text")
    left_out = {"Beyond", "White", "Painted"}
    assert page.text.startswith(_SEEN)
    assert not [words for words in left_out if words in page.text]


def test_of_a_line_that_runs_over_the_edge_the_part_on_the_page_is_read_with_a_sign() -> None:
    page = _page(_with_line(_over_the_edge))
    assert "Half of" in page.text
    assert "on the page" not in page.text
    assert (page.status, page.reason) == ("text", "partly_read")


def _on_a_narrow_bar(canvas: Any) -> None:
    canvas.rect(40, 300, 9, 90, stroke=0, fill=1)
    canvas.setFillGray(1)
    canvas.setFont(PLAIN, 6)
    canvas.rotate(90)
    canvas.drawString(310, -47, "OCCUPANT ON A BAR")


def _on_two_bars(canvas: Any) -> None:
    canvas.rotate(90)
    for x, word in ((300, "LOCATION"), (333, "REFERENCE")):
        canvas.setFillGray(0)
        canvas.rect(x, -49, 32, 9, stroke=0, fill=1)
        canvas.setFillGray(1)
        canvas.setFont(PLAIN, 5)
        canvas.drawString(x + 2, -47, word)


def _beside_a_slanted_shape(canvas: Any) -> None:
    canvas.drawString(LEFT, 400, "Beside the slope")
    path = canvas.beginPath()
    path.moveTo(LEFT - 10, 380)
    path.lineTo(LEFT + 400, 380)
    path.lineTo(LEFT + 400, 600)
    path.close()
    canvas.setFillGray(0.8)
    canvas.drawPath(path, stroke=0, fill=1)


def _beside_what_is_seen_of_a_painting(canvas: Any) -> None:
    canvas.drawString(LEFT, 400, "Beside the window")
    window = canvas.beginPath()
    window.rect(LEFT + 200, 300, 100, 100)
    canvas.clipPath(window, stroke=0, fill=0)
    canvas.setFillGray(1)
    canvas.rect(0, 0, WIDTH, HEIGHT, stroke=0, fill=1)


@pytest.mark.parametrize(
    ("draw", "words"),
    [
        (_on_a_narrow_bar, "OCCUPANT ON A BAR"),
        (_on_two_bars, "REFERENCE"),
        (_beside_a_slanted_shape, "Beside the slope"),
        (_beside_what_is_seen_of_a_painting, "Beside the window"),
    ],
)
def test_text_that_is_seen_is_read(draw: Callable[[Any], object], words: str) -> None:
    page = _page(_with_line(draw))
    assert words in page.text
    assert (page.status, page.reason) == ("text", None)


def test_letters_that_the_file_draws_itself_are_as_large_as_they_are_seen() -> None:
    letter = b"25 0 0 0 25 30 d1 0 0 20 30 re f"
    contents = b"BT /F 0.24 Tf 1 0 0 1 72 700 Tm (seen) Tj ET"
    codes = b"/seen/seen/seen/seen"
    names = b"1 beginbfrange <00> <ff> <0000> endbfrange"
    page = _read(
        with_objects(
            [
                b"<</Type/Catalog/Pages 2 0 R>>",
                b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
                b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents 4 0 R/Resources<</Font<</F 5 0 R>>>>>>",
                b"<</Length %d>>stream\n%s\nendstream" % (len(contents), contents),
                b"<</Type/Font/Subtype/Type3/FontBBox[0 0 25 30]/FontMatrix[1 0 0 1 0 0]/CharProcs<</seen 6 0 R>>"
                b"/Encoding<</Type/Encoding/Differences[101%s 110/seen 115/seen]>>/FirstChar 101/LastChar 115"
                b"/Widths[%s]/ToUnicode 7 0 R>>" % (codes, b" ".join([b"25"] * 15)),
                b"<</Length %d>>stream\n%s\nendstream" % (len(letter), letter),
                b"<</Length %d>>stream\n%s\nendstream" % (len(names), names),
            ]
        )
    )
    assert (page.text, page.status, page.reason) == ("seen", "text", None)
