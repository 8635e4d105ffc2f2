"""XLSX beyond the corpus: where tables begin and end, what is too much, what is broken."""

# ruff: noqa: E501 - XML is read more easily in its own lines

from collections.abc import Mapping
from io import BytesIO

import openpyxl
import pytest
from tests.corpus.office_parts import xlsx as made

from samovar.domain.errors import FileDamaged, FileTooComplex
from samovar.domain.page import Page, ParsedPage
from samovar.parsers import xlsx
from samovar.ports.parser import ParserLimits

_LIMITS = ParserLimits(pages=2000, pixels=25_000_000)


def _pages(content: bytes, limits: ParserLimits = _LIMITS, first_page: int = 1) -> list[Page]:
    _, *pages = xlsx.read(content, "x.xlsx", limits, first_page=first_page)
    return [page.page for page in pages if isinstance(page, ParsedPage)]


def _blocks(page: Page) -> list[tuple[str, str]]:
    return [(block.kind, page.text[block.start : block.end]) for block in page.blocks]


def _sheet(cells: Mapping[str, object]) -> bytes:
    workbook = openpyxl.Workbook()
    for place, value in cells.items():
        workbook.active[place] = value
    buffer = BytesIO()
    workbook.save(buffer)
    return buffer.getvalue()


def _t(place: str, text: str) -> str:
    return f'<c r="{place}" t="inlineStr"><is><t>{text}</t></is></c>'


def test_empty_rows_part_tables_and_lines_that_stand_alone_are_no_tables() -> None:
    cells = {
        "A1": "Report",
        "A3": "x",
        "B3": "y",
        "A4": 1,
        "B4": 2,
        "A6": "p",
        "B6": "q",
        "A7": 3,
        "B7": 4,
        "C9": "end",
    }
    assert _blocks(_pages(_sheet(cells))[0]) == [
        ("paragraph", "Report"),
        ("table", "x\ty\n1\t2"),
        ("table", "p\tq\n3\t4"),
        ("paragraph", "end"),
    ]


def test_a_form_with_empty_columns_stays_in_its_rows() -> None:
    cells = {"A1": "Seller", "D1": "Samovar Ltd", "A2": "Buyer", "D2": "Kettle Ltd"}
    assert _blocks(_pages(_sheet(cells))[0]) == [("table", "Seller\t\t\tSamovar Ltd\nBuyer\t\t\tKettle Ltd")]


def test_a_first_row_of_words_above_numbers_is_a_heading() -> None:
    page = _pages(_sheet({"A1": "Item", "B1": "Price", "A2": "tea", "B2": 5}))[0]
    assert [cell.is_header for cell in page.blocks[0].cells] == [True, True, False, False]
    page = _pages(_sheet({"A1": "tea", "B1": 5, "A2": "coffee", "B2": 7}))[0]
    assert not any(cell.is_header for cell in page.blocks[0].cells)


def test_cells_at_the_far_corner_cost_nothing() -> None:
    content = made(
        {
            "Far": f'<sheetData><row r="1">{_t("A1", "near")}</row><row r="1048576">{_t("XFD1048576", "far")}</row></sheetData>'
        }
    )
    assert _blocks(_pages(content)[0]) == [("paragraph", "near"), ("paragraph", "far")]


def test_a_merge_of_the_whole_sheet_costs_nothing() -> None:
    cells = f'<sheetData><row r="1">{_t("A1", "all")}</row><row r="2">{_t("A2", "hidden below")}{_t("B2", "too")}</row></sheetData>'
    merges = "".join(f'<mergeCell ref="A1:XFD{1_048_576 - place}"/>' for place in range(1000))
    page = _pages(made({"S": f"{cells}<mergeCells>{merges}</mergeCells>"}))[0]
    assert _blocks(page) == [("paragraph", "all")]


def test_no_more_than_two_hundred_thousand_cells_are_read_of_a_sheet() -> None:
    rows = "".join(f'<row r="{row}">{"<c><v>1</v></c>" * 100}</row>' for row in range(1, 2102))
    page = _pages(made({"Long": f"<sheetData>{rows}</sheetData>"}))[0]
    assert sum(len(block.cells) for block in page.blocks) == 200_000
    assert page.reason == "partly_read"


def test_a_broken_sheet_is_one_failed_page() -> None:
    sheets = {
        "Good": f'<sheetData><row r="1">{_t("A1", "one")}</row></sheetData>',
        "Bad": "<sheetData><row>",
        "Last": "<sheetData/>",
    }
    pages = _pages(made(sheets))
    assert [(page.number, page.label, page.status, page.reason) for page in pages] == [
        (1, "Good", "text", None),
        (2, "Bad", "failed", "damaged"),
        (3, "Last", "no_text", "empty"),
    ]
    assert [page.number for page in _pages(made(sheets), first_page=3)] == [3]


def test_a_sheet_that_the_file_does_not_hold_is_a_failed_page() -> None:
    content = made({"A": "<sheetData/>"}).replace(b"xl/worksheets/sheet1.xml", b"xl/worksheets/sheetX.xml")
    assert [page.status for page in _pages(content)] == ["failed"]


def test_strings_that_are_not_there_have_a_sign() -> None:
    content = made(
        {"A": '<sheetData><row r="1"><c r="A1" t="s"><v>0</v></c><c r="B1" t="s"><v>7</v></c></row></sheetData>'},
        strings="<si><t>tea</t></si>",
    )
    page = _pages(content)[0]
    assert (page.text, page.reason) == ("tea", "partly_read")


def test_escaped_characters_are_what_they_stand_for() -> None:
    content = made({"A": f'<sheetData><row r="1">{_t("A1", "a_x0041_b_x000D_c_x0001_d")}</row></sheetData>'})
    assert _pages(content)[0].text == "aAb\nc d"


def test_more_sheets_than_pages_are_refused() -> None:
    content = made({str(number): "<sheetData/>" for number in range(4)})
    with pytest.raises(FileTooComplex) as caught:
        _pages(content, ParserLimits(pages=3, pixels=1))
    assert caught.value.values["reason"] == "pages"


def test_a_workbook_without_sheets_is_damaged() -> None:
    with pytest.raises(FileDamaged):
        _pages(made({}))


def test_hidden_sheets_are_read_and_marked() -> None:
    content = made({"A": f'<sheetData><row r="1">{_t("A1", "x")}</row></sheetData>'}, states={"A": "veryHidden"})
    assert [(page.text, page.reason) for page in _pages(content)] == [("x", "hidden")]
