"""The one schema that all tables belong to, and the columns that many of them share."""

from typing import Any

from sqlalchemy import Column, ForeignKey, MetaData, Uuid, func
from sqlalchemy.dialects.postgresql import TIMESTAMP

__all__ = ["metadata", "moment", "owned_by"]

metadata = MetaData(
    naming_convention={
        "pk": "%(table_name)s_pk",
        "fk": "%(table_name)s_%(column_0_name)s_fk",
        "uq": "%(table_name)s_%(column_0_name)s_key",
        "ix": "%(table_name)s_%(column_0_name)s_index",
        "ck": "%(table_name)s_%(constraint_name)s_check",
    }
)


def moment(name: str) -> Column[Any]:
    """Say when a row was made or changed: now, unless told."""
    return Column(name, TIMESTAMP(timezone=True), nullable=False, server_default=func.now())


def owned_by(parent: str, name: str, *, primary_key: bool = False) -> Column[Any]:
    """Refer to the row of ``parent`` (table.column) that a row goes with when it is deleted."""
    return Column(name, Uuid, ForeignKey(parent, ondelete="CASCADE"), nullable=False, primary_key=primary_key)
