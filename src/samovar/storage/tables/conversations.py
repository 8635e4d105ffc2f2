"""The tables of chats: messages, summaries, and the runs that write replies."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    ForeignKey,
    ForeignKeyConstraint,
    Identity,
    Index,
    Integer,
    Sequence,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from samovar.storage.tables.schema import metadata, moment, owned_by
from samovar.storage.tables.types import StoredText

__all__ = ["chat_changes", "chats", "messages", "run_events", "runs", "summaries"]

#: Orders chats by their last change without asking a clock.
chat_changes = Sequence("chat_changes", metadata=metadata, data_type=BigInteger)

chats = Table(
    "chats",
    metadata,
    Column("chat_id", Uuid, primary_key=True),
    owned_by("users.user_id", "owner_id"),
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
    moment("created_at"),
    moment("updated_at"),
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
    owned_by("chats.chat_id", "chat_id"),
    Column("parent_id", Uuid),
    Column("position", BigInteger, Identity(always=True), nullable=False, unique=True),
    Column("role", Text, nullable=False),
    Column("text", StoredText, nullable=False),
    Column("reasoning", StoredText, nullable=False),
    Column("model", StoredText),
    Column("citations", JSONB, nullable=False),
    Column("idempotency_key", StoredText),
    Column("task", Text),
    moment("created_at"),
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
    owned_by("chats.chat_id", "chat_id"),
    Column("position", BigInteger, Identity(always=True), nullable=False, unique=True),
    Column("through_id", Uuid, nullable=False),
    Column("turns", Integer, nullable=False),
    Column("text", StoredText, nullable=False),
    Column("model", StoredText, nullable=False),
    Column("is_active", Boolean, nullable=False),
    Column("is_edited", Boolean, nullable=False),
    moment("created_at"),
    ForeignKeyConstraint(
        ["chat_id", "through_id"],
        ["messages.chat_id", "messages.message_id"],
        name="summaries_through_id_fk",
        ondelete="CASCADE",
    ),
    Index("summaries_chat_id_index", "chat_id", "position"),
)

runs = Table(
    "runs",
    metadata,
    Column("run_id", Uuid, primary_key=True),
    owned_by("chats.chat_id", "chat_id"),
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
    moment("created_at"),
    CheckConstraint("status IN ('queued', 'running', 'done', 'stopped', 'failed', 'interrupted')", name="status"),
    Index("runs_chat_id_index", "chat_id"),
    Index("runs_live_index", "owner", postgresql_where=text("status IN ('queued', 'running')")),
)

#: One row is one checkpoint: its events in order, as ``run_events.py`` packs them.
run_events = Table(
    "run_events",
    metadata,
    owned_by("runs.run_id", "run_id", primary_key=True),
    Column("first_seq", Integer, primary_key=True, autoincrement=False),
    Column("last_seq", Integer, nullable=False),
    Column("body", JSONB, nullable=False),
)
