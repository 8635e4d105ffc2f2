"""PDF papers with tables: ruled, merged, without rules, wide, a form, and one between columns of text."""

from collections.abc import Sequence
from io import BytesIO
from typing import Any, Final

from reportlab.lib.pagesizes import A3, A4, landscape
from reportlab.lib.styles import ParagraphStyle
from reportlab.platypus import Paragraph, SimpleDocTemplate, Table
from tests.corpus.paper import Paper, Sheet
from tests.corpus.pdf_drawing import BOLD, LEFT, PLAIN, WIDTH, draw_lines, draw_pdf, ruled, wrap

__all__ = ["PAPERS"]

_FULL: Final = WIDTH - 2 * LEFT
_BEFORE_RU: Final = "Перечень запасных частей, которые хранятся на складе пристани, приведён в таблице."
_AFTER_RU: Final = "Части выдаёт кладовщик под роспись; остаток сверяют в последний день месяца."
_PARTS: Final = (
    ("Наименование", "Обозначение", "Количество", "Примечание"),
    ("Вал гребной", "ВГ-12", "3", "сталь 45"),
    ("Кольцо уплотнительное", "КУ-4/7", "120", "резина"),
    ("Насос осушительный", "НО-2", "", "в ремонте"),
    ("Фонарь бортовой", "ФБ-1", "14", "красный и зелёный"),
)


def _row(canvas: Any, cells: Sequence[str], lefts: Sequence[float], top: float, *, font: str = PLAIN) -> None:
    canvas.setFont(font, 10)
    for cell, left in zip(cells, lefts, strict=True):
        canvas.drawString(left, top, cell)


def _ruled_ru() -> bytes:
    columns = (72, 212, 302, 382, 522)

    def draw(canvas: Any) -> None:
        draw_lines(canvas, wrap(_BEFORE_RU, _FULL), LEFT, 760)
        for place, cells in enumerate(_PARTS):
            _row(
                canvas, cells, [left + 4 for left in columns[:-1]], 706 - 20 * place, font=BOLD if place == 0 else PLAIN
            )
        ruled(canvas, columns, [720 - 20 * place for place in range(6)])
        draw_lines(canvas, wrap(_AFTER_RU, _FULL), LEFT, 590)

    return draw_pdf(draw)


_MERGED: Final = (
    ("Route", "Passengers", "", "Remarks"),
    ("", "Summer", "Winter", ""),
    ("North pier", "12400", "3100", "Ferry stops at every island on request"),
    ("South pier", "8050", "", "No service in winter"),
    ("Both piers together", "", "", "See the annual report"),
)


def _merged_en() -> bytes:
    """Cells over two columns and over two rows; a cell of two lines; digits near the rules."""
    columns = (72, 182, 262, 342, 502)
    rows = (720, 700, 680, 650, 630, 610)
    holes = ((0, 0, "below"), (0, 3, "below"), (0, 1, "right"), (4, 0, "right"), (4, 1, "right"))

    def draw(canvas: Any) -> None:
        ruled(canvas, columns, rows, holes)
        canvas.setFont(PLAIN, 10)
        for left, top, text in (
            (76, 697, "Route"), (232, 706, "Passengers"), (346, 697, "Remarks"),
            (186, 686, "Summer"), (266, 686, "Winter"),
            (76, 664, "North pier"), (230, 664, "12400"), (264, 664, "3100"),
            (346, 668, "Ferry stops at every island"), (346, 655, "on request"),
            (76, 636, "South pier"), (239, 636, "8050"), (346, 636, "No service in winter"),
            (76, 616, "Both piers together"), (346, 616, "See the annual report"),
        ):  # fmt: skip
            canvas.drawString(left, top, text)
        draw_lines(canvas, ["The numbers are those of the harbour office."], LEFT, 580)

    return draw_pdf(draw)


_TIMES: Final = (
    ("Vessel", "Leaves", "Arrives", "Fare"),
    ("Aurora", "06:15", "09:40", "12.50"),
    ("Tern", "08:00", "10:05", "9.00"),
    ("Old Meg", "11:30", "17:45", "4.75"),
    ("Swift", "14:10", "15:55", "21.00"),
)
_TIMES_BEFORE: Final = "Boats leave from the second pier and keep to the times below on every day of the week."
_TIMES_AFTER: Final = "Children under six travel free of charge when they are in the company of an adult."


def _unruled_en() -> bytes:
    """Left edges and right edges in line, no rules at all."""

    def draw(canvas: Any) -> None:
        draw_lines(canvas, wrap(_TIMES_BEFORE, _FULL), LEFT, 760)
        for place, (vessel, leaves, arrives, fare) in enumerate(_TIMES):
            top = 715 - 16 * place
            canvas.setFont(BOLD if place == 0 else PLAIN, 10)
            canvas.drawString(LEFT, top, vessel)
            canvas.drawString(200, top, leaves)
            canvas.drawString(300, top, arrives)
            canvas.drawRightString(440, top, fare)
        draw_lines(canvas, wrap(_TIMES_AFTER, _FULL), LEFT, 615)

    return draw_pdf(draw)


_MONTHS: Final = ("янв", "фев", "мар", "апр", "май", "июн", "июл", "авг", "сен", "окт", "ноя", "дек")
_WIDE: Final = (
    ("Причал", *_MONTHS, "Всего"),
    *(
        (f"№ {row}", *(str((row * 37 + month * 11) % 900) for month in range(1, 13)), str(row * 1000 + 7))
        for row in range(1, 31)
    ),
)


def _wide_ru() -> bytes:
    """A sheet of 14 columns and 31 rows, drawn by reportlab's own tables."""
    draw_pdf(lambda canvas: None)  # the fonts must be known to platypus
    buffer = BytesIO()
    document = SimpleDocTemplate(buffer, pagesize=landscape(A3), invariant=1)
    style = [("FONT", (0, 0), (-1, -1), PLAIN, 9), ("GRID", (0, 0), (-1, -1), 0.5, "black")]
    document.build([Table([list(row) for row in _WIDE], style=style)])
    return buffer.getvalue()


_WORKS: Final = (
    ("№", "Наименование работ", "Срок"),
    ("1", f"Окраска перил и ремонт настила. {_AFTER_RU}", "до 12 мая"),
    ("2", "Замена фонарей второго причала", "июнь"),
    ("3", f"Осмотр крана. {_BEFORE_RU}", "до 1 августа"),
)


def _level_rules_ru() -> bytes:
    """Rules under the rows only, and cells of several lines."""
    draw_pdf(lambda canvas: None)  # the fonts must be known to platypus
    cell = ParagraphStyle("cell", fontName=PLAIN, fontSize=9, leading=11)
    buffer = BytesIO()
    document = SimpleDocTemplate(buffer, pagesize=A4, invariant=1)
    style = [
        ("FONT", (0, 0), (-1, -1), PLAIN, 9), ("LINEBELOW", (0, 0), (-1, -1), 0.5, "black"),
        ("BACKGROUND", (0, 0), (-1, 0), "lightgrey"), ("VALIGN", (0, 0), (-1, -1), "TOP"),
    ]  # fmt: skip
    rows = [[number, Paragraph(work, cell), term] for number, work, term in _WORKS]
    document.build([Table(rows, colWidths=[30, 260, 100], style=style)])
    return buffer.getvalue()


_FORM: Final = (
    ("Фамилия", "Громов"),
    ("Имя и отчество", "Пётр Ильич"),
    ("Дата рождения", "14.02.1961"),
    ("Адрес", "г. Устье, Набережная ул., д. 7, кв. 12, подъезд со двора"),
)


def _form_ru() -> bytes:
    """Boxes with their names at the left, and a line for the signature under them."""

    def draw(canvas: Any) -> None:
        draw_lines(canvas, ["Заявление о выдаче пропуска"], LEFT, 760, size=16, font=BOLD)
        for place, (name, value) in enumerate(_FORM):
            bottom = 700 - 34 * place
            canvas.rect(LEFT, bottom, 130, 34)
            canvas.rect(LEFT + 130, bottom, 320, 34)
            canvas.setFont(PLAIN, 10)
            canvas.drawString(LEFT + 4, bottom + 12, name)
            lines = wrap(value, 200, size=11)
            draw_lines(canvas, lines, LEFT + 136, bottom + (18 if len(lines) > 1 else 12), size=11)
        canvas.setFont(PLAIN, 10)
        canvas.drawString(LEFT, 540, "Подпись")
        canvas.line(LEFT + 50, 538, LEFT + 170, 538)
        canvas.drawString(LEFT + 190, 540, "Громов П. И.")

    return draw_pdf(draw)


_LEFT_EN: Final = (
    "The crew keeps two books. One is for the weather and lies open on the table in the wheelhouse, and the "
    "other is for "
    "the cargo and stays under lock and key until the ship is tied up at the pier."
)
_RIGHT_EN: Final = (
    "Whoever writes in a book signs the page. A page that was torn out is reported to the owner of the ship on "
    "the same "
    "day, with the reason, and the stub remains where it is for the next reader."
)
_BOOKS: Final = (("Book", "Kept by"), ("Weather", "Mate"), ("Cargo", "Captain"))


def _between_columns_en() -> bytes:
    """A small ruled table inside the first of two columns."""

    def draw(canvas: Any) -> None:
        top = draw_lines(canvas, wrap(_LEFT_EN, 212), LEFT, 760)
        columns, rows = (LEFT, LEFT + 100, LEFT + 200), [top - 18 * place for place in range(4)]
        ruled(canvas, columns, rows)
        for place, cells in enumerate(_BOOKS):
            _row(canvas, cells, (LEFT + 4, LEFT + 104), top - 13 - 18 * place)
        draw_lines(canvas, wrap(_RIGHT_EN, 212), WIDTH - LEFT - 212, 760)

    return draw_pdf(draw)


def _lines_of(rows: Sequence[Sequence[str]]) -> str:
    return "\n".join(" ".join(row) for row in rows)


PAPERS: Final = (
    Paper(
        name="pdf_ruled_table_ru", file_name="sklad.pdf", make=_ruled_ru, kind="pdf",
        sheets=(Sheet(text=f"{_BEFORE_RU}\n{_lines_of(_PARTS)}\n{_AFTER_RU}", tables=(_PARTS,)),),
    ),
    Paper(
        name="pdf_merged_cells_en", file_name="piers.pdf", make=_merged_en, kind="pdf",
        sheets=(Sheet(
            text="Route Passengers Remarks Summer Winter North pier 12400 3100 Ferry stops at every island on request "
            "South pier 8050 No service in winter Both piers together See the annual report "
            "The numbers are those of the harbour office.",
            tables=(_MERGED,),
        ),),
    ),
    Paper(
        name="pdf_unruled_table_en", file_name="times.pdf", make=_unruled_en, kind="pdf",
        sheets=(Sheet(text=f"{_TIMES_BEFORE}\n{_lines_of(_TIMES)}\n{_TIMES_AFTER}", tables=(_TIMES,)),),
    ),
    Paper(
        name="pdf_wide_sheet_ru", file_name="prichaly.pdf", make=_wide_ru, kind="pdf",
        sheets=(Sheet(text=_lines_of(_WIDE), tables=(_WIDE,)),),
    ),
    Paper(
        name="pdf_level_rules_ru", file_name="raboty.pdf", make=_level_rules_ru, kind="pdf",
        sheets=(Sheet(text=_lines_of(_WORKS), tables=(_WORKS,)),),
    ),
    Paper(
        name="pdf_form_ru", file_name="propusk.pdf", make=_form_ru, kind="pdf",
        sheets=(Sheet(
            text=f"Заявление о выдаче пропуска\n{_lines_of(_FORM)}\nПодпись Громов П. И.",
            headings=("Заявление о выдаче пропуска",), tables=(_FORM,),
        ),),
    ),
    Paper(
        name="pdf_table_in_column_en", file_name="books.pdf", make=_between_columns_en, kind="pdf",
        sheets=(Sheet(text=f"{_LEFT_EN}\n{_lines_of(_BOOKS)}\n{_RIGHT_EN}", tables=(_BOOKS,)),),
    ),
)  # fmt: skip
