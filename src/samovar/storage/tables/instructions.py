"""The tables of what people prepare for a model: prompts and sets of examples."""

from sqlalchemy import Boolean, Column, Index, Table, UniqueConstraint, Uuid, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from samovar.storage.tables.schema import metadata, moment, owned_by
from samovar.storage.tables.types import StoredText

__all__ = ["example_sets", "prompts"]

example_sets = Table(
    "example_sets",
    metadata,
    Column("examples_id", Uuid, primary_key=True),
    owned_by("users.user_id", "owner_id"),
    Column("name", StoredText, nullable=False),
    Column("instruction", StoredText, nullable=False),
    Column("examples", JSONB, nullable=False),
    moment("created_at"),
    UniqueConstraint("owner_id", "examples_id", name="example_sets_owner_id_key"),
    Index("example_sets_owner_id_index", "owner_id", "name"),
)

prompts = Table(
    "prompts",
    metadata,
    Column("prompt_id", Uuid, primary_key=True),
    owned_by("users.user_id", "owner_id"),
    Column("name", StoredText, nullable=False),
    Column("title", StoredText, nullable=False),
    Column("text", StoredText, nullable=False),
    Column("tags", ARRAY(StoredText), nullable=False),
    Column("is_shared", Boolean, nullable=False),
    Column("system_prompt", StoredText),
    Column("model", StoredText),
    Column("parameters", JSONB),
    moment("created_at"),
    moment("updated_at"),
    UniqueConstraint("owner_id", "name", name="prompts_owner_id_name_key"),
    Index("prompts_shared_index", "name", postgresql_where=text("is_shared")),
)
