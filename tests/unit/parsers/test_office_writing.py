"""How blocks, cells and links are put together, equations as text, and the order of boxes on a page."""

from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from samovar.domain.layout import Rectangle
from samovar.domain.page_json import decode_page, encode_page
from samovar.parsers._office.equations import equation_text
from samovar.parsers._office.inline import Inline
from samovar.parsers._office.reading_order import reading_order
from samovar.parsers._office.writing import MOST_CELLS, Grid, GridCell, PageWriter

_SPACES = 'xmlns:m="http://schemas.openxmlformats.org/officeDocument/2006/math"'


def _cell(row: int, column: int, text: str, **more: int) -> GridCell:
    return GridCell(row=row, column=column, content=Inline(text), **more)  # type: ignore[arg-type] # numbers alone


def test_blocks_stand_apart_by_a_blank_line_and_keep_their_places() -> None:
    page = PageWriter()
    page.block("heading", "  Title \u00a0 of\u00adten ", level=1)
    page.block("paragraph", " \u200b ")
    page.table(Grid(cells=[_cell(0, 0, "a\tb\nc"), _cell(0, 2, "d"), _cell(1, 0, "e")]))
    page.figure(None, alt="Plan")
    found = page.finish(number=None).page
    assert found.text == "Title often\n\na b c\t\td\ne\n\nPlan"
    assert [found.text[block.start : block.end] for block in found.blocks] == ["Title often", "a b c\t\td\ne", "Plan"]
    assert [found.text[cell.start : cell.end] for cell in found.blocks[1].cells] == ["a b c", "d", "e"]
    assert (found.status, found.reason) == ("text", "partly_read")


def test_letters_of_two_characters_become_one() -> None:
    assert Inline("и\u0306 е\u0308").text == "й ё"


def test_a_link_keeps_its_words_when_white_space_goes() -> None:
    line = Inline("  see \u00a0 ")
    start = len(line)
    line.write(" the  page ")
    line.link(start, " https://example.org ")
    line.write(" now")
    text, links = line.finished()
    assert text == "see the page now"
    assert [(text[first:last], target) for first, last, target in links] == [("the page", "https://example.org")]


def test_links_of_other_schemes_are_words_alone() -> None:
    for target in ("javascript:alert(1)", "file:///etc/passwd", "data:text/html,x", "https:", "\\\\server\\share"):
        line = Inline("press")
        line.link(0, target)
        assert line.finished() == ("press", [])


@given(
    st.lists(st.tuples(st.text(alphabet=" \n\tabя\u00a0\u00ad", max_size=8), st.booleans()), max_size=12), st.booleans()
)
def test_links_lie_inside_the_text_whatever_it_is(pieces: list[tuple[str, bool]], flat: bool) -> None:
    line = Inline()
    for text, is_link in pieces:
        start = len(line)
        line.write(text)
        if is_link:
            line.link(start, "https://example.org")
    text, links = line.finished(flat=flat)
    assert text == text.strip()
    for first, last, _ in links:
        assert 0 <= first < last <= len(text)
        assert text[first:last] == text[first:last].strip()
    if flat:
        assert "\n" not in text
        assert "  " not in text


def test_a_page_takes_no_more_cells_than_may_be_stored() -> None:
    page = PageWriter()
    for _ in range(3):
        page.table(Grid(cells=[_cell(row, column, "x") for row in range(1000) for column in range(100)]))
    found = page.finish(number=1).page
    assert sum(len(block.cells) for block in found.blocks) == MOST_CELLS
    assert found.reason == "partly_read"
    assert decode_page(encode_page(found)) == found


def test_a_nearly_empty_table_is_not_filled_with_blanks() -> None:
    page = PageWriter()
    page.table(Grid(cells=[_cell(0, 0, "a"), _cell(0, 16_000, "b"), _cell(900_000, 5, "c")]))
    found = page.finish(number=1).page
    assert found.text == "a\tb\n\tc"
    assert [(cell.row, cell.column) for cell in found.blocks[0].cells] == [(0, 0), (0, 16_000), (900_000, 5)]


def test_a_page_joined_from_two_has_true_places() -> None:
    head, body = PageWriter(), PageWriter()
    head.block("header", "Firm")
    line = Inline("site")
    line.link(0, "https://example.org")
    body.block("paragraph", line)
    body.table(Grid(cells=[_cell(0, 0, "one"), _cell(0, 1, "two")]))
    head.append(body)
    found = head.finish(number=None).page
    assert found.text == "Firm\n\nsite\n\none\ttwo"
    assert [found.text[cell.start : cell.end] for cell in found.blocks[2].cells] == ["one", "two"]
    assert [found.text[link.start : link.end] for link in found.links] == ["site"]


def _equation(inner: str) -> str:
    return equation_text(etree.fromstring(f"<m:oMath {_SPACES}>{inner}</m:oMath>"))


def test_equations_are_written_in_a_line() -> None:
    def run(text: str) -> str:
        return f"<m:r><m:t>{text}</m:t></m:r>"

    fraction = f"<m:f><m:num>{run('1')}</m:num><m:den>{run('n+1')}</m:den></m:f>"
    assert _equation(run("y") + run("=") + fraction) == "y = 1/(n+1)"
    low = f"<m:sSub><m:e>{run('x')}</m:e><m:sub>{run('12')}</m:sub></m:sSub>"
    assert _equation(low) == "x₁₂"
    high = f"<m:sSup><m:e>{run('x')}</m:e><m:sup>{run('ab')}</m:sup></m:sSup>"
    assert _equation(high) == "x^(ab)"
    rows = [f"<m:mr><m:e>{run(one)}</m:e><m:e>{run(other)}</m:e></m:mr>" for one, other in ("10", "01")]
    matrix = f"<m:m>{''.join(rows)}</m:m>"
    assert _equation(matrix) == "[1, 0; 0, 1]"
    third = f"<m:rad><m:deg>{run('3')}</m:deg><m:e>{run('8')}</m:e></m:rad>"
    assert _equation(third) == "³√8"
    bars = f'<m:d><m:dPr><m:begChr m:val="|"/><m:endChr m:val="|"/></m:dPr><m:e>{run("x")}</m:e></m:d>'
    assert _equation(bars) == "|x|"


def _box(x: float, y: float, width: float, height: float) -> Rectangle:
    return Rectangle(x=x, y=y, width=width, height=height)


def test_columns_are_read_one_after_the_other_and_rows_of_a_grid_across() -> None:
    columns = [
        (_box(300, 100, 200, 300), "right"),
        (_box(50, 100, 200, 140), "left top"),
        (_box(50, 260, 200, 140), "left bottom"),
        (_box(50, 20, 450, 60), "title"),
        (_box(50, 420, 450, 30), "below"),
    ]
    assert reading_order(columns) == ["title", "left top", "left bottom", "right", "below"]
    grid = [(_box(100 * (place % 3), 100 * (place // 3), 90, 90), place) for place in range(9)]
    assert reading_order(list(reversed(grid))) == list(range(9))


def test_boxes_on_top_of_each_other_are_read_from_their_upper_left() -> None:
    placed = [
        (_box(0, 0, 500, 500), "ground"),
        (_box(200, 200, 50, 50), "on it"),
        (_box(100, 100, 50, 350), "before it"),
    ]
    assert reading_order(placed) == ["ground", "before it", "on it"]
    assert reading_order([(_box(0, 0, 10, 10), number) for number in range(200)]) == list(range(200))
