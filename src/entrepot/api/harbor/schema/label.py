"""Bodies about labels."""

from msgspec import Struct

from entrepot.api.harbor.values import DateTime, Int64


class Label(Struct, omit_defaults=True):
    """A label, of all projects (scope `g`) or of one (`p`)."""

    id: Int64 = 0
    name: str = ""
    description: str = ""
    color: str = ""
    scope: str = ""
    project_id: Int64 = 0
    creation_time: DateTime = ""
    update_time: DateTime = ""
