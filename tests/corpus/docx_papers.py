"""Papers of Word, with the XML that Word itself writes: split runs, controls, changes, two branches for one shape."""

# ruff: noqa: E501 - XML is read more easily in its own lines

from tests.corpus.office_parts import docx, picture
from tests.corpus.paper import Paper, Sheet

__all__ = ["PAPERS"]

#: As Russian Word writes them: English names of built-in styles, numbers for ids.
_RUSSIAN_STYLES = """
<w:style w:type="paragraph" w:default="1" w:styleId="a"><w:name w:val="Normal"/></w:style>
<w:style w:type="paragraph" w:styleId="1"><w:name w:val="heading 1"/><w:basedOn w:val="a"/>
  <w:pPr><w:numPr><w:numId w:val="1"/></w:numPr><w:outlineLvl w:val="0"/></w:pPr></w:style>
<w:style w:type="paragraph" w:styleId="2"><w:name w:val="heading 2"/><w:basedOn w:val="a"/>
  <w:pPr><w:numPr><w:ilvl w:val="1"/><w:numId w:val="1"/></w:numPr><w:outlineLvl w:val="1"/></w:pPr></w:style>
<w:style w:type="paragraph" w:customStyle="1" w:styleId="a3"><w:name w:val="Мой Раздел"/><w:basedOn w:val="2"/></w:style>
<w:style w:type="paragraph" w:styleId="a4"><w:name w:val="caption"/><w:basedOn w:val="a"/></w:style>
<w:style w:type="paragraph" w:customStyle="1" w:styleId="a5"><w:name w:val="Листинг"/><w:basedOn w:val="a"/></w:style>
<w:style w:type="paragraph" w:styleId="a6"><w:name w:val="Title"/><w:basedOn w:val="a"/></w:style>
<w:style w:type="paragraph" w:customStyle="1" w:styleId="3"><w:name w:val="Заголовок 3"/><w:basedOn w:val="a"/></w:style>
<w:style w:type="character" w:styleId="a7"><w:name w:val="Hyperlink"/></w:style>
<w:style w:type="table" w:styleId="a8"><w:name w:val="Table Grid"/></w:style>
"""


def _level(place: int, form: str, text: str, more: str = "") -> str:
    return f'<w:lvl w:ilvl="{place}"><w:start w:val="1"/><w:numFmt w:val="{form}"/>{more}<w:lvlText w:val="{text}"/></w:lvl>'


_FIRST = _level(0, "decimal", "%1", '<w:pStyle w:val="1"/>') + _level(1, "decimal", "%1.%2", '<w:pStyle w:val="2"/>')
_SECOND = _level(0, "decimal", "%1.") + _level(1, "russianLower", "%2)") + _level(2, "lowerRoman", "%3.")
_NUMBERING = (
    f'<w:numbering NS><w:abstractNum w:abstractNumId="0">{_FIRST}</w:abstractNum>'
    f'<w:abstractNum w:abstractNumId="1">{_SECOND}</w:abstractNum>'
    '<w:abstractNum w:abstractNumId="2"><w:lvl w:ilvl="0"><w:start w:val="1"/><w:numFmt w:val="bullet"/>'
    '<w:lvlText w:val="&#xF0B7;"/><w:rPr><w:rFonts w:ascii="Symbol" w:hAnsi="Symbol"/></w:rPr></w:lvl></w:abstractNum>'
    '<w:num w:numId="1"><w:abstractNumId w:val="0"/></w:num><w:num w:numId="2"><w:abstractNumId w:val="1"/></w:num>'
    '<w:num w:numId="3"><w:abstractNumId w:val="1"/><w:lvlOverride w:ilvl="0"><w:startOverride w:val="5"/>'
    '</w:lvlOverride></w:num><w:num w:numId="4"><w:abstractNumId w:val="2"/></w:num></w:numbering>'
)


def _p(text: str, style: str = "", more: str = "") -> str:
    named = f'<w:pStyle w:val="{style}"/>' if style else ""
    return (
        f'<w:p w:rsidR="00A77B3E"><w:pPr>{named}{more}</w:pPr><w:r><w:t xml:space="preserve">{text}</w:t></w:r></w:p>'
    )


def _item(text: str, number: int, level: int = 0) -> str:
    return _p(text, more=f'<w:numPr><w:ilvl w:val="{level}"/><w:numId w:val="{number}"/></w:numPr>')


def _tc(text: str, properties: str = "") -> str:
    return f"<w:tc><w:tcPr>{properties}</w:tcPr>{_p(text)}</w:tc>"


def _tr(*cells: str, more: str = "") -> str:
    return f"<w:tr>{f'<w:trPr>{more}</w:trPr>' if more else ''}{''.join(cells)}</w:tr>"


def _tbl(*rows: str) -> str:
    return f'<w:tbl><w:tblPr><w:tblStyle w:val="a8"/></w:tblPr><w:tblGrid/>{"".join(rows)}</w:tbl>'


def _report() -> bytes:
    """Split runs, smart tags, content controls, links, notes, running heads with page numbers."""
    body = (
        _p("Отчёт о продажах", "a6")
        + _p("Введение", "1")
        + '<w:p><w:r><w:rPr><w:lang w:val="ru-RU"/></w:rPr><w:t>Выруч</w:t></w:r><w:proofErr w:type="spellStart"/>'
        '<w:r><w:rPr><w:b/></w:rPr><w:t>ка ком</w:t></w:r><w:proofErr w:type="spellEnd"/>'
        '<w:bookmarkStart w:id="0" w:name="_GoBack"/><w:bookmarkEnd w:id="0"/>'
        '<w:smartTag w:uri="urn:schemas-microsoft-com:office:smarttags" w:element="metricconverter"><w:smartTagPr/>'
        '<w:r><w:t xml:space="preserve">пании за год </w:t></w:r></w:smartTag>'
        "<w:r><w:t>вырос</w:t></w:r><w:r><w:softHyphen/><w:t>ла</w:t></w:r>"
        '<w:r><w:rPr><w:vertAlign w:val="superscript"/></w:rPr><w:footnoteReference w:id="2"/></w:r>'
        '<w:r><w:t xml:space="preserve"> на </w:t></w:r><w:sdt><w:sdtPr><w:alias w:val="доля"/></w:sdtPr><w:sdtContent>'
        "<w:r><w:t>12&#160;%</w:t></w:r></w:sdtContent></w:sdt><w:r><w:t>.</w:t></w:r></w:p>"
        + "<w:sdt><w:sdtPr/><w:sdtContent>"
        + _p("Абзац внутри элемента управления.")
        + "</w:sdtContent></w:sdt>"
        + _p("Методика", "2")
        + '<w:p><w:r><w:t xml:space="preserve">Подробности на </w:t></w:r><w:hyperlink r:id="rIdLink" w:history="1">'
        '<w:r><w:rPr><w:rStyle w:val="a7"/></w:rPr><w:t>сайте компании</w:t></w:r></w:hyperlink><w:r><w:t>.</w:t></w:r>'
        '<w:r><w:endnoteReference w:id="5"/></w:r></w:p>'
        + _p("Результаты", "1")
        + _p("Особый порядок", "a3")
        + _p("Пояснения к порядку", "3")
        + _p("Конец отчёта.")
        + '<w:sectPr><w:headerReference w:type="default" r:id="rIdHead"/><w:headerReference w:type="even" r:id="rIdEven"/>'
        '<w:footerReference w:type="default" r:id="rIdFoot"/></w:sectPr>'
    )
    note = (
        '<w:footnotes NS><w:footnote w:type="separator" w:id="-1"><w:p><w:r><w:separator/></w:r></w:p></w:footnote>'
        '<w:footnote w:id="2"><w:p><w:r><w:footnoteRef/></w:r><w:r><w:t xml:space="preserve"> По данным бухгалтерии.</w:t>'
        "</w:r></w:p></w:footnote></w:footnotes>"
    )
    end = (
        '<w:endnotes NS><w:endnote w:id="5"><w:p><w:r><w:endnoteRef/></w:r><w:r><w:t xml:space="preserve"> Проверено '
        "аудитором.</w:t></w:r></w:p></w:endnote></w:endnotes>"
    )
    foot = (
        '<w:ftr NS><w:p><w:r><w:t xml:space="preserve">Страница </w:t></w:r><w:r><w:fldChar w:fldCharType="begin"/></w:r>'
        '<w:r><w:instrText xml:space="preserve"> PAGE   \\* MERGEFORMAT </w:instrText></w:r>'
        '<w:r><w:fldChar w:fldCharType="separate"/></w:r><w:r><w:t>1</w:t></w:r><w:r><w:fldChar w:fldCharType="end"/></w:r>'
        "</w:p></w:ftr>"
    )
    return docx(
        body,
        styles=_RUSSIAN_STYLES,
        title="Отчёт о продажах",
        author="Иванов И. И.",
        parts={
            "numbering.xml": _NUMBERING,
            "footnotes.xml": note,
            "endnotes.xml": end,
            "header1.xml": f"<w:hdr NS>{_p('ООО «Самовар»')}</w:hdr>",
            "header2.xml": f"<w:hdr NS>{_p('Чётная страница, которой нет')}</w:hdr>",
            "footer1.xml": foot,
        },
        related=(
            ("rIdNum", "numbering", "numbering.xml"),
            ("rIdNotes", "footnotes", "footnotes.xml"),
            ("rIdEnd", "endnotes", "endnotes.xml"),
            ("rIdHead", "header", "header1.xml"),
            ("rIdEven", "header", "header2.xml"),
            ("rIdFoot", "footer", "footer1.xml"),
            ("rIdLink", "hyperlink", "https://example.org/otchet"),
        ),
    )


_REPORT = Sheet(
    text="Отчёт о продажах 1 Введение Выручка компании за год выросла [1] на 12 %. Абзац внутри элемента управления. "
    "1.1 Методика Подробности на сайте компании. [e1] 2 Результаты 2.1 Особый порядок Пояснения к порядку Конец отчёта. "
    "[1] По данным бухгалтерии. [e1] Проверено аудитором.",
    header="ООО «Самовар»",
    footer="Страница 1",
    headings=(
        "Отчёт о продажах", "1 Введение", "1.1 Методика", "2 Результаты", "2.1 Особый порядок", "Пояснения к порядку",
    ),
    footnotes=("[1] По данным бухгалтерии.", "[e1] Проверено аудитором."),
)  # fmt: skip


def _field(kind: str) -> str:
    return f'<w:r><w:fldChar w:fldCharType="{kind}"/></w:r>'


def _contract() -> bytes:
    """Tracked changes, a deleted end of paragraph, remarks, fields, hidden words, form fields."""
    by = 'w:id="1" w:author="Ann" w:date="2024-01-01T00:00:00Z"'
    body = (
        _p("Service contract", "Heading1")
        + f'<w:p><w:r><w:t xml:space="preserve">The price is </w:t></w:r><w:del {by}><w:r><w:delText>900</w:delText></w:r>'
        f'</w:del><w:ins {by}><w:r><w:t>1,200</w:t></w:r></w:ins><w:r><w:t xml:space="preserve"> euros</w:t></w:r>'
        '<w:commentRangeStart w:id="7"/><w:r><w:t>.</w:t></w:r><w:commentRangeEnd w:id="7"/>'
        '<w:r><w:commentReference w:id="7"/></w:r></w:p>'
        + f"<w:p><w:pPr><w:rPr><w:del {by}/></w:rPr></w:pPr><w:r><w:t>One paragraph</w:t></w:r></w:p>"
        + '<w:p><w:r><w:t xml:space="preserve"> was two before.</w:t></w:r></w:p>'
        + f"<w:p><w:moveFrom {by}><w:r><w:t>Moved words.</w:t></w:r></w:moveFrom></w:p>"
        + '<w:p><w:r><w:t xml:space="preserve">Valid until </w:t></w:r>'
        + _field("begin")
        + '<w:r><w:instrText xml:space="preserve"> DATE \\@ "d MMMM yyyy" </w:instrText></w:r>'
        + _field("separate")
        + "<w:r><w:t>5 March 2024</w:t></w:r>"
        + _field("end")
        + '<w:r><w:t xml:space="preserve">, see </w:t></w:r>'
        + _field("begin")
        + '<w:r><w:instrText xml:space="preserve"> HYPERLINK "https://example.org/terms" </w:instrText></w:r>'
        + _field("separate")
        + "<w:r><w:t>the terms</w:t></w:r>"
        + _field("end")
        + "<w:r><w:rPr><w:vanish/></w:rPr><w:t>SECRET</w:t></w:r></w:p>"
        + f"<w:p><w:moveTo {by}><w:r><w:t>Moved words.</w:t></w:r></w:moveTo></w:p>"
        + '<w:p><w:r><w:fldChar w:fldCharType="begin"><w:ffData><w:checkBox><w:default w:val="0"/><w:checked/></w:checkBox>'
        "</w:ffData></w:fldChar></w:r><w:r><w:instrText> FORMCHECKBOX </w:instrText></w:r>"
        + _field("end")
        + '<w:r><w:t xml:space="preserve"> Accepted</w:t></w:r><w:r><w:noBreakHyphen/><w:t>signed</w:t></w:r></w:p>'
    )
    remarks = (
        f'<w:comments NS><w:comment w:id="7" w:author="Ann Lee">{_p("Is this with tax?")}</w:comment>'
        f'<w:comment w:id="8" w:author="Bob">{_p("Nobody asked.")}</w:comment></w:comments>'
    )
    styles = '<w:style w:type="paragraph" w:styleId="Heading1"><w:name w:val="Heading 1"/></w:style>'
    return docx(
        body,
        styles=styles,
        parts={"comments.xml": remarks},
        related=(("rIdRemarks", "comments", "comments.xml"),),
        main_type="template.main+xml",
    )


_CONTRACT = Sheet(
    text="Service contract The price is 1,200 euros. One paragraph was two before. Valid until 5 March 2024, see the "
    "terms Moved words. ☒ Accepted-signed [Ann Lee] Is this with tax?",
    headings=("Service contract",),
    footnotes=("[Ann Lee] Is this with tax?",),
)


def _tables() -> bytes:
    """Merged cells both ways, a table inside a cell, skipped places, a deleted row, a frame of one cell."""
    restart, goes_on = '<w:vMerge w:val="restart"/>', "<w:vMerge/>"
    inner = _tbl(_tr(_tc("янв"), _tc("10")), _tr(_tc("фев"), _tc("20")))
    nested = f"<w:tc><w:tcPr/>{_p('по месяцам')}{inner}{_p('')}</w:tc>"
    body = (
        _p("Таблица 1 – Продажи", "a4")
        + _tbl(
            _tr(_tc("Товар", restart), _tc("Продажи", '<w:gridSpan w:val="2"/>'), more="<w:tblHeader/>"),
            _tr(_tc("", goes_on), _tc("штук"), _tc("рублей"), more="<w:tblHeader/>"),
            _tr(_tc("Чайник"), _tc("12"), _tc("24 000")),
            _tr(_tc("Удалено"), _tc("0"), _tc("0"), more='<w:del w:id="3" w:author="Анна"/>'),
            f"<w:sdt><w:sdtContent>{_tr(_tc('Самовар'), _tc('3'), nested)}</w:sdtContent></w:sdt>",
            _tr(_tc("27"), _tc("итого"), more='<w:gridBefore w:val="1"/>'),
        )
        + _p("Между таблицами.")
        + _tbl(_tr(f"<w:tc>{_p('Внимание!')}{_p('Рамка из одной ячейки.')}</w:tc>"))
    )
    return docx(body, styles=_RUSSIAN_STYLES)


_TABLES = Sheet(
    text="Таблица 1 – Продажи Товар Продажи штук рублей Чайник 12 24 000 Самовар 3 по месяцам 27 итого янв 10 фев 20 "
    "Между таблицами. Внимание! Рамка из одной ячейки.",
    tables=(
        (
            ("Товар", "Продажи", ""),
            ("", "штук", "рублей"),
            ("Чайник", "12", "24 000"),
            ("Самовар", "3", "по месяцам"),
            ("", "27", "итого"),
        ),
        (("янв", "10"), ("фев", "20")),
    ),
)


def _lists() -> bytes:
    """Levels, Russian letters, a list that goes on after a paragraph, one that starts at five, bullets of Symbol."""
    body = (
        _item("подготовить", 2)
        + _item("бумаги", 2, 1)
        + _item("печать", 2, 1)
        + _item("круглую", 2, 2)
        + _item("отправить", 2)
        + _item("почтой", 2, 1)
        + _p("Просто абзац.")
        + _item("получить ответ", 2)
        + _item("начать с пятого", 3)
        + _item("потом шестое", 3)
        + _item("без номера", 4)
        + _p("не пункт", more='<w:numPr><w:ilvl w:val="0"/><w:numId w:val="0"/></w:numPr>')
    )
    return docx(
        body,
        styles=_RUSSIAN_STYLES,
        parts={"numbering.xml": _NUMBERING},
        related=(("rIdNum", "numbering", "numbering.xml"),),
    )


_LISTS = Sheet(
    text="1. подготовить а) бумаги б) печать i. круглую 2. отправить а) почтой Просто абзац. 3. получить ответ "
    "5. начать с пятого 6. потом шестое • без номера не пункт"
)


def _math() -> bytes:
    """Equations inside a line and apart, Greek letters of the font Symbol."""

    def run(text: str) -> str:
        return f"<m:r><m:t>{text}</m:t></m:r>"

    root = f'<m:rad><m:radPr><m:degHide m:val="1"/></m:radPr><m:deg/><m:e>{run("D")}</m:e></m:rad>'
    fraction = f"<m:f><m:num>{run('−b ± ')}{root}</m:num><m:den>{run('2a')}</m:den></m:f>"
    square = f"<m:sSup><m:e>{run('x')}</m:e><m:sup>{run('2')}</m:sup></m:sSup>"
    total = (
        '<m:nary><m:naryPr><m:chr m:val="∑"/></m:naryPr>'
        f"<m:sub>{run('i=1')}</m:sub><m:sup>{run('n')}</m:sup><m:e>{run('i')}</m:e></m:nary>"
    )
    body = (
        f'<w:p><w:r><w:t xml:space="preserve">The roots of </w:t></w:r><m:oMath>{square}{run("+px+q=0")}</m:oMath>'
        '<w:r><w:t xml:space="preserve"> are:</w:t></w:r></w:p>'
        f"<w:p><m:oMathPara><m:oMath>{run('x=')}{fraction}</m:oMath></m:oMathPara></w:p>"
        f"<w:p><m:oMath>{total}</m:oMath></w:p>"
        '<w:p><w:r><w:t xml:space="preserve">Angle </w:t></w:r><w:r><w:sym w:font="Symbol" w:char="F061"/></w:r>'
        '<w:r><w:t xml:space="preserve"> and </w:t></w:r><w:r><w:rPr><w:rFonts w:ascii="Symbol" w:hAnsi="Symbol"/></w:rPr>'
        "<w:t>&#xF062;</w:t></w:r></w:p>"
    )
    return docx(body)


_MATH = Sheet(
    text="The roots of x² +px+q = 0 are: x = (−b ± √D)/(2a) ∑_(i = 1)ⁿ i Angle α and β",
)


def _drawing(relationship: str, alt: str, number: int) -> str:
    return (
        f'<w:drawing><wp:inline><wp:docPr id="{number}" name="Рисунок {number}" descr="{alt}"/><a:graphic><a:graphicData '
        'uri="http://schemas.openxmlformats.org/drawingml/2006/picture"><pic:pic><pic:blipFill>'
        f'<a:blip r:embed="{relationship}"/></pic:blipFill></pic:pic></a:graphicData></a:graphic></wp:inline></w:drawing>'
    )


def _box(text: str) -> str:
    """A text box in both branches, as Word writes each."""
    return (
        '<mc:AlternateContent><mc:Choice Requires="wps"><w:drawing><wp:anchor><wp:docPr id="9" name="Надпись"/><a:graphic>'
        '<a:graphicData uri="http://schemas.microsoft.com/office/word/2010/wordprocessingShape"><wps:wsp><wps:txbx>'
        f"<w:txbxContent>{_p(text)}</w:txbxContent></wps:txbx></wps:wsp></a:graphicData></a:graphic></wp:anchor></w:drawing>"
        f'</mc:Choice><mc:Fallback><w:pict><v:shape type="#_x0000_t202"><v:textbox><w:txbxContent>{_p(text)}'
        "</w:txbxContent></v:textbox></v:shape></w:pict></mc:Fallback></mc:AlternateContent>"
    )


_CHART = (
    '<c:chartSpace xmlns:c="http://schemas.openxmlformats.org/drawingml/2006/chart" '
    'xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main"><c:chart><c:title><c:tx><c:rich><a:p><a:r><a:t>'
    "Спрос</a:t></a:r></a:p></c:rich></c:tx></c:title><c:plotArea><c:barChart><c:ser><c:tx><c:strRef><c:strCache>"
    '<c:pt idx="0"><c:v>2023</c:v></c:pt></c:strCache></c:strRef></c:tx><c:cat><c:strRef><c:strCache>'
    '<c:pt idx="0"><c:v>Чай</c:v></c:pt><c:pt idx="1"><c:v>Кофе</c:v></c:pt></c:strCache></c:strRef></c:cat>'
    '<c:val><c:numRef><c:numCache><c:formatCode>General</c:formatCode><c:pt idx="0"><c:v>4.2</c:v></c:pt>'
    '<c:pt idx="1"><c:v>0.30000000000000004</c:v></c:pt></c:numCache></c:numRef></c:val></c:ser></c:barChart>'
    "</c:plotArea></c:chart></c:chartSpace>"
)


def _figures() -> bytes:
    """Pictures with words for the blind, a drawing that nobody can decode, a text box, a chart, a VML picture."""
    chart = (
        '<w:drawing><wp:inline><wp:docPr id="4" name="Диаграмма"/><a:graphic><a:graphicData '
        'uri="http://schemas.openxmlformats.org/drawingml/2006/chart">'
        '<c:chart xmlns:c="http://schemas.openxmlformats.org/drawingml/2006/chart" r:id="rIdChart"/>'
        "</a:graphicData></a:graphic></wp:inline></w:drawing>"
    )
    body = (
        f"<w:p><w:r><w:t>До рисунка.</w:t></w:r><w:r>{_drawing('rIdRed', 'Красный круг', 1)}</w:r></w:p>"
        + _p("Рисунок 1. Круг", "a4")
        + f"<w:p><w:r>{_box('Слова в рамке')}</w:r><w:r><w:t>Рядом с рамкой.</w:t></w:r></w:p>"
        + f"<w:p><w:r>{_drawing('rIdEmf', 'Схема цеха', 2)}</w:r></w:p>"
        + f"<w:p><w:r>{chart}</w:r></w:p>"
        + '<w:p><w:r><w:pict><v:shape alt="Печать"><v:imagedata r:id="rIdBlue"/></v:shape></w:pict></w:r></w:p>'
    )
    return docx(
        body,
        styles=_RUSSIAN_STYLES,
        parts={
            "media/image1.png": picture("red"),
            "media/image2.emf": b"\x01\x00\x00\x00" + bytes(36) + b" EMF" + bytes(60),
            "media/image3.png": picture("blue"),
            "charts/chart1.xml": _CHART,
        },
        related=(
            ("rIdRed", "image", "media/image1.png"),
            ("rIdEmf", "image", "media/image2.emf"),
            ("rIdBlue", "image", "media/image3.png"),
            ("rIdChart", "chart", "charts/chart1.xml"),
        ),
    )


_FIGURES = Sheet(
    text="До рисунка. Рисунок 1. Круг Рядом с рамкой. Слова в рамке Схема цеха Спрос 2023 Чай 4.2 Кофе 0.3",
    tables=((("", "2023"), ("Чай", "4.2"), ("Кофе", "0.3")),),
    pictures=(None, None),
)


def _program() -> bytes:
    """Lines of a program with their indents, and a piece of HTML that Word would take in (and we do not)."""
    body = (
        _p("Программа", "1")
        + _p("def f(x):", "a5")
        + _p("    return x + 1", "a5")
        + _p("Вызов показан выше.")
        + '<w:altChunk r:id="rIdHtml"/>'
        + _p("После вставки.")
    )
    return docx(
        body,
        styles=_RUSSIAN_STYLES,
        parts={"afchunk.html": b"<html><body>altChunk</body></html>", "numbering.xml": _NUMBERING},
        related=(("rIdHtml", "aFChunk", "afchunk.html"), ("rIdNum", "numbering", "numbering.xml")),
    )


_PROGRAM = Sheet(
    text="1 Программа def f(x): return x + 1 Вызов показан выше. После вставки.", headings=("1 Программа",)
)


def _paper(name: str, make: object, sheet: Sheet, ending: str = "docx") -> Paper:
    assert callable(make)
    return Paper(name=name, file_name=f"{name}.{ending}", make=make, sheets=(sheet,), kind="docx")


PAPERS = (
    _paper("docx_report_ru", _report, _REPORT),
    _paper("docx_contract_en", _contract, _CONTRACT, "dotx"),
    _paper("docx_tables_ru", _tables, _TABLES),
    _paper("docx_lists_ru", _lists, _LISTS),
    _paper("docx_equations_en", _math, _MATH),
    _paper("docx_figures_ru", _figures, _FIGURES),
    _paper("docx_program_ru", _program, _PROGRAM),
)
