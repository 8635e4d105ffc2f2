"""The table of model servers."""

from sqlalchemy import BigInteger, Column, Identity, Integer, Table, Text
from sqlalchemy.dialects.postgresql import JSONB

from samovar.storage.tables.schema import metadata, moment
from samovar.storage.tables.types import StoredText

__all__ = ["backends"]

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
    moment("created_at"),
)
