"""A line that carries little at a time towards a registry, as many people's do."""

import socket
import threading
import time
from contextlib import suppress

CHUNK = 16_384


class SlowLine:
    """Listens on a port of its own and carries what comes there to `address`, so many bytes a second upwards.

    Downwards it is as fast as the machine. `close` ends every connection.
    """

    def __init__(self, address: str, bytes_per_second: int) -> None:
        host, _, port = address.rpartition(":")
        self._to = (host, int(port))
        self._rate = bytes_per_second
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.address = f"127.0.0.1:{self._listening.getsockname()[1]}"
        self._open: set[socket.socket] = set()
        self._threads: list[threading.Thread] = []
        self._begin(self._accept)

    def close(self) -> None:
        """Returns when nothing is carried any more."""
        for one in (self._listening, *self._open):
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
        self._listening.close()
        for thread in self._threads:
            thread.join(10)

    def _begin(self, work: object, *arguments: object) -> None:
        thread = threading.Thread(target=work, args=arguments, daemon=True)  # type: ignore[arg-type]
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        with suppress(OSError):  # It is closed.
            while True:
                client, _ = self._listening.accept()
                self._begin(self._connect, client)

    def _connect(self, client: socket.socket) -> None:
        with client, suppress(OSError), socket.create_connection(self._to) as server:
            both = {client, server}
            self._open |= both
            down = threading.Thread(target=self._carry, args=(server, client, None), daemon=True)
            down.start()
            self._carry(client, server, self._rate)
            down.join()
            self._open -= both

    def _carry(self, source: socket.socket, target: socket.socket, rate: int | None) -> None:
        with suppress(OSError):  # Either side went away; the other is told so.
            while data := source.recv(CHUNK):
                if rate:
                    time.sleep(len(data) / rate)
                target.sendall(data)
        with suppress(OSError):
            target.shutdown(socket.SHUT_WR)
