"""A project as a path names it."""

from entrepot.api.harbor.path import name_of
from entrepot.api.harbor.request import HarborRequest
from entrepot.model.errors import Invalid
from entrepot.model.grant import ProjectGrant
from entrepot.model.permission import Permission

_LONGEST_ID = 18
"""Digits."""


def project_of(segment: str, is_name: bool) -> int | str:
    """The project's id if the text is a number, and not to be taken for a name; else its name. Raises Invalid."""
    name = name_of(segment)
    if " " in name:
        raise Invalid("a project's name has no spaces")
    if not is_name and name.isascii() and name.isdigit() and len(name) <= _LONGEST_ID:
        return int(name)
    return name


async def project_grant(request: HarborRequest, segment: str, is_name: bool, *needed: Permission) -> ProjectGrant:
    """A grant for the project of the path. Raises as `ManagementGate.project`."""
    return await request.parts.management.project(request.arrival.asker, project_of(segment, is_name), *needed)
