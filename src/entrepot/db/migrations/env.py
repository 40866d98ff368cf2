"""Runs migrations on the connection that `db.migrate` hands over, inside its transaction."""

from alembic import context

from entrepot.db.schema import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata, transactional_ddl=True)
context.run_migrations()
