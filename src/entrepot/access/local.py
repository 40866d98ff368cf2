"""Grants that need no sign-in: for commands run on the machine itself, and for the registry's own work."""

from collections.abc import Iterable

from entrepot.model.grant import Principal, Proof, RepositoryGrant, SystemGrant
from entrepot.model.project import Action, Project
from entrepot.model.reference import RepositoryName

SHELL = Principal(user_id=None, name="shell", admin=True, proof=Proof.SHELL)
ITSELF = Principal(user_id=None, name="entrepot", admin=True, proof=Proof.ITSELF)


def shell_grant() -> SystemGrant:
    """The right of somebody who can read the data folder, and so could change anything anyway."""
    return SystemGrant(principal=SHELL)


def itself_grant() -> SystemGrant:
    """The right of the registry itself, for work that nobody asked for."""
    return SystemGrant(principal=ITSELF)


def repository_grant_of_itself(
    project: Project, name: RepositoryName, repository_id: int, actions: Iterable[Action]
) -> RepositoryGrant:
    """The right of the registry itself in one repository, for work that follows from somebody's settings."""
    return RepositoryGrant(
        principal=ITSELF, project=project, name=name, repository_id=repository_id, actions=frozenset(actions)
    )
