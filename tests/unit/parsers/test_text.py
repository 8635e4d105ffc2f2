"""Plain text: pages, paragraphs, lists, headings that are certain, and tables drawn with characters."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from samovar.domain.page import DocumentHead, Page, ParsedPage
from samovar.parsers import text
from samovar.ports.parser import ParserLimits

_LIMITS = ParserLimits(pages=20, pixels=1_000_000)


def _pages(written: str | bytes, name: str = "a.txt") -> list[Page]:
    content = written.encode() if isinstance(written, str) else written
    head, *parts = text.read(content, name, _LIMITS)
    assert isinstance(head, DocumentHead)
    pages = [part.page for part in parts if isinstance(part, ParsedPage)]
    assert head.page_count == len(pages)
    return pages


def _blocks(page: Page) -> list[tuple[str, int | None, str]]:
    return [(block.kind, block.level, page.text[block.start : block.end]) for block in page.blocks]


def _rows(page: Page) -> list[list[str]]:
    (table,) = (block for block in page.blocks if block.kind == "table")
    rows: dict[int, list[str]] = {}
    for cell in table.cells:
        rows.setdefault(cell.row, []).append(page.text[cell.start : cell.end])
    return list(rows.values())


def test_blank_lines_divide_paragraphs_and_line_ends_stay() -> None:
    (page,) = _pages("раз\r\nдва\r\n\r\n \r\nтри\r\n")
    assert page.number is None
    assert page.text == "раз\nдва\n\nтри"
    assert _blocks(page) == [("paragraph", None, "раз\nдва"), ("paragraph", None, "три")]


@pytest.mark.parametrize(
    ("line", "level"),
    [
        ("Отчёт\n=====", 1),
        ("Part one\n--------", 2),
        ("1. ВВЕДЕНИЕ", 1),
        ("2.3 РЕЗУЛЬТАТЫ ИЗМЕРЕНИЙ", 2),
        ("Глава 3. О рыбах", 1),
        ("Раздел IV", 1),
        ("Section 2: Harbours", 1),
    ],
)
def test_certain_headings_are_headings(line: str, level: int) -> None:
    (page,) = _pages(f"{line}\n\nтекст под ним")
    assert _blocks(page)[0] == ("heading", level, line.split("\n", maxsplit=1)[0])


@pytest.mark.parametrize(
    "line",
    ["ВНИМАНИЕ", "1. Введение в предмет.", "Часть жителей уехала.", "12 345 руб.", "Глава администрации", "a\n====="],
)
def test_what_may_be_a_sentence_is_no_heading(line: str) -> None:
    (page,) = _pages(f"{line}\n\nтекст под ним")
    assert page.blocks[0].kind != "heading"


def test_lists_have_their_depth() -> None:
    (page,) = _pages("Взять:\n- хлеб\n  чёрный\n    - ржаной\n- соль\n")
    assert _blocks(page) == [
        ("paragraph", None, "Взять:"),
        ("list_item", 1, "- хлеб\nчёрный"),
        ("list_item", 2, "- ржаной"),
        ("list_item", 1, "- соль"),
    ]


def test_a_form_feed_divides_pages() -> None:
    pages = _pages("первая\n\fвторая\n\f")
    assert [(page.number, page.text) for page in pages] == [(1, "первая"), (2, "вторая")]
    (only,) = _pages("x\f" * 50)
    assert only.number is None


def test_reading_may_begin_at_a_later_page() -> None:
    _, page = text.read(b"a\fb\fc", "a.txt", _LIMITS, first_page=3)
    assert isinstance(page, ParsedPage)
    assert (page.page.number, page.page.text) == (3, "c")


def test_a_ruled_table_is_read_cell_by_cell() -> None:
    drawn = (
        "Остатки на складе\n"
        "╔══════════════╤═══════╤════════╗\n"
        "║ Наименование │ Кол-  │ Сумма  ║\n"
        "║              │ во    │        ║\n"
        "╠══════════════╪═══════╪════════╣\n"
        "║ Бумага       │ 10    │ 120,00 ║\n"
        "╟──────────────┼───────┴────────╢\n"
        "║ Скрепки      │ нет            ║\n"
        "╚══════════════╧════════════════╝\n"
        "Конец\n"
    )
    (page,) = _pages(drawn.encode("cp866"))
    assert [block.kind for block in page.blocks] == ["paragraph", "table", "paragraph"]
    assert _rows(page) == [["Наименование", "Кол-во", "Сумма"], ["Бумага", "10", "120,00"], ["Скрепки", "нет"]]
    cells = page.blocks[1].cells
    assert [cell.is_header for cell in cells[:4]] == [True, True, True, False]
    assert cells[-1].column_span == 2


def test_a_table_whose_lines_are_rows_is_read_too() -> None:
    shown = " id | name \n----+------\n  1 | Пётр \n  2 |      \n(2 rows)\n"
    (page,) = _pages(shown)
    assert _rows(page) == [["id", "name"], ["1", "Пётр"], ["2", ""]]


@pytest.mark.parametrize("line", ["a | b", "cat x | sort | uniq", "----------", "| одна строка |"])
def test_a_line_with_bars_is_no_table(line: str) -> None:
    (page,) = _pages(line)
    assert [block.kind for block in page.blocks] == ["paragraph"]


def test_a_long_listing_is_kept_whole() -> None:
    lines = [f"2024-01-01 12:00:00 строка журнала номер {number}" for number in range(60_000)]
    (page,) = _pages("\n".join(lines), "a.log")
    assert page.text == "\n".join(lines)
    assert page.reason is None
    assert 100 < len(page.blocks) < 20_000
    assert sum(block.end - block.start for block in page.blocks) > 0.99 * len(page.text)


@given(st.text(alphabet=st.sampled_from("аБ1. -•|│─┌┐└┘+=*\t\n\f\u00ad)"), max_size=300))
def test_blocks_stand_in_order_with_blanks_between(written: str) -> None:
    if not written.strip():
        return
    for page in _pages(written):
        end = 0
        for block in page.blocks:
            assert end <= block.start < block.end <= len(page.text)
            assert not page.text[end : block.start].strip()
            assert all(block.start <= cell.start <= cell.end <= block.end for cell in block.cells)
            end = block.end
        assert not page.text[end:].strip()
