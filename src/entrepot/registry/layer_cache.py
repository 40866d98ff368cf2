"""Indexes of layers that were looked at lately, in memory: one cache for each process.

An index never changes under its key, so nothing in here can be out of date; whether it may be looked at is asked of the
database each time.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Hashable
from typing import Generic, TypeVar

from entrepot.model.layer_index import LayerIndex
from entrepot.model.overlay import Gone, LayerSummary

LARGEST = 96 * 1024 * 1024
"""Bytes of indexes: those of images with a million files."""
MOST_SUMMARIES = 256
AT_ONCE = 2
"""How many things that take a second of a processor are done at once."""
T = TypeVar("T")


class Recent(Generic[T]):
    """What was made lately, each once however many ask for it at once."""

    def __init__(self, largest: int, size: Callable[[T], int]) -> None:
        self._largest = largest
        self._size = size
        self._held: OrderedDict[Hashable, T] = OrderedDict()
        self._sum = 0
        self._coming: dict[Hashable, asyncio.Task[T]] = {}

    async def get(self, key: Hashable, make: Callable[[], Awaitable[T]]) -> T:
        """What `make` gave, now or before. Raises what it raises; then it is called again by whoever asks next."""
        held = self._held.get(key)
        if held is not None:
            self._held.move_to_end(key)
            return held
        coming = self._coming.get(key)
        if coming is None:
            coming = self._coming[key] = asyncio.ensure_future(self._make(key, make))
            coming.add_done_callback(lambda done: done.cancelled() or done.exception())
        return await asyncio.shield(coming)  # Whoever asked first may go away; the others still want it.

    async def _make(self, key: Hashable, make: Callable[[], Awaitable[T]]) -> T:
        try:
            made = await make()
        finally:
            del self._coming[key]
        self._held[key] = made
        self._sum += self._size(made)
        while self._sum > self._largest:
            _, gone = self._held.popitem(last=False)
            self._sum -= self._size(gone)
        return made


Summary = tuple[tuple[LayerSummary, ...], tuple[Gone, ...]]


class LayerCache:
    """What a process remembers of layers."""

    def __init__(self, largest: int = LARGEST) -> None:
        """`largest` is in bytes."""
        self.indexes: Recent[LayerIndex] = Recent(largest, lambda index: index.size)
        self.summaries: Recent[Summary] = Recent(MOST_SUMMARIES, lambda _: 1)
        self.heavy = asyncio.Semaphore(AT_ONCE)
        """Held by whoever does what takes long, so that requests for it wait for one another."""
