"""Slides as PowerPoint writes them: places and bullets that come from the layout and the master, groups, notes."""

# ruff: noqa: E501 - XML is read more easily in its own lines

from tests.corpus.office_parts import RELS, picture, pptx
from tests.corpus.paper import Paper, Sheet

from samovar.domain.layout import Rectangle

__all__ = ["PAPERS"]

_POINT = 12_700
_LAYOUT = (
    '<p:sp><p:nvSpPr><p:cNvPr id="2" name="Заголовок"/><p:cNvSpPr/><p:nvPr><p:ph type="title"/></p:nvPr></p:nvSpPr><p:spPr>'
    '<a:xfrm><a:off x="635000" y="254000"/><a:ext cx="10922000" cy="1016000"/></a:xfrm></p:spPr><p:txBody/></p:sp>'
    '<p:sp><p:nvSpPr><p:cNvPr id="3" name="Объект"/><p:cNvSpPr/><p:nvPr><p:ph idx="1"/></p:nvPr></p:nvSpPr><p:spPr>'
    '<a:xfrm><a:off x="635000" y="1524000"/><a:ext cx="5080000" cy="3810000"/></a:xfrm></p:spPr><p:txBody/></p:sp>'
)
_MASTER = (
    "<p:cSld><p:spTree/></p:cSld><p:txStyles><p:bodyStyle>"
    '<a:lvl1pPr><a:buFont typeface="Arial"/><a:buChar char="•"/></a:lvl1pPr><a:lvl2pPr><a:buChar char="–"/></a:lvl2pPr>'
    "</p:bodyStyle></p:txStyles>"
)


def _place(x: float, y: float, width: float, height: float, more: str = "") -> str:
    x, y, width, height = (round(side * _POINT) for side in (x, y, width, height))
    return f'<a:xfrm{more}><a:off x="{x}" y="{y}"/><a:ext cx="{width}" cy="{height}"/></a:xfrm>'


def _paragraph(text: str, properties: str = "") -> str:
    return f'<a:p>{properties}<a:r><a:rPr lang="ru-RU" dirty="0"/><a:t>{text}</a:t></a:r></a:p>'


def _shape(paragraphs: str, *, placeholder: str = "", place: str = "", more: str = "") -> str:
    filled = f"<p:ph {placeholder}/>" if placeholder else ""
    return (
        f'<p:sp><p:nvSpPr><p:cNvPr id="5" name="TextBox 4"{more}/><p:cNvSpPr/><p:nvPr>{filled}</p:nvPr></p:nvSpPr>'
        f"<p:spPr>{place}</p:spPr><p:txBody><a:bodyPr/><a:lstStyle/>{paragraphs}</p:txBody></p:sp>"
    )


def _picture(relationship: str, place: str, alt: str) -> str:
    return (
        f'<p:pic><p:nvPicPr><p:cNvPr id="7" name="Рисунок" descr="{alt}"/><p:cNvPicPr/><p:nvPr/></p:nvPicPr><p:blipFill>'
        f'<a:blip r:embed="{relationship}"/></p:blipFill><p:spPr>{place}</p:spPr></p:pic>'
    )


def _deck() -> bytes:
    """Title and bullets without places of their own, numbers, a picture, notes; a hidden slide; a footer."""
    first = (
        # The picture stands first in the file and last on the slide.
        _picture("rIdPicture", _place(500, 150, 300, 200), "Завод")
        + _shape(
            _paragraph("Первый пункт")
            + _paragraph("Вложенный", '<a:pPr lvl="1"/>')
            + _paragraph("Шаг", '<a:pPr><a:buFont typeface="+mj-lt"/><a:buAutoNum type="arabicParenR"/></a:pPr>')
            + _paragraph("Ещё шаг", '<a:pPr><a:buFont typeface="+mj-lt"/><a:buAutoNum type="arabicParenR"/></a:pPr>')
            + _paragraph("Без знака", '<a:pPr marL="0"><a:buNone/></a:pPr>'),
            placeholder='idx="1"',
        )
        + _shape(_paragraph("Планы") + _paragraph("на год"), placeholder='type="title"')
        + _shape(
            '<a:p><a:fld type="slidenum"><a:t>1</a:t></a:fld></a:p>', placeholder='type="sldNum" sz="quarter" idx="12"'
        )
        + _shape(_paragraph("ООО «Самовар»"), placeholder='type="ftr" idx="11"', place=_place(300, 500, 300, 30))
    )
    second = _shape(_paragraph("Запасной слайд"), placeholder='type="ctrTitle"')
    notes = (
        f'<p:notes xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main" xmlns:r="{RELS}" '
        'xmlns:p="http://schemas.openxmlformats.org/presentationml/2006/main"><p:cSld><p:spTree>'
        + _shape(_paragraph("1"), placeholder='type="sldNum"')
        + _shape(_paragraph("Сказать о цене.") + _paragraph("Показать образец."), placeholder='type="body" idx="1"')
        + "</p:spTree></p:cSld></p:notes>"
    )
    return pptx(
        (first, second),
        layout=_LAYOUT,
        master=_MASTER,
        related={
            1: (
                ("rIdPicture", "image", "../media/image1.png"),
                ("rIdNotes", "notesSlide", "../notesSlides/notesSlide1.xml"),
            )
        },
        parts={"media/image1.png": picture("works", 90, 60), "notesSlides/notesSlide1.xml": notes},
        attributes={2: ' show="0"'},
    )


_DECK = (
    Sheet(
        text="Планы на год • Первый пункт – Вложенный 1) Шаг 2) Ещё шаг Без знака Сказать о цене. Показать образец.",
        footer="1 ООО «Самовар»",
        headings=("Планы на год",),
        footnotes=("Сказать о цене. Показать образец.",),
        pictures=(Rectangle(x=500, y=150, width=300, height=200),),
    ),
    Sheet(text="Запасной слайд", headings=("Запасной слайд",)),
)


def _columns() -> bytes:
    """Two columns in a group that has units of its own, a table with merged cells, a turned picture, a diagram."""
    group = (
        '<p:grpSp><p:nvGrpSpPr><p:cNvPr id="8" name="Group"/><p:cNvGrpSpPr/><p:nvPr/></p:nvGrpSpPr><p:grpSpPr><a:xfrm>'
        '<a:off x="635000" y="635000"/><a:ext cx="10160000" cy="2540000"/><a:chOff x="0" y="0"/><a:chExt cx="800" cy="200"/>'
        "</a:xfrm></p:grpSpPr>"
        # The file has the right column first; units of the group are points here.
        + _shape(
            _paragraph("Right one.") + _paragraph("Right two."),
            place='<a:xfrm><a:off x="420" y="0"/><a:ext cx="380" cy="200"/></a:xfrm>',
        )
        + _shape(_paragraph("Left top."), place='<a:xfrm><a:off x="0" y="0"/><a:ext cx="380" cy="90"/></a:xfrm>')
        + _shape(_paragraph("Left bottom."), place='<a:xfrm><a:off x="0" y="110"/><a:ext cx="380" cy="90"/></a:xfrm>')
        + "</p:grpSp>"
    )

    def cell(text: str, more: str = "") -> str:
        return f"<a:tc{more}><a:txBody><a:bodyPr/>{_paragraph(text)}</a:txBody><a:tcPr/></a:tc>"

    head = cell("Region") + cell("Sales", ' gridSpan="2"') + cell("", ' hMerge="1"')
    middle = cell("North", ' rowSpan="2"') + cell("tea") + cell("12")
    last = cell("", ' vMerge="1"') + cell("coffee") + cell("7")
    table = (
        '<p:graphicFrame><p:nvGraphicFramePr><p:cNvPr id="9" name="Table"/><p:cNvGraphicFramePr/><p:nvPr/></p:nvGraphicFramePr>'
        '<p:xfrm><a:off x="635000" y="3556000"/><a:ext cx="5080000" cy="1270000"/></p:xfrm><a:graphic><a:graphicData '
        'uri="http://schemas.openxmlformats.org/drawingml/2006/table"><a:tbl><a:tblPr firstRow="1"/><a:tblGrid/>'
        f"<a:tr>{head}</a:tr><a:tr>{middle}</a:tr><a:tr>{last}</a:tr></a:tbl></a:graphicData></a:graphic></p:graphicFrame>"
    )
    turned = _picture("rIdPicture", _place(600, 300, 200, 100, ' rot="5400000"'), "Arrow")
    link = (
        '<a:p><a:r><a:t>Read </a:t></a:r><a:r><a:rPr><a:hlinkClick r:id="rIdLink"/></a:rPr><a:t>more</a:t></a:r><a:br/>'
        "<a:r><a:t>here.</a:t></a:r></a:p>"
    )
    unseen = _shape(_paragraph("Never seen"), place=_place(10, 10, 50, 20), more=' hidden="1"')
    slide = table + turned + group + _shape(link, place=_place(50, 480, 300, 30)) + unseen
    return pptx(
        (slide,),
        layout=_LAYOUT,
        master=_MASTER,
        related={
            1: (("rIdPicture", "image", "../media/image1.png"), ("rIdLink", "hyperlink", "https://example.org/more"))
        },
        parts={"media/image1.png": picture("arrow", 80, 40)},
    )


_COLUMNS = (
    Sheet(
        text="Left top. Left bottom. Right one. Right two. Region Sales North tea 12 coffee 7 Read more here.",
        tables=((("Region", "Sales", ""), ("North", "tea", "12"), ("", "coffee", "7")),),
        pictures=(Rectangle(x=650, y=250, width=100, height=200),),
    ),
)


def _broken() -> bytes:
    """The second of three slides is not well formed: the others are read."""
    slides = tuple(_shape(_paragraph(f"Slide {number}"), placeholder='type="title"') for number in (1, 2, 3))
    return pptx((slides[0], slides[1] + "<p:oops>", slides[2]), layout=_LAYOUT, master=_MASTER)


_BROKEN = (
    Sheet(text="Slide 1", headings=("Slide 1",)),
    Sheet(text=""),
    Sheet(text="Slide 3", headings=("Slide 3",)),
)


def _paper(name: str, make: object, sheets: tuple[Sheet, ...]) -> Paper:
    assert callable(make)
    return Paper(name=name, file_name=f"{name}.pptx", make=make, sheets=sheets, kind="pptx")


PAPERS = (
    _paper("pptx_plans_ru", _deck, _DECK),
    _paper("pptx_columns_en", _columns, _COLUMNS),
    _paper("pptx_broken_slide_en", _broken, _BROKEN),
)
