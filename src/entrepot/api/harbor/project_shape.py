"""A project as Harbor's API shows it."""

from msgspec import UNSET

from entrepot.api.harbor.schema.project import CVEAllowlist, CVEAllowlistItem, Project, ProjectMetadata
from entrepot.api.harbor.values import date_time
from entrepot.db.cve_allowlists import CveAllowlist
from entrepot.registry.directory import ProjectView


def shown(view: ProjectView) -> Project:
    """The project with its settings and the asker's roles in it."""
    row, role = view.row, view.role
    return Project(
        project_id=row.id,
        name=row.name,
        owner_id=row.owner_id,
        owner_name=row.owner_name,
        creation_time=date_time(row.created_at),
        update_time=date_time(row.updated_at),
        current_user_role_id=0 if role is None else int(role),
        current_user_role_ids=sorted(int(one) for one in view.roles),
        repo_count=view.repositories,
        metadata=ProjectMetadata(public=str(row.public).lower(), **view.metadata),
        cve_allowlist=UNSET if view.allowlist is None else allowlist_shown(view.allowlist, row.id),
    )


def allowlist_shown(allowlist: CveAllowlist, project_id: int) -> CVEAllowlist:
    """A list of vulnerabilities that are put up with."""
    return CVEAllowlist(
        id=allowlist.id,
        project_id=project_id,
        expires_at=allowlist.expires_at,
        items=[CVEAllowlistItem(cve_id=item) for item in allowlist.items],
        creation_time=date_time(allowlist.created_at),
        update_time=date_time(allowlist.updated_at),
    )
