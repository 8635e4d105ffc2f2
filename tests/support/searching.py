"""Search by words as a short question in a test."""

from dataclasses import replace

from samovar.domain.actor import Actor
from samovar.domain.document import Passage
from samovar.domain.ids import ChatId
from samovar.domain.search import ArmHits, SearchScope
from samovar.ports.embedder import Vector
from samovar.ports.storage import Transaction

__all__ = ["by_meaning", "by_words"]


async def by_words(
    tx: Transaction, actor: Actor, words: str, *, chat_id: ChatId | None = None, limit: int = 10
) -> tuple[Passage, ...]:
    """The passages that the lexical arm finds, best first."""
    hits = await tx.search.lexical(actor, words, scope=SearchScope(chat_id=chat_id), limit=limit)
    found = await tx.search.passages(actor, list(hits.scores))
    return tuple(replace(one, score=hits.scores[one.chunk.chunk_id]) for one in found)


async def by_meaning(
    tx: Transaction, actor: Actor, vector: Vector, *, embedder: str, scope: SearchScope | None = None, limit: int = 10
) -> ArmHits:
    """What the dense arm finds with the vectors of an embedder."""
    within = await tx.search.vector_scope(actor, embedder=embedder, scope=scope or SearchScope())
    if within is None:
        return ArmHits(arm="dense", scores={}, perfect=1.0, state="off")
    return await tx.search.dense(actor, vector, within, limit=limit)
