"""Rows of a PDF page that PDFium takes for one line: a cell of one character is enough for that."""

from typing import Any

import pytest
from tests.corpus.pdf_drawing import LEFT, PLAIN, draw_pdf

from samovar.domain.page import ParsedPage
from samovar.parsers import pdf
from samovar.ports.parser import ParserLimits

_ROWS = [
    (str(number), name, f"{1000 * number} ₽")
    for number, name in enumerate(("Чай", "Самовар", "Баранки", "Варенье", "Сахар", "Лимон"), start=1)
]


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

    (page,) = [
        part.page
        for part in pdf.read(draw_pdf(draw), "x", ParserLimits(pages=9, pixels=1_000_000))
        if isinstance(part, ParsedPage)
    ]
    (table,) = [block for block in page.blocks if block.kind == "table"]
    cells = {(cell.row, cell.column): page.text[cell.start : cell.end] for cell in table.cells}
    assert cells == {(row, column): cell for row, cells in enumerate(_ROWS) for column, cell in enumerate(cells)}
