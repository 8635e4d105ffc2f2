"""The port to the search engine: two arms, the texts of what they find, and the vectors of the dense one."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from samovar.domain.actor import Actor
from samovar.domain.document import Passage
from samovar.domain.ids import ChunkId, DocumentId
from samovar.domain.search import ArmHits, SearchScope
from samovar.ports.embedder import Vector

__all__ = ["IndexedChunk", "Search", "StemmedWord", "VectorProgress", "VectorScope", "Vectors"]


class StemmedWord(NamedTuple):
    """A word of a text: ``text[start:end]``, its number in the text and its stem as the index has it."""

    stem: str
    position: int
    start: int
    end: int


@dataclass(frozen=True, slots=True, kw_only=True)
class VectorProgress:
    """How many chunks of ready documents have a vector of an embedder, of all that there are."""

    embedder: str
    filled: int
    total: int


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexedChunk:
    """A chunk as the index has it: where each of its stems stands, as numbers of words, and what is above it."""

    document_id: DocumentId
    page: int | None
    places: Mapping[str, Sequence[int]]
    headings: tuple[str, ...]
    document: str
    title: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class VectorScope:
    """A scope as the dense arm sees it: by whose vectors it is searched, and whether some chunks have none yet."""

    scope: SearchScope
    embedder: str
    embedder_id: int
    dimensions: int
    chunks: int
    is_filling: bool


class Search(Protocol):
    """The search engine. The scope and what the actor may read are part of each query."""

    async def lexical(self, actor: Actor, text: str, *, scope: SearchScope, limit: int) -> ArmHits:
        """Rank by BM25 over Russian and English stems.

        Whoever types them can use operators: "a phrase" in quotes must stand in the text if it stands in any, and a
        -word must not. Without known words nothing is found.
        """
        ...

    async def vector_scope(
        self, actor: Actor, *, scope: SearchScope, embedder: str | None = None
    ) -> VectorScope | None:
        """What there is to compare with vectors of an embedder, or None when it has none; for ``dense``.

        Without a name it is the embedder that searches go by now.
        """
        ...

    async def dense(self, actor: Actor, vector: Vector, within: VectorScope, *, limit: int) -> ArmHits:
        """Rank by the cosine of vectors of one embedder; ``state`` tells whether all chunks of the scope have one."""
        ...

    async def lexical_scores(self, hits: ArmHits, chunk_ids: Sequence[ChunkId]) -> Mapping[ChunkId, float]:
        """The BM25 scores of chunks that the lexical arm left out, by the words and rarities of its hits."""
        ...

    async def dense_scores(
        self, vector: Vector, chunk_ids: Sequence[ChunkId], *, embedder: str
    ) -> Mapping[ChunkId, float]:
        """The cosines of chunks that the dense arm left out; one without a vector is missing."""
        ...

    async def passages(self, actor: Actor, chunk_ids: Sequence[ChunkId]) -> tuple[Passage, ...]:
        """Read chunks in the order given; what the actor may not read, or is gone by now, is left out. Scores are 0."""
        ...

    async def indexed(self, actor: Actor, chunk_ids: Sequence[ChunkId]) -> Mapping[ChunkId, IndexedChunk]:
        """What the index knows of chunks, without their texts; what the actor may not read, or is gone, is missing."""
        ...

    async def stems(self, texts: Sequence[str]) -> tuple[frozenset[str], ...]:
        """The lexemes of each text, as the index sees them. Shape: n texts to n sets."""
        ...

    async def stemmed_words(
        self, texts: Sequence[str], *, stems: Collection[str] | None = None
    ) -> tuple[tuple[StemmedWord, ...], ...]:
        """The words of each text that the index knows, in order; with ``stems`` only those of these stems.

        Shape: n texts to n tuples.
        """
        ...


class Vectors(Protocol):
    """The vectors of chunks, filled in behind the text index."""

    async def use(self, embedder: str, dimensions: int) -> None:
        """Search by this embedder once all chunks have its vectors; until then by the one before, if there was one."""
        ...

    async def searched_by(self) -> str | None:
        """Tell by whose vectors searches go now; None before the first was used. Quick."""
        ...

    async def progress(self, embedder: str) -> VectorProgress:
        """Count the chunks that have a vector of an embedder."""
        ...

    async def wanting(self, embedder: str, *, limit: int) -> tuple[tuple[ChunkId, str], ...]:
        """List chunks of one document without a vector of this (wanted) embedder, with the text to embed.

        Documents of chats come first, and then the newest. When none is left the embedder is complete.
        """
        ...

    async def add(self, embedder: str, vectors: Mapping[ChunkId, Vector]) -> None:
        """Store vectors; those of chunks that are gone by now are left out."""
        ...

    async def forget_others(self, embedder: str) -> None:
        """Delete the vectors of every other embedder, when all chunks have this one's."""
        ...
