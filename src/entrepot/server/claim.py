"""The claim of one running server on a data folder."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class AlreadyRunning(Exception):
    """Another server runs on this data folder."""


@contextmanager
def claim(folder: Path) -> Iterator[None]:
    """Holds the folder for this process and the ones forked from it; the kernel lets go when all of them are gone.

    Raises AlreadyRunning.
    """
    file = os.open(folder / "entrepot.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.read(file, 20).decode(errors="replace").strip()
            raise AlreadyRunning(
                f"{folder} is in use by a server that runs already{f' (process {holder})' if holder else ''}: "
                "stop it first, or choose another folder with --data DIR"
            ) from None
        os.ftruncate(file, 0)
        os.write(file, f"{os.getpid()}\n".encode())
        yield
    finally:
        os.close(file)
