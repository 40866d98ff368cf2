"""What the tests of operations stand on."""

from contracts.pairs import database, kept_postgresql, place, storage

__all__ = ["database", "kept_postgresql", "place", "storage"]
