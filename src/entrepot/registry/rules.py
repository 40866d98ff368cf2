"""The settings that operations go by."""

from dataclasses import dataclass

SECOND = 1_000_000
"""Microseconds."""
LONGEST_REDIRECT = 20 * 60
"""Seconds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """Times in microseconds, sizes in bytes."""

    lease: int = 24 * 3600 * SECOND
    """How long a blob is safe from collection after somebody who may push asked for it or brought it. It has to be
    longer than the longest push."""
    reader_grace: int = 5 * 60 * SECOND
    """How long an object outlives its blob, for downloads under way."""
    trash: int = 0
    """How long a deletion can be undone, where the project says nothing else; 0: it cannot."""
    tag_history: int = 90 * 24 * 3600 * SECOND
    """How long it is known what a tag named."""
    upload_expiry: int = 24 * 3600 * SECOND
    """How long an upload may rest, and how long one request of it may take."""
    largest_blob: int | None = None
    sparse_indexes: bool = False
    """Whether manifests may lack what they refer to, where the project says nothing else."""
    redirect: bool = False
    """Whether clients are sent to the object store for blobs, where it can sign URLs."""
    index_pushed: bool = False
    """Whether the layers of images are read as soon as they are pushed, and not when somebody first opens one."""

    @property
    def redirect_lifetime(self) -> int:
        """Seconds that a signed URL is good for. Who begins a download by then finds the object, deleted or not."""
        return max(1, min(LONGEST_REDIRECT, self.reader_grace // SECOND))


DEFAULT_RULES = Rules()
