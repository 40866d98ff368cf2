"""Every operation of the management API that is served."""

from litestar.types import ControllerRouterHandler

from entrepot.api.harbor import configurations, labels, members, metadata, projects, search, system, users

HANDLERS: list[ControllerRouterHandler] = [
    *system.HANDLERS,
    *users.HANDLERS,
    *projects.HANDLERS,
    *metadata.HANDLERS,
    *members.HANDLERS,
    *labels.HANDLERS,
    *configurations.HANDLERS,
    *search.HANDLERS,
]
