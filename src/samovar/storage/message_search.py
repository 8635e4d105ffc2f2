"""The index of what was said, in PostgreSQL: filled behind the replies, asked across all chats of a person.

It is the lexical arm of the documents over again (see ``lexical``): BM25 as an inner product of sparse vectors, and
only so many messages are scored. Each statement that finds holds the owner of the chats.
"""

from collections.abc import Collection, Sequence
from typing import Final

from sqlalchemy import bindparam, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.types import Uuid

from samovar.domain.actor import Actor
from samovar.domain.finding import FindQuery, FoundMessage
from samovar.domain.ids import ChatId, MessageId
from samovar.storage.common_words import CommonWords
from samovar.storage.connection import Connection
from samovar.storage.message_finder import MessageFinder
from samovar.storage.message_recall import rank_messages
from samovar.storage.stems import StemCache

__all__ = ["PostgresMessageSearch"]

# The lexemes are made first, and the chats are locked for the insertion alone: a chat that is being deleted is waited
# for and then left out, and a question that is sent meanwhile waits for nothing. Always in the same order, so that two
# who index never wait for each other.
_INDEX: Final = """
WITH indexed AS MATERIALIZED (
    SELECT made.*, coalesce(samovar_weights(lexemes), CAST('{{}}/1000000000' AS sparsevec)) AS weights FROM (
        SELECT message_id, chat_id, samovar_message_lexemes(messages.text) AS lexemes
        FROM messages
        WHERE {which} AND NOT EXISTS (
            SELECT FROM runs WHERE runs.message_id = messages.message_id AND runs.status IN ('queued', 'running')
        ){only}
        OFFSET 0
    ) AS made ORDER BY chat_id, message_id
), kept AS (
    SELECT indexed.* FROM indexed JOIN chats USING (chat_id) FOR KEY SHARE OF chats
)
INSERT INTO message_words (message_id, chat_id, lexemes, weights)
SELECT message_id, chat_id, lexemes, weights FROM kept
ON CONFLICT (message_id) DO UPDATE SET lexemes = excluded.lexemes, weights = excluded.weights
"""
_GIVEN: Final = """message_id IN (
            SELECT unnest(:messages) UNION SELECT parent_id FROM messages WHERE message_id = ANY(:messages)
        )"""
_INDEX_GIVEN: Final = text(_INDEX.format(which=_GIVEN, only="")).bindparams(bindparam("messages", type_=ARRAY(Uuid)))
# The newest first: they are what is looked for.
_INDEX_MISSING: Final = text(
    _INDEX.format(
        which="NOT EXISTS (SELECT FROM message_words AS known WHERE known.message_id = messages.message_id)",
        only="\n        ORDER BY position DESC LIMIT :limit",
    )
)


class PostgresMessageSearch:
    """Implements the port ``MessageSearch``."""

    def __init__(self, connection: Connection, stems: StemCache, common_words: CommonWords) -> None:
        """Work on the connection of one transaction; ``common_words`` are those of messages."""
        self._connection = connection
        self._finder = MessageFinder(connection, stems, common_words)

    async def index(self, message_ids: Sequence[MessageId]) -> None:
        """Take in messages and those that they answer, once more if need be; one being written is left out."""
        if message_ids:
            await self._connection.execute(_INDEX_GIVEN, {"messages": list(message_ids)})

    async def index_missing(self, *, limit: int) -> int:
        """Take in the newest messages of no live run that the index lacks; tell how many."""
        return (await self._connection.execute(_INDEX_MISSING, {"limit": limit})).rowcount

    async def find(self, actor: Actor, query: FindQuery, *, limit: int) -> tuple[FoundMessage, ...]:
        """Search all chats of the actor; see the port."""
        return await self._finder.find(actor, query, limit=limit)

    async def recall(
        self, actor: Actor, chat_id: ChatId, question: str, among: Collection[MessageId], *, limit: int
    ) -> dict[MessageId, float]:
        """Rank messages of one chat for a question; see the port."""
        return await rank_messages(self._connection, actor, chat_id, question, among, limit=limit)
