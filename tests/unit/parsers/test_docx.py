"""DOCX beyond the corpus: odd styles, lists and merges, what is missing, what is too much."""

from io import BytesIO
from zipfile import ZipFile

import pytest
from tests.corpus.office_parts import docx as made
from tests.corpus.office_parts import packed, picture

from samovar.domain.errors import FileDamaged
from samovar.domain.page import DocumentHead, Page, ParsedPage
from samovar.parsers import docx
from samovar.ports.parser import ParserLimits

_LIMITS = ParserLimits(pages=2000, pixels=25_000_000)


def _read(content: bytes, limits: ParserLimits = _LIMITS) -> tuple[DocumentHead, ParsedPage]:
    head, page = docx.read(content, "x.docx", limits)
    assert isinstance(head, DocumentHead)
    assert isinstance(page, ParsedPage)
    return head, page


def _blocks(page: Page) -> list[tuple[str, int | None, str]]:
    return [(block.kind, block.level, page.text[block.start : block.end]) for block in page.blocks]


def _p(text: str, more: str = "") -> str:
    return f"<w:p><w:pPr>{more}</w:pPr><w:r><w:t>{text}</w:t></w:r></w:p>"


def test_strict_papers_are_read_like_usual_ones() -> None:
    with ZipFile(BytesIO(made(_p("Строгий")))) as archive:
        strict = {name: archive.read(name) for name in archive.namelist()}
    for usual, renamed in (
        (b"schemas.openxmlformats.org/wordprocessingml/2006/main", b"purl.oclc.org/ooxml/wordprocessingml/main"),
        (b"schemas.openxmlformats.org/officeDocument/2006/", b"purl.oclc.org/ooxml/officeDocument/"),
    ):
        strict = {name: content.replace(usual, renamed) for name, content in strict.items()}
    assert b"purl.oclc.org" in strict["word/document.xml"]
    assert _read(packed(strict))[1].page.text == "Строгий"


@pytest.mark.parametrize(
    ("style", "kind", "level"),
    [
        ("heading 1", "heading", 1),
        ("Заголовок 2", "heading", 2),
        ("Überschrift 3", "heading", 3),
        ("heading 9", "heading", 6),
        ("Title", "heading", 1),
        ("Название", "heading", 1),
        ("Название объекта", "caption", None),
        ("caption", "caption", None),
        ("HTML Preformatted", "code", None),
        ("Body Text", "paragraph", None),
        ("TOC Heading", "paragraph", None),
    ],
)
def test_the_name_of_a_style_says_what_a_paragraph_is(style: str, kind: str, level: int | None) -> None:
    styles = f'<w:style w:type="paragraph" w:styleId="x7"><w:name w:val="{style}"/></w:style>'
    page = _read(made(_p("Words", '<w:pStyle w:val="x7"/>'), styles=styles))[1].page
    assert _blocks(page) == [(kind, level, "Words")]


def test_an_outline_level_makes_a_heading_and_takes_one_away() -> None:
    styles = '<w:style w:type="paragraph" w:styleId="h"><w:name w:val="heading 1"/></w:style>'
    body = (
        _p("One", '<w:outlineLvl w:val="2"/>')
        + _p("Two", '<w:pStyle w:val="h"/><w:outlineLvl w:val="9"/>')
        + _p("Three", '<w:pStyle w:val="h"/>')
    )
    head, page = _read(made(body, styles=styles))
    assert _blocks(page.page) == [("heading", 3, "One"), ("paragraph", None, "Two"), ("heading", 1, "Three")]
    assert [(entry.title, entry.level, entry.page) for entry in head.outline] == [("One", 3, None), ("Three", 1, None)]


def test_styles_that_are_based_on_each_other_in_a_ring_do_no_harm() -> None:
    styles = "".join(
        f'<w:style w:type="paragraph" w:styleId="{one}"><w:name w:val="{one}"/><w:basedOn w:val="{other}"/></w:style>'
        for one, other in (("a", "b"), ("b", "a"))
    )
    assert _read(made(_p("Words", '<w:pStyle w:val="a"/>'), styles=styles))[1].page.text == "Words"


def test_old_merges_across_and_cells_without_a_beginning_keep_their_places() -> None:
    def tc(text: str, more: str = "") -> str:
        return f"<w:tc><w:tcPr>{more}</w:tcPr>{_p(text)}</w:tc>"

    table = (
        f"<w:tbl><w:tr>{tc('a')}{tc('', '<w:hMerge/>')}{tc('b')}</w:tr>"
        f"<w:tr>{tc('c', '<w:vMerge/>')}{tc('d')}{tc('e')}</w:tr></w:tbl>"
    )
    page = _read(made(table))[1].page
    cells = [
        (cell.row, cell.column, cell.column_span, page.text[cell.start : cell.end]) for cell in page.blocks[0].cells
    ]
    assert cells == [(0, 0, 2, "a"), (0, 2, 1, "b"), (1, 0, 1, "c"), (1, 1, 1, "d"), (1, 2, 1, "e")]


def test_a_header_that_is_missing_is_told_of() -> None:
    body = _p("Words") + '<w:sectPr><w:headerReference w:type="default" r:id="rIdNone"/></w:sectPr>'
    page = _read(made(body))[1].page
    assert (page.text, page.reason) == ("Words", "partly_read")


def test_equal_headers_of_many_sections_are_written_once_and_bare_numbers_never() -> None:
    section = (
        '<w:p><w:pPr><w:sectPr><w:titlePg/><w:headerReference w:type="default" r:id="h{0}"/>'
        '<w:headerReference w:type="first" r:id="n"/></w:sectPr></w:pPr></w:p>'
    )
    content = made(
        _p("One") + section.format(1) + _p("Two") + section.format(2),
        parts={
            "h1.xml": f"<w:hdr NS>{_p('Firm')}</w:hdr>",
            "h2.xml": f"<w:hdr NS>{_p('Firm')}</w:hdr>",
            "n.xml": f"<w:hdr NS>{_p('– 12 –')}</w:hdr>",
        },
        related=(("h1", "header", "h1.xml"), ("h2", "header", "h2.xml"), ("n", "header", "n.xml")),
    )
    assert _read(content)[1].page.text == "Firm\n\nOne\n\nTwo"


def test_a_paper_of_pictures_alone_says_so() -> None:
    drawing = (
        '<w:p><w:r><w:drawing><wp:inline><wp:docPr id="1" name="x"/><a:graphic><a:graphicData><pic:pic><pic:blipFill>'
        '<a:blip r:embed="i"/></pic:blipFill></pic:pic></a:graphicData></a:graphic></wp:inline></w:drawing></w:r></w:p>'
    )
    content = made(drawing * 3, parts={"i.png": picture("one")}, related=(("i", "image", "i.png"),))
    page = _read(content)[1]
    assert (page.page.status, page.page.reason, len(page.figures)) == ("no_text", "no_text_layer", 3)
    few = _read(content, ParserLimits(pages=10, pixels=25_000_000, figures=2))[1]
    assert (few.page.reason, len(few.figures)) == ("partly_read", 2)
    small = _read(content, ParserLimits(pages=10, pixels=100))[1]
    assert (small.page.reason, len(small.figures)) == ("partly_read", 0)


def test_pictures_outside_the_file_are_never_looked_for() -> None:
    linked = (
        '<w:p><w:r><w:t>Words</w:t></w:r><w:r><w:drawing><wp:inline><wp:docPr id="1" name="x" descr="Far"/><a:graphic>'
        '<a:graphicData><pic:pic><pic:blipFill><a:blip r:link="i"/></pic:blipFill></pic:pic></a:graphicData>'
        "</a:graphic></wp:inline></w:drawing></w:r></w:p>"
    )
    for target in ("http://127.0.0.1:9/x.png", "../../../../etc/passwd"):
        page = _read(made(linked, related=(("i", "image", target),)))[1]
        assert (page.page.text, page.page.reason, page.figures) == ("Words\n\nFar", "partly_read", ())


def test_an_empty_paper_is_a_page_without_text() -> None:
    page = _read(made("<w:p/><w:sectPr/>"))[1].page
    assert (page.text, page.status, page.reason, page.blocks) == ("", "no_text", "empty", ())


def test_a_paper_without_its_main_part_is_damaged() -> None:
    content = made(_p("Words")).replace(b"word/document.xml", b"word/documenx.xml")
    with pytest.raises(FileDamaged):
        list(docx.read(content, "x", _LIMITS))


def test_a_paper_without_styles_and_lists_is_read() -> None:
    body = _p("Words", '<w:pStyle w:val="Heading1"/><w:numPr><w:numId w:val="77"/></w:numPr>')
    assert _blocks(_read(made(body))[1].page) == [("heading", 1, "Words")]


def test_tables_inside_tables_follow_the_table_around_them() -> None:
    inner = "<w:tr><w:tc><w:p><w:r><w:t>deep</w:t></w:r></w:p></w:tc><w:tc><w:p/></w:tc></w:tr>"
    table = f"<w:tbl>{inner}</w:tbl>"
    for _ in range(20):
        table = f"<w:tbl><w:tr><w:tc>{_p('x')}{table}</w:tc><w:tc>{_p('y')}</w:tc></w:tr></w:tbl>"
    page = _read(made(table))[1].page
    assert [kind for kind, _, _ in _blocks(page)] == ["table"] * 21
    assert page.text.endswith("deep\t")
