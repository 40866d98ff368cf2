"""The rest of a request's body, read by a thread straight from the socket."""

import select
import socket
from collections.abc import Callable, Sequence

from entrepot.server.framing import Framing
from entrepot.server.lent import Lent

PATIENCE = 20
"""Milliseconds for which a thread waits for a client that has kept up so far; after that the event loop does."""
HURRY = 2
"""The same where somebody else waits for the thread."""
LAST = b"\r\n\r\n"
"""What a body in chunks ends with."""
WAKE_AT = 256 * 1024
"""How many bytes should have come before a wait for them ends: reading them one packet at a time costs more."""


class BodySource:
    """A Source (see `storage.contract`) of what is left of one request's body.

    `fill` may run in any thread, one at a time; everything else belongs to the event loop.
    """

    def __init__(self, lent: Lent, framing: Framing, parsed: bytearray, settle: Callable[["BodySource"], None]) -> None:
        """`parsed` is what the event loop had read of the body; `settle` is called once, when this is closed."""
        self._lent = lent
        self._framing = framing
        self._parsed = parsed
        self._settle = settle
        self._patience = PATIENCE
        self._wake_at = 1
        self._closed = False
        self.received = 0
        """The bytes of the body that were given so far."""
        self.cut = False
        """Whether the client went away, or the connection was given up, before the end."""

    @property
    def unread(self) -> bytearray:
        """What had been read when this was opened, and was not given since."""
        return self._parsed

    @property
    def whole(self) -> bool:
        """Whether the body has come to its end."""
        return self._framing.ended and not self._parsed

    @property
    def over(self) -> bool:
        """Whether nothing more will come."""
        return self.cut or self.whole or self._framing.failed

    @property
    def broken(self) -> bool:
        """Whether what came was no body."""
        return self._framing.failed

    @property
    def busy(self) -> bool:
        """Whether a thread is at it."""
        return self._lent.in_use

    def fill(self, buffer: memoryview, *, patient: bool = True) -> Sequence[memoryview]:
        """What came next of the body; nothing if nothing came for a moment, or nothing more will."""
        if self._parsed:
            parts: Sequence[memoryview] = (memoryview(self._parsed),)
            self._parsed = bytearray()
        elif self.over:
            return ()
        elif not self._lent.begin():
            self.cut = True
            return ()
        else:
            try:
                parts = self._framing.payload(buffer[: self._read(buffer, patient)])
            finally:
                self._lent.end()
        self.received += sum(map(len, parts))
        return parts

    async def ready(self) -> None:
        """Returns when there is more, or will be no more. The thread is free meanwhile."""
        if not self.over:
            self._wake_after(min(WAKE_AT, self._framing.at_least))
            await self._lent.wait(writable=False)

    def close(self) -> None:
        """Gives the connection back to the event loop; what is left of the body can be received by its messages."""
        if self._closed:
            return
        self._closed = True
        if not self._lent.over:
            self._wake_after(1)
        # In this order: a thread that has not begun by now never will.
        self._lent.close()
        self._settle(self)

    def _read(self, buffer: memoryview, patient: bool) -> int:
        """How many bytes were put into the buffer: it is filled if the client keeps up."""
        at_most = self._framing.at_most
        room = len(buffer) if at_most is None else min(len(buffer), at_most)
        receive = self._lent.socket.recv_into
        filled = 0
        while filled < room and not self._lent.over:
            try:
                got = receive(buffer[filled:room])
            except BlockingIOError:
                if filled and at_most is None:
                    # Of a body whose end is not known, what is there may be all there is, down to one byte.
                    if buffer[max(filled - 4, 0) : filled] == LAST or not self._wait(1, patient):
                        break
                elif not self._wait(min(room - filled, WAKE_AT, self._framing.at_least), patient):
                    break
            except OSError:
                self.cut = True
                break
            else:
                if not got:
                    self.cut = True
                    break
                filled += got
        if filled == room:
            self._patience = PATIENCE
        self.cut = self.cut or self._lent.over
        return filled

    def _wait(self, size: int, patient: bool) -> bool:
        """Whether so much came in time. Who was too slow once is not waited for again before it has caught up."""
        self._wake_after(size)
        poll = select.poll()
        poll.register(self._lent.socket, select.POLLIN)
        if poll.poll(self._patience if patient else min(self._patience, HURRY)):
            return True
        self._patience = 0
        return False

    def _wake_after(self, size: int) -> None:
        if size != self._wake_at:
            self._wake_at = size
            self._lent.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVLOWAT, size)
