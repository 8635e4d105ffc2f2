"""Workbooks as Excel and other programs write them: shared and inline strings, formats, merges, several tables."""

# ruff: noqa: E501 - XML is read more easily in its own lines

from tests.corpus.office_parts import picture, relationships, xlsx
from tests.corpus.paper import Paper, Sheet

__all__ = ["PAPERS"]

_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
#: Cell styles: 0 plain, 1 bold, 2 date, 3 money, 4 percent, 5 own date, 6 accounting, 7 time, 8 telephone.
_STYLES = (
    '<numFmts count="4"><numFmt numFmtId="164" formatCode="#,##0.00\\ &quot;₽&quot;"/>'
    '<numFmt numFmtId="165" formatCode="[$-419]d\\ mmmm\\ yyyy\\ &quot;г.&quot;;@"/>'
    '<numFmt numFmtId="166" formatCode="_-* #,##0.00_-;\\-* #,##0.00_-;_-* &quot;-&quot;??_-;_-@_-"/>'
    '<numFmt numFmtId="167" formatCode="\\+0\\ \\(000\\)\\ 000\\-00\\-00"/></numFmts>'
    '<fonts count="2"><font><sz val="11"/></font><font><b/><sz val="11"/></font></fonts>'
    '<cellXfs count="9"><xf numFmtId="0" fontId="0"/><xf numFmtId="0" fontId="1"/><xf numFmtId="14" fontId="0"/>'
    '<xf numFmtId="164" fontId="0"/><xf numFmtId="10" fontId="0"/><xf numFmtId="165" fontId="0"/>'
    '<xf numFmtId="166" fontId="0"/><xf numFmtId="46" fontId="0"/><xf numFmtId="167" fontId="0"/></cellXfs>'
)


def _rows(*rows: tuple[int, str]) -> str:
    written = "".join(f'<row r="{number}" spans="1:9">{cells}</row>' for number, cells in rows)
    return f"<sheetData>{written}</sheetData>"


def _s(place: str, number: int, style: int = 0) -> str:
    return f'<c r="{place}" s="{style}" t="s"><v>{number}</v></c>'


def _n(place: str, value: str, style: int = 0, formula: str = "") -> str:
    counted = f"<f>{formula}</f>" if formula else ""
    return f'<c r="{place}" s="{style}">{counted}<v>{value}</v></c>'


def _t(place: str, text: str) -> str:
    return f'<c r="{place}" t="inlineStr"><is><t>{text}</t></is></c>'


def _report() -> bytes:
    """A title over the table, money, dates, percents, truths, errors, a counted formula; a hidden sheet."""
    words = ["Отчёт за первый квартал", "Товар", "Дата", "Сумма", "Доля", "Сдано", "Чайник", "Итого", "Примечание"]
    strings = "".join(f"<si><t>{word}</t></si>" for word in words)
    rich = (
        '<si><r><t>Само</t></r><r><rPr><b/></rPr><t xml:space="preserve">вар </t></r><r><t>медный</t></r>'
        '<rPh sb="0" eb="1"><t>ЧТЕНИЕ</t></rPh></si>'
    )
    first = _rows(
        (1, _s("A1", 0, 1)),
        (2, "".join(_s(f"{letter}2", number, 1) for letter, number in zip("ABCDE", range(1, 6), strict=True))),
        (
            3,
            _s("A3", 6)
            + _n("B3", "45356", 2)
            + _n("C3", "1234567.5", 3)
            + _n("D3", "0.125", 4)
            + '<c r="E3" t="b"><v>1</v></c>',
        ),
        (
            4,
            _s("A4", 9)
            + _n("B4", "45357", 5)
            + _n("C4", "-20", 6)
            + _n("D4", "0.875", 4)
            + '<c r="E4" t="e"><v>#ДЕЛ/0!</v></c>',
        ),
        (
            5,
            _s("A5", 7, 1)
            + '<c r="B5" s="2"/>'
            + _n("C5", "1234547.5", 3, "SUM(C3:C4)")
            + '<c r="D5"/><c r="E5" t="str"><f>IF(1,"да")</f><v>да</v></c>',
        ),
        (8, _s("B8", 8) + _n("C8", "79991234567", 8)),
    )
    merges = '<mergeCells count="1"><mergeCell ref="A1:E1"/></mergeCells>'
    header = '<headerFooter><oddHeader>&amp;L&amp;"Arial,Regular"&amp;10Для служебного пользования&amp;R&amp;P</oddHeader></headerFooter>'
    second = _rows((1, _n("A1", "1.5", 7) + _t("B1", "часы")))
    return xlsx(
        {"Квартал 1": first + merges + header, "Служебный": second},
        strings=strings + rich,
        styles=_STYLES,
        states={"Служебный": "hidden"},
    )


_REPORT = (
    Sheet(
        text="Отчёт за первый квартал Товар Дата Сумма Доля Сдано Чайник 05.03.2024 1 234 567,50 ₽ 12,50% ИСТИНА "
        "Самовар медный 6 марта 2024 г. -20,00 87,50% #ДЕЛ/0! Итого 1 234 547,50 ₽ да Примечание +7 (999) 123-45-67",
        header="Для служебного пользования",
        tables=(
            (
                ("Товар", "Дата", "Сумма", "Доля", "Сдано"),
                ("Чайник", "05.03.2024", "1 234 567,50 ₽", "12,50%", "ИСТИНА"),
                ("Самовар медный", "6 марта 2024 г.", "-20,00", "87,50%", "#ДЕЛ/0!"),
                ("Итого", "", "1 234 547,50 ₽", "", "да"),
            ),
            (("Примечание", "+7 (999) 123-45-67"),),
        ),
    ),
    Sheet(text="36:00:00 часы", tables=((("36:00:00", "часы"),),)),
)


def _old_mac() -> bytes:
    """Days counted from 1904, inline strings without references, a formula that nobody has counted."""
    cells = _rows(
        (
            1,
            '<c t="inlineStr"><is><t>Item</t></is></c><c t="inlineStr"><is><r><t>Bou</t></r><r><t>ght</t></r></is></c><c t="inlineStr"><is><t>Price</t></is></c>',
        ),
        (
            2,
            '<c t="inlineStr"><is><t>Kettle</t></is></c><c s="2"><v>43894</v></c><c s="0"><v>19.989999999999998</v></c>',
        ),
        (3, '<c t="inlineStr"><is><t>Total</t></is></c><c/><c><f>SUM(C2:C2)</f></c>'),
    )
    return xlsx({"Purchases": cells}, styles=_STYLES, workbook='<workbookPr date1904="1"/>')


_OLD_MAC = (
    Sheet(
        text="Item Bought Price Kettle 3/5/2024 19.99 Total =SUM(C2:C2)",
        tables=((("Item", "Bought", "Price"), ("Kettle", "3/5/2024", "19.99"), ("Total", "", "=SUM(C2:C2)")),),
    ),
)


def _column(number: int) -> str:
    letters = ""
    while number:
        number, rest = divmod(number - 1, 26)
        letters = chr(65 + rest) + letters
    return letters


def _wide() -> bytes:
    """A hundred columns: names of months of many years above numbers."""
    head = "".join(_t(f"{_column(place)}1", f"показатель {place}") for place in range(1, 101))
    rows = [(1, head)]
    rows.extend(
        (row, "".join(_n(f"{_column(place)}{row}", str(row * 1000 + place)) for place in range(1, 101)))
        for row in range(2, 12)
    )
    return xlsx({"Широкий": _rows(*rows)}, styles=_STYLES)


_WIDE_ROWS = (
    tuple(f"показатель {place}" for place in range(1, 101)),
    *(tuple(str(row * 1000 + place) for place in range(1, 101)) for row in range(2, 12)),
)
_WIDE = (Sheet(text=" ".join(word for row in _WIDE_ROWS for word in row), tables=(_WIDE_ROWS,)),)


def _plan() -> bytes:
    """Merged headings over two rows, two tables side by side, a remark, a link, a picture, a text box."""
    cells = _rows(
        (1, _t("A1", "Team") + _t("B1", "Hours") + '<c r="C1"/>' + _t("E1", "Code") + _t("F1", "Meaning")),
        (2, '<c r="A2"/>' + _t("B2", "plan") + _t("C2", "fact") + _t("E2", "A") + _t("F2", "away")),
        (3, _t("A3", "North") + _n("B3", "40") + _n("C3", "38.5") + _t("E3", "S") + _t("F3", "sick")),
        (4, _t("A4", "South") + _n("B4", "40") + _n("C4", "41") + _t("E4", "W") + _t("F4", "at work")),
        (900, _t("ZZ900", "far away")),
    )
    more = (
        '<mergeCells count="2"><mergeCell ref="A1:A2"/><mergeCell ref="B1:C1"/></mergeCells>'
        '<hyperlinks><hyperlink ref="A3" r:id="rIdLink"/></hyperlinks><drawing r:id="rIdDrawing"/><legacyDrawing r:id="rIdOld"/>'
    )
    drawing = (
        '<xdr:wsDr xmlns:xdr="http://schemas.openxmlformats.org/drawingml/2006/spreadsheetDrawing" '
        'xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main" '
        'xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"><xdr:twoCellAnchor><xdr:pic>'
        '<xdr:nvPicPr><xdr:cNvPr id="2" name="Picture 1" descr="Seal"/></xdr:nvPicPr><xdr:blipFill><a:blip r:embed="rId1"/>'
        "</xdr:blipFill></xdr:pic></xdr:twoCellAnchor><xdr:twoCellAnchor><xdr:sp><xdr:txBody><a:p><a:r><a:t>Approved by </a:t>"
        "</a:r><a:r><a:t>the board</a:t></a:r></a:p></xdr:txBody></xdr:sp></xdr:twoCellAnchor></xdr:wsDr>"
    )
    remarks = (
        f'<comments xmlns="{_MAIN}"><authors><author>Ann</author></authors><commentList><comment ref="C3" authorId="0"><text>'
        "<r><t>Ann:</t></r><r><t>\nchecked twice</t></r></text></comment></commentList></comments>"
    )
    return xlsx(
        {"Plan": cells + more},
        styles=_STYLES,
        parts={
            "worksheets/_rels/sheet1.xml.rels": relationships(
                ("rIdLink", "hyperlink", "https://example.org/north"),
                ("rIdDrawing", "drawing", "../drawings/drawing1.xml"),
                ("rIdRemarks", "comments", "../comments1.xml"),
            ),
            "drawings/drawing1.xml": drawing,
            "drawings/_rels/drawing1.xml.rels": relationships(("rId1", "image", "../media/image1.png")),
            "media/image1.png": picture("seal"),
            "comments1.xml": remarks,
        },
    )


_PLAN = (
    Sheet(
        text="Team Hours plan fact North 40 38.5 South 40 41 Code Meaning A away S sick W at work far away "
        "Approved by the board [C3] checked twice",
        footnotes=("[C3] checked twice",),
        tables=(
            (("Team", "Hours", ""), ("", "plan", "fact"), ("North", "40", "38.5"), ("South", "40", "41")),
            (("Code", "Meaning"), ("A", "away"), ("S", "sick"), ("W", "at work")),
        ),
        pictures=(None,),
    ),
)


def _paper(name: str, make: object, sheets: tuple[Sheet, ...], ending: str = "xlsx") -> Paper:
    assert callable(make)
    return Paper(name=name, file_name=f"{name}.{ending}", make=make, sheets=sheets, kind="xlsx")


PAPERS = (
    _paper("xlsx_report_ru", _report, _REPORT),
    _paper("xlsx_purchases_en", _old_mac, _OLD_MAC),
    _paper("xlsx_wide_ru", _wide, _WIDE),
    _paper("xlsx_plan_en", _plan, _PLAN, "xlsm"),
)
