"""Every table, as it should be after all migrations; a test compares the two.

Conventions: times are whole microseconds since 1970 by the database's clock; digests are packed (`model/digest.py`);
names compare byte by byte on both databases. The registry's own lists are paged by the columns of an index.
"""

from entrepot.db.schema import content, people, policies, projects, reading, records, scrubbing, trash, work
from entrepot.db.schema.base import metadata

__all__ = ["content", "metadata", "people", "policies", "projects", "reading", "records", "scrubbing", "trash", "work"]
