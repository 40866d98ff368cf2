"""Contracts are kept on a disk."""

from contracts.disk import tmp_path

__all__ = ["tmp_path"]
