"""Alembic runs this file for each migration; the connection is handed to it by `schema.py`."""

from alembic import context

from farmhand.manager.storage.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=True,  # SQLite alters a table by making it anew
    transactional_ddl=False,  # the caller's transaction holds all of it
)
context.run_migrations()
