"""What can be wrong with what is kept."""

from enum import StrEnum


class Fault(StrEnum):
    """What can be wrong."""

    TAG_DANGLING = "tag-dangling"
    MANIFEST_CORRUPT = "manifest-corrupt"
    REFERENCE_MISSING = "reference-missing"
    BLOB_MISSING = "blob-missing"
    BLOB_CORRUPT = "blob-corrupt"
    BLOB_UNREADABLE = "blob-unreadable"
    BLOB_QUARANTINED = "blob-quarantined"
    """It is set aside, and good: somebody brought its object back."""
    UPLOAD_BROKEN = "upload-broken"
    INDEX_BROKEN = "index-broken"
    """The index of a layer is not what it was: it is forgotten, and made again when somebody asks for it."""
    OBJECT_LEAKED = "object-leaked"
