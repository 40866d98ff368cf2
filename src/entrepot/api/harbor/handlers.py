"""Every operation of the management API that is served."""

from litestar.types import ControllerRouterHandler

from entrepot.api.harbor import (
    allowlist,
    artifacts,
    auditlog,
    configurations,
    labels,
    members,
    metadata,
    permissions,
    projects,
    quarantine,
    quotas,
    repositories,
    robots,
    search,
    system,
    tags,
    usergroups,
    users,
)

HANDLERS: list[ControllerRouterHandler] = [
    *system.HANDLERS,
    *users.HANDLERS,
    *projects.HANDLERS,
    *metadata.HANDLERS,
    *members.HANDLERS,
    *labels.HANDLERS,
    *robots.HANDLERS,
    *usergroups.HANDLERS,
    *quotas.HANDLERS,
    *quarantine.HANDLERS,
    *allowlist.HANDLERS,
    *permissions.HANDLERS,
    *repositories.HANDLERS,
    *artifacts.HANDLERS,
    *tags.HANDLERS,
    *auditlog.HANDLERS,
    *configurations.HANDLERS,
    *search.HANDLERS,
]
