"""Find the passages that a question may be answered from."""

from typing import Final

from samovar.domain.actor import Actor
from samovar.domain.document import Passage
from samovar.domain.ids import ChatId
from samovar.ports.storage import Transaction

__all__ = ["find_passages"]

_CANDIDATES: Final = 24
_MOST_PASSAGES: Final = 6
#: Passages far behind the best one cost tokens, distract small models and rarely hold the answer.
_SHARE_OF_BEST: Final = 0.35


async def find_passages(tx: Transaction, actor: Actor, question: str, *, chat_id: ChatId) -> tuple[Passage, ...]:
    """Rank the chunks of the chat's documents. Shape: at most 6 passages, best first."""
    ranked = await tx.search.lexical(actor, question, chat_id=chat_id, limit=_CANDIDATES)
    if not ranked:
        return ()
    best = ranked[0].score
    return tuple(passage for passage in ranked[:_MOST_PASSAGES] if passage.score >= _SHARE_OF_BEST * best)
