"""What the tests of the work that runs by itself stand on."""

from contracts.pairs import database, kept_postgresql, place, storage

__all__ = ["database", "kept_postgresql", "place", "storage"]
