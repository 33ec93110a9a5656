"""Runs migrations on the connection that the bot hands in."""

from alembic import context

from storage import tables
from storage.base import Base

assert tables.ALL  # noqa: S101 - all classes are known before Alembic compares

connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=Base.metadata,
    render_as_batch=connection.dialect.name == "sqlite",
    compare_type=True,
)
context.run_migrations()
