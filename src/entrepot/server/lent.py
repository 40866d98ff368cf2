"""A connection's socket, lent to threads."""

import asyncio
import os
import socket
import threading
from contextlib import suppress


class Lent:
    """A second descriptor of a connection's socket, and perhaps one of a file, that stay open while anybody uses them.

    A descriptor that is closed while a thread is about to use it may be another connection's by then. So whoever uses
    one says so, with `begin` and `end`, and `close` waits for them, without keeping anybody waiting.
    """

    def __init__(self, connection: int, file: int | None = None) -> None:
        """Both are descriptors, and stay the caller's. Raises OSError if there are too many open."""
        self.socket = socket.socket(fileno=os.dup(connection))
        self.socket.setblocking(False)
        try:
            self.file = -1 if file is None else os.dup(file)
        except OSError:
            self.socket.close()
            raise
        self._lock = threading.Lock()
        self._users = 0
        self._over = False
        self._waiter: asyncio.Future[None] | None = None

    @property
    def over(self) -> bool:
        """Whether it was closed: whoever still uses it should come to an end."""
        return self._over

    @property
    def in_use(self) -> bool:
        """Whether somebody uses it at this moment."""
        return self._users > 0

    def begin(self) -> bool:
        """Whether it may be used, until `end` is called."""
        with self._lock:
            if self._over:
                return False
            self._users += 1
            return True

    def end(self) -> None:
        """Says that one who began is done."""
        with self._lock:
            self._users -= 1
            last = self._over and not self._users
        if last:
            self._free()

    async def wait(self, *, writable: bool) -> None:
        """Returns when the socket can be read, or written to, or was closed by either side."""
        if not self.begin():
            return
        loop = asyncio.get_running_loop()
        add, remove = (loop.add_writer, loop.remove_writer) if writable else (loop.add_reader, loop.remove_reader)
        self._waiter = waiter = loop.create_future()
        try:
            add(self.socket.fileno(), _wake, waiter)
            try:
                await waiter
            finally:
                remove(self.socket.fileno())
        finally:
            self._waiter = None
            self.end()

    def close(self) -> None:
        """Frees the descriptors, now or when the last one who began is done. To be called by the event loop."""
        with self._lock:
            if self._over:
                return
            self._over = True
            last = not self._users
        if self._waiter is not None:
            _wake(self._waiter)
        if last:
            self._free()

    def _free(self) -> None:
        with suppress(OSError):
            self.socket.close()
        if self.file >= 0:
            with suppress(OSError):
                os.close(self.file)


def _wake(waiter: "asyncio.Future[None]") -> None:
    if not waiter.done():
        waiter.set_result(None)
