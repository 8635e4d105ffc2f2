"""OCR in the sandbox: pages are drawn and read there, and nothing that goes wrong is more than one page."""

import sys
from collections.abc import AsyncIterator
from pathlib import Path

import psutil
import pytest
import pytest_asyncio
from tests.support import hostile_papers, papers
from tests.support.read_files import read_whole

from samovar.domain.errors import FileTypeUnknown
from samovar.ocr.data import LANGUAGES, find
from samovar.sandbox.launch import Recognition
from samovar.sandbox.reader import SandboxedReader
from samovar.settings import LimitsSettings

_TESSDATA = find(Path("/nonexistent"), None)
with_data = pytest.mark.skipif(_TESSDATA is None, reason="no language data on this machine: run `samovar ocr get`")


@pytest_asyncio.fixture(loop_scope="session", scope="module")
async def ocr_reader() -> AsyncIterator[SandboxedReader]:
    """A reader whose children can read pictures."""
    assert _TESSDATA is not None
    reader = SandboxedReader(LimitsSettings(), Recognition(tessdata=_TESSDATA, languages=LANGUAGES))
    await reader.start()
    yield reader
    await reader.close()


@with_data
@pytest.mark.skipif(sys.platform != "linux", reason="looks for libraries in /proc")
async def test_the_zygote_has_one_thread_with_every_parser_and_ocr_loaded(ocr_reader: SandboxedReader) -> None:
    assert ocr_reader.process_id is not None
    loaded = Path(f"/proc/{ocr_reader.process_id}/maps").read_text()
    assert all(library in loaded for library in ("tesserocr", "numpy", "pdfium", "lxml"))
    assert psutil.Process(ocr_reader.process_id).num_threads() == 1
    environment = psutil.Process(ocr_reader.process_id).environ()
    assert {environment[name] for name in ("OMP_THREAD_LIMIT", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS")} == {"1"}
    assert psutil.Process(ocr_reader.process_id).memory_info().rss < 160 * 1024 * 1024


@with_data
async def test_a_scanned_page_is_read_in_the_units_of_its_page(ocr_reader: SandboxedReader) -> None:
    assert ocr_reader.recognises_text
    for content, word in ((papers.english_pdf(), "listens"), (papers.russian_pdf(), "порту")):
        written = (await read_whole(ocr_reader, content, "paper.pdf")).pages[1]
        page = (await ocr_reader.recognise(content, kind="pdf", page=2, name="paper.pdf")).page
        assert (page.number, page.status) == (2, "ocr")
        assert (page.width, page.height) == (written.width, written.height)
        (found,) = [each for each in page.words if page.text[each.start : each.end] == word]
        start = written.text.index(word)
        (box,) = await ocr_reader.locate(content, kind="pdf", page=2, start=start, end=start + len(word))
        assert abs(found.box.x - box.x) < 4
        assert abs(found.box.y - box.y) < 10


@with_data
async def test_a_picture_without_words_is_a_picture(ocr_reader: SandboxedReader) -> None:
    page = (await ocr_reader.recognise(papers.red_circle_png(), kind="image", page=1, name="circle.png")).page
    assert (page.number, page.status, page.text) == (1, "picture", "")


@with_data
async def test_a_page_that_cannot_be_drawn_or_read_is_a_failed_page(ocr_reader: SandboxedReader) -> None:
    bomb = hostile_papers.bombs_among_pages_pdf(2, (2,))
    assert (await ocr_reader.recognise(bomb, kind="pdf", page=2, name="bomb.pdf")).page.reason == "memory"
    for content, page in ((b"%PDF-1.4", 1), (papers.english_pdf(), 9), (papers.english_pdf(), 0)):
        failed = (await ocr_reader.recognise(content, kind="pdf", page=page, name="bad.pdf")).page
        assert (failed.number, failed.status, failed.reason) == (page, "failed", "damaged")
    with pytest.raises(FileTypeUnknown):
        await ocr_reader.recognise(b"words", kind="text", page=1, name="a.txt")


async def test_without_language_data_a_page_is_skipped_and_says_why() -> None:
    reader = SandboxedReader(LimitsSettings())
    assert not reader.recognises_text
    page = (await reader.recognise(papers.english_pdf(), kind="pdf", page=2, name="paper.pdf")).page
    assert (page.number, page.status, page.reason) == (2, "skipped", "ocr_unavailable")
    assert reader.process_id is None


async def test_with_damaged_language_data_a_page_is_skipped_and_says_why(tmp_path: Path) -> None:
    for language in LANGUAGES:
        (tmp_path / f"{language}.traineddata").write_bytes(b"no language")
    reader = SandboxedReader(LimitsSettings(), Recognition(tessdata=tmp_path, languages=LANGUAGES))
    try:
        page = (await reader.recognise(papers.english_pdf(), kind="pdf", page=2, name="paper.pdf")).page
        assert (page.status, page.reason) == ("skipped", "ocr_unavailable")
    finally:
        await reader.close()
