"""A small installation of three people whose bases, chats and papers change while others search.

What may be found is told by a model of a few lines, which knows nothing of SQL: each change is a new state, and a
search may show what any state allows that was in force at some moment while it ran.
"""

import random
import zlib
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from math import sqrt
from typing import Final

import psycopg
from tests.support.database import make_chat, make_chunk, make_document

from samovar.domain.actor import Actor
from samovar.domain.document import Document, KnowledgeBase
from samovar.domain.ids import BaseId, ChatId, ChunkId, DocumentId, UserId, new_base_id, new_document_id, new_user_id
from samovar.domain.page import Page
from samovar.domain.search import SearchScope
from samovar.ports.embedder import Vector
from samovar.ports.storage import Transaction
from samovar.storage import PostgresStorage

__all__ = ["VOCABULARY", "HashedWords", "State", "World"]

VOCABULARY: Final = (
    "samovar", "kettle", "water", "steam", "copper", "winter", "port", "lease", "price", "contract",
    "engine", "valve", "pump", "gasket", "ledger", "invoice", "самовар", "чайник", "вода", "пар",
    "медь", "зима", "порт", "аренда", "цена", "договор", "двигатель", "клапан", "насос", "прокладка",
    "ёлка", "счёт",
)  # fmt: skip
_FOLDERS: Final = ("2024", "2025", "2025/май")
_KINDS: Final = ("text", "pdf", "docx")
_FIRST_DAY: Final = datetime(2026, 1, 1, tzinfo=UTC)
_DIMENSIONS: Final = 24


class HashedWords:
    """An embedder for tests that costs next to nothing: texts that share words are near."""

    name = "test/hashed"
    dimensions: int | None = _DIMENSIONS

    async def embed_question(self, text: str) -> Vector:
        return self.vector(text)

    async def embed_passages(self, texts: Sequence[str]) -> Sequence[Vector]:
        return [self.vector(text) for text in texts]

    async def close(self) -> None:
        pass

    def vector(self, text: str) -> Vector:
        numbers = [0.01] * _DIMENSIONS
        for word in text.lower().split():
            numbers[zlib.crc32(word.encode()) % _DIMENSIONS] += 1.0
        length = sqrt(sum(number * number for number in numbers))
        return [number / length for number in numbers]


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """Who has what at one moment; ``papers`` are the documents that are ready, ``chats`` the bases of each."""

    papers: Mapping[DocumentId, Document] = field(default_factory=dict)
    attached: Mapping[DocumentId, ChatId] = field(default_factory=dict)
    bases: Mapping[BaseId, KnowledgeBase] = field(default_factory=dict)
    chats: Mapping[ChatId, tuple[UserId, frozenset[BaseId]]] = field(default_factory=dict)
    suspended: frozenset[UserId] = frozenset()

    def allows(self, actor: Actor, scope: SearchScope, document_id: DocumentId) -> bool:
        """Whether a search of this scope may show a document."""
        paper = self.papers.get(document_id)
        if paper is None:
            return False
        base = self.bases.get(paper.base_id) if paper.base_id is not None else None
        is_shared = base is not None and base.is_shared and base.owner_id not in self.suspended
        if paper.owner_id != actor.user_id and not is_shared:
            return False
        if scope.chat_id is not None or scope.base_ids:
            owner, chosen = self.chats.get(scope.chat_id, (None, frozenset())) if scope.chat_id else (None, frozenset())
            in_chat = owner == actor.user_id and (
                paper.base_id in chosen or self.attached.get(document_id) == scope.chat_id
            )
            if not in_chat and paper.base_id not in scope.base_ids:
                return False
        return (
            (not scope.document_ids or document_id in scope.document_ids)
            and (scope.name is None or scope.name.lower() in paper.name.lower())
            and (scope.folder is None or (paper.path or "").startswith(f"{scope.folder}/"))
            and (not scope.kinds or paper.kind in scope.kinds)
            and (scope.since is None or paper.created_at >= scope.since)
            and (scope.until is None or paper.created_at < scope.until)
        )


class World:
    """People, bases, chats and papers, and the changes that happen to them."""

    def __init__(self, storage: PostgresStorage, first: Actor, url: str, seed: int) -> None:
        self.storage = storage
        self.embedder = HashedWords()
        self.random = random.Random(seed)
        others = [Actor(user_id=new_user_id(), entry_point="cookie") for _ in range(2)]
        #: Two who search, and one who only shares and is suspended now and then.
        self.people = (first, *others)
        self.history = [State()]
        self.settled = 0
        self.codes: dict[DocumentId, str] = {}
        #: The paper of every chunk that there ever was.
        self.paper_of: dict[ChunkId, DocumentId] = {}
        self._url = url
        self._papers_made = 0

    @property
    def state(self) -> State:
        return self.history[-1]

    async def settle(self) -> None:
        """Make the people, three bases for each, a chat for each searcher, and papers everywhere."""
        async with await psycopg.AsyncConnection.connect(self._url, autocommit=True) as connection:
            for person in self.people[1:]:
                await connection.execute("INSERT INTO users (user_id, name) VALUES (%s, 'one')", (person.user_id,))
        async with self.storage.transaction() as tx:
            await tx.vectors.use(self.embedder.name, _DIMENSIONS)
        for person in self.people:
            for number in range(3):
                base = await self.add_base(person, f"base {number}", is_shared=number == 0)
                for _ in range(3):
                    await self.add_paper(base)
        for person in self.people[:2]:
            await self.add_chat(person)
            await self.choose_bases()
            for _ in range(2):
                await self.add_paper(None)

    async def change(self) -> None:
        """Let one thing happen."""
        happenings: tuple[tuple[Callable[[], Awaitable[None]], int], ...] = (
            (self.share_or_not, 6),
            (self.delete_paper, 3),
            (self.replace_paper, 3),
            (self.index_again, 2),
            (self.read_again, 1),
            (self.choose_bases, 3),
            (self.suspend_or_not, 2),
        )
        [happens] = self.random.choices([one for one, _ in happenings], [weight for _, weight in happenings])
        await happens()

    async def add_base(self, owner: Actor, name: str, *, is_shared: bool) -> KnowledgeBase:
        base = KnowledgeBase(
            base_id=new_base_id(), owner_id=owner.user_id, name=name, is_shared=is_shared, created_at=_FIRST_DAY
        )
        bases = {**self.state.bases, base.base_id: base}
        await self._become(replace(self.state, bases=bases), lambda tx: tx.bases.add(owner, base))
        return base

    async def add_chat(self, owner: Actor) -> None:
        chat = make_chat(owner)
        chats = {**self.state.chats, chat.chat_id: (owner.user_id, frozenset[BaseId]())}
        await self._become(replace(self.state, chats=chats), lambda tx: tx.chats.add(owner, chat))

    async def share_or_not(self) -> None:
        base = self.random.choice(list(self.state.bases.values()))
        after = replace(base, is_shared=not base.is_shared)
        bases = {**self.state.bases, base.base_id: after}
        await self._become(replace(self.state, bases=bases), lambda tx: tx.bases.save(self._of(base.owner_id), after))

    async def suspend_or_not(self) -> None:
        last = self.people[2].user_id
        suspended = self.state.suspended ^ {last}

        async def suspend(tx: Transaction) -> None:
            async with await psycopg.AsyncConnection.connect(self._url, autocommit=True) as connection:
                given = (last not in suspended, last)
                await connection.execute("UPDATE users SET is_active = %s WHERE user_id = %s", given)

        await self._become(replace(self.state, suspended=suspended), suspend)

    async def choose_bases(self) -> None:
        chat_id, (owner, _) = self.random.choice(list(self.state.chats.items()))
        readable = [
            base.base_id
            for base in self.state.bases.values()
            if base.owner_id == owner or (base.is_shared and base.owner_id not in self.state.suspended)
        ]
        chosen = self.random.sample(readable, self.random.randint(0, min(3, len(readable))))
        chats = {**self.state.chats, chat_id: (owner, frozenset(chosen))}
        await self._become(
            replace(self.state, chats=chats), lambda tx: tx.bases.set_of_chat(self._of(owner), chat_id, chosen)
        )

    async def add_paper(self, base: KnowledgeBase | None) -> None:
        """Store a paper in a base, or attach one to a chat."""
        chat_id, (owner, _) = self.random.choice(list(self.state.chats.items())) if base is None else (None, (None, ()))
        owner_id = base.owner_id if base is not None else owner
        assert owner_id is not None
        paper = self._new_paper(self._of(owner_id), base)
        papers = {**self.state.papers, paper.document_id: paper}
        attached = {**self.state.attached, **({paper.document_id: chat_id} if chat_id is not None else {})}
        await self._become(
            replace(self.state, papers=papers, attached=attached), lambda tx: self._store(tx, paper, chat_id)
        )

    async def delete_paper(self) -> None:
        """Delete a paper, and put another one in its place so that there is always something."""
        paper = self._any_paper()
        left = {one: known for one, known in self.state.papers.items() if one != paper.document_id}
        await self._become(
            replace(self.state, papers=left),
            lambda tx: tx.documents.remove(self._of(paper.owner_id), paper.document_id),
        )
        await self.add_paper(self.state.bases.get(paper.base_id) if paper.base_id is not None else None)

    async def replace_paper(self) -> None:
        """A new version of a file takes the place of the earlier one."""
        old = self._any_paper(in_base=True)
        assert old.base_id is not None
        new = replace(self._new_paper(self._of(old.owner_id), self.state.bases[old.base_id]), path=old.path)
        papers = {one: known for one, known in self.state.papers.items() if one != old.document_id}
        papers[new.document_id] = new
        async with self.storage.transaction() as tx:
            await self._store(tx, replace(new, status="reading"), None)
        await self._become(replace(self.state, papers=papers), lambda tx: tx.readings.finish(new.document_id))

    async def index_again(self) -> None:
        paper = self._any_paper()
        async with self.storage.transaction() as tx:
            await tx.chunks.remove(paper.document_id)
            await self._index(tx, paper)

    async def read_again(self) -> None:
        """A paper is read anew: until that is done it cannot be found."""
        paper = self._any_paper()
        whole = self.state
        left = {one: known for one, known in whole.papers.items() if one != paper.document_id}
        await self._become(replace(whole, papers=left), lambda tx: tx.readings.start_again(paper.document_id))

        async def finish(tx: Transaction) -> None:
            await self._index(tx, paper)
            await tx.readings.finish(paper.document_id)

        await self._become(whole, finish)

    async def _become(self, after: State, work: Callable[[Transaction], Awaitable[object]]) -> None:
        self.history.append(after)
        async with self.storage.transaction() as tx:
            await work(tx)
        self.settled = len(self.history) - 1

    async def _store(self, tx: Transaction, paper: Document, chat_id: ChatId | None) -> None:
        await tx.documents.add(self._of(paper.owner_id), paper, chat_id=chat_id)
        await self._index(tx, paper)

    async def _index(self, tx: Transaction, paper: Document) -> None:
        texts = [self._text(paper) for _ in range(2)]
        pages = [Page(number=number, text=text, status="text") for number, text in enumerate(texts, start=1)]
        chunks = [make_chunk(paper.document_id, page.text, page=page.number) for page in pages]
        self.paper_of |= {chunk.chunk_id: paper.document_id for chunk in chunks}
        await tx.readings.save_pages(paper.document_id, pages, [], [])
        await tx.chunks.add(chunks)
        vectors: dict[ChunkId, Vector] = {chunk.chunk_id: self.embedder.vector(chunk.text) for chunk in chunks}
        await tx.vectors.add(self.embedder.name, vectors)

    def _new_paper(self, owner: Actor, base: KnowledgeBase | None) -> Document:
        self._papers_made += 1
        number = self._papers_made
        document_id = new_document_id()
        self.codes[document_id] = f"zq{number}x"
        name = f"{self.random.choice(('report', 'отчёт', '100%_sure'))} {number}.txt"
        return replace(
            make_document(owner, name=name, sha256=f"{number:064x}", base=base),
            document_id=document_id,
            path=f"{self.random.choice(_FOLDERS)}/{name}",
            kind=self.random.choice(_KINDS),
            created_at=_FIRST_DAY + timedelta(days=number % 300),
        )

    def _text(self, paper: Document) -> str:
        return " ".join([self.codes[paper.document_id], *self.random.sample(VOCABULARY, 12)])

    def _any_paper(self, *, in_base: bool = False) -> Document:
        return self.random.choice([one for one in self.state.papers.values() if one.base_id is not None or not in_base])

    def _of(self, user_id: UserId | None) -> Actor:
        return next(person for person in self.people if person.user_id == user_id)
