"""Full text search in PostgreSQL."""

from dataclasses import replace

import psycopg
import pytest
from tests.support.database import another_actor, make_chat, make_chunk, make_document
from tests.support.searching import by_words

from samovar.domain.actor import Actor
from samovar.domain.document import Chunk, DocumentFigure, DocumentStatus
from samovar.domain.ids import ChatId
from samovar.domain.page import Page
from samovar.domain.search import SearchScope
from samovar.storage import PostgresStorage, lexical
from samovar.storage.lexical import LexicalArm
from samovar.storage.plain import indexed_text, storable_text

RUSSIAN = (
    "Самовар нагревает воду до кипения за двадцать минут.",
    "Медный самовар чистят уксусом и солью.",
    "Ёлки растут медленно, берёзы растут быстро.",
)
ENGLISH = ("The service listens on port 7680.", "Ports of the Baltic sea freeze in winter.", "Winter is long.")


async def index(
    storage: PostgresStorage,
    actor: Actor,
    texts: tuple[str, ...],
    *,
    chat_id: ChatId | None = None,
    status: DocumentStatus = "ready",
    name: str = "tea.txt",
) -> list[Chunk]:
    """Store the texts as the chunks of one document."""
    document = make_document(actor, name=name, status=status)
    chunks = [make_chunk(document.document_id, text, page=number) for number, text in enumerate(texts, start=1)]
    async with storage.transaction() as tx:
        await tx.documents.add(actor, document, chat_id=chat_id)
        pages = [Page(number=chunk.page, text=chunk.text, status="text") for chunk in chunks]
        await tx.readings.save_pages(document.document_id, pages, [], chunks)
    return chunks


async def ask(storage: PostgresStorage, actor: Actor, question: str, *, chat_id: ChatId | None = None) -> list[str]:
    async with storage.transaction() as tx:
        return [passage.chunk.text for passage in await by_words(tx, actor, question, chat_id=chat_id, limit=10)]


async def test_the_passage_with_the_rarest_words_comes_first(storage: PostgresStorage, actor: Actor) -> None:
    chunks = await index(storage, actor, RUSSIAN + ENGLISH)
    async with storage.transaction() as tx:
        found = await by_words(tx, actor, "Чем чистить САМОВАРЫ?", limit=10)
    assert [passage.chunk for passage in found] == [chunks[1], chunks[0]]
    assert found[0].score > found[1].score > 0
    assert found[0].document == "tea.txt"
    assert (await ask(storage, actor, "Which ports does the service use?"))[0] == ENGLISH[0]


async def test_a_chunk_is_indexed_as_the_function_of_the_database_would(
    storage: PostgresStorage, actor: Actor, clean_database_url: str
) -> None:
    texts = ("Ёж и ёлка: под\u00adъезд", "a\ufffdb \x00c \ud800d", "plain ASCII \x00 text", "е\u0308жик")
    chunks = await index(storage, actor, texts)
    with psycopg.connect(clean_database_url) as connection:
        for chunk, text in zip(chunks, texts, strict=True):
            row = connection.execute(
                "SELECT lexemes = samovar_lexemes(%s), samovar_plain(%s) FROM chunks WHERE chunk_id = %s",
                (storable_text(text), storable_text(text), chunk.chunk_id),
            ).fetchone()
            assert row == (True, indexed_text(text))


async def test_the_letter_yo_is_the_letter_ye(storage: PostgresStorage, actor: Actor) -> None:
    await index(storage, actor, RUSSIAN)
    for question in ("елка", "Ёлка", "береза", "БЕРЁЗА"):
        assert await ask(storage, actor, question) == [RUSSIAN[2]], question


@pytest.mark.parametrize(
    "question", ["", "   ", "and the of", "??? !!!", "xyzzy", "\x00", "\ud800", "' & | ! ( ) : * \\ <->", "a'b\\c"]
)
async def test_a_question_without_known_words_finds_nothing(
    storage: PostgresStorage, actor: Actor, question: str
) -> None:
    await index(storage, actor, ENGLISH)
    assert await ask(storage, actor, question) == []


async def test_a_word_that_no_passage_holds_lowers_what_the_others_are_worth(
    storage: PostgresStorage, actor: Actor
) -> None:
    await index(storage, actor, ENGLISH)
    async with storage.transaction() as tx:
        known = await tx.search.lexical(actor, "Baltic", scope=SearchScope(), limit=5)
        partly = await tx.search.lexical(actor, "Baltic zebra", scope=SearchScope(), limit=5)
        nothing = await tx.search.lexical(actor, "zebra", scope=SearchScope(), limit=5)
    assert partly.scores == known.scores
    assert partly.perfect == pytest.approx(known.perfect + partly.stems["zebra"])
    assert partly.stems["zebra"] > partly.stems["baltic"]
    assert (nothing.scores, nothing.perfect, set(nothing.stems)) == ({}, 0.0, {"zebra"})


async def test_words_with_quotes_and_backslashes_are_found(storage: PostgresStorage, actor: Actor) -> None:
    odd = r"See /usr/lib/o'brien\path and mail@example.org or foo-bar_baz 3.14"
    await index(storage, actor, (odd, *ENGLISH))
    for question in (r"/usr/lib/o'brien\path", "mail@example.org", "foo-bar_baz", "3.14"):
        assert await ask(storage, actor, question) == [odd], question


async def test_only_the_documents_of_the_chat_answer_and_only_when_they_are_ready(
    storage: PostgresStorage, actor: Actor
) -> None:
    chat, other = make_chat(actor), make_chat(actor)
    async with storage.transaction() as tx:
        await tx.chats.add(actor, chat)
        await tx.chats.add(actor, other)
    await index(storage, actor, ("winter here",), chat_id=chat.chat_id)
    await index(storage, actor, ("winter elsewhere",), chat_id=other.chat_id)
    await index(storage, actor, ("winter unread",), chat_id=chat.chat_id, status="reading")
    await index(storage, actor, ("winter in the library",))
    assert await ask(storage, actor, "winter", chat_id=chat.chat_id) == ["winter here"]
    assert set(await ask(storage, actor, "winter")) == {"winter here", "winter elsewhere", "winter in the library"}


async def test_another_user_finds_nothing(storage: PostgresStorage, actor: Actor, clean_database_url: str) -> None:
    stranger = await another_actor(clean_database_url)
    chat = make_chat(actor)
    async with storage.transaction() as tx:
        await tx.chats.add(actor, chat)
    await index(storage, actor, ENGLISH, chat_id=chat.chat_id)
    assert await ask(storage, stranger, "winter") == []
    assert await ask(storage, stranger, "winter", chat_id=chat.chat_id) == []
    assert len(await ask(storage, actor, "winter", chat_id=chat.chat_id)) == 2


async def test_a_small_budget_keeps_the_passages_with_the_rarest_words(
    storage: PostgresStorage, actor: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    texts = (*(f"winter day {number}" for number in range(30)), "winter day of the samovar")
    await index(storage, actor, texts)
    monkeypatch.setattr(lexical, "WHOLE_SCOPE", 10)
    monkeypatch.setattr(LexicalArm._scored, "__kwdefaults__", {"budget": 5})
    assert (await ask(storage, actor, "samovar in winter"))[0] == texts[-1]
    # Both words stand in every text: of those that hold both some are taken.
    assert len(await ask(storage, actor, "winter day")) == 10


async def test_stems_are_what_the_index_sees(storage: PostgresStorage, actor: Actor) -> None:
    async with storage.transaction() as tx:
        assert await tx.search.stems([]) == ()
        assert await tx.search.stems(["Порты Ports", "", "и the", "7680\x00"]) == (
            frozenset({"порт", "port"}),
            frozenset(),
            frozenset(),
            frozenset({"7680"}),
        )


@pytest.mark.parametrize(
    "text",
    [
        "Самовар кипит, самовар поёт.",
        "Port 7680, ports 3.14 and part A-12/7, a:1 b:2,3",
        "http://tea.example/it's?a='b':1 C:\\tea\\new 'quoted' \"tea\":5 o'clock '' \\' it''s",
        "a@b.example /usr/share/tea's/x -1e5 <b>tea</b> &amp; ': ' :' '1':2",
        "the and of",
    ],
)
async def test_the_places_of_stems_are_those_of_the_index(
    storage: PostgresStorage, actor: Actor, clean_database_url: str, text: str
) -> None:
    (chunk,) = await index(storage, actor, (text,))
    async with storage.transaction() as tx:
        read = await tx.search.indexed(actor, [chunk.chunk_id])
    async with await psycopg.AsyncConnection.connect(clean_database_url) as connection:
        rows = await connection.execute("SELECT lexeme, positions FROM chunks, unnest(lexemes)")
        assert dict(read[chunk.chunk_id].places) == dict(await rows.fetchall())


async def test_a_text_larger_than_a_tsvector_has_stems_and_can_be_indexed(
    storage: PostgresStorage, actor: Actor
) -> None:
    words = [f"word{number}x" for number in range(150_000)]
    whole = " ".join(words)
    async with storage.transaction() as tx:
        (stems,) = await tx.search.stems([whole])
    assert len(stems) == len(words)


async def test_a_chunk_of_very_many_words_is_indexed(storage: PostgresStorage, actor: Actor) -> None:
    many = " ".join(f"w{number}x" for number in range(20_000))
    await index(storage, actor, (many + " samovar",))
    assert len(await ask(storage, actor, "samovar")) == 1


async def test_a_chunk_is_a_place_on_its_page_or_in_the_description_of_its_figure(
    storage: PostgresStorage, actor: Actor
) -> None:
    paper = make_document(actor)
    text = "Ёж и 🫖.\x00 The samovar hums. Конец."
    start = text.index("The")
    sentence = make_chunk(paper.document_id, "The samovar hums.", start=start, page=3)
    picture = DocumentFigure(
        document_id=paper.document_id,
        page=None,
        number=1,
        sha256="2" * 64,
        media_type="image/png",
        width=20,
        height=10,
        box=None,
        alt="",
        status="described",
        description="A brass samovar.",
        described_by="model",
    )
    seen = replace(make_chunk(paper.document_id, "brass samovar.", start=2), figure=1)
    async with storage.transaction() as tx:
        await tx.documents.add(actor, paper, chat_id=None)
        await tx.readings.save_pages(
            paper.document_id,
            [Page(number=3, text=text, status="text"), Page(number=None, text="", status="picture")],
            [picture],
            [sentence],
        )
        await tx.chunks.add([seen])
        found = await by_words(tx, actor, "samovar", limit=10)
        assert sorted((passage.chunk for passage in found), key=lambda chunk: chunk.start) == [seen, sentence]
        await tx.chunks.remove(paper.document_id)
        [left] = await by_words(tx, actor, "samovar", limit=10)
        assert left.chunk == seen
        await tx.chunks.remove_description(paper.document_id, None, 1)
        assert await by_words(tx, actor, "samovar", limit=10) == ()
