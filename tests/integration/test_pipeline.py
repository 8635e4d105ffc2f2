"""The way of a document from its bytes to the index, with every interruption that it may meet."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import pytest
from tests.support.database import make_chat
from tests.support.played_reader import PlayedReader, archive, paper
from tests.support.searching import by_words

from samovar.domain.actor import Actor
from samovar.domain.document import Document, KnowledgeBase
from samovar.domain.errors import Conflict, NotFound, StorageUnavailable
from samovar.domain.ids import ChatId, DocumentId, new_base_id
from samovar.ingest.intake import Intake
from samovar.ingest.reading import Reading
from samovar.ingest.worker import Workers, usual_readers
from samovar.ports.queue import QueueScope
from samovar.storage import FileBlobStore, PostgresStorage
from samovar.storage.chunks import text_of_chunk
from samovar.storage.queue import PostgresQueue
from samovar.telemetry.metrics import Metrics

PATIENCE_S = 60.0
LONG = "The service listens on port 7431. " * 60


@dataclass(slots=True)
class Library:
    """A storage with an intake and, while ``working``, readers."""

    storage: PostgresStorage
    blobs: FileBlobStore
    actor: Actor
    intake: Intake

    @asynccontextmanager
    async def working(self, reader: PlayedReader, *, imports: int = 1) -> AsyncIterator[Workers]:
        queue = self.storage.queue()
        reading = Reading(self.storage, self.blobs, reader, Metrics(), upload_mb=1)
        workers = Workers(queue, reading, readers=usual_readers(imports))
        workers.start()
        try:
            yield workers
        finally:
            await workers.close()
            await queue.close()

    async def take(self, content: bytes, name: str = "paper.pdf", **place: Any) -> Document:
        return await self.intake.take(self.actor, name=name, content=content, **place)

    async def read(self, document: Document) -> Document:
        found = await self.intake.wait(self.actor, document.document_id, timeout_s=PATIENCE_S)
        assert found.status != "reading", found
        return found

    async def seen(self, document_id: DocumentId) -> list[object]:
        """Everything that was made of a document, in order and without random names."""
        async with self.storage.transaction() as tx:
            pages = await tx.readings.all_pages(document_id, limit=1000)
            figures = await tx.figures.of_document(self.actor, document_id)
        return [*pages, *figures, *await self.chunks(document_id)]

    async def chunks(self, document_id: DocumentId) -> list[tuple[Any, ...]]:
        url = self.storage._url.set(drivername="postgresql").render_as_string(hide_password=False)
        async with await psycopg.AsyncConnection.connect(url) as connection:
            found = await connection.execute(
                f'SELECT page, start, "end", {text_of_chunk("chunks")}, headings, weights::text'
                ' FROM chunks WHERE document_id = %s ORDER BY page, start, "end"',
                (document_id,),
            )
            return await found.fetchall()

    async def parts(self, document: Document) -> list[Document]:
        async with self.storage.transaction() as tx:
            return list(await tx.documents.parts(self.actor, document.document_id))

    async def chat(self) -> ChatId:
        chat = make_chat(self.actor)
        async with self.storage.transaction() as tx:
            await tx.chats.add(self.actor, chat)
        return chat.chat_id

    async def base(self, *, describes_figures: bool = False) -> KnowledgeBase:
        async with self.storage.transaction() as tx:
            base = KnowledgeBase(
                base_id=new_base_id(),
                owner_id=self.actor.user_id,
                name="Archive",
                describes_figures=describes_figures,
                created_at=await tx.now(),
            )
            await tx.bases.add(self.actor, base)
        return base

    async def blob_count(self) -> int:
        return len([sha256 async for sha256 in self.blobs.hashes()])


@pytest.fixture
async def library(storage: PostgresStorage, blobs: FileBlobStore, actor: Actor) -> AsyncIterator[Library]:
    queue = storage.queue()
    yield Library(storage, blobs, actor, Intake(storage, blobs, queue, Metrics(), upload_mb=1))
    await queue.close()


async def until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while not holds():
            await asyncio.sleep(0.01)


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


async def test_a_reader_that_runs_already_hears_of_a_new_file(library: Library) -> None:
    async with library.working(PlayedReader()):
        for number in range(3):
            read = await asyncio.wait_for(library.read(await library.take(paper(f"Tea {number}"))), 20)
            assert read.status == "ready"


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
    async with library.working(PlayedReader()):
        read = await library.read(document)
    assert (read.status, read.error_code, read.pages_read, read.chunk_count) == ("failed", "file_damaged", 0, 0)
    assert not read.keeps_bytes
    assert await library.blob_count() == 0
    assert await library.seen(document.document_id) == []
    with pytest.raises(Conflict):
        await library.intake.reread(library.actor, document.document_id)
    # The same bytes may be brought again: perhaps the reader has become better.
    assert (await library.take(paper("one", "two", damaged_after=1), base_id=base.base_id)).status == "reading"


async def test_what_is_inside_an_archive_becomes_documents_of_the_same_place(library: Library) -> None:
    inner = archive({"deep.pdf": paper("deep tea"), "../../evil.pdf": paper("evil tea")})
    content = archive({"a/one.pdf": paper("tea one"), "b.bin": b"\x00 no json", "inner.zip": inner, "empty": b""})
    chat_id = await library.chat()
    document = await library.take(content, name="box.zip", chat_id=chat_id)
    async with library.working(PlayedReader()):
        read = await library.read(document)
    assert read.status == "ready"
    parts = {part.path: part for part in await library.parts(document)}
    assert {path: (part.status, part.error_code) for path, part in parts.items()} == {
        "box.zip/a/one.pdf": ("ready", None),
        "box.zip/b.bin": ("failed", "file_type_unknown"),
        "box.zip/inner.zip": ("ready", None),
        "box.zip/empty": ("failed", "file_empty"),
    }
    deeper = await library.parts(parts["box.zip/inner.zip"])
    assert [part.path for part in deeper] == ["box.zip/inner.zip/deep.pdf", "box.zip/inner.zip/evil.pdf"]
    async with library.storage.transaction() as tx:
        found = await by_words(tx, library.actor, "tea", chat_id=chat_id, limit=9)
        assert {passage.chunk.text for passage in found} == {"tea one", "deep tea", "evil tea"}
    await library.intake.remove(library.actor, document.document_id)
    assert await library.blob_count() == 0


async def test_archives_inside_archives_end_somewhere(library: Library) -> None:
    content = paper("the innermost")
    for level in range(6):
        content = archive({f"level{level}.zip": content})
    document = await library.take(content, name="doll.zip")
    async with library.working(PlayedReader()):
        await library.read(document)
    async with library.storage.transaction() as tx:
        all_parts = await tx.documents.with_parts(library.actor, document.document_id)
    assert [part.status for part in all_parts] == ["ready"] * 4 + ["failed"]
    assert (all_parts[-1].error_code, all_parts[-1].error_reason) == ("file_too_complex", "depth")


async def test_a_new_version_takes_the_place_of_the_old_one_once_it_is_read(library: Library) -> None:
    base_id = (await library.base()).base_id
    async with library.working(PlayedReader()):
        old = await library.read(await library.take(paper("old tea"), base_id=base_id, path="x/tea.pdf"))
    new = await library.take(paper("new tea"), base_id=base_id, path="x/tea.pdf")
    async with library.storage.transaction() as tx:
        found = await by_words(tx, library.actor, "tea", limit=9)
    assert [passage.chunk.text for passage in found] == ["old tea"]
    async with library.working(PlayedReader()):
        await library.read(new)
    async with library.storage.transaction() as tx:
        found = await by_words(tx, library.actor, "tea", limit=9)
        replaced = await tx.documents.access(library.actor, old.document_id)
        kept = await tx.documents.page(library.actor, old.document_id, 1)
    assert [passage.chunk.text for passage in found] == ["new tea"]
    assert (replaced.status, replaced.replaced_by, kept.text) == ("replaced", new.document_id, "old tea")
    assert await library.blobs.get(old.sha256) == paper("old tea")
    with pytest.raises(Conflict):
        await library.intake.reread(library.actor, old.document_id)
    # Back to the bytes of old: they are a new version again.
    again = await library.take(paper("old tea"), base_id=base_id, path="x/tea.pdf")
    assert again.document_id not in (old.document_id, new.document_id)


async def test_copies_in_two_places_are_two_documents_with_versions_of_their_own(library: Library) -> None:
    base_id = (await library.base()).base_id
    async with library.working(PlayedReader()):
        first = await library.read(await library.take(paper("plain tea"), base_id=base_id, path="a/tea.pdf"))
        copy = await library.read(await library.take(paper("plain tea"), base_id=base_id, path="b/tea.pdf"))
        assert copy.document_id != first.document_id
        again = await library.take(paper("plain tea"), base_id=base_id, path="b/tea.pdf")
        assert again.document_id == copy.document_id
        await library.read(await library.take(paper("green tea"), base_id=base_id, path="a/tea.pdf"))
    async with library.storage.transaction() as tx:
        found = await by_words(tx, library.actor, "tea", limit=9)
    assert {passage.chunk.text for passage in found} == {"plain tea", "green tea"}


@pytest.mark.parametrize(("waiting", "tickets"), [((), 1), ((2, 3), 4)], ids=["parsing", "recognising"])
async def test_a_reader_that_missed_the_news_adds_nothing_to_a_new_reading(
    library: Library, waiting: tuple[int, ...], tickets: int
) -> None:
    reader = PlayedReader(is_held=True)
    document = await library.take(paper("one", "two", "three", waiting=waiting))
    reading = Reading(library.storage, library.blobs, reader, Metrics(), upload_mb=1)
    late = asyncio.create_task(reading.read(document.document_id))
    for _ in range(tickets):
        reader.tickets.release()
    stored = 0
    while stored < 1 + len(waiting) // 2:
        await asyncio.sleep(0.05)
        stored = (await library.intake.wait(library.actor, document.document_id, timeout_s=0)).pages_read
    await library.intake.cancel(library.actor, document.document_id)
    await library.intake.reread(library.actor, document.document_id)
    for _ in range(9):
        reader.tickets.release()
    await late
    assert await library.seen(document.document_id) == []


async def test_a_new_version_that_cannot_be_read_leaves_the_old_one_in_force(library: Library) -> None:
    base_id = (await library.base()).base_id
    async with library.working(PlayedReader()):
        old = await library.read(await library.take(paper("old tea"), base_id=base_id, path="tea.pdf"))
        bad = await library.read(await library.take(b"\xff", base_id=base_id, path="tea.pdf"))
    assert bad.status == "failed"
    async with library.storage.transaction() as tx:
        in_force = await tx.documents.by_path(library.actor, base_id, "tea.pdf")
    assert in_force is not None
    assert in_force.document_id == old.document_id


async def test_a_member_that_an_archive_has_lost_is_not_found_any_more(library: Library) -> None:
    base_id = (await library.base()).base_id
    first = archive({"kept.pdf": paper("kept tea"), "lost.pdf": paper("lost tea")})
    second = archive({"kept.pdf": paper("kept tea two")})
    async with library.working(PlayedReader()):
        for content in (first, second):
            await library.read(await library.take(content, name="box.zip", base_id=base_id, path="box.zip"))
    async with library.storage.transaction() as tx:
        found = await by_words(tx, library.actor, "tea", limit=9)
    assert [passage.chunk.text for passage in found] == ["kept tea two"]


async def test_files_of_the_same_name_inside_two_archives_of_the_same_name_are_both_found(library: Library) -> None:
    base_id = (await library.base()).base_id
    async with library.working(PlayedReader()):
        for text in ("march tea", "april tea"):
            content = archive({"invoice.pdf": paper(text)})
            await library.read(await library.take(content, name="letter.zip", base_id=base_id))
    async with library.storage.transaction() as tx:
        found = await by_words(tx, library.actor, "tea", limit=9)
    assert sorted(passage.chunk.text for passage in found) == ["april tea", "march tea"]


async def test_the_same_bytes_taken_at_the_same_time_are_one_document(library: Library) -> None:
    base_id = (await library.base()).base_id
    taken = await asyncio.gather(*(library.take(paper("tea"), base_id=base_id) for _ in range(8)))
    assert len({document.document_id for document in taken}) == 1


async def test_two_readers_never_read_the_same_document(library: Library) -> None:
    documents = [await library.take(paper(f"tea {number}", "two"), name=f"{number}.pdf") for number in range(12)]
    readers = [PlayedReader() for _ in range(3)]
    async with library.working(readers[0], imports=2), library.working(readers[1]), library.working(readers[2]):
        for document in documents:
            assert (await library.read(document)).status == "ready"
    assert sum(len(reader.log) for reader in readers) == 24


async def test_what_a_killed_process_was_reading_is_taken_up_at_once(library: Library) -> None:
    document = await library.take(paper("one", "two"))
    dead = library.storage.queue()
    dead.start()
    async with asyncio.timeout(PATIENCE_S):
        while True:
            with suppress(StorageUnavailable):
                if await dead.claim(scope="all") == document.document_id:
                    break
            await asyncio.sleep(0.01)
    reader = PlayedReader()
    async with library.working(reader):
        waited = await library.intake.wait(library.actor, document.document_id, timeout_s=0.5)
        assert (waited.status, reader.log) == ("reading", [])
        # A process that is killed says nothing to anybody: its connection ends, that is all.
        await dead.close()
        assert (await asyncio.wait_for(library.read(document), 20)).status == "ready"


async def claimed(queue: PostgresQueue, scope: QueueScope) -> DocumentId | None:
    """Claim once the queue has connected."""
    queue.start()
    async with asyncio.timeout(PATIENCE_S):
        while True:
            with suppress(StorageUnavailable):
                return await queue.claim(scope=scope)
            await asyncio.sleep(0.01)


async def test_readers_of_chats_and_of_imports_take_nothing_of_each_other(library: Library) -> None:
    base_id = (await library.base()).base_id
    imported = await library.take(paper("import"), base_id=base_id)
    mine = await library.take(paper("mine"), chat_id=await library.chat())
    one, other = library.storage.queue(), library.storage.queue()
    try:
        assert await claimed(one, "imports") == imported.document_id
        assert await claimed(one, "imports") is None
        assert not await one.is_empty(scope="imports")
        # What is read elsewhere waits for nobody, in whichever process it is asked.
        assert await claimed(other, "imports") is None
        assert not await other.has_unclaimed(scope="imports")
        assert await other.has_unclaimed(scope="chats")
        assert await claimed(other, "chats") == mine.document_id
        assert not await one.has_unclaimed(scope="all")
        await one.release(imported.document_id)
        assert await other.has_unclaimed(scope="imports")
        assert not await other.has_unclaimed(scope="chats")
    finally:
        await one.close()
        await other.close()


async def test_a_file_of_a_chat_does_not_wait_behind_an_import(library: Library) -> None:
    reader = PlayedReader(is_held=True)
    base_id = (await library.base()).base_id
    imports = [await library.take(paper(f"import {number}"), base_id=base_id) for number in range(3)]
    async with library.working(reader):
        await until(lambda: reader.reading == 1)
        mine = await library.take(paper("mine"), chat_id=await library.chat())
        await until(lambda: reader.reading == 2)
        reader.tickets.release()
        reader.tickets.release()
        assert (await library.read(mine)).status == "ready"
        assert (await library.intake.wait(library.actor, imports[2].document_id, timeout_s=0)).status == "reading"


async def test_reading_can_be_cancelled_while_ocr_runs_and_begun_anew(library: Library) -> None:
    reader = PlayedReader(is_held=True)
    document = await library.take(paper("one", "two", "three", waiting=(2, 3), figures=1))
    async with library.working(reader):
        for _ in range(4):
            reader.tickets.release()
        await until(lambda: reader.log[-1:] == [("ocr", 2)])
        cancelled = await library.intake.cancel(library.actor, document.document_id)
        assert (cancelled.status, cancelled.stage, cancelled.pages_read) == ("cancelled", None, 0)
        assert await library.seen(document.document_id) == []
        # The reader is free for others at once, although the page was never finished.
        other = await library.take(paper("other"))
        reader.tickets.release()
        assert (await library.read(other)).status == "ready"
        assert ("ocr", 3) not in reader.log
        assert (await library.intake.cancel(library.actor, other.document_id)).status == "ready"
        for _ in range(9):
            reader.tickets.release()
        again = await library.intake.reread(library.actor, document.document_id)
        assert again.status == "reading"
        with pytest.raises(Conflict):
            await library.intake.reread(library.actor, document.document_id)
        assert (await library.read(again)).pages_read == 3


async def test_a_document_deleted_while_it_is_read_leaves_nothing(library: Library) -> None:
    reader = PlayedReader(is_held=True)
    document = await library.take(paper("one", "two", "three", figures=2))
    async with library.working(reader):
        reader.tickets.release()
        await until(lambda: reader.reading == 1 and len(reader.log) == 1)
        await library.intake.remove(library.actor, document.document_id)
        await until(lambda: reader.reading == 0)
        with pytest.raises(NotFound):
            await library.intake.wait(library.actor, document.document_id, timeout_s=1)
        other = await library.take(paper("other"))
        reader.tickets.release()
        assert (await library.read(other)).status == "ready"
    assert await library.blob_count() == 1


async def test_what_is_read_anew_is_as_it_was(library: Library) -> None:
    document = await library.take(paper("# Tea\n" + LONG, LONG, figures=1))
    async with library.working(PlayedReader()):
        await library.read(document)
        before = await library.seen(document.document_id)
        await library.intake.reread(library.actor, document.document_id)
        await library.read(document)
    assert await library.seen(document.document_id) == before


async def test_an_archive_read_anew_has_its_cancelled_members_read_too(library: Library) -> None:
    base_id = (await library.base()).base_id
    document = await library.take(archive({"one.pdf": paper("tea")}), name="box.zip", base_id=base_id)
    async with library.working(PlayedReader()):
        await library.read(document)
        [member] = await library.parts(document)
        async with library.storage.transaction() as tx:
            await tx.readings.end(member.document_id, "cancelled", error_code=None, error_reason=None)
        await library.intake.reread(library.actor, document.document_id)
        await library.read(document)
        assert [part.status for part in await library.parts(document)] == ["ready"]


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


async def test_readers_go_on_after_their_connection_was_cut(library: Library, clean_database_url: str) -> None:
    reader = PlayedReader(is_held=True)
    document = await library.take(paper("one", "two"))
    async with library.working(reader):
        await until(lambda: reader.reading == 1)
        async with await psycopg.AsyncConnection.connect(clean_database_url, autocommit=True) as connection:
            await connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE application_name = 'samovar' AND datname = current_database()"
            )
        for _ in range(9):
            reader.tickets.release()
        read = await library.read(document)
    assert (read.status, read.pages_read, read.chunk_count) == ("ready", 2, 2)
