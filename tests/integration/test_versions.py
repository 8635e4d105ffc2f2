"""New versions, copies and second readings: which bytes stand for a document, and what was made of them."""

import asyncio

import pytest
from tests.support.library import LONG, Library
from tests.support.played_reader import PlayedReader, paper
from tests.support.searching import by_words

from samovar.domain.errors import Conflict
from samovar.ingest.reading import Reading
from samovar.telemetry.metrics import Metrics


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
        kept = await tx.documents.view_page(library.actor, old.document_id, 1)
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


async def test_the_same_bytes_taken_at_the_same_time_are_one_document(library: Library) -> None:
    base_id = (await library.base()).base_id
    taken = await asyncio.gather(*(library.take(paper("tea"), base_id=base_id) for _ in range(8)))
    assert len({document.document_id for document in taken}) == 1


async def test_what_is_read_anew_is_as_it_was(library: Library) -> None:
    document = await library.take(paper("# Tea\n" + LONG, LONG, figures=1))
    async with library.working(PlayedReader()):
        await library.read(document)
        before = await library.seen(document.document_id)
        await library.intake.reread(library.actor, document.document_id)
        await library.read(document)
    assert await library.seen(document.document_id) == before
