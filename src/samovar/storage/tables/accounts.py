"""The tables of people: their sessions, links and keys."""

from sqlalchemy import BigInteger, Boolean, CheckConstraint, Column, Date, Index, Integer, Table, Text, Uuid, text
from sqlalchemy.dialects.postgresql import ARRAY, TIMESTAMP

from samovar.storage.tables.schema import metadata, moment, owned_by
from samovar.storage.tables.types import StoredText

__all__ = ["api_keys", "key_usage", "links", "sessions", "users"]

users = Table(
    "users",
    metadata,
    Column("user_id", Uuid, primary_key=True),
    Column("name", StoredText, nullable=False),
    Column("is_active", Boolean, nullable=False, server_default=text("true")),
    Column("is_first", Boolean, nullable=False, server_default=text("false")),
    moment("created_at"),
    Index("users_is_first_index", "is_first", unique=True, postgresql_where=text("is_first")),
)

links = Table(
    "links",
    metadata,
    Column("token_hash", Text, primary_key=True),
    owned_by("users.user_id", "user_id"),
    Column("expires_at", TIMESTAMP(timezone=True), nullable=False),
    Index("links_user_id_index", "user_id"),
)

sessions = Table(
    "sessions",
    metadata,
    Column("session_id", Uuid, primary_key=True),
    owned_by("users.user_id", "user_id"),
    Column("token_hash", Text, nullable=False, unique=True),
    moment("created_at"),
    moment("last_seen_at"),
    Index("sessions_user_id_index", "user_id"),
)

api_keys = Table(
    "api_keys",
    metadata,
    Column("key_id", Uuid, primary_key=True),
    owned_by("users.user_id", "user_id"),
    Column("name", StoredText, nullable=False),
    Column("prefix", Text, nullable=False),
    Column("token_hash", Text, nullable=False, unique=True),
    moment("created_at"),
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
    owned_by("api_keys.key_id", "key_id", primary_key=True),
    Column("day", Date, primary_key=True),
    Column("requests", BigInteger, nullable=False),
    Column("tokens", BigInteger, nullable=False),
)
