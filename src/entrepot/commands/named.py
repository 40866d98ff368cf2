"""What is named on the command line: a project, a repository, a tag or an artifact."""

from entrepot.commands.printing import UsageWrong
from entrepot.model.digest import Digest
from entrepot.model.reference import Reference, RepositoryName, Tag


def tag_named(text: str) -> tuple[RepositoryName, Tag]:
    """The repository and the tag of `shop/api:latest`. Raises UsageWrong, NameInvalid, TagInvalid."""
    name, colon, tag = text.rpartition(":")
    if not colon:
        raise UsageWrong(f"name a tag as REPOSITORY:TAG, such as shop/api:latest, not {text!r}")
    return RepositoryName.parse(name), Tag.parse(tag)


def thing_named(text: str) -> tuple[str, RepositoryName | None, Reference | None]:
    """The project, the repository and the artifact of `shop`, `shop/api`, `shop/api:latest`, `shop/api@sha256:…`.

    Raises NameInvalid, TagInvalid, DigestInvalid.
    """
    name, at, digest = text.partition("@")
    if at:
        found = RepositoryName.parse(name)
        return found.project, found, Digest.parse(digest)
    if ":" in text:
        repository, tag = tag_named(text)
        return repository.project, repository, tag
    if "/" in text:
        found = RepositoryName.parse(text)
        return found.project, found, None
    return text, None, None
