"""Rows of a PDF page: some look like one line, some like a running head, and some lie across columns."""

from contextlib import closing
from typing import Any

import pytest
from tests.corpus.pdf_drawing import LEFT, PLAIN, WIDTH, Draw, draw_pdf

from samovar.domain.page import Page, ParsedPage
from samovar.parsers import pdf
from samovar.parsers._pdf.blocks import write_blocks
from samovar.parsers._pdf.document import opened, opened_page
from samovar.parsers._pdf.flow import merged_row
from samovar.parsers._pdf.paragraphs import Paragraph
from samovar.parsers._pdf.textlayer import TextLayer
from samovar.parsers._pdf.writing import Writer
from samovar.ports.parser import ParserLimits

_ROWS = [
    (str(number), name, f"{1000 * number} ₽")
    for number, name in enumerate(("Чай", "Самовар", "Баранки", "Варенье", "Сахар", "Лимон"), start=1)
]


def _page(draw: Draw) -> Page:
    parts = pdf.read(draw_pdf(draw), "x", ParserLimits(pages=9, pixels=1_000_000))
    (page,) = [part.page for part in parts if isinstance(part, ParsedPage)]
    return page


@pytest.mark.parametrize("is_ruled", [False, True])
def test_a_table_with_numbered_rows_keeps_each_cell_in_its_row_and_column(*, is_ruled: bool) -> None:
    columns = [LEFT, LEFT + 40, LEFT + 140, LEFT + 220]

    def draw(canvas: Any) -> None:
        canvas.setFont(PLAIN, 12)
        if is_ruled:
            canvas.grid([x - 6 for x in columns], [720 - 15 * place for place in range(len(_ROWS) + 1)])
        for place, row in enumerate(_ROWS):
            for x, cell in zip(columns, row, strict=False):
                canvas.drawString(x, 709 - 15 * place, cell)

    page = _page(draw)
    (table,) = [block for block in page.blocks if block.kind == "table"]
    cells = {(cell.row, cell.column): page.text[cell.start : cell.end] for cell in table.cells}
    assert cells == {(row, column): cell for row, cells in enumerate(_ROWS) for column, cell in enumerate(cells)}


def test_words_written_over_a_line_are_words_of_their_own() -> None:
    def draw(canvas: Any) -> None:
        canvas.setFont(PLAIN, 12)
        canvas.drawString(LEFT, 700, "Paid on the third of May")
        canvas.drawString(LEFT, 650, "Another line of the page")
        canvas.drawString(LEFT + 60, 700.5, "COPY")

    assert {"Paid", "May", "COPY"} <= set(_page(draw).text.split())


def test_pieces_of_a_file_that_gives_no_size_of_type_are_parted_by_a_blank() -> None:
    def draw(canvas: Any) -> None:
        canvas.setFont(PLAIN, 12)
        canvas.drawString(LEFT, 700, "first")
        canvas.drawString(LEFT + 200, 700, "second")

    with (
        opened(draw_pdf(draw), "x") as document,
        opened_page(document, 1) as page,
        closing(page.get_textpage()) as textpage,
    ):
        layer = TextLayer(textpage, page.get_bbox())
        pieces = layer.lines()
        for piece in pieces:
            piece.size = 0.0
        writer = Writer(layer)
        writer.line(merged_row(pieces))
        code = Paragraph(pieces[0], "first", LEFT, WIDTH)
        code.kind = "code"
        code.rows.append(pieces[1])
        written = Writer(layer)
        write_blocks(written, layer, layer.frame, [code])
    assert writer.text == "first second"
    assert written.text.split() == ["first", "second"]


def test_a_table_without_rules_begins_at_the_margin_and_bears_a_row_across_its_columns() -> None:
    columns = [LEFT, LEFT + 70, LEFT + 160, LEFT + 230]
    people = [("Name", "First name", "Paid on", "Sum")]
    people += [(f"Person{number}", "Anna", f"{number:02}.05.2026", f"{number}00.00") for number in range(1, 40)]

    def draw(canvas: Any) -> None:
        canvas.setFont(PLAIN, 8)
        for place, row in enumerate(people):
            for x, cell in zip(columns, row, strict=True):
                if place == 20 and x == columns[1]:
                    continue
                long = "A-family-name-of-some length"
                canvas.drawString(x, 805 - 16 * place, long if place == 20 and x == LEFT else cell)
        canvas.drawString(columns[2] + 20, 805 - 16 * len(people), "In all")
        canvas.drawString(columns[3] - 10, 805 - 16 * len(people), "78000.00")

    page = _page(draw)
    (table,) = page.blocks
    assert table.kind == "table"
    rows = [line.split("\t") for line in page.text.split("\n")]
    assert [row for place, row in enumerate(rows[:-1]) if place != 20] == [
        list(row) for place, row in enumerate(people) if place != 20
    ]
    assert rows[20] == ["A-family-name-of-some length", "", *people[20][2:]]
    assert rows[-1] == ["", "", "In all", "78000.00"]
