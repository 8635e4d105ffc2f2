"""Documents and pages in PostgreSQL."""

from dataclasses import replace

import pytest
from tests.support.database import another_actor, make_chat, make_chunk, make_document

from samovar.domain.actor import Actor
from samovar.domain.document import Page
from samovar.domain.errors import NotFound
from samovar.domain.ids import new_chat_id, new_document_id
from samovar.storage import PostgresStorage


async def test_documents_of_a_chat_come_oldest_first(storage: PostgresStorage, actor: Actor) -> None:
    chat = make_chat(actor)
    first = make_document(actor, name="первый.txt")
    second = replace(make_document(actor, name="second.txt"), created_at=first.created_at.replace(year=1999))
    async with storage.transaction() as tx:
        await tx.chats.add(actor, chat)
        assert await tx.documents.of_chat(actor, chat.chat_id) == ()
        await tx.documents.add(actor, first, chat_id=chat.chat_id)
        await tx.documents.add(actor, second, chat_id=chat.chat_id)
        assert [found.name for found in await tx.documents.of_chat(actor, chat.chat_id)] == ["первый.txt", "second.txt"]
        assert await tx.documents.access(actor, first.document_id) == first


async def test_a_document_cannot_be_attached_to_a_chat_that_is_not_there(
    storage: PostgresStorage, actor: Actor
) -> None:
    with pytest.raises(NotFound) as raised:
        async with storage.transaction() as tx:
            await tx.documents.add(actor, make_document(actor), chat_id=new_chat_id())
    assert raised.value.values == {"what": "chat"}


async def test_the_same_bytes_are_found_in_the_same_place_when_they_could_be_read(
    storage: PostgresStorage, actor: Actor
) -> None:
    chat, other = make_chat(actor), make_chat(actor)
    reading = make_document(actor, status="reading")
    async with storage.transaction() as tx:
        await tx.chats.add(actor, chat)
        await tx.chats.add(actor, other)
        await tx.documents.add(actor, reading, chat_id=chat.chat_id)
        assert await tx.documents.by_content(actor, reading.sha256, chat_id=chat.chat_id) is None
        ready = make_document(actor)
        await tx.documents.add(actor, ready, chat_id=chat.chat_id)
        assert await tx.documents.by_content(actor, reading.sha256, chat_id=chat.chat_id) == ready
        assert await tx.documents.by_content(actor, reading.sha256, chat_id=other.chat_id) is None
        assert await tx.documents.by_content(actor, reading.sha256, chat_id=None) is None
        library = make_document(actor)
        await tx.documents.add(actor, library, chat_id=None)
        assert await tx.documents.by_content(actor, reading.sha256, chat_id=None) == library


async def test_pages_are_read_back_whole(storage: PostgresStorage, actor: Actor) -> None:
    paged, plain = make_document(actor), make_document(actor)
    pages = tuple(
        Page(
            number=number, text=f"page {number}\x00", status="text", width=595.3, height=842.0, exact_places=number == 1
        )
        for number in (2, 1, 3)
    )
    whole = Page(number=None, text="all", status="no_text", reason="picture")
    async with storage.transaction() as tx:
        await tx.documents.add(actor, paged, chat_id=None)
        await tx.documents.add(actor, plain, chat_id=None)
        assert await tx.documents.pages(actor, paged.document_id) == ()
        await tx.documents.add_pages(paged.document_id, pages)
        await tx.documents.add_pages(plain.document_id, [whole])
    async with storage.transaction() as tx:
        expected = tuple(
            replace(page, text=page.text.replace("\x00", "\ufffd")) for page in (pages[1], pages[0], pages[2])
        )
        assert await tx.documents.pages(actor, paged.document_id) == expected
        assert await tx.documents.page(actor, paged.document_id, 2) == expected[1]
        assert await tx.documents.page(actor, plain.document_id, None) == whole
        for document_id, number in ((paged.document_id, 4), (paged.document_id, None), (plain.document_id, 0)):
            with pytest.raises(NotFound):
                await tx.documents.page(actor, document_id, number)


async def test_pages_of_a_deleted_document_are_refused_as_not_found(storage: PostgresStorage, actor: Actor) -> None:
    page = Page(number=1, text="late", status="text")
    with pytest.raises(NotFound) as raised:
        async with storage.transaction() as tx:
            await tx.documents.add_pages(new_document_id(), [page])
    assert raised.value.values == {"what": "document"}
    with pytest.raises(NotFound) as raised:
        async with storage.transaction() as tx:
            await tx.search.add_chunks([make_chunk(new_document_id(), "late")])
    assert raised.value.values == {"what": "document"}


async def test_a_removed_document_leaves_nothing_and_names_its_last_blobs(
    storage: PostgresStorage, actor: Actor
) -> None:
    one, twin = make_document(actor, sha256="1" * 64), make_document(actor, sha256="1" * 64)
    async with storage.transaction() as tx:
        for paper in (one, twin):
            await tx.documents.add(actor, paper, chat_id=None)
        await tx.documents.set_picture(one.document_id, "2" * 64, "image/jpeg")
        assert await tx.documents.picture(actor, one.document_id) == ("2" * 64, "image/jpeg")
        await tx.search.add_chunks([make_chunk(one.document_id, "samovar")])
        assert await tx.documents.remove(actor, one.document_id) == ("2" * 64,)
        assert await tx.search.lexical(actor, "samovar", chat_id=None, limit=5) == ()
        with pytest.raises(NotFound):
            await tx.documents.picture(actor, twin.document_id)
        assert await tx.documents.remove(actor, twin.document_id) == ("1" * 64,)
        with pytest.raises(NotFound):
            await tx.documents.remove(actor, twin.document_id)
        with pytest.raises(NotFound):
            await tx.documents.set_picture(twin.document_id, "2" * 64, "image/png")


async def test_documents_of_another_user_do_not_exist(
    storage: PostgresStorage, actor: Actor, clean_database_url: str
) -> None:
    stranger = await another_actor(clean_database_url)
    chat, paper = make_chat(actor), make_document(actor)
    async with storage.transaction() as tx:
        await tx.chats.add(actor, chat)
        await tx.documents.add(actor, paper, chat_id=chat.chat_id)
        await tx.documents.add_pages(paper.document_id, [Page(number=None, text="secret", status="text")])
        await tx.documents.set_picture(paper.document_id, "2" * 64, "image/png")
        assert await tx.documents.by_content(stranger, paper.sha256, chat_id=chat.chat_id) is None
        assert await tx.documents.by_content(stranger, paper.sha256, chat_id=None) is None
        for asked in (
            tx.documents.access(stranger, paper.document_id),
            tx.documents.of_chat(stranger, chat.chat_id),
            tx.documents.pages(stranger, paper.document_id),
            tx.documents.page(stranger, paper.document_id, None),
            tx.documents.picture(stranger, paper.document_id),
            tx.documents.remove(stranger, paper.document_id),
        ):
            with pytest.raises(NotFound):
                await asked
        assert await tx.documents.access(actor, paper.document_id) == paper
    with pytest.raises(NotFound):
        async with storage.transaction() as tx:
            await tx.documents.add(stranger, make_document(stranger), chat_id=chat.chat_id)
