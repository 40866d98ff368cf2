"""Fixtures for all rooms. Those of one room are in its own folder."""

from contracts.access_house import house
from contracts.databases import (
    database,
    database_url,
    empty_postgresql_url,
    migrated_sqlite,
    postgresql_server,
)

__all__ = ["database", "database_url", "empty_postgresql_url", "house", "migrated_sqlite", "postgresql_server"]
