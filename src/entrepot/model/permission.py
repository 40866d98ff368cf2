"""What may be done: a resource and an action."""

from typing import NamedTuple


class Permission(NamedTuple):
    """An action on a kind of resource."""

    resource: str
    action: str
