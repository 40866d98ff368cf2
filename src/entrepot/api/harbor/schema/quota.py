"""Bodies about quotas."""

from msgspec import UNSET, Struct, UnsetType
from msgspec import field as struct_field

from entrepot.api.harbor.values import DateTime, Int64, Number


class QuotaRefObject(Struct, omit_defaults=True):
    """What a quota is for."""


class Quota(Struct, omit_defaults=True):
    """A project's quota."""

    hard: dict[str, Int64]
    used: dict[str, Int64]
    id: Number = 0
    ref: QuotaRefObject | UnsetType = UNSET
    creation_time: DateTime = ""
    update_time: DateTime = ""


class QuotaUpdateReq(Struct, omit_defaults=True):
    """New limits."""

    hard: dict[str, Int64] = struct_field(default_factory=dict)
