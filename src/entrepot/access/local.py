"""Grants that need no sign-in: for commands run on the machine itself, and for the registry's own work."""

from collections.abc import Iterable

from entrepot.access.roles import EVERY_PERMISSION
from entrepot.db import projects, repositories
from entrepot.db.contract import Database
from entrepot.model.errors import ProjectUnknown
from entrepot.model.grant import (
    CatalogGrant,
    Principal,
    ProjectGrant,
    Proof,
    RepositoryGrant,
    SystemGrant,
    TrashGrant,
)
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


async def shell_project_grant(db: Database, name: str) -> ProjectGrant:
    """The same right to do everything in the project. Raises ProjectUnknown."""
    found = await db.read(lambda tx: projects.find(tx, name))
    if found is None:
        raise ProjectUnknown(f"there is no project {name}")
    return ProjectGrant(principal=SHELL, project=found, permissions=EVERY_PERMISSION, roles=frozenset())


async def shell_repository_grant(db: Database, name: RepositoryName) -> RepositoryGrant:
    """The same right to do everything with the repository. Raises ProjectUnknown."""
    project = (await shell_project_grant(db, name.project)).project
    found = await db.read(lambda tx: repositories.find_in(tx, project.id, name.text))
    return RepositoryGrant(principal=SHELL, project=project, name=name, repository_id=found, actions=frozenset(Action))


def shell_trash_grant(trash_id: int) -> TrashGrant:
    """The same right to see, restore and purge the deletion."""
    return TrashGrant(principal=SHELL, trash_id=trash_id)


def shell_catalog_grant() -> CatalogGrant:
    """The same right to list everything."""
    return CatalogGrant(principal=SHELL, everything=True)
