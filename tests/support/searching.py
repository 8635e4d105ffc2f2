"""Search by words as a short question in a test."""

from dataclasses import replace

from samovar.domain.actor import Actor
from samovar.domain.document import Passage
from samovar.domain.ids import ChatId
from samovar.domain.search import SearchScope
from samovar.ports.storage import Transaction

__all__ = ["by_words"]


async def by_words(
    tx: Transaction, actor: Actor, words: str, *, chat_id: ChatId | None = None, limit: int = 10
) -> tuple[Passage, ...]:
    """The passages that the lexical arm finds, best first."""
    hits = await tx.search.lexical(actor, words, scope=SearchScope(chat_id=chat_id), limit=limit)
    found = await tx.search.passages(actor, list(hits.scores))
    return tuple(replace(one, score=hits.scores[one.chunk.chunk_id]) for one in found)
