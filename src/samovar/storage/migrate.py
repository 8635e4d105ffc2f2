"""Brings a database to the schema of this version; a database that is there already costs one read."""

from pathlib import Path
from typing import Final

from sqlalchemy import Connection, create_engine, text
from sqlalchemy.engine import URL

__all__ = ["HEAD", "upgrade"]

#: The last revision; a test compares it with Alembic's own answer, which is slow to load.
HEAD: Final = "0008"

_MIGRATION_LOCK: Final = 0x5A31


def upgrade(url: URL) -> None:
    """Run what is missing, all in one transaction, one process at a time. Blocks.

    Raises: SQLAlchemyError, alembic.util.CommandError.
    """
    engine = create_engine(url, isolation_level="READ COMMITTED", connect_args={"connect_timeout": 10})
    try:
        with engine.begin() as connection:
            connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _MIGRATION_LOCK})
            _run(connection)
    finally:
        engine.dispose()


def _run(connection: Connection) -> None:
    from alembic import command  # half a second to import, and needed only when the schema is old
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
