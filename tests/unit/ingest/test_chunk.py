"""Chunks: exact places, nothing lost, sizes bounded."""

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from samovar.domain.ids import new_document_id
from samovar.domain.page import Page
from samovar.ingest.chunk import LONGEST_CHUNK_CHARACTERS, characters_per_token, chunk_pages

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
@given(texts=st.lists(_TEXTS, min_size=1, max_size=3), is_markdown=st.booleans())
def test_chunks_are_exact_complete_bounded_and_stay_on_their_page(texts: list[str], is_markdown: bool) -> None:
    document_id = new_document_id()
    chunks = chunk_pages(_pages(*texts), document_id, is_markdown=is_markdown)
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


def test_markdown_is_cut_at_its_headings() -> None:
    text = "".join(f"# Chapter {number}\n\n{_ENGLISH * 14}\n\n" for number in range(6))
    chunks = chunk_pages(_pages(text), new_document_id(), is_markdown=True)
    assert sum("# Chapter" in chunk.text for chunk in chunks) >= 6
    assert all(chunk.text.count("# Chapter") == 1 for chunk in chunks)


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
    chunk_pages(_pages(text), new_document_id(), is_markdown=True)
    assert time.process_time() - started < 10
