"""Files where files usually are."""

from contracts.disk import tmp_path

__all__ = ["tmp_path"]
