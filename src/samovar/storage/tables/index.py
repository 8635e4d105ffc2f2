"""The tables that search reads: words of messages, chunks of documents, vectors."""

from sqlalchemy import Boolean, Column, ForeignKey, Identity, Index, Integer, Table, Uuid, text
from sqlalchemy.dialects.postgresql import ARRAY, TSVECTOR

from samovar.storage.tables.schema import metadata, moment, owned_by
from samovar.storage.tables.types import DIMENSIONS, HalfVector, SparseVector, StoredText

__all__ = ["chunks", "embedders", "message_words", "vectors"]

#: Which words messages hold; apart from them, for their rows are written anew with every checkpoint of a reply.
message_words = Table(
    "message_words",
    metadata,
    Column("message_id", Uuid, ForeignKey("messages.message_id", ondelete="CASCADE"), primary_key=True),
    owned_by("chats.chat_id", "chat_id"),
    Column("lexemes", TSVECTOR, nullable=False),
    Column("weights", SparseVector(DIMENSIONS), nullable=False),
    Index("message_words_chat_id_index", "chat_id"),
    Index("message_words_lexemes_index", "lexemes", postgresql_using="gin"),
)

chunks = Table(
    "chunks",
    metadata,
    Column("chunk_id", Uuid, primary_key=True),
    owned_by("documents.document_id", "document_id"),
    Column("page", Integer),
    Column("start", Integer, nullable=False),
    Column("end", Integer, nullable=False),
    Column("figure", Integer),
    Column("headings", ARRAY(StoredText), nullable=False, server_default=text("'{}'")),
    Column("lexemes", TSVECTOR, nullable=False),
    Column("weights", SparseVector(DIMENSIONS), nullable=False),
    Index("chunks_document_id_index", "document_id", "page", "start"),
    Index("chunks_lexemes_index", "lexemes", postgresql_using="gin"),
)

#: Each embedder has a graph of its own over its vectors, an index that is made when it is used for the first time.
embedders = Table(
    "embedders",
    metadata,
    Column("embedder_id", Integer, Identity(always=True), primary_key=True),
    Column("name", StoredText, nullable=False, unique=True),
    Column("dimensions", Integer, nullable=False),
    Column("is_wanted", Boolean, nullable=False, server_default=text("false")),
    Column("was_complete", Boolean, nullable=False, server_default=text("false")),
    moment("created_at"),
)

vectors = Table(
    "vectors",
    metadata,
    owned_by("chunks.chunk_id", "chunk_id", primary_key=True),
    Column(
        "embedder_id",
        Integer,
        ForeignKey("embedders.embedder_id", ondelete="CASCADE"),
        primary_key=True,
        autoincrement=False,
    ),
    Column("document_id", Uuid, nullable=False),
    Column("vector", HalfVector(), nullable=False),
    Index("vectors_document_id_index", "document_id"),
)
