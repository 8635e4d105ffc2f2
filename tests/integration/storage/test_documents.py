"""Documents, their pages and pictures, and knowledge bases in PostgreSQL."""

from dataclasses import replace

import pytest
from tests.support.database import another_actor, make_chat, make_chunk, make_document
from tests.support.made_papers import made_figure, made_page, make_base
from tests.support.searching import by_words

from samovar.domain.actor import Actor
from samovar.domain.document import Entity
from samovar.domain.errors import Conflict, NotFound
from samovar.domain.ids import new_base_id, new_chat_id
from samovar.domain.layout import Rectangle
from samovar.domain.page import DocumentHead, OutlineEntry, Page
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


async def test_the_same_bytes_are_found_in_the_same_place_unless_they_failed(
    storage: PostgresStorage, actor: Actor
) -> None:
    chat, other, base = make_chat(actor), make_chat(actor), make_base(actor)
    failed, reading = make_document(actor, status="failed"), make_document(actor, status="reading")
    sha256 = reading.sha256
    async with storage.transaction() as tx:
        await tx.chats.add(actor, chat)
        await tx.chats.add(actor, other)
        await tx.bases.add(actor, base)
        await tx.documents.add(actor, failed, chat_id=chat.chat_id)
        assert await tx.documents.by_content(actor, sha256, chat_id=chat.chat_id, base_id=None) is None
        await tx.documents.add(actor, reading, chat_id=chat.chat_id)
        assert await tx.documents.by_content(actor, sha256, chat_id=chat.chat_id, base_id=None) == reading
        assert await tx.documents.by_content(actor, sha256, chat_id=other.chat_id, base_id=None) is None
        assert await tx.documents.by_content(actor, sha256, chat_id=None, base_id=base.base_id) is None
        kept = make_document(actor, base=base)
        await tx.documents.add(actor, kept, chat_id=None)
        assert await tx.documents.by_content(actor, sha256, chat_id=None, base_id=base.base_id) == kept


async def test_pages_are_read_back_whole(storage: PostgresStorage, actor: Actor) -> None:
    paged, plain = make_document(actor, status="reading"), make_document(actor, status="reading")
    pages = tuple(made_page(number) for number in (2, 1, 3))
    whole = Page(number=None, text="all", status="no_text", reason="empty")
    async with storage.transaction() as tx:
        await tx.documents.add(actor, paged, chat_id=None)
        await tx.documents.add(actor, plain, chat_id=None)
        assert await tx.documents.view_pages(actor, paged.document_id) == ()
        assert await tx.readings.last_page(paged.document_id) is None
        await tx.readings.save_pages(paged.document_id, pages, [])
        await tx.readings.save_pages(plain.document_id, [whole], [])
        assert await tx.readings.last_page(paged.document_id) == 3
        assert await tx.readings.waiting_pages(paged.document_id) == (3,)
        assert (await tx.documents.access(actor, paged.document_id)).pages_read == 2
    expected = tuple(replace(page, text=page.text.replace("\x00", "\ufffd")) for page in (pages[1], pages[0], pages[2]))
    async with storage.transaction() as tx:
        assert await tx.documents.view_pages(actor, paged.document_id) == tuple(
            replace(page, text="", blocks=(), words=(), links=()) for page in expected
        )
        assert await tx.readings.all_pages(paged.document_id, limit=10) == expected
        assert await tx.readings.all_pages(paged.document_id, first=2, limit=1) == expected[1:2]
        assert await tx.documents.view_page(actor, paged.document_id, 2) == expected[1]
        assert await tx.documents.view_page(actor, plain.document_id, None) == whole
        for document_id, number in ((paged.document_id, 4), (paged.document_id, None), (plain.document_id, 0)):
            with pytest.raises(NotFound):
                await tx.documents.view_page(actor, document_id, number)


async def test_pages_of_many_documents_are_counted_by_how_they_were_read(
    storage: PostgresStorage, actor: Actor, clean_database_url: str
) -> None:
    stranger = await another_actor(clean_database_url)
    scan, letter, empty = (make_document(actor, status="reading") for _ in range(3))
    pages = [
        Page(number=1, text="one", status="text"),
        Page(number=2, text="two", status="ocr", confidence=0.5),
        Page(number=3, text="three", status="ocr", confidence=1.0),
        Page(number=4, text="four", status="ocr", reason="low_confidence", confidence=0.25),
    ]
    async with storage.transaction() as tx:
        for document in (scan, letter, empty):
            await tx.documents.add(actor, document, chat_id=None)
        await tx.readings.save_pages(scan.document_id, pages, [])
        await tx.readings.save_pages(letter.document_id, [Page(number=None, text="dear", status="text")], [])
        wanted = [scan.document_id, letter.document_id, empty.document_id]
        counts = await tx.documents.view_page_counts(actor, wanted)
        assert await tx.documents.view_page_counts(stranger, wanted) == {}
    assert set(counts) == {scan.document_id, letter.document_id}
    assert [(count.status, count.reason, count.pages, count.confidence) for count in counts[scan.document_id]] == [
        ("ocr", "low_confidence", 1, 0.25),
        ("ocr", None, 2, 0.75),
        ("text", None, 1, None),
    ]


async def test_a_page_saved_again_takes_the_place_of_the_earlier_one_with_its_pictures(
    storage: PostgresStorage, actor: Actor
) -> None:
    paper = make_document(actor, status="reading")
    first = made_figure(paper.document_id, page=1, number=1)
    second = made_figure(paper.document_id, page=2, number=1)
    async with storage.transaction() as tx:
        await tx.documents.add(actor, paper, chat_id=None)
        await tx.readings.save_pages(paper.document_id, [made_page(1), made_page(2)], [first, second])
        recognised = Page(number=1, text="recognised", status="ocr", confidence=0.5)
        again = replace(first, number=3, alt="seen again")
        await tx.readings.save_pages(paper.document_id, [recognised], [again])
        assert await tx.documents.view_page(actor, paper.document_id, 1) == recognised
        assert await tx.figures.view_document(actor, paper.document_id) == (again, second)


async def test_what_is_known_of_a_file_is_kept(storage: PostgresStorage, actor: Actor) -> None:
    paper = make_document(actor, status="reading")
    outline = (OutlineEntry(title="Глава", level=1, page=2), OutlineEntry(title="Part", level=2, page=None))
    head = DocumentHead(
        kind="pdf", media_type="application/pdf", page_count=9, title="Отчёт\x00", author="A", outline=outline
    )
    async with storage.transaction() as tx:
        await tx.documents.add(actor, paper, chat_id=None)
        await tx.readings.set_head(paper.document_id, head)
        found = await tx.documents.access(actor, paper.document_id)
    assert (found.kind, found.page_count, found.title, found.author) == ("pdf", 9, "Отчёт\ufffd", "A")
    assert (found.outline, found.stage, found.status) == (outline, "parsing", "reading")


async def test_a_newer_version_takes_the_place_of_the_earlier_one_and_leaves_it_readable(
    storage: PostgresStorage, actor: Actor
) -> None:
    base = make_base(actor)
    old, new, other = (
        replace(make_document(actor, base=base, status="reading"), path=path) for path in ("a/b", "a/b", "a/c")
    )
    async with storage.transaction() as tx:
        await tx.bases.add(actor, base)
        for paper in (old, other, new):
            await tx.documents.add(actor, paper, chat_id=None)
            await tx.readings.save_pages(paper.document_id, [made_page(1)], [])
            await tx.chunks.add([make_chunk(paper.document_id, "samovar", page=1)])
            await tx.readings.finish(paper.document_id)
        replaced = await tx.documents.access(actor, old.document_id)
        assert (replaced.status, replaced.replaced_by, replaced.chunk_count) == ("replaced", new.document_id, 0)
        assert (await tx.documents.view_page(actor, old.document_id, 1)).text.startswith("page 1")
        in_force = await tx.documents.by_path(actor, base.base_id, "a/b")
        assert in_force is not None
        assert in_force.document_id == new.document_id
        found = await by_words(tx, actor, "samovar", limit=5)
        assert {passage.chunk.document_id for passage in found} == {new.document_id, other.document_id}
        listed = await tx.documents.view_base(actor, base.base_id, limit=10)
        assert [paper.document_id for paper in listed] == [new.document_id, other.document_id]
        [gone] = await tx.documents.view_base(actor, base.base_id, status="replaced", limit=10)
        assert gone.document_id == old.document_id


async def test_documents_of_a_base_are_listed_page_by_page_and_by_name(storage: PostgresStorage, actor: Actor) -> None:
    base = make_base(actor)
    async with storage.transaction() as tx:
        await tx.bases.add(actor, base)
        papers = [make_document(actor, base=base, name=f"Отчёт {number}.txt") for number in range(5)]
        for paper in papers:
            await tx.documents.add(actor, paper, chat_id=None)
        first = await tx.documents.view_base(actor, base.base_id, limit=3)
        rest = await tx.documents.view_base(actor, base.base_id, before=first[-1].document_id, limit=3)
        assert [found.document_id for found in first + rest] == [paper.document_id for paper in reversed(papers)]
        [named] = await tx.documents.view_base(actor, base.base_id, name="отчёт 3", limit=3)
        assert await tx.documents.view_base(actor, base.base_id, name="\x00", limit=3) == ()
        assert named.document_id == papers[3].document_id
        assert await tx.bases.view_counts(actor) == {base.base_id: {"ready": 5}}


async def test_two_bases_of_one_name_are_refused(storage: PostgresStorage, actor: Actor) -> None:
    base = make_base(actor)
    async with storage.transaction() as tx:
        await tx.bases.add(actor, base)
    with pytest.raises(Conflict):
        async with storage.transaction() as tx:
            await tx.bases.add(actor, replace(base, base_id=new_base_id()))


async def test_words_are_found_on_pages_in_any_case_and_over_line_ends(storage: PostgresStorage, actor: Actor) -> None:
    paper = make_document(actor)
    texts = ("Samovar\n heats (water).", "no such", "a SAMOVAR Heats")
    pages = [Page(number=number, text=text, status="text") for number, text in enumerate(texts, start=1)]
    async with storage.transaction() as tx:
        await tx.documents.add(actor, paper, chat_id=None)
        await tx.readings.save_pages(paper.document_id, pages, [])
        assert await tx.documents.view_places(actor, paper.document_id, "samovar heats", limit=5) == (
            (1, 0, 14),
            (3, 2, 15),
        )
        assert await tx.documents.view_places(actor, paper.document_id, "(water)", limit=5) == ((1, 15, 22),)
        assert await tx.documents.view_places(actor, paper.document_id, "samovar heats", limit=1) == ((1, 0, 14),)


async def test_a_word_that_fills_a_long_page_is_found_from_its_beginning(
    storage: PostgresStorage, actor: Actor
) -> None:
    novel = make_document(actor)
    pages = [Page(number=number, text="tea and " * 200_000, status="text") for number in (2, 1)]
    async with storage.transaction() as tx:
        await tx.documents.add(actor, novel, chat_id=None)
        await tx.readings.save_pages(novel.document_id, pages, [])
        found = await tx.documents.view_places(actor, novel.document_id, "TEA", limit=1000)
    assert found == tuple((1, place * 8, place * 8 + 3) for place in range(1000))


async def test_two_files_of_one_name_inside_a_letter_are_both_kept(storage: PostgresStorage, actor: Actor) -> None:
    letter = make_document(actor)
    pictures = [
        replace(make_document(actor), parent_id=letter.document_id, path="letter.eml/image.png", sha256=mark * 64)
        for mark in "ab"
    ]
    async with storage.transaction() as tx:
        await tx.documents.add(actor, letter, chat_id=None)
        assert [await tx.readings.add_part(part) for part in (*pictures, pictures[0])] == [True, True, False]
        assert len(await tx.documents.view_parts(actor, letter.document_id)) == 2


async def test_a_removed_document_leaves_nothing_and_names_its_last_blobs(
    storage: PostgresStorage, actor: Actor
) -> None:
    one, twin = make_document(actor, sha256="1" * 64), make_document(actor, sha256="1" * 64)
    part = replace(make_document(actor, sha256="4" * 64), parent_id=one.document_id)
    async with storage.transaction() as tx:
        for paper in (one, twin, part):
            await tx.documents.add(actor, paper, chat_id=None)
        figure = made_figure(one.document_id, page=1, number=1)
        await tx.readings.save_pages(one.document_id, [made_page(1)], [figure])
        assert [found.document_id for found in await tx.documents.view_parts(actor, one.document_id)] == [
            part.document_id
        ]
        await tx.chunks.add([make_chunk(one.document_id, "samovar")])
        assert await tx.documents.remove(actor, one.document_id) == ("2" * 64, "4" * 64)
        assert await by_words(tx, actor, "samovar", limit=5) == ()
        with pytest.raises(NotFound):
            await tx.documents.access(actor, part.document_id)
        assert await tx.documents.remove(actor, twin.document_id) == ("1" * 64,)
        with pytest.raises(NotFound):
            await tx.documents.remove(actor, twin.document_id)


async def test_descriptions_and_entities_of_a_picture_are_kept(storage: PostgresStorage, actor: Actor) -> None:
    paper = make_document(actor)
    figure = replace(made_figure(paper.document_id, page=None, number=1), status="waiting")
    seen = Entity(
        kind="stamp", label="Печать", box=Rectangle(x=1, y=2, width=3, height=4), confidence=0.5, found_by="ocr"
    )
    async with storage.transaction() as tx:
        await tx.documents.add(actor, paper, chat_id=None)
        page = Page(number=None, text="", status="picture")
        await tx.readings.save_pages(paper.document_id, [page], [figure])
        assert await tx.figures.waiting(paper.document_id) == (figure,)
        await tx.figures.describe(paper.document_id, None, 1, description="A samovar.", described_by="eye")
        found = await tx.figures.access(actor, paper.document_id, None, 1)
        assert (found.status, found.description, found.described_by) == ("described", "A samovar.", "eye")
        assert await tx.figures.waiting(paper.document_id) == ()
        await tx.figures.set_entities(paper.document_id, None, 1, [seen, seen])
        await tx.figures.set_entities(paper.document_id, None, 1, [seen])
        assert await tx.figures.view_entities(actor, paper.document_id, None, 1) == (seen,)
        with pytest.raises(NotFound):
            await tx.figures.access(actor, paper.document_id, None, 2)


async def test_documents_of_another_user_do_not_exist(
    storage: PostgresStorage, actor: Actor, clean_database_url: str
) -> None:
    stranger = await another_actor(clean_database_url)
    chat, paper, base = make_chat(actor), make_document(actor), make_base(actor)
    async with storage.transaction() as tx:
        await tx.chats.add(actor, chat)
        await tx.documents.add(actor, paper, chat_id=chat.chat_id)
        await tx.bases.add(actor, base)
        page = Page(number=None, text="secret", status="text")
        await tx.readings.save_pages(paper.document_id, [page], [made_figure(paper.document_id, page=None, number=1)])
        assert await tx.documents.by_content(stranger, paper.sha256, chat_id=chat.chat_id, base_id=None) is None
        assert await tx.documents.by_content(stranger, paper.sha256, chat_id=None, base_id=base.base_id) is None
        assert await tx.documents.by_path(stranger, base.base_id, "a") is None
        assert await tx.documents.view_parts(stranger, paper.document_id) == ()
        assert await tx.bases.list(stranger) == ()
        assert await tx.bases.view_counts(stranger) == {}
        for asked in (
            tx.documents.access(stranger, paper.document_id),
            tx.documents.of_chat(stranger, chat.chat_id),
            tx.documents.view_pages(stranger, paper.document_id),
            tx.documents.view_page(stranger, paper.document_id, None),
            tx.documents.view_places(stranger, paper.document_id, "secret", limit=1),
            tx.documents.view_base(stranger, base.base_id, limit=1),
            tx.figures.view_document(stranger, paper.document_id),
            tx.figures.access(stranger, paper.document_id, None, 1),
            tx.figures.view_entities(stranger, paper.document_id, None, 1),
            tx.bases.access(stranger, base.base_id),
            tx.bases.of_chat(stranger, chat.chat_id),
            tx.bases.remove(stranger, base.base_id),
            tx.documents.remove(stranger, paper.document_id),
        ):
            with pytest.raises(NotFound):
                await asked
        assert (await tx.documents.access(actor, paper.document_id)).owner_id == actor.user_id
    with pytest.raises(NotFound):
        async with storage.transaction() as tx:
            await tx.documents.add(stranger, make_document(stranger), chat_id=chat.chat_id)
