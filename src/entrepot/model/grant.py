"""The proof that somebody may do something. Only `access/` makes one; a test reads the source to see to it."""

from dataclasses import dataclass
from enum import StrEnum

from entrepot.model.errors import Denied
from entrepot.model.permission import Permission
from entrepot.model.project import Action, Project, Role
from entrepot.model.reference import RepositoryName


class Proof(StrEnum):
    """How a principal showed who they are."""

    NOTHING = "nothing"
    PASSWORD = "password"  # noqa: S105 - the name of a way, not a secret
    TOKEN = "token"  # noqa: S105 - the name of a way, not a secret
    SHELL = "shell"
    """A command run on the machine by somebody who can read the data folder."""
    SESSION = "session"
    """A cookie that was given for a password."""
    ITSELF = "itself"
    """The registry's own work, such as collection."""


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a request came from, for the audit."""

    address: str = ""
    request_id: str = ""
    agent: str = ""
    """What the client calls itself."""


NOWHERE = Origin()
"""Of what is no request, or changes nothing that is told."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Principal:
    """Who acts."""

    user_id: int | None
    """None for robots, for the anonymous principal, for the shell and for the registry itself."""
    name: str
    """As people know it: of a robot with its prefix."""
    admin: bool
    proof: Proof
    robot_id: int | None = None
    origin: Origin = NOWHERE

    @property
    def anonymous(self) -> bool:
        """Whether nobody said who they are."""
        return self.proof is Proof.NOTHING


ANONYMOUS = Principal(user_id=None, name="anonymous", admin=False, proof=Proof.NOTHING)


@dataclass(frozen=True, slots=True, kw_only=True)
class RepositoryGrant:
    """What a principal may do with one repository, as of the moment it was made."""

    principal: Principal
    project: Project
    name: RepositoryName
    repository_id: int | None
    """None while nothing was ever pushed there."""
    actions: frozenset[Action]

    def require(self, action: Action) -> None:
        """Returns if the grant covers `action`. Raises Denied."""
        if action not in self.actions:
            raise Denied(f"{self.principal.name} may not {action} here")


@dataclass(frozen=True, slots=True, kw_only=True)
class CatalogGrant:
    """Which repositories a principal may see listed: all, or those of public projects and of the principal's own."""

    principal: Principal
    everything: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ProjectGrant:
    """What a principal may do with one project and all that belongs to it, as of the moment it was made."""

    principal: Principal
    project: Project
    permissions: frozenset[Permission]
    roles: frozenset[Role]
    """The principal's own in the project, directly and through groups; an administrator may have none."""

    def require(self, permission: Permission) -> None:
        """Returns if the grant covers `permission`. Raises Denied."""
        if permission not in self.permissions:
            what = f"{permission.action} its {permission.resource}"
            raise Denied(f"{self.principal.name} may not {what} in project {self.project.name}")


@dataclass(frozen=True, slots=True, kw_only=True)
class TrashGrant:
    """The right to see, restore and purge one deletion: of whoever might have deleted the same."""

    principal: Principal
    trash_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountGrant:
    """The right to see and change one account: one's own, or any as an administrator."""

    principal: Principal
    user_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SystemGrant:
    """The right to administer the instance, or one part of it: people, projects, keys."""

    principal: Principal
    permissions: frozenset[Permission] | None = None
    """None: everything."""

    def require(self, permission: Permission) -> None:
        """Returns if the grant covers `permission`. Raises Denied."""
        if self.permissions is not None and permission not in self.permissions:
            what = f"{permission.action} its {permission.resource}"
            raise Denied(f"{self.principal.name} may not {what} in the whole registry")
