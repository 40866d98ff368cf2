"""Bodies about quotas."""

from typing import Any

from msgspec import Struct
from msgspec import field as struct_field

from entrepot.api.harbor.values import DateTime, Int64, Number


class Quota(Struct, omit_defaults=True):
    """A project's quota."""

    hard: dict[str, Int64]
    used: dict[str, Int64]
    id: Number = 0
    ref: dict[str, Any] = struct_field(default_factory=dict)
    creation_time: DateTime = ""
    update_time: DateTime = ""


class QuotaUpdateReq(Struct, omit_defaults=True):
    """New limits."""

    hard: dict[str, Int64] = struct_field(default_factory=dict)
