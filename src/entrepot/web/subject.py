"""What the address of a page names: the reference itself is the address, so a pasted one opens its page.

    /                              the first page
    /-/jobs/12                     a page of ours
    /shop                          a project
    /shop/-/members                a page of a project
    /shop/api                      a repository
    /shop/api/-/history            a page of a repository
    /shop/api:2.4.1                an artifact by tag
    /shop/api@sha256:…/-/layers    a page of an artifact by digest

No name has a part that is a lone hyphen (`model.reference`), so `/-/` can only be ours. A project whose name begins an
address of another room (`api`, `v2`) is found under `/-/r/`.
"""

from dataclasses import dataclass
from enum import StrEnum

from entrepot.model.digest import Digest
from entrepot.model.errors import DigestInvalid, NameInvalid, TagInvalid, Unknown
from entrepot.model.reference import Reference, RepositoryName, Tag, parse_project_name

OURS = "/-/"
_AGAIN = "/-/r/"
TAKEN = frozenset({"v2", "api", "c", "service", "metrics", "livez", "readyz", "startupz", "favicon.ico"})
"""First parts of addresses that other rooms answer."""


class Place(StrEnum):
    """What kind of thing an address names."""

    HOUSE = "house"
    PROJECT = "project"
    REPOSITORY = "repository"
    ARTIFACT = "artifact"


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """What an address names, and which of its pages."""

    place: Place
    page: str
    """What follows `/-/`; empty for the first page of the thing."""
    project: str = ""
    repository: RepositoryName | None = None
    reference: Reference | None = None

    @property
    def name(self) -> RepositoryName:
        """The repository, of what is one or lies in one."""
        assert self.repository is not None, "only a repository or an artifact is asked for its repository"
        return self.repository

    @property
    def ref(self) -> Reference:
        """The tag or digest, of an artifact."""
        assert self.reference is not None, "only an artifact is asked for its reference"
        return self.reference


def subject_of(path: str) -> Subject:
    """What a path, decoded, names. Raises Unknown if it can name nothing."""
    if path.startswith(_AGAIN):
        path = "/" + path.removeprefix(_AGAIN)
    if "//" in path:
        raise Unknown(f"{path[:300]!r} names nothing here: it has a part that is empty")
    named, _, page = path.partition(OURS)
    if path.endswith("/-"):
        named = path.removesuffix("/-")
    page = page.rstrip("/")
    name = named.strip("/")
    if not name:
        return Subject(place=Place.HOUSE, page=page)
    try:
        return _thing(name, page)
    except (NameInvalid, TagInvalid, DigestInvalid) as error:
        raise Unknown(f"{path[:300]!r} names nothing here: {error}") from error


def _thing(name: str, page: str) -> Subject:
    name, at, digest = name.partition("@")
    head, slash, last = name.rpartition("/")
    last, colon, tag = last.partition(":")
    name = head + slash + last
    if not (at or colon) and not slash:
        return Subject(place=Place.PROJECT, page=page, project=parse_project_name(name))
    repository = RepositoryName.parse(name)
    if not (at or colon):
        return Subject(place=Place.REPOSITORY, page=page, project=repository.project, repository=repository)
    # With both, the digest is what counts, as for every client.
    reference: Reference = Digest.parse(digest) if at else Tag.parse(tag)
    return Subject(
        place=Place.ARTIFACT, page=page, project=repository.project, repository=repository, reference=reference
    )


def address(thing: str = "", page: str = "") -> str:
    """The path of a page: of a project, repository or reference as it is written; of the house if that is empty."""
    if not thing:
        return f"{OURS}{page}" if page else "/"
    start = _AGAIN if thing.partition("/")[0].partition(":")[0] in TAKEN else "/"
    return f"{start}{thing}{OURS}{page}" if page else f"{start}{thing}"


def written(repository: str, reference: object) -> str:
    """A reference as people write it: `repository:tag` or `repository@digest`."""
    return f"{repository}{'@' if isinstance(reference, Digest) or ':' in str(reference) else ':'}{reference}"


def ours(path: str) -> str:
    """A page of ours to go to: never another site, whatever an address says."""
    if not path.startswith("/") or path.startswith(("//", "/\\")) or any(ord(mark) < 32 for mark in path):
        return "/"
    return path
