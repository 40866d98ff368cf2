"""What a path under `/v2/` names.

A path has one spelling here. Anything else (escapes that need not be, doubled or closing slashes, dot segments) is
refused rather than tidied, so that no two spellings can be judged differently by a proxy and by the registry
(as in CVE-2020-29662).
"""

from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

from entrepot.model.errors import NameInvalid
from entrepot.model.reference import RepositoryName

_LONGEST_REMEMBERED = 512


class Kind(StrEnum):
    """The addresses that there are."""

    NOTHING = "nothing"
    """No address of this API."""
    BASE = "base"
    CATALOG = "catalog"
    TAGS = "tags"
    MANIFEST = "manifest"
    REFERRERS = "referrers"
    BLOB = "blob"
    UPLOADS = "uploads"
    """Where uploads begin."""
    UPLOAD = "upload"


@dataclass(frozen=True, slots=True)
class Target:
    """What a path names. `last` is its last part as it stands: a tag, digest or upload id not yet checked."""

    kind: Kind
    name: RepositoryName | None = None
    last: str = ""


_NOTHING = Target(Kind.NOTHING)
_FIXED = {b"/v2/": Target(Kind.BASE), b"/v2/_catalog": Target(Kind.CATALOG)}
_BY_WORD = {"manifests": Kind.MANIFEST, "blobs": Kind.BLOB, "referrers": Kind.REFERRERS}


def target_of(raw_path: bytes) -> Target:
    """The target of a path as it came, still with its percent escapes. Raises NameInvalid."""
    # Bounded in entries and in bytes, since anybody can send paths.
    return _remembered(raw_path) if len(raw_path) <= _LONGEST_REMEMBERED else _parse(raw_path)


def _parse(raw_path: bytes) -> Target:
    fixed = _FIXED.get(raw_path)
    if fixed is not None:
        return fixed
    if not raw_path.startswith(b"/v2/"):
        return _NOTHING
    # From the right: a repository may well be called library/blobs/uploads.
    head, _, last = _decode(raw_path[4:]).rpartition("/")
    name, _, word = head.rpartition("/")
    kind = _BY_WORD.get(word)
    if kind is not None:
        if kind is Kind.BLOB and last == "uploads":
            return _NOTHING  # uploads begin at `uploads/`
    elif word == "tags" and last == "list":
        kind, last = Kind.TAGS, ""
    elif word == "uploads" and (name == "blobs" or name.endswith("/blobs")):
        kind, name = (Kind.UPLOAD if last else Kind.UPLOADS), name[: -len("/blobs")]
    else:
        return _NOTHING
    return Target(kind, RepositoryName.parse(name), last)


_remembered = lru_cache(maxsize=4096)(_parse)


def _decode(path: bytes) -> str:
    """The path with its escapes undone once. The colon of a digest is all that clients escape, so no other may be."""
    if b"%" in path:
        path = path.replace(b"%3A", b":").replace(b"%3a", b":")
        if b"%" in path:
            raise NameInvalid("write the path as it is: nothing in it but the colon of a digest may be percent-encoded")
    try:
        return path.decode("ascii")
    except UnicodeDecodeError:
        raise NameInvalid("names, tags and digests are made of ASCII characters") from None
