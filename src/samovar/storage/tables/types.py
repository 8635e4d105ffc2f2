"""The column types that PostgreSQL and pgvector have and SQLAlchemy does not."""

from typing import Any, Final

from sqlalchemy import Dialect, Text
from sqlalchemy.types import TypeDecorator, UserDefinedType

from samovar.storage.plain import storable_text

__all__ = ["DIMENSIONS", "HalfVector", "SparseVector", "StoredText"]

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
