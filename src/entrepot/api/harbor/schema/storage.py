"""Bodies about what is stored: Entrepot's own, in Harbor's manner."""

from msgspec import Struct

from entrepot.api.harbor.values import DateTime, Int64


class QuarantinedBlob(Struct):
    """A blob whose content was damaged or lost, and which is given to nobody until it is pushed again."""

    digest: str
    size: Int64
    fault: str
    quarantine_time: DateTime
    examine_time: DateTime
    images: list[str]
    """Images that cannot be pulled whole for it, as `repository:tag` or `repository@digest`; the first of them."""


class ProjectUsage(Struct):
    """A project's quota, in bytes."""

    hard: Int64
    """The limit; -1 for none."""
    used: Int64
    trash: Int64
    """Of that, what emptying the trash would give back."""


class RepositoryUsage(Struct):
    """What a repository holds, in bytes."""

    name: str
    artifact_count: Int64
    blob_count: Int64
    used: Int64
    freed_by_deleting: Int64
    """What no other repository of the project holds."""
    shared: Int64
    """What others of the project hold as well."""
    trash: Int64
    """Of `used`, what only artifacts in the trash need."""
    waiting: Int64
    """Of `used`, what no artifact needs: pushed lately, or about to be collected."""


class BlobUsage(Struct):
    """A blob that a project holds."""

    digest: str
    size: Int64
    repository_count: Int64
    repositories: list[str]
    """Of the project; the first of them."""
    projects: list[str]
    """Others that hold it as well, of those that the asker may know of."""


class LargeBlob(Struct):
    """A blob, and how often it is shared."""

    digest: str
    size: Int64
    repository_count: Int64
    project_count: Int64


class FreedOnDay(Struct):
    """What collection freed on one day, in UTC."""

    day: DateTime
    blob_count: Int64
    size: Int64


class ScrubState(Struct):
    """How far the newest walk over everything has come."""

    start_time: DateTime
    end_time: DateTime
    blob_count: Int64
    size: Int64
    fault_count: Int64


class StorageUsage(Struct):
    """The store as a whole, in bytes."""

    blob_count: Int64
    size: Int64
    """Each content once."""
    counted: Int64
    """What the projects count together: what several of them hold counts for each."""
    upload_size: Int64
    leaving_count: Int64
    """Objects that wait for their removal, or are being written."""
    quarantined_count: Int64
    quarantined_size: Int64
    largest: list[LargeBlob]
    freed: list[FreedOnDay]
    scrub: ScrubState | None
