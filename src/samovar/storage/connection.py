"""A database connection that speaks Samovar's errors, and the border where they are translated."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Final

from sqlalchemy import CursorResult, Executable
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncConnection

from samovar.domain.errors import Conflict, NotFound, SamovarError, StorageError, StorageReadOnly, StorageUnavailable

__all__ = ["DISK_FULL", "Connection", "translated"]

DISK_FULL: Final = "the disk is full"

#: Classes of SQLSTATE. Source: PostgreSQL 18 documentation, appendix A.
_GONE: Final = ("08", "57", "53", "55P03", "40", "XX")
_READ_ONLY: Final[Mapping[str, str]] = {
    "53100": DISK_FULL,
    "25006": "the database is read-only",
    "58030": "the disk does not answer",
}
_NOUNS: Final[Mapping[str, str]] = {
    "base_id": "knowledge base",
    "chat_id": "chat",
    "document_id": "document",
    "examples_id": "example set",
    "message_id": "message",
    "parent_id": "message",
    "run_id": "run",
    "through_id": "message",
    "user_id": "user",
    "owner_id": "user",
}


@contextmanager
def translated(noticed: Callable[[], None]) -> Iterator[None]:
    """Turn the driver's errors into ours; ``noticed`` is called when the server seems to be gone."""
    try:
        yield
    except (SQLAlchemyError, OSError) as error:
        ours = _translate(error)
        if isinstance(ours, StorageUnavailable):
            noticed()
        raise ours from error


def _translate(error: SQLAlchemyError | OSError) -> SamovarError:
    if isinstance(error, OSError | PoolTimeout | InterfaceError):
        return StorageUnavailable()
    if not isinstance(error, DBAPIError):
        return StorageError()
    state = getattr(error.orig, "sqlstate", None) or ""
    if state in _READ_ONLY:
        return StorageReadOnly(reason=_READ_ONLY[state])
    if state == "23503":
        return NotFound(what=_missing(error))
    if state == "23505":
        return Conflict(reason="it exists already")
    if error.connection_invalidated or state.startswith(_GONE) or (not state and isinstance(error, OperationalError)):
        return StorageUnavailable()
    return StorageError()


def _missing(error: DBAPIError) -> str:
    """Foreign keys are named after their column, and columns after nouns."""
    constraint = str(getattr(getattr(error.orig, "diag", None), "constraint_name", None))
    for column, noun in _NOUNS.items():
        if constraint.endswith(f"_{column}_fk"):
            return noun
    return "record"


class Connection:
    """One transaction's connection."""

    def __init__(self, connection: AsyncConnection, noticed: Callable[[], None]) -> None:
        """Wrap an open connection."""
        self._connection = connection
        self._noticed = noticed

    async def execute(
        self, statement: Executable, parameters: Mapping[str, Any] | Sequence[Mapping[str, Any]] | None = None
    ) -> CursorResult[Any]:
        """Run one statement. Raises: StorageError."""
        with translated(self._noticed):
            return await self._connection.execute(statement, parameters)
