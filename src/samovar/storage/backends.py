"""Model servers that the administrator has added, in PostgreSQL."""

from dataclasses import asdict
from typing import Any

from sqlalchemy import Row, delete, select, update
from sqlalchemy.dialects.postgresql import insert

from samovar.domain.backend import BackendSpec, LoadParameters
from samovar.storage.connection import Connection
from samovar.storage.tables import backends

__all__ = ["PostgresBackends"]


class PostgresBackends:
    """Implements the port ``Backends``."""

    def __init__(self, connection: Connection) -> None:
        """Work on the connection of one transaction."""
        self._connection = connection

    async def list(self) -> tuple[BackendSpec, ...]:
        """Read every server, in the order in which they were added."""
        rows = await self._connection.execute(select(backends).order_by(backends.c.position))
        return tuple(map(_spec, rows))

    async def add(self, spec: BackendSpec) -> bool:
        """Store a server; False when its name or its address is taken."""
        statement = insert(backends).values(name=spec.name, kind=spec.kind, url=spec.url, **_changeable(spec))
        stored = await self._connection.execute(statement.on_conflict_do_nothing().returning(backends.c.name))
        return stored.one_or_none() is not None

    async def save(self, spec: BackendSpec) -> bool:
        """Write key, parallel and load of the server at this address; False when it is gone."""
        statement = update(backends).where(backends.c.url == spec.url).values(**_changeable(spec))
        stored = await self._connection.execute(statement.returning(backends.c.name))
        return stored.one_or_none() is not None

    async def remove(self, url: str) -> None:
        """Forget the server at an address; nothing happens if it is gone already."""
        await self._connection.execute(delete(backends).where(backends.c.url == url))


def _changeable(spec: BackendSpec) -> dict[str, object]:
    load = {name: value for name, value in asdict(spec.load).items() if value is not None}
    return {"key": spec.key, "parallel": spec.parallel, "load": load}


def _spec(row: Row[Any]) -> BackendSpec:
    return BackendSpec(
        name=row.name,
        kind=row.kind,
        url=row.url,
        source="added",
        key=row.key,
        parallel=row.parallel,
        load=LoadParameters(**row.load),
    )
