"""The tables, as SQLAlchemy Core sees them; the migrations make them, a test compares the two."""

from typing import Any, Final

from sqlalchemy import (
    REAL,
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Date,
    Dialect,
    Double,
    ForeignKey,
    ForeignKeyConstraint,
    Identity,
    Index,
    Integer,
    MetaData,
    Sequence,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, TIMESTAMP, TSVECTOR
from sqlalchemy.types import TypeDecorator, UserDefinedType

from samovar.storage.plain import storable_text

__all__ = [
    "HalfVector",
    "SparseVector",
    "StoredText",
    "api_keys",
    "backends",
    "chat_bases",
    "chat_changes",
    "chat_documents",
    "chats",
    "chunks",
    "documents",
    "embedders",
    "entities",
    "evaluation_questions",
    "evaluations",
    "example_sets",
    "figures",
    "key_usage",
    "knowledge_bases",
    "links",
    "message_documents",
    "message_words",
    "messages",
    "metadata",
    "pages",
    "prompts",
    "run_events",
    "runs",
    "sessions",
    "summaries",
    "users",
    "vectors",
]

#: The most dimensions that pgvector's sparsevec may have: a lexeme's dimension is its hash.
DIMENSIONS: Final = 1_000_000_000


class StoredText(TypeDecorator[str]):
    """Text that people or files wrote: what PostgreSQL cannot hold is replaced on the way in."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        """Replace NUL and lone surrogates, keeping every offset."""
        return None if value is None else storable_text(value)


class SparseVector(UserDefinedType[str]):
    """pgvector's sparsevec, in its text form."""

    cache_ok = True

    def __init__(self, dimensions: int | None = None) -> None:
        """Take the number of dimensions, or none."""
        self.dimensions = dimensions

    def get_col_spec(self, **_options: Any) -> str:  # the signature is SQLAlchemy's
        """Spell the type in SQL."""
        return "sparsevec" if self.dimensions is None else f"sparsevec({self.dimensions})"


class HalfVector(UserDefinedType[str]):
    """pgvector's halfvec of any length, in its text form."""

    cache_ok = True

    def get_col_spec(self, **_options: Any) -> str:  # the signature is SQLAlchemy's
        """Spell the type in SQL."""
        return "halfvec"


metadata = MetaData(
    naming_convention={
        "pk": "%(table_name)s_pk",
        "fk": "%(table_name)s_%(column_0_name)s_fk",
        "uq": "%(table_name)s_%(column_0_name)s_key",
        "ix": "%(table_name)s_%(column_0_name)s_index",
        "ck": "%(table_name)s_%(constraint_name)s_check",
    }
)


def _moment(name: str) -> Column[Any]:
    return Column(name, TIMESTAMP(timezone=True), nullable=False, server_default=func.now())


def _owned_by(parent: str, name: str, *, primary_key: bool = False) -> Column[Any]:
    return Column(name, Uuid, ForeignKey(parent, ondelete="CASCADE"), nullable=False, primary_key=primary_key)


users = Table(
    "users",
    metadata,
    Column("user_id", Uuid, primary_key=True),
    Column("name", StoredText, nullable=False),
    Column("is_active", Boolean, nullable=False, server_default=text("true")),
    Column("is_first", Boolean, nullable=False, server_default=text("false")),
    _moment("created_at"),
    Index("users_is_first_index", "is_first", unique=True, postgresql_where=text("is_first")),
)

links = Table(
    "links",
    metadata,
    Column("token_hash", Text, primary_key=True),
    _owned_by("users.user_id", "user_id"),
    Column("expires_at", TIMESTAMP(timezone=True), nullable=False),
    Index("links_user_id_index", "user_id"),
)

sessions = Table(
    "sessions",
    metadata,
    Column("session_id", Uuid, primary_key=True),
    _owned_by("users.user_id", "user_id"),
    Column("token_hash", Text, nullable=False, unique=True),
    _moment("created_at"),
    _moment("last_seen_at"),
    Index("sessions_user_id_index", "user_id"),
)

api_keys = Table(
    "api_keys",
    metadata,
    Column("key_id", Uuid, primary_key=True),
    _owned_by("users.user_id", "user_id"),
    Column("name", StoredText, nullable=False),
    Column("prefix", Text, nullable=False),
    Column("token_hash", Text, nullable=False, unique=True),
    _moment("created_at"),
    Column("scopes", ARRAY(Text), nullable=False),
    Column("expires_at", TIMESTAMP(timezone=True)),
    Column("requests_per_minute", Integer),
    Column("tokens_per_day", BigInteger),
    Column("last_used_at", TIMESTAMP(timezone=True)),
    Column("revoked_at", TIMESTAMP(timezone=True)),
    CheckConstraint("requests_per_minute > 0", name="requests_per_minute"),
    CheckConstraint("tokens_per_day > 0", name="tokens_per_day"),
    CheckConstraint("scopes <@ ARRAY['models', 'chat', 'embeddings', 'app']", name="scopes"),
    Index("api_keys_user_id_index", "user_id"),
)

#: What a key has used on a day (UTC).
key_usage = Table(
    "key_usage",
    metadata,
    _owned_by("api_keys.key_id", "key_id", primary_key=True),
    Column("day", Date, primary_key=True),
    Column("requests", BigInteger, nullable=False),
    Column("tokens", BigInteger, nullable=False),
)

#: Orders chats by their last change without asking a clock.
chat_changes = Sequence("chat_changes", metadata=metadata, data_type=BigInteger)

example_sets = Table(
    "example_sets",
    metadata,
    Column("examples_id", Uuid, primary_key=True),
    _owned_by("users.user_id", "owner_id"),
    Column("name", StoredText, nullable=False),
    Column("instruction", StoredText, nullable=False),
    Column("examples", JSONB, nullable=False),
    _moment("created_at"),
    UniqueConstraint("owner_id", "examples_id", name="example_sets_owner_id_key"),
    Index("example_sets_owner_id_index", "owner_id", "name"),
)

chats = Table(
    "chats",
    metadata,
    Column("chat_id", Uuid, primary_key=True),
    _owned_by("users.user_id", "owner_id"),
    Column("title", StoredText, nullable=False),
    Column("system_prompt", StoredText, nullable=False),
    Column("model", StoredText),
    Column("parameters", JSONB, nullable=False),
    # No foreign key: it would be circular, and single messages are never deleted.
    Column("head_id", Uuid),
    Column("folder", StoredText, nullable=False, server_default=""),
    Column("tags", ARRAY(StoredText), nullable=False, server_default="{}"),
    Column("is_pinned", Boolean, nullable=False, server_default=text("false")),
    Column("is_archived", Boolean, nullable=False, server_default=text("false")),
    Column("strategy", Text, nullable=False, server_default="auto"),
    Column("context_after", BigInteger),
    Column("facts", JSONB, nullable=False, server_default=text("'[]'")),
    Column("examples_id", Uuid),
    Column("change", BigInteger, nullable=False, server_default=chat_changes.next_value()),
    _moment("created_at"),
    _moment("updated_at"),
    # The set is the owner's: one of somebody else cannot be smuggled in.
    ForeignKeyConstraint(
        ["owner_id", "examples_id"],
        ["example_sets.owner_id", "example_sets.examples_id"],
        name="chats_examples_id_fk",
        ondelete="SET NULL (examples_id)",
    ),
    CheckConstraint("strategy IN ('auto', 'window', 'summary', 'recall')", name="strategy"),
    Index("chats_owner_id_index", "owner_id", "change"),
    Index("chats_examples_id_index", "examples_id", postgresql_where=text("examples_id IS NOT NULL")),
)

messages = Table(
    "messages",
    metadata,
    Column("message_id", Uuid, primary_key=True),
    _owned_by("chats.chat_id", "chat_id"),
    Column("parent_id", Uuid),
    Column("position", BigInteger, Identity(always=True), nullable=False, unique=True),
    Column("role", Text, nullable=False),
    Column("text", StoredText, nullable=False),
    Column("reasoning", StoredText, nullable=False),
    Column("model", StoredText),
    Column("citations", JSONB, nullable=False),
    Column("idempotency_key", StoredText),
    Column("task", Text),
    _moment("created_at"),
    UniqueConstraint("chat_id", "message_id", name="messages_chat_id_key"),
    UniqueConstraint("chat_id", "idempotency_key", name="messages_idempotency_key_key"),
    # The parent lies in the same chat: an id from another chat cannot be smuggled in.
    ForeignKeyConstraint(
        ["chat_id", "parent_id"],
        ["messages.chat_id", "messages.message_id"],
        name="messages_parent_id_fk",
        ondelete="CASCADE",
    ),
    CheckConstraint("role IN ('system', 'user', 'assistant')", name="role"),
    CheckConstraint("task IN ('describe', 'read', 'answer', 'entities', 'chart')", name="task"),
    Index("messages_chat_id_index", "chat_id", "position"),
    Index("messages_parent_id_index", "chat_id", "parent_id"),
)

summaries = Table(
    "summaries",
    metadata,
    Column("summary_id", Uuid, primary_key=True),
    _owned_by("chats.chat_id", "chat_id"),
    Column("position", BigInteger, Identity(always=True), nullable=False, unique=True),
    Column("through_id", Uuid, nullable=False),
    Column("turns", Integer, nullable=False),
    Column("text", StoredText, nullable=False),
    Column("model", StoredText, nullable=False),
    Column("is_active", Boolean, nullable=False),
    Column("is_edited", Boolean, nullable=False),
    _moment("created_at"),
    ForeignKeyConstraint(
        ["chat_id", "through_id"],
        ["messages.chat_id", "messages.message_id"],
        name="summaries_through_id_fk",
        ondelete="CASCADE",
    ),
    Index("summaries_chat_id_index", "chat_id", "position"),
)

prompts = Table(
    "prompts",
    metadata,
    Column("prompt_id", Uuid, primary_key=True),
    _owned_by("users.user_id", "owner_id"),
    Column("name", StoredText, nullable=False),
    Column("title", StoredText, nullable=False),
    Column("text", StoredText, nullable=False),
    Column("tags", ARRAY(StoredText), nullable=False),
    Column("is_shared", Boolean, nullable=False),
    Column("system_prompt", StoredText),
    Column("model", StoredText),
    Column("parameters", JSONB),
    _moment("created_at"),
    _moment("updated_at"),
    UniqueConstraint("owner_id", "name", name="prompts_owner_id_name_key"),
    Index("prompts_shared_index", "name", postgresql_where=text("is_shared")),
)

#: Which words messages hold; apart from them, for their rows are written anew with every checkpoint of a reply.
message_words = Table(
    "message_words",
    metadata,
    Column("message_id", Uuid, ForeignKey("messages.message_id", ondelete="CASCADE"), primary_key=True),
    _owned_by("chats.chat_id", "chat_id"),
    Column("lexemes", TSVECTOR, nullable=False),
    Column("weights", SparseVector(DIMENSIONS), nullable=False),
    Index("message_words_chat_id_index", "chat_id"),
    Index("message_words_lexemes_index", "lexemes", postgresql_using="gin"),
)

runs = Table(
    "runs",
    metadata,
    Column("run_id", Uuid, primary_key=True),
    _owned_by("chats.chat_id", "chat_id"),
    Column("message_id", Uuid, ForeignKey("messages.message_id", ondelete="CASCADE"), nullable=False, unique=True),
    Column("status", Text, nullable=False),
    Column("owner", Integer, nullable=False),
    Column("model", StoredText),
    Column("backend", StoredText),
    Column("ledger", JSONB),
    Column("outcome", JSONB),
    Column("last_seq", Integer, nullable=False),
    Column("error_code", Text),
    Column("prompt_tokens", Integer),
    Column("completion_tokens", Integer),
    Column("cached_tokens", Integer),
    _moment("created_at"),
    CheckConstraint("status IN ('queued', 'running', 'done', 'stopped', 'failed', 'interrupted')", name="status"),
    Index("runs_chat_id_index", "chat_id"),
    Index("runs_live_index", "owner", postgresql_where=text("status IN ('queued', 'running')")),
)

#: One row is one checkpoint: its events in order, as ``run_events.py`` packs them.
run_events = Table(
    "run_events",
    metadata,
    _owned_by("runs.run_id", "run_id", primary_key=True),
    Column("first_seq", Integer, primary_key=True, autoincrement=False),
    Column("last_seq", Integer, nullable=False),
    Column("body", JSONB, nullable=False),
)

knowledge_bases = Table(
    "knowledge_bases",
    metadata,
    Column("base_id", Uuid, primary_key=True),
    _owned_by("users.user_id", "owner_id"),
    Column("position", BigInteger, Identity(always=True), nullable=False, unique=True),
    Column("name", StoredText, nullable=False),
    Column("describes_figures", Boolean, nullable=False, server_default=text("false")),
    Column("is_shared", Boolean, nullable=False, server_default=text("false")),
    _moment("created_at"),
    UniqueConstraint("owner_id", "name", name="knowledge_bases_owner_id_name_key"),
    Index("knowledge_bases_shared_index", "base_id", postgresql_where=text("is_shared")),
)

documents = Table(
    "documents",
    metadata,
    Column("document_id", Uuid, primary_key=True),
    _owned_by("users.user_id", "owner_id"),
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
    _moment("created_at"),
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
    _owned_by("chats.chat_id", "chat_id", primary_key=True),
    _owned_by("knowledge_bases.base_id", "base_id", primary_key=True),
    Index("chat_bases_base_id_index", "base_id"),
)

chat_documents = Table(
    "chat_documents",
    metadata,
    _owned_by("chats.chat_id", "chat_id", primary_key=True),
    _owned_by("documents.document_id", "document_id", primary_key=True),
    Index("chat_documents_document_id_index", "document_id"),
)

message_documents = Table(
    "message_documents",
    metadata,
    _owned_by("messages.message_id", "message_id", primary_key=True),
    _owned_by("documents.document_id", "document_id", primary_key=True),
    Column("page", Integer, primary_key=True, autoincrement=False, server_default=text("0")),
    Column("place", Integer, nullable=False),
    Index("message_documents_document_id_index", "document_id"),
)

#: ``number`` is 0 for the one page of a document without pages.
pages = Table(
    "pages",
    metadata,
    _owned_by("documents.document_id", "document_id", primary_key=True),
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
    _owned_by("documents.document_id", "document_id", primary_key=True),
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

chunks = Table(
    "chunks",
    metadata,
    Column("chunk_id", Uuid, primary_key=True),
    _owned_by("documents.document_id", "document_id"),
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
    _moment("created_at"),
)

vectors = Table(
    "vectors",
    metadata,
    _owned_by("chunks.chunk_id", "chunk_id", primary_key=True),
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

#: Question sets that are run against a base by the serving process ``server``.
evaluations = Table(
    "evaluations",
    metadata,
    Column("evaluation_id", Uuid, primary_key=True),
    _owned_by("users.user_id", "owner_id"),
    _owned_by("knowledge_bases.base_id", "base_id"),
    Column("position", BigInteger, Identity(always=True), nullable=False, unique=True),
    Column("name", StoredText, nullable=False),
    Column("status", Text, nullable=False),
    Column("server", Integer, nullable=False),
    Column("error_code", Text),
    Column("settings", JSONB, nullable=False),
    Column("question_count", Integer, nullable=False),
    _moment("created_at"),
    Column("finished_at", TIMESTAMP(timezone=True)),
    CheckConstraint("status IN ('waiting', 'running', 'done', 'cancelled', 'failed', 'interrupted')", name="status"),
    Index("evaluations_owner_id_index", "owner_id", "position"),
    Index("evaluations_base_id_index", "base_id"),
    Index("evaluations_live_index", "owner_id", unique=True, postgresql_where=text("status IN ('waiting', 'running')")),
)

#: ``ranks`` and ``took_ms`` are in the order of the settings; what was found is kept without the texts.
evaluation_questions = Table(
    "evaluation_questions",
    metadata,
    _owned_by("evaluations.evaluation_id", "evaluation_id", primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("asked", JSONB, nullable=False),
    Column("problem", Text),
    Column("ranks", ARRAY(Integer)),
    Column("took_ms", ARRAY(REAL)),
    Column("answers", JSONB),
)

#: Model servers that the administrator has added; ``key`` is what they ask of us, and goes nowhere else.
backends = Table(
    "backends",
    metadata,
    Column("name", StoredText, primary_key=True),
    Column("position", BigInteger, Identity(always=True), nullable=False, unique=True),
    Column("kind", Text, nullable=False),
    Column("url", StoredText, nullable=False, unique=True),
    Column("key", StoredText),
    Column("parallel", Integer),
    Column("load", JSONB, nullable=False),
    _moment("created_at"),
)
