"""The lexical arm: BM25 as an inner product of sparse vectors, inside PostgreSQL.

The document's half of BM25 is computed when a chunk is indexed (see the first migration), the question's half, the
rarity of each word, when it is asked. To score a chunk costs about a microsecond, and common words stand in nearly
every chunk: so only so many are scored, those of rare words first and then those that hold two common words together.
"""

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from operator import itemgetter
from typing import Final

from sqlalchemy import Double, bindparam, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.types import Uuid

from samovar.domain.actor import Actor
from samovar.domain.ids import ChunkId
from samovar.domain.search import ArmHits, SearchScope
from samovar.storage.common_words import CommonWords
from samovar.storage.connection import Connection
from samovar.storage.scope import scope_sql, statement
from samovar.storage.tables import StoredText

__all__ = [
    "OPERATORS",
    "WHOLE_SCOPE",
    "KnownWord",
    "LexicalArm",
    "TypedQuery",
    "candidate_query",
    "rarity_of",
    "read_typed_query",
    "sparse_vector",
]

#: How many chunks one question may score: least and most, and in between so many times the root of the scope's number.
#: Of the ten best of all 99.7 % are among them, among 100,000 chunks as among a million (``make bench-search``).
_CANDIDATES: Final = (1_500, 6_000)
_CANDIDATES_OF_ROOT: Final = 6
#: A scope of so few chunks is scored as a whole, and its words are counted exactly.
WHOLE_SCOPE: Final = 2_000
#: No question is longer; more than this is a pasted text.
_QUESTION_CHARACTERS: Final = 20_000
#: The most words of a text that are looked for, the rarest.
_MOST_WORDS: Final = 48
#: So many of the common words are taken two by two.
_PAIRED_WORDS: Final = 5

_PHRASE: Final = re.compile(r'(?<!\w)["«“„]([^"«»“”„]{3,200})["»”“](?!\w)')
_EXCLUDED: Final = re.compile(r"(?:(?<=\s)|^)-([^\W\d_][\w-]*)")


@dataclass(frozen=True, slots=True)
class TypedQuery:
    """What a person has typed: the words, the phrases that must stand as they are, the words that must not stand."""

    words: str
    phrases: tuple[str, ...] = ()
    excluded: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownWord:
    """A stem of the question that some chunk holds; ``frequency`` is the number of such chunks in the scope."""

    lexeme: str
    dimension: int
    frequency: float
    rarity: float


@dataclass(frozen=True, slots=True, kw_only=True)
class _Known:
    """What a scope knows of a question: its words, the rarest first, and those that no chunk of it holds.

    ``total``: the number of chunks in the scope; so many of them (``budget``) may be scored.
    """

    words: Sequence[KnownWord] = ()
    unknown: Sequence[str] = ()
    total: float = 0.0
    budget: int = 0


def read_typed_query(typed: str) -> TypedQuery:
    """Find the operators: "a phrase" (of two words or more) and -word. What stands in quotes is looked for too."""
    phrases = tuple(found.group(1).strip() for found in _PHRASE.finditer(typed) if len(found.group(1).split()) > 1)
    excluded = tuple(found.group(1) for found in _EXCLUDED.finditer(_PHRASE.sub(" ", typed)))
    words = _EXCLUDED.sub(" ", typed) if excluded else typed
    return TypedQuery(words=words, phrases=phrases, excluded=excluded)


def candidate_query(words: Sequence[KnownWord], total: float, *, budget: int) -> str:
    """Choose which chunks are scored, as a tsquery: of ``total`` chunks about ``budget`` at the most.

    Shape: ``words`` the rarest first. Every rare word brings its chunks; of the words that are too common for that,
    two or more must stand together.
    """
    clauses: list[str] = []
    left = float(budget)
    common: list[KnownWord] = []
    for word in words:
        if word.frequency <= left:
            clauses.append(_quoted(word.lexeme))
            left -= word.frequency
        else:
            common.append(word)
    pairs = [
        (one.frequency * other.frequency / max(total, 1.0), one, other)
        for one, other in combinations(common[:_PAIRED_WORDS], 2)
    ]
    pairs.sort(key=itemgetter(0))
    for expected, one, other in pairs:
        if expected <= left:
            clauses.append(f"({_quoted(one.lexeme)} & {_quoted(other.lexeme)})")
            left -= expected
    if not clauses:
        clauses.append(" & ".join(_quoted(word.lexeme) for word in _fewest(common, total, budget)))
    return " | ".join(clauses)


def _fewest(common: Sequence[KnownWord], total: float, budget: int) -> Sequence[KnownWord]:
    """The rarest words that are few enough together; all of them when they never are."""
    expected = total
    for count, word in enumerate(common, start=1):
        expected *= word.frequency / max(total, 1.0)
        if expected <= budget:
            return common[:count]
    return common


def _quoted(lexeme: str) -> str:
    return "'" + lexeme.replace("\\", "\\\\").replace("'", "''") + "'"


def rarity_of(frequency: float, total: float) -> float:
    """The question's half of BM25: how much a word tells that so many of all texts hold."""
    return math.log(1 + (max(total - frequency, 0.0) + 0.5) / (frequency + 0.5))


# What PostgreSQL's own statistics know to be common is not counted: that alone would take longer than the search.
_COUNT: Final = """
WITH {scope}, asked AS (
    SELECT lexeme, samovar_dimension(lexeme) AS dimension FROM unnest(samovar_lexemes(:question))
), size AS (
    SELECT total, least(:most, greatest(:least, :of_root * sqrt(total)))::integer AS budget
    FROM (SELECT coalesce(sum(chunk_count), 0)::double precision AS total FROM scope) AS counted
), common AS (
    SELECT lexeme, share FROM unnest(:common, :shares) AS frequent (lexeme, share)
)
SELECT asked.lexeme, asked.dimension, size.total, size.budget, CASE
    WHEN size.total <= :whole THEN NULL
    WHEN common.share IS NOT NULL THEN common.share * size.total
    ELSE (
        SELECT count(*) FROM (
            SELECT FROM chunks WHERE lexemes @@ samovar_word(asked.lexeme)
                AND (document_id IN (SELECT document_id FROM scope)) IS TRUE
            LIMIT size.budget
        ) AS found
    )
END AS frequency
FROM size CROSS JOIN asked LEFT JOIN common USING (lexeme)
"""

# A small scope: every chunk of it is looked at once for each word, without the index of all chunks.
_COUNT_WHOLE: Final = """
WITH {scope}, held AS MATERIALIZED (
    SELECT weights FROM chunks WHERE document_id IN (SELECT document_id FROM scope)
), asked AS MATERIALIZED (
    SELECT dimension, CAST(written AS sparsevec) AS unit FROM unnest(:dimensions, :units) AS given (dimension, written)
)
SELECT dimension, count(*) AS frequency
FROM asked, held
WHERE held.weights <#> unit < 0
GROUP BY dimension
"""

_SCORED: Final = """
SELECT chunk_id, -distance AS score FROM ({candidates}) AS candidates
WHERE distance < 0
ORDER BY distance, document_id, page NULLS FIRST, start
LIMIT :limit
"""
# The fences (LIMIT, OFFSET) have each distance computed once, and the SELECT has the vector read once, not row by row.
_OF_WORDS: Final = """
    SELECT chunk_id, document_id, page, start, weights <#> (SELECT CAST(:weights AS sparsevec)) AS distance
    FROM chunks
    WHERE lexemes @@ CAST(:words AS tsquery) AND (document_id IN (SELECT document_id FROM scope)) IS TRUE{operators}
    LIMIT :budget"""
_OF_SCOPE: Final = """
    SELECT chunk_id, document_id, page, start, weights <#> (SELECT CAST(:weights AS sparsevec)) AS distance
    FROM chunks
    WHERE document_id IN (SELECT document_id FROM scope){operators}
    OFFSET 0"""
_MUST: Final = "\n        AND lexemes @@ (SELECT phrases FROM operators)"
_MUST_NOT: Final = "\n        AND NOT lexemes @@ (SELECT excluded FROM operators)"
#: Makes a common table expression ``operators`` of the parameters ``phrases`` and ``excluded``; see ``TypedQuery``. A
#: phrase of words alone that the index leaves out (и, the) stands nowhere, and such a word excludes nothing.
OPERATORS: Final = """, operators AS MATERIALIZED (
    SELECT (
        SELECT coalesce(string_agg('(' || query::text || ')', ' & ') FILTER (WHERE numnode(query) > 0), '')::tsquery
        FROM unnest(:phrases) AS phrase, phraseto_tsquery('samovar', samovar_plain(phrase)) AS query
    ) AS phrases, (
        SELECT coalesce(string_agg('(' || query::text || ')', ' | ') FILTER (WHERE numnode(query) > 0), '')::tsquery
        FROM unnest(:excluded) AS word, plainto_tsquery('samovar', samovar_plain(word)) AS query
    ) AS excluded
)
"""

_SCORE_GIVEN: Final = text("""
SELECT chunk_id, -(chunks.weights <#> asked.weights) AS score
FROM chunks, (
    SELECT samovar_vector(array_agg(samovar_dimension(stem)), array_agg(rarity)) AS weights
    FROM unnest(:stems, :rarities) AS given (stem, rarity)
) AS asked
WHERE chunk_id = ANY(:chunks)
""").bindparams(
    bindparam("stems", type_=ARRAY(StoredText)),
    bindparam("rarities", type_=ARRAY(Double)),
    bindparam("chunks", type_=ARRAY(Uuid)),
)


class LexicalArm:
    """BM25 over the chunks of a scope."""

    def __init__(self, connection: Connection, common_words: CommonWords) -> None:
        """Work on the connection of one transaction."""
        self._connection = connection
        self._common_words = common_words

    async def hits(self, actor: Actor, typed: str, *, scope: SearchScope, limit: int) -> ArmHits:
        """Rank the chunks of a scope; see the port ``Search.lexical``."""
        query = read_typed_query(typed[:_QUESTION_CHARACTERS])
        known = await self._known(actor, query.words, scope)
        # Words that no chunk holds count too: a question with one known word in eight has found next to nothing.
        stems = {word.lexeme: word.rarity for word in known.words}
        stems |= dict.fromkeys(known.unknown, rarity_of(0.0, known.total))
        if not known.words:
            return ArmHits(arm="lexical", scores={}, perfect=0.0, stems=stems)
        scores = await self._scored(actor, query, known, scope=scope, limit=limit)
        if not scores and query.phrases:
            # A phrase that stands nowhere was a manner of speaking.
            relaxed = TypedQuery(words=query.words, excluded=query.excluded)
            scores = await self._scored(actor, relaxed, known, scope=scope, limit=limit)
        return ArmHits(
            arm="lexical",
            scores=scores,
            perfect=sum(stems.values()),
            stems=stems,
        )

    async def hits_of_all(self, actor: Actor, typed: str, *, scope: SearchScope, limit: int) -> ArmHits:
        """Rank every chunk that holds any of the words, however many: what the limit of candidates is measured by."""
        query = read_typed_query(typed[:_QUESTION_CHARACTERS])
        known = await self._known(actor, query.words, scope)
        known = replace(known, budget=int(known.total) * len(known.words))
        scores = await self._scored(actor, query, known, scope=scope, limit=limit) if known.words else {}
        return ArmHits(arm="lexical", scores=scores, perfect=sum(word.rarity for word in known.words))

    async def scores(self, stems: Mapping[str, float], chunk_ids: Sequence[ChunkId]) -> dict[ChunkId, float]:
        """Score chunks for stems with their rarities."""
        if not stems or not chunk_ids:
            return {}
        given = {"stems": list(stems), "rarities": list(stems.values()), "chunks": list(chunk_ids)}
        rows = await self._connection.execute(_SCORE_GIVEN, given)
        return {ChunkId(row.chunk_id): row.score for row in rows}

    async def _known(self, actor: Actor, words: str, scope: SearchScope) -> _Known:
        sql, values = scope_sql(actor, scope)
        common = await self._common_words.like(self._connection, words)
        given = {**values, "question": words, "whole": WHOLE_SCOPE}
        given |= {"common": list(common), "shares": list(common.values())}
        given |= {"least": _CANDIDATES[0], "most": _CANDIDATES[1], "of_root": _CANDIDATES_OF_ROOT}
        rows = (await self._connection.execute(statement(_COUNT.format(scope=sql), tuple(given)), given)).all()
        if not rows:
            return _Known()
        total = rows[0].total
        frequencies = {row.dimension: row.frequency for row in rows}
        if total <= WHOLE_SCOPE:
            units = [sparse_vector([(dimension, 1.0)]) for dimension in frequencies]
            given = {**values, "dimensions": list(frequencies), "units": units}
            counting = statement(_COUNT_WHOLE.format(scope=sql), tuple(given))
            counted = await self._connection.execute(counting, given)
            frequencies = {row.dimension: float(row.frequency) for row in counted}
        known = [
            KnownWord(
                lexeme=row.lexeme,
                dimension=row.dimension,
                frequency=frequency,
                rarity=rarity_of(frequency, total),
            )
            for row in rows
            if (frequency := float(frequencies.get(row.dimension) or 0.0)) > 0
        ]
        unknown = {row.lexeme for row in rows} - {word.lexeme for word in known}
        ranked = sorted(known, key=lambda word: (word.frequency, word.lexeme))[:_MOST_WORDS]
        return _Known(words=ranked, unknown=sorted(unknown)[:_MOST_WORDS], total=total, budget=rows[0].budget)

    async def _scored(
        self,
        actor: Actor,
        query: TypedQuery,
        known: _Known,
        *,
        scope: SearchScope,
        limit: int,
    ) -> dict[ChunkId, float]:
        sql, values = scope_sql(actor, scope)
        values["weights"] = sparse_vector([(word.dimension, word.rarity) for word in known.words])
        values["limit"] = limit
        with_operators = ""
        if query.phrases or query.excluded:
            with_operators = OPERATORS
            values |= {"phrases": list(query.phrases), "excluded": list(query.excluded)}
        operators = (_MUST if query.phrases else "") + (_MUST_NOT if query.excluded else "")
        if known.total <= WHOLE_SCOPE:
            candidates = _OF_SCOPE.format(operators=operators)
        else:
            candidates = _OF_WORDS.format(operators=operators)
            # Frequencies are partly estimates.
            words = candidate_query(known.words, known.total, budget=known.budget)
            values |= {"words": words, "budget": 2 * known.budget}
        whole = f"WITH {sql}{with_operators}" + _SCORED.format(candidates=candidates)
        rows = await self._connection.execute(statement(whole, tuple(values)), values)
        return {ChunkId(row.chunk_id): row.score for row in rows}


def sparse_vector(parts: Sequence[tuple[int, float]]) -> str:
    """Write a sparse vector; two words may share a dimension."""
    weights: dict[int, float] = {}
    for dimension, weight in parts:
        weights[dimension] = weights.get(dimension, 0.0) + weight
    inside = ",".join(f"{dimension}:{weight:.6g}" for dimension, weight in sorted(weights.items()))
    return "{" + inside + "}/1000000000"
