"""The tables of documents: bases, pages, figures, and the chats and messages they are attached to."""

from sqlalchemy import (
    REAL,
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Double,
    ForeignKey,
    ForeignKeyConstraint,
    Identity,
    Index,
    Integer,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from samovar.storage.tables.schema import metadata, moment, owned_by
from samovar.storage.tables.types import StoredText

__all__ = [
    "chat_bases",
    "chat_documents",
    "documents",
    "entities",
    "figures",
    "knowledge_bases",
    "message_documents",
    "pages",
]

knowledge_bases = Table(
    "knowledge_bases",
    metadata,
    Column("base_id", Uuid, primary_key=True),
    owned_by("users.user_id", "owner_id"),
    Column("position", BigInteger, Identity(always=True), nullable=False, unique=True),
    Column("name", StoredText, nullable=False),
    Column("describes_figures", Boolean, nullable=False, server_default=text("false")),
    Column("is_shared", Boolean, nullable=False, server_default=text("false")),
    moment("created_at"),
    UniqueConstraint("owner_id", "name", name="knowledge_bases_owner_id_name_key"),
    Index("knowledge_bases_shared_index", "base_id", postgresql_where=text("is_shared")),
)

documents = Table(
    "documents",
    metadata,
    Column("document_id", Uuid, primary_key=True),
    owned_by("users.user_id", "owner_id"),
    Column("position", BigInteger, Identity(always=True), nullable=False, unique=True),
    Column("base_id", Uuid, ForeignKey("knowledge_bases.base_id", ondelete="CASCADE")),
    Column("parent_id", Uuid, ForeignKey("documents.document_id", ondelete="CASCADE")),
    Column("name", StoredText, nullable=False),
    Column("path", StoredText),
    Column("kind", Text),
    Column("media_type", StoredText, nullable=False),
    Column("size_bytes", BigInteger, nullable=False),
    Column("sha256", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("stage", Text),
    Column("error_code", Text),
    Column("error_reason", StoredText),
    Column("title", StoredText),
    Column("author", StoredText),
    Column("outline", JSONB, nullable=False, server_default=text("'[]'")),
    Column("page_count", Integer, nullable=False),
    Column("pages_read", Integer, nullable=False, server_default=text("0")),
    Column("chunk_count", Integer, nullable=False, server_default=text("0")),
    Column("has_vectors", Boolean, nullable=False, server_default=text("false")),
    Column("replaced_by", Uuid, ForeignKey("documents.document_id", ondelete="SET NULL")),
    moment("created_at"),
    CheckConstraint("stage IN ('queued', 'parsing', 'recognising', 'indexing')", name="stage"),
    CheckConstraint("status IN ('reading', 'ready', 'failed', 'cancelled', 'replaced')", name="status"),
    Index("documents_owner_id_index", "owner_id", "sha256"),
    Index("documents_sha256_index", "sha256"),
    Index("documents_base_id_index", "base_id", "position"),
    Index("documents_parent_id_index", "parent_id"),
    Index("documents_replaced_by_index", "replaced_by"),
    Index("documents_path_index", "base_id", "path", postgresql_where=text("path IS NOT NULL")),
    Index("documents_reading_index", "position", postgresql_where=text("status = 'reading'")),
    Index(
        "documents_wanting_index",
        "position",
        postgresql_where=text("status = 'ready' AND chunk_count > 0 AND NOT has_vectors"),
    ),
)

chat_bases = Table(
    "chat_bases",
    metadata,
    owned_by("chats.chat_id", "chat_id", primary_key=True),
    owned_by("knowledge_bases.base_id", "base_id", primary_key=True),
    Index("chat_bases_base_id_index", "base_id"),
)

chat_documents = Table(
    "chat_documents",
    metadata,
    owned_by("chats.chat_id", "chat_id", primary_key=True),
    owned_by("documents.document_id", "document_id", primary_key=True),
    Index("chat_documents_document_id_index", "document_id"),
)

message_documents = Table(
    "message_documents",
    metadata,
    owned_by("messages.message_id", "message_id", primary_key=True),
    owned_by("documents.document_id", "document_id", primary_key=True),
    Column("page", Integer, primary_key=True, autoincrement=False, server_default=text("0")),
    Column("place", Integer, nullable=False),
    Index("message_documents_document_id_index", "document_id"),
)

#: ``number`` is 0 for the one page of a document without pages.
pages = Table(
    "pages",
    metadata,
    owned_by("documents.document_id", "document_id", primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("text", StoredText, nullable=False),
    Column("status", Text, nullable=False),
    Column("reason", StoredText),
    Column("width", Double),
    Column("height", Double),
    Column("label", StoredText),
    Column("confidence", REAL),
    Column("blocks", JSONB, nullable=False, server_default=text("'[]'")),
    Column("words", JSONB, nullable=False, server_default=text("'[]'")),
    Column("links", JSONB, nullable=False, server_default=text("'[]'")),
    CheckConstraint("status IN ('text', 'ocr', 'waiting', 'picture', 'no_text', 'skipped', 'failed')", name="status"),
)

#: ``page`` is 0 for a document without pages, as in ``pages``.
figures = Table(
    "figures",
    metadata,
    owned_by("documents.document_id", "document_id", primary_key=True),
    Column("page", Integer, primary_key=True, autoincrement=False),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("sha256", Text, nullable=False),
    Column("media_type", Text, nullable=False),
    Column("width", Integer, nullable=False),
    Column("height", Integer, nullable=False),
    Column("box", JSONB),
    Column("alt", StoredText, nullable=False),
    Column("status", Text, nullable=False),
    Column("reason", StoredText),
    Column("description", StoredText),
    Column("described_by", StoredText),
    Column("asked_of", StoredText),
    CheckConstraint("status IN ('found', 'waiting', 'described', 'skipped', 'failed')", name="status"),
    Index("figures_sha256_index", "sha256"),
    Index("figures_waiting_index", "document_id", postgresql_where=text("status = 'waiting'")),
)

entities = Table(
    "entities",
    metadata,
    Column("document_id", Uuid, primary_key=True),
    Column("page", Integer, primary_key=True, autoincrement=False),
    Column("figure", Integer, primary_key=True, autoincrement=False),
    Column("place", Integer, primary_key=True, autoincrement=False),
    Column("kind", Text, nullable=False),
    Column("label", StoredText, nullable=False),
    Column("box", JSONB),
    Column("confidence", REAL),
    Column("found_by", StoredText, nullable=False),
    CheckConstraint("kind IN ('text', 'face', 'object', 'table', 'chart', 'stamp', 'signature')", name="kind"),
    ForeignKeyConstraint(
        ["document_id", "page", "figure"],
        ["figures.document_id", "figures.page", "figures.number"],
        ondelete="CASCADE",
        name="entities_figure_fk",
    ),
)
