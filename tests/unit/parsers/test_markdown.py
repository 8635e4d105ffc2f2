"""Markdown: the text as it was written, and where its blocks stand."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from samovar.domain.page import DocumentHead, Page, ParsedPage
from samovar.parsers import markdown
from samovar.ports.parser import ParserLimits

_LIMITS = ParserLimits(pages=20, pixels=1_000_000)


def _read(written: str) -> tuple[DocumentHead, Page]:
    head, page = markdown.read(written.encode(), "a.md", _LIMITS)
    assert isinstance(head, DocumentHead)
    assert isinstance(page, ParsedPage)
    return head, page.page


def _blocks(written: str) -> list[tuple[str, int | None, str]]:
    page = _read(written)[1]
    return [(block.kind, block.level, page.text[block.start : block.end]) for block in page.blocks]


def test_the_text_stays_as_it_was_written() -> None:
    written = "# Т\n\n**раз** `два`\n\n\n* три\n"
    assert _read(written)[1].text == written


def test_blocks_keep_their_marks() -> None:
    assert _blocks("Глава\n=====\n\n1. раз\n   - два\n\n     ещё\n\n> слова\n\n~~~\n# код\n~~~\n\n[^1]: сноска\n") == [
        ("heading", 1, "Глава\n====="),
        ("list_item", 1, "1. раз"),
        ("list_item", 2, "- два"),
        ("paragraph", None, "ещё"),
        ("paragraph", None, "> слова"),
        ("code", None, "~~~\n# код\n~~~"),
        ("footnote", None, "[^1]: сноска"),
    ]


def test_cells_are_what_stands_between_the_bars() -> None:
    page = _read("| А | Б |\n|---|:-:|\n| 1 | `x\\|y` |\n| | 2 |\n")[1]
    (table,) = page.blocks
    assert [(cell.row, cell.column, page.text[cell.start : cell.end]) for cell in table.cells] == [
        (0, 0, "А"), (0, 1, "Б"), (1, 0, "1"), (1, 1, "`x\\|y`"), (2, 0, ""), (2, 1, "2"),
    ]  # fmt: skip


def test_links_lead_to_safe_addresses_only() -> None:
    page = _read("[a](https://x.example/y) [b](javascript:z) <https://z.example> `[c](https://c.example)`\n")[1]
    assert [link.target for link in page.links][:2] == ["https://x.example/y", "https://z.example"]


@pytest.mark.parametrize(
    ("written", "title"),
    [('---\ntitle: "Книга"\n---\n\nтекст', "Книга"), ("# Глава\n\nтекст", "Глава"), ("текст\n\n## Глава", None)],
)
def test_the_title_is_what_the_text_calls_itself(written: str, title: str | None) -> None:
    assert _read(written)[0].title == title


def test_a_very_long_text_keeps_all_its_blocks() -> None:
    written = "# Глава\n\nслово слово слово\n\n" * 20_000
    assert len(_read(written)[1].blocks) == 40_000


@given(st.text(alphabet=st.sampled_from("a#>-*|`1. \n\t[]()^:="), min_size=1, max_size=200))
def test_blocks_cover_the_text_in_order(written: str) -> None:
    if not written.strip():
        return
    page = _read(written)[1]
    end = 0
    for block in page.blocks:
        assert end <= block.start < block.end <= len(page.text)
        assert all(block.start <= cell.start <= cell.end <= block.end for cell in block.cells)
        end = block.end
