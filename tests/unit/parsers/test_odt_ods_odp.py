"""OpenDocument beyond the corpus: repeated cells, files that end in the middle, numbered headings, charts inside."""

# ruff: noqa: E501 - XML is read more easily in its own lines

import pytest
from tests.corpus.office_parts import odf, picture

from samovar.domain.errors import FileEmpty
from samovar.domain.page import Page, ParsedPage
from samovar.parsers import odp, ods, odt
from samovar.ports.parser import Parser, ParserLimits

_LIMITS = ParserLimits(pages=2000, pixels=25_000_000)


def _pages(parser: Parser, content: bytes, first_page: int = 1) -> list[Page]:
    _, *pages = parser.read(content, "x", _LIMITS, first_page=first_page)
    return [page.page for page in pages if isinstance(page, ParsedPage)]


def _blocks(page: Page) -> list[tuple[str, str]]:
    return [(block.kind, page.text[block.start : block.end]) for block in page.blocks]


def _cell(text: str, more: str = "") -> str:
    return f'<table:table-cell office:value-type="string"{more}><text:p>{text}</text:p></table:table-cell>'


def test_cells_that_are_repeated_without_end_are_bounded() -> None:
    again = ' table:number-columns-repeated="16384"'
    rows = f'<table:table-row table:number-rows-repeated="1048576">{_cell("x", again)}</table:table-row>'
    page = _pages(ods, odf("spreadsheet", f'<table:table table:name="A">{rows}</table:table>'))[0]
    assert page.reason == "partly_read"
    assert sum(len(block.cells) for block in page.blocks) <= 200_000
    table = f'<table:table><table:table-row table:number-rows-repeated="99999999">{_cell("x", again)}</table:table-row></table:table>'
    page = _pages(odt, odf("text", table))[0]
    assert page.reason == "partly_read"
    assert sum(len(block.cells) for block in page.blocks) <= 200_000


def test_a_workbook_that_ends_in_the_middle_tells_of_each_sheet() -> None:
    sheet = '<table:table table:name="{}"><table:table-row>{}</table:table-row></table:table>'
    content = odf("spreadsheet", sheet.format("A", _cell("one")) + sheet.format("B", _cell("two")))
    assert [(page.label, page.text) for page in _pages(ods, content)] == [("A", "one"), ("B", "two")]
    assert [page.number for page in _pages(ods, content, first_page=2)] == [2]


def test_tables_of_blanks_and_empty_sheets_have_no_text() -> None:
    page = _pages(ods, odf("spreadsheet", '<table:table table:name="A"><table:table-row/></table:table>'))[0]
    assert (page.text, page.status, page.reason) == ("", "no_text", "empty")


def test_headings_are_numbered_where_the_outline_says_so() -> None:
    styles = (
        '<office:styles><text:outline-style><text:outline-level-style text:level="1" style:num-format="1"/>'
        '<text:outline-level-style text:level="2" style:num-format="a" text:display-levels="2" style:num-suffix=")"/>'
        "</text:outline-style></office:styles>"
    )
    body = "".join(
        f'<text:h text:outline-level="{level}">{title}</text:h>'
        for level, title in ((1, "One"), (2, "In"), (2, "More"), (1, "Two"), (2, "New"))
    )
    page = _pages(odt, odf("text", body, styles=styles))[0]
    assert page.text.split("\n\n") == ["1 One", "1.a) In", "1.b) More", "2 Two", "2.a) New"]


def test_a_chart_inside_a_text_is_a_table() -> None:
    row = "<table:table-row>{}</table:table-row>"
    chart = (
        '<office:document-content xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0" '
        'xmlns:chart="urn:oasis:names:tc:opendocument:xmlns:chart:1.0" '
        'xmlns:table="urn:oasis:names:tc:opendocument:xmlns:table:1.0" '
        'xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0"><office:body><office:chart><chart:chart>'
        "<chart:title><text:p>Спрос</text:p></chart:title><table:table><table:table-header-rows>"
        + row.format(_cell("") + _cell("чай"))
        + "</table:table-header-rows><table:table-rows>"
        + row.format(_cell("янв") + _cell("5"))
        + "</table:table-rows></table:table></chart:chart></office:chart></office:body></office:document-content>"
    )
    body = '<text:p><draw:frame><draw:object xlink:href="./Object 1"/></draw:frame></text:p>'
    page = _pages(odt, odf("text", body, parts={"Object 1/content.xml": chart}))[0]
    assert _blocks(page) == [("caption", "Спрос"), ("table", "\tчай\nянв\t5")]


def test_pictures_outside_the_file_are_never_looked_for() -> None:
    for target in ("http://127.0.0.1:9/x.png", "file:///etc/passwd", "../../../etc/passwd"):
        body = f'<text:p>Words<draw:frame><draw:image xlink:href="{target}"/><svg:title>Far</svg:title></draw:frame></text:p>'
        page = _pages(odt, odf("text", body))[0]
        assert (page.text, page.reason) == ("Words\n\nFar", "partly_read")


def test_a_damaged_picture_is_a_sign_and_the_slide_is_read() -> None:
    frame = '<draw:frame svg:x="1cm" svg:y="1cm" svg:width="2cm" svg:height="2cm"><draw:image xlink:href="Pictures/{}.png"/></draw:frame>'
    body = f"<draw:page>{frame.format('good')}{frame.format('bad')}</draw:page>"
    content = odf(
        "presentation", body, parts={"Pictures/good.png": picture("g"), "Pictures/bad.png": picture("b")[:90]}
    )
    _, page = odp.read(content, "x", _LIMITS)
    assert isinstance(page, ParsedPage)
    assert (len(page.figures), page.page.reason) == (1, "partly_read")


def test_a_list_item_of_several_paragraphs_has_one_number() -> None:
    styles = '<text:list-style style:name="L"><text:list-level-style-number text:level="1" style:num-format="1" style:num-suffix=")"/></text:list-style>'
    item = "<text:list-item><text:p>one</text:p><text:p>more</text:p></text:list-item>"
    body = f'<text:list text:style-name="L">{item}<text:list-header><text:p>head</text:p></text:list-header>{item}</text:list>'
    assert _pages(odt, odf("text", body, automatic=styles))[0].text.split("\n\n") == [
        "1) one",
        "more",
        "head",
        "2) one",
        "more",
    ]


def test_a_presentation_without_slides_is_empty() -> None:
    with pytest.raises(FileEmpty):
        _pages(odp, odf("presentation", ""))
