"""Every operation of the management API that is served."""

from litestar.types import ControllerRouterHandler

from entrepot.api.harbor import (
    artifacts,
    configurations,
    labels,
    members,
    metadata,
    projects,
    repositories,
    search,
    system,
    tags,
    users,
)

HANDLERS: list[ControllerRouterHandler] = [
    *system.HANDLERS,
    *users.HANDLERS,
    *projects.HANDLERS,
    *metadata.HANDLERS,
    *members.HANDLERS,
    *labels.HANDLERS,
    *repositories.HANDLERS,
    *artifacts.HANDLERS,
    *tags.HANDLERS,
    *configurations.HANDLERS,
    *search.HANDLERS,
]
