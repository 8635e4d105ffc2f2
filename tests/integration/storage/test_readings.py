"""What is stored of a document while it is read, and what becomes of it then."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace

import pytest
from tests.support.database import make_chunk, make_document
from tests.support.made_papers import made_figure, made_page, make_base

from samovar.domain.actor import Actor
from samovar.domain.errors import Conflict, NotFound
from samovar.domain.ids import new_document_id, new_user_id
from samovar.domain.page import DocumentHead
from samovar.ports.library import AfterPages
from samovar.storage import PostgresStorage
from samovar.storage.postgres import PostgresTransaction


async def test_nothing_can_be_read_into_a_deleted_document(storage: PostgresStorage) -> None:
    gone = new_document_id()
    head = DocumentHead(kind="text", media_type="text/plain", page_count=1)
    steps: list[Callable[[PostgresTransaction], Awaitable[object]]] = [
        lambda tx: tx.readings.document(gone),
        lambda tx: tx.readings.set_head(gone, head),
        lambda tx: tx.readings.set_stage(gone, "indexing"),
        lambda tx: tx.readings.save_pages(gone, [made_page(1)], []),
        lambda tx: tx.readings.finish(gone),
        lambda tx: tx.readings.end(gone, "failed", error_code=None, error_reason=None),
        lambda tx: tx.readings.start_again(gone),
        lambda tx: tx.chunks.add([make_chunk(gone, "late")]),
    ]
    for step in steps:
        with pytest.raises(NotFound) as raised:
            async with storage.transaction() as tx:
                await step(tx)
        assert raised.value.values == {"what": "document"}


async def test_nothing_can_be_read_into_a_document_that_was_cancelled(storage: PostgresStorage, actor: Actor) -> None:
    paper = make_document(actor, status="cancelled")
    head = DocumentHead(kind="text", media_type="text/plain", page_count=1)
    async with storage.transaction() as tx:
        await tx.documents.add(actor, paper, chat_id=None)
    with pytest.raises(NotFound):
        async with storage.transaction() as tx:
            await tx.readings.set_head(paper.document_id, head)
    async with storage.transaction() as tx:
        assert await tx.documents.access(actor, paper.document_id) == paper


async def test_whoever_cancels_first_is_seen_by_a_reader_that_waits_for_the_row(
    storage: PostgresStorage, actor: Actor
) -> None:
    paper = make_document(actor, status="reading")
    head = DocumentHead(kind="text", media_type="text/plain", page_count=1)
    async with storage.transaction() as tx:
        await tx.documents.add(actor, paper, chat_id=None)

    async def read() -> None:
        async with storage.transaction() as tx:
            await tx.readings.set_head(paper.document_id, head)

    async with storage.transaction() as cancelling:
        await cancelling.readings.document(paper.document_id)
        reading = asyncio.create_task(read())
        await asyncio.sleep(0.2)
        assert not reading.done()
        await cancelling.readings.end(paper.document_id, "cancelled", error_code=None, error_reason=None)
    with pytest.raises(NotFound):
        await reading


@pytest.mark.parametrize(("then", "end"), [(None, ("reading", "queued")), ("recognising", ("reading", "recognising"))])
async def test_the_last_pages_say_what_comes_next(
    storage: PostgresStorage, actor: Actor, then: AfterPages | None, end: tuple[str, str]
) -> None:
    paper = replace(make_document(actor, status="reading"), stage="queued")
    async with storage.transaction() as tx:
        await tx.documents.add(actor, paper, chat_id=None)
        await tx.readings.save_pages(paper.document_id, [made_page(1)], [], then=then)
        found = await tx.documents.access(actor, paper.document_id)
    assert (found.status, found.stage, found.pages_read) == (*end, 1)


async def test_the_last_pages_of_a_new_version_take_the_place_of_the_earlier_one(
    storage: PostgresStorage, actor: Actor
) -> None:
    base = make_base(actor)
    earlier = replace(make_document(actor, base=base), path="folder/paper.pdf")
    newer = replace(make_document(actor, base=base, status="reading"), path="folder/paper.pdf", sha256="9" * 64)
    async with storage.transaction() as tx:
        await tx.bases.add(actor, base)
        await tx.documents.add(actor, earlier, chat_id=None)
        await tx.documents.add(actor, newer, chat_id=None)
        # A file without a page is ready too.
        await tx.readings.save_pages(newer.document_id, [], [], then="ready")
        assert (await tx.documents.access(actor, newer.document_id)).status == "ready"
        assert (await tx.documents.access(actor, earlier.document_id)).replaced_by == newer.document_id


async def test_what_is_inside_a_document_counts_as_unread_once_it_is_read_itself(
    storage: PostgresStorage, actor: Actor
) -> None:
    box = make_document(actor, status="reading")
    letter = replace(make_document(actor), parent_id=box.document_id, path="box/letter", sha256="a" * 64)
    picture = replace(
        make_document(actor, status="reading"), parent_id=letter.document_id, path="box/letter/picture", sha256="b" * 64
    )
    async with storage.transaction() as tx:
        await tx.documents.add(actor, box, chat_id=None)
        await tx.readings.add_part(letter)
        await tx.readings.add_part(picture)
        found, unread = await tx.documents.access_unread(actor, box.document_id)
        assert (found, unread) == (box, 1)
        await tx.readings.finish(box.document_id)
        assert (await tx.documents.access_unread(actor, box.document_id))[1] == 1
        await tx.readings.finish(picture.document_id)
        assert (await tx.documents.access_unread(actor, box.document_id))[1] == 0
        with pytest.raises(NotFound):
            await tx.documents.access_unread(replace(actor, user_id=new_user_id()), box.document_id)


async def test_pages_that_are_there_are_no_new_ones(storage: PostgresStorage, actor: Actor) -> None:
    document = make_document(actor, status="reading")
    async with storage.transaction() as tx:
        await tx.documents.add(actor, document, chat_id=None)
        await tx.readings.save_pages(document.document_id, [made_page(1)], [], are_new=True)
    with pytest.raises(Conflict):
        async with storage.transaction() as tx:
            await tx.readings.save_pages(document.document_id, [made_page(1), made_page(2)], [], are_new=True)
    async with storage.transaction() as tx:
        assert (await tx.readings.document(document.document_id)).pages_read == 1
        await tx.readings.save_pages(document.document_id, [made_page(1), made_page(2)], [])
        assert (await tx.readings.document(document.document_id)).pages_read == 2


async def test_a_document_that_ended_early_keeps_nothing_that_was_read(storage: PostgresStorage, actor: Actor) -> None:
    paper = make_document(actor, status="reading")
    figure = replace(made_figure(paper.document_id, page=1, number=1), sha256="3" * 64)
    async with storage.transaction() as tx:
        await tx.documents.add(actor, paper, chat_id=None)
        await tx.readings.save_pages(paper.document_id, [made_page(1)], [figure])
        await tx.chunks.add([make_chunk(paper.document_id, "samovar", page=1)])
        unused = await tx.readings.end(
            paper.document_id, "failed", error_code="file_damaged", error_reason="The file is damaged."
        )
        assert unused == ("3" * 64, paper.sha256)
        assert not await tx.documents.needs_blob(paper.sha256)
        found = await tx.documents.access(actor, paper.document_id)
        assert (found.status, found.stage, found.error_code, found.error_reason) == (
            "failed",
            None,
            "file_damaged",
            "The file is damaged.",
        )
        assert (found.pages_read, found.chunk_count) == (0, 0)
        assert await tx.documents.view_pages(actor, paper.document_id) == ()
        assert await tx.figures.view_document(actor, paper.document_id) == ()
        await tx.readings.start_again(paper.document_id)
        anew = await tx.documents.access(actor, paper.document_id)
        assert (anew.status, anew.stage, anew.error_code) == ("reading", "queued", None)
        assert await tx.readings.unfinished() == (paper.document_id,)
