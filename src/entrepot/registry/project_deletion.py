"""Deleting a project, within a transaction of a caller's."""

from entrepot.db import project_contents, projects, schedules, trash
from entrepot.db.contract import Transaction
from entrepot.db.trash import NewEntry
from entrepot.model.errors import InUse
from entrepot.model.grant import Principal
from entrepot.model.project import Project
from entrepot.model.trash import TrashKind
from entrepot.registry import protection
from entrepot.registry.rules import Rules


def remove_project(tx: Transaction, rules: Rules, by: Principal, project: Project, *, force: bool) -> int | None:
    """Puts the project, which the caller has locked, into the trash; where nothing is kept, it goes for good.

    The number by which it can be restored; None if it cannot. Its name is free from now on. Raises Protected; InUse
    while a repository holds an artifact, unless with `force`.
    """
    projects.lock_repositories(tx, project.id)
    protection.check_project(tx, project.id, project.name)
    full = projects.repository_with_content(tx, project.id)
    if full is not None and not force:
        raise InUse(
            f"{full} holds artifacts; delete what the project's repositories hold first, or ask with force=true"
        )
    schedules.remove_of_project(tx, project.id)
    window = trash.window_of(tx, project.id, rules.trash)
    if window == 0 and full is None:
        projects.delete(tx, project.id)
        return None
    counts, size = project_contents.counted(tx, project.id)
    new = NewEntry(
        kind=TrashKind.PROJECT,
        project_id=project.id,
        project=project.name,
        repository_id=None,
        repository=None,
        name=project.name,
        digest=None,
        deleted_by=by.name,
        window=window,
    )
    entry = trash.insert(tx, new)
    able = projects.put_into_trash(tx, project.id)
    trash.describe(tx, entry, size, counts, {"robots": able})
    if window == 0:
        # More than one transaction should take: the collector lets it go piece by piece.
        trash.begin_purge(tx, entry)
        return None
    return entry
