"""PPTX beyond the corpus: diagrams, charts, remarks, places that are handed down, what is broken."""

# ruff: noqa: E501 - XML is read more easily in its own lines

from io import BytesIO

import pptx as python_pptx
import pytest
from tests.corpus.office_parts import pptx as made

from samovar.domain.errors import FileEmpty, FileTooComplex
from samovar.domain.page import Page, ParsedPage
from samovar.parsers import pptx
from samovar.ports.parser import ParserLimits

_LIMITS = ParserLimits(pages=2000, pixels=25_000_000)


def _pages(content: bytes, limits: ParserLimits = _LIMITS) -> list[Page]:
    _, *pages = pptx.read(content, "x.pptx", limits)
    return [page.page for page in pages if isinstance(page, ParsedPage)]


def _blocks(page: Page) -> list[tuple[str, str]]:
    return [(block.kind, page.text[block.start : block.end]) for block in page.blocks]


def _frame(inner: str) -> str:
    return (
        '<p:graphicFrame><p:nvGraphicFramePr><p:cNvPr id="3" name="x" descr="Scheme"/><p:cNvGraphicFramePr/><p:nvPr/>'
        '</p:nvGraphicFramePr><p:xfrm><a:off x="127000" y="127000"/><a:ext cx="1270000" cy="1270000"/></p:xfrm><a:graphic>'
        f"<a:graphicData>{inner}</a:graphicData></a:graphic></p:graphicFrame>"
    )


def test_a_chart_is_a_table_with_its_title() -> None:
    def points(kind: str, *values: str) -> str:
        listed = "".join(
            f'<c:pt idx="{place}"><c:v>{value}</c:v></c:pt>' for place, value in enumerate(values) if value
        )
        return f"<c:{kind}><c:strRef><c:strCache>{listed}</c:strCache></c:strRef></c:{kind}>"

    series = "".join(
        f"<c:ser>{points('tx', title)}{points('cat', 'Q1', 'Q2')}{points('val', *values)}</c:ser>"
        for title, values in (("tea", ("1.5", "2.25")), ("coffee", ("3", "")))
    )
    chart = (
        '<c:chartSpace xmlns:c="http://schemas.openxmlformats.org/drawingml/2006/chart" '
        'xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main"><c:chart><c:title><c:tx><c:rich><a:p><a:r>'
        f"<a:t>Sales</a:t></a:r></a:p></c:rich></c:tx></c:title><c:plotArea><c:barChart>{series}</c:barChart></c:plotArea>"
        "</c:chart></c:chartSpace>"
    )
    inner = '<c:chart xmlns:c="http://schemas.openxmlformats.org/drawingml/2006/chart" r:id="c"/>'
    related = {1: (("c", "chart", "../charts/chart1.xml"),)}
    page = _pages(made((_frame(inner),), related=related, parts={"charts/chart1.xml": chart}))[0]
    assert _blocks(page) == [("caption", "Sales"), ("table", "\ttea\tcoffee\nQ1\t1.5\t3\nQ2\t2.25")]
    box = page.blocks[1].box
    assert box is not None
    assert (box.x, box.y, box.width, box.height) == (10, 10, 100, 100)


def test_the_words_of_a_diagram_are_lines() -> None:
    point = '<dgm:pt modelId="{0}"{2}><dgm:t><a:p><a:r><a:t>{1}</a:t></a:r></a:p></dgm:t></dgm:pt>'
    model = (
        '<dgm:dataModel xmlns:dgm="http://schemas.openxmlformats.org/drawingml/2006/diagram" '
        'xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main"><dgm:ptLst>'
        + point.format(1, "Plan", "")
        + point.format(2, "Do", ' type="node"')
        + point.format(3, "nothing", ' type="parTrans"')
        + "</dgm:ptLst></dgm:dataModel>"
    )
    inner = '<dgm:relIds xmlns:dgm="http://schemas.openxmlformats.org/drawingml/2006/diagram" r:dm="d"/>'
    content = made(
        (_frame(inner),),
        related={1: (("d", "diagramData", "../diagrams/data1.xml"),)},
        parts={"diagrams/data1.xml": model},
    )
    assert _blocks(_pages(content)[0]) == [("paragraph", "Plan"), ("paragraph", "Do")]


def test_an_object_that_cannot_be_shown_has_a_sign() -> None:
    page = _pages(made((_frame("<p:oleObj/>"),)))[0]
    assert (_blocks(page), page.reason) == ([("figure", "Scheme")], "partly_read")


def test_remarks_of_both_kinds_are_notes() -> None:
    old = (
        '<p:cmLst xmlns:p="http://schemas.openxmlformats.org/presentationml/2006/main"><p:cm authorId="0"><p:text>Too long</p:text>'
        "</p:cm></p:cmLst>"
    )
    new = (
        '<p188:cmLst xmlns:p188="http://schemas.microsoft.com/office/powerpoint/2018/8/main" '
        'xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main"><p188:cm authorId="{7}"><p188:txBody><a:p><a:r>'
        "<a:t>Agreed</a:t></a:r></a:p></p188:txBody></p188:cm></p188:cmLst>"
    )
    content = made(
        ("",),
        related={1: (("c1", "comments", "../comments/c1.xml"), ("c2", "comments", "../comments/c2.xml"))},
        parts={"comments/c1.xml": old, "comments/c2.xml": new},
    )
    assert _blocks(_pages(content)[0]) == [("footnote", "Too long"), ("footnote", "Agreed")]


def test_a_slide_without_a_layout_and_places_is_read_in_the_order_of_the_file() -> None:
    shape = "<p:sp><p:nvSpPr><p:cNvPr id='2' name=''/><p:nvPr/></p:nvSpPr><p:spPr/><p:txBody><a:p><a:r><a:t>{}</a:t></a:r></a:p></p:txBody></p:sp>"
    content = made((shape.format("one") + shape.format("two"),)).replace(
        b"slideLayout1.xml.rels", b"slideLayoutX.xml.rels"
    )
    page = _pages(content)[0]
    assert _blocks(page) == [("paragraph", "one"), ("paragraph", "two")]
    assert all(block.box is None for block in page.blocks)


def test_more_slides_than_pages_are_refused_and_without_any_a_file_is_empty() -> None:
    with pytest.raises(FileTooComplex):
        _pages(made(("", "", "")), ParserLimits(pages=2, pixels=1))
    with pytest.raises(FileEmpty):
        _pages(made(()))


def test_a_slide_of_python_pptx_has_its_places_from_the_layout() -> None:
    deck = python_pptx.Presentation()
    slide = deck.slides.add_slide(deck.slide_layouts[1])
    slide.shapes.title.text = "Порт"
    slide.placeholders[1].text_frame.text = "7431"
    buffer = BytesIO()
    deck.save(buffer)
    page = _pages(buffer.getvalue())[0]
    assert (page.label, page.width, page.height) == ("Порт", 720, 540)
    assert _blocks(page) == [("heading", "Порт"), ("list_item", "• 7431")]
    assert all(block.box is not None and block.box.width == 648 for block in page.blocks)
