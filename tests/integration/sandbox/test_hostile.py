"""Hostile files: each gets its verdict in time, and the reader lives on."""

import random
import time
from collections.abc import Callable

import pytest
from tests.support import papers

from samovar.domain.document import ParsedDocument
from samovar.domain.errors import (
    DocumentError,
    FileDamaged,
    FileEmpty,
    FileEncrypted,
    FileTooComplex,
    FileTypeUnknown,
)
from samovar.sandbox.reader import SandboxedReader

pytest_plugins = ["tests.support.sandbox"]

_VERDICT_S = 20.0
_MUTANTS = 100


@pytest.mark.parametrize(
    ("make", "error", "reason"),
    [
        (lambda: b"", FileEmpty, None),
        (lambda: b" \n\n ", FileEmpty, None),
        (lambda: b"PK\x03\x04\x00\x00", FileTypeUnknown, None),
        (papers.empty_pdf, FileEmpty, None),
        (papers.encrypted_pdf, FileEncrypted, None),
        (papers.truncated_pdf, FileDamaged, None),
        (papers.flate_bomb_pdf, FileTooComplex, "memory"),
        (papers.many_pages_pdf, FileTooComplex, "pages"),
        (papers.pixel_bomb_png, FileTooComplex, "pixels"),
        (papers.text_bomb_png, FileDamaged, None),
        (lambda: papers.photograph_jpeg()[:2000], FileDamaged, None),
    ],
    ids=[
        "no_bytes", "white_space", "archive", "no_pages", "encrypted", "truncated", "flate_bomb", "many_pages",
        "pixel_bomb", "text_bomb", "truncated_photograph",
    ],
)  # fmt: skip
async def test_a_hostile_file_gets_its_verdict_and_the_next_file_is_read(
    reader: SandboxedReader, make: Callable[[], bytes], error: type[DocumentError], reason: str | None
) -> None:
    content = make()
    started = time.monotonic()
    with pytest.raises(DocumentError) as caught:
        await reader.parse(content, name="bad.pdf")
    assert time.monotonic() - started < _VERDICT_S
    assert type(caught.value) is error
    assert caught.value.values == {"name": "bad.pdf"} | ({"reason": reason} if reason else {})
    document = await reader.parse(papers.english_pdf(), name="good.pdf")
    assert papers.ENGLISH_FACT in document.pages[1].text


async def test_a_vast_page_is_read_and_drawn(reader: SandboxedReader) -> None:
    document = await reader.parse(papers.vast_page_pdf(), name="vast.pdf")
    assert document.pages[0].text == "far away"
    picture = await reader.render_page(papers.vast_page_pdf(), kind="pdf", page=1, width_px=10_000)
    assert picture.width <= 2400


async def test_drawing_a_bomb_is_refused_too(reader: SandboxedReader) -> None:
    with pytest.raises(FileTooComplex):
        await reader.render_page(papers.flate_bomb_pdf(), kind="pdf", page=1, width_px=800)


async def test_a_hundred_mutated_papers_are_read_or_refused(reader: SandboxedReader) -> None:
    source = papers.russian_pdf()
    chance = random.Random(7431)
    read = refused = 0
    for _ in range(_MUTANTS):
        content = bytearray(source)
        for _ in range(chance.randint(1, 200)):
            content[chance.randrange(len(content))] = chance.randrange(256)
        if chance.random() < 0.3:
            del content[chance.randrange(len(content)) :]
        try:
            document = await reader.parse(bytes(content), name="mutant.pdf")
        except DocumentError:
            refused += 1
        else:
            assert isinstance(document, ParsedDocument)
            read += 1
    assert read + refused == _MUTANTS
    assert read > 0
    assert refused > 0


@pytest.mark.parametrize("page", [0, -1, 4, 10**9])
async def test_a_page_that_is_not_there_is_an_error(reader: SandboxedReader, page: int) -> None:
    with pytest.raises(FileDamaged):
        await reader.render_page(papers.english_pdf(), kind="pdf", page=page, width_px=800)
    with pytest.raises(FileDamaged):
        await reader.locate(papers.english_pdf(), page=page, start=0, end=5)


async def test_text_has_no_pages_to_draw(reader: SandboxedReader) -> None:
    with pytest.raises(FileTypeUnknown):
        await reader.render_page(b"words", kind="text", page=1, width_px=800)
