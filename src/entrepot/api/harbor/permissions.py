"""What robots can be given: `/permissions`."""

from litestar import get

from entrepot.api.harbor.operation import operation
from entrepot.api.harbor.request import HarborRequest
from entrepot.api.harbor.schema.people import Permission as PermissionShape
from entrepot.api.harbor.schema.robot import Permissions
from entrepot.model.permission import ROBOT_IN_PROJECT, ROBOT_IN_SYSTEM, Permission


@get("/permissions", **operation("getPermissions", "permissions", errors=(401, 403, 404, 500)))
async def get_permissions(request: HarborRequest) -> Permissions:
    """What robots can be given, for who makes robots: those of the system for administrators alone."""
    principal = await request.parts.management.making_robots(request.arrival.asker)
    return Permissions(system=_shown(ROBOT_IN_SYSTEM) if principal.admin else [], project=_shown(ROBOT_IN_PROJECT))


def _shown(permissions: frozenset[Permission]) -> list[PermissionShape]:
    return [
        PermissionShape(resource=one.resource.value, action=one.action.value)
        for one in sorted(permissions, key=lambda one: (one.resource.value, one.action.value))
    ]


HANDLERS = [get_permissions]
