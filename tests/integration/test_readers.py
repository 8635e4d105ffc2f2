"""Who reads what, and when: readers of one queue, in turn, killed, cancelled and cut off."""

import asyncio
from contextlib import suppress

import psycopg
import pytest
from tests.support.library import PATIENCE_S, Library, until
from tests.support.played_reader import PlayedReader, paper

from samovar.domain.errors import Conflict, NotFound, StorageUnavailable
from samovar.domain.ids import DocumentId
from samovar.ports.queue import QueueScope
from samovar.storage.queue import PostgresQueue


async def test_a_reader_that_runs_already_hears_of_a_new_file(library: Library) -> None:
    async with library.working(PlayedReader()):
        for number in range(3):
            read = await asyncio.wait_for(library.read(await library.take(paper(f"Tea {number}"))), 20)
            assert read.status == "ready"


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
