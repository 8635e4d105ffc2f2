"""Cut pages into chunks, the units of search, each with its exact place on one page."""

import re
from bisect import bisect_left
from collections.abc import Iterable, Iterator
from typing import Final

from semantic_text_splitter import MarkdownSplitter, TextSplitter

from samovar.domain.document import Chunk
from samovar.domain.ids import DocumentId, new_chunk_id
from samovar.domain.page import Page
from samovar.domain.sentences import sentences

__all__ = ["LONGEST_CHUNK_CHARACTERS", "characters_per_token", "chunk_pages"]

#: A chunk has about so many tokens; a page shorter than the most is one chunk.
_LEAST_TOKENS: Final = 300
_MOST_TOKENS: Final = 800
#: Characters in a token, by estimate: vocabularies are made for English first, and cut Russian finer.
_LATIN_CHARACTERS: Final = 4.0
_OTHER_CHARACTERS: Final = 2.0
#: A chunk begins with the sentence before it when that is not longer than this.
_OVERLAP_CHARACTERS: Final = 200

LONGEST_CHUNK_CHARACTERS: Final = round(_MOST_TOKENS * _LATIN_CHARACTERS) + _OVERLAP_CHARACTERS

_LONGEST_BLOCK: Final = 50_000
_BLOCK_ENDS: Final = ("\n#", "\n\n", "\n", " ")

_LINE_END: Final = re.compile(r"\n\s*+")
#: Enough of a page to know its letters.
_SAMPLE_CHARACTERS: Final = 20_000


def chunk_pages(pages: Iterable[Page], document_id: DocumentId, *, is_markdown: bool = False) -> tuple[Chunk, ...]:
    """Cut pages in order. Shape: in the order of the text; no chunk spans two pages or is white space."""
    return tuple(
        Chunk(
            chunk_id=new_chunk_id(),
            document_id=document_id,
            page=page.number,
            start=start,
            end=end,
            text=page.text[start:end],
        )
        for page in pages
        for start, end in _spans(page, is_markdown=is_markdown)
    )


def characters_per_token(text: str) -> float:
    """Estimate how many characters make a token: 4 in Latin letters, 2 in others, between them for a mixture."""
    letters = sum(character.isalpha() for character in text)
    if letters == 0:
        return _LATIN_CHARACTERS
    latin = sum(character.isalpha() and character < "\u0250" for character in text)
    return _OTHER_CHARACTERS + (_LATIN_CHARACTERS - _OTHER_CHARACTERS) * latin / letters


def _spans(page: Page, *, is_markdown: bool) -> Iterator[tuple[int, int]]:
    text = page.text
    if not text.strip():
        return
    per_token = characters_per_token(text[:_SAMPLE_CHARACTERS])
    least, most = round(_LEAST_TOKENS * per_token), round(_MOST_TOKENS * per_token)
    whole_start, whole_end = _trimmed(text, 0, len(text))
    if whole_end - whole_start <= most:
        yield whole_start, whole_end
        return
    splitter = MarkdownSplitter((least, most)) if is_markdown else TextSplitter((least, most))
    visible = text if is_markdown else _joined_lines(text)
    sentence_starts = [start for start, _ in sentences(text)]
    for block_start, block_end in _blocks(visible):
        for start, chunk in splitter.chunk_indices(visible[block_start:block_end]):
            first, last = _trimmed(text, block_start + start, block_start + start + len(chunk))
            if first < last:
                yield _with_sentence_before(first, sentence_starts), last


def _blocks(text: str) -> Iterator[tuple[int, int]]:
    """Cut a very long text at its best places first: the splitter's time grows faster than the text."""
    start = 0
    while len(text) - start > _LONGEST_BLOCK:
        middle, furthest = start + _LONGEST_BLOCK // 2, start + _LONGEST_BLOCK
        ends = (text.rfind(mark, middle, furthest) for mark in _BLOCK_ENDS)
        end = next((end for end in ends if end >= 0), furthest)
        yield start, end
        start = end
    yield start, len(text)


def _joined_lines(text: str) -> str:
    """Make a line end inside a paragraph a space, one character for one: lines of a PDF end anywhere."""
    return _LINE_END.sub(
        lambda match: " " + match.group()[1:] if match.group().count("\n") == 1 else match.group(), text
    )


def _trimmed(text: str, start: int, end: int) -> tuple[int, int]:
    while start < end and text[start].isspace():
        start += 1
    while end > start and text[end - 1].isspace():
        end -= 1
    return start, end


def _with_sentence_before(start: int, sentence_starts: list[int]) -> int:
    """Where the chunk begins with the sentence before it, if that one is short."""
    place = bisect_left(sentence_starts, start)
    if place == 0:
        return start
    earlier = sentence_starts[place - 1]
    return earlier if start - earlier <= _OVERLAP_CHARACTERS else start
