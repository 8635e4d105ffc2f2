"""Both arms of the search on a real database: operators, filters, languages, the graph of vectors."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from uuid import uuid4

import psycopg
import pytest
from sqlalchemy import text
from tests.support.database import make_chat, make_chunk, make_document
from tests.support.searching import by_words
from tests.support.shared_world import HashedWords

from samovar.domain.actor import Actor
from samovar.domain.document import Chunk, Document, KnowledgeBase
from samovar.domain.ids import BaseId, DocumentId, new_base_id
from samovar.domain.page import Page
from samovar.domain.search import SearchScope
from samovar.storage import PostgresStorage, dense, lexical
from samovar.storage.dense import write_vector

EMBEDDER = HashedWords()


@pytest.fixture(autouse=True)
def no_embedders(clean_database_url: str) -> Iterator[None]:
    """Embedders belong to nobody, and would stay for the next test."""
    yield
    with psycopg.connect(clean_database_url, autocommit=True) as connection:
        connection.execute("DELETE FROM embedders")


@pytest.fixture(params=["small", "large"])
def scope_size(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Each arm takes one way through a small scope, and another through a large one."""
    if request.param == "large":
        monkeypatch.setattr(lexical, "WHOLE_SCOPE", 0)
        monkeypatch.setattr(dense, "WHOLE_SCOPE", 0)
    return str(request.param)


async def store(
    storage: PostgresStorage, actor: Actor, texts: Sequence[str], document: Document | None = None
) -> list[Chunk]:
    """Store texts as the pages of one document, with vectors."""
    document = document or make_document(actor)
    pages = [Page(number=number, text=body, status="text") for number, body in enumerate(texts, start=1)]
    chunks = [make_chunk(document.document_id, page.text, page=page.number) for page in pages]
    async with storage.transaction() as tx:
        await tx.documents.add(actor, document, chat_id=None)
        await tx.readings.save_pages(document.document_id, pages, [], chunks)
        await tx.vectors.use(EMBEDDER.name, EMBEDDER.dimensions or 0)
        await tx.vectors.add(EMBEDDER.name, {chunk.chunk_id: EMBEDDER.vector(chunk.text) for chunk in chunks})
    return chunks


async def by_lexemes(storage: PostgresStorage, actor: Actor, typed: str) -> list[str]:
    async with storage.transaction() as tx:
        return [found.chunk.text for found in await by_words(tx, actor, typed)]


async def documents_found(
    storage: PostgresStorage, actor: Actor, typed: str, scope: SearchScope
) -> list[set[DocumentId]]:
    """What each arm finds."""
    async with storage.transaction() as tx:
        said = await tx.search.lexical(actor, typed, scope=scope, limit=50)
        within = await tx.search.vector_scope(actor, embedder=EMBEDDER.name, scope=scope)
        assert within is not None
        meant = await tx.search.dense(actor, EMBEDDER.vector(typed), within, limit=50)
        return [
            {found.chunk.document_id for found in await tx.search.passages(actor, list(hits.scores))}
            for hits in (said, meant)
        ]


@pytest.mark.usefixtures("scope_size")
async def test_a_phrase_must_stand_as_it_is_if_it_stands_anywhere(storage: PostgresStorage, actor: Actor) -> None:
    as_typed, turned = "The lease term ends in May.", "The term of the lease is long."
    await store(storage, actor, [as_typed, turned])
    assert set(await by_lexemes(storage, actor, "lease term")) == {as_typed, turned}
    assert await by_lexemes(storage, actor, '"lease term"') == [as_typed]
    assert await by_lexemes(storage, actor, "«Lease Terms» in May") == [as_typed], "forms of a word are the word"
    assert set(await by_lexemes(storage, actor, '"lease long term"')) == {as_typed, turned}, "a manner of speaking"


@pytest.mark.usefixtures("scope_size")
async def test_a_word_with_a_minus_must_not_stand_there(storage: PostgresStorage, actor: Actor) -> None:
    green, black = "Зелёный чай заваривают водой.", "Чёрный чай заваривают кипятком."
    await store(storage, actor, [green, black])
    assert await by_lexemes(storage, actor, "чай -зеленого") == [black]
    assert await by_lexemes(storage, actor, "чай -зелёный -чёрный") == []
    assert await by_lexemes(storage, actor, '"чай заваривают" -кипятком') == [green]
    assert set(await by_lexemes(storage, actor, "чай - зелёный")) == {green, black}


@pytest.mark.usefixtures("scope_size")
async def test_words_that_the_index_leaves_out_are_no_phrase_and_exclude_nothing(
    storage: PostgresStorage, actor: Actor
) -> None:
    green, black = "Зелёный чай заваривают водой.", "Чёрный чай заваривают кипятком."
    await store(storage, actor, [green, black])
    assert set(await by_lexemes(storage, actor, 'чай "и в на"')) == {green, black}
    assert set(await by_lexemes(storage, actor, "чай -и -the")) == {green, black}
    assert await by_lexemes(storage, actor, '"и в" "зелёный чай" -и') == [green]


TEXTS = {
    "mixed": "Подключите USB-кабель к разъёму HDMI и запустите setup.exe.",
    "part": "Насос АБВ-1234/5 заменяет AB-1234-XZ.",
    "standard": "Оформление по ГОСТ 2.105-95, пункт 4.2.1.",
    "number": "Цена договора 12500 рублей, скидка 7,5 процента.",
    "name": "Договор подписала Иванова Анна Сергеевна.",
    "yo": "Ёлку привёз Семён на своём тягаче.",
    "english": "Running costs of the boilers were reported by Smith.",
}


@pytest.mark.usefixtures("scope_size")
async def test_words_of_two_languages_numbers_and_names_are_found_in_their_forms(
    storage: PostgresStorage, actor: Actor
) -> None:
    await store(storage, actor, list(TEXTS.values()))
    for question, expected in {
        "usb hdmi": "mixed",
        "кабели": "mixed",
        "setup.exe": "mixed",
        "AB-1234-XZ": "part",
        "АБВ-1234/5": "part",
        "насосы": "part",
        "ГОСТ 2.105-95": "standard",
        "4.2.1": "standard",
        "12500": "number",
        "7,5": "number",
        "Кто Ивановой подписан": "name",
        "Сергеевны": "name",
        "елка": "yo",
        "ПРИВЕЗ Семен": "yo",
        "boiler run": "english",
        "Smith's report": "english",
    }.items():
        found = await by_lexemes(storage, actor, question)
        assert found[:1] == [TEXTS[expected]], question


@pytest.mark.usefixtures("scope_size")
async def test_every_filter_narrows_both_arms(storage: PostgresStorage, actor: Actor) -> None:
    base = KnowledgeBase(base_id=new_base_id(), owner_id=actor.user_id, name="B", created_at=datetime.now(UTC))
    chat = make_chat(actor)
    async with storage.transaction() as tx:
        await tx.bases.add(actor, base)
        await tx.chats.add(actor, chat)
        await tx.bases.set_of_chat(actor, chat.chat_id, [base.base_id])
    papers = [
        replace(make_document(actor, name="Отчёт 100%.pdf", base=base), path="2025/май/a.pdf", kind="pdf"),
        replace(make_document(actor, name="отчеты_1.docx", sha256="b" * 64), path="2025x/b.docx", kind="docx"),
        replace(
            make_document(actor, name="tea.txt", sha256="c" * 64),
            path=None,
            created_at=datetime(2020, 5, 1, tzinfo=UTC),
        ),
    ]
    for paper in papers:
        await store(storage, actor, ["The samovar heats water."], paper)
    ids = [paper.document_id for paper in papers]
    for scope, expected in (
        (SearchScope(), {0, 1, 2}),
        (SearchScope(chat_id=chat.chat_id), {0}),
        (SearchScope(base_ids=(base.base_id,)), {0}),
        (SearchScope(base_ids=(BaseId(uuid4()),)), set()),
        (SearchScope(document_ids=(ids[1], ids[2])), {1, 2}),
        (SearchScope(base_ids=(base.base_id,), document_ids=(ids[1],)), set()),
        (SearchScope(name="отчёт"), {0}),
        (SearchScope(name="100%."), {0}),
        (SearchScope(name="отчеты_"), {1}),
        (SearchScope(name="_"), {1}),
        (SearchScope(name="%"), {0}),
        (SearchScope(folder="2025"), {0}),
        (SearchScope(folder="/2025/май/"), {0}),
        (SearchScope(folder="202_"), set()),
        (SearchScope(kinds=frozenset({"docx", "text"})), {1, 2}),
        (SearchScope(since=datetime(2020, 5, 2, tzinfo=UTC)), {0, 1}),
        (SearchScope(until=datetime(2020, 5, 1, tzinfo=UTC)), set()),
        (SearchScope(since=datetime(2020, 5, 1, tzinfo=UTC), until=datetime(2020, 5, 2, tzinfo=UTC)), {2}),
    ):
        wanted = {ids[place] for place in expected}
        assert await documents_found(storage, actor, "samovar water", scope) == [wanted, wanted], scope


async def test_the_graph_finds_what_comparing_all_finds_and_is_used(
    storage: PostgresStorage, actor: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    texts = [f"paper {number} of shelf {number % 7} speaks of thing {number % 13}" for number in range(300)]
    chunks = await store(storage, actor, texts)
    aside = await store(storage, actor, texts[:20], make_document(actor, sha256="d" * 64))
    scope = SearchScope(document_ids=(chunks[0].document_id,))
    async with storage.transaction() as tx:
        within = await tx.search.vector_scope(actor, embedder=EMBEDDER.name, scope=scope)
        assert within is not None
        assert (within.chunks, within.dimensions, within.is_filling) == (300, EMBEDDER.dimensions, True)
        for question in ("paper 7 of shelf 0", "thing 12", "speaks of"):
            vector = EMBEDDER.vector(question)
            monkeypatch.setattr(dense, "WHOLE_SCOPE", 1_000)
            whole = await tx.search.dense(actor, vector, within, limit=10)
            monkeypatch.setattr(dense, "WHOLE_SCOPE", 0)
            graph = await tx.search.dense(actor, vector, within, limit=10)
            assert list(graph.scores.values()) == pytest.approx(list(whole.scores.values()), abs=1e-3)
            assert not set(graph.scores) & {chunk.chunk_id for chunk in aside}
    async with storage.transaction() as tx:
        connection = tx.search._connection
        for setting in ("enable_seqscan", "enable_sort", "enable_bitmapscan"):
            await connection.execute(text(f"SET LOCAL {setting} = off"))
        ranked = dense._NEAREST.format(
            scope="scope AS MATERIALIZED (SELECT document_id FROM documents)",
            embedder_id=within.embedder_id,
            dimensions=within.dimensions,
        )
        given = {"vector": write_vector(EMBEDDER.vector("thing 12")), "limit": 5}
        plan = "\n".join((await connection.execute(text(f"EXPLAIN {ranked}"), given)).scalars())
        assert f"vectors_graph_{within.embedder_id}" in plan, plan


async def test_vectors_of_another_length_or_model_are_never_compared(storage: PostgresStorage, actor: Actor) -> None:
    [chunk] = await store(storage, actor, ["The samovar heats water."])
    async with storage.transaction() as tx:
        assert await tx.search.vector_scope(actor, embedder="test/unknown", scope=SearchScope()) is None
        within = await tx.search.vector_scope(actor, embedder=EMBEDDER.name, scope=SearchScope())
        assert within is not None
        failed = await tx.search.dense(actor, [1.0, 0.0], within, limit=5)
        assert (failed.state, dict(failed.scores)) == ("failed", {})
        vector = EMBEDDER.vector(chunk.text)
        same = await tx.search.dense_scores(vector, [chunk.chunk_id], embedder=EMBEDDER.name)
        assert same == {chunk.chunk_id: pytest.approx(1.0, abs=1e-2)}
        assert await tx.search.dense_scores(vector, [chunk.chunk_id], embedder="test/unknown") == {}


async def test_a_scope_is_filling_until_its_last_chunk_has_a_vector(storage: PostgresStorage, actor: Actor) -> None:
    await store(storage, actor, ["The samovar heats water."])
    async with storage.transaction() as tx:
        assert await tx.vectors.wanting(EMBEDDER.name, limit=10) == ()
        within = await tx.search.vector_scope(actor, embedder=EMBEDDER.name, scope=SearchScope())
        assert within is not None
        assert (await tx.search.dense(actor, EMBEDDER.vector("x"), within, limit=5)).state == "used"
    document = make_document(actor, sha256="e" * 64)
    late = make_chunk(document.document_id, "Late tea.", page=1)
    async with storage.transaction() as tx:
        await tx.documents.add(actor, document, chat_id=None)
        await tx.readings.save_pages(document.document_id, [Page(number=1, text=late.text, status="text")], [], [late])
    for scope, state in (
        (SearchScope(), "filling"),
        (SearchScope(document_ids=(document.document_id,)), "filling"),
        (SearchScope(kinds=frozenset({"pdf"})), "used"),
    ):
        async with storage.transaction() as tx:
            within = await tx.search.vector_scope(actor, embedder=EMBEDDER.name, scope=scope)
            assert within is not None
            assert (await tx.search.dense(actor, EMBEDDER.vector("x"), within, limit=5)).state == state
