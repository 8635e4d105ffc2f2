"""What lies in archives becomes documents of its own, and goes when its archive does."""

from tests.support.library import Library
from tests.support.played_reader import PlayedReader, archive, paper
from tests.support.searching import by_words


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
