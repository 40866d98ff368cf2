"""The bytes of small blobs that were read lately. An object never changes, so they stay right while it is there."""

from entrepot.storage.contract import Key

LARGEST = 64 * 1024
"""Bytes of the largest blob that is kept."""
MOST_BYTES = 16 * 1024 * 1024
_ENTRY_BYTES = 200


class SmallBlobs:
    """Bytes by the key of their object, within a bound; what came first makes room for what comes."""

    def __init__(self, most_bytes: int = MOST_BYTES) -> None:
        self._most_bytes = most_bytes
        self._held: dict[Key, bytes] = {}
        self._bytes = 0

    def get(self, key: Key) -> bytes | None:
        """The bytes, if they are held."""
        return self._held.get(key)

    def keep(self, key: Key, content: bytes) -> None:
        """Holds the bytes of an object, all of them."""
        if len(content) > LARGEST or key in self._held:
            return
        self._held[key] = content
        self._bytes += len(content) + _ENTRY_BYTES
        while self._bytes > self._most_bytes:
            oldest = next(iter(self._held))
            self._bytes -= len(self._held.pop(oldest)) + _ENTRY_BYTES
