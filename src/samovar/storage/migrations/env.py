"""Alembic's entry: the caller hands over a connection with an open transaction."""

from alembic import context

from samovar.storage.tables import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata)
with context.begin_transaction():
    context.run_migrations()
