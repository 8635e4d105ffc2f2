"""Ten thousand random searches while everything changes: nothing outside the scope is ever shown."""

import asyncio
import random
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from types import ModuleType
from uuid import uuid4

import psycopg
import pytest
from sqlalchemy import TextClause, bindparam, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.types import Uuid
from tests.support.shared_world import VOCABULARY, World

from samovar.domain.actor import Actor
from samovar.domain.document import Passage
from samovar.domain.ids import BaseId, ChatId, DocumentId
from samovar.domain.search import Arm, SearchScope, SearchText
from samovar.retrieval.filters import read_filters
from samovar.retrieval.findings import RetrieverOptions
from samovar.retrieval.search import Retriever
from samovar.storage import PostgresStorage, dense, lexical, scope, search
from samovar.storage.rights import READABLE_DOCUMENT

SEARCHES = 10_000
#: A change happens for so many searches.
_SEARCHES_PER_CHANGE = 16
_AT_ONCE = 4
_ODD = ("' OR true --", "zq1x) | (zq2x", '"самовар', "%_%", "\\", "-", "#base 0 -- ", "' & !'zq3x", "")


@pytest.fixture(autouse=True)
def no_embedders(clean_database_url: str) -> Iterator[None]:
    """Embedders belong to nobody, and would stay for the next test."""
    yield
    with psycopg.connect(clean_database_url, autocommit=True) as connection:
        connection.execute("DELETE FROM embedders")


@pytest.fixture
async def world(storage: PostgresStorage, actor: Actor, clean_database_url: str) -> World:
    """People with bases, chats and papers."""
    made = World(storage, actor, clean_database_url, seed=5)
    await made.settle()
    return made


@dataclass(slots=True)
class Tally:
    """What the searches have shown."""

    searches: int = 0
    shown: Counter[str] = field(default_factory=Counter)
    leaks: list[str] = field(default_factory=list)


def any_question(dice: random.Random, world: World) -> str:
    """Words, operators, the code of any paper at all, and what was meant to break the query."""
    parts = dice.sample(VOCABULARY, dice.randint(1, 3))
    if dice.random() < 0.3:
        parts.append(dice.choice(list(world.codes.values())))
    if dice.random() < 0.15:
        parts.append(f'"{dice.choice(VOCABULARY)} {dice.choice(VOCABULARY)}"')
    if dice.random() < 0.15:
        parts.append(f"-{dice.choice(VOCABULARY)}")
    if dice.random() < 0.1:
        parts.append(dice.choice(_ODD))
    if dice.random() < 0.1:
        parts.append(dice.choice(("kind:pdf", "файл:отчёт", "folder:2025", "#base 0", '#"base 1"', "since:2026-03")))
    dice.shuffle(parts)
    return " ".join(parts)


def any_scope(dice: random.Random, world: World) -> SearchScope:
    """Any place, of one's own or not, that is there or not, and any filters."""
    state = world.state
    scope = SearchScope()
    if dice.random() < 0.35:
        scope = replace(scope, chat_id=dice.choice([*state.chats, ChatId(uuid4())]))
    if dice.random() < 0.45:
        some = dice.sample(list(state.bases), dice.randint(1, 4))
        scope = replace(scope, base_ids=(*some, BaseId(uuid4())) if dice.random() < 0.2 else tuple(some))
    if dice.random() < 0.2:
        known = list(world.codes)
        some_papers = dice.sample(known, min(len(known), dice.randint(1, 8)))
        scope = replace(scope, document_ids=(*some_papers, DocumentId(uuid4())))
    if dice.random() < 0.1:
        scope = replace(scope, name=dice.choice(("report", "ОТЧ", "100%_", "%", "_", "1")))
    if dice.random() < 0.1:
        scope = replace(scope, folder=dice.choice(("2024", "2025", "202", "2025/май", "%")))
    if dice.random() < 0.1:
        scope = replace(scope, kinds=frozenset({"pdf", "docx"}))
    if dice.random() < 0.1:
        since = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(days=dice.randint(0, 120))
        scope = replace(scope, since=since, until=since + timedelta(days=dice.randint(1, 90)))
    return scope


async def search_once(
    world: World, retriever: Retriever, dice: random.Random, tally: Tally, arms: frozenset[Arm]
) -> None:
    """Search once, and compare what is shown with what was allowed at some moment meanwhile."""
    actor = dice.choice(world.people[:2])
    question, scope = any_question(dice, world), any_scope(dice, world)
    if "#" in question or ":" in question:
        async with world.storage.transaction() as tx:
            named = await tx.bases.view_all(actor)
        read = read_filters(question, named, scope)
        question, scope = read.text, read.scope
    first = world.settled
    if len(arms) == 1:
        hits, passages = await ask_arm(world, actor, question, scope, arms)
    else:
        options = RetrieverOptions(rerank=dice.choice(("none", "light")), share_of_best=0.0)
        found = await retriever.find(actor, [SearchText(text=question)], scope, options=options)
        hits, passages = set(), (*found.passages, *found.nearest)
    states = world.history[first:]
    tally.searches += 1
    for document_id in hits | {passage.chunk.document_id for passage in passages}:
        if not any(state.allows(actor, scope, document_id) for state in states):
            tally.leaks.append(f"{question!r} in {scope} showed {document_id}")
        owner = next((state.papers[document_id].owner_id for state in states if document_id in state.papers), None)
        tally.shown["own" if owner == actor.user_id else "shared"] += 1
    for passage in passages:
        if world.codes[passage.chunk.document_id] not in passage.chunk.text:
            tally.leaks.append(f"{passage.chunk.document_id} was shown with another's text: {passage.chunk.text!r}")


async def ask_arm(
    world: World, actor: Actor, question: str, scope: SearchScope, arms: frozenset[Arm]
) -> tuple[set[DocumentId], tuple[Passage, ...]]:
    """What one arm finds, and what of it can be read afterwards, in another transaction."""
    async with world.storage.transaction() as tx:
        if "lexical" in arms:
            hits = await tx.search.lexical(actor, question, scope=scope, limit=20)
        else:
            within = await tx.search.vector_scope(actor, embedder=world.embedder.name, scope=scope)
            assert within is not None
            hits = await tx.search.dense(actor, world.embedder.vector(question), within, limit=20)
    async with world.storage.transaction() as tx:
        passages = await tx.search.passages(actor, list(hits.scores)[:6])
    return {world.paper_of[chunk_id] for chunk_id in hits.scores}, passages


async def search_while_everything_changes(
    world: World, arms: frozenset[Arm], searches: int, monkeypatch: pytest.MonkeyPatch
) -> Tally:
    """Search from several tasks while another one changes things; small scopes are now and then taken for large."""
    retriever = Retriever(world.storage, {world.embedder.name: world.embedder})
    tally, dice = Tally(), random.Random(len(arms) + searches)
    started = 0

    async def search_on() -> None:
        nonlocal started
        while started < searches and not tally.leaks:
            started += 1
            monkeypatch.setattr(lexical, "WHOLE_SCOPE", dice.choice((0, 2_000)))
            monkeypatch.setattr(dense, "WHOLE_SCOPE", dice.choice((0, 10_000)))
            await search_once(world, retriever, dice, tally, arms)

    async def change_on() -> None:
        changes = 0
        while True:
            while changes * _SEARCHES_PER_CHANGE > tally.searches:
                await asyncio.sleep(0.001)
            await world.change()
            changes += 1

    changing = asyncio.create_task(change_on())
    try:
        await asyncio.gather(*(search_on() for _ in range(_AT_ONCE)))
        if changing.done():
            await changing
    finally:
        changing.cancel()
        await asyncio.gather(changing, return_exceptions=True)
    return tally


@pytest.mark.timeout(600)
@pytest.mark.parametrize(
    ("arms", "share"),
    [(frozenset({"lexical"}), 0.45), (frozenset({"dense"}), 0.45), (frozenset({"lexical", "dense"}), 0.1)],
    ids=["words", "meaning", "both"],
)
async def test_no_passage_out_of_scope_is_ever_shown(
    world: World, arms: frozenset[Arm], share: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    tally = await search_while_everything_changes(world, arms, int(SEARCHES * share), monkeypatch)
    assert not tally.leaks, tally.leaks[0]
    assert tally.searches == SEARCHES * share
    assert len(world.history) > tally.searches / _SEARCHES_PER_CHANGE, "things changed meanwhile"
    assert min(tally.shown["own"], tally.shown["shared"]) > tally.searches / 4, "and something was found"


_WITHIN = " AND (document_id IN (SELECT document_id FROM scope)) IS TRUE"
_ANYBODY = "CAST(:actor AS uuid) IS NOT NULL"
_WITHIN_SMALL = "document_id IN (SELECT document_id FROM scope)"


@pytest.mark.parametrize(
    ("module", "statement", "within", "arm"),
    [
        (lexical, "_OF_WORDS", _WITHIN, "lexical"),
        (lexical, "_OF_SCOPE", _WITHIN_SMALL, "lexical"),
        (dense, "_NEAREST", _WITHIN, "dense"),
        (dense, "_WHOLE", _WITHIN_SMALL, "dense"),
    ],
)
async def test_a_statement_without_its_scope_would_be_noticed(
    world: World, module: ModuleType, statement: str, within: str, arm: Arm, monkeypatch: pytest.MonkeyPatch
) -> None:
    sound: str = getattr(module, statement)
    assert sound.count(within) == 1
    monkeypatch.setattr(module, statement, sound.replace(within, "true" if within == _WITHIN_SMALL else ""))
    tally = await search_while_everything_changes(world, frozenset({arm}), 500, monkeypatch)
    assert tally.leaks
    assert "another's text" not in tally.leaks[0]


async def test_behind_the_scope_stands_a_second_wall(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """What an arm has found is read by who may read it alone: each of the two walls is enough against strangers."""

    async def strangers(searches: int) -> int:
        tally = await search_while_everything_changes(world, frozenset({"lexical", "dense"}), searches, monkeypatch)
        return len(tally.leaks)

    monkeypatch.setattr(scope, "READABLE_DOCUMENT", _ANYBODY)
    assert await strangers(200) == 0
    for name in ("_PASSAGES", "_INDEXED"):
        sound: TextClause = getattr(search, name)
        opened = text(str(sound).replace(READABLE_DOCUMENT, _ANYBODY))
        monkeypatch.setattr(search, name, opened.bindparams(bindparam("chunks", type_=ARRAY(Uuid))))
    assert await strangers(500) > 0, "without both it would be noticed"
