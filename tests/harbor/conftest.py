"""Fixtures of the management API's tests."""

from house import harbor

__all__ = ["harbor"]
