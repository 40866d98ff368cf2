"""A table of things found out once and good for a while, that never grows beyond a bound."""

from collections import OrderedDict
from typing import Generic, TypeVar

V = TypeVar("V")


class Remembered(Generic[V]):
    """At most `capacity` values, each until its time; the one longest unused makes room for a new one.

    Times are seconds on whichever clock the caller goes by.
    """

    def __init__(self, capacity: int) -> None:
        self._capacity = capacity
        self._entries: OrderedDict[bytes, tuple[float, V]] = OrderedDict()

    def get(self, key: bytes, now: float) -> V | None:
        """The value, if it is there and its time has not come."""
        found = self.with_end(key, now)
        return None if found is None else found[0]

    def with_end(self, key: bytes, now: float) -> tuple[V, float] | None:
        """The value and its time, if it is there and that has not come."""
        entry = self._entries.get(key)
        if entry is None:
            return None
        if entry[0] <= now:
            del self._entries[key]
            return None
        self._entries.move_to_end(key)
        return entry[1], entry[0]

    def put(self, key: bytes, value: V, until: float) -> None:
        """Remembers the value until then, or until there is no room for it."""
        self._entries[key] = (until, value)
        self._entries.move_to_end(key)
        if len(self._entries) > self._capacity:
            self._entries.popitem(last=False)

    def forget(self, key: bytes) -> None:
        """Returns with nothing remembered under the key."""
        self._entries.pop(key, None)

    def __len__(self) -> int:
        return len(self._entries)
