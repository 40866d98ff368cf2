"""Bodies about what is stored: Entrepot's own, in Harbor's manner."""

from msgspec import Struct

from entrepot.api.harbor.values import DateTime, Int64


class QuarantinedBlob(Struct):
    """A blob whose content was damaged or lost, and which is given to nobody until it is pushed again."""

    digest: str
    size: Int64
    fault: str
    quarantine_time: DateTime
    examine_time: DateTime
    images: list[str]
    """Images that cannot be pulled whole for it, as `repository:tag` or `repository@digest`; the first of them."""
