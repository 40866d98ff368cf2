"""The proof that somebody may do something. Only `access/` makes one; a test reads the source to see to it."""

from dataclasses import dataclass
from enum import StrEnum

from entrepot.model.errors import Denied
from entrepot.model.project import Action, Project
from entrepot.model.reference import RepositoryName


class Proof(StrEnum):
    """How a principal showed who they are."""

    NOTHING = "nothing"
    PASSWORD = "password"  # noqa: S105 - the name of a way, not a secret
    TOKEN = "token"  # noqa: S105 - the name of a way, not a secret
    SHELL = "shell"
    """A command run on the machine by somebody who can read the data folder."""
    ITSELF = "itself"
    """The registry's own work, such as collection."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Principal:
    """Who acts."""

    user_id: int | None
    """None for the anonymous principal, for the shell and for the registry itself."""
    name: str
    admin: bool
    proof: Proof

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
class SystemGrant:
    """The right to administer the instance: people, projects, keys."""

    principal: Principal
