"""Every way an operation can refuse or fail, as one closed tree.

EntrepotError
├── Invalid                  the request itself is wrong
│   ├── NameInvalid
│   ├── TagInvalid
│   ├── DigestInvalid        malformed, of an unknown algorithm, or not the digest of the content
│   ├── ManifestInvalid
│   ├── ManifestTooLarge
│   ├── BlobUploadInvalid
│   ├── SizeInvalid
│   └── PageInvalid
├── Unknown                  it is not there (or the asker may not know that it is)
│   ├── RepositoryUnknown
│   ├── ManifestUnknown
│   ├── BlobUnknown
│   │   └── BlobQuarantined
│   ├── BlobUploadUnknown
│   ├── ManifestReferencesUnknown
│   ├── ProjectUnknown
│   └── UserUnknown
├── Refused                  who asks may not
│   ├── Unauthenticated
│   ├── ScopeInsufficient
│   ├── Denied
│   └── TooManyAttempts
├── Conflict                 it may be asked, but not in this state
│   ├── RangeInvalid
│   ├── InUse
│   ├── BeingRead
│   ├── Protected
│   │   └── Immutable
│   └── AlreadyExists
│       └── NameTaken
└── Failed                   the registry could not, and nothing was changed
    ├── StorageFailed
    │   └── StorageFull
    ├── BodyCut
    ├── ObjectMissing
    └── DatabaseFailed

The message of an error is the sentence a person reads, so it says what to do next. Status codes are the business
of `api/`, where each wire format keeps one table from these classes to its own codes.
"""

from collections.abc import Sequence


class EntrepotError(Exception):
    """The root: never raised itself."""


class Invalid(EntrepotError):
    """The request itself is wrong; asking again in the same way cannot help."""


class NameInvalid(Invalid):
    """Not a repository, project or user name."""


class TagInvalid(Invalid):
    """Not a tag: at most 128 characters of letters, digits, `_`, `.` and `-`, not starting with `.` or `-`."""


class DigestInvalid(Invalid):
    """Malformed, of an algorithm that is not kept here, or not the digest of the content that came with it."""


class ManifestInvalid(Invalid):
    """The manifest is not what its media type says, or breaks a rule of the image specification."""


class ManifestTooLarge(Invalid):
    """The manifest is larger than 4 MiB."""


class BlobUploadInvalid(Invalid):
    """A chunk of an upload is not what its headers announced."""


class SizeInvalid(Invalid):
    """A length given with the content does not match the content."""


class PageInvalid(Invalid):
    """`n` or `last` of a list is not acceptable."""


class Unknown(EntrepotError):
    """It is not there, or the asker may not know that it is."""


class RepositoryUnknown(Unknown):
    """No such repository."""


class ManifestUnknown(Unknown):
    """No such manifest or tag in the repository."""


class BlobUnknown(Unknown):
    """No such blob in the repository."""


class BlobQuarantined(BlobUnknown):
    """The repository has such a blob, and its content was damaged or lost: to be pushed again."""


class BlobUploadUnknown(Unknown):
    """No such upload: it never was, was cancelled, expired, or belongs to somebody else or to another repository."""


class ManifestReferencesUnknown(Unknown):
    """A manifest refers to blobs or manifests that the repository does not hold.

    `blobs` and `manifests` name them, as `algorithm:hex` strings.
    """

    def __init__(self, blobs: Sequence[str] = (), manifests: Sequence[str] = ()) -> None:
        self.blobs = tuple(blobs)
        self.manifests = tuple(manifests)
        missing = ", ".join([*self.blobs, *self.manifests])
        super().__init__(f"push what the manifest refers to before the manifest itself; missing here: {missing}")


class ProjectUnknown(Unknown):
    """No such project."""


class UserUnknown(Unknown):
    """No such user."""


class MemberUnknown(Unknown):
    """The project has no such member."""


class RecordUnknown(Unknown):
    """No such label, robot, group, quota or other entry."""


class Refused(EntrepotError):
    """Who asks may not do this."""


class Unauthenticated(Refused):
    """Nobody said who asks, or the credentials are wrong."""


class ScopeInsufficient(Refused):
    """The token was made for something else; its owner could get one for this."""


class Denied(Refused):
    """Who asks is known and may not, or there is nothing here that they may know of."""


class ReadOnly(Denied):
    """Nothing may be changed now, whoever asks."""


class QuotaExceeded(Denied):
    """The project may not hold that much: it has no room for `size` more bytes."""

    def __init__(self, message: str, size: int = 0) -> None:
        self.size = size
        super().__init__(message)


class TooManyAttempts(Refused):
    """Too many wrong passwords; `retry_after` says for how many whole seconds to wait."""

    def __init__(self, message: str, retry_after: int) -> None:
        self.retry_after = retry_after
        super().__init__(message)


class Conflict(EntrepotError):
    """It may be asked, but not in the state that things are in."""


class RangeInvalid(Conflict):
    """A chunk does not continue the upload; `offset` is how many bytes the upload holds."""

    def __init__(self, message: str, offset: int) -> None:
        self.offset = offset
        super().__init__(message)


class InUse(Conflict):
    """Something else here still refers to it."""


class BeingRead(Conflict):
    """What was asked for has to be read first, which takes a while; `job_id` is the job that does it."""

    def __init__(self, message: str, job_id: int) -> None:
        self.job_id = job_id
        super().__init__(message)


class Protected(Conflict):
    """It may not be deleted, nor a tag be moved, until somebody lifts what protects it."""


class Immutable(Protected):
    """A rule of the project makes the tag immutable: it is neither moved nor deleted, nor what bears it."""


class AlreadyExists(Conflict):
    """The name is taken."""


class NameTaken(AlreadyExists):
    """What is to be restored cannot have its name again; `free` is one that it could have."""

    def __init__(self, message: str, free: str) -> None:
        self.free = free
        super().__init__(message)


class Failed(EntrepotError):
    """The registry could not do it; nothing was changed, and asking again later may work."""


class StorageFailed(Failed):
    """Bytes could not be written, read or removed."""


class StorageFull(StorageFailed):
    """There is no room for more bytes."""


class BodyCut(Failed):
    """The content being sent here broke off before its end."""


class ObjectMissing(Failed):
    """The store does not hold an object that the database says it holds."""


class DatabaseFailed(Failed):
    """The database could not be reached, or failed."""
