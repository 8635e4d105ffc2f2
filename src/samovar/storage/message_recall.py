"""Messages of one chat, ranked for a question among themselves: what is left out of a context may matter again.

So few messages are looked at as a whole, in one statement. What the index lacks (a message a second old, an import a
minute ago) is indexed on the way, so that nothing hangs on when the index has caught up.
"""

from collections.abc import Collection
from typing import Final

from sqlalchemy import Integer, bindparam, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.types import Uuid

from samovar.domain.actor import Actor
from samovar.domain.ids import ChatId, MessageId
from samovar.storage.connection import Connection
from samovar.storage.tables import StoredText

__all__ = ["rank_messages"]

#: No question is longer; more than this is a pasted text.
_QUESTION_CHARACTERS: Final = 20_000
#: The most words of a question that are looked for. Of a pasted text it is the longest words: they are the rarest.
_MOST_WORDS: Final = 48
#: So many messages, the newest, are indexed on the way.
_MOST_NOT_INDEXED: Final = 256

# A word that no message holds counts in ``perfect``: a message with one word of eight has told next to nothing.
_RANK: Final = text("""
WITH held AS MATERIALIZED (
    SELECT message_id, weights FROM message_words JOIN chats USING (chat_id)
    WHERE chat_id = :chat AND chats.owner_id = :actor AND message_id = ANY(:among)
    UNION ALL
    SELECT message_id, coalesce(samovar_weights(samovar_message_lexemes(text)), CAST('{}/1000000000' AS sparsevec))
    FROM (
        SELECT message_id, messages.text FROM messages JOIN chats USING (chat_id)
        WHERE chat_id = :chat AND chats.owner_id = :actor AND message_id = ANY(:among)
            AND NOT EXISTS (SELECT FROM message_words AS known WHERE known.message_id = messages.message_id)
        ORDER BY position DESC LIMIT :not_indexed
    ) AS fresh
), asked AS MATERIALIZED (
    SELECT samovar_dimension(lexeme) AS dimension FROM unnest(samovar_lexemes(:question))
    ORDER BY length(lexeme) DESC, lexeme LIMIT :words
), counted AS (
    SELECT dimension, (SELECT count(*) FROM held) AS total, (
        SELECT count(*) FROM held WHERE held.weights <#> asked.unit < 0
    ) AS frequency
    FROM (SELECT DISTINCT dimension, samovar_vector(ARRAY[dimension], ARRAY[1.0]) AS unit FROM asked) AS asked
), question AS MATERIALIZED (
    SELECT samovar_vector(array_agg(dimension), array_agg(rarity)) AS weights, sum(rarity) AS perfect
    FROM (
        SELECT dimension, ln(1 + (total - frequency + 0.5) / (frequency + 0.5))::double precision AS rarity FROM counted
    ) AS rare
)
SELECT message_id, least(1.0, -distance / perfect) AS score FROM (
    SELECT message_id, perfect, held.weights <#> question.weights AS distance FROM held, question OFFSET 0
) AS scored
WHERE distance < 0
ORDER BY distance, message_id
LIMIT :limit
""").bindparams(
    bindparam("chat", type_=Uuid),
    bindparam("actor", type_=Uuid),
    bindparam("among", type_=ARRAY(Uuid)),
    bindparam("question", type_=StoredText),
    bindparam("words", type_=Integer),
    bindparam("not_indexed", type_=Integer),
)


async def rank_messages(
    connection: Connection, actor: Actor, chat_id: ChatId, question: str, among: Collection[MessageId], *, limit: int
) -> dict[MessageId, float]:
    """Rank messages; see the port ``MessageSearch.recall``. Of somebody else's chat nothing is found."""
    if not among:
        return {}
    given = {
        "chat": chat_id,
        "actor": actor.user_id,
        "among": list(among),
        "question": question[:_QUESTION_CHARACTERS],
        "words": _MOST_WORDS,
        "not_indexed": _MOST_NOT_INDEXED,
        "limit": limit,
    }
    rows = await connection.execute(_RANK, given)
    return {MessageId(row.message_id): row.score for row in rows}
