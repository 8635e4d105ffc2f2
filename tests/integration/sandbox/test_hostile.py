"""Hostile files: each gets its verdict in time, and the reader lives on."""

import asyncio
import os
import sys
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

import psutil
import pytest
from tests.support import hostile_papers, papers
from tests.support.read_files import ReadFile, read_whole

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
_MUTANTS = 500
_SEED = 7431
_DESERVED: Mapping[str, tuple[type[DocumentError], str | None]] = {
    "no_bytes.txt": (FileEmpty, None),
    "white_space.txt": (FileEmpty, None),
    "no_pages.pdf": (FileEmpty, None),
    "encrypted.pdf": (FileEncrypted, None),
    "encrypted.docx": (FileEncrypted, None),
    "truncated.pdf": (FileDamaged, None),
    "flate_bomb.pdf": (FileTooComplex, "memory"),
    "many_pages.pdf": (FileTooComplex, "pages"),
    "pixel_bomb.png": (FileTooComplex, "pixels"),
    "text_bomb.png": (FileDamaged, None),
    "program.txt": (FileTypeUnknown, None),
}
_HARMED = dict(hostile_papers.harmed_containers())


@asynccontextmanager
async def _unharmed(reader: SandboxedReader) -> AsyncIterator[None]:
    """Afterwards the same zygote lives, has written nothing and reads the next file."""
    before, written = reader.process_id, _written_bytes(reader)
    yield
    assert reader.process_id == before
    assert _written_bytes(reader) == written
    file = await read_whole(reader, papers.english_pdf(), "good.pdf")
    assert papers.ENGLISH_FACT in file.pages[1].text


def _written_bytes(reader: SandboxedReader) -> int:
    """What the zygote and its ended children have written to disks."""
    if sys.platform != "linux":
        return 0
    return psutil.Process(reader.process_id).io_counters().write_bytes


async def _verdict(reader: SandboxedReader, content: bytes, name: str) -> ReadFile | DocumentError:
    started = time.monotonic()
    try:
        return await read_whole(reader, content, name)
    except DocumentError as error:
        return error
    finally:
        assert time.monotonic() - started < _VERDICT_S


@pytest.mark.parametrize("name", hostile_papers.HOSTILE)
async def test_a_hostile_file_is_read_or_refused_as_it_deserves(reader: SandboxedReader, name: str) -> None:
    async with _unharmed(reader):
        verdict = await _verdict(reader, hostile_papers.HOSTILE[name](), name)
    if name in _DESERVED:
        error, reason = _DESERVED[name]
        assert type(verdict) is error
        assert verdict.values == {"name": name} | ({"reason": reason} if reason else {})


@pytest.mark.parametrize("name", _HARMED)
async def test_a_harmed_container_is_read_or_refused_in_time(reader: SandboxedReader, name: str) -> None:
    async with _unharmed(reader):
        verdict = await _verdict(reader, _HARMED[name](), name)
    if name.startswith(("bomb.", "many_entries.")):
        assert isinstance(verdict, FileTooComplex)
        assert verdict.values["reason"] == "unpacked"
    elif name.startswith(("overlapping.", "cut_directory.")):
        assert isinstance(verdict, FileDamaged | FileTooComplex | FileTypeUnknown)
    elif name.startswith("xml_foreign_entity."):
        assert "root:" not in (verdict.text if isinstance(verdict, ReadFile) else "")


async def test_a_vast_page_is_read_and_drawn(reader: SandboxedReader) -> None:
    file = await read_whole(reader, papers.vast_page_pdf(), "vast.pdf")
    assert file.text == "far away"
    picture = await reader.render_page(papers.vast_page_pdf(), kind="pdf", page=1, width_px=10_000)
    assert picture.width <= 2400


async def test_drawing_a_bomb_is_refused_too(reader: SandboxedReader) -> None:
    with pytest.raises(FileTooComplex):
        await reader.render_page(papers.flate_bomb_pdf(), kind="pdf", page=1, width_px=800)


async def test_five_hundred_mutated_files_are_read_or_refused(reader: SandboxedReader) -> None:
    slots = asyncio.Semaphore(os.cpu_count() or 1)
    verdicts: list[ReadFile | DocumentError] = []

    async def judge(name: str, content: bytes) -> None:
        async with slots:
            verdicts.append(await _verdict(reader, content, name))

    async with _unharmed(reader), asyncio.TaskGroup() as group:
        for name, content in hostile_papers.mutants(_MUTANTS, _SEED):
            group.create_task(judge(name, content))
    read = sum(isinstance(verdict, ReadFile) for verdict in verdicts)
    assert len(verdicts) == _MUTANTS
    assert 0 < read < _MUTANTS


async def test_files_cut_anywhere_are_read_or_refused(reader: SandboxedReader) -> None:
    async with _unharmed(reader):
        for content, name in ((papers.russian_pdf(), "a.pdf"), (papers.photograph_jpeg(), "a.jpg")):
            for share in range(0, 100, 10):
                await _verdict(reader, content[: len(content) * share // 100], name)


@pytest.mark.parametrize("page", [0, -1, 4, 10**9])
async def test_a_page_that_is_not_there_is_an_error(reader: SandboxedReader, page: int) -> None:
    with pytest.raises(FileDamaged):
        await reader.render_page(papers.english_pdf(), kind="pdf", page=page, width_px=800)
    with pytest.raises(FileDamaged):
        await reader.locate(papers.english_pdf(), kind="pdf", page=page, start=0, end=5)
    with pytest.raises(FileDamaged):
        await reader.words(papers.english_pdf(), kind="pdf", page=page)


async def test_text_has_no_pages_to_draw(reader: SandboxedReader) -> None:
    with pytest.raises(FileTypeUnknown):
        await reader.render_page(b"words", kind="text", page=1, width_px=800)
