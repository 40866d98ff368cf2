"""Bodies about robots."""

from msgspec import Struct
from msgspec import field as struct_field

from entrepot.api.harbor.schema.people import Permission
from entrepot.api.harbor.values import DateTime, Int64


class Access(Struct, omit_defaults=True):
    """One permission of a robot."""

    resource: str = ""
    action: str = ""
    effect: str = ""


class RobotPermission(Struct, omit_defaults=True):
    """What a robot may do in one place."""

    kind: str = ""
    namespace: str = ""
    access: list[Access] = struct_field(default_factory=list)


class Robot(Struct, omit_defaults=True):
    """A robot."""

    editable: bool
    disable: bool
    id: Int64 = 0
    name: str = ""
    description: str = ""
    secret: str = ""
    level: str = ""
    duration: Int64 | None = None
    expires_at: Int64 = 0
    permissions: list[RobotPermission] = struct_field(default_factory=list)
    creator_type: str = ""
    creator_ref: Int64 = 0
    creation_time: DateTime = ""
    update_time: DateTime = ""


class RobotChange(Struct, omit_defaults=True):
    """A robot as clients send it back."""

    id: Int64 = 0
    name: str = ""
    description: str = ""
    secret: str = ""
    level: str = ""
    duration: Int64 | None = None
    editable: bool = False
    disable: bool = False
    expires_at: Int64 = 0
    permissions: list[RobotPermission] = struct_field(default_factory=list)
    creator_type: str = ""
    creator_ref: Int64 = 0
    creation_time: DateTime = ""
    update_time: DateTime = ""


class RobotCreate(Struct, omit_defaults=True):
    """A robot to be made."""

    name: str = ""
    description: str = ""
    secret: str = ""
    level: str = ""
    disable: bool = False
    duration: Int64 = 0
    permissions: list[RobotPermission] = struct_field(default_factory=list)


class RobotCreated(Struct, omit_defaults=True):
    """A robot that was made; its secret is told this once."""

    id: Int64 = 0
    name: str = ""
    secret: str = ""
    creation_time: DateTime = ""
    expires_at: Int64 = 0


class RobotSec(Struct, omit_defaults=True):
    """A secret."""

    secret: str = ""


class Permissions(Struct, omit_defaults=True):
    """What robots can be given."""

    system: list[Permission] = struct_field(default_factory=list)
    project: list[Permission] = struct_field(default_factory=list)
