"""Papers of LibreOffice: texts, workbooks and slides with its own habits (repeated cells, styles that are generated)."""

# ruff: noqa: E501 - XML is read more easily in its own lines

from tests.corpus.office_parts import odf, picture
from tests.corpus.paper import Paper, Sheet

from samovar.domain.layout import Rectangle

__all__ = ["PAPERS"]

_TEXT_STYLES = (
    "<office:styles>"
    '<style:style style:name="Heading_20_1" style:display-name="Heading 1" style:family="paragraph" style:default-outline-level="1"/>'
    '<style:style style:name="Preformatted_20_Text" style:display-name="Preformatted Text" style:family="paragraph"/>'
    '<style:style style:name="Caption" style:family="paragraph"/>'
    '<style:style style:name="Рисунок" style:family="paragraph" style:parent-style-name="Caption"/>'
    "</office:styles><office:master-styles>"
    '<style:master-page style:name="Standard" style:page-layout-name="pm1"><style:header><text:p>Устав общества</text:p></style:header>'
    '<style:footer><text:p><text:page-number text:select-page="current">3</text:page-number></text:p></style:footer>'
    '<style:footer-left style:display="false"><text:p>Слева</text:p></style:footer-left></style:master-page>'
    '<style:master-page style:name="Конверт"><style:header><text:p>Не используется</text:p></style:header></style:master-page>'
    "</office:master-styles>"
)
_LIST = (
    '<text:list-style style:name="L1"><text:list-level-style-number text:level="1" style:num-suffix="." style:num-format="1"/>'
    '<text:list-level-style-number text:level="2" style:num-suffix="." style:num-format="1" text:display-levels="2"/>'
    "</text:list-style>"
    '<text:list-style style:name="L2"><text:list-level-style-bullet text:level="1" text:bullet-char="•"/></text:list-style>'
)


def _item(text: str, more: str = "") -> str:
    return f"<text:list-item><text:p>{text}</text:p>{more}</text:list-item>"


def _charter() -> bytes:
    """Headings, lists with levels that go on, notes, a remark, changes, links, white space of ODF, program lines."""
    body = (
        '<text:tracked-changes><text:changed-region text:id="c1"><text:deletion><text:p>Удалённые слова</text:p></text:deletion>'
        "</text:changed-region></text:tracked-changes>"
        '<text:h text:style-name="Heading_20_1" text:outline-level="1">Общие положения</text:h>'
        '<text:p>Общество  создано\n   в<text:s text:c="3"/>Москве<text:change text:change-id="c1"/>'
        '<text:note text:id="ftn1" text:note-class="footnote"><text:note-citation>1</text:note-citation><text:note-body>'
        '<text:p>По закону об обществах.</text:p></text:note-body></text:note> и дейст<text:span text:style-name="T1">вует</text:span>'
        " бес­срочно.</text:p>"
        '<text:list xml:id="list1" text:style-name="L1">'
        + _item("Цели", "<text:list><text:list-item><text:p>торговля</text:p></text:list-item></text:list>")
        + _item("Средства")
        + '</text:list><text:p>Пояснение.</text:p><text:list text:continue-list="list1" text:style-name="L1">'
        + _item("Порядок")
        + '</text:list><text:list text:style-name="L2">'
        + _item("отдельный пункт")
        + "</text:list>"
        '<text:p><text:a xlink:href="https://example.org/ustav">Полный текст</text:a><office:annotation><dc:creator>Пётр</dc:creator>'
        '<dc:date>2024-01-01</dc:date><text:p>Проверить ссылку</text:p></office:annotation> на сайте.<text:span text:style-name="Скрытый">'
        "тайна</text:span></text:p>"
        '<text:section text:name="Раздел"><text:p text:style-name="P1">for x in y:</text:p>'
        '<text:p text:style-name="P1"><text:s text:c="4"/>print(x)</text:p></text:section>'
    )
    automatic = (
        '<style:style style:name="P1" style:family="paragraph" style:parent-style-name="Preformatted_20_Text"/>'
        '<style:style style:name="Скрытый" style:family="text"><style:text-properties text:display="none"/></style:style>'
        + _LIST
    )
    return odf("text", body, automatic=automatic, styles=_TEXT_STYLES, title="Устав", author="Пётр Кузьмин")


_CHARTER = (
    Sheet(
        text="Общие положения Общество создано в Москве[1] и действует бессрочно. 1. Цели 1.1. торговля 2. Средства Пояснение. "
        "3. Порядок • отдельный пункт Полный текст на сайте. for x in y: print(x) [1] По закону об обществах. [Пётр] Проверить ссылку",
        header="Устав общества",
        headings=("Общие положения",),
        footnotes=("[1] По закону об обществах.", "[Пётр] Проверить ссылку"),
    ),
)

_MATH = (
    '<math xmlns="http://www.w3.org/1998/Math/MathML"><semantics><mrow><msup><mi>a</mi><mn>2</mn></msup><mo>=</mo><mfrac><mi>b</mi>'
    '<mrow><mi>c</mi><mo>+</mo><mn>1</mn></mrow></mfrac></mrow><annotation encoding="StarMath 5.0">a^2 = b over {c+1}</annotation>'
    "</semantics></math>"
)


def _science() -> bytes:
    """Tables with merged cells, a table in a cell, a formula in the line, a picture, a frame of words."""
    inner = (
        "<table:table><table:table-row><table:table-cell><text:p>x</text:p></table:table-cell><table:table-cell><text:p>y</text:p>"
        "</table:table-cell></table:table-row></table:table>"
    )
    body = (
        '<table:table table:name="Table1"><table:table-column table:number-columns-repeated="3"/><table:table-header-rows><table:table-row>'
        "<table:table-cell><text:p>Sample</text:p></table:table-cell>"
        '<table:table-cell table:number-columns-spanned="2"><text:p>Mass</text:p></table:table-cell><table:covered-table-cell/>'
        "</table:table-row></table:table-header-rows>"
        '<table:table-row><table:table-cell table:number-rows-spanned="2"><text:p>A</text:p></table:table-cell>'
        '<table:table-cell table:number-columns-repeated="2"><text:p>1.5</text:p></table:table-cell></table:table-row>'
        f"<table:table-row><table:covered-table-cell/><table:table-cell><text:p>2</text:p></table:table-cell><table:table-cell>"
        f"<text:p>see</text:p>{inner}</table:table-cell></table:table-row></table:table>"
        '<text:p>The law <draw:frame svg:width="2cm" svg:height="1cm"><draw:object xlink:href="./Object 1"/>'
        '<draw:image xlink:href="./ObjectReplacements/Object 1"/></draw:frame> holds.</text:p>'
        '<text:p><draw:frame svg:width="3cm" svg:height="2cm"><draw:image xlink:href="Pictures/plot.png"/><svg:title>Plot</svg:title>'
        "<svg:desc>Mass by time</svg:desc></draw:frame></text:p>"
        '<text:p text:style-name="Caption">Figure 1: Masses</text:p>'
        "<text:p>Beside.<draw:frame><draw:text-box><text:p>Words in a frame.</text:p></draw:text-box></draw:frame></text:p>"
    )
    return odf(
        "text",
        body,
        styles=_TEXT_STYLES.replace("Устав общества", ""),
        parts={
            "Object 1/content.xml": _MATH,
            "ObjectReplacements/Object 1": b"VCLMTF",
            "Pictures/plot.png": picture("plot"),
        },
    )


_SCIENCE = (
    Sheet(
        text="Sample Mass A 1.5 1.5 2 see x y The law a² = b/(c+1) holds. Figure 1: Masses Beside. Words in a frame.",
        tables=((("Sample", "Mass", ""), ("A", "1.5", "1.5"), ("", "2", "see")), (("x", "y"),)),
        pictures=(None,),
    ),
)


def _cell(text: str, kind: str = "string", more: str = "") -> str:
    return f'<table:table-cell office:value-type="{kind}"{more}><text:p>{text}</text:p></table:table-cell>'


def _book() -> bytes:
    """Cells as they were shown, a million empty rows, repeated cells, merged ones, remarks; a sheet out of sight."""
    empty = '<table:table-cell table:number-columns-repeated="1020"/>'
    remark = "<office:annotation><dc:creator>Анна</dc:creator><text:p>уточнить цену</text:p></office:annotation>"
    rows = (
        _cell("Склад № 1", more=' table:number-columns-spanned="3"')
        + '<table:covered-table-cell table:number-columns-repeated="2"/>',
        _cell("Товар") + _cell("Цена") + _cell("Есть"),
        _cell("Чай")
        + _cell("120,50 ₽", "currency", ' office:value="120.5"').replace("<text:p>", remark + "<text:p>")
        + _cell("ИСТИНА", "boolean", ' office:boolean-value="true"'),
        _cell("Сахар") + _cell("60,00 ₽", "currency", ' table:number-columns-repeated="2" office:value="60"'),
    )
    blank = '<table:table-cell table:number-columns-repeated="1024"/></table:table-row>'
    linked = _cell('Проверено <text:a xlink:href="https://example.org">здесь</text:a>')
    date = _cell("12.03.2024", "date", ' office:date-value="2024-03-12"')
    body = (
        '<table:calculation-settings/><table:table table:name="Склад" table:style-name="ta1"><table:table-column/>'
        + "".join(f"<table:table-row>{row}{empty}</table:table-row>" for row in rows)
        + f'<table:table-row table:number-rows-repeated="5">{blank}<table:table-row>{linked}</table:table-row>'
        f'<table:table-row table:number-rows-repeated="1048566">{blank}</table:table>'
        '<table:table table:name="Тайный" table:style-name="ta2"><table:table-row>'
        f"{date}{_cell('приход')}</table:table-row></table:table>"
    )
    automatic = (
        '<style:style style:name="ta1" style:family="table"><style:table-properties table:display="true"/></style:style>'
        '<style:style style:name="ta2" style:family="table"><style:table-properties table:display="false"/></style:style>'
    )
    return odf("spreadsheet", body, automatic=automatic)


_BOOK = (
    Sheet(
        text="Склад № 1 Товар Цена Есть Чай 120,50 ₽ ИСТИНА Сахар 60,00 ₽ 60,00 ₽ Проверено здесь [B3] уточнить цену",
        footnotes=("[B3] уточнить цену",),
        tables=((("Товар", "Цена", "Есть"), ("Чай", "120,50 ₽", "ИСТИНА"), ("Сахар", "60,00 ₽", "60,00 ₽")),),
    ),
    Sheet(text="12.03.2024 приход", tables=((("12.03.2024", "приход"),),)),
)

_SLIDE_STYLES = (
    '<office:automatic-styles><style:page-layout style:name="PM1"><style:page-layout-properties fo:page-width="28cm" '
    'fo:page-height="21cm"/></style:page-layout></office:automatic-styles><office:master-styles>'
    '<style:master-page style:name="Обычный" style:page-layout-name="PM1"/></office:master-styles>'
)


def _frame(content: str, place: str, more: str = "") -> str:
    return f"<draw:frame {place}{more}>{content}</draw:frame>"


def _at(x: float, y: float, width: float, height: float) -> str:
    return f'svg:x="{x}cm" svg:y="{y}cm" svg:width="{width}cm" svg:height="{height}cm"'


def _lecture() -> bytes:
    """Two columns, a list, a picture, a turned picture, a table, notes of the speaker; a slide out of sight."""
    listed = (
        '<draw:text-box><text:list text:style-name="L2">'
        + _item("слева")
        + _item("ниже")
        + "</text:list></draw:text-box>"
    )
    table = (
        "<table:table><table:table-row><table:table-cell><text:p>год</text:p></table:table-cell><table:table-cell><text:p>2024</text:p>"
        '</table:table-cell></table:table-row></table:table><draw:image xlink:href="Pictures/TablePreview1.svm"/>'
    )
    image = '<draw:image xlink:href="Pictures/a.png"/><svg:desc>Схема</svg:desc>'
    body = (
        '<draw:page draw:name="page1" draw:style-name="dp1" draw:master-page-name="Обычный">'
        + _frame("<draw:text-box><text:p>справа</text:p></draw:text-box>", _at(15, 5, 11, 5))
        + _frame(listed, _at(2, 5, 11, 5), ' presentation:class="outline"')
        + _frame(
            "<draw:text-box><text:p>Лекция</text:p></draw:text-box>", _at(2, 1, 24, 3), ' presentation:class="title"'
        )
        + _frame("<draw:text-box/>", _at(2, 12, 5, 5), ' presentation:class="subtitle" presentation:placeholder="true"')
        + _frame(image, _at(2, 11, 8, 6))
        + _frame(
            image, 'svg:width="4cm" svg:height="2cm" draw:transform="rotate (1.5707963267949) translate (20cm 16cm)"'
        )
        + f"<draw:custom-shape {_at(12, 11, 5, 2)}><text:p>на фигуре</text:p><draw:enhanced-geometry/></draw:custom-shape>"
        + _frame(table, _at(2, 18, 10, 2))
        + "<presentation:notes><draw:page-thumbnail/>"
        + _frame(
            "<draw:text-box><text:p>Не спешить.</text:p></draw:text-box>",
            _at(2, 15, 10, 10),
            ' presentation:class="notes"',
        )
        + "</presentation:notes></draw:page>"
        '<draw:page draw:name="page2" draw:style-name="dp2" draw:master-page-name="Обычный">'
        + _frame(
            "<draw:text-box><text:p>Запас</text:p></draw:text-box>", _at(2, 1, 24, 3), ' presentation:class="title"'
        )
        + "</draw:page>"
    )
    automatic = (
        '<style:style style:name="dp2" style:family="drawing-page"><style:drawing-page-properties presentation:visibility="hidden"/></style:style>'
        + _LIST
    )
    return odf(
        "presentation", body, automatic=automatic, styles=_SLIDE_STYLES, parts={"Pictures/a.png": picture("scheme")}
    )


_CM = 72 / 2.54
_LECTURE = (
    Sheet(
        text="Лекция • слева • ниже справа на фигуре год 2024 Не спешить.",
        headings=("Лекция",),
        footnotes=("Не спешить.",),
        tables=((("год", "2024"),),),
        pictures=(
            Rectangle(x=2 * _CM, y=11 * _CM, width=8 * _CM, height=6 * _CM),
            # Turned by a quarter against the clock about its corner: it stands above the point that it was moved to.
            Rectangle(x=20 * _CM, y=12 * _CM, width=2 * _CM, height=4 * _CM),
        ),
    ),
    Sheet(text="Запас", headings=("Запас",)),
)


PAPERS = (
    Paper(name="odt_charter_ru", file_name="устав.odt", make=_charter, sheets=_CHARTER, kind="odt"),
    Paper(name="odt_science_en", file_name="science.odt", make=_science, sheets=_SCIENCE, kind="odt"),
    Paper(name="ods_store_ru", file_name="склад.ods", make=_book, sheets=_BOOK, kind="ods"),
    Paper(name="odp_lecture_ru", file_name="лекция.odp", make=_lecture, sheets=_LECTURE, kind="odp"),
)
