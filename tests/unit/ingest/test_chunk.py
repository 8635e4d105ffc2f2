"""Chunks: exact places, nothing lost, sizes bounded."""

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from samovar.domain.ids import new_document_id
from samovar.domain.layout import Block, BlockKind, Cell
from samovar.domain.page import Page
from samovar.ingest.chunk import LONGEST_CHUNK_CHARACTERS, Chunker, characters_per_token, chunk_pages

_RUSSIAN = "Обращения принимаются в письменном виде. Срок ответа составляет три рабочих дня, т. е. не больше недели. "
_ENGLISH = "The service listens on port 7431. Requests from other networks are refused and written to the journal. "


def _pages(*texts: str) -> tuple[Page, ...]:
    return tuple(
        Page(number=number, text=text, status="text" if text.strip() else "no_text")
        for number, text in enumerate(texts, start=1)
    )


_PIECES = st.sampled_from(
    [
        _RUSSIAN,
        _ENGLISH,
        _ENGLISH * 9,
        _RUSSIAN * 9,
        "\n\n",
        " \n",
        "\n# Heading\n\n",
        "- item\n",
        "```\ncode\n```\n",
        "x" * 5000,
        " " * 700,
        "😀é\u0301",
        "\u00ad",
        "\u2028",
        "\u00a0",
        "|a|b|\n|-|-|\n",
    ]
)
_TEXTS = st.lists(_PIECES, max_size=25).map("".join) | st.text(max_size=300)


@settings(deadline=None, max_examples=150)
@given(texts=st.lists(_TEXTS, min_size=1, max_size=3))
def test_chunks_are_exact_complete_bounded_and_stay_on_their_page(texts: list[str]) -> None:
    document_id = new_document_id()
    chunks = chunk_pages(_pages(*texts), document_id)
    for number, text in enumerate(texts, start=1):
        mine = [chunk for chunk in chunks if chunk.page == number]
        covered: set[int] = set()
        for chunk in mine:
            assert chunk.document_id == document_id
            assert chunk.text == text[chunk.start : chunk.end]
            assert chunk.text.strip() == chunk.text != ""
            assert len(chunk.text) <= LONGEST_CHUNK_CHARACTERS
            covered.update(range(chunk.start, chunk.end))
        assert all(character.isspace() for place, character in enumerate(text) if place not in covered)
        assert [chunk.start for chunk in mine] == sorted(chunk.start for chunk in mine)
    assert len({chunk.chunk_id for chunk in chunks}) == len(chunks)


def test_a_short_page_is_one_chunk() -> None:
    (chunk,) = chunk_pages(_pages("  " + _ENGLISH * 5), new_document_id())
    assert (chunk.start, chunk.end) == (2, 2 + len(_ENGLISH) * 5 - 1)


def test_a_page_of_white_space_gives_no_chunk() -> None:
    assert chunk_pages(_pages(" \n\n \t"), new_document_id()) == ()


@pytest.mark.parametrize("sentence", [_RUSSIAN, _ENGLISH])
def test_prose_is_cut_between_sentences_into_300_to_800_tokens(sentence: str) -> None:
    text = sentence * 200
    chunks = chunk_pages(_pages(text), new_document_id())
    assert len(chunks) > 3
    for chunk in chunks[:-1]:
        assert chunk.text.endswith(".")
        assert chunk.text[0].isupper()
        assert 290 <= len(chunk.text) / characters_per_token(text) <= 900


def test_a_chunk_begins_with_the_last_sentence_of_the_one_before() -> None:
    text = "".join(f"Sentence number {number} of this long report is here. " for number in range(200))
    first, second = chunk_pages(_pages(text), new_document_id())[:2]
    assert first.text.endswith(second.text[: second.text.index(".") + 1])


def _page(*pieces: tuple[BlockKind, str], number: int = 1) -> Page:
    """A page of these blocks, with blank lines between them."""
    text, blocks = "", []
    for kind, words in pieces:
        level = 1 if kind == "heading" else None
        blocks.append(Block(kind=kind, start=len(text), end=len(text) + len(words), level=level))
        text += words + "\n\n"
    return Page(number=number, text=text, status="text", blocks=tuple(blocks))


def test_a_chapter_that_is_long_enough_begins_a_chunk() -> None:
    chapters: list[tuple[BlockKind, str]] = []
    for number in range(6):
        chapters += [("heading", f"Chapter {number}"), ("paragraph", (_ENGLISH * 14).strip())]
    chunks = chunk_pages([_page(*chapters)], new_document_id())
    assert [chunk.text.splitlines()[0] for chunk in chunks] == [f"Chapter {number}" for number in range(6)]


def test_a_heading_stays_with_what_follows_it() -> None:
    pieces: list[tuple[BlockKind, str]] = []
    for number in range(30):
        pieces += [("heading", f"Section {number}"), ("paragraph", (_ENGLISH * (1 + number % 7)).strip())]
    for chunk in chunk_pages([_page(*pieces)], new_document_id()):
        assert not chunk.text.splitlines()[-1].startswith("Section")


def test_a_chunk_knows_its_headings_over_the_ends_of_pages() -> None:
    first = _page(("heading", "Tea"), ("paragraph", _ENGLISH.strip()))
    second = _page(("paragraph", _RUSSIAN.strip()), number=2)
    chunks = chunk_pages([first, second], new_document_id())
    assert [chunk.headings for chunk in chunks] == [(), ("Tea",)]
    resumed = Chunker(new_document_id())
    resumed.pass_over(first)
    assert [chunk.headings for chunk in resumed.cut(second)] == [("Tea",)]


def test_a_running_head_is_indexed_once_and_a_page_number_never() -> None:
    pages = [
        _page(
            ("header", f"Annual report, {number}"), ("paragraph", _ENGLISH.strip()), ("footer", f"page {number} of 9")
        )
        for number in (7, 8)
    ]
    first, second = chunk_pages(pages, new_document_id())
    assert first.text == f"Annual report, 7\n\n{_ENGLISH.strip()}"
    assert second.text == _ENGLISH.strip()


def test_a_reading_that_goes_on_knows_the_running_heads_it_had() -> None:
    first, second = (
        _page(("header", "Годовой отчёт"), ("paragraph", _RUSSIAN.strip()), number=number) for number in (1, 2)
    )
    resumed = Chunker(new_document_id())
    resumed.pass_over(first)
    assert [chunk.text for chunk in resumed.cut(second)] == [_RUSSIAN.strip()]


def test_no_row_of_a_table_is_cut() -> None:
    rows = [f"Row {number}\tvalue {number} with two\nlines and more words\t{number * 17}" for number in range(200)]
    text, cells = "", []
    for number, row in enumerate(rows):
        start = len(text)
        for column, cell in enumerate(row.split("\t")):
            cells.append(Cell(row=number, column=column, start=start, end=start + len(cell)))
            start += len(cell) + 1
        text += row + "\n"
    table = Block(kind="table", start=0, end=len(text) - 1, cells=tuple(cells))
    page = Page(number=1, text=text, status="text", blocks=(table,))
    chunks = chunk_pages([page], new_document_id())
    assert len(chunks) > 2
    starts = {text.index(row + "\n") for row in rows}
    assert all(chunk.start in starts for chunk in chunks)
    assert "\n".join(chunk.text for chunk in chunks) == text.rstrip("\n")


def test_lines_of_a_pdf_are_not_taken_for_sentences() -> None:
    text = (_ENGLISH.replace(" listens", " \nlistens").replace(" refused", " \nrefused")) * 100
    chunks = chunk_pages(_pages(text), new_document_id())
    assert all(chunk.text.endswith(".") for chunk in chunks)


def test_russian_is_reckoned_to_need_twice_the_tokens_of_english() -> None:
    assert characters_per_token(_ENGLISH) == 4
    assert characters_per_token(_RUSSIAN) == 2
    assert 2 < characters_per_token(_RUSSIAN + _ENGLISH) < 4
    assert characters_per_token("7431") == 4


@pytest.mark.parametrize("piece", ["x", ".", " \n", "a\n  \n  ", '."', "``` ", "#"])
def test_hostile_text_takes_time_in_proportion_to_its_length(piece: str) -> None:
    text = piece * (400_000 // len(piece)) + "x"
    started = time.process_time()
    chunk_pages(_pages(text), new_document_id())
    assert time.process_time() - started < 10
