"""Projects, and the roles that people have in them."""

from dataclasses import dataclass
from enum import IntEnum, StrEnum


class Role(IntEnum):
    """Harbor's five project roles; the numbers are Harbor's and say nothing of power."""

    PROJECT_ADMIN = 1
    DEVELOPER = 2
    GUEST = 3
    MAINTAINER = 4
    LIMITED_GUEST = 5


class Action(StrEnum):
    """What can be done to a repository through the registry's own API."""

    PULL = "pull"
    PUSH = "push"
    DELETE = "delete"


@dataclass(frozen=True, slots=True, kw_only=True)
class Project:
    """A project: the owner of repositories, and where rights are given."""

    id: int
    name: str
    public: bool
    """Whether anybody at all may pull."""
    sparse_indexes: bool | None
    """Whether manifests may lack layers or children that are not here; None leaves it to the instance's setting."""
    created_at: int
    """Microseconds since 1970."""
