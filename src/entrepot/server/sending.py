"""A part of a file, sent by a thread straight from the kernel's cache to the socket."""

import asyncio
import errno
import os
import select
from concurrent.futures import ThreadPoolExecutor

from entrepot.server.lent import Lent

PATIENCE = 20
"""Milliseconds for which a thread waits for a client that has kept up so far; after that the event loop does."""
BURST = 16 * 1024 * 1024
"""Bytes after which a thread turns to the next client, if there are more of them than threads."""
_UNREACHABLE = (errno.EHOSTUNREACH, errno.ENETUNREACH, errno.ENETDOWN, errno.EHOSTDOWN)


class FileSending:
    """One range of a file on its way to one client."""

    def __init__(self, lent: Lent, start: int, count: int) -> None:
        """`lent` has the socket and the file, and is closed by whoever made it."""
        self._lent = lent
        self._offset = start
        self._end = start + count
        self._start = start
        self._patience = PATIENCE

    @property
    def sent(self) -> int:
        """The bytes that the kernel took so far."""
        return self._offset - self._start

    async def run(self, pool: ThreadPoolExecutor) -> None:
        """Returns when the kernel has taken everything.

        Raises OSError if the client went away, and EOFError if the file cannot be read to the end of the
        range. When cancelled it leaves a thread behind for as long as that waits, some milliseconds.
        """
        while self._offset < self._end:
            if await asyncio.wrap_future(pool.submit(self._burst)):
                await self._lent.wait(writable=True)

    def _burst(self) -> bool:
        """Whether the client has to be waited for."""
        if not self._lent.begin():
            raise ConnectionAbortedError("the connection was closed")
        try:
            return self._send(min(self._end, self._offset + BURST))
        finally:
            self._lent.end()

    def _send(self, until: int) -> bool:
        lent = self._lent
        connection, file = lent.socket.fileno(), lent.file
        poll = None
        while self._offset < until and not lent.over:
            try:
                sent = os.sendfile(connection, file, self._offset, until - self._offset)
            except BlockingIOError:
                if poll is None:
                    poll = select.poll()
                    poll.register(connection, select.POLLOUT)
                if not poll.poll(self._patience):
                    # Who was too slow once is not waited for again.
                    self._patience = 0
                    return True
                continue
            except (ConnectionError, TimeoutError):
                raise
            except OSError as error:
                if error.errno in _UNREACHABLE:
                    raise
                raise EOFError(f"a file could not be read to the end: {error.strerror}") from error
            if not sent:
                raise EOFError("a file was shorter than the part of it that was to be sent")
            self._offset += sent
        self._patience = PATIENCE
        return False
