"""Fill a database with generated chunks, as many as wanted, the way a bulk load does: copy first, then the indexes."""

import struct
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, TypeAlias
from uuid import UUID

import numpy as np
import psycopg

from samovar.storage.vectors import graph_index

__all__ = ["CHUNKS_PER_DOCUMENT", "DIMENSIONS", "Generated", "Words", "load"]

DIMENSIONS: Final = 384
CHUNKS_PER_DOCUMENT: Final = 100
CHUNKS_PER_PAGE: Final = 4
Matrix: TypeAlias = "np.ndarray[tuple[int, int], np.dtype[np.float32]]"
#: Two languages with a vocabulary each; the share of words follows Zipf's law.
_VOCABULARY: Final = 40_000
_WORDS_PER_CHUNK: Final = 160
_TOPICS: Final = 2_000
_BATCH: Final = 5_000
_COPY_HEADER: Final = b"PGCOPY\n\xff\r\n\0" + struct.pack("!ii", 0, 0)
_COPY_END: Final = struct.pack("!h", -1)
_LETTERS: Final = {"ru": ("бвгджзклмнпрстфхцчшщ", "аеиоуыюя"), "en": ("bcdfghjklmnpqrstvwxz", "aeiouy")}


@dataclass(frozen=True, slots=True)
class Generated:
    """What was made. Seconds and bytes."""

    chunks: int
    seconds: dict[str, float]
    bytes: dict[str, int]


class Words:
    """Words that no language has, in two alphabets, as often as words are used."""

    def __init__(self, seed: int) -> None:
        """Make the vocabularies."""
        self._random = np.random.default_rng(seed)
        self._lists = {language: _vocabulary(language) for language in _LETTERS}
        shares = 1 / np.arange(1, _VOCABULARY + 1) ** 1.05
        self._shares = shares / shares.sum()
        self.topics = _unit(self._random.standard_normal((_TOPICS, DIMENSIONS), dtype=np.float32))

    def texts(self, count: int, length: int = _WORDS_PER_CHUNK) -> Iterator[str]:
        """Make texts, every third one English."""
        numbers = self._random.choice(_VOCABULARY, size=(count, length), p=self._shares)
        for place in range(count):
            words = self._lists["en" if place % 3 == 0 else "ru"]
            yield " ".join([words[number] for number in numbers[place]])

    def vectors(self, count: int) -> Matrix:
        """Make unit vectors in clusters, as those of texts are. Shape: (count, 384)."""
        topics = self._random.integers(0, _TOPICS, size=count)
        noise = self._random.standard_normal((count, DIMENSIONS), dtype=np.float32) / DIMENSIONS**0.5
        return _unit(self.topics[topics] + 0.7 * noise)


def load(connection: psycopg.Connection, owner: UUID, base: UUID, words: Words, count: int) -> Generated:
    """Add ``count`` chunks in documents of a hundred, with their vectors and both indexes."""
    took: dict[str, float] = {}
    first = connection.execute("SELECT count(*) FROM chunks").fetchone()
    assert first is not None
    with connection.transaction():
        connection.execute("SET LOCAL statement_timeout = 0")
        connection.execute("DROP INDEX IF EXISTS chunks_lexemes_index, vectors_graph_1")
    started = time.perf_counter()
    connection.execute(
        "CREATE TEMP TABLE given "
        "(position serial, document_id uuid, page integer, chunk_id uuid DEFAULT gen_random_uuid(), body text)"
    )
    for batch in range(0, count, _BATCH):
        _add(connection, owner, base, words, first[0] + batch, min(_BATCH, count - batch))
    took["chunks"] = time.perf_counter() - started
    connection.execute("SET statement_timeout = 0")
    connection.execute("SET maintenance_work_mem = '4GB'")
    for name, statement in (
        ("words", "CREATE INDEX IF NOT EXISTS chunks_lexemes_index ON chunks USING gin (lexemes)"),
        ("graph", graph_index(1, DIMENSIONS)),
        ("statistics", "VACUUM ANALYZE"),
    ):
        started = time.perf_counter()
        connection.execute(statement)
        took[name] = time.perf_counter() - started
    connection.execute("DROP TABLE given")
    sizes = connection.execute(
        "SELECT relname, pg_total_relation_size(oid) FROM pg_class WHERE relname IN ('chunks', 'vectors', 'pages') "
        "UNION ALL SELECT relname, pg_relation_size(oid) FROM pg_class "
        "WHERE relname IN ('chunks_lexemes_index', 'vectors_graph_1')"
    )
    return Generated(chunks=first[0] + count, seconds=took, bytes=dict(sizes.fetchall()))


def _add(connection: psycopg.Connection, owner: UUID, base: UUID, words: Words, first: int, count: int) -> None:
    documents = connection.execute(
        """
        INSERT INTO documents (document_id, owner_id, base_id, name, media_type, size_bytes, sha256, status, page_count,
            pages_read, chunk_count, has_vectors, kind)
        SELECT gen_random_uuid(), %s, %s, 'paper ' || number, 'text/plain', 1, '', 'ready', 0, 0,
            least(%s::integer, %s::integer), true, 'txt'
        FROM generate_series(%s::integer, %s::integer, %s::integer) AS number RETURNING document_id
        """,
        (owner, base, CHUNKS_PER_DOCUMENT, count, first, first + count - 1, CHUNKS_PER_DOCUMENT),
    ).fetchall()
    connection.execute("TRUNCATE given")
    with connection.cursor() as cursor, cursor.copy("COPY given (document_id, page, body) FROM STDIN") as copy:
        for place, text in enumerate(words.texts(count)):
            page = place % CHUNKS_PER_DOCUMENT // CHUNKS_PER_PAGE + 1
            copy.write_row((documents[place // CHUNKS_PER_DOCUMENT][0], page, text))
    connection.execute(
        """
        INSERT INTO pages (document_id, number, text, status)
        SELECT document_id, page, string_agg(body, E'\\n' ORDER BY position), 'text'
        FROM given GROUP BY document_id, page
        """
    )
    connection.execute(
        """
        INSERT INTO chunks (chunk_id, document_id, page, start, "end", lexemes, weights)
        SELECT chunk_id, document_id, page, behind - length(body), behind, lexemes, samovar_weights(lexemes)
        FROM (
            SELECT *, samovar_lexemes(body) AS lexemes,
                sum(length(body) + 1) OVER (PARTITION BY document_id, page ORDER BY position)::integer - 1 AS behind
            FROM given OFFSET 0
        ) AS placed
        """
    )
    ids = connection.execute("SELECT chunk_id, document_id FROM given").fetchall()
    vectors = words.vectors(count).astype(">f2")
    with (
        connection.cursor() as cursor,
        cursor.copy("COPY vectors (chunk_id, embedder_id, document_id, vector) FROM STDIN (FORMAT binary)") as copy,
    ):
        copy.write(_COPY_HEADER)
        for (chunk_id, document_id), vector in zip(ids, vectors, strict=True):
            # pgvector's halfvec: the number of dimensions, nothing, the values.
            body = struct.pack("!hh", DIMENSIONS, 0) + vector.tobytes()
            copy.write(
                struct.pack("!hi", 4, 16)
                + chunk_id.bytes
                + struct.pack("!ii", 4, 1)
                + struct.pack("!i", 16)
                + document_id.bytes
                + struct.pack("!i", len(body))
                + body
            )
        copy.write(_COPY_END)


def _vocabulary(language: str) -> list[str]:
    """Words of two to five syllables, as different in their beginnings as words are. Shape: 40,000 words."""
    consonants, vowels = _LETTERS[language]
    syllables = [consonant + vowel for consonant in consonants for vowel in vowels]
    random = np.random.default_rng(len(syllables))
    words: dict[str, None] = {}
    while len(words) < _VOCABULARY:
        words["".join(random.choice(syllables, size=random.integers(2, 6)))] = None
    return list(words)


def _unit(
    vectors: Matrix,
) -> Matrix:
    lengths: Matrix = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.asarray(vectors / lengths, dtype=np.float32)
