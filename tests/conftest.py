"""Fixtures for all rooms. Those of one room are in its own folder."""

import atexit
import gc

import pytest
import structlog

import entrepot.db.sqlite
from contracts.access_house import house
from contracts.databases import (
    database,
    database_url,
    empty_postgresql_url,
    migrated_sqlite,
    postgresql_server,
)

# Where a test collects, nobody pushes beside it: what is in no hurry would wait in vain, each time.
entrepot.db.sqlite.ALONG_WITHIN = 0.0

# What is imported and collected stays to the end. To look through it over and over for what may go takes as long as all
# else until the first test; frozen, it is also out of the way of the looks while tests run, and of those at the end.
gc.disable()

# The picture that is drawn of a failure unless told otherwise takes a third of a second.
structlog.configure(
    processors=[
        *structlog.get_config()["processors"][:-1],
        structlog.dev.ConsoleRenderer(colors=False, exception_formatter=structlog.dev.plain_traceback),
    ]
)

__all__ = ["database", "database_url", "empty_postgresql_url", "house", "migrated_sqlite", "postgresql_server"]


def pytest_collection_finish() -> None:
    gc.freeze()
    gc.enable()
    atexit.register(gc.freeze)


def pytest_make_parametrize_id(config: pytest.Config, val: object, argname: str) -> str | None:
    """Names of tests are the same in every process that runs them, also where a parameter is random bytes."""
    return argname if isinstance(val, bytes) else None
