"""Finding messages and chats by words, across all chats of a person."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from samovar.domain.actor import Actor
from samovar.domain.finding import FindQuery, FoundMessage
from samovar.domain.ids import ChatId, MessageId
from samovar.domain.snippet import likely_region, snippet_around
from samovar.storage.chat_scope import ChatScope, chat_statement
from samovar.storage.common_words import CommonWords
from samovar.storage.connection import Connection
from samovar.storage.lexical import (
    OPERATORS,
    WHOLE_SCOPE,
    KnownWord,
    TypedQuery,
    candidate_query,
    rarity_of,
    read_typed_query,
    sparse_vector,
)
from samovar.storage.scope import escaped
from samovar.storage.stems import StemCache

__all__ = ["MessageFinder"]

#: No query is longer; more than this is a pasted text, of whose words the rarest are looked for.
_QUERY_CHARACTERS: Final = 2_000
_MOST_WORDS: Final = 32
#: How many messages one search may score: least and most, and in between so many times the root of their number.
_CANDIDATES: Final = (1_500, 6_000)
_CANDIDATES_OF_ROOT: Final = 6
#: Stemming changes the last letter of a word at times, and no more of short ones than two letters are sure.
_SURE_LETTERS: Final = 3

# How many messages a person has is known as closely as PostgreSQL's statistics know it, unless they are few: to count
# them would take longer than to search. What is common by these statistics is not counted either.
_COUNT: Final = """
WITH {scope}, asked AS MATERIALIZED (
    SELECT lexeme, dimension, samovar_vector(ARRAY[dimension], ARRAY[1.0]) AS unit
    FROM unnest(samovar_lexemes(:question)), samovar_dimension(lexeme) AS dimension
), few AS (
    SELECT count(*) AS counted FROM (
        SELECT FROM scope CROSS JOIN LATERAL (
            SELECT FROM message_words WHERE message_words.chat_id = scope.chat_id LIMIT :whole + 1
        ) AS held LIMIT :whole + 1
    ) AS bounded
), size AS (
    SELECT total, least(:most, greatest(:least, :of_root * sqrt(total)))::integer AS budget, total <= :whole AS is_whole
    FROM (
        SELECT CASE WHEN counted <= :whole THEN counted ELSE greatest(
            counted, held.reltuples::double precision
                * least(1.0, (SELECT count(*) FROM scope) / greatest(of_all.reltuples::double precision, 1.0))
        ) END::double precision AS total
        FROM few, pg_class AS held, pg_class AS of_all
        WHERE held.oid = 'message_words'::regclass AND of_all.oid = 'chats'::regclass
    ) AS estimated
), common AS (
    SELECT lexeme, share FROM unnest(:common, :shares) AS frequent (lexeme, share)
)
SELECT asked.lexeme, asked.dimension, size.total, size.budget, CASE
    WHEN size.is_whole THEN (
        SELECT count(*) FROM message_words WHERE chat_id IN (SELECT chat_id FROM scope)
            AND weights <#> asked.unit < 0
    )
    WHEN common.share IS NOT NULL THEN common.share * size.total
    ELSE (
        SELECT count(*) FROM (
            SELECT FROM message_words WHERE lexemes @@ samovar_word(asked.lexeme)
                AND (chat_id IN (SELECT chat_id FROM scope)) IS TRUE
            LIMIT size.budget
        ) AS found
    )
END AS frequency
FROM size CROSS JOIN asked LEFT JOIN common USING (lexeme)
"""

# Of messages with the same score all are kept until the newest are known. Texts are read for those alone that are left.
_MESSAGES: Final = """
WITH {scope}{operators}, candidates AS (
    {candidates}
), best AS (
    SELECT message_id, -distance AS score FROM candidates WHERE distance < 0
    ORDER BY distance FETCH FIRST (:limit) ROWS WITH TIES
), top AS MATERIALIZED (
    SELECT message_id, score, created_at, position FROM best JOIN messages USING (message_id)
    ORDER BY score DESC, created_at DESC, position DESC LIMIT :limit
)
SELECT top.message_id, top.score, top.created_at, chats.chat_id, chats.title, chats.folder, messages.role, messages.text
FROM top JOIN messages USING (message_id) JOIN chats USING (chat_id)
WHERE chats.owner_id = :actor
ORDER BY top.score DESC, top.created_at DESC, top.position DESC
"""
# The fences (LIMIT, OFFSET) have each distance computed once.
_OF_WORDS: Final = """
    SELECT message_id, weights <#> (SELECT CAST(:weights AS sparsevec)) AS distance FROM message_words
    WHERE lexemes @@ CAST(:words AS tsquery) AND (chat_id IN (SELECT chat_id FROM scope)) IS TRUE{conditions}
    LIMIT :budget"""
_OF_SCOPE: Final = """
    SELECT message_id, weights <#> (SELECT CAST(:weights AS sparsevec)) AS distance FROM message_words
    WHERE chat_id IN (SELECT chat_id FROM scope){conditions}
    OFFSET 0"""
# Not joined (IS TRUE): of a common word many messages hold, only so many are looked at until the budget is full.
_SAID: Final = """
        AND (EXISTS (
            SELECT FROM messages AS said WHERE said.message_id = message_words.message_id{conditions}
        )) IS TRUE"""
_MUST: Final = "\n        AND {lexemes} @@ (SELECT phrases FROM operators)"
_MUST_NOT: Final = "\n        AND NOT {lexemes} @@ (SELECT excluded FROM operators)"

# The beginnings sift before a title is stemmed: that takes ten times as long.
_TITLES: Final = """
WITH {scope}{operators}, held AS (
    SELECT chats.chat_id, chats.title, chats.folder, chats.updated_at, chats.change,
        samovar_lexemes(chats.title) AS lexemes
    FROM chats JOIN scope USING (chat_id)
    WHERE lower(samovar_plain(chats.title)) LIKE ANY(:beginnings){dates}
    OFFSET 0
)
SELECT chat_id, title, folder, updated_at, -(samovar_weights(lexemes) <#> (SELECT CAST(:weights AS sparsevec))) AS score
FROM held WHERE lexemes @@ CAST(:words AS tsquery){conditions}
ORDER BY score DESC, change DESC LIMIT :limit
"""

_NEWEST_MESSAGES: Final = """
WITH {scope}, newest AS MATERIALIZED (
    SELECT message_id FROM messages AS said
    WHERE chat_id IN (SELECT chat_id FROM scope){conditions} AND NOT EXISTS (
        SELECT FROM runs WHERE runs.message_id = said.message_id AND runs.status IN ('queued', 'running')
    )
    ORDER BY created_at DESC, position DESC LIMIT :limit
)
SELECT said.message_id, 0.0 AS score, said.created_at, chats.chat_id, chats.title, chats.folder, said.role, said.text
FROM newest JOIN messages AS said USING (message_id) JOIN chats USING (chat_id)
ORDER BY said.created_at DESC, said.position DESC
"""
_NEWEST_CHATS: Final = """
WITH {scope}
SELECT chats.chat_id, title, folder, updated_at, 0.0 AS score FROM chats JOIN scope USING (chat_id)
ORDER BY change DESC LIMIT :limit
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Known:
    """What a person's messages know of a query: its words, the rarest first; ``total``: how many messages there are.

    ``words`` that no message holds have the frequency 0: titles may hold them.
    """

    words: Sequence[KnownWord]
    total: float
    budget: int


class MessageFinder:
    """BM25 over the messages and titles of a person's chats."""

    def __init__(self, connection: Connection, stems: StemCache, common_words: CommonWords) -> None:
        """Work on the connection of one transaction; ``common_words`` are those of messages."""
        self._connection = connection
        self._stems = stems
        self._common_words = common_words

    async def find(self, actor: Actor, query: FindQuery, *, limit: int) -> tuple[FoundMessage, ...]:
        """Search messages and titles, best first, the newest of equals first; see the port ``MessageSearch.find``.

        Filters without words list what is newest: messages where somebody or a time is named, and else chats.
        """
        scope = ChatScope(actor, query)
        if not query.words.strip():
            return await self._newest(scope, query, limit) if scope.is_narrowed else ()
        typed = read_typed_query(query.words[:_QUERY_CHARACTERS])
        known = await self._known(scope, typed.words)
        if not known.words:
            return ()
        found = await self._search(scope, typed, known, limit)
        if not found and typed.phrases:
            # A phrase that stands nowhere was a manner of speaking.
            found = await self._search(scope, replace(typed, phrases=()), known, limit)
        return found

    async def _search(self, scope: ChatScope, typed: TypedQuery, known: _Known, limit: int) -> tuple[FoundMessage, ...]:
        messages = await self._messages(scope, typed, known, limit)
        titles = () if scope.names_sender else await self._titles(scope, typed, known, limit)
        return tuple(_merged(messages, titles)[:limit])

    async def _known(self, scope: ChatScope, words: str) -> _Known:
        common = await self._common_words.like(self._connection, words)
        given = {
            **scope.values,
            "question": words,
            "whole": WHOLE_SCOPE,
            "common": list(common),
            "shares": list(common.values()),
            "least": _CANDIDATES[0],
            "most": _CANDIDATES[1],
            "of_root": _CANDIDATES_OF_ROOT,
        }
        rows = (
            await self._connection.execute(chat_statement(_COUNT.format(scope=scope.sql), tuple(given)), given)
        ).all()
        found = [
            KnownWord(
                lexeme=row.lexeme,
                dimension=row.dimension,
                frequency=float(row.frequency),
                rarity=rarity_of(float(row.frequency), row.total),
            )
            for row in rows
        ]
        found.sort(key=lambda word: (word.frequency == 0, word.frequency, word.lexeme))
        return _Known(
            words=found[:_MOST_WORDS], total=rows[0].total if rows else 0.0, budget=rows[0].budget if rows else 0
        )

    async def _messages(
        self, scope: ChatScope, typed: TypedQuery, known: _Known, limit: int
    ) -> tuple[FoundMessage, ...]:
        said = [word for word in known.words if word.frequency > 0]
        if not said:
            return ()
        operators, conditions, values = _operators(typed, "lexemes")
        values |= scope.values | scope.said_values
        values |= {"weights": sparse_vector([(word.dimension, word.rarity) for word in said]), "limit": limit}
        if scope.said:
            conditions += _SAID.format(conditions=scope.said)
        if known.total <= WHOLE_SCOPE:
            candidates = _OF_SCOPE.format(conditions=conditions)
        else:
            candidates = _OF_WORDS.format(conditions=conditions)
            # Frequencies are partly estimates.
            values |= {"words": candidate_query(said, known.total, budget=known.budget), "budget": 2 * known.budget}
        sql = _MESSAGES.format(scope=scope.sql, operators=operators, candidates=candidates)
        rows = (await self._connection.execute(chat_statement(sql, tuple(values)), values)).all()
        return await self._shown(rows, {word.lexeme for word in known.words})

    async def _titles(self, scope: ChatScope, typed: TypedQuery, known: _Known, limit: int) -> tuple[FoundMessage, ...]:
        operators, conditions, values = _operators(typed, "lexemes")
        values |= scope.values | scope.dates_values
        values["weights"] = sparse_vector([(word.dimension, word.rarity) for word in known.words])
        values["words"] = " | ".join("'" + _tsquery_escaped(word.lexeme) + "'" for word in known.words)
        values["beginnings"] = [f"%{escaped(_beginning(word.lexeme))}%" for word in known.words]
        values["limit"] = limit
        sql = _TITLES.format(scope=scope.sql, operators=operators, conditions=conditions, dates=scope.dates)
        rows = (await self._connection.execute(chat_statement(sql, tuple(values)), values)).all()
        return await self._shown_titles(rows, {word.lexeme for word in known.words})

    async def _newest(self, scope: ChatScope, query: FindQuery, limit: int) -> tuple[FoundMessage, ...]:
        values = {**scope.values, "limit": limit}
        if query.role or query.since or query.until:
            values |= scope.said_values
            sql = _NEWEST_MESSAGES.format(scope=scope.sql, conditions=scope.said)
            return await self._shown(
                (await self._connection.execute(chat_statement(sql, tuple(values)), values)).all(), ()
            )
        sql = _NEWEST_CHATS.format(scope=scope.sql)
        rows = (await self._connection.execute(chat_statement(sql, tuple(values)), values)).all()
        return await self._shown_titles(rows, ())

    async def _shown(self, rows: Sequence[Any], stems: set[str] | tuple[()]) -> tuple[FoundMessage, ...]:
        parts = [row.text[slice(*likely_region(row.text, stems))] for row in rows]
        marked = await self._stems.words(self._connection, parts, stems) if stems else [()] * len(parts)
        found: list[FoundMessage] = []
        for row, part, words in zip(rows, parts, marked, strict=True):
            snippet = snippet_around(part, [(word.stem, word.start, word.end) for word in words])
            found.append(
                FoundMessage(
                    chat_id=ChatId(row.chat_id),
                    title=row.title,
                    folder=row.folder,
                    message_id=MessageId(row.message_id),
                    role=row.role,
                    snippet=snippet.text,
                    marks=snippet.marks,
                    score=row.score,
                    said_at=row.created_at,
                )
            )
        return tuple(found)

    async def _shown_titles(self, rows: Sequence[Any], stems: set[str] | tuple[()]) -> tuple[FoundMessage, ...]:
        titles = [row.title for row in rows]
        marked = await self._stems.words(self._connection, titles, stems) if stems else [()] * len(titles)
        found: list[FoundMessage] = []
        for row, words in zip(rows, marked, strict=True):
            snippet = snippet_around(row.title, [(word.stem, word.start, word.end) for word in words])
            found.append(
                FoundMessage(
                    chat_id=ChatId(row.chat_id),
                    title=row.title,
                    folder=row.folder,
                    message_id=None,
                    role=None,
                    snippet=snippet.text,
                    marks=snippet.marks,
                    score=row.score,
                    said_at=row.updated_at,
                )
            )
        return tuple(found)


def _merged(messages: Sequence[FoundMessage], titles: Sequence[FoundMessage]) -> list[FoundMessage]:
    """Messages and titles in one order; a title lifts the best message of its chat, or stands for the chat alone."""
    best: dict[ChatId, int] = {}
    found = list(messages)
    for place, message in enumerate(found):
        best.setdefault(message.chat_id, place)
    for title in titles:
        at = best.get(title.chat_id)
        if at is None:
            found.append(title)
        elif title.score > found[at].score:
            found[at] = replace(found[at], score=title.score)
    found.sort(key=lambda one: (-one.score, -one.said_at.timestamp()))
    return found


def _operators(typed: TypedQuery, lexemes: str) -> tuple[str, str, dict[str, Any]]:
    if not typed.phrases and not typed.excluded:
        return "", "", {}
    conditions = (_MUST.format(lexemes=lexemes) if typed.phrases else "") + (
        _MUST_NOT.format(lexemes=lexemes) if typed.excluded else ""
    )
    return OPERATORS, conditions, {"phrases": list(typed.phrases), "excluded": list(typed.excluded)}


def _beginning(lexeme: str) -> str:
    return lexeme[:-1] if len(lexeme) > _SURE_LETTERS else lexeme[: _SURE_LETTERS - 1]


def _tsquery_escaped(lexeme: str) -> str:
    return lexeme.replace("\\", "\\\\").replace("'", "''")
