"""The way of a document from its bytes to the index, with every interruption that it may meet."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
from tests.support.library import LONG, PATIENCE_S, Library, until
from tests.support.played_reader import PlayedReader, paper

from samovar.domain.errors import Conflict
from samovar.domain.page import Page


async def test_what_was_taken_is_stored_before_anybody_reads_it(library: Library) -> None:
    document = await library.take(paper("Tea"))
    assert (document.status, document.stage, document.kind) == ("reading", "queued", None)
    assert await library.blobs.get(document.sha256) == paper("Tea")
    waited = await library.intake.wait(library.actor, document.document_id, timeout_s=0.1)
    assert waited.status == "reading"
    async with library.working(PlayedReader()):
        read = await library.read(document)
    assert (read.status, read.stage, read.kind, read.page_count, read.pages_read) == ("ready", None, "pdf", 1, 1)
    assert read.title == "paper.pdf"
    assert read.chunk_count == 1


async def test_reading_that_is_cut_off_anywhere_goes_on_and_ends_as_if_it_was_not(library: Library) -> None:
    texts = ["# Chapter\n" + LONG, LONG * 3, "scan", "# Next\n" + LONG, "short", "scan " * 900, LONG]
    content = paper(*texts, waiting=(3, 6), figures=2)
    clean = await library.take(content, base_id=(await library.base()).base_id)
    async with library.working(PlayedReader()):
        await library.read(clean)
    expected = await library.seen(clean.document_id)
    chat_id = await library.chat()
    document = await library.take(content, chat_id=chat_id)
    for tickets in (1, 0, 2, 1, 1, 3, 1, 1, 1):
        reader = PlayedReader(is_held=True)
        async with library.working(reader):
            for _ in range(tickets):
                reader.tickets.release()
            await until(lambda reader=reader, tickets=tickets: len(reader.log) >= tickets or not reader.reading)  # type: ignore[misc]  # mypy knows no type for the defaults
            await asyncio.sleep(0.05)
    async with library.working(PlayedReader()):
        read = await library.read(document)
    assert (read.status, read.pages_read) == ("ready", 7)
    found = await library.seen(document.document_id)
    assert len(found) == len(expected)
    for one, other in zip(found, expected, strict=True):
        assert one == other or getattr(one, "sha256", 1) == getattr(other, "sha256", 2)
    assert read.chunk_count == len(await library.chunks(document.document_id))


async def test_pages_that_were_stored_are_not_parsed_again(library: Library) -> None:
    document = await library.take(paper("one", "two", "three"))
    held = PlayedReader(is_held=True)
    async with library.working(held):
        held.tickets.release()
        held.tickets.release()
        await until(lambda: len(held.log) == 2)

        async def stored() -> int | None:
            async with library.storage.transaction() as tx:
                return await tx.readings.last_page(document.document_id)

        async with asyncio.timeout(PATIENCE_S):
            while await stored() != 2:
                await asyncio.sleep(0.01)
    rest = PlayedReader()
    async with library.working(rest):
        await library.read(document)
    assert rest.log == [("page", 3)]


async def test_pages_of_a_reader_that_has_lost_the_document_are_put_right(library: Library) -> None:
    document = await library.take(paper("one", "two"))
    late = Page(number=2, text="of the late reader", status="text")
    async with library.storage.transaction() as tx:
        await tx.readings.save_pages(document.document_id, [late], [])
    async with library.working(PlayedReader()):
        read = await library.read(document)
    assert (read.status, read.pages_read, read.chunk_count) == ("ready", 2, 2)
    async with library.storage.transaction() as tx:
        assert [page.text for page in await tx.readings.all_pages(document.document_id, limit=9)] == ["one", "two"]


async def test_a_page_that_ocr_cannot_read_never_loses_the_document(library: Library) -> None:
    document = await library.take(paper("one", "unreadable", "three", waiting=(2, 3)))
    async with library.working(PlayedReader()):
        read = await library.read(document)
    pages = await library.intake.pages(library.actor, document.document_id)
    assert read.status == "ready"
    assert [(page.status, page.reason) for page in pages] == [("text", None), ("failed", "damaged"), ("ocr", None)]


async def test_where_ocr_cannot_run_every_page_that_needs_it_says_so(library: Library) -> None:
    document = await library.take(paper("one", "two", "three", waiting=(2, 3)))
    async with library.working(PlayedReader(recognises_text=False)):
        read = await library.read(document)
    pages = await library.intake.pages(library.actor, document.document_id)
    assert (read.status, read.pages_read) == ("ready", 3)
    assert [(page.status, page.reason) for page in pages[1:]] == [("skipped", "ocr_unavailable")] * 2


async def test_a_file_that_is_at_fault_stays_in_its_base_with_the_reason_and_without_bytes(library: Library) -> None:
    base = await library.base()
    document = await library.take(paper("one", "two", damaged_after=1, figures=1), base_id=base.base_id)
    async with library.working(PlayedReader()) as workers:
        read = await library.read(document)
        # The bytes go after the row has told that they will.
        while workers.reading:
            await asyncio.sleep(0.01)
    assert (read.status, read.error_code, read.pages_read, read.chunk_count) == ("failed", "file_damaged", 0, 0)
    assert not read.keeps_bytes
    assert await library.blob_count() == 0
    assert await library.seen(document.document_id) == []
    with pytest.raises(Conflict):
        await library.intake.reread(library.actor, document.document_id)
    # The same bytes may be brought again: perhaps the reader has become better.
    assert (await library.take(paper("one", "two", damaged_after=1), base_id=base.base_id)).status == "reading"


async def test_a_document_whose_bytes_were_damaged_says_so(library: Library, tmp_path: Path) -> None:
    document = await library.take(paper("tea"))
    [path] = [path for path in (tmp_path / "blobs").rglob("*") if path.is_file()]
    path.chmod(0o600)
    path.write_bytes(b"rotten")
    async with library.working(PlayedReader()):
        read = await library.read(document)
    assert (read.status, read.error_code) == ("failed", "blob_damaged")
    assert read.keeps_bytes


async def test_an_error_of_our_own_is_tried_again_and_then_told(library: Library) -> None:
    class Broken(PlayedReader):
        async def recognise(self, *_: Any, **__: Any) -> Any:
            self.log.append(("ocr", 1))
            raise RuntimeError("a defect")

    reader = Broken()
    document = await library.take(paper("one", waiting=(1,)))
    async with library.working(reader):
        read = await library.read(document)
        assert (read.status, read.error_code) == ("failed", "internal")
        assert [step for step, _ in reader.log].count("ocr") == 3
        assert read.keeps_bytes


async def test_pictures_of_a_base_that_wants_it_wait_for_a_description(library: Library) -> None:
    base = await library.base(describes_figures=True)
    document = await library.take(paper("one", figures=2), base_id=base.base_id)
    async with library.working(PlayedReader()):
        await library.read(document)
    async with library.storage.transaction() as tx:
        waiting = await tx.figures.waiting(document.document_id)
    assert [figure.number for figure in waiting] == [1, 2]
