"""Hashes of uploads that come in several requests, kept while they run."""

from collections import OrderedDict
from typing import Protocol

from entrepot.model.digest import Digest, Hasher

KEPT_AT_MOST = 4096


class CopyableHasher(Hasher, Protocol):
    """A running hash that can go on in two ways, as those of `hashlib` can."""

    def copy(self) -> "CopyableHasher": ...


class RunningHashes:
    """What this process has hashed of uploads under way: of the latest few thousand, a few hundred bytes each.

    Only a help: an upload whose hash is not at hand, because another process or node took its last chunk, is read
    again when it is closed.
    """

    def __init__(self) -> None:
        self._kept: OrderedDict[str, tuple[int, str, CopyableHasher]] = OrderedDict()

    def find(self, upload_id: str, size: int, algorithm: str, so_far: Digest | None) -> CopyableHasher | None:
        """A hash of the first `size` bytes of the upload, whose digest is `so_far`; the caller's own to go on with.

        What is kept may be of bytes that never got into the upload, because another request was quicker.
        """
        kept = self._kept.get(upload_id)
        if kept is None or kept[:2] != (size, algorithm) or Digest.finished(algorithm, kept[2]) != so_far:
            return None
        return kept[2].copy()

    def keep(self, upload_id: str, size: int, algorithm: str, hasher: CopyableHasher) -> None:
        """Remembers a hash of the first `size` bytes."""
        self._kept[upload_id] = (size, algorithm, hasher)
        self._kept.move_to_end(upload_id)
        if len(self._kept) > KEPT_AT_MOST:
            self._kept.popitem(last=False)

    def forget(self, upload_id: str) -> None:
        """Forgets the upload."""
        self._kept.pop(upload_id, None)
