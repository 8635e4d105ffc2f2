"""HTML: blocks, tables as tables, what a reader sees and nothing else."""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support import papers

from samovar.domain.errors import FileEmpty
from samovar.domain.page import DocumentHead, ParsedPage
from samovar.parsers import html
from samovar.ports.parser import ParserLimits

_LIMITS = ParserLimits(pages=20, pixels=1_000_000, figures=3)


def _read(markup: str | bytes) -> tuple[DocumentHead, ParsedPage]:
    content = markup.encode() if isinstance(markup, str) else markup
    head, page = html.read(content, "a.html", _LIMITS)
    assert isinstance(head, DocumentHead)
    assert isinstance(page, ParsedPage)
    return head, page


def _blocks(markup: str) -> list[tuple[str, int | None, str]]:
    page = _read(markup)[1].page
    return [(block.kind, block.level, page.text[block.start : block.end]) for block in page.blocks]


def _tables(markup: str) -> list[list[tuple[int, int, int, int, str]]]:
    page = _read(markup)[1].page
    return [
        [
            (cell.row, cell.column, cell.row_span, cell.column_span, page.text[cell.start : cell.end])
            for cell in block.cells
        ]
        for block in page.blocks
        if block.kind == "table"
    ]


def test_headings_paragraphs_and_lists_come_in_order() -> None:
    markup = (
        "<html><title>Т</title><h2>Приём</h2>раз <b>д</b>ва<br>три<p>четыре"
        "<ol start=3><li>пять<ul><li>шесть</ul><li>семь</ol><pre>  a\n b</pre>"
    )
    assert _blocks(markup) == [
        ("heading", 2, "Приём"),
        ("paragraph", None, "раз два\nтри"),
        ("paragraph", None, "четыре"),
        ("list_item", 1, "3. пять"),
        ("list_item", 2, "шесть"),
        ("list_item", 1, "4. семь"),
        ("code", None, "  a\n b"),
    ]


@pytest.mark.parametrize(
    "hidden",
    [
        "<script>x</script>",
        "<style>x</style>",
        "<nav><a href=/>x</a></nav>",
        "<div hidden>x</div>",
        "<p style='color:red; DISPLAY : none'>x</p>",
        "<span style='mso-hide:all'>x</span>",
        "<template><p>x</p></template>",
        "<svg><title>x</title></svg>",
        "<!-- x -->",
        "<iframe src='http://x'>x</iframe>",
        "<div role=navigation>x<script>x</script></div>",
    ],
)
def test_what_nobody_sees_is_left_out(hidden: str) -> None:
    head, page = _read(f"<html><body><p>до</p>{hidden}<p>после</p>")
    assert page.page.text == "до\n\nпосле"
    assert head.title is None


def test_words_on_buttons_are_read_where_they_stand() -> None:
    markup = "<html><h3><button>Как <b>вернуть</b> товар?</button></h3><p>Ответ<button>Да</button><button>Нет</button>"
    assert _blocks(markup) == [("heading", 3, "Как вернуть товар?"), ("paragraph", None, "Ответ Да Нет")]


def test_options_are_a_list_and_the_chosen_one_is_marked() -> None:
    markup = (
        "<html><p>Город <select><optgroup label='Юг'><option>Сочи<option selected>Анапа</optgroup>"
        "<option label='Тула'>x</option><option selected></option></select> и дата</p>"
        "<input list=a><datalist id=a><option>утро</datalist>"
    )
    assert _blocks(markup) == [
        ("paragraph", None, "Город"),
        ("paragraph", None, "Юг"),
        ("list_item", 1, "Сочи"),
        ("list_item", 1, "✓ Анапа"),
        ("list_item", 1, "Тула"),
        ("paragraph", None, "и дата"),
        ("list_item", 1, "утро"),
    ]


def test_words_of_drawings_are_read_and_what_describes_them_is_not() -> None:
    markup = (
        "<html><p>до</p><svg><title>x</title><desc>x</desc><style>x</style><script>x</script>"
        "<g><text>Склад <tspan>№ 1</tspan><title>x</title></text>x<text><a xlink:href='#'>Ворота</a></text></g>"
        "<text style='display:none'>x</text><foreignObject><div>Двор</div></foreignObject></svg><p>после</p>"
    )
    head, page = _read(markup)
    assert page.page.text.split("\n\n") == ["до", "Склад № 1", "Ворота", "Двор", "после"]
    assert page.page.reason is None
    assert head.title is None


def test_words_of_a_template_are_left_out_with_a_sign() -> None:
    _, page = _read("<html><p>до</p><template><style>p{}</style><p>x</p></template><p>после</p>")
    assert (page.page.text, page.page.reason) == ("до\n\nпосле", "partly_read")
    _, page = _read("<html><p>до</p><template><style>p{}</style><p> </p><p hidden>x</p></template><p>после</p>")
    assert page.page.reason is None


def test_a_template_that_a_browser_shows_is_read() -> None:
    _, page = _read("<html><div><template shadowrootmode=open><p>тень</p></template><p>свет</p></div>")
    assert (page.page.text, page.page.reason) == ("тень\n\nсвет", None)


def test_merged_cells_keep_their_rows_and_columns() -> None:
    markup = "<html><table><tr><th rowspan=2>А<th colspan=2>Б<tr><td>1<td>2<tr><td>x<td><td>z</table>"
    assert [cell for table in _tables(markup) for cell in table] == [
        cell
        for row in (
            [(0, 0, 2, 1, "А"), (0, 1, 1, 2, "Б"), (1, 1, 1, 1, "1"), (1, 2, 1, 1, "2")],
            [(2, 0, 1, 1, "x"), (2, 1, 1, 1, ""), (2, 2, 1, 1, "z")],
        )
        for cell in row
    ]


def test_a_table_that_lays_out_a_page_is_no_table() -> None:
    markup = (
        "<html><table><tr><td>меню<td><p>слово</p><table><tr><td>1<td>2<tr><td>3<td>4</table></table>"
        "<table role=presentation><tr><td>a<td>b<tr><td>c<td>d</table>"
    )
    assert [[cell[4] for cell in table] for table in _tables(markup)] == [["1", "2", "3", "4"]]
    assert _read(markup)[1].page.text.startswith("меню\n\nслово\n\n1\t2\n3\t4\n\na\n\nb")


def test_only_safe_links_lead_anywhere() -> None:
    page = _read(
        "<html><p><a href=' https://a.example/ '>один </a><a href='javascript:x()'>два</a> "
        "<a href='mailto:x@y'>три</a> <a href='/x'>четыре</a> <a href='data:text/html,x'>пять</a>"
    )[1].page
    found = [(page.text[link.start : link.end], link.target) for link in page.links]
    assert found == [("один", "https://a.example/"), ("три", "mailto:x@y")]


def test_pictures_are_taken_from_the_page_and_never_fetched() -> None:
    inside = base64.b64encode(papers.red_circle_png()).decode()
    _, page = _read(
        f"<html><p>до<img src='data:image/png;base64,{inside}' alt='Круг'>конец</p>"
        "<img src='http://e.example/a.png' alt='Знак'><img src='file:///etc/passwd'>"
        "<img src='data:image/png;base64,xx'>"
    )
    assert [figure.alt for figure in page.figures] == ["Круг"]
    assert page.page.text.startswith("доконец\n\n")
    assert "Знак" in page.page.text
    assert page.page.reason == "partly_read"  # the damaged picture has left a sign


def test_word_lists_and_notes_are_known() -> None:
    markup = (
        "<html><p class=MsoTitle>Приказ</p><p class=MsoListParagraphCxSpFirst>·<span>&nbsp;&nbsp; </span>раз</p>"
        "<p class=MsoListParagraph style='mso-list:l0 level2 lfo1'>o<span>&nbsp; </span>два</p>"
        "<p>Слово<a href='#_ftn1'><sup>1</sup></a></p><div id=ftn1><p>1 Сноска</p></div>"
    )
    assert _blocks(markup) == [
        ("heading", 1, "Приказ"),
        ("list_item", 1, "раз"),
        ("list_item", 2, "два"),
        ("paragraph", None, "Слово 1"),
        ("footnote", None, "1 Сноска"),
    ]


@pytest.mark.parametrize("encoding", ["cp1251", "koi8-r", "utf-8", "utf-16"])
@pytest.mark.parametrize("declared", ["windows-1251", "utf-8", "koi8-r"])
def test_the_declared_encoding_is_checked(encoding: str, declared: str) -> None:
    markup = f"<html><meta charset={declared}><p>Распоряжение о порядке выдачи документов сотрудникам отдела"
    _, page = _read(markup.encode(encoding))
    assert page.page.text == "Распоряжение о порядке выдачи документов сотрудникам отдела"


def test_a_page_that_shows_nothing_is_empty() -> None:
    with pytest.raises(FileEmpty):
        _read("<html><script>x</script><p>&nbsp;")


@pytest.mark.parametrize(
    "content",
    [b"<html>", b" \n<!DOCTYPE html><p>x", b"<?xml version='1.0'?><html/>", b"<!-- x --><HTML>", b"<p>x</p><p>y</p>"],
)
def test_html_is_recognised_by_content(content: bytes) -> None:
    assert html.recognises(content, "a.txt")


@pytest.mark.parametrize(
    "content",
    [b"<svg onload='x'/>", b"<?xml version='1.0'?><a/>", b"a < b", b"<p>", b"text <html>", b"<email@x.y> wrote"],
)
def test_other_markup_is_not_html(content: bytes) -> None:
    assert not html.recognises(content, "a.txt")


@pytest.mark.parametrize(
    "piece",
    [
        "<div>",
        "<table><tr><td>",
        "<li>",
        "<a href=http://x>",
        "<b>x",
        "<!--",
        "<",
        "&amp",
        "<td colspan=1000 rowspan=9999>x",
        "<svg><text>",
        "<svg><foreignObject><template>x",
        "<select><option>x",
    ],
)
def test_any_depth_and_number_of_tags_is_read(piece: str) -> None:
    _, page = _read("<html><p>слово</p>" + piece * 30_000)
    assert page.page.text.startswith("слово")


@given(st.lists(st.sampled_from(["<p>", "</p>", "<table>", "<tr>", "<td>", "</td>", "</table>", "<li>", "<ul>", "</ul>", "слово", "<a>", "</a>", "<br>", "<pre>", "\t"]), max_size=60))  # fmt: skip  # noqa: E501
def test_broken_markup_gives_blocks_in_order(pieces: list[str]) -> None:
    _, page = _read("<html><p>начало</p>" + "".join(pieces))
    end = 0
    for block in page.page.blocks:
        assert end <= block.start <= block.end <= len(page.page.text)
        assert not page.page.text[end : block.start].strip()
        end = block.end
    assert page.page.text.count("слово") == pieces.count("слово")
