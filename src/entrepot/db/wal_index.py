"""The version of an SQLite database, read from the memory that its processes share: no lock, no call of the system.

SQLite keeps an index of its log in the file `<database>-shm`, which begins with two copies of a header of 48 bytes: a
counter of transactions, the length of the log, its sums. Whoever commits writes the second copy, then the first, before
the commit returns (https://www.sqlite.org/walformat.html, "The WAL-Index Header"). So two equal copies are the header
of one committed state, and a change that was acknowledged is in it.
"""

import mmap
import os
import sys
from pathlib import Path

_HEADER = 48
_FORMAT = (3_007_000).to_bytes(4, sys.byteorder)
_INITIALIZED = 12
"""The place of a byte that is 1 once there is an index."""

_kept: list[tuple[int, mmap.mmap]] = []
"""Closing any descriptor of a file takes away all locks that the process has on it (fcntl(2)), SQLite's own among them,
so none of these is ever closed."""


class WalIndex:
    """The header, mapped for as long as the process lives."""

    def __init__(self, database: Path) -> None:
        """Of a database that a connection of this process has open. Raises OSError, ValueError if there is no index."""
        file = os.open(f"{database}-shm", os.O_RDONLY | os.O_CLOEXEC)
        self._memory = mmap.mmap(file, 2 * _HEADER, prot=mmap.PROT_READ)
        _kept.append((file, self._memory))

    def version(self) -> bytes | None:
        """What is equal at two moments only if nothing was committed in between; None while it cannot be told."""
        both = self._memory[: 2 * _HEADER]
        first = both[:_HEADER]
        if first != both[_HEADER:] or not first.startswith(_FORMAT) or first[_INITIALIZED] != 1:
            return None
        return first
