"""The tables of question sets that are run against a base."""

from sqlalchemy import REAL, BigInteger, CheckConstraint, Column, Identity, Index, Integer, Table, Text, Uuid, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, TIMESTAMP

from samovar.storage.tables.schema import metadata, moment, owned_by
from samovar.storage.tables.types import StoredText

__all__ = ["evaluation_questions", "evaluations"]

#: Question sets that are run against a base by the serving process ``server``.
evaluations = Table(
    "evaluations",
    metadata,
    Column("evaluation_id", Uuid, primary_key=True),
    owned_by("users.user_id", "owner_id"),
    owned_by("knowledge_bases.base_id", "base_id"),
    Column("position", BigInteger, Identity(always=True), nullable=False, unique=True),
    Column("name", StoredText, nullable=False),
    Column("status", Text, nullable=False),
    Column("server", Integer, nullable=False),
    Column("error_code", Text),
    Column("settings", JSONB, nullable=False),
    Column("question_count", Integer, nullable=False),
    moment("created_at"),
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
    owned_by("evaluations.evaluation_id", "evaluation_id", primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("asked", JSONB, nullable=False),
    Column("problem", Text),
    Column("ranks", ARRAY(Integer)),
    Column("took_ms", ARRAY(REAL)),
    Column("answers", JSONB),
)
