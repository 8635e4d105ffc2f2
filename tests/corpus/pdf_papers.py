"""PDF papers of running text: columns, headings, divided words, footnotes, running heads, code, formulas."""

from collections.abc import Sequence
from functools import partial
from io import BytesIO
from typing import Any, Final

from reportlab.lib.enums import TA_CENTER, TA_JUSTIFY
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.platypus import BaseDocTemplate, Frame, PageTemplate, Paragraph
from tests.corpus.paper import Paper, Sheet
from tests.corpus.pdf_drawing import BOLD, HEIGHT, ITALIC, LEFT, PLAIN, WIDTH, band, draw_lines, draw_pdf, wrap

__all__ = ["PAPERS"]

_FULL: Final = WIDTH - 2 * LEFT
_NARROW: Final = 212
_SECOND: Final = WIDTH - LEFT - _NARROW

_RIVERS_RU: Final = (
    "Река начинается в болотах у старого волока и течёт на север через семь озёр. Весной вода поднимается на "
    "три метра, "
    "и тогда баржи с лесом проходят там, где летом стоят плоты. Рыбаки знают каждую отмель и ставят вехи из "
    "ивовых прутьев."
)
_HARBOUR_RU: Final = (
    "Пристань построили из лиственницы, которая в воде становится крепче камня. За сто лет сменили только настил и два "
    "крайних быка. Летом к ней подходят по четыре судна в день, зимой лёд держит грузовую машину с прицепом."
)
_MARKET_RU: Final = (
    "Рынок открывается в шесть утра, когда подходит первый паром. Торгуют рыбой, ягодой, берестяными коробами и солью. "
    "Цены объявляет старший приказчик, а спорщиков мирит выборный судья, и слово его не обсуждают."
)
_LAMPS_EN: Final = (
    "The lamps along the quay were lit by hand until the winter of the great flood. A man walked from post to "
    "post with "
    "a ladder and a can of oil, and the children followed him in the hope of a story. Nobody remembers his name today."
)
_ROPES_EN: Final = (
    "Ropes were made in a shed so long that its far end could not be seen on a foggy day. Hemp came by sea in spring, "
    "and the spinners walked backwards from morning to night. A good spinner covered eighteen miles between two "
    "Sundays."
)
_BELLS_EN: Final = (
    "Each ship had a bell of its own, and people on shore knew them all by their sound. When a bell was heard "
    "that nobody "
    "could name, the whole street came down to the water. Strangers brought news, letters and, once, a live bear."
)


def _footer(canvas: Any, text: str) -> None:
    canvas.setFont(PLAIN, 9)
    canvas.drawCentredString(WIDTH / 2, 36, text)


def _indented(
    canvas: Any, text: str, top: float, *, width: float = _FULL, left: float = LEFT, size: float = 11
) -> float:
    return draw_lines(canvas, wrap(text, width, size=size, indent=24), left, top, size=size, indent=24)


def _one_column_ru() -> bytes:
    def draw(canvas: Any) -> None:
        canvas.setFont(PLAIN, 9)
        canvas.drawString(LEFT, HEIGHT - 40, "Записки речного общества")
        canvas.drawRightString(WIDTH - LEFT, HEIGHT - 40, "Выпуск 7")
        top = draw_lines(canvas, ["О реке и людях"], LEFT, 740, size=20, font=BOLD)
        top = draw_lines(canvas, ["Истоки"], LEFT, top - 6, size=15, font=BOLD)
        for text in (_RIVERS_RU, _HARBOUR_RU):
            top = _indented(canvas, text, top - 2)
        top = draw_lines(canvas, ["Торговля"], LEFT, top - 12, size=15, font=BOLD)
        _indented(canvas, _MARKET_RU, top - 2)
        _footer(canvas, "— 12 —")

    return draw_pdf(draw)


_STEPS_EN: Final = (
    "1. Close the main valve before anything else.",
    "2. Write down what the two gauges show.",
    "3. Wait until the needle has come to rest.",
)
_TOOLS_EN: Final = ("a lamp with a fresh battery", "two spanners of the same size", "a notebook and a soft pencil")


def _lists_en() -> bytes:
    def draw(canvas: Any) -> None:
        top = draw_lines(canvas, ["1 Daily round"], LEFT, 760, size=16, font=BOLD)
        top = draw_lines(canvas, wrap(_LAMPS_EN, _FULL), LEFT, top - 4)
        top = draw_lines(canvas, ["1.1 Order of work"], LEFT, top - 12, size=13, font=BOLD)
        top = draw_lines(canvas, _STEPS_EN, LEFT + 12, top - 4)
        top = draw_lines(canvas, ["1.2 What to carry"], LEFT, top - 12, size=13, font=BOLD)
        for tool in _TOOLS_EN:
            canvas.setFont(PLAIN, 11)
            canvas.drawString(LEFT + 12, top, "•")
            canvas.drawString(LEFT + 26, top, tool)
            top -= 15
        draw_lines(canvas, wrap(_ROPES_EN, _FULL), LEFT, top - 12)
        _footer(canvas, "Page 3 of 18")

    return draw_pdf(draw)


_LEFT_RU: Final = (
    "Служба отвечает на обращения граж-",
    "дан в течение трёх рабочих дней, а в",
    "праздники ответ приходит на следу-",
    "ющий день. Письма без подписи не рас-",
    "сматриваются, но их всё равно хранят",
    "в архиве пять лет.",
)
_RIGHT_RU: Final = (
    "Вопросы о расписании паромов при-",
    "нимает диспетчер пристани. Он же",
    "сообщает об отмене рейсов из-за ту-",
    "мана и о высоте волны на открытых",
    "участках пути, если она больше мет-",
    "ра с четвертью.",
)


def _two_columns_ru() -> bytes:
    def draw(canvas: Any) -> None:
        draw_lines(canvas, ["Вестник речного министерства: ответы службы поддержки"], LEFT, 760, size=17, font=BOLD)
        draw_lines(canvas, _LEFT_RU, LEFT, 720)
        draw_lines(canvas, _RIGHT_RU, _SECOND, 720)
        _footer(canvas, "2")

    return draw_pdf(draw)


def _row_by_row_en() -> bytes:
    """The lines of both columns are drawn in turn, as some programs do that set tables instead of columns."""
    left, right = wrap(_LAMPS_EN, _NARROW), wrap(_ROPES_EN, _NARROW)
    right += wrap(_BELLS_EN, _NARROW)[: len(left) - len(right)] if len(left) > len(right) else []

    def draw(canvas: Any) -> None:
        draw_lines(canvas, ["Two trades of the old harbour"], LEFT, 760, size=18, font=BOLD)
        canvas.setFont(PLAIN, 11)
        for place in range(max(len(left), len(right))):
            for column, start in ((left, LEFT), (right, _SECOND)):
                if place < len(column):
                    canvas.drawString(start, 720 - 14.3 * place, column[place])

    return draw_pdf(draw)


_THIRD: Final = 136
_THIRDS: Final = (LEFT, LEFT + 158, LEFT + 316)


def _three_columns_ru() -> bytes:
    texts = (_RIVERS_RU, _HARBOUR_RU, _MARKET_RU)

    def draw(canvas: Any) -> None:
        draw_lines(canvas, ["Листок пристани"], LEFT, 770, size=22, font=BOLD)
        # The columns are drawn from the last to the first, and do not begin at one height.
        for place in (2, 1, 0):
            lines = wrap(texts[place], _THIRD, size=9.5)
            draw_lines(canvas, lines, _THIRDS[place], 735 - 3 * place, size=9.5)

    return draw_pdf(draw)


def _mixed_columns_en() -> bytes:
    def draw(canvas: Any) -> None:
        top = draw_lines(canvas, ["Light, rope and sound on the waterfront"], LEFT, 770, size=19, font=BOLD)
        top = draw_lines(canvas, wrap(_BELLS_EN, _FULL, font=ITALIC), LEFT, top - 4, font=ITALIC)
        after = [
            draw_lines(canvas, wrap(text, _NARROW), start, top - 14)
            for text, start in ((_LAMPS_EN, LEFT), (_ROPES_EN, _SECOND))
        ]
        top = draw_lines(
            canvas, ["What was left when the engines came to the quay"], LEFT, min(after) - 16, size=15, font=BOLD
        )
        after = [
            draw_lines(canvas, wrap(text, _NARROW), start, top - 6)
            for text, start in ((_ROPES_EN, LEFT), (_BELLS_EN, _SECOND))
        ]
        draw_lines(canvas, wrap(_LAMPS_EN, _FULL), LEFT, min(after) - 16)
        _footer(canvas, "- 4 -")

    return draw_pdf(draw)


_DIVIDED: Final = (
    "В городе Нью-",
    "Йорк судно стояло три дня: капитан ждал, что при-",
    "дёт какой-",
    "нибудь ответ. Затем вышли в море и взяли курс на се-",
    "вер. Запись №15 о грузе — со\u00adль и мука.",
)


def _divided_words() -> bytes:
    return draw_pdf(lambda canvas: draw_lines(canvas, _DIVIDED, LEFT, 760))


_SHORT_RU: Final = (
    "первый пункт списка, который не помещается в одну строку",
    "второй пункт",
    "третий пункт с длинным продолжением на вторую строку",
)
_NOTES_RU: Final = (
    "1 Высота указана над нулём речного поста за 1911 год.",
    "2 По рассказам старожилов, записанным учителем Громовым.",
)


def _footnotes_ru() -> bytes:
    def draw(canvas: Any) -> None:
        top = draw_lines(canvas, ["Заметки о паводке"], LEFT, 760, size=16, font=BOLD)
        _marked(canvas, "Вода стояла на отметке восемь метров", "1", LEFT, top - 6)
        top = draw_lines(canvas, wrap(_RIVERS_RU, _FULL), LEFT, top - 36)
        _marked(canvas, "Такой воды не видели семьдесят лет", "2", LEFT, top - 12)
        draw_lines(canvas, wrap(_HARBOUR_RU, _FULL), LEFT, top - 42)
        canvas.line(LEFT, 118, LEFT + 140, 118)
        for place, note in enumerate(_NOTES_RU):
            mark, text = note.split(" ", 1)
            canvas.setFont(PLAIN, 6)
            canvas.drawString(LEFT, 106 - 13 * place, mark)
            canvas.setFont(PLAIN, 9)
            canvas.drawString(LEFT + 6, 103 - 13 * place, text)

    return draw_pdf(draw)


def _marked(canvas: Any, text: str, mark: str, left: float, top: float) -> None:
    canvas.setFont(PLAIN, 11)
    canvas.drawString(left, top, text)
    end = left + canvas.stringWidth(text, PLAIN, 11)
    canvas.setFont(PLAIN, 7)
    canvas.drawString(end, top + 4, mark)
    canvas.setFont(PLAIN, 11)
    canvas.drawString(end + 7, top, "и держалась неделю.")


_CHAPTERS: Final = (("Глава первая", _RIVERS_RU), ("Глава вторая", _HARBOUR_RU), ("Глава третья", _MARKET_RU))


def _running_heads_ru() -> bytes:
    def page(number: int, title: str, text: str, canvas: Any) -> None:
        canvas.setFont(PLAIN, 9)
        canvas.drawString(LEFT, HEIGHT - 38, "Устав пристани, редакция 2024 года")
        canvas.line(LEFT, HEIGHT - 44, WIDTH - LEFT, HEIGHT - 44)
        top = draw_lines(canvas, [title], LEFT, 760, size=16, font=BOLD)
        _indented(canvas, text, top - 4)
        canvas.drawString(LEFT, 30, "Для служебного пользования")
        canvas.drawRightString(WIDTH - LEFT, 30, f"Стр. {number} из 3")

    pages = [partial(page, number, *chapter) for number, chapter in enumerate(_CHAPTERS, start=1)]
    return draw_pdf(*pages)


def _reversed_en() -> bytes:
    """Drawn from the last line to the first."""
    lines = wrap(_LAMPS_EN, _FULL)

    def draw(canvas: Any) -> None:
        canvas.setFont(PLAIN, 11)
        for place in range(len(lines) - 1, -1, -1):
            canvas.drawString(LEFT, 720 - 14.3 * place, lines[place])
        draw_lines(canvas, ["The lamplighter"], LEFT, 750, size=18, font=BOLD)

    return draw_pdf(draw)


_CODE: Final = ("def tide(hour):", "    if hour < 6:", "        return 'low'", "    return 'high'")


def _code_en() -> bytes:
    def draw(canvas: Any) -> None:
        top = draw_lines(canvas, wrap(_BELLS_EN, _FULL), LEFT, 760)
        canvas.setFont("Courier", 10)
        top -= 10
        for line in _CODE:
            canvas.drawString(LEFT + 6 * (len(line) - len(line.lstrip())), top, line.lstrip())
            top -= 12
        draw_lines(canvas, wrap(_ROPES_EN, _FULL), LEFT, top - 10)

    return draw_pdf(draw)


def _formulas_en() -> bytes:
    def draw(canvas: Any) -> None:
        draw_lines(canvas, wrap(_ROPES_EN, _FULL), LEFT, 760)
        left = LEFT
        for text, size, rise in (("The pull grows with E = mv", 11, 0), ("2", 7, 4), (" and with the mean of x", 11, 0),
                                 ("i", 7, -3), (" over the day.", 11, 0)):  # fmt: skip
            canvas.setFont(PLAIN, size)
            canvas.drawString(left, 690 + rise, text)
            left += canvas.stringWidth(text, PLAIN, size)
        draw_lines(canvas, wrap(_LAMPS_EN, _FULL), LEFT, 660)

    return draw_pdf(draw)


def _many_fonts_ru() -> bytes:
    """Each word is drawn by itself, in one of three fonts: so write the programs of offices."""

    def draw(canvas: Any) -> None:
        top = 760.0
        for text in (_RIVERS_RU, _HARBOUR_RU):
            for line in wrap(text, 400):
                left = float(LEFT)
                for place, word in enumerate(line.split()):
                    font = (PLAIN, PLAIN, ITALIC, PLAIN, BOLD)[place % 5]
                    canvas.setFont(font, 11)
                    canvas.drawString(left, top, word)
                    left += canvas.stringWidth(word + " ", font, 11)
                top -= 14.3
            top -= 12

    return draw_pdf(draw)


def _justified_ru() -> bytes:
    """Three narrow columns of justified text, as a layout program of today breaks it: words stand far apart."""
    draw_pdf(lambda canvas: None)  # the fonts must be known to platypus
    plain = ParagraphStyle("plain", fontName=PLAIN, fontSize=10, leading=13, alignment=TA_JUSTIFY, firstLineIndent=18)
    title = ParagraphStyle("title", fontName=BOLD, fontSize=14, leading=18, alignment=TA_CENTER, spaceAfter=6)
    item = ParagraphStyle("item", fontName=PLAIN, fontSize=10, leading=13, leftIndent=18, bulletIndent=4)
    buffer = BytesIO()
    document = BaseDocTemplate(buffer, pagesize=A4, invariant=1)
    width = document.width / 3
    frames = [
        Frame(document.leftMargin + place * width, document.bottomMargin, width - 10, document.height)
        for place in range(3)
    ]
    document.addPageTemplates([PageTemplate(frames=frames)])
    document.build(
        [
            Paragraph("Большой заголовок раздела", title),
            *(Paragraph(text, plain) for text in (_RIVERS_RU, _HARBOUR_RU, _MARKET_RU) * 3),
            *(Paragraph(text, item, bulletText="•") for text in _SHORT_RU),
            *(Paragraph(text, plain) for text in (_LAMPS_EN, _ROPES_EN)),
        ]
    )
    return buffer.getvalue()


def _thousand_pages() -> bytes:
    def page(number: int, canvas: Any) -> None:
        top = draw_lines(canvas, [f"Журнал вахты, лист {number}"], LEFT, 760, size=15, font=BOLD)
        draw_lines(canvas, _watch(number), LEFT, top - 4)

    return draw_pdf(*[partial(page, number) for number in range(1, 1001)], pageCompression=1)


def _watch(number: int) -> Sequence[str]:
    return (
        f"Запись {number}: ветер северный, {number % 17} метров в секунду, видимость хорошая.",
        f"Прошло судов: {number % 9}; вахту сдал Волгин, вахту принял Громов.",
    )


def _text(*parts: str) -> str:
    return "\n".join(parts)


PAPERS: Final = (
    Paper(
        name="pdf_one_column_ru", file_name="reka.pdf", make=_one_column_ru, kind="pdf",
        sheets=(Sheet(
            text=_text("О реке и людях", "Истоки", _RIVERS_RU, _HARBOUR_RU, "Торговля", _MARKET_RU),
            header="Записки речного общества Выпуск 7", footer="12", headings=("О реке и людях", "Истоки", "Торговля"),
        ),),
    ),
    Paper(
        name="pdf_lists_en", file_name="round.pdf", make=_lists_en, kind="pdf",
        sheets=(Sheet(
            text=_text("1 Daily round", _LAMPS_EN, "1.1 Order of work", *_STEPS_EN, "1.2 What to carry", *_TOOLS_EN,
                       _ROPES_EN),
            footer="Page 3 of 18", headings=("1 Daily round", "1.1 Order of work", "1.2 What to carry"),
        ),),
    ),
    Paper(
        name="pdf_two_columns_ru", file_name="vestnik.pdf", make=_two_columns_ru, kind="pdf",
        sheets=(Sheet(
            text=_text("Вестник речного министерства: ответы службы поддержки", band(_LEFT_RU), band(_RIGHT_RU)),
            footer="2", headings=("Вестник речного министерства: ответы службы поддержки",),
        ),),
    ),
    Paper(
        name="pdf_row_by_row_en", file_name="trades.pdf", make=_row_by_row_en, kind="pdf",
        sheets=(Sheet(
            text=_text("Two trades of the old harbour", _LAMPS_EN, _ROPES_EN),
            headings=("Two trades of the old harbour",),
        ),),
    ),
    Paper(
        name="pdf_three_columns_ru", file_name="listok.pdf", make=_three_columns_ru, kind="pdf",
        sheets=(Sheet(
            text=_text("Листок пристани", _RIVERS_RU, _HARBOUR_RU, _MARKET_RU), headings=("Листок пристани",),
        ),),
    ),
    Paper(
        name="pdf_mixed_columns_en", file_name="waterfront.pdf", make=_mixed_columns_en, kind="pdf",
        sheets=(Sheet(
            text=_text("Light, rope and sound on the waterfront", _BELLS_EN, _LAMPS_EN, _ROPES_EN,
                       "What was left when the engines came to the quay", _ROPES_EN, _BELLS_EN, _LAMPS_EN),
            footer="4",
            headings=("Light, rope and sound on the waterfront", "What was left when the engines came to the quay"),
        ),),
    ),
    Paper(
        name="pdf_divided_words_ru", file_name="perenosy.pdf", make=_divided_words, kind="pdf",
        sheets=(Sheet(
            text="В городе Нью-Йорк судно стояло три дня: капитан ждал, что придёт какой-нибудь ответ. Затем "
            "вышли в море "
            "и взяли курс на север. Запись №15 о грузе — соль и мука.",
        ),),
    ),
    Paper(
        name="pdf_footnotes_ru", file_name="pavodok.pdf", make=_footnotes_ru, kind="pdf",
        sheets=(Sheet(
            text=_text("Заметки о паводке", "Вода стояла на отметке восемь метров 1 и держалась неделю.", _RIVERS_RU,
                       "Такой воды не видели семьдесят лет2 и держалась неделю.", _HARBOUR_RU, *_NOTES_RU),
            headings=("Заметки о паводке",), footnotes=_NOTES_RU,
        ),),
    ),
    Paper(
        name="pdf_running_heads_ru", file_name="ustav.pdf", make=_running_heads_ru, kind="pdf",
        sheets=tuple(
            Sheet(
                text=_text(title, text), headings=(title,), header="Устав пристани, редакция 2024 года",
                footer=f"Для служебного пользования Стр. {number} из 3",
            )
            for number, (title, text) in enumerate(_CHAPTERS, start=1)
        ),
    ),
    Paper(
        name="pdf_reversed_en", file_name="lamplighter.pdf", make=_reversed_en, kind="pdf",
        sheets=(Sheet(text=_text("The lamplighter", _LAMPS_EN), headings=("The lamplighter",)),),
    ),
    Paper(
        name="pdf_code_en", file_name="tides.pdf", make=_code_en, kind="pdf",
        sheets=(Sheet(text=_text(_BELLS_EN, *_CODE, _ROPES_EN)),),
    ),
    Paper(
        name="pdf_formulas_en", file_name="pull.pdf", make=_formulas_en, kind="pdf",
        sheets=(Sheet(
            text=_text(_ROPES_EN, "The pull grows with E = mv2 and with the mean of xi over the day.", _LAMPS_EN),
        ),),
    ),
    Paper(
        name="pdf_many_fonts_ru", file_name="shrifty.pdf", make=_many_fonts_ru, kind="pdf",
        sheets=(Sheet(text=_text(_RIVERS_RU, _HARBOUR_RU)),),
    ),
    Paper(
        name="pdf_justified_ru", file_name="kolonki.pdf", make=_justified_ru, kind="pdf",
        sheets=(Sheet(
            text=_text("Большой заголовок раздела", *(_RIVERS_RU, _HARBOUR_RU, _MARKET_RU) * 3, *_SHORT_RU, _LAMPS_EN,
                       _ROPES_EN),
            headings=("Большой заголовок раздела",),
        ),),
    ),
    Paper(
        name="pdf_thousand_pages_ru", file_name="zhurnal.pdf", make=_thousand_pages, kind="pdf",
        sheets=tuple(
            Sheet(text=_text(title, *_watch(number)), headings=(title,))
            for number in range(1, 1001)
            if (title := f"Журнал вахты, лист {number}")
        ),
    ),
)  # fmt: skip
