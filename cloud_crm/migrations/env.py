"""Alembic's entry: it migrates on the connection that :func:`cloud_crm.database.migrate` hands over."""

from __future__ import annotations

from alembic import context

from cloud_crm.schema import metadata

connection = context.config.attributes["connection"]
context.configure(connection=connection, target_metadata=metadata, render_as_batch=True)
with context.begin_transaction():
    context.run_migrations()
