"""A repository and an artifact as a path names them."""

from entrepot.api.harbor.path import name_of
from entrepot.api.harbor.request import HarborRequest
from entrepot.model.digest import Digest
from entrepot.model.errors import DigestInvalid, Invalid, NameInvalid
from entrepot.model.grant import RepositoryGrant
from entrepot.model.permission import Permission
from entrepot.model.reference import Reference, RepositoryName, Tag


def repository_of(project: str, repository: str) -> RepositoryName:
    """The repository's whole name. Raises NameInvalid."""
    name = RepositoryName.parse(f"{name_of(project)}/{name_of(repository)}")
    if name.project != name_of(project):
        raise NameInvalid("a project's name has no slashes")
    return name


def reference_of(segment: str) -> Reference:
    """The digest or the tag. Raises DigestInvalid, TagInvalid."""
    text = name_of(segment)
    return Digest.parse(text) if ":" in text else Tag.parse(text)


async def repository_grant(
    request: HarborRequest, project: str, repository: str, *needed: Permission
) -> RepositoryGrant:
    """A grant for the repository of the path. Raises as `ManagementGate.repository`, and NameInvalid."""
    name = repository_of(project, repository)
    return await request.parts.management.repository(request.arrival.asker, name, *needed)


def copied_from(text: str) -> tuple[RepositoryName, Reference]:
    """What `from=` names: `project/repository:tag` or `project/repository@digest`. Raises Invalid."""
    name, at, digest = text.partition("@")
    try:
        if at:
            return RepositoryName.parse(name), Digest.parse(digest)
        name, colon, tag = text.rpartition(":")
        if colon:
            return RepositoryName.parse(name), Tag.parse(tag)
    except (NameInvalid, DigestInvalid) as error:
        raise Invalid(f"from: {error}") from error
    raise Invalid("from is project/repository:tag, or project/repository@digest")
